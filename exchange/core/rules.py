"""A venue's rules as values: what a rulebook file says, field for field.

Numbers are decimal text, read exactly when the venue is built.  Nothing here is compiled:
mypyc drops the class keywords that make these records frozen and strict.
"""

import msgspec

from exchange.core.kinds import ContractKind as ContractKind
from exchange.core.kinds import OptionRight as OptionRight
from exchange.core.kinds import Phase as Phase
from exchange.core.policies import Amount as Amount
from exchange.core.policies import AutoMargin as AutoMargin
from exchange.core.policies import Averaging as Averaging
from exchange.core.policies import Backing as Backing
from exchange.core.policies import Breach as Breach
from exchange.core.policies import Cancel as Cancel
from exchange.core.policies import ClosingFee as ClosingFee
from exchange.core.policies import Contingency as Contingency
from exchange.core.policies import DeleveragingPrice as DeleveragingPrice
from exchange.core.policies import FeeCap as FeeCap
from exchange.core.policies import FundingMethod as FundingMethod
from exchange.core.policies import FundingPrice as FundingPrice
from exchange.core.policies import FundingRounding as FundingRounding
from exchange.core.policies import FundScope as FundScope
from exchange.core.policies import Gains as Gains
from exchange.core.policies import Haircut as Haircut
from exchange.core.policies import Leftover as Leftover
from exchange.core.policies import Limit as Limit
from exchange.core.policies import MarginPrice as MarginPrice
from exchange.core.policies import MarkInput as MarkInput
from exchange.core.policies import MarkMethod as MarkMethod
from exchange.core.policies import OrderFees as OrderFees
from exchange.core.policies import Premium as Premium
from exchange.core.policies import Quantile as Quantile
from exchange.core.policies import QueueModel as QueueModel
from exchange.core.policies import Rank as Rank
from exchange.core.policies import Repay as Repay
from exchange.core.policies import Select as Select
from exchange.core.policies import SelfTrade as SelfTrade
from exchange.core.policies import Socialise as Socialise
from exchange.core.policies import SpotHedge as SpotHedge
from exchange.core.policies import TierCounts as TierCounts
from exchange.core.policies import TierInput as TierInput
from exchange.core.policies import Unfilled as Unfilled


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a rulebook.  A field that is not listed is an error, never ignored."""


class Tier(Rules, frozen=True, kw_only=True):
    """A risk tier: what holds for the part of a position above `floor`."""

    floor: str
    """Where the tier begins: a notional, in the settlement asset, or a size."""
    maintenance: str = ""
    """Maintenance margin rate of notional; `maintenance_share` of the initial rate when empty."""
    leverage_max: int
    """The highest leverage of a position that reaches into the tier."""
    initial: str = ""
    """The least initial margin rate, whatever the leverage; none when empty."""
    maintenance_share: str = "0"
    """See `maintenance`."""
    amount: str = ""
    """The maintenance amount that the venue prints beside the tier; only compared."""


class MarginRules(Rules, frozen=True, kw_only=True):
    """The margin formula's choices.

    Initial margin is notional / leverage, and never less than the tiers' initial rate or the
    maintenance margin.  Maintenance margin is by tiers.
    """

    maintenance_price: MarginPrice = MarginPrice.MARK
    closing_fee: ClosingFee = ClosingFee.NONE
    fee_in_isolated_margin: bool = False
    """Whether an isolated position puts the closing fee aside when it opens, beside its margin."""
    auto_margin: AutoMargin = AutoMargin.NONE
    """How far the wallet may be asked to save an isolated position."""
    auto_margin_up_to_value: bool = False
    """Whether that ends where the bucket holds the position's entry value: leverage 1."""
    tier_input: TierInput = TierInput.NOTIONAL
    tier_counts: TierCounts = TierCounts.POSITION
    order_open_loss: bool = False
    """Whether an order at rest takes, beside its margin, what it would lose at once: its limit
    against the mark, as that was when the order was placed."""
    sell_order_over_last: str = ""
    """An order at rest that sells a linear contract is reckoned at the last price raised by this
    rate, at the mark or at its limit, whichever is highest when it is placed; empty: its limit."""
    order_fees: OrderFees = OrderFees.NONE
    rate_growth: str = "0"
    """Added to the maintenance rate for each whole settlement asset of notional."""
    open_interest_lower: str = ""
    """Open interest, at the mark, from which the initial rate rises; empty: it never does."""
    open_interest_upper: str = ""
    """Open interest at which the initial rate reaches one: no more leverage."""


