"""The gallery as a whole."""

from pathlib import Path

import pytest

from strategies import GALLERY
from tools import scenario as scenarios

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", GALLERY)
def test_each_has_a_scenario_and_a_line_in_the_documentation(name: str) -> None:
    scenario = f"gallery/{name.replace('_', '-')}"
    read = scenarios.read(scenarios.find(scenario))
    named = [part.strategy for part in (*read.strategies, *read.populations)]

    assert name in named
    assert read.title
    assert f"| `{name}` |" in (ROOT / "docs" / "gallery.md").read_text()
    assert f"| `{scenario}` |" in (ROOT / "docs" / "gallery.md").read_text()


@pytest.mark.parametrize("name", GALLERY)
def test_each_can_be_read_in_one_go(name: str) -> None:
    assert len((ROOT / "strategies" / "gallery" / f"{name}.py").read_text().splitlines()) < 100
