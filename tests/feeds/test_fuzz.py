"""Whatever happens to a file: one clear error or the chosen policy; no traceback and no silence."""

import gzip
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.feed import FeedItem
from feeds import OnDefect, Source, TickFileError, open_feed
from tests.feeds.samples import SAMPLES
from tests.feeds.tape import BTC, items

PRICE = re.compile(rb"\d+\.\d+")
TIME = re.compile(rb"\d{13,19}|\d{10}(?=\.)")
Rows = list[bytes]


def last_price(line: bytes, put: bytes) -> bytes:
    """The row with another price (every sample's last number with a point is one)."""
    found = list(PRICE.finditer(line))[-1]
    return line[: found.start()] + put + line[found.end() :]


def on_line(change: Callable[[bytes], bytes]) -> Callable[[Rows, int], None]:
    def damage(rows: Rows, at: int) -> None:
        rows[at] = change(rows[at])

    return damage


def swapped(rows: Rows, at: int) -> None:
    rows[at], rows[at - 1] = rows[at - 1], rows[at]


def doubled(rows: Rows, at: int) -> None:
    rows.insert(at, rows[at])


DAMAGES: dict[str, Callable[[Rows, int], None]] = {
    "torn": on_line(lambda line: line[: len(line) * 2 // 3]),
    "empty": on_line(lambda _: b""),
    "garbage": on_line(lambda line: line[:10] + b"\xff\x00\xfe" + line[13:]),
    "NaN": on_line(lambda line: last_price(line, b"NaN")),
    "negative": on_line(lambda line: last_price(line, b"-1.0")),
    "huge": on_line(lambda line: last_price(line, b"9" * 30 + b".5")),
    "exponent": on_line(lambda line: last_price(line, b"1e999999")),
    "time in another unit": on_line(lambda line: TIME.sub(lambda t: t[0][:-3], line)),
    "time of 1970": on_line(lambda line: TIME.sub(lambda t: b"0" * len(t[0]), line)),
    "swapped": swapped,
    "doubled": doubled,
}
DAMAGE = st.tuples(st.sampled_from(sorted(DAMAGES)), st.integers(3, 7))
POLICY = st.sampled_from([OnDefect.SKIP, OnDefect.REPAIR])
FUZZ = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def outcome(feed: Source) -> list[FeedItem]:
    """Items in order of time, or TickFileError: nothing else may come out of a file."""
    found = items(feed)
    assert [item.at for item in found] == sorted(item.at for item in found)
    return found


def assert_clear(error: TickFileError, path: Path) -> None:
    assert re.match(rf"{re.escape(str(path))}(:\d+)?: \S", str(error)), error
    assert "\n" not in str(error)
    assert len(str(error)) - len(str(path)) < 320, error


@pytest.mark.parametrize("name", SAMPLES)
class TestAnyFormat:
    @FUZZ
    @given(damages=st.lists(DAMAGE, min_size=1, max_size=2, unique=True), policy=POLICY)
    def test_a_damaged_row_stops_the_file_or_is_counted(
        self, tmp_path: Path, name: str, damages: list[tuple[str, int]], policy: OnDefect
    ) -> None:
        file, lines = SAMPLES[name]
        rows = [line.encode() for line in lines()]
        for damage, at in damages:
            try:
                DAMAGES[damage](rows, at)
            except IndexError:  # a second damage to a row that has no price any more
                continue
        path = tmp_path / file
        path.write_bytes(b"\n".join(rows) + b"\n")

        feed = open_feed(path, BTC)
        try:
            outcome(feed)
        except TickFileError as error:
            assert_clear(error, path)
        else:
            assert feed.notes, "a damaged file was read without a word"
        skipping = open_feed(path, BTC, on_defect=policy)
        outcome(skipping)
        assert skipping.defects or skipping.notes

    @FUZZ
    @given(data=st.data())
    def test_any_bytes_end_well(self, tmp_path: Path, name: str, data: st.DataObject) -> None:
        file, lines = SAMPLES[name]
        content = bytearray("\n".join(lines()).encode())
        for _ in range(data.draw(st.integers(1, 5))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        path = tmp_path / file
        path.write_bytes(content)

        for policy in OnDefect:
            try:
                outcome(open_feed(path, BTC, on_defect=policy))
            except TickFileError as error:
                assert_clear(error, path)

    @FUZZ
    @given(data=st.data())
    def test_damaged_compression_never_passes_for_whole(
        self, tmp_path: Path, name: str, data: st.DataObject
    ) -> None:
        file, lines = SAMPLES[name]
        whole = "\n".join(lines()).encode()
        content = bytearray(gzip.compress(whole))
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= 1 << data.draw(st.integers(0, 7))
        path = tmp_path / f"{file}.gz"
        path.write_bytes(content)

        try:
            outcome(open_feed(path, BTC))
        except TickFileError as error:
            assert_clear(error, path)
        else:
            assert unpacked(content) == whole


def unpacked(content: bytes) -> bytes:
    """What another reader makes of it."""
    try:
        return gzip.decompress(content)
    except (zlib.error, OSError, EOFError):
        return b""