class SwitchRules(Rules, frozen=True, kw_only=True):
    """Which terms a trader may change while something is open.

    What is allowed still needs the margin for it.  Between one-way and hedge mode nobody may
    switch with a position or an order.
    """

    mode_with_position: bool = True
    """Between cross and isolated margin, with a position in the contract."""
    mode_with_orders: bool = False
    """The same, with open orders in it."""
    leverage_with_orders: bool = True
    """Another leverage, with open orders in the contract."""
    leverage_with_position: bool = True
    """The same, with a position in it."""
    lower_isolated_leverage: bool = True
    """A lower leverage with an isolated position, which takes more of the wallet."""


class OptionRules(Rules, frozen=True, kw_only=True):
    """What might happen to options on an underlying, besides its price.

    In every scenario implied volatility stays, rises and falls, by a part of itself: base x
    (30 / days to expiry) ^ power.
    """

    volatility_base: str = "0"
    """How far for an option with thirty days to go; 1 at most."""
    volatility_power: str = "0.5"
    """How much faster it moves the sooner the option expires; 1 at most."""
    contingency: str = "0"
    """Charged on options by their number, as a rate of their underlying's value."""
    counted: Contingency = Contingency.ALL


class GridRules(Rules, frozen=True, kw_only=True):
    """What might happen to one underlying, as portfolio margin sees it.

    A risk unit is all positions of a pool on one underlying.  Its charge is the worst loss over
    the moves, and for basis and offset, and never less than the minimum.
    """

    moves: tuple[str, ...] = ()
    """How far all its prices may rise, or fall, together: parts of themselves."""
    extreme_move: str = "0"
    """A move beyond these, of whose loss only a share counts."""
    extreme_share: str = "1"
    """The share that counts."""
    basis: str = "0"
    """How far a dated future's price may part from the index's, as a yearly rate, all dated futures
    the same way."""
    offset: str = "0"
    """Charged on what stands against each other in different contracts, once for each pair, as a
    rate of its notional: they may part."""
    minimum: str = "0"
    """The least charge, as a rate of the notional of every contract."""
    by_tiers: bool = False
    """Whether the least charge is also what longs, or shorts, need by their tiers at the mark: the
    larger side counts.  Options aside."""
    spot: str = "0"
    """Charged on coins that stand against contracts, as a rate of their value: they may part."""
    options: OptionRules | None = None
    """None: no options are listed on it."""


class CreditRules(Rules, frozen=True, kw_only=True):
    """What opposite risks in two underlyings take off each other's charges."""

    first: str
    """An underlying."""
    second: str
    """Another one."""
    rate: str
    """Of the smaller of the two risks, off each of them."""


