"""Downloads, from a server on this machine that breaks off, refuses, and lies."""

import hashlib
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.archives import ARCHIVES, Asked
from tools.fetch import Fetcher, FetchError, NotThereError
from tools.scenario import ScenarioError

CONTENT = bytes(range(256)) * 4_000
"""About a megabyte."""


class Server(ThreadingHTTPServer):
    """Files by path, and what to do with the next requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.refusals: list[int] = []
        self.cuts: list[int] = []
        """How many bytes of the next answers to send before hanging up."""
        self.ranges = True
        self.etag = '"1"'
        self.asked: list[tuple[str, str]] = []
        """Path and range of each request."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.path, wanted))
        if self.server.refusals:
            self.send_response(self.server.refusals.pop(0))
            self.send_header("Retry-After", "7")
            self.end_headers()
            return
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = 0
        same = self.headers.get("If-Range", self.server.etag) == self.server.etag
        if wanted and self.server.ranges and same:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("ETag", self.server.etag)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = start + self.server.cuts.pop(0) if self.server.cuts else len(content)
        self.wfile.write(content[start:end])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        made.files["/ticks.zip"] = CONTENT
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def fetcher(waits: list[float]) -> Fetcher:
    return Fetcher(sleep=waits.append)


def test_a_file_has_its_name_only_when_it_is_whole(
    server: Server, fetcher: Fetcher, tmp_path: Path
) -> None:
    done = fetcher.fetch(f"{server.url}/ticks.zip", tmp_path / "a" / "ticks.zip")

    assert done.path.read_bytes() == CONTENT
    assert done.bytes_new == len(CONTENT)
    assert [path.name for path in done.path.parent.iterdir()] == ["ticks.zip"]


def test_what_broke_off_is_resumed_where_it_was(
    server: Server, fetcher: Fetcher, tmp_path: Path
) -> None:
    server.cuts = [300_000, 200_000]

    done = fetcher.fetch(f"{server.url}/ticks.zip", tmp_path / "ticks.zip")

    assert done.path.read_bytes() == CONTENT
    assert done.bytes_new == len(CONTENT), "nothing came twice"
    assert [wanted for _, wanted in server.asked] == ["", "bytes=300000-", "bytes=500000-"]


def test_the_next_day_it_is_resumed_too(server: Server, waits: list[float], tmp_path: Path) -> None:
    server.cuts = [300_000]
    server.refusals = []
    path = tmp_path / "ticks.zip"

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Fetcher(sleep=interrupt).fetch(f"{server.url}/ticks.zip", path)
    done = Fetcher(sleep=waits.append).fetch(f"{server.url}/ticks.zip", path)

    assert done.bytes_new == len(CONTENT) - 300_000
    assert path.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_begun_anew(
    server: Server, fetcher: Fetcher, tmp_path: Path
) -> None:
    (tmp_path / "ticks.zip.part").write_bytes(b"old")
    (tmp_path / "ticks.zip.part.etag").write_text('"0"')

    done = fetcher.fetch(f"{server.url}/ticks.zip", tmp_path / "ticks.zip")

    assert done.path.read_bytes() == CONTENT


def test_a_server_without_ranges_sends_it_all_again(
    server: Server, fetcher: Fetcher, tmp_path: Path
) -> None:
    server.ranges = False
    server.cuts = [300_000]

    assert fetcher.fetch(f"{server.url}/ticks.zip", tmp_path / "t").path.read_bytes() == CONTENT


def test_it_waits_as_long_as_the_server_says(
    server: Server, fetcher: Fetcher, waits: list[float], tmp_path: Path
) -> None:
    server.refusals = [503, 429]

    fetcher.fetch(f"{server.url}/ticks.zip", tmp_path / "ticks.zip")

    assert [seconds for seconds in waits if seconds > 1] == [7, 7]
    assert len(server.asked) == 3


def test_it_gives_up_in_the_end(server: Server, fetcher: Fetcher, tmp_path: Path) -> None:
    server.refusals = [503] * 10

    with pytest.raises(FetchError, match="given up after 6 tries, the last one: 503 Service"):
        fetcher.fetch(f"{server.url}/ticks.zip", tmp_path / "ticks.zip")


@pytest.mark.parametrize("code", [401, 451])
def test_a_refusal_that_will_not_pass_ends_it_at_once(
    server: Server, fetcher: Fetcher, tmp_path: Path, code: int
) -> None:
    server.refusals = [code]

    with pytest.raises(FetchError, match=f"refused \\({code}"):
        fetcher.fetch(f"{server.url}/ticks.zip", tmp_path / "ticks.zip")
    assert len(server.asked) == 1


