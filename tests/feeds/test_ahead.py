"""Reading ahead in another process: the same items, the same account of them, the same errors."""

import multiprocessing
import os
from pathlib import Path

import pytest

from feeds import Ahead, Merge, OnDefect, PricePath, Source, TickFileError, open_feed
from tests.feeds.tape import BTC, Tape, items
from tests.feeds.test_merge import index, trade

BIDS, ASKS = [("100.0", "1.000"), ("99.9", "2.000")], [("100.1", "3.000")]


def recording(folder: Path, *, torn: bool = False) -> Path:
    """A book, a trade whose id leaves out two, and perhaps a line that is none."""
    tape = Tape().snapshot(10, BIDS, ASKS).depth(8, 12, pu=7, bids=[("100.0", "1.500")])
    for number in (1, 4):
        tape.stream("trade", t=number, p="100.1", q="0.5", m=False, X="MARKET")
    tape.line("torn" if torn else {"result": None})
    return tape.save(folder / "tape.jsonl.gz")


def feed(path: Path, on_defect: OnDefect = OnDefect.STOP) -> Source:
    return Merge(open_feed(path, BTC, on_defect=on_defect), PricePath([index(1)]))


def told(source: Source) -> list[object]:
    return [
        (one.name, one.position, one.size, one.reached, one.notes, one.defects, one.first_defects)
        for one in source.sources
    ]


def test_items_and_what_is_told_of_the_sources_are_the_same(tmp_path: Path) -> None:
    here = feed(recording(tmp_path, torn=True), OnDefect.SKIP)
    there = Ahead(feed(recording(tmp_path, torn=True), OnDefect.SKIP))

    assert items(here) == items(there)
    assert told(here) == told(there)
    assert there.sources[0].notes["trade ids that are missing"] == 2
    assert there.sources[0].defects == {"unreadable": 1}
    assert there.position == here.position > 0


async def stopped(source: Source) -> tuple[int, str]:
    """How many items came before the feed stopped, and what stopped it."""
    seen = 0
    try:
        async for batch in source:
            seen += len(batch)
    except TickFileError as error:
        return seen, str(error)
    raise AssertionError("it was read to its end")


async def test_a_defect_stops_it_after_all_before_it_and_in_the_same_words(tmp_path: Path) -> None:
    path = recording(tmp_path, torn=True)

    there = await stopped(Ahead(feed(path)))

    assert there == await stopped(feed(path))
    assert there[0] == 5


async def test_the_other_process_ends_with_who_takes_the_items() -> None:
    batches = aiter(Ahead(PricePath([trade(at) for at in range(100_000)])))
    await anext(batches)
    assert len(multiprocessing.active_children()) == 1

    await batches.aclose()

    assert multiprocessing.active_children() == []


class Dying(PricePath):
    """A feed whose process is gone in the middle."""

    async def __aiter__(self):
        yield [trade(1)]
        os._exit(3)


async def test_a_reader_that_dies_is_no_end_of_the_feed() -> None:
    batches = aiter(Ahead(Dying([])))
    assert await anext(batches) == [trade(1)]

    with pytest.raises(RuntimeError, match="came to a bad end"):
        await anext(batches)
