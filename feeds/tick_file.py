"""Lines of a tick file, plain or compressed, streamed, with their row numbers.

The file is never held whole: memory stays the same whatever its length.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from isal import isal_zlib

from feeds.defects import Defect, Defects, TickFileError

CHUNK = 1 << 16
LINE_MAX = 1 << 24
GZIP = b"\x1f\x8b"
GZIP_CONTAINER = 31
"""zlib's `wbits` for data with a gzip header and checksum."""
GZIP_ERROR = cast("type[Exception]", isal_zlib.error)
ZSTD = b"\x28\xb5\x2f\xfd"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
ZIP = b"PK\x03\x04"


class TickFile:
    """A text file of ticks, its compression told from its first bytes."""

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
        except EOFError as error:
            self.defects.found(row + 1, Defect.TRUNCATED, f"compressed data ends here: {error}")
            return
        except OSError as error:
            raise TickFileError(f"{self.path}:{row + 1}: cannot be read: {error}") from None
        if rest:
            self.open_ended = True
            yield row + 1, rest

    def _chunks(self) -> Iterator[bytes]:
        with self.path.open("rb") as raw:
            magic = raw.read(4)
            raw.seek(0)
            if magic == ZIP:
                raise TickFileError(
                    f"{self.path}: was a zip archive, expected it unpacked, or gzip"
                )
            start = True
            for chunk in _unpacked(raw, magic, self.path):
                self.position = raw.tell()
                yield chunk.removeprefix(BYTE_ORDER_MARK) if start else chunk
                start = False
        self.position = self.size


def _unpacked(raw: BinaryIO, magic: bytes, path: Path) -> Iterator[bytes]:
    if magic[:2] == GZIP:
        return _frames(raw, lambda: isal_zlib.decompressobj(GZIP_CONTAINER), GZIP_ERROR)
    if magic == ZSTD:
        try:
            import zstandard  # noqa: PLC0415  (optional: few files are packed this way)
        except ImportError:
            raise TickFileError(
                f"{path}: packed with zstandard, which needs `pip install 'plimsoll[zst]'`"
            ) from None
        return _frames(
            raw, lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError
        )
    return iter(lambda: raw.read(CHUNK), b"")


class _Unpacker(Protocol):
    """The shape that isal, zlib and zstandard share."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _frames(
    raw: BinaryIO, begin: Callable[[], _Unpacker], error: type[Exception]
) -> Iterator[bytes]:
    """Unpack frame after frame.  Raises EOFError where the last one is damaged or not complete."""
    unpacker = begin()
    while packed := raw.read(CHUNK):
        while packed:
            if unpacker.eof:
                unpacker = begin()
            try:
                yield unpacker.decompress(packed)
            except error as damage:
                raise EOFError(str(damage)) from None
            packed = unpacker.unused_data if unpacker.eof else b""
    if not unpacker.eof:
        raise EOFError("the file was cut off")
