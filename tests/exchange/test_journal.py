"""The journal: events as lines, and the hash that names a run."""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import (
    AccountEvent,
    AnyEvent,
    Event,
    InstrumentListed,
    MarketEvent,
    MarkPriceChanged,
)
from exchange.journal import Journal, JournalError, read_journal
from tests.stage import contract

INTEGERS = st.integers(-(10**25), 10**25)
"""Money of an inverse contract in its smallest unit may pass 64 bits."""
ONE = MarkPriceChanged(at=7, symbol="BTC", price=100)
ONE_LINE = b'{"type":"MarkPriceChanged","at":7,"symbol":"BTC","price":100}\n'


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    if kind is int:
        return INTEGERS
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    return st.from_type(kind)


def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Structs with any field values."""
    fields = {f.name: values(f.type) for f in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


def events() -> st.SearchStrategy[Event]:
    """Events of every kind."""
    kinds = [k for k in get_args(AnyEvent) if k is not InstrumentListed]
    listed = st.builds(
        InstrumentListed, at=INTEGERS, symbol=st.text(), rules=st.just(contract("B"))
    )
    return st.one_of(*(structs(kind) for kind in kinds), listed)


@given(made=st.lists(events(), max_size=20))
def test_every_event_reads_back_as_itself(
    made: list[Event], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("run") / "journal.jsonl"
    with Journal(path) as journal:
        for event in made:
            journal.write(event)

    assert list(read_journal(path)) == made
    assert journal.count == len(made)


def test_every_event_may_stand_in_a_journal() -> None:
    kinds = set(Event.__subclasses__()) | set(MarketEvent.__subclasses__())
    kinds |= set(AccountEvent.__subclasses__())

    assert set(get_args(AnyEvent)) == kinds - {MarketEvent, AccountEvent}


def test_a_line_is_an_event_as_json_with_its_name(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.write(ONE)

    assert (tmp_path / "journal.jsonl").read_bytes() == ONE_LINE


def test_equal_journals_have_equal_digests_and_others_do_not(tmp_path: Path) -> None:
    written, kept_in_mind, other = Journal(tmp_path / "journal.jsonl"), Journal(), Journal()
    for journal in (written, kept_in_mind):
        journal.write(ONE)
    other.write(MarkPriceChanged(at=7, symbol="BTC", price=101))
    written.close()

    assert written.digest() == kept_in_mind.digest() != other.digest()


BROKEN = [
    (ONE_LINE + ONE_LINE[:-1], "2: the last line is torn, expected a newline"),
    (ONE_LINE + ONE_LINE[:30], "2: the last line is torn, expected a newline"),
    (ONE_LINE[:30] + b"\n" + ONE_LINE, "1: JSON is malformed: invalid character"),
    (ONE_LINE.replace(b"100", b"1e2.5"), "1: "),
    (ONE_LINE.replace(b"100", b"100.5"), "1: Expected `int`, got `float` - at `$.price`"),
    (ONE_LINE.replace(b"MarkPrice", b"Mood"), "1: Invalid value 'MoodChanged' - at `$.type`"),
    (ONE_LINE.replace(b"price", b"prize"), "1: Object contains unknown field `prize`"),
    (b"\xff\n", "1: "),
]


@pytest.mark.parametrize(("lines", "complaint"), BROKEN)
def test_a_line_that_is_torn_or_not_an_event_is_named(
    lines: bytes, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(lines)

    with pytest.raises(JournalError) as caught:
        list(read_journal(path))

    assert str(caught.value).startswith(f"{path}:{complaint}")
