"""I15, under every shipped rulebook: other names, units or sides change nothing else.

Each test plays a crisis twice, the second time told in another way, and holds the events together.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from itertools import zip_longest
from random import Random
from typing import Any, TypeVar

import pytest
from msgspec import Struct
from msgspec.structs import fields, replace

from exchange import Rulebook, Venue
from exchange.core.messages import (
    BlockTrade,
    Command,
    Deposit,
    Event,
    InstrumentListed,
    LiquidationStepTaken,
    ListInstrument,
    OpenAccount,
    PassTime,
    PositionDeleveraged,
    Side,
    UpdateDepth,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.policies import (
    Amount,
    FundingMethod,
    Limit,
    MarginPrice,
    Rank,
    Select,
)
from exchange.core.rules import ContractKind, DeleveragingRules, Fees, FundingRules, MarginRules
from exchange.core.units import SECOND
from exchange.rulebook import shipped
from tests.crisis import FAIR, SUBTICKS, TRADERS, Crisis, rulebook_of
from tests.crisis_together import COIN, Together, together
from tests.properties.test_metamorphic import halves

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "2"))
COMMANDS = 200

each = [
    pytest.mark.parametrize("name", shipped()),
    pytest.mark.parametrize("seed", range(SEEDS)),
]
S = TypeVar("S", bound=Struct)
Told = list[tuple[Command, list[Event]]]


def rulebooks(test: Callable[..., None]) -> Callable[..., None]:
    """The test under every rulebook, for some seeds."""
    for mark in each:
        test = mark(test)
    return test


def crisis(rulebook: Rulebook, seed: int, make: type[Crisis] = Crisis) -> Told:
    """A session: each command with its events."""
    traffic, venue = make(Random(seed), rulebook), Venue(rulebook)
    return [(command, venue.apply(command)) for command in traffic.commands(venue, COMMANDS)]


def changed(message: S, change: Callable[[str, Any], Any]) -> S:
    """A message with every field changed, those of what is inside it too."""

    def of(name: str, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(of(name, item) for item in value)
        return changed(value, change) if isinstance(value, Struct) else change(name, value)

    return replace(
        message, **{f.name: of(f.name, getattr(message, f.name)) for f in fields(message)}
    )


def same(found: list[Event], expected: list[Event]) -> None:
    """The same events, but for the sentences in them."""
    for one, other in zip_longest(found, expected):
        assert one is not None, f"missing: {other}"
        assert other is not None, f"too many: {one}"
        silent = [changed(e, lambda n, v: "" if n == "detail" else v) for e in (one, other)]
        assert silent[0] == silent[1]


# -------------------------------------------------------------------------------- names

NAMES = dict(zip(TRADERS, ("zoe", "yan", "xia", "wim", "vic", "una"), strict=True))
"""In the opposite order of the alphabet."""
SYMBOLS = {"BTC": "A", "ETH": "M", "XBT": "ZZ"}
"""In the same order: equal losses go by symbol."""


def relabelled(message: S, names: Mapping[str, str]) -> S:
    return changed(message, lambda _, v: names.get(v, v) if isinstance(v, str) else v)


@rulebooks
@pytest.mark.parametrize("names", [NAMES, SYMBOLS], ids=["accounts", "symbols"])
def test_what_things_are_called_does_not_matter(
    name: str, seed: int, names: dict[str, str]
) -> None:
    """I15, relabelled: other names for accounts, or for contracts."""
    rulebook = rulebook_of(name)
    venue = Venue(rulebook)

    for command, events in crisis(rulebook, seed):
        expected = [relabelled(event, names) for event in events]
        same(venue.apply(relabelled(command, names)), expected)


# -------------------------------------------------------------------------------- units


def without_clips(rulebook: Rulebook) -> Rulebook:
    """A clip is a size in units, so that it is not the same in other ones."""
    rules, portfolio = rulebook.liquidation, rulebook.portfolio
    if rules.amount is Amount.CLIP:
        rules = replace(rules, amount=Amount.WHOLE_POSITION)
    if portfolio.amount is Amount.CLIP:
        portfolio = replace(portfolio, amount=Amount.WHOLE_POSITION)
    return replace(rulebook, liquidation=rules, portfolio=portfolio)


def in_other_units(command: Command) -> Command:
    """Prices in tenths, and lots of a size that makes them worth the same."""
    if not isinstance(command, ListInstrument) or command.rules.symbol == COIN:
        return command  # the price of an asset is in dollars, whatever a tick is
    rules = command.rules
    finer, factor = Fraction(1, 10), 10 if rules.kind is ContractKind.LINEAR else Fraction(1, 10)
    return replace(
        command,
        rules=replace(
            rules,
            tick_size=str(Fraction(rules.tick_size) * finer),
            mark_unit=str(Fraction(rules.mark_unit) * finer),
            lot_size=str(Fraction(rules.lot_size) * factor),
        ),
    )


@rulebooks
def test_units_do_not_matter(name: str, seed: int) -> None:
    """I15, scaled: the same contracts at a tenth of the price and ten times the size."""
    rulebook = without_clips(rulebook_of(name))
    venue = Venue(rulebook)

    for command, events in crisis(rulebook, seed):
        found = venue.apply(in_other_units(command))
        listed = bool(found) and isinstance(found[0], InstrumentListed)
        same(found[listed:], events[listed:])


# ----------------------------------------------------------------------------- deposits


@rulebooks
def test_a_deposit_may_come_in_two_parts(name: str, seed: int) -> None:
    """I15, split: nothing else is any different."""
    rulebook = rulebook_of(name)
    venue = Venue(rulebook)

    for command, events in crisis(rulebook, seed):
        for part in halves(command):
            found = venue.apply(part)
        if not isinstance(command, Deposit):
            assert found == events


@rulebooks
def test_who_does_not_trade_changes_nothing(name: str, seed: int) -> None:
    """I15, a non-trading account: rich, and admitted before everybody else."""
    rulebook = without_chance(rulebook_of(name))
    told, venue = crisis(rulebook, seed), Venue(rulebook)
    (first, *_) = [n for n, (command, _) in enumerate(told) if isinstance(command, OpenAccount)]

    for number, (command, events) in enumerate(told):
        if number == first:
            venue.apply(OpenAccount(at=0, account="rich"))
            venue.apply(Deposit(at=0, account="rich", asset="USD", amount=10**12))
        assert venue.apply(command) == events


def without_chance(rulebook: Rulebook) -> Rulebook:
    """Nobody's turn comes by a hash of who was admitted when."""
    rules = rulebook.liquidation
    if rules.select is Select.PSEUDO_RANDOM:
        rules = replace(rules, select=Select.LARGEST_UNREALISED_LOSS)
    if rules.deleveraging.rank is Rank.PSEUDO_RANDOM:
        ranked = replace(rules.deleveraging, rank=Rank.LEVERAGED_RETURN)
        rules = replace(rules, deleveraging=ranked)
    return replace(rulebook, liquidation=rules)


