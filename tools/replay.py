"""A scenario from defaults: recordings, a few strategies, and accounts near their liquidation."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from exchange.core.rules import ContractKind, InstrumentRules
from exchange.core.units import decimal, exact
from feeds import AroundLaw, Carries, Listing, Market, OnDefect, TickFileError, measure
from feeds.grid import common_step
from feeds.measure import Measured
from feeds.store import series
from feeds.venues import pair
from strategies import load
from tools.markets import NO_FIGURES, found_in, grids, meanings
from tools.scenario import (
    AccountPart,
    FeedPart,
    Population,
    Scenario,
    ScenarioError,
    StrategyPart,
)

TRADED = 10_000
"""Dollars, roughly, that a strategy trades at a time; never less than a lot."""
MONEY_UNIT = Fraction(1, 10**8)
"""Of every asset, and of marks, where no contract needs a finer one."""
NOTIONAL = (2_000, 50_000)
"""Of a population's positions, in dollars."""
BITCOIN = 50_000
"""Dollars, roughly, where nothing tells."""
DOLLARS = ("USD", "USDT", "USDC", "BUSD", "FDUSD")


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    files: tuple[Path, ...]
    rulebook: str
    accounts: int
    strategies: tuple[str, ...]
    grids: tuple[str, ...]
    on_defect: str
    columns: tuple[str, ...] = ()
    start: str = ""
    """Begin here, with the market as it stood."""
    end: str = ""
    as_recorded: bool = False
    """Make up no book where none was recorded."""


class Recorded(NamedTuple):
    """One market in one file."""

    path: Path
    venue: str
    listing: Listing
    columns: dict[str, str]
    """What was said of the columns of tables."""


class Contract(NamedTuple):
    """A contract to list, and a price of it."""

    rules: InstrumentRules
    price: Fraction


def replay_scenario(asked: Replay) -> Scenario:
    """The scenario.  Raises ScenarioError or TickFileError, naming the file."""
    if asked.on_defect not in list(OnDefect):
        raise ScenarioError(f"on-defect was {asked.on_defect!r}, expected {', '.join(OnDefect)}")
    columns = meanings(asked.columns)
    recorded = [one for path in asked.files for one in markets(path, columns)]
    contracts = listed(recorded, grids(asked.grids))
    parts = tuple(
        replace(part, columns=columns, start=asked.start, end=asked.end)
        for part in feeds(recorded, contracts, OnDefect(asked.on_defect))
    )
    if not asked.as_recorded:
        parts = tuple(surrounded(parts, recorded))
    instruments = tuple(contract.rules for contract in contracts.values())
    traders = list(strategies(asked.strategies, list(contracts.values())))
    return Scenario(
        name="replay",
        notes="\n".join(assumed(recorded, parts)),
        title="Replay of " + ", ".join(rules.symbol for rules in instruments),
        rulebook=asked.rulebook,
        recorded_marks=marks_are_recorded(recorded, contracts),
        instruments=instruments,
        accounts=tuple(deposits(trader, instruments) for trader in traders),
        strategies=tuple(traders),
        populations=tuple(
            near(one, asked.accounts)
            for symbol, one in contracts.items()
            if asked.accounts and is_priced(symbol, recorded)
        ),
        feeds=parts,
    )


def markets(path: Path, columns: dict[str, str]) -> Iterator[Recorded]:
    """The markets in a file, or in a tick store.  Raises ScenarioError where there is none."""
    paths = series(path) if path.is_dir() else [path]
    if not paths or not (path.is_dir() or path.is_file()):
        raise ScenarioError(f"{path}: {'no tick store' if path.is_dir() else 'no such file'}")
    for one in paths:
        for found in found_in(one, columns):
            listing = replace(found.listing, symbol=found.symbol)
            yield Recorded(one, found.kind.venue, listing, columns)


# ------------------------------------------------------------------------------- contracts


def listed(recorded: list[Recorded], known: dict[str, tuple[str, str]]) -> dict[str, Contract]:
    """The contracts that were recorded, each once, with the grid that their figures lie on.

    A spot market that is nobody's index is replayed as if it were a perpetual.
    """
    found = [one for one in recorded if one.listing.market is not Market.SPOT]
    pairs = {pair(one.listing.symbol) for one in found}
    found += [
        one
        for one in recorded
        if one.listing.market is Market.SPOT and pair(one.listing.symbol) not in pairs
    ]
    named: dict[str, list[Recorded]] = {}
    for one in found:
        named.setdefault(one.listing.symbol, []).append(one)
    made = {symbol: contract(symbol, files, known) for symbol, files in named.items()}
    units = money_units([one.rules for one in made.values()])
    return {
        symbol: one._replace(rules=fine(one.rules, units[one.rules.settle]))
        for symbol, one in made.items()
    }


