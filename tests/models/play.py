"""A session with a venue, recorded: each command, what it led to, and how things stood then.

And what can be followed in the events alone: positions with their costs, and what was taken.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from exchange import Rulebook, Venue
from exchange.core.messages import (
    HISTORY,
    HOUSE,
    AccountView,
    BookView,
    Command,
    Event,
    InstrumentListed,
    MarginMode,
    MarginModeChanged,
    MarkPriceChanged,
    OrderFilled,
    PositionDeleveraged,
    PositionSide,
    Side,
    TradeKind,
    UnifiedView,
)
from exchange.core.rules import ContractKind, InstrumentRules, Tier, TierCounts
from tests.models.naive_account import Market
from tests.models.naive_contract import Contract

FORCED = (TradeKind.LIQUIDATION, TradeKind.ADL, TradeKind.TAKEOVER)
Key = tuple[str, str, PositionSide]
"""Whose position, in what, on which side."""


@dataclass
class Moment:
    """How things stand after a command, as the venue's views tell it."""

    now: int
    views: dict[tuple[str, str], AccountView]
    """By account and asset."""
    balances: dict[str, dict[str, int]]
    books: dict[str, BookView]
    interest: dict[str, int]
    apart: dict[str, tuple[int, int, int, int]]
    """What no view tells, by symbol: history's size and cost, the venue's own size and cost."""
    wholes: dict[str, UnifiedView]
    """The unified accounts."""


@dataclass
class Turn:
    """A command and what it led to."""

    command: Command
    events: list[Event]
    after: Moment


@dataclass
class Play:
    """A rulebook, its contracts in exact fractions, and every turn."""

    rulebook: Rulebook
    contracts: dict[str, Contract] = field(default_factory=dict)
    assets: set[str] = field(default_factory=set)
    turns: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.market = Market(self.rulebook, self.contracts)

    def events(self) -> Iterator[Event]:
        for turn in self.turns:
            yield from turn.events


def played(
    rulebook: Rulebook, venue: Venue, commands: Iterable[Command], *, afresh: bool = True
) -> Play:
    """Play commands, and record all of it.

    Not `afresh`: who is in no event is looked at again only when a mark has moved.
    """
    play, before = Play(rulebook), None
    for command in commands:
        events = venue.apply(command)
        for event in events:
            if isinstance(event, InstrumentListed):
                play.contracts[event.symbol] = contract_of(rulebook, event.rules)
                play.market.list(event.rules)
                play.assets.add(event.rules.settle)
        kept = {} if afresh or before is None else untouched(before, events)
        before = moment(venue, play, kept)
        play.turns.append(Turn(command, events, before))
    return play


def untouched(before: Moment, events: list[Event]) -> dict[tuple[str, str], AccountView]:
    """Views of those to whom nothing has happened."""
    if any(isinstance(event, MarkPriceChanged | InstrumentListed) for event in events):
        return {}
    named = {getattr(e, field, "") for e in events for field in ("account", "against")}
    return {key: view for key, view in before.views.items() if key[0] not in named}


def moment(venue: Venue, play: Play, kept: dict[tuple[str, str], AccountView]) -> Moment:
    """How things stand; `kept` are views that are still good."""
    names, symbols = venue.account_names(), list(play.contracts)
    keys = [(name, asset) for name in names for asset in sorted(play.assets)]
    return Moment(
        now=venue.now,
        views={key: kept.get(key) or venue.account_view(*key) for key in keys},
        balances={asset: venue.balances(asset) for asset in sorted(play.assets)},
        books={symbol: venue.book_view(symbol, 100) for symbol in symbols},
        interest={symbol: venue.open_interest(symbol) for symbol in symbols},
        apart={symbol: _apart(venue, symbol) for symbol in symbols},
        wholes={name: whole for name in names if (whole := venue.unified_view(name))},
    )


def _apart(venue: Venue, symbol: str) -> tuple[int, int, int, int]:
    market = venue._state.market_of[symbol]
    own = [p for p in market.holders.values() if p.pool.is_house]
    sizes = sum(p.size for p in own), sum(p.cost for p in own)
    return market.history_size, market.history_cost, *sizes


def contract_of(rulebook: Rulebook, rules: InstrumentRules) -> Contract:
    """The contract as the rulebook's text has it."""
    inverse, unit = rules.kind is ContractKind.INVERSE, Fraction(rules.money_unit)
    tick, lot = Fraction(rules.tick_size), Fraction(rules.lot_size)
    worth = lot / tick / unit if inverse else lot * tick / unit
    assert worth.denominator == 1
    tiers = rulebook.instrument_tiers.get(rules.symbol, rulebook.tiers)
    return Contract(
        rules.symbol,
        rules.settle,
        int(worth),
        [(int(Fraction(t.floor) / unit), _rate(t)) for t in tiers],
        rulebook.margin,
        Fraction(rulebook.fees.taker),
        inverse=inverse,
        growth=Fraction(rulebook.margin.rate_growth) * unit,
        subticks=int(tick / Fraction(rules.mark_unit)),
    )


