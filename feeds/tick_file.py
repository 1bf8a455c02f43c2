"""Lines of a tick file, plain or packed, streamed, with their row numbers.

The file is never held whole: memory stays the same whatever its length.
"""

from collections.abc import Iterator
from pathlib import Path

from feeds.defects import Defect, Defects, TickFileError
from feeds.packed import Damaged, unpacked

BLOCK = 512
"""Lines handed on at a time."""
LINE_MAX = 1 << 22
"""Bytes; a book of 5,000 levels a side is a tenth of it."""


class TickFile:
    """A file of ticks on disk, and how far it was read."""

    def __init__(self, path: Path, defects: Defects) -> None:
        if not path.is_file():
            what = "is a folder, expected a file" if path.is_dir() else "no such file"
            raise TickFileError(f"{path}: {what}")
        self.path = path
        self.defects = defects
        self.size = path.stat().st_size
        """Bytes on disk."""
        self.position = 0
        """Bytes on disk that have been read."""
        self.open_ended = False
        """The last line had no line end.  Whole or torn: its columns must tell."""

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Every line without its end, with its row number from 1."""
        for first, lines in self.blocks():
            yield from enumerate(lines, first)

    def blocks(self) -> Iterator[tuple[int, list[bytes]]]:
        """The same, some lines at a time, with the row number of the first.

        A file that ends early or is damaged is a TRUNCATED defect; the line it tore is dropped.
        """
        row, rest = 0, b""
        self.open_ended = False
        try:
            for chunk in self.chunks():
                whole = _split(rest + chunk)
                rest = whole.pop()
                for begin in range(0, len(whole), BLOCK):
                    yield row + 1 + begin, whole[begin : begin + BLOCK]
                row += len(whole)
                if len(rest) > LINE_MAX:
                    raise TickFileError(f"{self.path}:{row + 1}: a line of over {LINE_MAX} bytes")
        except Damaged as damage:
            self.defects.found(row + 1, Defect.TRUNCATED, f"compressed data ends here: {damage}")
            return
        except OSError as error:
            raise TickFileError(f"{self.path}:{row + 1}: cannot be read: {error}") from None
        if rest:
            self.open_ended = True
            yield row + 1, [rest.rstrip(b"\r")]

    def chunks(self) -> Iterator[bytes]:
        """The bytes inside the file.  Raises Damaged or OSError where they end early."""
        with self.path.open("rb") as raw:
            for chunk in unpacked(raw, self.path):
                self.position = raw.tell()
                yield chunk
        self.position = self.size


def _split(text: bytes) -> list[bytes]:
    """The lines of a text, and last what stands behind the last line end."""
    lines = text.split(b"\n")
    if b"\r" in text:
        lines[:-1] = [line.rstrip(b"\r") for line in lines[:-1]]
    return lines