class PortfolioRules(Rules, frozen=True, kw_only=True):
    """Portfolio margin's choices."""

    grid: GridRules | None = None
    """For every underlying without one of its own.  None: the venue has no portfolio margin."""
    underlyings: dict[str, GridRules] = {}
    credits: tuple[CreditRules, ...] = ()
    """Applied in this order, each to the risk that those before it have left."""
    initial_factor: str = "1"
    """Initial margin over maintenance margin."""
    unified: bool = False
    """Whether a unified account may go over to it: then all of its assets are one portfolio, whose
    charges are in the accounting currency."""
    spot: SpotHedge = SpotHedge.NONE
    with_positions: bool = True
    """Whether an account with positions may go over to portfolio margin, or back to cross."""
    with_orders: bool = False
    """The same, with open orders."""
    minimum_equity: dict[str, str] = {}
    """What an account must have, by settlement asset, to go over to portfolio margin."""
    select: Select = Select.MOST_MARGIN_FREED
    """Which position a liquidation closes first; by margin freed, that of the whole pool."""
    amount: Amount = Amount.JUST_ENOUGH
    """How much of it, and never more than what frees most."""


class Fees(Rules, frozen=True, kw_only=True):
    """Trading fees as rates of notional, -1 to 1; a maker rebate is a negative rate."""

    maker: str
    """Of an order that rested."""
    taker: str
    """Of an order that came to it."""


class MarkRules(Rules, frozen=True, kw_only=True):
    """How and how often the mark price is made."""

    method: MarkMethod = MarkMethod.MEDIAN
    inputs: tuple[MarkInput, ...] = (
        MarkInput.INDEX_WITH_FUNDING,
        MarkInput.INDEX_WITH_BASIS,
        MarkInput.LAST,
    )
    """An odd number of prices, of which the median is the mark."""
    ema_seconds: str = "30"
    """How fast the past fades in a moving average: a sample moves it by
    interval / (interval + this) of its distance."""
    interval_seconds: str = "1"
    """Time between two computed mark prices."""
    basis_samples: int = 30
    """How many of the latest basis samples (one each interval) the average takes."""
    premium_max: str = ""
    """How far from the index the median may be, as a part of it; empty: no bound."""
    stale_after_seconds: str = "0"
    """An index older than this makes no new mark price.  Zero: it never goes stale."""


class FundingRules(Rules, frozen=True, kw_only=True):
    """What longs and shorts of a perpetual contract pay each other.

    rate of a period = premium + interest, and never further from the premium than the clamp:
    P + clamp(I - P, clamp_lower, clamp_upper); paid is the interval's share of it, within the cap.
    """

    method: FundingMethod = FundingMethod.TOLD
    interval_seconds: str = "28800"
    """Time between two payments, at whole multiples of it."""
    period_seconds: str = ""
    """What the formula's rate is for; the interval when empty."""
    sample_seconds: str = "60"
    """Time between two samples of the premium."""
    premium: Premium = Premium.IMPACT
    averaging: Averaging = Averaging.EVEN
    impact_notional: str = "0"
    """In the settlement asset; zero: the best quotes."""
    impact_numerator: str = ""
    """Instead: this, divided by the initial margin rate of the first tier."""
    interest_quote: str = "0"
    """Interest of the quote money for a day."""
    interest_base: str = "0"
    """Interest of the base asset for a day."""
    clamp_lower: str = ""
    """How far interest may take the rate below the premium; as `clamp_upper`."""
    clamp_upper: str = ""
    """Empty: no bound, so that the rate is the interest; "0": the rate is the premium."""
    cap_lower: str = ""
    """The least that is paid in an interval; empty: none."""
    cap_upper: str = ""
    """The most that is paid in an interval; empty: none."""
    cap_by_margin: str = ""
    """Of the period's rate: this, times initial less maintenance margin rate of the first tier."""
    cap_by_maintenance: str = ""
    """Of what is paid in an interval: this, times the maintenance rate of the first tier."""
    price: FundingPrice = FundingPrice.MARK
    rounding: FundingRounding = FundingRounding.AGAINST_TRADERS


class DeleveragingRules(Rules, frozen=True, kw_only=True):
    """Auto-deleveraging's choices."""

    rank: Rank = Rank.PROFIT_AND_LEVERAGE
    price: DeleveragingPrice = DeleveragingPrice.BANKRUPTCY
    deviation_max: str = "0"
    """A bankruptcy price further than this from the mark gives way to the mark.  Zero: never."""
    cancels_orders: bool = True
    """Whether a deleveraged trader's open orders in the contract are cancelled."""
    quantile: Quantile = Quantile.SIZE