def test_a_file_that_is_not_there(server: Server, fetcher: Fetcher, tmp_path: Path) -> None:
    with pytest.raises(NotThereError, match=r"nothing\.zip: not there"):
        fetcher.fetch(f"{server.url}/nothing.zip", tmp_path / "nothing.zip")


def test_the_checksum_is_compared_and_a_whole_file_is_not_fetched_again(
    server: Server, fetcher: Fetcher, tmp_path: Path
) -> None:
    url, path = f"{server.url}/ticks.zip", tmp_path / "ticks.zip"
    server.files["/sum"] = f"{hashlib.sha256(CONTENT).hexdigest()}  ticks.zip\n".encode()

    first = fetcher.fetch(url, path, sum_url=f"{server.url}/sum")
    again = fetcher.fetch(url, path, sum_url=f"{server.url}/sum")
    path.write_bytes(b"damaged")
    mended = fetcher.fetch(url, path, sum_url=f"{server.url}/sum")

    news = [done.bytes_new for done in (first, again, mended)]
    assert news == [len(CONTENT), 0, len(CONTENT)]
    assert path.read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing_behind(
    server: Server, fetcher: Fetcher, tmp_path: Path
) -> None:
    server.files["/sum"] = b"0" * 64 + b"  ticks.zip"

    with pytest.raises(FetchError, match=r"sha256 was [0-9a-f]{64}, expected 000"):
        fetcher.fetch(f"{server.url}/ticks.zip", tmp_path / "t", sum_url=f"{server.url}/sum")
    assert not list(tmp_path.glob("t.part")) and not (tmp_path / "t").exists()  # noqa: PT018


def test_a_page_instead_of_a_checksum_is_refused(
    server: Server, fetcher: Fetcher, tmp_path: Path
) -> None:
    server.files["/sum"] = b"<html>"

    with pytest.raises(FetchError, match="was '<html>', expected a SHA-256"):
        fetcher.fetch(f"{server.url}/ticks.zip", tmp_path / "t", sum_url=f"{server.url}/sum")


@pytest.mark.parametrize("url", ["ftp://x/y", "/etc/hosts", "file:///etc/hosts"])
def test_other_addresses_are_refused(fetcher: Fetcher, tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match="expected an address of http or https"):
        fetcher.fetch(url, tmp_path / "t")


def asked(**changes: object) -> Asked:
    usual: dict[str, object] = {
        "symbol": "BTCUSDT", "data": "trades", "market": "um", "interval": "1m",
        "first": date(2024, 2, 28), "last": date(2024, 3, 1), "base": "",
    }  # fmt: skip
    return Asked(**(usual | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("archive", "changes", "last"),
    [
        ("binance", {}, "/data/futures/um/daily/trades/BTCUSDT/BTCUSDT-trades-2024-03-01.zip"),
        ("binance", {"data": "klines"}, "/klines/BTCUSDT/1m/BTCUSDT-1m-2024-03-01.zip"),
        ("bybit", {}, "/trading/BTCUSDT/BTCUSDT2024-03-01.csv.gz"),
        ("okx", {"symbol": "BTC-USDT-SWAP"}, "/20240301/BTC-USDT-SWAP-trades-2024-03-01.zip"),
        ("tardis", {"market": "deribit"}, "/v1/deribit/trades/2024/03/01/BTCUSDT.csv.gz"),
    ],
)  # fmt: skip
def test_every_day_has_its_address(archive: str, changes: dict[str, object], last: str) -> None:
    found = list(ARCHIVES[archive](asked(**changes)))

    assert len(found) == 3, "a leap year"
    assert found[-1].url.endswith(last)
    assert (found[0].sum_url != "") is (archive == "binance")


def test_funding_rates_come_by_the_month() -> None:
    found = list(ARCHIVES["binance"](asked(data="fundingRate")))

    assert [one.url.rpartition("/")[2] for one in found] == [
        "BTCUSDT-fundingRate-2024-02.zip",
        "BTCUSDT-fundingRate-2024-03.zip",
    ]


@pytest.mark.parametrize(
    ("archive", "changes", "error"),
    [
        ("binance", {"market": "moon"}, "market was 'moon', expected spot, um, cm"),
        ("bybit", {"data": "klines"}, "data was 'klines', expected trades"),
        ("okx", {"last": date(2024, 1, 1)}, "last was 2024-01-01, expected 2024-02-28 or later"),
    ],
)
def test_what_an_archive_does_not_have(
    archive: str, changes: dict[str, object], error: str
) -> None:
    with pytest.raises(ScenarioError, match=error):
        list(ARCHIVES[archive](asked(**changes)))
