"""The cascade experiment: liquidations that move the price, against the fixed point."""

from fractions import Fraction

import pytest

from tools.experiments.avalanche import SPACING, Avalanche, Crowd
from tools.experiments.cascade_cells import (
    DEPTHS,
    KINDS,
    SCENARIO,
    Asked,
    Cascade,
    Kind,
    cascade,
    cascades,
    crowd_run,
)
from tools.experiments.cascade_report import cascade_facts, tell_cascades
from tools.report import paper
from tools.scenario import ScenarioError

FEW = Kind("few", (40, 30, 10))
SHOCK = Fraction(3, 100)
THIN = Fraction(1, 50)


def avalanche(depth: Fraction = THIN, *, feedback: bool) -> Avalanche:
    return Crowd(crowd_run(SCENARIO, FEW), depth).shocked(SHOCK, feedback=feedback)


def test_without_feedback_the_mark_falls_by_the_shock() -> None:
    one = avalanche(feedback=False)

    assert (one.fall, one.waves) == (SHOCK, 1)


def test_without_feedback_those_fail_whom_the_shock_reaches() -> None:
    crowd = Crowd(crowd_run(SCENARIO, FEW), THIN)
    reached = [size for price, size in crowd.triggers() if price >= crowd.start * (1 - SHOCK)]

    one = crowd.shocked(SHOCK, feedback=False)

    assert (one.accounts, one.liquidated) == (len(reached), sum(reached))


def test_with_feedback_the_first_liquidations_lead_to_more() -> None:
    alone, together = avalanche(feedback=False), avalanche(feedback=True)

    assert together.waves > 1
    assert together.accounts > alone.accounts
    assert together.fall > alone.fall


def test_the_thinner_the_book_the_further_it_goes() -> None:
    falls = [avalanche(depth, feedback=True).fall for depth in DEPTHS]

    assert falls == sorted(set(falls))


def test_every_liquidation_trades_in_the_book() -> None:
    one = avalanche(feedback=True)

    assert one.deleveraged == 0
    assert one.liquidated > 0


def test_no_crowd_no_cascade() -> None:
    crowd = Crowd(crowd_run(SCENARIO, Kind("far only", (1, 1, 60))), Fraction(1))

    one = crowd.shocked(Fraction(1, 1000), feedback=True)

    assert (one.waves, one.liquidated, one.fall) == (0, 0, Fraction(1, 1000))


def test_the_venue_ends_where_the_fixed_point_does() -> None:
    crowd = Crowd(crowd_run(SCENARIO, FEW), Fraction(1, 10))

    predicted = crowd.predicted(SHOCK)

    fall = crowd.shocked(SHOCK, feedback=True).fall
    assert predicted - 2 * SPACING <= fall <= predicted


PUBLISHED = {
    "high leverage": (1.2, 1.6, 2.7),
    "mixed": (1.1, 1.3, 1.9),
}
"""Amplification of a shock of 3 per cent by the formula, for smooth crowds of such leverage: impact
0.9 x 2.5 per cent x sqrt(Q / V), V being five times the open interest of longs."""


@pytest.mark.parametrize("kind", KINDS[:2], ids=lambda kind: kind.name)
def test_the_amplification_is_that_of_the_formula_within_a_fifth(kind: Kind) -> None:
    crowds = [Crowd(crowd_run(SCENARIO, kind), depth) for depth in DEPTHS]

    falls = [crowd.shocked(SHOCK, feedback=True).fall for crowd in crowds]

    assert [float(fall / SHOCK) for fall in falls] == [
        pytest.approx(factor, rel=0.2) for factor in PUBLISHED[kind.name]
    ]


@pytest.fixture(scope="module")
def found() -> list[Cascade]:
    return cascades(kinds=(FEW,), depths=(Fraction(1), THIN), shocks=(SHOCK,), quiet=True)


def test_the_table_has_a_row_for_each_cascade(
    found: list[Cascade], capsys: pytest.CaptureFixture[str]
) -> None:
    tell_cascades(paper(), found)

    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "few" in line]
    assert [row[1:3] for row in rows] == [["3%", "x1"], ["3%", "x0.02"]]
    assert all("…" not in cell for row in rows for cell in row)


def test_facts_for_machines_are_exact(found: list[Cascade]) -> None:
    facts = cascade_facts(found)

    thin = facts[1]
    assert Fraction(thin["amplification"]) == Fraction(thin["fall"]) / SHOCK
    assert found == [cascade(Asked(SCENARIO, FEW, depth, SHOCK)) for depth in (Fraction(1), THIN)]


def test_a_scenario_without_the_three_crowds_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"had 0 populations, expected 3"):
        crowd_run("experiments/capital", FEW)