class LiquidationRules(Rules, frozen=True, kw_only=True):
    """The liquidation waterfall's choices."""

    trigger: Breach = Breach.BELOW
    exit_buffer: str = "0"
    """Liquidation goes on until equity is above maintenance margin by this share of it."""
    cancel: Cancel = Cancel.ALL
    select: Select = Select.LARGEST_UNREALISED_LOSS
    amount: Amount = Amount.DOWN_ONE_TIER
    fraction: str = "0.2"
    """What `amount` = "fraction" closes at a time, as a part of the position."""
    fraction_above: str = "0"
    """Notional, in the settlement asset, from which only a fraction is closed."""
    cooldown_seconds: str = "0"
    """After a fraction, so long, the next step closes all."""
    book_share: str = "0"
    """The share of what the book offers, within the band of market orders, that one step may close.
    Zero: the book does not bound it."""
    shortage_share: str = "1"
    """What `amount` = "just_enough" makes up for at first: a part of the margin that was lacking as
    the liquidation began.  In portfolio margin it is all of it."""
    shortage_seconds: str = "0"
    """The time in which that part grows by all of it; zero: it is all of it from the beginning."""
    shortage_whole_below: str = "0"
    """A shortage, in the settlement asset, below which it is all of it at once."""
    clip: str = "1"
    """Size of one step in the base asset (inverse contracts: in the quote money)."""
    round_seconds: str = "0"
    """Pause between two steps; zero: all at once."""
    limit: Limit = Limit.BANKRUPTCY_PRICE
    fill_or_kill: bool = False
    """Whether the book takes all of a step or nothing."""
    takeover_whole: bool = False
    """Whether a position to be closed whole is taken over without being offered to the book."""
    bankruptcy_adjustment: str = "1"
    """Of the fillable price: how fast it moves away from the mark as equity falls."""
    spread_to_maintenance: str = "0.1"
    """Of the fillable price: its greatest distance from the mark, as a share of maintenance."""
    backing: Backing = Backing.WHOLE_ACCOUNT
    bankruptcy_keeps_fee: bool = False
    """Whether the bankruptcy price leaves the closing fee to be paid."""
    fee: str = "0"
    """Liquidation fee as a rate of the notional closed; never more than `fee_cap`."""
    fee_growth: str = "0"
    """What a second adds to that rate while a liquidation lasts, from its beginning on, once it has
    lasted `fee_grace_seconds`."""
    fee_grace_seconds: str = "0"
    """As long as this the rate is `fee`."""
    fee_max: str = "1"
    """The highest rate that it grows to."""
    fee_cap: FeeCap = FeeCap.EQUITY
    fee_cap_share: str = "1"
    """The share of what was eased that `fee_cap` = "eased" leaves to the fee."""
    leftover: Leftover = Leftover.TRADER
    fund_in_book: bool = True
    """Whether the book is asked again, for all of it, with the insurance fund's money."""
    fund_limit: Limit | None = None
    """The worst price of those orders; as `limit` when not said.  At `bankruptcy_price` it is where
    account and fund are both used up, which may be far down a thin book."""
    unfilled: Unfilled = Unfilled.ADL
    backstop: str = "0"
    """Below this share of maintenance margin the venue's own account takes everything over, as
    long as there is equity at all.  Zero: never."""
    deleveraging: DeleveragingRules = DeleveragingRules()
    socialise: Socialise = Socialise.NONE
    fund_scope: FundScope = FundScope.SHARED
    fund_drawdown_max: str = "1"
    """The share of its highest balance in the window that the fund may lose before it stops paying
    and deleveraging begins."""
    fund_window_seconds: str = "28800"
    """The time over which such a share is counted."""


