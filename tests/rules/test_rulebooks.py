"""The rulebooks that come with the package: whole, sourced, and each a venue that stays whole."""

from importlib.resources import files
from random import Random

import msgspec
import pytest

from exchange import Rulebook, Venue, load_rulebook
from exchange.rulebook import RulebookError, shipped
from tests.models.statement import Statement
from tests.properties.test_venue import check_statement, rejected
from tests.traffic import Traffic

VENUES = {
    "binance_usdm",
    "bitmex",
    "bybit",
    "deribit",
    "dydx_v4",
    "hyperliquid",
    "kraken_futures",
    "okx",
}
each = pytest.mark.parametrize("name", shipped())


def test_what_is_shipped() -> None:
    assert set(shipped()) == VENUES | {"general", "textbook"}


@each
def test_a_rulebook_is_named_after_its_file_and_has_sources(name: str) -> None:
    rulebook = load_rulebook(name)

    assert rulebook.name == name
    assert rulebook.title
    assert rulebook.sources


@each
def test_every_part_of_a_rulebook_is_explained(name: str) -> None:
    """A comment stands before each section, or in it before its first choice."""
    lines = (files("exchange") / "rulebooks" / f"{name}.toml").read_text().splitlines()
    sections = [i for i, line in enumerate(lines) if line.startswith("[") and "tiers" not in line]

    for at in sections:
        around = [line for line in lines[max(0, at - 4) : at + 4] if line.startswith("#")]
        assert around or lines[at] == "[limits]", f"{name}: {lines[at]} says nothing"


@each
def test_the_rules_survive_being_written_and_read(name: str) -> None:
    rulebook = load_rulebook(name)

    assert msgspec.json.decode(msgspec.json.encode(rulebook), type=Rulebook) == rulebook


def test_the_amounts_that_binance_prints_are_those_of_its_rates() -> None:
    """Listing compares them (98 brackets of ten contracts); one cent off would be refused."""
    rulebook = load_rulebook("binance_usdm")
    brackets = [tier for tiers in rulebook.instrument_tiers.values() for tier in tiers]

    assert len(rulebook.instrument_tiers) == 10
    assert all(tier.amount for tier in brackets)


@each
@pytest.mark.parametrize("seed", range(3))
def test_a_venue_under_it_stays_whole(name: str, seed: int) -> None:
    """Money, positions, margin and books, after every command of a session."""
    traffic, statement = Traffic(Random(seed)), Statement()
    traffic.rulebook = adapted(load_rulebook(name))
    venue = Venue(traffic.rulebook)
    for command in traffic.commands(venue, 200):
        events = venue.apply(command)
        venue.check()
        if not rejected(command, events):
            statement.read(events)
            check_statement(statement, venue)


def adapted(rulebook: Rulebook) -> Rulebook:
    """With a fund in the session's money, and steps of a few lots."""
    rules = msgspec.structs.replace(rulebook.liquidation, clip="5")
    fund = {"USD": "500", "COIN": "5"}
    return msgspec.structs.replace(rulebook, liquidation=rules, insurance_fund=fund)


def test_an_unknown_field_is_an_error(tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = (files("exchange") / "rulebooks" / "textbook.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('trigger = "below"', 'trigger = "below"\nspeed = "fast"'))

    with pytest.raises(RulebookError, match=r"mine\.toml: .*speed"):
        load_rulebook(str(path))
