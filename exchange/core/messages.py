"""Everything that can be asked of the venue, and everything it can answer.

Commands are imperatives and may be refused; events are facts and have happened.  All numbers are
integers in the units of `units`.  Not compiled: mypyc drops the class keywords of Structs.
"""

from typing import TypeAlias

import msgspec

from exchange.core.kinds import AccountMode as AccountMode
from exchange.core.kinds import CancelReason as CancelReason
from exchange.core.kinds import Closing as Closing
from exchange.core.kinds import Exchange as Exchange
from exchange.core.kinds import MarginMode as MarginMode
from exchange.core.kinds import Phase as Phase
from exchange.core.kinds import PositionMode as PositionMode
from exchange.core.kinds import PositionSide as PositionSide
from exchange.core.kinds import PriceSource as PriceSource
from exchange.core.kinds import Reject as Reject
from exchange.core.kinds import Side as Side
from exchange.core.kinds import TimeInForce as TimeInForce
from exchange.core.kinds import TradeKind as TradeKind
from exchange.core.kinds import TriggerKind as TriggerKind
from exchange.core.policies import SelfTrade
from exchange.core.rules import InstrumentRules
from exchange.core.units import Lots, MarkPrice, Money, Nanos, Rate, Ticks

HISTORY = "HISTORY"
"""The reserved account that owns replayed liquidity.  It has no margin and is never liquidated."""
HOUSE = "INSURANCE FUND"
"""The venue's own account, which takes over positions where the rulebook lets it."""


# ---------------------------------------------------------------------------- commands


class Command(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, kw_only=True):
    """Something asked of the venue at a moment of its time."""

    at: Nanos


class AccountCommand(Command, frozen=True, kw_only=True):
    """A command in the name of one account.  The first answer to it repeats `ref`."""

    account: str
    ref: int = 0
    """Chosen by the client; names an order of its own.  Zero: none."""


class ListInstrument(Command, frozen=True, kw_only=True):
    """Open a contract for trading."""

    rules: InstrumentRules


class OpenAccount(Command, frozen=True, kw_only=True):
    """Admit a trader."""

    account: str


class Deposit(AccountCommand, frozen=True, kw_only=True):
    """Bring money in from outside."""

    asset: str
    amount: Money


class Withdraw(AccountCommand, frozen=True, kw_only=True):
    """Take money out; never more than is free of margin."""

    asset: str
    amount: Money


class Trigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an order waits for, outside the book and without margin."""

    kind: TriggerKind
    price: Ticks = 0
    """Of a trailing stop: the price from which on it follows; zero: at once."""
    by: PriceSource = PriceSource.LAST
    callback: Ticks = 0
    """Of a trailing stop: how far the price must come back from its best."""
    callback_rate: Rate = 0
    """The same as a rate of the best price."""


class Exit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a position that an order opens is to be closed."""

    trigger: Trigger
    price: Ticks | None = None
    """Limit of the order that closes; at the market without."""


class Instructions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an order is told besides its price and size.  Most orders are told nothing."""

    trigger: Trigger | None = None
    """Wait outside the book for a price."""
    close_position: bool = False
    """Close all that is held when the time comes; size is 0.  It goes when the position does."""
    display_size: Lots = 0
    """Iceberg: how much of it shows at a time; each refill goes to the end of the queue."""
    expires_at: Nanos = 0
    """When a GTD order ends."""
    reprice: bool = False
    """A post-only order that would take rests a tick away instead."""
    group: int = 0
    """One cancels the others: as soon as one of the account's orders of this number trades."""
    take_profit: Exit | None = None
    """Bracket: as this order opens a position, a reduce-only order waits to close it at a gain."""
    stop_loss: Exit | None = None
    """The same at a loss.  Whichever trades first cancels the other."""


class PlaceOrder(AccountCommand, frozen=True, kw_only=True):
    """Buy or sell.  Without a price it is a market order, bounded by the venue's band."""

    symbol: str
    side: Side
    size: Lots
    price: Ticks | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    position_side: PositionSide = PositionSide.NET
    """In hedge mode, the position to open (buy long, sell short) or to close; what closes there
    is always reduce-only."""
    self_trade: SelfTrade | None = None
    """Self-trade prevention; the venue's when not said."""
    instructions: Instructions | None = None


