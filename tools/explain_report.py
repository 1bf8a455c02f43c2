"""The list of a run's liquidations, and the stories told in full, for a person."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.explain import Explanation
from tools.record_report import counted_kinds, tell_records
from tools.report import signed_text, strategy_stops, table
from tools.stories import Story
from tools.story_facts import totals
from tools.story_report import LISTED, tell_story
from tools.text import clock, compact, money, number, plural, price

WIDE = 108
"""Columns of a console that has room for every figure of the list."""


def tell_explanation(console: Console, it: Explanation) -> None:
    """All that was asked for."""
    account = it.asked.account
    rows = LISTED if it.asked.limit else None
    console.print(it.run.title, style="bold")
    for line in strategy_stops(it.run.summary if it.run.ended else {}):
        console.print(line, style="red", soft_wrap=True)
    if not it.asked.number:
        _headline(console, it)
    for story in it.told:
        tell_records(console, story.account, it.before(story), listed=rows)
        console.print()
        tell_story(console, story, len(it.stories), listed=rows)
    if not it.asked.number:
        tell_records(console, account, it.afterwards, listed=rows)
    if it.deleveraged:
        console.print()
        console.print(_deleveraged(it))
    if it.unfinished is not None and account in {"", it.unfinished.account}:
        console.print()
        tell_story(console, it.unfinished, len(it.stories) + 1)
    if it.torn:
        console.print(f"\nThe journal is not whole: {it.torn}", style="yellow")


def _headline(console: Console, it: Explanation) -> None:
    whose = f" of {it.asked.account}" if it.asked.account else ""
    console.print(f"{plural(len(it.concerned), 'liquidation')}{whose}")
    if it.records and not it.asked.account:
        console.print(f"Besides, {counted_kinds(it.records)}; --account tells them.")
    if len(it.concerned) <= 1:
        return
    console.print()
    console.print(_list(it, wide=console.width >= WIDE))
    hidden = len(it.concerned) - len(it.listed)
    if hidden:
        console.print(
            f"The {len(it.listed):,} largest; {hidden:,} more with --all.  "
            "One of them: --number or --account.",
            style="dim",
        )


def _list(it: Explanation, *, wide: bool) -> Table:
    made = table(("#", "right"), ("time", "left"), ("account", "left"), ("scope", "left"))
    figures = ["equity", "margin"] if wide else []
    figures += ["closed", "realised", "fee", "fund", "ADL"]
    for heading in figures:
        made.add_column(heading, justify="right", no_wrap=True)
    made.add_column("end", no_wrap=True)
    made.padding = (0, 1, 0, 0)
    for story in it.listed:
        made.add_row(*_names(story), *[_figure(story, one) for one in figures], story.end)
    for asset, sums in totals(it.concerned).items():
        blank = [""] * (2 if wide else 0)
        made.add_row("", "", f"all, {asset}", "", *blank, *_sums(sums), "", style="bold")
    return made


def _names(story: Story) -> tuple[str, ...]:
    return f"{story.number:,}", _time(story), story.account, story.symbol or str(story.mode)


def _time(story: Story) -> str:
    """The time of day, to the second."""
    return clock(story.at)[11:19]


def _figure(story: Story, heading: str) -> str | Text:
    if heading == "ADL":
        return number(story.adl_count)
    if heading == "realised":
        return signed_text(story.realised_pnl, compact)
    return compact(
        {
            "equity": story.equity,
            "margin": story.maintenance_margin,
            "closed": story.closed(long=True) + story.closed(long=False),
            "fee": story.liquidation_fees,
            "fund": story.fund_paid,
        }[heading]
    )


def _sums(sums: dict[str, Any]) -> tuple[str, ...]:
    return (
        compact(sums["closed_long"] + sums["closed_short"]),
        compact(sums["realised_pnl"], signed=True),
        compact(sums["liquidation_fees"]),
        compact(sums["fund_paid"]),
        number(sums["adl_count"]),
    )


def _deleveraged(it: Explanation) -> Table:
    """Where the account's own positions were closed against others' liquidations."""
    made = table(
        ("time", "left"),
        ("symbol", "left"),
        ("against", "left"),
        ("rank", "right"),
        ("size", "right"),
        ("price", "right"),
        ("realised PnL", "right"),
        title=f"{it.asked.account} was deleveraged {plural(len(it.deleveraged), 'time')}",
    )
    for story, symbol, one in it.deleveraged[: it.asked.limit]:
        names = (_time(story), symbol, story.account)
        figures = (f"{one.rank:,}", number(one.size), price(one.price))
        made.add_row(*names, *figures, signed_text(one.realised_pnl, money))
    hidden = len(it.deleveraged[it.asked.limit or len(it.deleveraged) :])
    if hidden:
        made.caption = f"and {plural(hidden, 'time')} more, with --all"
        made.caption_justify = "left"
    return made
