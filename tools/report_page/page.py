"""The page: data gathered from run folders, put between template, style and scripts."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from exchange.core.units import Nanos
from tools.report_page.accounts import accounts
from tools.report_page.cascade import Cascade
from tools.report_page.facts import cascade_facts, fill_marks, story_facts, victims
from tools.report_page.markets import MILLION, funds, market, populations
from tools.report_page.trading import Trading
from tools.runs import RunError, RunRecord
from tools.times import moment

SCRIPTS = (
    "uPlot.iife.min.js", "words.js", "charts.js", "drawings.js", "sections.js", "overview.js",
    "market.js", "accounts.js", "liquidations.js", "venue.js", "comparison.js", "page.js",
)  # fmt: skip
STYLES = ("uPlot.min.css", "page.css")
FACTS = (
    "rulebook", "seed", "plimsoll", "python", "core", "first_at", "last_at", "seconds", "digest",
    "commands", "rejected", "events", "feed_items", "interrupted", "error", "expectations",
    "positions_not_opened", "book_checks", "feeds", "groups", "money", "strategies",
)  # fmt: skip


def report_data(runs: Sequence[RunRecord]) -> list[dict[str, Any]]:
    """What a report shows of each run.

    Raises RunError where a run folder is not whole, and JournalError.
    """
    return [gathered(run) | {"name": name} for run, name in zip(runs, names(runs), strict=True)]


def report_page(runs: Sequence[dict[str, Any]]) -> str:
    """One HTML page about one run, or about several side by side."""
    title = runs[0]["title"] if len(runs) == 1 else f"{len(runs)} runs compared"
    data = msgspec.json.encode({"runs": runs}).decode()
    page = asset("page.html")
    for mark, content in {
        "TITLE": escape(title),
        "STYLE": "\n".join(asset(name) for name in STYLES),
        "DATA": data.replace("<", "\\u003c"),
        "SCRIPTS": "\n".join(f"<script>\n{asset(name)}\n</script>" for name in SCRIPTS),
    }.items():
        page = page.replace(f"@@{mark}@@", content, 1)
    return page


def names(runs: Sequence[RunRecord]) -> list[str]:
    """What each run is called: its folder's name, or the whole path where others have the same."""
    short = [run.name for run in runs]
    return [
        name if short.count(name) == 1 else str(run.folder)
        for run, name in zip(runs, short, strict=True)
    ]


def place_of_page(runs: Sequence[Path]) -> Path:
    """Where a page goes if nothing is said: into its run; of several, beside them.

    Runs that lie in different folders have no such place: the page goes into the first run.
    """
    first = runs[0]
    if len(runs) == 1:
        return first / "report.html"
    parent = first.resolve().parent
    if any(run.resolve().parent != parent for run in runs):
        return first / "comparison.html"
    as_told = first.parent
    return (as_told if as_told.resolve() == parent else parent) / "comparison.html"


def without_pages(paths: Sequence[Path]) -> list[Path]:
    """Without the pages and pictures made before, which `runs/*` names as well."""
    made = {".html", ".png"}
    return [one for one in paths if one.suffix not in made or not one.is_file()] or list(paths)


def write_page(path: Path, page: str) -> None:
    """Write the page.  Raises RunError where that cannot be."""
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}") from None


def asset(name: str) -> str:
    """A file of the page."""
    return (files("tools.report_page") / name).read_text(encoding="utf-8").strip()


def gathered(run: RunRecord) -> dict[str, Any]:
    """Everything that the page shows of a run.  Its size does not grow with the run's length."""
    start, end = times(run)
    instruments = run.instruments()
    named = [part["name"] for part in run.scenario["accounts"]]
    trading = Trading(instruments, named, start, end)
    cascade = Cascade(instruments, named, start, end)
    for event in run.events():
        trading.observe(event)
        cascade.observe(event)
    marks = fill_marks(trading, instruments, start)
    return {
        "title": run.title,
        "notes": run.scenario["notes"].strip(),
        **{name: run.summary.get(name) for name in FACTS},
        "start": start // MILLION,
        "end": end // MILLION,
        "markets": {
            symbol: market(run, own, start)
            | {"fills": marks[symbol], "cascade": cascade_facts(cascade, own, start)}
            for symbol, own in instruments.items()
        },
        "accounts": accounts(run, trading, instruments, start),
        "populations": populations(run, start),
        "funds": funds(run, start),
        "liquidations": cascade.count,
        "accounts_liquidated": len(cascade.hit),
        "stories": [story_facts(story, start) for story in cascade.stories()],
        "victims": victims(cascade),
    }


def times(run: RunRecord) -> tuple[Nanos, Nanos]:
    """When the run began and ended.  Of one that failed, its summary does not tell."""
    if "first_at" in run.summary:
        first, last = run.summary["first_at"], run.summary["last_at"]
        return moment(first, "first_at"), moment(last, "last_at")
    first_at = last_at = 0
    for event in run.events():
        first_at, last_at = first_at or event.at, event.at
    return first_at, last_at
