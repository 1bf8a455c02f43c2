"""A fork of a run: the same up to a moment, then one account does something else.

The fork is the run's own scenario with a few steps more, so that its folder is like any other.  Up
to the moment its journal is that of the run, byte for byte, or it is no fork and says so.
"""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    AnyEvent,
    MarginMode,
    MarkPriceChanged,
    OrderFilled,
    PositionDeleveraged,
    PositionSettled,
    Side,
)
from exchange.core.units import Lots, MarkPrice, Nanos, UnitError, exact
from tools.build import Run
from tools.runs import RunError, RunRecord
from tools.scenario import Scenario
from tools.script import Script
from tools.step_parts import BlockStep, Deposit, MarginStep, ModeStep, Step
from tools.times import moment, utc

NOTE = "what if"
"""The steps of the fork are called so."""
SCENARIO = "scenario.json"
"""What a run folder calls its scenario."""


class Change(NamedTuple):
    """What one account does otherwise.  Fields that are empty change nothing."""

    account: str
    at: str
    mode: MarginMode | None = None
    """Of each position."""
    deposit: str = ""
    """Into the wallet, in the asset that its positions settle in."""
    margin: str = ""
    """Out of the wallet, into each isolated position."""
    size_factor: str = ""
    """Each position times this, by a trade off the book at the mark: no fee, no market impact."""
    symbol: str = ""
    """Only the position in this contract."""


class Held(NamedTuple):
    """A position at the moment of the fork."""

    instrument: Instrument
    size: Lots
    mark: MarkPrice


def fork(run: RunRecord, change: Change, folder: Path) -> Run:
    """The run's scenario with the change in it, built.  `folder`: where its files are.

    Raises RunError where the run, the account or the moment do not fit, and ScenarioError where
    the scenario's files are not there.
    """
    scenario = msgspec.convert(run.scenario, Scenario)
    script = Run(scenario, folder / SCENARIO).script
    at = _moment(run, change)
    steps = list(_steps(change, list(holdings(run, change, at)), utc(at)))
    if not steps:
        raise RunError(f"{run.folder}: nothing was asked for, expected mode, deposit, margin, size")
    forked = replace(
        scenario,
        name=f"{scenario.name}-whatif",
        notes=f"A fork of {run.name} at {utc(at)}, where {change.account} does something else.",
        until=run.summary["last_at"],
        steps=tuple(_woven(script, run, at, steps)),
    )
    return Run(forked, folder / SCENARIO)


def _moment(run: RunRecord, change: Change) -> Nanos:
    first, last = (moment(run.summary[end], end) for end in ("first_at", "last_at"))
    try:
        at = moment(change.at, "at", first)
    except UnitError as error:
        raise RunError(str(error)) from None
    if not first <= at <= last:
        raise RunError(
            f"at was {change.at}, expected a moment of the run, {utc(first)} to {utc(last)}"
        )
    return at


def holdings(run: RunRecord, change: Change, at: Nanos) -> Iterator[Held]:
    """The account's positions just before a moment.  Raises RunError where it has none."""
    instruments = run.instruments()
    sizes: dict[str, Lots] = {}
    marks: dict[str, MarkPrice] = {}
    for event in run.events():
        if event.at >= at:
            break
        if isinstance(event, MarkPriceChanged):
            marks[event.symbol] = event.price
        elif getattr(event, "account", "") == change.account:
            _hold(sizes, event)
    held = {symbol: size for symbol, size in sizes.items() if size}
    if not held or change.symbol not in {"", *held}:
        which = f" in {change.symbol}" if change.symbol else ""
        raise RunError(
            f"{run.folder}: {change.account} has no position{which} at {utc(at)}, expected one"
        )
    for symbol in [change.symbol] if change.symbol else held:
        yield Held(instruments[symbol], held[symbol], marks[symbol])


def _hold(sizes: dict[str, Lots], event: AnyEvent) -> None:
    if isinstance(event, OrderFilled | PositionDeleveraged):
        sizes[event.symbol] = event.position
    elif isinstance(event, PositionSettled):
        sizes[event.symbol] = 0


# ------------------------------------------------------------------------------- steps


def _steps(change: Change, held: list[Held], at: str) -> Iterator[Step]:
    """Money first: what follows may need it."""
    account = change.account
    if change.deposit:
        asset = held[0].instrument.settle
        part = Deposit(account=account, asset=asset, amount=change.deposit)
        yield Step(at=at, note=f"{NOTE}: deposit", deposit=part)
    for one in held:
        symbol = one.instrument.symbol
        if change.mode is not None:
            mode = ModeStep(account=account, symbol=symbol, mode=change.mode)
            yield Step(at=at, note=f"{NOTE}: {symbol} {change.mode}", mode=mode)
        if change.size_factor:
            yield from _resized(change, one, at)
        if change.margin:
            margin = MarginStep(account=account, symbol=symbol, amount=change.margin)
            yield Step(at=at, note=f"{NOTE}: margin for {symbol}", margin=margin)


def _resized(change: Change, one: Held, at: str) -> Iterator[Step]:
    own = one.instrument
    try:
        factor = exact(change.size_factor, "size_factor")
    except UnitError as error:
        raise RunError(str(error)) from None
    if factor < 0:
        raise RunError(f"size_factor was {change.size_factor}, expected 0 or more")
    lots = round(one.size * (factor - 1))
    if lots:
        block = BlockStep(
            account=change.account,
            symbol=own.symbol,
            side=Side.BUY if lots > 0 else Side.SELL,
            size=str(abs(lots) * own.lot_size),
            price=str(max(1, one.mark // own.subticks) * own.tick_size),
        )
        yield Step(at=at, note=f"{NOTE}: {own.symbol} times {change.size_factor}", block=block)


def _woven(script: Script, run: RunRecord, at: Nanos, new: list[Step]) -> Iterator[Step]:
    """The scenario's steps, each at its time, with the new ones before those of that moment."""
    first = moment(run.summary["first_at"], "first_at")
    for when, step in zip(script.times(first), script.steps, strict=True):
        if when >= at:
            yield from new
            new = []
        yield replace(step, at=utc(when), expect=(), insurance_fund="")
    yield from new


# ------------------------------------------------------------------------------ checking


def refused(summary: dict[str, Any]) -> list[str]:
    """What the venue did not let the account do."""
    failures: list[str] = summary["expectations"]["failures"]
    return [failure for failure in failures if f"({NOTE}: " in failure]


def shared(run: RunRecord, forked: RunRecord) -> int:
    """How many events both begin with.

    Raises RunError where they part before the moment of the fork: then the run could not be
    repeated, because a file or the program is not what it was.
    """
    at = next(step["at"] for step in forked.scenario["steps"] if step["note"].startswith(NOTE))
    pairs = zip_longest(_lines(run), _lines(forked), fillvalue=b"")
    for count, (one, other) in enumerate(pairs):
        if one != other:
            _check_parting(run, moment(at, "at"), [line for line in (one, other) if line])
            return count
    return int(run.summary["events"])


def _lines(run: RunRecord) -> Iterator[bytes]:
    with (run.folder / "journal.jsonl").open("rb") as lines:
        yield from lines


def _check_parting(run: RunRecord, at: Nanos, lines: list[bytes]) -> None:
    for line in lines:
        when = msgspec.json.decode(line)["at"]
        if when < at:
            raise RunError(
                f"{run.folder}: the run could not be repeated, it differs from {utc(when)} on; "
                f"expected the same up to {utc(at)}"
            )
