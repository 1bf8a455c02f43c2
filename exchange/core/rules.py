"""A venue's rules as values: what a rulebook file says, field for field.

Numbers are decimal text, read exactly when the venue is built.  Nothing here is compiled:
mypyc drops the class keywords that make these records frozen and strict.
"""

import msgspec

from exchange.core.kinds import Amount as Amount
from exchange.core.kinds import Cancel as Cancel
from exchange.core.kinds import ClosingFee as ClosingFee
from exchange.core.kinds import ContractKind as ContractKind
from exchange.core.kinds import MarginPrice as MarginPrice
from exchange.core.kinds import MarkMethod as MarkMethod
from exchange.core.kinds import Select as Select
from exchange.core.kinds import SelfTrade as SelfTrade
from exchange.core.kinds import TierInput as TierInput


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a rulebook.  A field that is not listed is an error, never ignored."""


class Tier(Rules, frozen=True, kw_only=True):
    """A risk tier: what holds for the part of a position above `floor`."""

    floor: str
    """Where the tier begins: a notional, in the settlement asset, or a size."""
    maintenance: str = ""
    """Maintenance margin rate of notional; `maintenance_share` of the initial rate when empty."""
    leverage_max: int
    initial: str = ""
    """The least initial margin rate, whatever the leverage; none when empty."""
    maintenance_share: str = "0"
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
    tier_input: TierInput = TierInput.NOTIONAL
    rate_growth: str = "0"
    """Added to the maintenance rate for each whole settlement asset of notional."""
    open_interest_lower: str = ""
    """Open interest, at the mark, from which the initial rate rises; empty: it never does."""
    open_interest_upper: str = ""
    """Open interest at which the initial rate reaches one: no more leverage."""


class Fees(Rules, frozen=True, kw_only=True):
    """Trading fees as rates of notional; a maker rebate is a negative rate."""

    maker: str
    taker: str


class MarkRules(Rules, frozen=True, kw_only=True):
    """How and how often the mark price is made."""

    method: MarkMethod = MarkMethod.MEDIAN_OF_THREE
    interval_seconds: str = "1"
    """Time between two computed mark prices."""
    basis_samples: int = 30
    """How many of the latest basis samples (one each interval) the average takes."""
    stale_after_seconds: str = "0"
    """An index older than this makes no new mark price.  Zero: it never goes stale."""


class LiquidationRules(Rules, frozen=True, kw_only=True):
    """The liquidation waterfall's choices."""

    cancel: Cancel = Cancel.ALL
    select: Select = Select.LARGEST_UNREALISED_LOSS
    amount: Amount = Amount.DOWN_ONE_TIER
    fee: str = "0"
    """Liquidation fee as a rate of the notional closed; never more than the equity left."""


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
    commands_per_second: int = 1_000
    """Commands of one client in one second of venue time; the rest are refused."""


class SettlementRules(Rules, frozen=True, kw_only=True):
    """How a dated future ends."""

    window_seconds: str = "1800"
    """The settlement price is the index price averaged over so long before expiry."""
    fee: str = "0"
    """Rate of the notional settled."""


class Rulebook(Rules, frozen=True, kw_only=True):
    """Everything that makes one venue differ from another."""

    name: str
    title: str
    fees: Fees
    tiers: tuple[Tier, ...]
    """For every instrument that does not bring its own."""
    instrument_tiers: dict[str, tuple[Tier, ...]] = {}
    mark: MarkRules = MarkRules()
    margin: MarginRules = MarginRules()
    liquidation: LiquidationRules = LiquidationRules()
    limits: LimitRules = LimitRules()
    settlement: SettlementRules = SettlementRules()
    insurance_fund: dict[str, str] = {}
    """Opening balance for each settlement asset."""
    leverage_default: int = 10
    hedge_mode: bool = True
    """Whether an account may hold a long and a short in one instrument, side by side."""
    sources: tuple[str, ...] = ()


class InstrumentRules(Rules, frozen=True, kw_only=True):
    """A perpetual contract, a dated future (with `expiry`), or a spot market."""

    symbol: str
    kind: ContractKind = ContractKind.LINEAR
    settle: str = "USDT"
    """Settlement asset; of a spot market, the quote money."""
    expiry: str = ""
    """When a dated future ends, in UTC: "2026-03-27T08:00:00".  Empty: it never does."""
    base: str = ""
    """Of a spot market: the asset that is bought and sold."""
    base_unit: str = "0.00000001"
    """Of a spot market: the smallest unit of the base asset."""
    tick_size: str
    lot_size: str
    """Smallest size step, in the base asset; in the quote money for an inverse contract (100 for
    one contract of 100 USD).  A ratio such as "1/6" is allowed."""
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
