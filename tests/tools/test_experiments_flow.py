"""Stylised facts: what each model of order flow shows of a real market, and what it does not.

Bounds from the literature.  Tails: exponents of 2 to 5 (Cont 2001, Quantitative Finance 1), for
bitcoin 2 to 3 (arXiv 1803.08405, 2009.06874).  Clustering: absolute returns correlated for many
lags, returns themselves hardly (arXiv 2009.06874, 2402.11930).  Sides of trades remembered for
long.  Impact: concave, a square root for whole orders (Donier and Bonart, arXiv 1412.4503).
"""

from pathlib import Path
from random import Random

import pytest

from tools.experiments.facts import autocorrelation, excess_kurtosis, exponent, hill
from tools.experiments.flow_cells import SCENARIOS, Facts, measured
from tools.experiments.flow_report import flow_rows, tell_flows
from tools.report import paper

PAGE = Path(__file__).parents[2] / "docs" / "flow_models.md"

FAT, THIN = (2.0, 5.0), (4.0, 9.0)
"""Tail exponents; a sample of a normal law of this size has 4 to 6."""
CLUSTERS, NO_CLUSTERS = (0.04, 0.5), (-0.03, 0.03)
NOT_REMEMBERED, BOUNCES = (-0.2, 0.2), (-0.4, -0.2)
CONCAVE, STRAIGHT = (0.5, 0.9), (0.9, 1.2)
LONG, SHORT, NONE = (0.1, 0.5), (-0.05, 0.05), (-0.05, 0.05)

SHOWN: dict[str, dict[str, tuple[float, float]]] = {
    "zero-intelligence": {
        "kurtosis_later": (-0.7, 0.7),
        "tail": THIN,
        "clustering": NO_CLUSTERS,
        "memory": NOT_REMEMBERED,
        "signs": NONE,
        "signs_10": NONE,
        "impact": CONCAVE,
        "spread": (1, 2),
    },
    "santa-fe": {
        "kurtosis": (-0.7, 0.7),
        "tail": THIN,
        "clustering": NO_CLUSTERS,
        "memory": BOUNCES,
        "signs": NONE,
        "signs_10": NONE,
        "impact": CONCAVE,
        "spread": (3, 5),
    },
    "hawkes": {
        "kurtosis": (5, 50),
        "kurtosis_later": (2, 15),
        "tail": FAT,
        "clustering": CLUSTERS,
        "memory": NOT_REMEMBERED,
        "signs": LONG,
        "signs_10": SHORT,
        "impact": STRAIGHT,
        "spread": (1, 3),
    },
    "chiarella": {
        "kurtosis": (5, 50),
        "kurtosis_later": (1, 10),
        "tail": FAT,
        "clustering": CLUSTERS,
        "memory": NOT_REMEMBERED,
        "signs": LONG,
        "signs_10": LONG,
        "impact": STRAIGHT,
        "spread": (5, 15),
    },
    "retail": {
        "kurtosis": (3, 50),
        "tail": FAT,
        "clustering": NO_CLUSTERS,
        "memory": NOT_REMEMBERED,
        "signs": (0.5, 0.8),
        "signs_10": LONG,
        "impact": CONCAVE,
        "liquidations": (20, 100),
    },
}


@pytest.mark.parametrize("model", SCENARIOS)
def test_a_model_shows_what_it_should_and_what_the_page_says(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run for both: each takes seconds."""
    found = measured(model)

    assert outside(found) == {}
    tell_flows(paper(), [found])
    printed = row(capsys.readouterr().out, model)
    assert "…" not in printed
    assert printed.split() == row(PAGE.read_text(), model).split()


def outside(found: Facts) -> dict[str, float]:
    """The facts that do not lie within their bounds."""
    bounds = SHOWN[found.model]
    return {
        name: getattr(found, name)
        for name, (low, high) in bounds.items()
        if not low <= getattr(found, name) <= high
    }


def row(text: str, model: str) -> str:
    table = text[text.index("\nmodel  ") :]
    return next(line for line in table.splitlines() if line.startswith(f"{model} "))


def test_facts_for_machines_are_text_with_six_places() -> None:
    values = {name: 0.5 for name in Facts.__struct_fields__ if name != "model"}

    rows = flow_rows([Facts(model="one", **values)])  # type: ignore[arg-type]

    assert rows[0]["model"] == "one"
    assert rows[0]["tail"] == "0.500000"


def test_the_statistics_know_a_normal_law_and_a_fat_one() -> None:
    """A ratio of uniform draws to the power of -1/3 has a tail exponent of 3."""
    random = Random(1)
    normal = [random.gauss(0, 1) for _ in range(5_000)]
    fat = [random.random() ** (-1 / 3) for _ in range(5_000)]

    assert excess_kurtosis(normal) == pytest.approx(0, abs=0.2)
    assert hill(normal) > 4
    assert hill(fat) == pytest.approx(3, rel=0.1)
    assert autocorrelation(normal, 1) == pytest.approx(0, abs=0.05)
    assert exponent([1, 2, 4], [1, 4, 16]) == pytest.approx(2)
