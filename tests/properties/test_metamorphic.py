"""The same story told in other words has the same end: other names, halves, mirrors, other lots."""

import os
from collections.abc import Callable
from random import Random
from typing import TypeVar

import pytest
from msgspec import Struct
from msgspec.structs import asdict, replace

from exchange.core.messages import (
    AmendOrder,
    Batch,
    CancelAll,
    CancelOrder,
    Command,
    CommandRejected,
    Deposit,
    Event,
    ListInstrument,
    OpenAccount,
    OrderFilled,
    PlaceOrder,
    PositionSide,
    QuoteChanged,
    RecordedTrade,
    SetPositionMode,
    Side,
    UpdateDepth,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateOrders,
)
from exchange.core.policies import Amount, FundingMethod, Rank, Select
from exchange.core.rules import FundingRules, Rulebook, Tier
from exchange.core.venue import Venue
from tests.traffic import TRADERS, Traffic

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "6"))
COMMANDS = 300

seeds = pytest.mark.parametrize("seed", range(SEEDS))

S = TypeVar("S", bound=Struct)


Told = list[tuple[Command, list[Event]]]


def told(
    random: Random, rules: Callable[[Rulebook], Rulebook] = lambda it: it
) -> tuple[Rulebook, Told, Venue]:
    """A session: its rulebook, each command with its events, and the venue afterwards."""
    traffic = Traffic(random)
    traffic.rulebook = rules(traffic.rulebook)
    if rules is whole_positions:
        traffic.instruments = tuple(
            [replace(one, whole_value_per_lot=False) for one in traffic.instruments]
        )
    venue = Venue(traffic.rulebook)
    answers = [(command, venue.apply(command)) for command in traffic.commands(venue, COMMANDS)]
    return traffic.rulebook, answers, venue


def without(message: S, *fields: str) -> dict[str, object]:
    """A message as fields, but for some."""
    return {"kind": type(message).__name__} | {
        name: value for name, value in asdict(message).items() if name not in fields
    }


# -------------------------------------------------------------------------------- names

OTHER_NAMES = dict(zip(TRADERS, ("zoe", "yan", "xia", "wim", "vic"), strict=True))
"""In the opposite order of the alphabet."""


def renamed(message: S) -> S:
    """The same with other names."""
    fields: dict[str, object] = {
        name: OTHER_NAMES.get(value, value)
        for name in ("account", "counterparty", "against")
        if isinstance(value := getattr(message, name, None), str)
    }
    if isinstance(message, Batch):
        fields["items"] = tuple(renamed(item) for item in message.items)
    return replace(message, **fields)


@seeds
def test_names_do_not_matter(seed: int) -> None:
    rulebook, answers, _ = told(Random(seed))
    venue = Venue(rulebook)

    for command, events in answers:
        found = [without(event, "detail") for event in venue.apply(renamed(command))]
        assert found == [without(renamed(event), "detail") for event in events]


# ------------------------------------------------------------------------------- halves


def halves(command: Command) -> list[Command]:
    """A deposit in two parts; any other command as it is."""
    if not isinstance(command, Deposit) or command.amount < 2:
        return [command]
    half = command.amount // 2
    return [replace(command, amount=half), replace(command, amount=command.amount - half)]


@seeds
def test_a_deposit_in_two_parts_is_the_same_deposit(seed: int) -> None:
    rulebook, answers, first = told(Random(seed))
    venue = Venue(rulebook)

    for command, events in answers:
        for part in halves(command):
            found = venue.apply(part)
        if not isinstance(command, Deposit):
            assert found == events

    assert venue.digest() == first.digest()


# ----------------------------------------------------------------------------- onlookers


def without_chance(rulebook: Rulebook) -> Rulebook:
    """Nobody's turn comes by a hash of who was admitted when."""
    rules = rulebook.liquidation
    rank = rules.deleveraging.rank
    if rules.select is Select.PSEUDO_RANDOM:
        rules = replace(rules, select=Select.LARGEST_UNREALISED_LOSS)
    if rank is Rank.PSEUDO_RANDOM:
        rules = replace(rules, deleveraging=replace(rules.deleveraging, rank=Rank.LEVERAGED_RETURN))
    return replace(rulebook, liquidation=rules)


