"""Lines of a tick file, plain or compressed, streamed: with row numbers, and never the whole file."""

import zlib
from collections.abc import Iterator
from gzip import BadGzipFile
from pathlib import Path
from typing import BinaryIO

from isal import igzip, isal_zlib

from feeds.defects import Defect, Defects, TickFileError

CHUNK = 1 << 18
LINE_MAX = 1 << 24
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
ZIP = b"PK\x03\x04"


class TickFile:
    """A text file of ticks, its compression told from its first bytes."""

    def __init__(self, path: Path, defects: Defects) -> None:
        if not path.is_file():
            raise TickFileError(f"{path}: no such file")
        self.path = path
        self.defects = defects
        self.size = path.stat().st_size
        """Bytes on disk."""
        self.position = 0
        """Bytes on disk that have been read."""
        self.open_ended = False
        """The last line had no line end.  Whole or torn: its columns must tell."""

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Every line without its end, with its row number from 1.

        A file that ends early or is damaged is a TRUNCATED defect; the line it tore is dropped.
        """
        row, rest = 0, b""
        self.open_ended = False
        try:
            for chunk in self._chunks():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    row += 1
                    yield row, line
                if len(rest) > LINE_MAX:
                    raise TickFileError(f"{self.path}:{row + 1}: a line of over {LINE_MAX} bytes")
        except (EOFError, BadGzipFile, isal_zlib.error, zlib.error) as error:
            what = str(error).rstrip(".")
            self.defects.found(row + 1, Defect.TRUNCATED, f"compressed data ends here: {what}")
            return
        if rest:
            self.open_ended = True
            yield row + 1, rest

    def _chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            if magic == ZIP:
                raise TickFileError(f"{self.path}: was a zip archive, expected it unpacked, or gzip")
            for chunk in _unpacked(raw, magic, self.path):
                self.position = raw.tell()
                yield chunk
        self.position = self.size


def _unpacked(raw: BinaryIO, magic: bytes, path: Path) -> Iterator[bytes]:
    if magic[:2] == GZIP:
        with igzip.IGzipFile(fileobj=raw) as file:
            while chunk := file.read1(CHUNK):
                yield chunk
    elif magic == ZSTD:
        yield from _zstd(raw, path)
    else:
        while chunk := raw.read(CHUNK):
            yield chunk


def _zstd(raw: BinaryIO, path: Path) -> Iterator[bytes]:
    try:
        import zstandard  # noqa: PLC0415  (optional: few files are packed this way)
    except ImportError:
        raise TickFileError(f"{path}: reading it needs `pip install zstandard`") from None
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    try:
        while chunk := raw.read(CHUNK):
            while chunk:
                yield unpacker.decompress(chunk)
                chunk = unpacker.unused_data if unpacker.eof else b""
                if chunk:
                    unpacker = zstandard.ZstdDecompressor().decompressobj()
    except zstandard.ZstdError as error:
        raise EOFError(str(error)) from None
    if not unpacker.eof:
        raise EOFError("the last frame is not complete")
