"""The worked examples that come with the project hold to the digit, and could fail to."""

import asyncio
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from msgspec.structs import asdict, replace

from exchange.core.messages import Reject
from exchange.core.units import decimal
from exchange.journal import Journal
from tools import scenario as scenarios
from tools.build import Run
from tools.scenario import Scenario
from tools.step_parts import Expect, Step

STEPWISE = [name for name in scenarios.shipped() if name.startswith("seeds/")]
CHECKS = {
    "seeds/both-legs-lose": 26,
    "seeds/boundary": 12,
    "seeds/contagion": 17,
    "seeds/decimal-lot": 4,
    "seeds/floating-profit": 16,
    "seeds/half-is-gone": 17,
    "seeds/hedged-pair": 84,
    "seeds/largest-loss-first": 12,
    "seeds/losing-trade-added": 7,
    "seeds/loss-bounds": 9,
    "seeds/many-small-boxes": 11,
    "seeds/margin-call": 17,
    "seeds/mixed-modes": 18,
    "seeds/mode-switch": 32,
    "seeds/most-margin-freed": 12,
    "seeds/netting": 6,
    "seeds/one-leg-falls": 28,
    "seeds/rich-account": 9,
    "seeds/sequential-use": 9,
    "seeds/three-losers": 24,
    "seeds/three-losers-in-part": 11,
}
"""How many figures each of them states."""


def read(name: str) -> Scenario:
    return scenarios.read(scenarios.find(name))


def carried_out(scenario: Scenario) -> Run:
    run = Run(scenario, Path("scenario.toml"))
    asyncio.run(run.go(Journal()))
    return run


def test_every_worked_example_is_known_here() -> None:
    assert list(CHECKS) == STEPWISE


@pytest.mark.parametrize("name", STEPWISE)
def test_every_figure_of_a_worked_example_holds(name: str) -> None:
    script = carried_out(read(name)).script

    assert script.failures == []
    assert script.checked == CHECKS[name]


@pytest.mark.parametrize("name", STEPWISE)
def test_every_figure_of_a_worked_example_would_fail_if_it_were_another(name: str) -> None:
    scenario = read(name)
    wrong = replace(scenario, steps=tuple(falsified(step) for step in scenario.steps))

    script = carried_out(wrong).script

    assert len(script.failures) == script.checked == CHECKS[name]


@pytest.mark.parametrize("name", STEPWISE)
def test_a_worked_example_says_what_it_shows_and_who_says_so(name: str) -> None:
    scenario = read(name)

    assert scenario.title
    assert "ource article" in scenario.notes


def falsified(step: Step) -> Step:
    """The same step, with every expectation of it off by a little."""
    other = Reject.UNKNOWN_ORDER
    return replace(
        step,
        expect=tuple(Expect(**dict(off(part))) for part in step.expect),  # type: ignore[arg-type]
        rejected=other if step.rejected else None,
        insurance_fund=nudged(step.insurance_fund) if step.insurance_fund else "",
    )


def off(part: Expect) -> Iterator[tuple[str, object]]:
    for field, value in asdict(part).items():
        if field in ("account", "symbol", "asset", "position_side") or value in ("", None):
            yield field, value
        elif field == "closed_in_order":
            yield field, (*value, "another")
        elif isinstance(value, int):
            yield field, value + 1
        else:
            yield field, nudged(value)


def nudged(text: str) -> str:
    """The nearest other figure that can be written with as many decimals."""
    if text in ("none", "infinite"):
        return "1"
    places = len(text.partition(".")[2])
    return decimal(Fraction(text) + Fraction(1, 10**places), places) if places else f"{text}1"
