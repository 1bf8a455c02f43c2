"""Recordings of websockets: the ways in which recorders write down a message and its moment."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias

import msgspec

from exchange.core.units import SECOND, Nanos
from feeds.clock_text import DecimalSeconds, Written
from feeds.defects import Defect, RowError

NANOSECOND_DIGITS = 19
SHOWN = 40
STAMP = re.compile(rb'"ts":"?(\d{13})"?[,}]')
TEXT_LINE = re.compile(rb"(?:(\S+) )?(\d{10}\.\d+): (.*)")
WRITTEN_LINE = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z) (.*)")
CONNECT_LINE = re.compile(rb"\S+ (<->|<-|->) \d+\.\d+.*")


Frame: TypeAlias = tuple[Nanos, str, bytes]
"""One message: when it came, where from, as far as the recording tells, and what it says."""


class Recorder:
    """Reads the lines of one recording, in order."""

    title = ""

    def frame(self, line: bytes) -> Frame | None:
        """The message of a line; None for a line that holds none.  Raises RowError."""
        raise NotImplementedError


class Collector(Recorder):
    """`<local receive time in ns> <JSON>`, as hftbacktest's collector writes."""

    title = "raw recording"

    def frame(self, line: bytes) -> Frame | None:
        """Every line is a message."""
        at, _, body = line.partition(b" ")
        if len(at) != NANOSECOND_DIGITS or not at.isdigit():
            found = ascii(at[:SHOWN].decode(errors="replace"))
            text = f"local time was {found}, expected nanoseconds since 1970"
            raise RowError(Defect.UNREADABLE, text)
        return int(at), "", body


class Recorded(msgspec.Struct):
    """A line of a cryptofeed recording; `data` of a `recv` line is a message."""

    t: str
    conn: str = ""
    ts: Decimal = Decimal(0)
    addr: str = ""
    data: str = ""


RECORDED = msgspec.json.Decoder(Recorded)


class Cryptofeed(Recorder):
    """Lines of JSON: what was received, sent and connected; format 2 of cryptofeed's recorder."""

    title = "cryptofeed recording"

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}

    def frame(self, line: bytes) -> Frame | None:
        """Only what was received is a message; a connection's address is its channel."""
        try:
            found = RECORDED.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RowError(Defect.UNREADABLE, f"not a recorded line: {error}") from None
        if found.t == "connect":
            self._addresses[found.conn] = found.addr
        if found.t != "recv":
            return None
        at = int(found.ts * SECOND)
        return at, self._addresses.get(found.conn, found.conn), found.data.encode()


class CryptofeedText(Recorder):
    """Lines of `<seconds>: <JSON>`, as older recorders of cryptofeed wrote."""

    title = "cryptofeed recording"

    def __init__(self) -> None:
        self._clock = DecimalSeconds()

    def frame(self, line: bytes) -> Frame | None:
        """Lines about connecting and subscribing hold no message."""
        found = TEXT_LINE.fullmatch(line)
        if found is None or CONNECT_LINE.fullmatch(line):
            if not line or CONNECT_LINE.fullmatch(line):
                return None
            shown = ascii(line[:SHOWN].decode(errors="replace"))
            raise RowError(Defect.UNREADABLE, f"the row was {shown}, expected `<seconds>: <JSON>`")
        return self._clock.read(found[2].decode()), "", found[3]


class RawTardis(Recorder):
    """Lines of `<UTC time> <JSON>`, as the Tardis API replays them."""

    title = "raw Tardis recording"

    def __init__(self) -> None:
        self._clock = Written()

    def frame(self, line: bytes) -> Frame | None:
        """Every line is a message, but for empty ones, which mark a lost connection."""
        if not line:
            return None
        found = WRITTEN_LINE.fullmatch(line)
        if found is None:
            shown = ascii(line[:SHOWN].decode(errors="replace"))
            raise RowError(Defect.UNREADABLE, f"the row was {shown}, expected `<UTC time> <JSON>`")
        return self._clock.read(found[1].decode().replace("T", " ")), "", found[2]


class PlainJson(Recorder):
    """Lines of JSON without a local time: the venue's own `ts`, in ms, is the moment."""

    title = "archive"

    def frame(self, line: bytes) -> Frame | None:
        """Every line is a message."""
        found = STAMP.search(line)
        if found is None:
            shown = ascii(line[:SHOWN].decode(errors="replace"))
            text = f"the row was {shown}, expected JSON with a `ts` in milliseconds"
            raise RowError(Defect.UNREADABLE, text)
        return int(found[1]) * 1_000_000, "", line


MakeRecorder: TypeAlias = Callable[[], Recorder]


def recorder_of(line: bytes) -> MakeRecorder | None:
    """Who wrote a line, told from its beginning; None where it looks like nobody's."""
    if re.match(rb"\d{19} [{\[]", line):
        return Collector
    if re.match(rb'\{"t": ?"', line):
        return Cryptofeed
    if CONNECT_LINE.fullmatch(line) or TEXT_LINE.fullmatch(line):
        return CryptofeedText
    if WRITTEN_LINE.fullmatch(line):
        return RawTardis
    return PlainJson if line[:1] == b"{" and STAMP.search(line) else None
