"""The bench's targets, from figures."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from exchange.core.order_book import OrderBook
from tools.bench.__main__ import main
from tools.bench.stream import CANCEL
from tools.bench.targets import TARGETS, lines, markdown
from tools.bench.training import ROWS
from tools.bench.w1_matching import call_each, counted_up, kept, numbered_again, operations
from tools.bench.works import WORKS


def row(engine: str, nanos: float | None, size: int = 1_000) -> dict[str, Any]:
    return {"engine": engine, "size": size, "nanos": nanos, "answers": {}}


def told(work: str, *rows: dict[str, Any]) -> dict[tuple[str, str], tuple[str, bool | None]]:
    found = lines({work: list(rows)})
    return {
        (line.target.title, line.target.aim): (line.measured, line.holds)
        for line in found
        if line.target.work == work
    }


def test_a_target_is_a_ratio_of_two_engines() -> None:
    found = told("W1", row("C++ std::map", 80), row("plimsoll book, inside", 100))
    assert found["book, inside the core", "1 x C++ std::map's time or less"] == ("1.25 x", False)
    found = told("W1", row("bourse, per call", 500), row("plimsoll book, per call", 200))
    assert found["book, called per operation", "2 x bourse's rate or more"] == ("2.50 x", True)


def test_only_the_largest_size_counts() -> None:
    found = told("W5", row("plimsoll", 9_000, 50_000), row("plimsoll", 4_000, 200_000))
    rate = found["recorded ticks, end to end", "200,000 rows a second or more"]
    assert rate == ("250,000 a second", True)


def test_a_target_with_a_size_of_its_own_looks_at_no_other() -> None:
    rows = row("plimsoll, the search", 15_000, 10_000), row("plimsoll, the search", 21_000, 100_000)
    aim = "a mark over 100,000 accounts", "20 µs or less"
    assert told("W3", *rows)[aim] == ("21.0 µs", False)
    assert told("W3", rows[0])[aim] == ("-", None)


def test_an_engine_that_is_not_here_leaves_its_target_open() -> None:
    found = told("W1", row("C++ std::map", None), row("plimsoll book, inside", 100))
    assert found["book, inside the core", "1 x C++ std::map's time or less"] == ("-", None)


def test_every_target_is_of_a_work_that_is_measured() -> None:
    assert {target.work for target in TARGETS} <= set(WORKS)


def test_a_profile_is_made_of_every_work_that_is_timed() -> None:
    assert set(ROWS) == {work for work in WORKS if work.startswith("W")}


def test_markdown_says_when_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = {
        "machine": {"date": "2026-11-29", "cpu": "AMD EPYC"},
        "works": {"W4": [row("plimsoll", 50_000, 11_279)]},
    }
    text = markdown(results)
    assert text.startswith("2026-11-29, AMD EPYC.\n\n| work | target | measured | holds |\n")
    assert "| W4 11,279 liquidations, deleveraged | 1 s or less | 0.56 s | yes |\n" in text
    file = tmp_path / "figures.json"
    file.write_bytes(msgspec.json.encode(results))
    main(["--markdown", str(file)])
    assert capsys.readouterr().out == text


def test_a_book_told_what_another_keeps_is_left_with_the_same_orders() -> None:
    rows, keeps, told = operations(2_000), OrderBook(), OrderBook()

    call_each(keeps, rows)
    call_each(told, counted_up(kept(rows)))

    books = []
    for book in (keeps.book, told.book):
        levels = [*book.best_first(book.bids), *book.best_first(book.asks)]
        books.append([(book.price(at), len(book.queue(at))) for at in levels])
    assert told.trades() == []
    assert books[0] == books[1] != []


def test_numbers_given_again_are_of_one_order_at_a_time() -> None:
    live = set[int]()
    for what, number, *_ in numbered_again(kept(operations(2_000))):
        assert (number in live) == (what == CANCEL)
        live ^= {number}
    assert live
