"""A comparison for people: a row for each case, and one for each account in each case."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.compare_facts import AccountFigures, Figures, account_figures, figures, tables, texts
from tools.compare_runs import Ran
from tools.report import (
    NARROWEST,
    command,
    signed_text,
    strategy_refusals,
    strategy_stops,
    table,
)
from tools.runs import open_run
from tools.text import compact, number

Cell = str | Text
COLUMNS: tuple[tuple[str, Callable[[Figures], Cell]], ...] = (
    ("liqui-\ndations", lambda one: number(one.liquidations)),
    ("of\naccounts", lambda one: number(one.accounts)),
    ("first\none", lambda one: clock_of(one.first)),
    ("notional\nclosed", lambda one: compact(one.closed)),
    ("of it\nby ADL", lambda one: compact(one.adl)),
    ("lost by\nthem", lambda one: compact(one.lost)),
    ("liq.\nfees", lambda one: compact(one.liquidation_fees)),
    ("trading\nfees", lambda one: compact(one.trading_fees)),
    ("fund\npaid", lambda one: compact(one.fund_paid)),
    ("fund\nleft", lambda one: compact(one.fund_left)),
    ("social-\nised", lambda one: compact(one.socialised)),
    ("equity\nleft", lambda one: compact(one.equity)),
)
ABOUT = (
    "Lost by them: by the accounts that were liquidated, from beginning to end.  Socialised: loss "
    "that neither\nthe loser nor the fund paid.  Equity left: of all traders, at the end."
)
ACCOUNT_COLUMNS: tuple[tuple[str, Callable[[AccountFigures], Cell]], ...] = (
    ("liqui-\ndations", lambda one: number(one.liquidations)),
    ("first\none", lambda one: clock_of(one.first)),
    ("notional\nclosed", lambda one: compact(one.closed)),
    ("liq.\nfees", lambda one: compact(one.liquidation_fees)),
    ("trading\nfees", lambda one: compact(one.trading_fees)),
    ("fund\npaid", lambda one: compact(one.fund_paid)),
    ("\nprofit", lambda one: signed_text(one.profit, compact)),
    ("equity\nleft", lambda one: compact(one.equity)),
    ("open\npositions", lambda one: number(one.open_positions)),
)


class Compared(NamedTuple):
    """A case and its figures, by settlement asset; none where it did not run."""

    ran: Ran
    whole: dict[str, Figures]
    accounts: dict[str, dict[str, AccountFigures]]
    """By name: those that were asked for."""


def compared(ran: Ran, accounts: Sequence[str]) -> Compared:
    """Read what a case left behind."""
    if not ran.summary:
        return Compared(ran, {}, {})
    read = tables(open_run(ran.job.folder))
    return Compared(ran, figures(read), {name: account_figures(read, name) for name in accounts})


def comparison_facts(title: str, found: Sequence[Compared]) -> dict[str, Any]:
    """A comparison for machines."""
    return {
        "scenario": title,
        "cases": [
            {
                "name": one.ran.job.name,
                "rulebook": one.ran.summary.get("rulebook", one.ran.job.scenario.rulebook),
                "folder": str(one.ran.job.folder) if one.ran.summary else "",
                "digest": one.ran.summary.get("digest", ""),
                "error": one.ran.error,
                "strategies": one.ran.summary.get("strategies", []),
                "figures": {asset: texts(row) for asset, row in one.whole.items()},
                "accounts": {
                    name: {asset: texts(row) for asset, row in rows.items()}
                    for name, rows in one.accounts.items()
                },
            }
            for one in found
        ],
    }


def tell_comparison(console: Console, title: str, found: Sequence[Compared]) -> None:
    """A comparison for people."""
    console.print(Text(title, style="bold"))
    assets = dict.fromkeys(asset for one in found for asset in one.whole)
    for asset in assets:
        print_wide(console, cases_table(asset, found))
    if assets:
        console.print(ABOUT, style="dim", soft_wrap=True)
    for account in dict.fromkeys(name for one in found for name in one.accounts):
        for asset in assets:
            print_wide(console, account_table(account, asset, found))
    tell_errors(console, found)
    folders = [str(one.ran.job.folder) for one in found if one.ran.summary]
    if folders:
        console.print("\nRun folders ", Text(folders[0], style="bold"), soft_wrap=True)
        for folder in folders[1:]:
            console.print("            ", Text(folder, style="bold"), soft_wrap=True)
        console.print(f"As a page   {command()} report {' '.join(folders)}", soft_wrap=True)


def cases_table(asset: str, found: Sequence[Compared]) -> Table:
    """A row for each case."""
    made = headed(f"In {asset}", [heading for heading, _ in COLUMNS])
    for one in found:
        figures = one.whole.get(asset)
        made.add_row(one.ran.job.name, *row(figures, COLUMNS))
    return made


def account_table(account: str, asset: str, found: Sequence[Compared]) -> Table:
    """A row for what became of an account in each case."""
    made = headed(f"{account}, in {asset}", [heading for heading, _ in ACCOUNT_COLUMNS])
    for one in found:
        own = one.accounts.get(account, {}).get(asset)
        made.add_row(one.ran.job.name, *row(own, ACCOUNT_COLUMNS))
    return made


def row(figures: Any, columns: Sequence[tuple[str, Callable[[Any], Cell]]]) -> list[Cell]:  # noqa: ANN401
    """The cells of a row; dashes where there is nothing to tell."""
    return [write(figures) if figures is not None else "-" for _, write in columns]


def headed(first: str, headings: Sequence[str]) -> Table:
    """A table of figures with headings of two lines."""
    made = table((f"\n{first}", "left"))
    made.padding = (0, 1, 0, 0)
    for heading in headings:
        made.add_column(heading, justify="right", no_wrap=True)
    return made


def print_wide(console: Console, made: Table) -> None:
    """A table, never narrower than its figures: a terminal may break a line."""
    boundless = console.options.update(width=10 * NARROWEST)
    console.width = max(console.width, console.measure(made, options=boundless).maximum)
    console.print()
    console.print(made)


def tell_errors(console: Console, found: Sequence[Compared]) -> None:
    """The cases in which something did not go as asked, and why."""
    lines = [f"{one.ran.job.name}: {line}" for one in found for line in complaints(one.ran)]
    if lines:
        console.print()
    for line in lines:
        console.print(line, style="red", soft_wrap=True)


def complaints(ran: Ran) -> list[str]:
    """What went wrong in a case: a strategy that was refused looks like one that lost nothing."""
    stops, refusals = strategy_stops(ran.summary), strategy_refusals(ran.summary)
    return [*([ran.error] if ran.error else []), *stops, *refusals]


def clock_of(at: str) -> str:
    """The time of day of "2025-10-10T21:13:07.5Z"; a dash where there is none."""
    return at[11:19] or "-"
