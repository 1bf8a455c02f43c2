"""What a run came to, for a person: a few lines and aligned tables."""

import os
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from shutil import which
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.text import number, percent, plural, rounded

NARROWEST = 80
SMALL_CHANGE = 1_000
"""Money of an asset from which two decimals tell enough."""
NOTE_ON_CHECKS = (
    "What accounts here take from history stays taken until the record's next word on that price.  "
    "The record alone: --accounts 0 --strategy none."
)


def tell_run(console: Console, summary: dict[str, Any], folder: str, seconds: float) -> None:
    """The whole report of a run."""
    tell_head(console, summary, seconds)
    _book_checks(console, summary)
    tell_groups(console, summary)
    _money(console, summary)
    tell_troubles(console, summary)
    console.print("\nRun folder ", Text(folder, style="bold"), soft_wrap=True)
    console.print(f"Its story   {command()} explain {folder}", soft_wrap=True)
    console.print(f"As a page   {command()} report {folder}", soft_wrap=True)


def table(*columns: tuple[str, str], title: str = "") -> Table:
    """A plain table; each column is (heading, "left" or "right")."""
    made = Table(box=None, title=title or None, title_justify="left", pad_edge=False)
    made.title_style = "bold"
    for heading, side in columns:
        made.add_column(heading, justify="right" if side == "right" else "left", no_wrap=True)
    return made


def paper(*, error: bool = False) -> Console:
    """Where reports are printed: brackets in a name are no markup, and numbers have no colour.

    Never narrower than the tables: a terminal may break a line, but no figure is cut off.
    """
    console = Console(stderr=error, highlight=False, markup=False, emoji=False)
    console.width = max(console.width, NARROWEST)
    return console


def print_json(value: Any) -> None:  # noqa: ANN401 (anything that msgspec writes)
    """One JSON object on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def command() -> str:
    """How this program is called from here: by its name, or by the path that it was started by."""
    started = Path(sys.argv[0])
    if which("plimsoll") or started.name != "plimsoll":
        return "plimsoll"
    path = os.path.relpath(started)
    return str(started) if path.startswith("..") else path


def signed_text(value: Fraction, written: Callable[..., str]) -> Text:
    """A gain or loss: always with its sign, so that colour is not needed."""
    style = "red" if value < 0 else "green" if value > 0 else ""
    return Text(written(value, signed=True), style=style)


def tell_head(console: Console, summary: dict[str, Any], seconds: float) -> None:
    """What ran, how far, how fast, and its digest."""
    title = f"{summary['title'] or summary['scenario']}"
    console.print(Text(title, style="bold"), Text(f"under the {summary['rulebook']} rulebook"))
    if "digest" not in summary:
        return
    rate = summary["commands"] / max(seconds, 0.001)
    interrupted = Text("(interrupted)" if summary["interrupted"] else "", style="yellow")
    console.print(f"{summary['first_at']} to {summary['last_at']} ", interrupted)
    console.print(
        f"{summary['feed_items']:,} feed items, {summary['commands']:,} commands "
        f"({summary['rejected']:,} rejected), {summary['events']:,} events"
    )
    console.print(f"in {seconds:.1f} s, {rate:,.0f} commands/s, core {summary['core']}")
    console.print(f"digest {summary['digest']}", style="dim")


def _book_checks(console: Console, summary: dict[str, Any]) -> None:
    checks = summary.get("book_checks") or {}
    if not checks:
        return
    made = table(
        ("Rebuilt book against its record", "left"),
        ("moments", "right"),
        ("best prices equal", "right"),
        ("share", "right"),
        ("and sizes", "right"),
    )
    for symbol, one in checks.items():
        made.add_row(
            symbol,
            f"{one['total']:,}",
            f"{one['prices_agreed']:,}",
            percent(one["prices_agreed"], one["total"], 3),
            percent(one["agreed"], one["total"], 3),
        )
    console.print()
    console.print(made)
    if any(one["prices_agreed"] * 1000 < one["total"] * 999 for one in checks.values()):
        console.print(NOTE_ON_CHECKS, style="dim")


def tell_groups(console: Console, summary: dict[str, Any]) -> None:
    """What accounts brought in and what they have now; populations together."""
    for asset in summary["money"]:
        made = table(
            (f"Accounts, in {asset}", "left"),
            ("number", "right"),
            ("liquidated", "right"),
            ("ADL", "right"),
            ("brought in", "right"),
            ("now", "right"),
            ("profit", "right"),
        )
        groups = [one for one in summary["groups"] if one["asset"] == asset]
        if not groups:
            continue
        for group in groups:
            profit = Fraction(group["profit"])
            made.add_row(
                group["name"],
                f"{group['accounts']:,}",
                f"{group['liquidated']:,}",
                f"{group['deleveraged']:,}",
                rounded(Fraction(group["deposited"])),
                rounded(Fraction(group["total"])),
                signed_text(profit, rounded),
            )
        console.print()
        console.print(made)


def _money(console: Console, summary: dict[str, Any]) -> None:
    for asset, one in summary["money"].items():
        made = table((f"Where all {asset} is", "left"), ("", "right"))
        balances = {name: Fraction(amount) for name, amount in one["balances"].items()}
        # Two decimals of a dollar are enough; of a coin they would hide what there is.
        places = 2 if max(map(abs, balances.values())) >= SMALL_CHANGE else 8
        for name, amount in balances.items():
            made.add_row(name, number(amount, places))
        made.add_row("sum", number(Fraction(one["sum"]), places), style="bold")
        console.print()
        console.print(made)


def tell_troubles(console: Console, summary: dict[str, Any]) -> None:
    """What went wrong, and which expectations hold."""
    lines = list(_complaints(summary))
    if lines:
        console.print()
    for line in lines:
        console.print(Text(line, style="red"), soft_wrap=True)
    expectations = summary["expectations"]
    if expectations["checked"]:
        failures = expectations["failures"]
        kept = expectations["checked"] - len(failures)
        console.print(f"\nExpectations  {kept:,} of {expectations['checked']:,} hold")
        for failure in failures:
            console.print(Text(f"  {failure}", style="red"), soft_wrap=True)


def strategy_stops(summary: dict[str, Any]) -> Iterator[str]:
    """The strategies that the venue stopped, and why, a line each."""
    for one in summary.get("strategies", ()):
        if one["stopped"]:
            at = one["stopped_at"][11:19]
            yield f"strategy {one['name']} was stopped at {at}: {one['stopped']}"


def strategy_refusals(summary: dict[str, Any]) -> Iterator[str]:
    """The strategies whose commands were refused: how many, and the first of them."""
    for one in summary.get("strategies", ()):
        refused = one.get("refused", {"count": 0})
        if refused["count"]:
            at, why = refused["first_at"][11:19], refused["detail"] or refused["reason"]
            yield f"{one['name']}: {refused['count']:,} refused, first at {at}: {why}"


def _complaints(summary: dict[str, Any]) -> Iterator[str]:
    """What went wrong, a line each."""
    yield from strategy_stops(summary)
    yield from strategy_refusals(summary)
    for feed in summary["feeds"]:
        for kind, count in feed["defects"].items():
            yield f"{feed['name']}: {count:,} x {kind}; first: {feed['first_defects'][kind]}"
    for reason, count in summary["positions_refused"].items():
        first = summary["first_refused"][reason]
        yield f"{plural(count, 'position')} refused, {reason}; first: {first}"
    if summary["positions_not_opened"]:
        waiting = plural(summary["positions_not_opened"], "position")
        yield f"{waiting} never brought in: the instrument had no mark price"
    if summary["error"]:
        yield summary["error"]