class LimitRules(Rules, frozen=True, kw_only=True):
    """Bounds on what a client may send."""

    market_band: str = "0.05"
    """How far from the mark price a market order may trade."""
    price_band: str = "0"
    """How far beyond the mark price a limit order may bid (or ask below it).  Zero: no bound."""
    self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST
    """Self-trade prevention for orders that do not say."""
    orders_max: int = 200
    """Open orders for each account and instrument."""
    triggers_max: int = 100
    """Orders that wait for a trigger, for each account and instrument."""
    batch_max: int = 20
    """Commands in one batch."""
    commands_per_second: int = 1_000
    """Commands of one client in one second of venue time; the rest are refused."""


class HaltRules(Rules, frozen=True, kw_only=True):
    """When the venue halts an instrument by itself, until a mark price comes again."""

    stale_mark_seconds: str = "0"
    """A mark price older than this halts.  Zero: none does."""
    phase: Phase = Phase.PAUSED


class SettlementRules(Rules, frozen=True, kw_only=True):
    """How a dated future ends."""

    window_seconds: str = "1800"
    """The settlement price is the index price averaged over so long before expiry."""
    fee: str = "0"
    """Rate of the notional settled."""


class CollateralTier(Rules, frozen=True, kw_only=True):
    """What counts of the part of a holding above `floor`."""

    floor: str
    """In the asset itself."""
    ratio: str
    """Collateral ratio: one less the haircut."""


class CollateralAsset(Rules, frozen=True, kw_only=True):
    """An asset that counts as collateral of a unified account."""

    market: str = ""
    """The listed market whose mark is its price, quoted in the accounting currency; the asset's
    name and the currency's in one word if empty ("BTCUSDT").  Without a mark it counts nothing."""
    ratio: str = "1"
    """How much of its worth counts."""
    tiers: tuple[CollateralTier, ...] = ()
    """Ratios by amount, instead of one."""
    borrow_limit: str = ""
    """How far its balance may be below zero; what goes beyond is repaid at once out of other
    collateral, all of it.  Empty: no bound."""
    interest: str = "0"
    """Hourly, as a rate of a balance below zero."""
    conversion_fee: str = ""
    """Of what is exchanged; the rulebook's general one if empty."""


class CollateralRules(Rules, frozen=True, kw_only=True):
    """The unified account: several assets behind all cross positions together.

    equity = the sum over assets of (balance + unrealised PnL) in the accounting currency, above
    zero times its collateral ratio, below zero in full; maintenance margin = that of all cross
    positions, and of what is borrowed.
    """

    currency: str = ""
    """The accounting currency.  Empty: each settlement asset stands by itself."""
    optional: bool = True
    """Whether an account is unified only when it asks to be."""
    unrealised: Gains = Gains.ALL
    haircut: Haircut = Haircut.EQUITY
    borrow_limit: str = ""
    """Of the accounting currency; see the assets'."""
    interest: str = "0"
    """On the accounting currency."""
    borrow_maintenance: str = "0"
    """Maintenance margin rate of what is borrowed: of balances below zero."""
    borrow_initial: str = ""
    """Initial margin rate of it; the same if empty."""
    conversion_fee: str = "0"
    """Of what is exchanged."""
    repay: Repay = Repay.LEAST_HAIRCUT
    assets: dict[str, CollateralAsset] = {}


class HistoryRules(Rules, frozen=True, kw_only=True):
    """What replayed liquidity does that its record does not tell."""

    queue: QueueModel = QueueModel.PESSIMISTIC
    queue_power: int = 3
    """The exponent n of the model `power`."""