@seeds
def test_who_does_not_trade_changes_nothing(seed: int) -> None:
    """However rich, and whether admitted before everyone else or after."""
    rulebook, answers, _ = told(Random(seed), without_chance)
    venue = Venue(rulebook)
    idle = OpenAccount(at=0, account="idle")
    listed = False

    for command, events in answers:
        if isinstance(command, OpenAccount) and not listed:
            venue.apply(idle)
            venue.apply(Deposit(at=0, account="idle", asset="USD", amount=10**9))
            listed = True
        assert venue.apply(command) == events


# ------------------------------------------------------------------------------- mirrors

GLASS = 200
"""A price and its mirror image add up to this."""
OTHER_SIDE = {
    Side.BUY: Side.SELL,
    Side.SELL: Side.BUY,
    PositionSide.LONG: PositionSide.SHORT,
    PositionSide.SHORT: PositionSide.LONG,
    PositionSide.NET: PositionSide.NET,
}
MIRRORED = ("BTC", "ETH")
OPENING = ListInstrument | OpenAccount | SetPositionMode | UpdateMarkPrice | UpdateIndexPrice
ONE_TIER = (Tier(floor="0", maintenance="0.01", leverage_max=100),)
IN_THE_BOOK = PlaceOrder | AmendOrder | CancelOrder | CancelAll | UpdateDepth | RecordedTrade


def mirrored_command(command: Command) -> Command:
    """Buys become sells, and prices are reflected."""
    match command:
        case UpdateDepth():
            bids, asks = [
                tuple((GLASS - price, size) for price, size in rows)
                for rows in (command.asks, command.bids)
            ]
            return replace(command, bids=bids, asks=asks)
        case PlaceOrder():
            sides = {name: OTHER_SIDE[getattr(command, name)] for name in ("side", "position_side")}
            return replace(command, price=reflected(command.price), **sides)
        case RecordedTrade():
            side = OTHER_SIDE[command.side]
            return replace(command, side=side, price=GLASS - command.price)
        case AmendOrder():
            return replace(command, price=reflected(command.price))
        case _:
            return command


def reflected(price: int | None) -> int | None:
    return None if price is None else GLASS - price


def mirrored_event(event: Event) -> dict[str, object]:
    """The event as the other side of the glass tells it."""
    fields = without(event, "detail")
    if getattr(event, "symbol", "BTC") not in MIRRORED:
        return fields
    if isinstance(event, QuoteChanged):
        bid, ask = (GLASS - price if price else 0 for price in (event.ask, event.bid))
        sizes = {"bid_size": event.ask_size, "ask_size": event.bid_size}
        return fields | {"bid": bid, "ask": ask} | sizes
    for name in ("side", "position_side"):
        if name in fields:
            fields[name] = OTHER_SIDE[fields[name]]  # type: ignore[index]
    if isinstance(price := fields.get("price"), int):
        fields["price"] = GLASS - price
    if isinstance(event, OrderFilled):
        fields["position"] = -event.position
    return fields


@seeds
def test_longs_and_shorts_are_mirror_images(seed: int) -> None:
    """Where money is no concern: margin is no mirror, for it grows with the price."""
    traffic = Traffic(Random(seed))
    free = replace(traffic.rulebook.fees, maker="0", taker="0")
    limits = replace(traffic.rulebook.limits, price_band="0")
    unpaid = FundingRules(method=FundingMethod.NONE)
    rulebook = replace(traffic.rulebook, fees=free, limits=limits, tiers=ONE_TIER, funding=unpaid)
    venue, mirror = Venue(rulebook), Venue(rulebook)
    for command in traffic.commands(venue, 3 * COMMANDS):
        if isinstance(command, Deposit):
            both = replace(command, amount=10**12)
            assert venue.apply(both) == mirror.apply(both)
        elif in_the_glass(command):
            found = [without(event, "detail") for event in mirror.apply(mirrored_command(command))]
            assert found == [mirrored_event(event) for event in venue.apply(command)]
        elif isinstance(command, OPENING) and command.at == 0:
            assert venue.apply(command) == mirror.apply(command)


