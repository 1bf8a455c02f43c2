"""plimsoll inspect: how good a tick file is, with the row of whatever is wrong in it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from exchange.core.messages import UpdateDepth, UpdateOrders
from exchange.core.units import SECOND
from exchange.feed import BookCheck, FeedItem
from feeds import OnDefect
from feeds.best import Best, Levels
from feeds.order_mirror import OrderMirror
from feeds.quality import STALE_AFTER, Finding, Quality
from feeds.told import Told
from tools.markets import Found, found_in, grids, meanings, reader
from tools.progress import reading
from tools.report import paper, print_json
from tools.text import clock, percent

LISTED = 10
SHOWN_EVERY = 4_096


def inspect(
    files: Annotated[list[Path], typer.Argument(help="Tick files of any format that is known.")],
    instrument: Annotated[
        list[str] | None, typer.Option(help="SYMBOL:TICK:LOT, to hold the figures against.")
    ] = None,
    columns: Annotated[
        list[str] | None, typer.Option(help="MEANING=COLUMN, for a table with other names.")
    ] = None,
    rows: Annotated[int, typer.Option(min=0, help="How many bad rows to list.")] = LISTED,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Read a file to its end and report: order, gaps, repetitions, crossed books, stale marks.

    Exits with 1 where something is wrong.
    """
    known, means = grids(tuple(instrument or ())), meanings(tuple(columns or ()))
    reports = [
        inspected(found, known.get(found.symbol), means, rows, quiet=as_json)
        for path in files
        for found in found_in(path, means)
    ]
    if as_json:
        print_json({"markets": reports})
    else:
        for report in reports:
            tell(paper(), report)
    raise typer.Exit(1 if any(report["defects"] or report["odd"] for report in reports) else 0)


def inspected(
    found: Found,
    grid: tuple[str, str] | None,
    columns: dict[str, str],
    listed: int,
    *,
    quiet: bool,
) -> dict[str, Any]:
    """Everything that one pass over a market shows."""
    source, figures = reader(found, grid, OnDefect.SKIP, columns)
    quality, checks = Quality(), Checks()
    with reading(f"{found.path.name} {found.symbol}", source, quiet=quiet) as show:
        for number, item in enumerate(finished(source, quality)):
            checks.take(item)
            if number % SHOWN_EVERY == 0:
                show()
    span = quality.last_at - quality.first_at
    return {
        "file": str(found.path),
        "format": found.kind.title,
        "venue": found.kind.venue,
        "symbol": found.symbol,
        "market": str(found.listing.market),
        "tells": [str(kind) for kind in found.listing.carries],
        "settles in": found.listing.settle,
        "tick": figures.tick,
        "lot": figures.lot,
        "first": clock(quality.first_at) if quality.items else "",
        "last": clock(quality.last_at) if quality.items else "",
        "seconds": span / SECOND,
        "rows": quality.rows,
        "items": dict(quality.items),
        "longest_pause": {"seconds": quality.pause / SECOND, "row": quality.pause_row},
        "book_checks": checks.facts(),
        "notes": dict(source.notes),
        "defects": source.defects,
        "defect_rows": [
            {"row": row, "kind": str(kind), "text": text}
            for row, kind, text in source.defect_rows[:listed]
        ],
        "odd": {
            what: {"count": finding.count, "rows": listing(finding, listed)}
            for what, finding in oddities(quality)
            if finding.count
        },
    }


def oddities(quality: Quality) -> Iterator[tuple[str, Finding]]:
    """What is odd without being a bad row."""
    yield "crossed book", quality.crossed
    yield f"price that stood still for over {STALE_AFTER // SECOND} s", quality.stale


def listing(finding: Finding, most: int) -> list[dict[str, Any]]:
    """Rows of a finding."""
    return [{"row": row, "at": clock(at), "text": text} for row, at, text in finding.rows[:most]]


def finished(source: Any, quality: Quality) -> Iterator[FeedItem]:  # noqa: ANN401 (a FileSource)
    """The feed that the file is, with the quality looked at on the way."""
    told: Iterator[Told] = quality.watch(source.begin())
    yield from source.finish(told, source.notes)


class Checks:
    """How often the rebuilt best prices are those that the file's own quotes tell."""

    def __init__(self) -> None:
        self._levels = Levels()
        self._orders = OrderMirror("")
        self._best: Best = (0, 0, 0, 0)
        self.total = self.prices = self.sizes = 0
        self.first = ""

    def take(self, item: FeedItem) -> None:
        """An item of the feed."""
        if isinstance(item, UpdateDepth):
            self._levels.apply(item)
            self._best = self._levels.best
        elif isinstance(item, UpdateOrders):
            self._orders.apply(item)
            self._best = self._orders.best
        elif isinstance(item, BookCheck):
            self._compare(item)

    def _compare(self, check: BookCheck) -> None:
        bid, bid_size, ask, ask_size = self._best
        prices = (bid, ask) == (check.bid, check.ask)
        self.total += 1
        self.prices += prices
        self.sizes += prices and (bid_size, ask_size) == (check.bid_size, check.ask_size)
        if not prices and not self.first:
            self.first = (
                f"at {clock(check.at)} the book had {bid} / {ask} ticks, "
                f"the record {check.bid} / {check.ask}"
            )

    def facts(self) -> dict[str, Any]:
        """Counts."""
        return {
            "total": self.total,
            "prices_agreed": self.prices,
            "agreed": self.sizes,
            "first_difference": self.first,
        }


# ---------------------------------------------------------------------------------- telling


def tell(out: Console, report: dict[str, Any]) -> None:
    """The report as people read it."""
    out.print(report["file"], style="bold", soft_wrap=True)
    market = f"{report['venue']} {report['symbol']}, {report['market']}".strip()
    facts = {
        "format": report["format"],
        "market": f"{market}, settles in {report['settles in']}",
        "tells": ", ".join(report["tells"]),
        "grid": f"tick {report['tick']}, lot {report['lot']}",
        "span": f"{report['first']} to {report['last']} UTC, {report['seconds']:,.1f} s",
        "rows": f"{report['rows']:,}",
        "items": ", ".join(f"{count:,} {kind}" for kind, count in report["items"].items()),
        "longest pause": "{seconds:,.3f} s, before row {row:,}".format(**report["longest_pause"]),
    }
    checks = report["book_checks"]
    if checks["total"]:
        facts["quotes"] = (
            f"{percent(checks['prices_agreed'], checks['total'], 2)} of {checks['total']:,} agree "
            f"in price with the book, {percent(checks['agreed'], checks['total'], 2)} in size too"
        )
    for name, fact in facts.items():
        out.print(f"  {name:<13}  {fact}", soft_wrap=True)
    for note, count in report["notes"].items():
        out.print(f"  {note}: {count:,}", soft_wrap=True)
    tell_wrong(out, report)
    out.print()


def tell_wrong(out: Console, report: dict[str, Any]) -> None:
    """What is wrong, row by row."""
    if not report["defects"] and not report["odd"]:
        out.print("Nothing is wrong with it.", style="green")
        return
    for kind, count in report["defects"].items():
        out.print(f"{count:,} x {kind.replace('_', ' ')}", style="red")
    for row in report["defect_rows"]:
        out.print(f"  row {row['row']:,}: {row['text']}", soft_wrap=True)
    for what, found in report["odd"].items():
        out.print(f"{found['count']:,} x {what}", style="yellow")
        for row in found["rows"]:
            out.print(f"  row {row['row']:,}: {row['text']}", soft_wrap=True)
