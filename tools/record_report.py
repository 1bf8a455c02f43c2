"""What happened to an account's money beside trades and liquidations, for a person."""

from collections import Counter

from rich.console import Console

from tools.report import table
from tools.stories import labelled
from tools.story_report import exchanged_text
from tools.text import clock, number, plural
from tools.upkeep import Exchanged, Interest, Record

KINDS = {
    "Interest": "payment of interest",
    "Exchanged": "exchange of collateral",
    "MarginAdded": "addition of margin",
}


def tell_records(
    console: Console, account: str, records: list[Record], *, listed: int | None
) -> None:
    """A row for each, in order; the last so many where there are more."""
    if not records:
        return
    title = f"What happened to the money of {account}"
    made = table(("time", "left"), ("", "left"), ("", "left"), title=title)
    made.columns[2].no_wrap = False
    shown = records[-listed:] if listed is not None else records
    if len(records) > len(shown):
        made.add_row("", f"{len(records) - len(shown):,} earlier", "with --all")
    for record in shown:
        made.add_row(clock(record.at)[:19], *_told(record))
    console.print()
    console.print(made)


def _told(record: Record) -> tuple[str, str]:
    """What it was, and its figures."""
    if isinstance(record, Interest):
        rate = f"{number(record.rate * 100)}%"
        owed = f"for an hour on {number(record.borrowed)} owed at {rate}"
        balance = f"balance {number(record.balance)}"
        return "interest", f"{number(record.amount)} {record.asset} {owed}; {balance}"
    if isinstance(record, Exchanged):
        repaid = f"{number(record.repaid)} {record.bought}"
        return "repaid", f"{repaid} that the venue does not lend, {exchanged_text(record)}"
    own = labelled(record.symbol, record.position_side)
    lacked = f"{number(record.amount)} {record.asset} to isolated {own}, which lacked "
    lacked += number(record.lacking)
    left = f"{number(record.bucket)} in it, {number(record.wallet)} in the wallet"
    return "margin added", f"{lacked}; {left}"


def counted_kinds(records: list[Record]) -> str:
    """How many there were of each kind: "3 payments of interest"."""
    counts = Counter(type(record).__name__ for record in records)
    return ", ".join(_many(counts[kind], name) for kind, name in KINDS.items() if counts[kind])


def _many(count: int, name: str) -> str:
    first, rest = name.split(" ", 1)
    return f"{plural(count, first)} {rest}"
