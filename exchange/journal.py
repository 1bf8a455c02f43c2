"""The journal: a run's events as JSON lines, and the hash that names the run."""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec

from exchange.core.messages import AnyEvent, Event

BUFFER: Final = 1 << 20
LINES: Final = 256
"""Events that go into hash and file together."""


class JournalError(ValueError):
    """A journal that cannot be read, with file and line."""


class TornJournalError(JournalError):
    """The last line is not whole: the run was cut off there, or is still going on."""


class Journal:
    """Events go in; the hash of all of them comes out.  Without a path, only the hash is kept."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.count = 0
        self._encode = msgspec.json.Encoder().encode
        self._lines: list[bytes] = []
        self._hash = blake2b(digest_size=16)
        self._file: BinaryIO | None = None if path is None else path.open("wb", buffering=BUFFER)

    def write(self, event: Event) -> None:
        """Add one event."""
        self.count += 1
        self._lines.append(self._encode(event))
        if len(self._lines) == LINES:
            self._pass_on()

    def digest(self) -> str:
        """The hash of all events so far: equal journals, equal digests."""
        self._pass_on()
        return self._hash.hexdigest()

    def close(self) -> None:
        """Write out what is buffered."""
        self._pass_on()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _pass_on(self) -> None:
        """Let the lines so far go into hash and file, all at once."""
        if self._lines:
            text = b"\n".join([*self._lines, b""])
            self._lines.clear()
            self._hash.update(text)
            if self._file is not None:
                self._file.write(text)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_journal(path: Path) -> Iterator[AnyEvent]:
    """The events of a journal.

    Raises JournalError at a line that is not an event, TornJournalError at a last one that is torn.
    """
    decode = msgspec.json.Decoder(AnyEvent).decode
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                torn = "the last line is torn, expected a newline"
                raise TornJournalError(f"{path}:{number}: {torn}")
            try:
                event = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise JournalError(f"{path}:{number}: {error}") from None
            yield event