# ------------------------------------------------------------------- where things stand together


@pytest.mark.parametrize("name", shipped())
def test_nor_does_any_of_it_where_assets_and_positions_stand_together(name: str) -> None:
    """I15: other names of accounts, other units, a deposit in two parts, an onlooker."""
    rulebook = without_chance(without_clips(together(name, Random(1))))
    told = crisis(rulebook, 1, Together)
    renamed, scaled, split, watched = (Venue(rulebook) for _ in range(4))
    (first, *_) = [n for n, (command, _) in enumerate(told) if isinstance(command, OpenAccount)]

    for number, (command, events) in enumerate(told):
        same(
            renamed.apply(relabelled(command, NAMES)),
            [relabelled(event, NAMES) for event in events],
        )
        found = scaled.apply(in_other_units(command))
        listed = bool(found) and isinstance(found[0], InstrumentListed)
        same(found[listed:], events[listed:])
        for part in halves(command):
            found = split.apply(part)
        assert isinstance(command, Deposit) or found == events
        if number == first:
            watched.apply(OpenAccount(at=0, account="rich"))
            watched.apply(Deposit(at=0, account="rich", asset="USD", amount=10**12))
        assert watched.apply(command) == events


# ------------------------------------------------------------------------------ mirrors

OPPOSITE = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}


class NoImageError(Exception):
    """A price is at the end of the scale, which goes on on the other side."""


