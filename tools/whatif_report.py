"""A fork beside its run: what became of the account in each, and of everybody."""

from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from tools.compare_facts import AccountFigures, Figures, account_figures, figures, tables, texts
from tools.compare_report import (
    ABOUT,
    ACCOUNT_COLUMNS,
    COLUMNS,
    headed,
    print_wide,
    row,
)
from tools.report import command, tell_troubles
from tools.running import Done, carry_out
from tools.runs import RunError, RunRecord, open_run
from tools.whatif import Change, fork, refused, shared

BEFORE, AFTER = "as it was", "what if"


class WhatIf(NamedTuple):
    """A run and its fork."""

    change: Change
    run: RunRecord
    done: Done
    """The fork."""
    shared: int
    """Events that both begin with."""
    accounts: tuple[dict[str, AccountFigures], dict[str, AccountFigures]]
    """By settlement asset, as it was and as it would have been."""
    whole: tuple[dict[str, Figures], dict[str, Figures]]


def what_if(folder: Path, change: Change, files: Path, base: Path, *, quiet: bool) -> WhatIf:
    """Fork a run and carry the fork out.

    Raises RunError where it cannot be forked, or the venue refuses the change.
    """
    run = open_run(folder)
    done = carry_out(fork(run, change, files), base, quiet=quiet)
    complaints = refused(done.summary)
    if complaints:
        raise RunError(f"{done.folder}: {complaints[0]}")
    forked = open_run(done.folder)
    before, after = tables(run), tables(forked)
    return WhatIf(
        change,
        run,
        done,
        shared(run, forked),
        (account_figures(before, change.account), account_figures(after, change.account)),
        (figures(before), figures(after)),
    )


def whatif_facts(told: WhatIf) -> dict[str, Any]:
    """A fork for machines."""
    both = {
        "as_it_was": (told.run.folder, told.run.summary, told.accounts[0], told.whole[0]),
        "what_if": (told.done.folder, told.done.summary, told.accounts[1], told.whole[1]),
    }
    return {
        "change": {name: value for name, value in told.change._asdict().items() if value},
        "shared_events": told.shared,
        **{
            name: {
                "folder": str(folder),
                "digest": summary["digest"],
                "account": {asset: texts(one) for asset, one in account.items()},
                "figures": {asset: texts(one) for asset, one in whole.items()},
            }
            for name, (folder, summary, account, whole) in both.items()
        },
    }


def tell_whatif(console: Console, told: WhatIf) -> None:
    """A fork for people."""
    change = told.change
    asked = {name: value for name, value in change._asdict().items() if value}
    told_of = ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in asked.items()
        if name not in {"account", "at"}
    )
    console.print(Text(f"{told.run.title}: what if", style="bold"))
    console.print(f"{change.account} at {change.at}: {told_of}")
    console.print(f"The first {told.shared:,} events are the same.", style="dim")
    for asset in told.accounts[0]:
        made = headed(f"{change.account}, in {asset}", [name for name, _ in ACCOUNT_COLUMNS])
        for name, own in zip((BEFORE, AFTER), told.accounts, strict=True):
            made.add_row(name, *row(own.get(asset), ACCOUNT_COLUMNS))
        print_wide(console, made)
    for asset in told.whole[0]:
        made = headed(f"Everybody, in {asset}", [name for name, _ in COLUMNS])
        for name, whole in zip((BEFORE, AFTER), told.whole, strict=True):
            made.add_row(name, *row(whole.get(asset), COLUMNS))
        print_wide(console, made)
    console.print(ABOUT, style="dim", soft_wrap=True)
    tell_troubles(console, told.done.summary)
    console.print("\nRun folder ", Text(str(told.done.folder), style="bold"), soft_wrap=True)
    story = f"explain {told.done.folder} --account {change.account}"
    console.print(f"Its story   {command()} {story}", soft_wrap=True)