class Rulebook(Rules, frozen=True, kw_only=True):
    """Everything that makes one venue differ from another."""

    name: str
    """What commands and reports call it."""
    title: str
    """The venue, and which of its products."""
    fees: Fees
    tiers: tuple[Tier, ...]
    """For every instrument that does not bring its own."""
    instrument_tiers: dict[str, tuple[Tier, ...]] = {}
    """By symbol, instead of `tiers`."""
    mark: MarkRules = MarkRules()
    margin: MarginRules = MarginRules()
    switching: SwitchRules = SwitchRules()
    portfolio: PortfolioRules = PortfolioRules()
    funding: FundingRules = FundingRules()
    liquidation: LiquidationRules = LiquidationRules()
    limits: LimitRules = LimitRules()
    halt: HaltRules = HaltRules()
    settlement: SettlementRules = SettlementRules()
    collateral: CollateralRules = CollateralRules()
    history: HistoryRules = HistoryRules()
    insurance_fund: dict[str, str] = {}
    """Opening balance for each settlement asset."""
    leverage_default: int = 10
    """A trader's leverage until another is chosen."""
    hedge_mode: bool = True
    """Whether an account may hold a long and a short in one instrument, side by side."""
    sources: tuple[str, ...] = ()
    """Documents that the figures are from, with the day they were read."""


class InstrumentRules(Rules, frozen=True, kw_only=True):
    """A perpetual contract, a dated future (with `expiry`), an option, or a spot market.

    An option is European, on another instrument, and settled in cash; `right` makes it one.
    """

    symbol: str
    """Its name on the venue."""
    kind: ContractKind = ContractKind.LINEAR
    settle: str = "USDT"
    """Settlement asset; of a spot market, the quote money."""
    underlying: str = ""
    """What a contract is on: contracts on the same offset each other in portfolio margin.  Empty:
    the settlement asset of an inverse contract, the base of a spot market; else the symbol up to a
    "-", "_" or "/", without the settlement asset at its end ("BTCUSDT": BTC)."""
    expiry: str = ""
    """When a dated future or an option ends, in UTC: "2026-03-27T08:00:00".  Empty: never."""
    right: OptionRight | None = None
    """Of an option: whether it is a call or a put.  Its own price is the premium for one unit of
    its underlying, in the settlement asset; sizes are in the underlying."""
    strike: str = ""
    """Of an option: the price at which it may be exercised, as its underlying is quoted."""
    on: str = ""
    """Of an option: the symbol of the instrument that it is on.  That one's mark is its
    underlying's price, and it settles by that one's index.  On an inverse contract an option is
    inverse, too, and pays in coin."""
    volatility: str = ""
    """Of an option: its implied volatility for a year until another is told, "0.6" for 60%."""
    base: str = ""
    """Of a spot market: the asset that is bought and sold."""
    base_unit: str = "0.00000001"
    """Of a spot market: the smallest unit of the base asset."""
    tick_size: str
    """Smallest price step."""
    lot_size: str
    """Smallest size step, in the base asset; in the quote money for an inverse contract (100 for
    one contract of 100 USD).  A ratio such as "1/6" is allowed."""
    price_max: str = ""
    """Of a linear contract: a price that it never goes beyond.  It is fully collateralised then,
    in cross margin: a long needs all that it may lose down to nothing, a short up to that price,
    whatever tiers and leverage say (Vega's capped futures).  Empty: none."""
    whole_value_per_lot: bool = False
    """Of an inverse contract: whether the value of one lot is a whole number of money units, to the
    nearest, and that of a trade its multiple."""
    mark_unit: str = ""
    """Smallest step of mark and index prices; a hundred-millionth when empty."""
    money_unit: str = "0.00000001"
    """Smallest unit of the settlement asset; one unit for each asset of a venue."""
    size_min: str = ""
    """Smallest size of one order; a lot when empty.  An order that only closes may be smaller."""
    notional_min: str = ""
    """Smallest notional of one order, in the settlement asset, with the same exception."""
    size_max: str = ""
    """Largest size of one order, in the base asset; no bound when empty."""
    market_size_max: str = ""
    """Largest size of a market order; that of any order when empty."""
