"""Schemas tell editors, and people, what every field of a file is."""

import msgspec
import pytest

from exchange.core.rules import Rulebook
from tools.scenario import Scenario
from tools.schema import schema


@pytest.mark.parametrize("described", [Scenario, Rulebook])
def test_every_field_says_what_it_is(described: type[msgspec.Struct]) -> None:
    for kind, component in schema(described)["$defs"].items():
        fields = component.get("properties", {})
        places = {place["title"]: place for place in component.get("prefixItems", ())}
        for name, field in (fields | places).items():
            assert "description" in field or "enum" in field, f"{kind}.{name}"


def test_a_row_names_its_places() -> None:
    places = schema(Scenario)["$defs"]["Minute"]["prefixItems"]
    assert [place["title"] for place in places][:3] == ["time", "open", "high"]
    assert places[5]["description"] == "In the base asset."