def in_the_glass(command: Command) -> bool:
    """Whether a command has a mirror image: it is about limit orders in a linear contract."""
    if not isinstance(command, IN_THE_BOOK):
        return False
    if isinstance(command, PlaceOrder) and (command.price is None or command.instructions):
        return False
    if isinstance(command, AmendOrder) and command.trigger is not None:
        return False
    prices = [] if getattr(command, "price", None) is None else [command.price]  # type: ignore[union-attr]
    if isinstance(command, UpdateDepth):
        prices += [price for price, _ in command.bids + command.asks]
    symbol = getattr(command, "symbol", "") or "BTC"
    return symbol in MIRRORED and all(0 < price < GLASS for price in prices)


# --------------------------------------------------------------------------------- lots


LOTS = ("size", "display_size")


def in_half_lots(message: S) -> S:
    """The same with lots of half the size, and twice as many; also in what is inside it."""
    if isinstance(message, ListInstrument):
        return replace(message, rules=replace(message.rules, lot_size="0.5"))
    if isinstance(message, UpdateDepth):
        bids, asks = [
            tuple((price, 2 * size) for price, size in rows)
            for rows in (message.bids, message.asks)
        ]
        return replace(message, bids=bids, asks=asks)
    if isinstance(message, UpdateOrders):
        singles = [
            tuple((number, price, 2 * size) for number, price, size in rows)
            for rows in (message.bids, message.asks)
        ]
        return replace(message, bids=singles[0], asks=singles[1])
    fields: dict[str, object] = {}
    for name, value in asdict(message).items():
        if name in LOTS and isinstance(value, int):
            fields[name] = 2 * value
        elif isinstance(value, Struct):
            fields[name] = in_half_lots(value)
        elif isinstance(value, tuple):
            fields[name] = tuple(in_half_lots(item) for item in value)
    return replace(message, **fields)


SIZES = (
    "size",
    "display_size",
    "open_size",
    "position",
    "filled",
    "bid_size",
    "ask_size",
    "ahead",
)


def doubled(message: object) -> object:
    """A message's fields with all sizes twice as large, those of what is inside it too."""
    if isinstance(message, tuple):
        return [doubled(item) for item in message]
    if not isinstance(message, Struct):
        return message
    fields = without(message, "detail", "rules")
    for name, value in fields.items():
        twice = name in SIZES and isinstance(value, int)
        fields[name] = 2 * value if twice else doubled(value)
        if name in ("bids", "asks") and isinstance(value, tuple):
            fields[name] = [
                [row[0], 2 * row[1]] if isinstance(row, tuple) else doubled(row) for row in value
            ]
    return fields


def plain(message: object) -> object:
    if isinstance(message, tuple):
        return [plain(item) for item in message]
    if not isinstance(message, Struct):
        return message
    return {name: plain(value) for name, value in without(message, "detail", "rules").items()}


def whole_positions(rulebook: Rulebook) -> Rulebook:
    """Liquidations and premiums that never stop at half a lot.

    No portfolios: there even a whole position is closed only as far as margin falls with it.
    """
    policies = replace(rulebook.liquidation, amount=Amount.WHOLE_POSITION)
    portfolio = replace(rulebook.portfolio, grid=None)
    funding = replace(rulebook.funding, impact_notional="0")
    return replace(rulebook, liquidation=policies, portfolio=portfolio, funding=funding)


@seeds
def test_the_size_of_a_lot_does_not_matter(seed: int) -> None:
    rulebook, answers, _ = told(Random(seed), whole_positions)
    venue = Venue(rulebook)

    for command, events in answers:
        found = venue.apply(in_half_lots(command))
        assert [plain(event) for event in found] == [doubled(event) for event in events]
        assert not any(
            isinstance(a, CommandRejected) != isinstance(b, CommandRejected)
            for a, b in zip(found, events, strict=True)
        )
