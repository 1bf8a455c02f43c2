"""The bytes inside a file, whatever it is packed with: nothing, gzip, zstandard, zip, tar in those.

Streamed in pieces; the kind is told from the first bytes, never from the name.
"""

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from isal import isal_zlib

from feeds.defects import TickFileError

CHUNK = 1 << 16
GZIP = b"\x1f\x8b"
GZIP_CONTAINER = 31
"""zlib's `wbits` for data with a gzip header and checksum."""
GZIP_ERROR = cast("type[Exception]", isal_zlib.error)
ZSTD = b"\x28\xb5\x2f\xfd"
ZIP = b"PK\x03\x04"
TAR_BLOCK = 512
TAR_MAGIC = slice(257, 262)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Damaged(Exception):  # noqa: N818 (it is what the data is)
    """The packed data ends early, or is not what it was when it was packed."""


def unpacked(raw: BinaryIO, path: Path) -> Iterator[bytes]:
    """What is in `raw`, without its packing and without a byte order mark.

    Raises Damaged where packed data is not whole, TickFileError where it cannot be unpacked.
    """
    chunks = _untarred(filter(None, _unpacked(raw, path)), path)
    first = next(chunks, b"")
    yield first.removeprefix(BYTE_ORDER_MARK)
    yield from chunks


def member(path: Path) -> str:
    """The name of the file that is packed in `path`; its own name, less the packing's suffix."""
    with path.open("rb") as raw:
        magic = raw.read(4)
    if magic == ZIP:
        try:
            with zipfile.ZipFile(path) as archive:
                return Path(_only(archive, path).filename).name
        except (zipfile.BadZipFile, OSError, TickFileError):
            return path.name
    name = path.name
    for suffix in (".gz", ".zst", ".tar"):
        name = name.removesuffix(suffix)
    return name


def _unpacked(raw: BinaryIO, path: Path) -> Iterator[bytes]:
    magic = raw.read(4)
    raw.seek(0)
    if magic == ZIP:
        return _unzipped(raw, path)
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
    """Unpack frame after frame."""
    unpacker = begin()
    while packed := raw.read(CHUNK):
        while packed:
            if unpacker.eof:
                unpacker = begin()
            try:
                yield unpacker.decompress(packed)
            except error as damage:
                raise Damaged(str(damage)) from None
            packed = unpacker.unused_data if unpacker.eof else b""
    if not unpacker.eof:
        raise Damaged("the file was cut off")


def _unzipped(raw: BinaryIO, path: Path) -> Iterator[bytes]:
    """The only file in an archive.  Its checksum is compared at the end."""
    try:
        with zipfile.ZipFile(raw) as archive, archive.open(_only(archive, path)) as inside:
            yield from iter(lambda: inside.read(CHUNK), b"")
    except (zipfile.BadZipFile, zlib.error, EOFError) as damage:
        raise Damaged(str(damage)) from None
    except (RuntimeError, NotImplementedError) as error:  # a password, or an unknown method
        raise TickFileError(f"{path}: cannot be unpacked: {error}") from None


def _only(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    files = [one for one in archive.infolist() if not one.is_dir()]
    if len(files) != 1:
        raise TickFileError(f"{path}: an archive of {len(files)} files, expected one")
    return files[0]


class _Pieces(RawIOBase):
    """Chunks as a file that can only be read forwards."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        view = memoryview(buffer)
        taken = self._rest[: len(view)]
        view[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def _untarred(chunks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    first = b""
    while len(first) < TAR_BLOCK and (chunk := next(chunks, b"")):
        first += chunk

    def all_chunks() -> Iterator[bytes]:
        yield first
        yield from chunks

    if first[TAR_MAGIC] != b"ustar":
        yield from all_chunks()
        return
    stream = cast("BinaryIO", _Pieces(all_chunks()))
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            found = 0
            for one in archive:
                inside = archive.extractfile(one) if one.isfile() else None
                if inside is None:
                    continue
                found += 1
                if found > 1:
                    raise TickFileError(f"{path}: an archive of several files, expected one")
                yield from iter(lambda inside=inside: inside.read(CHUNK), b"")  # type: ignore[misc]
    except tarfile.TarError as damage:
        raise Damaged(str(damage)) from None