def contract(symbol: str, files: list[Recorded], known: dict[str, tuple[str, str]]) -> Contract:
    """One contract; `files` are those in which it was recorded."""
    venues = list(dict.fromkeys(one.venue for one in files))
    if len(venues) > 1:
        raise ScenarioError(f"{symbol} is of {' and of '.join(venues)}, expected one venue's")
    listing = files[0].listing
    figures = measured(files)
    tick, lot = known.get(symbol) or (
        figures.tick,
        decimal(exact(figures.lot, "lot") * exact(listing.contract, "contract"), 18),
    )
    inverse = listing.market is Market.INVERSE
    rules = InstrumentRules(
        symbol=symbol,
        kind=ContractKind.INVERSE if inverse else ContractKind.LINEAR,
        settle=listing.settle,
        tick_size=tick,
        lot_size=lot,
    )
    return Contract(rules, exact(figures.price, "price"))


def money_units(instruments: list[InstrumentRules]) -> dict[str, Fraction]:
    """The unit of each asset in which a tick on a lot of every contract is a whole number."""
    units: dict[str, Fraction] = {}
    for rules in instruments:
        unit = units.get(rules.settle, MONEY_UNIT)
        if rules.kind is ContractKind.LINEAR:
            tick, lot = exact(rules.tick_size, "tick"), exact(rules.lot_size, "lot")
            unit = common_step(unit, tick * lot)
        units[rules.settle] = unit
    return units


def fine(rules: InstrumentRules, money_unit: Fraction) -> InstrumentRules:
    """The same contract, with units of money and marks as fine as it needs."""
    mark_unit = common_step(MONEY_UNIT, exact(rules.tick_size, "tick"))
    return replace(
        rules,
        money_unit=decimal(money_unit, 30),
        mark_unit="" if mark_unit == MONEY_UNIT else decimal(mark_unit, 30),
    )


def measured(files: list[Recorded]) -> Measured:
    """The figures of the first file that has any, the one with the most of them first."""
    for one in sorted(files, key=lambda one: not one.listing.has_book):
        try:
            return measure(one.path, one.listing, one.columns)
        except TickFileError:
            continue
    return NO_FIGURES


def marks_are_recorded(recorded: list[Recorded], contracts: dict[str, Contract]) -> bool:
    """Whether the files tell the marks of all contracts; of only some, they cannot be replayed."""
    told = {one.listing.symbol for one in recorded if Carries.MARK in one.listing.carries}
    with_mark = [symbol for symbol in contracts if symbol in told]
    without = [symbol for symbol in contracts if symbol not in told]
    if with_mark and without:
        raise ScenarioError(
            f"{with_mark[0]} has recorded mark prices and {without[0]} has none, expected all or "
            "no contracts to have them"
        )
    return bool(with_mark)


# ----------------------------------------------------------------------------------- feeds


def feeds(
    recorded: list[Recorded], contracts: dict[str, Contract], on_defect: OnDefect
) -> Iterator[FeedPart]:
    """Each file as the market of its contract, and something as the index of each contract.

    Liquidations are left out where trades are recorded too, for they are among them.
    """
    told = {(one.listing.symbol, kind) for one in recorded for kind in one.listing.carries}
    for one in recorded:
        symbol, carries = one.listing.symbol, one.listing.carries
        if symbol not in contracts or one.listing.market is Market.SPOT is not market_of(
            symbol, recorded
        ):
            continue
        if carries == (Carries.LIQUIDATIONS,) and (symbol, Carries.TRADES) in told:
            continue
        yield FeedPart(file=str(one.path.resolve()), symbol=symbol, on_defect=on_defect)
    for symbol in contracts:
        if not {(symbol, Carries.MARK), (symbol, Carries.INDEX)} & told:
            yield from index_of(symbol, recorded, on_defect)


def surrounded(parts: tuple[FeedPart, ...], recorded: list[Recorded]) -> Iterator[FeedPart]:
    """The same, with a made-up book for each market of whose book no file tells more than quotes.

    It stands behind the quotes, or around the trades where nobody recorded quotes.
    """
    levels = {one.listing.symbol for one in recorded if one.listing.has_levels}
    quoted = {one.listing.symbol for one in recorded if Carries.QUOTES in one.listing.carries}
    found = {(one.path.resolve(), one.listing.symbol): one.listing for one in recorded}
    for part in parts:
        listing = found.get((Path(part.file), part.symbol))
        source = Carries.QUOTES if part.symbol in quoted else Carries.TRADES
        made_up = listing is not None and source in listing.carries and part.symbol not in levels
        yield replace(part, around=AroundLaw()) if made_up and not part.index else part