class AmendOrder(AccountCommand, frozen=True, kw_only=True):
    """Change an order's open size or price.  It keeps its place only if it just shrinks."""

    order_id: int = 0
    order_ref: int = 0
    """The order's `ref`, where `order_id` is not known."""
    size: Lots | None = None
    """The new open (unfilled) size."""
    price: Ticks | None = None
    display_size: Lots | None = None
    expires_at: Nanos | None = None
    trigger: Trigger | None = None
    """A waiting order's new trigger, of the same kind."""


class CancelOrder(AccountCommand, frozen=True, kw_only=True):
    """Cancel an order, by the venue's id or by the client's ref."""

    order_id: int = 0
    order_ref: int = 0


class CancelAll(AccountCommand, frozen=True, kw_only=True):
    """Cancel every open order of the account, or of one instrument."""

    symbol: str = ""
    reason: CancelReason = CancelReason.CLIENT


class CancelAllAfter(AccountCommand, frozen=True, kw_only=True):
    """The dead man's switch: cancel all orders unless this comes again in time.

    Each one replaces the one before; a timeout of 0 switches it off.
    """

    timeout: Nanos


BatchItem: TypeAlias = PlaceOrder | AmendOrder | CancelOrder


class Batch(AccountCommand, frozen=True, kw_only=True):
    """Several commands of one account in one: carried out in turn, each answered on its own.

    One that is refused changes nothing and stops no other.  Their own times are ignored.
    """

    items: tuple[BatchItem, ...]


class SetPositionMode(AccountCommand, frozen=True, kw_only=True):
    """Switch between one-way and hedge mode; only without positions and open orders."""

    mode: PositionMode


class SetLeverage(AccountCommand, frozen=True, kw_only=True):
    """Choose the leverage that initial margin is computed with."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    leverage: int


class SetMarginMode(AccountCommand, frozen=True, kw_only=True):
    """Move a position (open or not) between cross, isolated and portfolio margin.

    Into portfolio margin, and out of it into cross, go all positions of its settlement asset that
    are not isolated.
    """

    symbol: str
    position_side: PositionSide = PositionSide.NET
    mode: MarginMode


class AdjustMargin(AccountCommand, frozen=True, kw_only=True):
    """Add money to an isolated position's bucket, or (negative) take some out."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    amount: Money


class SetAutoMargin(AccountCommand, frozen=True, kw_only=True):
    """Let an isolated position draw on the wallet before it is liquidated, or no longer."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    on: bool


class SetAccountMode(AccountCommand, frozen=True, kw_only=True):
    """Let all assets stand behind all cross positions together, or each settlement asset alone."""

    mode: AccountMode


class BlockTrade(Command, frozen=True, kw_only=True):
    """A trade agreed off the book, without fees: `side` is that of `account`.

    It may bring in a position that is under water, as long as both sides stay above maintenance
    margin; no other trade opens a position without initial margin.
    """

    symbol: str
    account: str
    position_side: PositionSide = PositionSide.NET
    counterparty: str
    counterparty_side: PositionSide = PositionSide.NET
    """The counterparty's position, where it is in hedge mode."""
    side: Side
    size: Lots
    price: Ticks


class UpdateMarkPrice(Command, frozen=True, kw_only=True):
    """The mark price, as recorded or as a scenario says."""

    symbol: str
    price: MarkPrice


class UpdateIndexPrice(Command, frozen=True, kw_only=True):
    """The index price (spot reference) of an instrument."""

    symbol: str
    price: MarkPrice


class UpdateVolatility(Command, frozen=True, kw_only=True):
    """The implied volatility of an option, which its mark price follows from."""

    symbol: str
    volatility: Rate
    """A year's, in parts of one hundred million: 60_000_000 for 60%."""


class UpdateFundingRate(Command, frozen=True, kw_only=True):
    """The funding rate in force and when it is paid next; an input of the mark price."""

    symbol: str
    rate: Rate
    next_at: Nanos
    interval: Nanos


class ComputeMarkPrice(Command, frozen=True, kw_only=True):
    """Make a new mark price by the rulebook's method.  Sent by the clock."""

    symbol: str


class SettleInstrument(Command, frozen=True, kw_only=True):
    """End an instrument: orders are cancelled, and positions closed at the settlement price.

    A dated future settles by itself at expiry, where its index was told; this is for one whose
    index was not, and for a perpetual contract or spot market that is delisted.  Of an option it is
    the price of what it is on, and the option pays what that makes it worth.
    """

    symbol: str
    price: MarkPrice


