"""The figures of the four articles that this project began with, reckoned by a textbook venue.

Their file has a shape of its own: formulas with cases, a worked example at many prices, behaviours
in words, figures of crash days, claims.  Each becomes a result of its own.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from exchange.core.messages import Side
from tools.vectors.bench import share
from tools.vectors.cases import Result, UnsupportedError, VectorError, compared, plain
from tools.vectors.claims import CLAIMS
from tools.vectors.examples import (
    Check,
    adding_a_loser,
    netting,
    order_of_closing,
    scopes,
    sequential_use,
    worked_example,
)
from tools.vectors.figures import FigureError, figure
from tools.vectors.textbook import ONE, RATE, account_with, fate, move, textbook

PRINTED = Fraction(1, 10**8)
"""Decimals are printed to eight places; a margin ratio is told as exactly."""


def seed_results(data: dict[str, Any]) -> Iterator[Result]:
    """Every figure of the seeds, answered.  Raises VectorError where a part is missing."""
    try:
        for name, topic, check in checks(data):
            yield _result(name, topic, check)
    except (KeyError, TypeError, IndexError) as error:
        raise VectorError(f"the seeds lack {error}") from None


def checks(data: dict[str, Any]) -> Iterator[tuple[str, str, Check | None]]:
    """(id, topic, check) of everything in the file; without a check, no figure of a venue."""
    for formula in data["formulas"]:
        for number, case in enumerate(formula["cases"], start=1):
            yield f"{formula['id']}-{number}", formula["formula"], _formula(formula["id"], case)
    yield from worked_example(data["worked_example_001"])
    yield "adding", "adding_losing_trade", adding_a_loser(data)
    for name in ("netting_001", "mirror"):
        part = data["netting_001"] if name != "mirror" else data["netting_001"]["mirror"]
        yield name, "netting", netting(part)
    yield from order_of_closing(data["order_of_closing_001"])
    for case in data["account_scope"]["cases"]:
        yield f"scope: {case['name']}", "account_scope", scopes(case)
    yield "sequential use", "sequential_use", sequential_use(data["sequential_use_001"])
    for number, figures in enumerate(data["stress_figures"], start=1):
        yield f"stress-{number}", figures["text"], _fall(figures)
    for claim in data["claims_to_test"]:
        yield claim["id"], claim["claim"], CLAIMS.get(claim["id"])


def _result(name: str, topic: str, check: Check | None) -> Result:
    expected, found, detail = None, None, ""
    if check is None:
        status, detail = "unsupported", "no figure of a venue"
    else:
        try:
            expected, found, tolerance = check()
            same, found = compared(expected, found, {"": tolerance})
            status = "pass" if same else "fail"
        except (UnsupportedError, FigureError) as error:
            status, detail, found = "unsupported", str(error), plain(found)
    return Result(
        id=name,
        venue="textbook",
        topic=topic,
        status=status,
        expected=plain(expected),
        found=found,
        detail=detail,
        source="the four articles",
    )


# --------------------------------------------------------------------------------- formulas


def _formula(name: str, case: Mapping[str, Any]) -> Check | None:
    answer = FORMULAS.get(name)
    if answer is None:
        return None
    expected = case["expected"]
    if isinstance(expected, str) and expected.startswith("infinite"):
        expected = "infinite"
    return lambda: (expected, answer(case["in"]), PRINTED)


def _available_margin(given: Mapping[str, Any]) -> Fraction:
    """Equity that margin in use leaves; margin in use is a tenth of the notional."""
    bench = account_with(figure(given["account_equity"]), 10 * figure(given["margin_in_use"]))
    return bench.amount(bench.seen("ann", {"X": ONE}).available_margin)


def _margin_ratio(given: Mapping[str, Any]) -> Fraction | str:
    """Maintenance margin over equity; without equity worse than any number."""
    bench = account_with(figure(given["equity"]), figure(given["maintenance"]) / RATE)
    ratio = bench.seen("ann", {"X": ONE}).margin_ratio
    return "infinite" if ratio is None else share(ratio)


def _position_margin(given: Mapping[str, Any]) -> Fraction:
    """What an isolated position has left of its margin after its loss."""
    assigned, loss = figure(given["assigned"]), figure(given["unrealised_loss"])
    size = 10 * assigned
    bench = textbook({"X": (size, ONE)}, 2 * assigned, isolated=("X",))
    seen = bench.held("ann", "X", {"X": 1 - loss / size if loss else ONE * 2})
    return bench.amount(seen.bucket + min(0, seen.unrealised_pnl))


def _equity(given: Mapping[str, Any]) -> Fraction:
    """Deposits, realised and unrealised PnL together."""
    pnls = [figure(pnl) for pnl in given["unrealised"]]
    realised = figure(given["realised"])
    legs = {f"X{n}": (abs(pnl), 2 * ONE) for n, pnl in enumerate(pnls) if pnl}
    if realised:
        legs["closed"] = abs(realised), 2 * ONE
    bench = textbook(legs, figure(given["deposits"]), safely=True)
    if realised:
        price = 2 + (1 if realised > 0 else -1)
        bench.trade("ann", "closed", -abs(realised), price * ONE)
    marks = {f"X{n}": (3 if pnl > 0 else 1) * ONE for n, pnl in enumerate(pnls) if pnl}
    return bench.amount(bench.seen("ann", marks).equity)


def _boundary(given: Mapping[str, Any]) -> str:
    """Whether liquidation starts at an equity and a maintenance margin."""
    bench = account_with(figure(given["equity"]), figure(given["maintenance"]) / RATE)
    return fate(move(bench, {"X": ONE}))


def _notional(given: Mapping[str, Any]) -> Fraction:
    """The largest position that a margin opens at a leverage."""
    margin, leverage = figure(given["initial_margin"]), int(figure(given["leverage"]))
    bench = textbook({"X": (ONE, ONE)}, margin + 1)
    bench.trade("ann", "X", -ONE, ONE)
    bench.leverage("ann", "X", leverage)
    most = bench.venue.order_max("ann", "X", Side.BUY, int(1 / bench.contracts["X"].tick))
    return bench.size("X", most) - leverage  # the one that was deposited besides opens as much


FORMULAS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "F1": _available_margin,
    "F2": _margin_ratio,
    "F3": _position_margin,
    "F4": _equity,
    "F5": _boundary,
    "F6": _notional,
}


# --------------------------------------------------------------------------------- crash days


def _fall(figures: Mapping[str, Any]) -> Check | None:
    """What an unlevered long lost on a crash day: its return is the fall."""
    stated = figures.get("fall") or figures.get("fall_printed")
    found = re.search(r"([\d.]+) at .*?-> ([\d.]+)", figures.get("check", ""))
    found = found or re.search(r"([\d.]+) -> ([\d.]+)", figures["text"])
    if stated is None or found is None:
        return None
    opening = re.search(r"open ([\d.]+)", figures.get("verdict", ""))
    high, low = figure((opening or found).group(1)), figure(found.group(2))

    def fall() -> tuple[Any, Any, Fraction]:
        bench = textbook({"X": (ONE, high)}, high, leverage=1)
        return stated, -share(bench.held("ann", "X", {"X": low}).return_on_margin), PRINTED

    return fall
