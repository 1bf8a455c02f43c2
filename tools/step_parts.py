"""Steps of a scenario as they are written: what happens, and what must be true after it."""

from typing import Annotated

from msgspec import Meta

from exchange.core.messages import (
    AccountMode,
    MarginMode,
    Phase,
    PositionMode,
    PositionSide,
    Reject,
    Side,
    TimeInForce,
)
from tools.part import Account, Decimal, Part, Symbol, Time


class Deposit(Part, frozen=True, kw_only=True):
    """Money into or out of an account."""

    account: Account
    asset: str
    """Which asset."""
    amount: Decimal


class OrderStep(Part, frozen=True, kw_only=True):
    """An order."""

    account: Account
    symbol: Symbol
    side: Side
    size: Decimal
    price: Annotated[Decimal, Meta(description="Empty: at the market.")] = ""
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    """It rests, or is refused."""
    reduce_only: bool = False
    """It closes, and never opens."""
    position_side: Annotated[
        PositionSide, Meta(description='In hedge mode: "long" or "short".')
    ] = PositionSide.NET
    ref: Annotated[int, Meta(description="To name the order in a later `amend` or `cancel`.")] = 0


class AmendStep(Part, frozen=True, kw_only=True):
    """Change an order's open size or price.  It keeps its place only if it just shrinks."""

    account: Account
    symbol: Symbol
    ref: int
    """The order's own `ref`."""
    size: Annotated[Decimal, Meta(description="The new open size; empty: as it was.")] = ""
    price: Annotated[Decimal, Meta(description="Empty: as it was.")] = ""


class CancelStep(Part, frozen=True, kw_only=True):
    """Take an order out of the book, or all of them."""

    account: Account
    ref: Annotated[int, Meta(description="Zero: all orders.")] = 0
    symbol: str = ""
    """Of this instrument only; empty: of all."""


class LeverageStep(Part, frozen=True, kw_only=True):
    """Choose a leverage."""

    account: Account
    symbol: Symbol
    leverage: int
    """A whole number, from 1 to what the tiers allow."""
    position_side: Annotated[
        PositionSide, Meta(description='In hedge mode: "long" or "short".')
    ] = PositionSide.NET


class ModeStep(Part, frozen=True, kw_only=True):
    """Choose a margin mode."""

    account: Account
    symbol: Symbol
    mode: MarginMode
    position_side: Annotated[
        PositionSide, Meta(description='In hedge mode: "long" or "short".')
    ] = PositionSide.NET


class PositionModeStep(Part, frozen=True, kw_only=True):
    """Choose between one position an instrument, and a long and a short side by side."""

    account: Account
    mode: PositionMode


class CountdownStep(Part, frozen=True, kw_only=True):
    """The dead man's switch: all orders are cancelled unless another one comes in time."""

    account: Account
    seconds: Annotated[Decimal, Meta(description='Until then; "0" switches it off.')]


class PhaseStep(Part, frozen=True, kw_only=True):
    """Halt an instrument, or let trading in it go on."""

    symbol: Annotated[str, Meta(description="Empty: the whole venue.")] = ""
    phase: Phase


class MarginStep(Part, frozen=True, kw_only=True):
    """Money into (or, below zero, out of) an isolated bucket."""

    account: Account
    symbol: Symbol
    amount: Decimal
    position_side: Annotated[
        PositionSide, Meta(description='In hedge mode: "long" or "short".')
    ] = PositionSide.NET


class AutoMarginStep(Part, frozen=True, kw_only=True):
    """Whether an isolated position draws on the wallet before it is liquidated."""

    account: Account
    symbol: Symbol
    on: bool = True
    """False: no longer."""
    position_side: Annotated[
        PositionSide, Meta(description='In hedge mode: "long" or "short".')
    ] = PositionSide.NET


class AccountModeStep(Part, frozen=True, kw_only=True):
    """Let an account's assets stand together, or each by itself."""

    account: Account
    mode: AccountMode


class BlockStep(Part, frozen=True, kw_only=True):
    """A trade off the book; without a counterparty, with history."""

    account: Account
    symbol: Symbol
    side: Side
    size: Decimal
    price: Decimal
    counterparty: str = ""
    """Another account; empty: history."""
    position_side: Annotated[
        PositionSide, Meta(description='In hedge mode: "long" or "short".')
    ] = PositionSide.NET
    counterparty_side: PositionSide = PositionSide.NET


class BookStep(Part, frozen=True, kw_only=True):
    """History's levels, all of them, as [price, size]."""

    symbol: Symbol
    bids: tuple[tuple[str, str], ...] = ()
    """Price and size of each level."""
    asks: tuple[tuple[str, str], ...] = ()
    """Price and size of each level."""


class TradeStep(Part, frozen=True, kw_only=True):
    """A trade that history printed."""

    symbol: Symbol
    side: Side
    price: Decimal
    size: Decimal


