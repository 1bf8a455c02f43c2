"""Damaged files: one clear error that names file, row, what was found and what was expected.

Or, where the user chose so, the row is left out (skip) or mended (repair), and counted.
"""

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from feeds import OnDefect, TickFileError, describe, open_feed
from tests.feeds.tape import BTC, Tape, items

HEADER = "exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
T0 = 1_600_000_000_000_000


def book_csv() -> list[str]:
    """A small Tardis book: a snapshot of two rows and three updates, one each second."""
    rows = [HEADER]
    for second, rest in enumerate(
        ("true,bid,100.0,1", "true,ask,100.1,2", "false,bid,99.9,1", "false,bid,99.8,1")
    ):
        at = T0 + max(second - 1, 0) * 1_000_000
        rows.append(f"binance-futures,BTCUSDT,{at},{at},{rest}")
    return [*rows, rows[-1].replace(str(at), str(at + 1_000_000)).replace("99.8", "99.7")]


def tape() -> list[str]:
    """A small raw recording: a snapshot and four updates."""
    made = Tape().snapshot(10, [("100.0", "1")], [("100.1", "2")])
    for first in range(11, 15):
        made.depth(first, first, pu=first - 1, bids=[(f"99.{first - 10}", "1")])
    return made.lines


def text(lines: list[str]) -> bytes:
    """The file; \\udcff stands for a byte that is no text."""
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def on_row(row: int, old: str, new: str) -> Callable[[list[str]], bytes]:
    """Damage one row (from 1)."""

    def damaged(lines: list[str]) -> bytes:
        assert old in lines[row - 1]
        lines[row - 1] = lines[row - 1].replace(old, new)
        return text(lines)

    return damaged


def moved(lines: list[str]) -> bytes:
    """Rows 4 and 5 change places."""
    lines[3], lines[4] = lines[4], lines[3]
    return text(lines)


def twice(lines: list[str]) -> bytes:
    """Row 4 is there twice."""
    return text([*lines[:4], lines[3], *lines[4:]])


def torn(lines: list[str]) -> bytes:
    """The last row ends in the middle."""
    return text(lines)[:-20]


def cut_gzip(lines: list[str]) -> bytes:
    """The compressed data ends early: the file was not downloaded whole."""
    noise = random.Random(1).randbytes(20_000).hex()
    return gzip.compress(text(lines) + f"{noise}\n".encode())[:-5_000]


def bad_gzip(lines: list[str]) -> bytes:
    """The checksum at the end does not fit."""
    whole = gzip.compress(text(lines))
    return whole[:-8] + bytes(4) + whole[-4:]


def cut_zstd(lines: list[str]) -> bytes:
    """As `cut_gzip`, for zstandard."""
    noise = random.Random(1).randbytes(200_000).hex()
    return zstandard.compress(text(lines) + noise.encode())[:-50_000]