def _rate(tier: Tier) -> Fraction:
    """A maintenance rate, or a share of the initial one in whole parts per million."""
    if tier.maintenance:
        return Fraction(tier.maintenance)
    share = Fraction(tier.initial) * Fraction(tier.maintenance_share)
    return Fraction(floor(share * 1_000_000), 1_000_000)


# --------------------------------------------------------------------------- positions


@dataclass
class Lot:
    """A position as its fills make it: size, and what was paid for it."""

    size: int = 0
    cost: int = 0
    isolated: bool = False

    def trade(self, contract: Contract, lots: int, price: int) -> int:
        """Take `lots` at a price; returns what this realises, rounded against the account."""
        cash, closed = contract.cash(lots, price), 0
        if self.size * lots < 0:
            closed = min(abs(self.size), abs(lots))
        closing = floor(Fraction(cash * closed, abs(lots)))
        leaving = ceil(Fraction(self.cost * closed, abs(self.size))) if closed else 0
        self.size += lots
        self.cost += cash - closing - leaving
        return -closing - leaving

    def gain(self, contract: Contract) -> int:
        """Unrealised PnL at the mark."""
        return floor(contract.value(self.size)) - self.cost if self.size else 0

    def margin(self, contract: Contract, facing: "Lot | None" = None) -> int:
        """Maintenance margin; `facing` is the other side of a hedge, if there is one."""
        return contract.margin(self.size, self.cost, self.beside(contract, facing))

    def beside(self, contract: Contract, facing: "Lot | None") -> int:
        """What the other side adds to what tells the tier, if both count."""
        if facing is None or self.isolated or facing.isolated:
            return 0
        if contract.formula.tier_counts is not TierCounts.BOTH_SIDES:
            return 0
        return int(contract.measure(facing.size, Fraction(facing.cost)))


def facing(key: tuple[str, PositionSide], lots: dict[tuple[str, PositionSide], Lot]) -> Lot | None:
    """The other side of a hedge among an account's positions by symbol and side."""
    symbol, side = key
    sides = {PositionSide.LONG: PositionSide.SHORT, PositionSide.SHORT: PositionSide.LONG}
    return lots.get((symbol, sides[side])) if side in sides else None


def margin_of(
    lots: dict[tuple[str, PositionSide], Lot], contracts: dict[str, Contract]
) -> dict[tuple[str, PositionSide], int]:
    """Maintenance margin of each of an account's positions."""
    return {key: lot.margin(contracts[key[0]], facing(key, lots)) for key, lot in lots.items()}


class Positions:
    """Everybody's positions, followed event by event."""

    def __init__(self, play: Play) -> None:
        self.contracts = play.contracts
        self.lots: dict[Key, Lot] = defaultdict(Lot)
        self.taken_over: dict[str, int] = defaultdict(int)
        """What the venue's own account realised by takeovers that closed what it held, by asset."""

    def note(self, event: Event) -> int | None:
        """Take in an event; returns what a trade in it realised, as reckoned here."""
        match event:
            case MarkPriceChanged():
                contract = self.contracts[event.symbol]
                contract.mark = Fraction(event.price, contract.subticks)
            case MarginModeChanged():
                key = event.account, event.symbol, event.position_side
                self.lots[key].isolated = event.mode is MarginMode.ISOLATED
            case OrderFilled():
                lots = event.size if event.side is Side.BUY else -event.size
                if event.kind is TradeKind.TAKEOVER:
                    own = self.lots[HOUSE, event.symbol, PositionSide.NET]
                    contract = self.contracts[event.symbol]
                    self.taken_over[contract.asset] += own.trade(contract, -lots, event.price)
                return self._trade(event, lots)
            case PositionDeleveraged():
                key = event.account, event.symbol, event.position_side
                return self._trade(event, event.size * (-1 if self.lots[key].size > 0 else 1))
        return None

    def _trade(self, event: OrderFilled | PositionDeleveraged, lots: int) -> int:
        lot = self.lots[event.account, event.symbol, event.position_side]
        realised = lot.trade(self.contracts[event.symbol], lots, event.price)
        assert lot.size == event.position, f"{event} leaves {lot.size}"
        return realised

    def of(self, account: str, asset: str) -> dict[tuple[str, PositionSide], Lot]:
        """An account's open positions in an asset."""
        return {
            (symbol, side): lot
            for (name, symbol, side), lot in self.lots.items()
            if name == account and lot.size and self.contracts[symbol].asset == asset
        }

    def sizes(self, symbol: str) -> dict[Key, int]:
        """Who holds how much of a contract; history's part is what is left."""
        held = {key: lot.size for key, lot in self.lots.items() if key[1] == symbol and lot.size}
        rest = -sum(held.values())
        return held | ({(HISTORY, symbol, PositionSide.NET): rest} if rest else {})