def market_of(symbol: str, recorded: list[Recorded]) -> Market:
    """What a contract of that name was recorded as: spot only if nothing else."""
    kinds = [one.listing.market for one in recorded if one.listing.symbol == symbol]
    return next((kind for kind in kinds if kind is not Market.SPOT), Market.SPOT)


def index_of(symbol: str, recorded: list[Recorded], on_defect: OnDefect) -> Iterator[FeedPart]:
    """The index of a contract: a spot market of its pair, else its own best prices."""
    spot = [
        one
        for one in recorded
        if one.listing.market is Market.SPOT and pair(one.listing.symbol) == pair(symbol)
    ]
    own = [one for one in recorded if one.listing.symbol == symbol and tells_price(one.listing)]
    for one in (spot or sorted(own, key=lambda one: not one.listing.has_book))[:1]:
        yield FeedPart(
            file=str(one.path.resolve()),
            symbol=symbol,
            index=True,
            called=one.listing.symbol,
            on_defect=on_defect,
        )


def assumed(recorded: list[Recorded], parts: tuple[FeedPart, ...]) -> Iterator[str]:
    """What the files do not tell and the scenario takes for granted, a line each."""
    spot = [one.listing.symbol for one in recorded if one.listing.market is Market.SPOT]
    for part in parts:
        if part.index and market_of(part.symbol, recorded) is Market.SPOT:
            yield (
                f"{part.symbol} is a spot market, replayed as if it were a perpetual "
                "whose index is the market itself."
            )
        elif part.index and part.called not in spot:
            yield (
                f"{part.symbol} came without an index or a spot market: "
                "the middle of its own recorded prices is its index."
            )
        if part.around is not None:
            yield (
                f"{part.symbol} was recorded without a book of levels: one is made up around its "
                "prices, to trade with (--as-recorded: none is)."
            )


def is_priced(symbol: str, recorded: list[Recorded]) -> bool:
    """Whether a contract will ever have a mark price, at which a position can be opened."""
    own = [one.listing for one in recorded if pair(one.listing.symbol) == pair(symbol)]
    return any(tells_price(one) or {Carries.MARK, Carries.INDEX} & set(one.carries) for one in own)


def tells_price(listing: Listing) -> bool:
    """Whether a market's price can be told from it."""
    return listing.has_book or Carries.TRADES in listing.carries


# ----------------------------------------------------------------------------------- people


def strategies(names: tuple[str, ...], contracts: list[Contract]) -> Iterator[StrategyPart]:
    """Each strategy with an account of its name; parameters it has that can be told are told."""
    first, last = contracts[0], contracts[-1]
    size = traded(first)
    defaults = {
        "symbol": first.rules.symbol,
        "size": decimal(size),
        "inventory_max": decimal(size * 10),
        "long": first.rules.symbol,
        "long_size": decimal(size),
        "short": last.rules.symbol,
        "short_size": decimal(traded(last)),
    }
    for number, name in enumerate((name for name in names if name != "none"), start=1):
        known = load(name).takes.__struct_fields__
        yield StrategyPart(
            strategy=name,
            account=f"{name.rpartition(':')[2]}-{number}",
            parameters={key: text for key, text in defaults.items() if key in known},
        )


def traded(contract: Contract) -> Fraction:
    """A size worth about TRADED, in whole lots."""
    lot = exact(contract.rules.lot_size, "lot_size")
    inverse = contract.rules.kind is ContractKind.INVERSE
    worth = lot if inverse else lot * contract.price * dollars(contract)
    return lot * max(1, int(TRADED / worth))


def dollars(contract: Contract) -> int:
    """What one of the settlement asset is worth, roughly, where that matters little."""
    if contract.rules.settle in DOLLARS:
        return 1
    inverse = contract.rules.kind is ContractKind.INVERSE
    return max(1, int(contract.price)) if inverse else BITCOIN


def deposits(trader: StrategyPart, instruments: tuple[InstrumentRules, ...]) -> AccountPart:
    """A strategy's account, with something of each settlement asset."""
    amounts = {rules.settle: "100000" if rules.settle in DOLLARS else "10" for rules in instruments}
    return AccountPart(name=trader.account, deposits=amounts)


def near(contract: Contract, count: int) -> Population:
    """Accounts whose liquidation price lies a few hundredths of a per cent and more from the mark.

    The move of a few quiet minutes is enough to reach some of them.
    """
    rules, worth = contract.rules, dollars(contract)
    least, most = (decimal(Fraction(amount, worth)) for amount in NOTIONAL)
    return Population(
        name=f"near-{rules.symbol}",
        count=count,
        symbols={rules.symbol: 1},
        leverage={"50": 1, "100": 1},
        notional_least=least,
        notional_most=most,
        distance_least="0.0002",
        distance_most="0.006",
    )