class SetPhase(Command, frozen=True, kw_only=True):
    """Halt an instrument, or (without a symbol) the venue; or let trading go on."""

    symbol: str = ""
    phase: Phase


class PublishBook(Command, frozen=True, kw_only=True):
    """Tell of a book's levels (L2), its orders (L3), both or neither, from a snapshot on.

    Sent again, it tells a new snapshot: that is how a follower who missed a message goes on.
    """

    symbol: str
    levels: bool = False
    orders: bool = False


class PassTime(Command, frozen=True, kw_only=True):
    """Nothing but time passes: what is due by now happens.  Sent by the clock."""


class UpdateDepth(Command, frozen=True, kw_only=True):
    """History's sizes at some price levels, as absolute sizes; zero empties a level.

    A snapshot replaces all of history's levels.
    """

    symbol: str
    bids: tuple[tuple[Ticks, Lots], ...]
    asks: tuple[tuple[Ticks, Lots], ...]
    snapshot: bool = False


class UpdateOrders(Command, frozen=True, kw_only=True):
    """History's single orders, each with its open size now: (the record's number, price, size).

    Zero: it is gone.  A new order joins the end of its queue, and so does one that grew or moved;
    one that shrank keeps its place.  A snapshot replaces everything that history shows.
    """

    symbol: str
    bids: tuple[tuple[int, Ticks, Lots], ...]
    asks: tuple[tuple[int, Ticks, Lots], ...]
    snapshot: bool = False


class RecordedTrade(Command, frozen=True, kw_only=True):
    """A trade that history printed: an aggressive order of history's, at that price only."""

    symbol: str
    side: Side
    """The taker's side."""
    price: Ticks
    size: Lots


AnyCommand: TypeAlias = (
    ListInstrument
    | OpenAccount
    | Deposit
    | Withdraw
    | PlaceOrder
    | AmendOrder
    | CancelOrder
    | CancelAll
    | CancelAllAfter
    | Batch
    | SetPositionMode
    | SetLeverage
    | SetMarginMode
    | AdjustMargin
    | SetAutoMargin
    | SetAccountMode
    | BlockTrade
    | UpdateMarkPrice
    | UpdateIndexPrice
    | UpdateVolatility
    | UpdateFundingRate
    | ComputeMarkPrice
    | SettleInstrument
    | SetPhase
    | PublishBook
    | PassTime
    | UpdateDepth
    | UpdateOrders
    | RecordedTrade
)


# ------------------------------------------------------------------------------ events


class Event(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, kw_only=True):
    """A fact, named in the past tense.  It has happened and cannot be refused."""

    at: Nanos


class MarketEvent(Event, frozen=True, kw_only=True):
    """Public: everyone who follows `symbol` sees it."""

    symbol: str


class AccountEvent(Event, frozen=True, kw_only=True):
    """Private: only `account` sees it."""

    account: str
    ref: int = 0
    """What the client called the command (or order) that led to this."""


class InstrumentListed(MarketEvent, frozen=True, kw_only=True):
    """A contract opened for trading."""

    rules: InstrumentRules


class Traded(MarketEvent, frozen=True, kw_only=True):
    """Two sides agreed."""

    side: Side
    """The taker's side."""
    price: Ticks
    size: Lots
    kind: TradeKind = TradeKind.BOOK


class QuoteChanged(MarketEvent, frozen=True, kw_only=True):
    """The best bid or ask changed, in price or size.  Zero price and size: that side is empty."""

    bid: Ticks
    bid_size: Lots
    ask: Ticks
    ask_size: Lots


class DepthSnapshot(MarketEvent, frozen=True, kw_only=True):
    """All price levels (L2), best first, as (price, size shown)."""

    sequence: int
    """Of the last change that is in it."""
    bids: tuple[tuple[Ticks, Lots], ...]
    asks: tuple[tuple[Ticks, Lots], ...]


class DepthChanged(MarketEvent, frozen=True, kw_only=True):
    """Levels that one command changed, as absolute sizes; zero: the level is empty."""

    sequence: int
    """One more than the message before; where it is not, a message is missing."""
    bids: tuple[tuple[Ticks, Lots], ...]
    asks: tuple[tuple[Ticks, Lots], ...]


class BookOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An order as the public sees it; an iceberg's next part is a new one."""

    key: int
    """Names it in the messages to come."""
    price: Ticks
    size: Lots
    """What shows."""


class OrdersSnapshot(MarketEvent, frozen=True, kw_only=True):
    """All orders (L3), the best price first, and at one price the oldest."""

    sequence: int
    bids: tuple[BookOrder, ...]
    asks: tuple[BookOrder, ...]


class BookOrderAdded(MarketEvent, frozen=True, kw_only=True):
    """An order joined the end of the queue at its price."""

    sequence: int
    key: int
    side: Side
    price: Ticks
    size: Lots
    ahead: Lots
    """What shows at that price before it."""


class BookOrderResized(MarketEvent, frozen=True, kw_only=True):
    """An order has another size, and kept its place.

    It grows only at the end of a queue, or where a record gives back what it had lost.
    """

    sequence: int
    key: int
    size: Lots
    executed: bool
    """Whether it traded, rather than being amended."""


class BookOrderRemoved(MarketEvent, frozen=True, kw_only=True):
    """An order left the book."""

    sequence: int
    key: int
    executed: bool


class MarkPriceChanged(MarketEvent, frozen=True, kw_only=True):
    """The price that margin is measured at."""

    price: MarkPrice
    """In mark units, finer than ticks; `instrument.mark_text` writes it."""


class IndexPriceChanged(MarketEvent, frozen=True, kw_only=True):
    """The spot reference."""

    price: MarkPrice
    """In mark units, like the mark price."""


class VolatilityChanged(MarketEvent, frozen=True, kw_only=True):
    """The implied volatility that an option is marked at."""

    volatility: Rate


class FundingRateChanged(MarketEvent, frozen=True, kw_only=True):
    """The funding rate in force."""

    rate: Rate
    next_at: Nanos


class PhaseChanged(MarketEvent, frozen=True, kw_only=True):
    """A market entered another phase."""

    phase: Phase


class InstrumentSettled(MarketEvent, frozen=True, kw_only=True, omit_defaults=True):
    """An instrument ended: its positions were closed at this price."""

    price: MarkPrice
    underlying_price: MarkPrice = 0
    """Of an option: the settlement price of what it is on; its own is the payoff."""


class FundingSettled(MarketEvent, frozen=True, kw_only=True):
    """Longs pay shorts `rate` of what their positions are worth at `price`; below zero, shorts."""

    rate: Rate
    price: MarkPrice


class CommandRejected(Event, frozen=True, kw_only=True):
    """A command changed nothing, and why.  Private to `account` where it names one."""

    command: str
    """The command's name."""
    reason: Reject
    detail: str
    """One line: what was found, and what was expected."""
    account: str = ""
    ref: int = 0
    symbol: str = ""


class AccountOpened(AccountEvent, frozen=True, kw_only=True):
    """A trader was admitted."""


class Deposited(AccountEvent, frozen=True, kw_only=True):
    """Money came in from outside."""

    asset: str
    amount: Money
    wallet: Money


class Withdrawn(AccountEvent, frozen=True, kw_only=True):
    """Money went out."""

    asset: str
    amount: Money
    wallet: Money


class OrderAccepted(AccountEvent, frozen=True, kw_only=True):
    """An order was admitted; fills, if any, follow."""

    order_id: int
    symbol: str
    side: Side
    size: Lots
    price: Ticks | None
    time_in_force: TimeInForce
    reduce_only: bool
    position_side: PositionSide = PositionSide.NET
    instructions: Instructions | None = None
    parent: int = 0
    """Of a bracket's exit: the order that opened the position."""


class OrderTriggered(AccountEvent, frozen=True, kw_only=True):
    """What an order waited for has come; it is placed now, under its own id."""

    order_id: int
    symbol: str
    trigger_price: MarkPrice
    """What the price that it looks at is."""
    size: Lots
    """As it is placed: a reduce-only order no larger than what it closes."""
    price: Ticks | None


class OrderFilled(AccountEvent, frozen=True, kw_only=True):
    """Some of an order traded: the account's own side of a trade.  Its time `at` is in ns."""

    order_id: int
    symbol: str
    side: Side
    price: Ticks
    """In ticks; `instrument.price_text` writes it, and `size_text` the size, which is in lots."""
    size: Lots
    open_size: Lots
    """What is left of the order."""
    maker: bool
    fee: Money
    """Paid by the account; negative is a rebate."""
    fee_asset: str = ""
    """What it was paid in: the settlement asset where empty; in spot, the asset received."""
    realised_pnl: Money
    position: Lots
    """The account's position afterwards."""
    position_side: PositionSide = PositionSide.NET
    kind: TradeKind = TradeKind.BOOK


