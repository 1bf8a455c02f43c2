"""What `plimsoll demo` shows: a crash, its cascade, the story of its largest liquidation."""

from typing import Any

from rich.console import Console

from tools.build import Run
from tools.cascade import cascade, cascade_facts, cascade_table
from tools.explain import Asked, Explanation, explain
from tools.report import command, tell_groups, tell_head, tell_troubles
from tools.running import Done
from tools.runs import open_run
from tools.scenario import find, read
from tools.story_facts import facts
from tools.story_report import tell_story

SCENARIO = "october"
ABOUT_CASCADE = "Marks at their furthest from the first one; closed in the book and by ADL."


def demo_run() -> Run:
    """The shipped scenario, built."""
    path = find(SCENARIO)
    return Run(read(path), path)


def tell_demo(console: Console, done: Done) -> None:
    """The whole show, once it has run."""
    explained = explain(open_run(done.folder), Asked())
    tell_head(console, done.summary, done.seconds)
    tell_groups(console, done.summary)
    tell_troubles(console, done.summary)
    if explained.stories:
        console.print("\nThe cascade", style="bold")
        console.print(ABOUT_CASCADE, style="dim")
        console.print(cascade_table(cascade(explained.run, explained.stories)))
        console.print()
        tell_story(console, explained.told[0], len(explained.stories))
    console.print()
    _go_on(console, explained)


def demo_facts(done: Done) -> dict[str, Any]:
    """The same for machines."""
    explained = explain(open_run(done.folder), Asked())
    return {
        "folder": str(done.folder),
        **done.summary,
        "cascade": cascade_facts(cascade(explained.run, explained.stories)),
        "stories": [facts(story) for story in explained.told],
    }


def _go_on(console: Console, it: Explanation) -> None:
    """Where the run is, and what to type next."""
    folder = it.run.folder
    parquet = f'pandas.read_parquet("{folder}/liquidations.parquet")'
    lines = (
        ("Run folder", str(folder)),
        ("Every story", f"{command()} explain {folder}"),
        ("Another account", f"{command()} explain {folder} --account student"),
        ("All as a page", f"{command()} report {folder}"),
        ("Its tables", parquet),
        ("", "also accounts, fills, marks, equity, positions, bars and funds"),
        ("A run of your own", f"{command()} run SCENARIO.toml, or {command()} replay FILES"),
    )
    for label, text in lines:
        console.print(f"{label:<19}{text}", soft_wrap=True)
