"""Benches under the textbook rulebook: legs on a deposit, and accounts with a given equity."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from exchange import load_rulebook
from exchange.core.messages import LiquidationStarted
from tools.vectors.bench import Bench, Contract, fine_tick, on_unit, only, tiers

ONE = Fraction(1)
RATE = Fraction(1, 200)
"""Maintenance rate wherever the articles ask for a liquidation: theirs is not named."""
SAFE = 4
Leg = tuple[Fraction, Fraction]
"""Size (short below zero) and entry price."""


def textbook(
    legs: Mapping[str, Leg],
    deposit: Fraction,
    *,
    rates: Mapping[str, Fraction] | None = None,
    isolated: tuple[str, ...] = (),
    leverage: int = 10,
    safely: bool = False,
    **policies: Any,  # noqa: ANN401
) -> Bench:
    """A textbook venue where "ann" holds legs on a deposit.

    `safely`: they come in at marks four times better than their entries, and stay there.
    """
    rulebook = load_rulebook("textbook")
    table = {name: tiers((rates or {}).get(name, RATE)) for name in legs}
    rules = replace(rulebook.liquidation, **policies)
    rulebook = replace(rulebook, instrument_tiers=table, liquidation=rules)
    contracts = [
        Contract(name, sizes=[size, ONE], tick=fine_tick(entry))
        for name, (size, entry) in legs.items()
    ]
    bench = Bench(rulebook, *contracts, amounts=[deposit])
    bench.account("ann", deposit)
    for name, (size, entry) in legs.items():
        better = entry * SAFE if size > 0 else entry / SAFE
        bench.mark(name, better if safely else entry)
        if name in isolated:
            bench.isolate("ann", name)
        bench.leverage("ann", name, leverage)
        bench.trade("ann", name, size, entry)
    return bench


def account_with(equity: Fraction, notional: Fraction, rate: Fraction = RATE) -> Bench:
    """An account that, at a mark of one, has a position of `notional` and that equity.

    It was opened where it is safe, and is there until the mark is moved to one.
    """
    deposit = on_unit(max(notional, equity, ONE), ONE)
    entry = 1 + (deposit - equity) / notional
    return textbook({"X": (notional, entry)}, deposit, rates={"X": rate}, safely=True)


def move(bench: Bench, marks: Mapping[str, Fraction]) -> list[LiquidationStarted]:
    """Set marks, the winners' first, so that none on the way is worse than the last."""

    def gain(item: tuple[str, Fraction]) -> Fraction:
        symbol, price = item
        return bench.amount(bench.held("ann", symbol, {symbol: price}).unrealised_pnl)

    started: list[LiquidationStarted] = []
    for name, price in sorted(marks.items(), key=gain, reverse=True):
        started += only(bench.mark(name, price), LiquidationStarted)
    return started


def fate(started: list[LiquidationStarted], symbol: str = "") -> str:
    """What became of the cross account, or of an isolated position."""
    return "liquidate" if any(event.symbol == symbol for event in started) else "open"