class OrderCancelled(AccountEvent, frozen=True, kw_only=True):
    """An order ended with `open_size` unfilled."""

    order_id: int
    symbol: str
    open_size: Lots
    reason: CancelReason
    refusal: Reject | None = None
    """Why a triggered order was not admitted."""


class PositionSettled(AccountEvent, frozen=True, kw_only=True):
    """A position was closed at the settlement price of its instrument."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    size: Lots
    """What was closed, signed as the position was."""
    price: MarkPrice
    realised_pnl: Money
    fee: Money


class OrderAmended(AccountEvent, frozen=True, kw_only=True):
    """An order rests, or waits, with a new size, price or trigger."""

    order_id: int
    symbol: str
    size: Lots
    price: Ticks | None
    kept_place: bool
    trigger: Trigger | None = None


class CountdownSet(AccountEvent, frozen=True, kw_only=True):
    """The dead man's switch was set."""

    expires_at: Nanos
    """When all orders are cancelled; 0: it is off."""


class PositionModeChanged(AccountEvent, frozen=True, kw_only=True):
    """The account went over to one-way or hedge mode."""

    mode: PositionMode


class LeverageChanged(AccountEvent, frozen=True, kw_only=True):
    """Initial margin is computed with a new leverage."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    leverage: int


class MarginModeChanged(AccountEvent, frozen=True, kw_only=True):
    """A position moved between cross and isolated margin."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    mode: MarginMode
    bucket: Money
    """What the isolated bucket holds now; zero in cross."""


class MarginAdjusted(AccountEvent, frozen=True, kw_only=True):
    """Money moved between the wallet and an isolated bucket."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    amount: Money
    bucket: Money


class AutoMarginSet(AccountEvent, frozen=True, kw_only=True):
    """Whether an isolated position draws on the wallet before it is liquidated."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    on: bool


class MarginAutoAdded(AccountEvent, frozen=True, kw_only=True):
    """An isolated position had failed, and drew on the wallet instead of being liquidated.

    `lacking` is what it needed to be safe; where more was not to be had, the rest is missing still.
    """

    symbol: str
    position_side: PositionSide = PositionSide.NET
    asset: str
    lacking: Money
    amount: Money
    bucket: Money
    wallet: Money
    """Both as they are afterwards."""


class AccountModeChanged(AccountEvent, frozen=True, kw_only=True):
    """The account's assets stand together from now on, or each by itself."""

    mode: AccountMode


class InterestPaid(AccountEvent, frozen=True, kw_only=True):
    """An hour's interest on a balance below zero."""

    asset: str
    borrowed: Money
    rate: Rate
    amount: Money
    wallet: Money


class CollateralExchanged(AccountEvent, frozen=True, kw_only=True):
    """Collateral went to the venue at the mark, less a fee, and a balance below zero was repaid.

    Prices are marks of the assets' markets; 1 for the accounting currency, which has no market.
    """

    cause: Exchange
    sold: str
    amount: Money
    """Of the asset sold; the fee is a part of it."""
    market: str
    price: MarkPrice
    fee: Money
    bought: str
    repaid: Money
    bought_market: str
    bought_price: MarkPrice
    left: Money
    """What is left of the asset sold."""
    owed: Money
    """What is still owed of the asset bought."""