CSV = [
    # what                damage                                              row   error
    ("wrong header", on_row(1, "amount", "qty"), 1, "columns were exchange,symbol,timestamp,loc"),
    ("column twice", on_row(1, "exchange", "price"), 1, "column 'price' is there twice"),
    ("a column less", on_row(4, ",99.9,1", ",99.9"), 4, "the row has 7 columns, expected 8"),
    ("not a number", on_row(4, "99.9", "NaN"), 4, "BTCUSDT price was 'NaN', expected a decimal"),
    ("infinite", on_row(4, "99.9", "inf"), 4, "BTCUSDT price was 'inf', expected a decimal"),
    ("negative price", on_row(4, "99.9", "-99.9"), 4, "BTCUSDT price was -99.9, expected more"),
    ("negative size", on_row(4, "99.9,1", "99.9,-1"), 4, "BTCUSDT size was -1, expected 0 or mo"),
    ("huge price", on_row(4, "99.9", "9e40"), 4, "BTCUSDT price was 9e40, expected more than 0 a"),
    ("huge size", on_row(4, "99.9,1", "99.9," + "9" * 30), 4, "BTCUSDT size was 99999999999999999"),
    ("off its tick", on_row(4, "99.9", "99.95"), 4, "BTCUSDT price was 99.95, expected a multiple"),
    ("empty field", on_row(4, "99.9", ""), 4, "BTCUSDT price was '', expected a decimal number"),
    ("wrong side", on_row(4, "bid", "buy"), 4, "side was 'buy', expected bid or ask"),
    ("wrong symbol", on_row(4, "BTCUSDT", "ETHUSDT"), 4, "symbol was 'ETHUSDT', expected BTCUSDT"),
    ("time in another unit", on_row(4, str(T0 + 10**6), "1600000001000"), 4, "time was 16000000"),
    ("time is text", on_row(4, str(T0 + 10**6), "yesterday"), 4, "time was 'yesterday', expected"),
    ("time goes back", moved, 5, "time goes backwards by 1000000000 ns, from 1600000002000000000"),
    ("binary", on_row(4, "bid", "\x00\udcff"), 4, "the row is not plain text"),
    ("an empty line", on_row(4, book_csv()[3], ""), 4, "the row has 1 columns, expected 8"),
    ("torn", torn, 6, "the row has 4 columns, expected 8"),
    ("cut off", cut_gzip, 7, "compressed data ends here: the file was cut off"),
    ("bad checksum", bad_gzip, 1, "compressed data ends here: "),
    ("cut off, zstandard", cut_zstd, 7, "compressed data ends here: the file was cut off"),
]
RAW = [
    ("torn JSON", on_row(3, '"U": 12', '"U": '), 3, "not a message of Binance's: JSON is malform"),
    (
        "field missing",
        on_row(3, '"pu"', '"p"'),
        3,
        "depth update 12 names no update before it (pu)",
    ),
    ("wrong type", on_row(3, '"u": 12', '"u": "12"'), 3, "not a message of Binance's: Expected `i"),
    ("NaN", on_row(3, '"99.2"', '"NaN"'), 3, "BTCUSDT price was 'NaN', expected a decimal number"),
    ("NaN literal", on_row(3, '"99.2"', "NaN"), 3, "not a message of Binance's: JSON is malformed"),
    ("negative", on_row(3, '"1"]', '"-1"]'), 3, "BTCUSDT size was -1, expected 0 or more and les"),
    ("huge", on_row(3, '"99.2"', f'"{"9" * 30}"'), 3, "BTCUSDT price was 99999999999999999999999"),
    (
        "local time in ms",
        on_row(3, "000000 {", " {"),
        3,
        "local time was '1723161258000', expected",
    ),
    ("no local time", on_row(3, "1723161258000000000 ", ""), 3, "local time was '{\"stream\":',"),
    ("time goes back", on_row(5, "60000", "57000"), 5, "time goes backwards by 2000000000 ns, fro"),
    ("twice", twice, 5, "the row is the one before it again"),
    ("binary", on_row(3, "{", "\x00\udcff"), 3, "not a message of Binance's: JSON is malformed"),
    ("an empty line", on_row(3, tape()[2], ""), 3, "local time was '', expected nanoseconds since"),
    ("torn", torn, 5, "not a message of Binance's: "),
    ("cut off", cut_gzip, 6, "compressed data ends here: the file was cut off"),
]
HARMLESS = [
    ("byte order mark", lambda lines: b"\xef\xbb\xbf" + text(lines)),
    ("CRLF", lambda lines: text(lines).replace(b"\n", b"\r\n")),
    ("no last line end", lambda lines: text(lines)[:-1]),
    (
        "two gzip members",
        lambda lines: gzip.compress(text(lines[:3])) + gzip.compress(text(lines[3:])),
    ),
]
NO_FILE = [
    ("empty", b"", "the file is empty"),
    ("empty gzip", gzip.compress(b""), "the file is empty"),
    ("only a gzip magic", b"\x1f\x8b", ":1: compressed data ends here: the file was cut off"),
    ("garbage", bytes(range(256)) * 100, ":1: begins with "),
    ("one endless line", b"a" * (1 << 23), ":1: a line of over 4194304 bytes"),
    ("only a header", HEADER.encode() + b"\n", ":2: no row after the header"),
    ("a page of HTML", b"<html><body>404 Not Found</body></html>\n", ":1: begins with '<html>"),
    ("UTF-16", text(book_csv()).decode().encode("utf-16"), ":1: begins with "),
]


