"""Fetching a file over HTTP: resumed where it broke off, checked when it is whole, and polite.

One connection at a time, a pause between requests, and longer ones after a refusal, as the server
says or twice as long each time.  A file has its name only when it is whole; until then it is
called .part.
"""

import hashlib
import time
from collections.abc import Callable
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

CHUNK = 1 << 18
AGENT = "plimsoll (https://pypi.org/project/plimsoll)"
TRIES = 6
TIMEOUT = 60
"""Seconds without a byte."""
AGAIN = {408, 425, 429, 500, 502, 503, 504}
"""Refusals that may pass."""
NOT_THERE = {403, 404, 410}
"""A bucket without listing says 403 for what it does not have."""
RESUMED, TOO_FAR = 206, 416
WAIT_MAX = 60.0


class FetchError(ValueError):
    """A file that could not be fetched whole: what, from where, and why."""


class NotThereError(FetchError):
    """The server has no such file."""


class Fetched(NamedTuple):
    """A file that is here now."""

    path: Path
    bytes_new: int
    """What of it came over the wire this time; 0: it was here."""
    checked: str
    """How it was checked."""


class Fetcher:
    """Fetches one file after the other."""

    def __init__(
        self,
        *,
        pause: float = 0.2,
        headers: dict[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        on_bytes: Callable[[int, int], None] = lambda _done, _whole: None,
    ) -> None:
        """`pause`: seconds between two requests.  `on_bytes`: told how far a file is."""
        self._pause = pause
        self._headers = {"User-Agent": AGENT, **(headers or {})}
        self._sleep = sleep
        self._on_bytes = on_bytes
        self._asked = False

    def fetch(self, url: str, path: Path, *, sum_url: str = "") -> Fetched:
        """Have the file at `path`, by its SHA-256 at `sum_url` if there is one.

        Raises NotThereError where the server has none, FetchError where it cannot be had whole.
        """
        expected = self._sum(sum_url) if sum_url else ""
        if path.is_file() and (not expected or sha256(path) == expected):
            return Fetched(path, 0, "sha256" if expected else "by its name")
        part = path.with_name(path.name + ".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        new = self._have(url, part)
        if expected:
            found = sha256(part)
            if found != expected:
                part.unlink()
                raise FetchError(f"{url}: sha256 was {found}, expected {expected}")
        part.replace(path)
        tag(part).unlink(missing_ok=True)
        return Fetched(path, new, "sha256" if expected else "length")

    # ---------------------------------------------------------------------------- requests

    def _have(self, url: str, part: Path) -> int:
        """Bring a part to its end, in as many goes as that needs; returns the bytes that came."""
        new = 0

        def go() -> bool:
            nonlocal new
            came, whole = self._go(url, part)
            new += came
            return whole

        def afresh() -> None:
            part.unlink(missing_ok=True)

        self._persist(url, go, afresh)
        return new

    def _persist(self, url: str, go: Callable[[], bool], afresh: Callable[[], None]) -> None:
        """Try until it is done, waiting longer each time.  `afresh`: begin from nothing."""
        why = ""
        for attempt in range(TRIES):
            headers = None
            try:
                if go():
                    return
                why = "the connection ended early"
            except HTTPError as error:
                error.close()
                if error.code in NOT_THERE:
                    raise NotThereError(f"{url}: not there ({error.code})") from None
                if error.code == TOO_FAR:
                    afresh()
                elif error.code not in AGAIN:
                    raise FetchError(f"{url}: refused ({error.code} {error.reason})") from None
                why, headers = f"{error.code} {error.reason}", error.headers
            except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
                why = str(getattr(error, "reason", error)) or type(error).__name__
            self._wait(attempt, headers)
        raise FetchError(f"{url}: given up after {TRIES} tries, the last one: {why}")

    def _go(self, url: str, part: Path) -> tuple[int, bool]:
        """One request: the bytes that came, and whether the part is whole now."""
        have = part.stat().st_size if part.is_file() else 0
        headers = dict(self._headers)
        mark = tag(part).read_text() if have and tag(part).is_file() else ""
        if mark:
            headers |= {"Range": f"bytes={have}-", "If-Range": mark}
        with self._ask(url, headers) as answer:
            if answer.status != RESUMED:
                have = 0
            tag(part).write_text(answer.headers.get("ETag", ""))
            length = answer.headers.get("Content-Length")
            end = have + int(length) if length is not None else None
            with part.open("ab" if have else "wb") as out:
                done = have
                while chunk := answer.read(CHUNK):
                    out.write(chunk)
                    done += len(chunk)
                    self._on_bytes(done, end or 0)
        return done - have, end is None or done == end

    def _sum(self, url: str) -> str:
        """What a checksum file says: the sum, before the name that it is of."""
        found: list[str] = []

        def go() -> bool:
            with self._ask(url, self._headers) as answer:
                found[:] = answer.read(CHUNK).decode("ascii", "replace").split()
            return True

        self._persist(url, go, found.clear)
        digest = found[0].lower() if found else ""
        if len(digest) != hashlib.sha256().digest_size * 2:
            raise FetchError(f"{url}: was {digest[:80]!r}, expected a SHA-256")
        return digest

    def _ask(self, url: str, headers: dict[str, str]) -> HTTPResponse:
        if not url.startswith(("https://", "http://")):
            raise FetchError(f"{url}: expected an address of http or https")
        if self._asked:
            self._sleep(self._pause)
        self._asked = True
        answer: HTTPResponse = urlopen(Request(url, headers=headers), timeout=TIMEOUT)  # noqa: S310 (checked)
        return answer

    def _wait(self, attempt: int, headers: Message | None) -> None:
        """As long as the server says, else twice as long each time."""
        said = headers.get("Retry-After", "") if headers is not None else ""
        seconds = float(said) if said.isdecimal() else 0.5 * 2**attempt
        self._sleep(min(seconds, WAIT_MAX))


def tag(part: Path) -> Path:
    """Where a part's ETag is kept: it is resumed only while the file is still the same."""
    return part.with_name(part.name + ".etag")


def sha256(path: Path) -> str:
    """A file's checksum, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
