"""A scenario from defaults: recordings, a few strategies, and accounts near their liquidation."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from exchange.core.rules import ContractKind, InstrumentRules
from exchange.core.units import decimal, exact
from feeds import FileKind, Kind, Market, OnDefect, TickFileError, describe, infer_grid
from strategies import load
from tools.scenario import (
    AccountPart,
    FeedPart,
    Population,
    Scenario,
    ScenarioError,
    StrategyPart,
)

COIN_CONTRACT = {"BTC": "100"}
"""USD in one COIN-M contract; 10 for every other coin.  https://www.binance.com/en/futures/trading-rules/quarterly"""
LOTS = 100
"""Strategies trade this many lots at a time, for want of anything better to go by."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for."""

    files: tuple[Path, ...]
    rulebook: str
    accounts: int
    strategies: tuple[str, ...]
    grids: tuple[str, ...]
    on_defect: str


def replay_scenario(asked: Replay) -> Scenario:
    """The scenario.  Raises ScenarioError or TickFileError, naming the file."""
    if asked.on_defect not in list(OnDefect):
        raise ScenarioError(f"on-defect was {asked.on_defect!r}, expected {', '.join(OnDefect)}")
    kinds = {path: described(path) for path in asked.files}
    instruments = tuple(contracts(kinds, grids(asked.grids)))
    if not instruments:
        raise ScenarioError("there was no recording of a contract, expected at least one")
    traders = list(strategies(asked.strategies, instruments))
    return Scenario(
        name="replay",
        title="Replay of " + ", ".join(rules.symbol for rules in instruments),
        rulebook=asked.rulebook,
        recorded_marks=any(kind.kind is Kind.TARDIS_TICKER for kind in kinds.values()),
        instruments=instruments,
        accounts=tuple(deposits(trader, instruments) for trader in traders),
        strategies=tuple(traders),
        populations=tuple(near(rules, asked.accounts) for rules in instruments if asked.accounts),
        feeds=tuple(feeds(kinds, instruments, OnDefect(asked.on_defect))),
    )


def described(path: Path) -> FileKind:
    """What a file is.  Raises ScenarioError where there is none."""
    if not path.is_file():
        raise ScenarioError(f"{path}: no such file")
    return describe(path)


def grids(texts: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """SYMBOL:tick:lot as a table."""
    made = {}
    for text in texts:
        parts = text.split(":")
        if len(parts) != len(("symbol", "tick", "lot")):
            raise ScenarioError(f"instrument was {text!r}, expected SYMBOL:tick:lot")
        made[parts[0]] = (parts[1], parts[2])
    return made


def contracts(
    kinds: dict[Path, FileKind], known: dict[str, tuple[str, str]]
) -> Iterator[InstrumentRules]:
    """The contracts that were recorded, each once, with the grid that their prices lie on."""
    seen = set()
    for path, kind in kinds.items():
        if kind.market is Market.SPOT or kind.symbol in seen or kind.kind is Kind.TARDIS_TICKER:
            continue
        seen.add(kind.symbol)
        tick, lot = known.get(kind.symbol) or inferred(path, kind.symbol)
        yield (
            inverse(kind.symbol, tick)
            if kind.market is Market.COIN_M
            else InstrumentRules(symbol=kind.symbol, tick_size=tick, lot_size=lot)
        )


def inferred(path: Path, symbol: str) -> tuple[str, str]:
    """The grid that a file's numbers lie on.  Raises ScenarioError where there are too few."""
    try:
        return infer_grid(path)
    except TickFileError as error:
        raise ScenarioError(f"{error}: --instrument {symbol}:TICK:LOT") from None


def inverse(symbol: str, tick: str) -> InstrumentRules:
    """A COIN-M contract: one lot is one contract."""
    coin = symbol.partition("USD")[0]
    return InstrumentRules(
        symbol=symbol,
        kind=ContractKind.INVERSE,
        settle=coin,
        tick_size=tick,
        lot_size=COIN_CONTRACT.get(coin, "10"),
    )


def feeds(
    kinds: dict[Path, FileKind], instruments: tuple[InstrumentRules, ...], on_defect: OnDefect
) -> Iterator[FeedPart]:
    """Each file as the market of its contract, or as the index of the contract with its name."""
    listed = [rules.symbol for rules in instruments]
    for path, kind in kinds.items():
        file = str(path.resolve())
        if kind.market is Market.SPOT:
            symbols = [s for s in listed if s == kind.symbol or coin_pair(s) == kind.symbol]
            if not symbols:
                raise ScenarioError(f"{path}: spot {kind.symbol}, expected a contract of that name")
            for symbol in symbols:
                yield FeedPart(
                    file=file, symbol=symbol, index=True, called=kind.symbol, on_defect=on_defect
                )
        elif kind.symbol not in listed:
            raise ScenarioError(f"{path}: {kind.symbol} has no recorded book or trades beside it")
        else:
            yield FeedPart(file=file, symbol=kind.symbol, on_defect=on_defect)


def coin_pair(symbol: str) -> str:
    """The spot pair that stands for a COIN-M contract's index: BTCUSD_PERP has BTCUSDT."""
    pair, underscore, _ = symbol.partition("_")
    return f"{pair}T" if underscore else symbol


def strategies(
    names: tuple[str, ...], instruments: tuple[InstrumentRules, ...]
) -> Iterator[StrategyPart]:
    """Each strategy with an account of its name; parameters it has that can be told are told."""
    first, last = instruments[0], instruments[-1]
    size = decimal(exact(first.lot_size, "lot_size") * LOTS)
    defaults = {
        "symbol": first.symbol,
        "size": size,
        "inventory_max": decimal(exact(first.lot_size, "lot_size") * LOTS * 10),
        "long": first.symbol,
        "long_size": size,
        "short": last.symbol,
        "short_size": decimal(exact(last.lot_size, "lot_size") * LOTS),
    }
    for number, name in enumerate((name for name in names if name != "none"), start=1):
        known = load(name).takes.__struct_fields__
        yield StrategyPart(
            strategy=name,
            account=f"{name.rpartition(':')[2]}-{number}",
            parameters={key: text for key, text in defaults.items() if key in known},
        )


def deposits(trader: StrategyPart, instruments: tuple[InstrumentRules, ...]) -> AccountPart:
    """A strategy's account, with something of each settlement asset."""
    amounts = {
        rules.settle: "10" if rules.kind is ContractKind.INVERSE else "100000"
        for rules in instruments
    }
    return AccountPart(name=trader.account, deposits=amounts)


def near(rules: InstrumentRules, count: int) -> Population:
    """Accounts whose liquidation price lies a few hundredths of a per cent and more from the mark.

    The move of a few quiet minutes is enough to reach some of them.
    """
    inverse_kind = rules.kind is ContractKind.INVERSE
    return Population(
        name=f"near-{rules.symbol}",
        count=count,
        symbols={rules.symbol: 1},
        leverage={"50": 1, "100": 1},
        notional_least="0.05" if inverse_kind else "2000",
        notional_most="1" if inverse_kind else "50000",
        distance_least="0.0002",
        distance_most="0.006",
    )