def damaged(folder: Path, lines: list[str], damage: Callable[[list[str]], bytes]) -> Path:
    path = folder / "ticks"
    path.write_bytes(damage(lines))
    return path


@pytest.mark.parametrize(
    ("lines", "damage", "row", "error"),
    [pytest.param(book_csv, *rest, id=f"csv: {what}") for what, *rest in CSV]
    + [pytest.param(tape, *rest, id=f"raw: {what}") for what, *rest in RAW],
)
class TestADamagedFile:
    def test_stops_with_file_row_and_what_was_found(
        self, tmp_path: Path, lines, damage, row: int, error: str
    ) -> None:
        path = damaged(tmp_path, lines(), damage)

        with pytest.raises(TickFileError) as stopped:
            items(open_feed(path, BTC))

        message = str(stopped.value)
        assert message.startswith(f"{path}:{row}: {error}")
        assert "\n" not in message

    @pytest.mark.parametrize("policy", [OnDefect.SKIP, OnDefect.REPAIR])
    def test_goes_on_without_the_row_and_counts_it(
        self, tmp_path: Path, lines, damage, row: int, error: str, policy: OnDefect
    ) -> None:
        path = damaged(tmp_path, lines(), damage)
        if row == 1:
            with pytest.raises(TickFileError):
                items(open_feed(path, BTC, on_defect=policy))
            return
        feed = open_feed(path, BTC, on_defect=policy)

        assert items(feed)
        assert sum(feed.defects.values()) >= 1
        assert f"{path}:{row}: {error}" in "\n".join(feed.first_defects.values())


@pytest.mark.parametrize(("what", "change"), HARMLESS, ids=[what for what, _ in HARMLESS])
@pytest.mark.parametrize("lines", [book_csv, tape])
def test_what_is_merely_written_differently_reads_the_same(
    tmp_path: Path, lines, what: str, change
) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(text(lines()))

    found = items(open_feed(damaged(tmp_path, lines(), change), BTC))

    assert found == items(open_feed(plain, BTC)), what


@pytest.mark.parametrize(("what", "content", "error"), NO_FILE, ids=[what for what, *_ in NO_FILE])
def test_what_is_no_tick_file_is_refused(
    tmp_path: Path, what: str, content: bytes, error: str
) -> None:
    path = tmp_path / "ticks"
    path.write_bytes(content)

    with pytest.raises(TickFileError) as stopped:
        describe(path)

    assert error in str(stopped.value), what


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(TickFileError, match="is a folder, expected a file"):
        describe(tmp_path)
    with pytest.raises(TickFileError, match="no such file"):
        describe(tmp_path / "nothing.csv")


def test_repair_sets_time_that_goes_back_to_the_time_before_it(tmp_path: Path) -> None:
    feed = open_feed(damaged(tmp_path, book_csv(), moved), BTC, on_defect=OnDefect.REPAIR)

    times = [item.at for item in items(feed)]

    assert times == sorted(times)
    assert feed.defects == {"time_backwards": 1}


async def test_what_came_before_a_defect_is_handed_on_before_it_stops(tmp_path: Path) -> None:
    path = damaged(tmp_path, book_csv(), on_row(6, "99.7", "NaN"))
    seen = []

    async def collect() -> None:
        async for batch in open_feed(path, BTC):
            seen.extend(batch)

    with pytest.raises(TickFileError):
        await collect()
    assert len(seen) == 2, "the message of row 5, which row 6 may belong to, is not half applied"