class CollateralBalance(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One asset of a unified account as the margin monitor saw it."""

    asset: str
    balance: Money
    """Below zero: owed."""
    unrealised_pnl: Money
    market: str
    """What prices it; empty for the accounting currency."""
    price: MarkPrice
    ratio: Rate
    """What counts of it, after tiers; one where it is owed."""
    value: Money
    """What it adds to equity, in the accounting currency."""


class CollateralCounted(AccountEvent, frozen=True, kw_only=True):
    """What a unified account consists of, told before its liquidation starts and before it ends."""

    currency: str
    assets: tuple[CollateralBalance, ...]


class PortfolioContract(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """A contract of a risk unit: both sides together, isolated positions left out."""

    symbol: str
    size: Lots
    notional: Money
    loss: Money
    """At the worst move, all of it; below zero: a gain."""
    volatility_shock: Rate = 0
    """Of an option: how far its implied volatility moves there, as a part of itself."""


class PortfolioSpot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Coins of a unified account that stand against the contracts of a risk unit."""

    asset: str
    amount: Money
    """In the asset; below zero: owed."""
    value: Money
    loss: Money
    """At the worst move, all of it; below zero: a gain."""


class PortfolioUnit(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """All positions on one underlying.

    Its margin is max(scan + basis + offset + options + spot - credit, minimum).
    """

    underlying: str
    move: Rate
    """The move of the grid at which they lose most together, as a part of the prices; a fall is
    below zero."""
    share: Rate
    """What counts of that loss."""
    scan: Money
    basis: Money
    offset: Money
    credit: Money
    minimum: Money
    margin: Money
    contracts: tuple[PortfolioContract, ...]
    spot: tuple[PortfolioSpot, ...] = ()
    spot_charge: Money = 0
    """Charged on those coins."""
    options: Money = 0
    """Charged on options by their number."""


class PortfolioCounted(AccountEvent, frozen=True, kw_only=True):
    """What a portfolio's maintenance margin is made of, told before its liquidation starts."""

    asset: str
    units: tuple[PortfolioUnit, ...]


class PositionMargin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One position as the margin monitor saw it."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    size: Lots
    cost: Money
    """Signed: what was paid for a long, minus what was received for a short."""
    mark_price: MarkPrice
    notional: Money
    unrealised_pnl: Money
    maintenance_margin: Money


class FundingPaid(AccountEvent, frozen=True, kw_only=True):
    """An account paid funding for a position, or (negative) received it."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    size: Lots
    rate: Rate
    price: MarkPrice
    amount: Money
    collateral: Money
    """What the wallet holds afterwards, or the bucket of an isolated position."""


class LiquidationStarted(AccountEvent, frozen=True, kw_only=True):
    """Equity fell below maintenance margin.  `symbol` is empty when the cross account failed."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    mode: MarginMode
    asset: str
    collateral: Money
    """Wallet balance in cross; the bucket in isolated."""
    equity: Money
    maintenance_margin: Money
    positions: tuple[PositionMargin, ...]


class LiquidationStepTaken(AccountEvent, frozen=True, kw_only=True):
    """A position was chosen, and closing it was tried.  Its fills and its fee come before this."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    mode: MarginMode
    chosen_by: str
    """The policy that chose the position."""
    positions: tuple[PositionMargin, ...]
    """What it was chosen from, as it stood before the step."""
    closing: Closing
    size: Lots
    """How much this step meant to close, positive."""
    sized_by: str
    """The policy that said how much."""
    bankruptcy_price: Ticks
    """The worst price allowed: closing there uses up exactly what stands behind the position."""
    filled: Lots
    """How much was closed; in the book, what it took at that price or better."""
    equity: Money
    """After the fills and the fee; below zero, the insurance fund pays next."""
    maintenance_margin: Money


class LiquidationFeeCharged(AccountEvent, frozen=True, kw_only=True):
    """A fee on what a liquidation closed in the book, paid into the insurance fund."""

    symbol: str
    asset: str
    notional: Money
    fee: Money
    insurance_fund: Money
    """The fund's balance afterwards."""


class LeftoverTaken(AccountEvent, frozen=True, kw_only=True):
    """What a position closed better than at its bankruptcy price had left, into the fund."""

    symbol: str
    asset: str
    amount: Money
    insurance_fund: Money


class PositionTakenOver(AccountEvent, frozen=True, kw_only=True):
    """The venue's own account took a position over, at its bankruptcy price."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    size: Lots
    """Positive."""
    price: Ticks
    position: Lots
    """What the venue's own account holds now."""


class InsuranceFundPaid(AccountEvent, frozen=True, kw_only=True):
    """The fund covered what an account (or bucket) could not pay."""

    symbol: str
    asset: str
    amount: Money
    insurance_fund: Money


class LossUncovered(AccountEvent, frozen=True, kw_only=True):
    """A loss that neither account, fund nor auto-deleveraging paid; the venue owes it."""

    symbol: str
    asset: str
    amount: Money


class LossSocialised(AccountEvent, frozen=True, kw_only=True):
    """`account` bore a part of a loss that neither the loser nor the fund could pay."""

    symbol: str
    """Of the position that it bore it with."""
    against: str
    """The account in liquidation."""
    asset: str
    amount: Money


class PositionDeleveraged(AccountEvent, frozen=True, kw_only=True):
    """Auto-deleveraging closed `account`'s position against a bankrupt one."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    against: str
    """The account in liquidation."""
    size: Lots
    """Positive."""
    price: Ticks
    realised_pnl: Money
    rank: int
    """Place in the queue, from 1."""
    position: Lots
    """What is left."""


class LiquidationPaused(AccountEvent, frozen=True, kw_only=True):
    """The liquidation goes on later."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    mode: MarginMode
    asset: str
    until: Nanos


class LiquidationEnded(AccountEvent, frozen=True, kw_only=True):
    """The account, or the isolated position, is safe again or has nothing left."""

    symbol: str
    position_side: PositionSide = PositionSide.NET
    mode: MarginMode
    asset: str
    collateral: Money
    equity: Money
    maintenance_margin: Money
    closed_all: bool


AnyEvent: TypeAlias = (
    InstrumentListed
    | Traded
    | QuoteChanged
    | DepthSnapshot
    | DepthChanged
    | OrdersSnapshot
    | BookOrderAdded
    | BookOrderResized
    | BookOrderRemoved
    | MarkPriceChanged
    | IndexPriceChanged
    | VolatilityChanged
    | FundingRateChanged
    | FundingSettled
    | PhaseChanged
    | InstrumentSettled
    | CommandRejected
    | AccountOpened
    | Deposited
    | Withdrawn
    | OrderAccepted
    | OrderTriggered
    | OrderFilled
    | OrderCancelled
    | OrderAmended
    | PositionSettled
    | CountdownSet
    | PositionModeChanged
    | LeverageChanged
    | MarginModeChanged
    | MarginAdjusted
    | AutoMarginSet
    | MarginAutoAdded
    | AccountModeChanged
    | InterestPaid
    | CollateralExchanged
    | CollateralCounted
    | PortfolioCounted
    | FundingPaid
    | LiquidationStarted
    | LiquidationStepTaken
    | LiquidationFeeCharged
    | LeftoverTaken
    | PositionTakenOver
    | InsuranceFundPaid
    | LossSocialised
    | LossUncovered
    | PositionDeleveraged
    | LiquidationPaused
    | LiquidationEnded
)


# ------------------------------------------------------------------------------- views


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """A position and its margin, at one moment.  Money in the instrument's settlement asset."""

    symbol: str
    position_side: PositionSide
    size: Lots
    cost: Money
    mode: MarginMode
    leverage: int
    bucket: Money
    auto_margin: bool
    """Whether it draws on the wallet before it is liquidated."""
    mark_price: MarkPrice
    notional: Money
    unrealised_pnl: Money
    initial_margin: Money
    maintenance_margin: Money
    liquidation_price: MarkPrice | None
    """The first mark at which liquidation starts, other marks held still; None: there is none."""
    liquidation_tick: Ticks | None
    """That price on the tick, on the side that comes first: up for a long, down for a short."""
    bankruptcy_price: Ticks | None
    """Where closing uses up what stands behind the position."""
    fillable_price: MarkPrice
    """The worst price of a liquidation order, where the rulebook limits it by distance."""
    margin_ratio: Rate | None
    """Maintenance margin over equity, of the position itself in isolated margin, else of the whole
    account; None where there is no equity: worse than any number."""
    return_on_margin: Rate
    """Unrealised PnL over the initial margin at entry."""


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An open order."""

    order_id: int
    ref: int
    symbol: str
    side: Side
    price: Ticks
    open_size: Lots
    displayed: Lots
    """What of it shows in the book."""
    reduce_only: bool
    position_side: PositionSide
    instructions: Instructions | None = None
    open_loss: Money = 0
    """What it takes beside its margin, as far as it opens: what it would have lost at once, at the
    mark of when it was placed.  Only where the rulebook charges it."""
    fees: Money = 0
    """What it keeps for taker fees, if all of it opens.  Only where the rulebook has it so."""


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """An order that waits for its trigger."""

    order_id: int
    ref: int
    symbol: str
    side: Side
    price: Ticks | None
    size: Lots
    """Zero: whatever is held then."""
    reduce_only: bool
    position_side: PositionSide
    trigger: Trigger
    trigger_price: MarkPrice | None
    """Where it triggers now; None while a trailing stop does not follow yet."""
    parent: int


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account in one settlement asset, at one moment."""

    account: str
    asset: str
    mode: MarginMode = MarginMode.CROSS
    """Of what is not isolated: cross or portfolio."""
    wallet: Money
    """Cross collateral; isolated buckets are not in it."""
    reserved: Money
    """Set aside for open spot orders, and not collateral."""
    equity: Money
    """Of the cross pool: wallet and unrealised PnL of cross positions."""
    initial_margin: Money
    maintenance_margin: Money
    available_margin: Money
    withdrawable: Money
    """What may leave: unrealised gains are not money yet."""
    margin_ratio: Rate | None
    """Maintenance margin over equity; None where there is no equity: worse than any number."""
    total: Money
    """Equity of the cross pool and of every isolated position, and what is reserved, together."""
    positions: tuple[PositionView, ...]
    orders: tuple[OrderView, ...]
    waiting: tuple[WaitingView, ...]


class BookView(msgspec.Struct, frozen=True, kw_only=True):
    """Price levels, best first, as (price, size)."""

    symbol: str
    bids: tuple[tuple[Ticks, Lots], ...]
    asks: tuple[tuple[Ticks, Lots], ...]


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """A position's place in the deleveraging queue of its side."""

    rank: int
    """From 1, the first to be deleveraged."""
    queued: int
    """How many positions there are on its side."""
    fifth: int
    """From 1 (safest) to 5: the lights that venues show."""
    profit: Rate
    leverage: Rate
    """The two measures that the rulebook multiplies."""
    score: int


class FundingView(msgspec.Struct, frozen=True, kw_only=True):
    """A contract's funding, in the interval under way.  Rates are per interval unless said."""

    symbol: str
    rate: Rate
    """In force: as told, or as paid last."""
    next_at: Nanos
    interval: Nanos
    premium: Rate
    """Average so far."""
    interest: Rate
    """Of a period."""
    period_rate: Rate
    """Of a period, from premium and interest."""
    uncapped: Rate
    predicted: Rate
    """What would be paid if the interval ended now."""
    period_cap: Rate | None
    impact_notional: Money
    mark_average: MarkPrice | None
    index_average: MarkPrice | None
    """Over the interval so far, where the premium is made of them."""


class FundView(msgspec.Struct, frozen=True, kw_only=True):
    """An insurance fund: its ledger account, and how it fared."""

    name: str
    asset: str
    balance: Money
    history: tuple[tuple[Nanos, Money], ...]
    """(time, balance) after each change."""


class MarketView(msgspec.Struct, frozen=True, kw_only=True):
    """A contract's prices, and what it asks as margin now."""

    symbol: str
    mark_price: MarkPrice
    index_price: MarkPrice
    last_price: Ticks
    open_interest: Lots
    initial_rate: Rate
    """The least initial margin rate of the first tier, as open interest makes it."""
    maintenance_rate: Rate
    """Of the first tier."""


class ClosingView(msgspec.Struct, frozen=True, kw_only=True):
    """What a liquidation of some lots would come to."""

    value: Money
    """Received in quote money (below zero: paid) where they use up their share of the equity."""
    backing: Money
    """That share."""


class CollateralView(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of a unified account.  Amounts in the asset; values in the accounting currency."""

    asset: str
    balance: Money
    unrealised_pnl: Money
    price: MarkPrice
    """The mark of the market that prices it; 1 for the accounting currency, 0 where there is none
    yet."""
    ratio: Rate
    """What counts of it, after tiers: value over full value, rounded down; one where it is owed."""
    value: Money
    """What it adds to equity: after the haircut, or owed in full."""
    full_value: Money
    borrowed: Money
    maintenance_margin: Money
    """Of its positions and of what is borrowed, in the accounting currency; in portfolio margin of
    what is borrowed alone."""
    hedging: Money
    """How much of it (below zero: of what is owed) is a leg of a portfolio."""


class UnifiedView(msgspec.Struct, frozen=True, kw_only=True):
    """A unified account at one moment, in the accounting currency."""

    account: str
    currency: str
    equity: Money
    initial_margin: Money
    maintenance_margin: Money
    available_margin: Money
    margin_ratio: Rate | None
    worth: Money
    """All assets and unrealised PnL in full, without haircuts; below zero it is bankrupt."""
    borrowed: Money
    assets: tuple[CollateralView, ...]