class Even(Crisis):
    """Linear contracts that change hands at one price only, the glass; marks go up and down."""

    def opening(self) -> Iterator[Command]:
        self.instruments = self.instruments[:2]
        self.symbols = self.symbols[:2]
        self.rulebook = replace(self.rulebook, hedge_mode=False)
        yield from super().opening()

    def commands(self, venue: Venue, count: int) -> Iterator[Command]:
        """Trades, as long as marks are at the glass; then they move, and the books with them."""
        yield from self.opening()
        for _ in range(4):
            for symbol in self.symbols:
                yield UpdateMarkPrice(at=self.at, symbol=symbol, price=FAIR * SUBTICKS)
            for _ in range(count // 16):
                command = self.block(venue)
                assert isinstance(command, BlockTrade)
                yield replace(command, price=FAIR)
            for _ in range(count // 5):
                self.at += SECOND // 10
                yield self.random.choice((self.mark, self.depth, self.deposit))(venue)
                self.at += self.random.choice((0, SECOND, 40 * SECOND))
                yield PassTime(at=self.at)


def even(rulebook: Rulebook) -> Rulebook:
    """Margin and fees at no other value than the glass's: what is reckoned at a mark has a side."""
    rules = rulebook.liquidation
    rank = rules.deleveraging.rank
    if rank is not Rank.PSEUDO_RANDOM:
        rank = Rank.LEVERAGED_RETURN
    price = rules.deleveraging.price
    rules = replace(
        rules,
        fee="0",
        fraction_above="0",
        limit=Limit.BANKRUPTCY_PRICE,
        bankruptcy_keeps_fee=False,
        deleveraging=DeleveragingRules(rank=rank, price=price, deviation_max="0"),
    )
    return replace(
        rulebook,
        liquidation=rules,
        margin=MarginRules(maintenance_price=MarginPrice.ENTRY),
        fees=Fees(maker="0", taker="0"),
        funding=FundingRules(method=FundingMethod.NONE),
        limits=replace(rulebook.limits, market_band="0"),
    )


def in_the_glass(command: Command) -> Command:
    """Buys are sales, and prices are as far on the other side of FAIR."""
    match command:
        case BlockTrade():
            return replace(command, side=OPPOSITE[command.side])
        case UpdateMarkPrice() | UpdateIndexPrice():
            return replace(command, price=2 * FAIR * SUBTICKS - command.price)
        case UpdateDepth():
            bids, asks = [
                tuple((2 * FAIR - price, size) for price, size in rows)
                for rows in (command.asks, command.bids)
            ]
            return replace(command, bids=bids, asks=asks)
        case _:
            return command


def reflected(price: int, *, mirrored: bool) -> int:
    """A price, or its image; a price has none where a long has lost all."""
    if not 1 < price < 2 * FAIR - 1:
        raise NoImageError
    return 2 * FAIR - price if mirrored else price


def steps(events: list[Event], *, mirrored: bool) -> list[tuple[object, ...]]:
    """What a liquidation did: whom, what, how much, at what price, and what was left."""
    found: list[tuple[object, ...]] = []
    for e in events:
        match e:
            case LiquidationStepTaken():
                price = reflected(e.bankruptcy_price, mirrored=mirrored)
                what = e.account, e.symbol, e.mode, e.closing, e.size, e.filled, price
                found.append((*what, e.equity, e.maintenance_margin))
            case PositionDeleveraged():
                price = reflected(e.price, mirrored=mirrored)
                left = -e.position if mirrored else e.position
                found.append((e.account, e.symbol, e.size, price, left, e.rank, e.realised_pnl))
    return found


@rulebooks
def test_a_short_is_liquidated_as_a_long_is(name: str, seed: int) -> None:
    """I15, mirrored: the same steps, on the other side and at prices as far from the glass."""
    rulebook, seen = even(rulebook_of(name)), 0
    for number in range(3):
        told, venue = crisis(rulebook, 3 * seed + number, Even), Venue(rulebook)
        with suppress(NoImageError):
            for command, events in told:
                expected = steps(events, mirrored=True)
                assert steps(venue.apply(in_the_glass(command)), mirrored=False) == expected
                seen += len(expected)
    assert seen > 0