class FundingStep(Part, frozen=True, kw_only=True):
    """The funding rate in force: an input of the mark price."""

    symbol: Symbol
    rate: Annotated[Decimal, Meta(description="Of notional; longs pay above zero.")]
    hours_left: Annotated[Decimal, Meta(description="Until it is paid.")] = "8"
    hours: Annotated[Decimal, Meta(description="From one payment to the next.")] = "8"


class SettleStep(Part, frozen=True, kw_only=True):
    """End an instrument: positions are closed at a price."""

    symbol: Symbol
    price: Decimal


class Expect(Part, frozen=True, kw_only=True):
    """What must be true of an account after a step.

    Whole numbers and ratios ("19/450") are meant exactly, decimals to as many places as are
    written.  The fields of a position need `symbol`.
    """

    account: Account
    asset: Annotated[str, Meta(description="The first instrument's settlement asset if empty.")] = (
        ""
    )
    symbol: str = ""
    """The position that the fields below are about."""
    position_side: Annotated[
        PositionSide, Meta(description="In hedge mode, which position of `symbol`.")
    ] = PositionSide.NET
    wallet: Decimal = ""
    equity: Annotated[Decimal, Meta(description="Of the cross pool.")] = ""
    total: Annotated[Decimal, Meta(description="Equity of cross pool and isolated buckets.")] = ""
    initial_margin: Annotated[Decimal, Meta(description="Of the cross pool, with orders.")] = ""
    maintenance_margin: Annotated[Decimal, Meta(description="Of the cross pool.")] = ""
    available_margin: Annotated[Decimal, Meta(description="Equity less initial margin.")] = ""
    margin_ratio: Annotated[
        Decimal,
        Meta(description='Maintenance margin over equity, in cross; "infinite" at equity 0.'),
    ] = ""
    effective_leverage: Annotated[
        Decimal, Meta(description="Notional of all positions over `total`.")
    ] = ""
    size: Annotated[Decimal, Meta(description="In the base asset; short below zero.")] = ""
    entry_price: Annotated[Decimal, Meta(description="On average.")] = ""
    leverage: Annotated[int | None, Meta(description="Of the position.")] = None
    notional: Annotated[Decimal, Meta(description="At the mark.")] = ""
    unrealised_pnl: Decimal = ""
    position_initial: Annotated[Decimal, Meta(description="Initial margin of the position.")] = ""
    position_maintenance: Annotated[
        Decimal, Meta(description="Maintenance margin of the position.")
    ] = ""
    position_equity: Annotated[
        Decimal, Meta(description='Isolated margin and PnL; "none" in cross.')
    ] = ""
    position_ratio: Annotated[
        Decimal, Meta(description="Maintenance margin over equity, of an isolated position.")
    ] = ""
    drawn_down: Annotated[
        Decimal, Meta(description="Part of the isolated margin that a loss has used up.")
    ] = ""
    liquidation_price: Annotated[
        Decimal, Meta(description='The first mark that liquidates; "none" where none does.')
    ] = ""
    bankruptcy_price: Annotated[
        Decimal, Meta(description="To the tick, in the venue's favour.")
    ] = ""
    liquidations: Annotated[int | None, Meta(description="Of the account, so far.")] = None
    breach_equity: Annotated[
        Decimal, Meta(description="Equity with which its latest liquidation began.")
    ] = ""
    breach_maintenance: Annotated[
        Decimal, Meta(description="Maintenance margin with which it began.")
    ] = ""
    closed_in_order: Annotated[
        tuple[str, ...] | None,
        Meta(description="Symbols in the order in which liquidation chose them."),
    ] = None


class Step(Part, frozen=True, kw_only=True):
    """One thing that happens, and what must be true after it."""

    at: Annotated[Time, Meta(description="A second after the step before, if empty.")] = ""
    note: str = ""
    """What reports call it."""
    deposit: Deposit | None = None
    withdraw: Deposit | None = None
    order: OrderStep | None = None
    amend: AmendStep | None = None
    cancel: CancelStep | None = None
    leverage: LeverageStep | None = None
    mode: ModeStep | None = None
    position_mode: PositionModeStep | None = None
    margin: MarginStep | None = None
    auto_margin: AutoMarginStep | None = None
    account_mode: AccountModeStep | None = None
    countdown: CountdownStep | None = None
    phase: PhaseStep | None = None
    block: BlockStep | None = None
    book: BookStep | None = None
    trade: TradeStep | None = None
    mark: Annotated[dict[str, str] | None, Meta(description="Mark prices, in this order.")] = None
    index: Annotated[dict[str, str] | None, Meta(description="Index prices.")] = None
    volatility: Annotated[
        dict[str, str] | None, Meta(description="Implied volatilities of options, 0.6 for 60%.")
    ] = None
    funding: FundingStep | None = None
    settle: SettleStep | None = None
    rejected: Annotated[
        Reject | None, Meta(description="The reason with which it must be refused.")
    ] = None
    expect: tuple[Expect, ...] = ()
    insurance_fund: Annotated[Decimal, Meta(description="The fund's balance afterwards.")] = ""
