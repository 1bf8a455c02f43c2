"""plimsoll download: days of the public archives, resumed and checked (see `tools.fetch`)."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from tools.archives import ARCHIVES, Asked, Wanted
from tools.fetch import Fetched, Fetcher, FetchError, NotThereError
from tools.report import paper, print_json, table
from tools.scenario import ScenarioError

KEY = "TARDIS_API_KEY"


def download(
    archive: Annotated[str, typer.Argument(help="binance, bybit, okx or tardis.")],
    symbol: Annotated[str, typer.Argument(help="As the archive writes it, such as BTCUSDT.")],
    first: Annotated[str, typer.Option("--from", help="The first day, 2024-08-08.")],
    last: Annotated[str, typer.Option("--to", help="The last day; the first one if empty.")] = "",
    data: Annotated[
        str, typer.Option(help="trades, aggTrades, bookTicker, klines, incremental_book_L2, ...")
    ] = "trades",
    market: Annotated[
        str, typer.Option(help="Of Binance spot, um or cm; of Tardis the exchange.")
    ] = "um",
    interval: Annotated[str, typer.Option(help="Length of a bar.")] = "1m",
    into: Annotated[Path, typer.Option(help="The folder for files.")] = Path("downloads"),
    base: Annotated[str, typer.Option(help="A mirror's address instead of the archive's.")] = "",
    *,
    show: Annotated[bool, typer.Option("--show", help="Print addresses, fetch nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Fetch files of a public archive; one that is here and whole is not fetched again.

    Exits with 1 where a day is not there.
    """
    begin = day(first, "from")
    end = day(last, "to") if last else begin
    asked = Asked(symbol, data, market, interval, begin, end, base.rstrip("/"))
    wanted = list(wanted_files(archive, asked))
    if show:
        for one in wanted:
            paper().print(one.url, soft_wrap=True)
        return
    here, missing = [], []
    headers = {"Authorization": f"Bearer {os.environ[KEY]}"} if os.environ.get(KEY) else {}
    with fetching(archive, headers, quiet=as_json) as fetcher:
        for one in wanted:
            try:
                here.append(fetcher.fetch(one.url, into / one.name, sum_url=one.sum_url))
            except NotThereError:
                missing.append(one.url)
            except FetchError as error:
                raise ScenarioError(str(error)) from None
    if as_json:
        print_json({"files": [facts(one) for one in here], "missing": missing})
    else:
        tell(here, missing)
    raise typer.Exit(1 if missing else 0)


def wanted_files(archive: str, asked: Asked) -> Iterator[Wanted]:
    """Every file of the days asked for.  Raises ScenarioError for what makes no sense."""
    if archive not in ARCHIVES:
        raise ScenarioError(f"archive was {archive!r}, expected {', '.join(ARCHIVES)}")
    yield from ARCHIVES[archive](asked)


def day(text: str, what: str) -> date:
    """Read a day.  Raises ScenarioError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ScenarioError(f"{what} was {text!r}, expected a day such as 2024-08-08") from None


@contextmanager
def fetching(archive: str, headers: dict[str, str], *, quiet: bool) -> Iterator[Fetcher]:
    """A fetcher, with a bar where a person is watching."""
    if archive != "tardis":
        headers = {}
    if quiet or not sys.stderr.isatty():
        yield Fetcher(headers=headers)
        return
    columns = (TextColumn(archive), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("")
        yield Fetcher(
            headers=headers,
            on_bytes=lambda done, whole: progress.update(task, completed=done, total=whole or None),
        )


def facts(one: Fetched) -> dict[str, object]:
    """A file, for machines."""
    return {"file": str(one.path), "bytes_new": one.bytes_new, "checked_by": one.checked}


def tell(here: list[Fetched], missing: list[str]) -> None:
    """What is here now, and what is not there."""
    made = table(("File", "left"), ("MB", "right"), ("fetched", "right"), ("checked by", "left"))
    for one in here:
        made.add_row(
            str(one.path),
            f"{one.path.stat().st_size / 1e6:,.1f}",
            f"{one.bytes_new / 1e6:,.1f}",
            one.checked,
        )
    out = paper()
    out.width = max(out.width, 160)
    out.print(made)
    for url in missing:
        out.print(f"not there  {url}", style="yellow", soft_wrap=True)
