"""The command line: plimsoll demo, run, replay, compare, explain, report, validate, ..."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.text import Text

from exchange.core.messages import MarginMode
from exchange.core.rules import Rulebook
from exchange.journal import JournalError
from exchange.rulebook import RulebookError
from feeds import TickFileError
from strategies import StrategyError
from tools import scenario as scenarios
from tools.build import Run
from tools.catalog import catalog
from tools.compare import cases, jobs
from tools.compare_report import compared, comparison_facts, tell_comparison
from tools.compare_runs import carry_out_all, exit_code
from tools.convert import convert
from tools.demo import demo_facts, demo_run, tell_demo
from tools.download import download
from tools.experiments import commands as experiments
from tools.explain import LISTED, Asked, explain, explanation_facts
from tools.explain_report import tell_explanation
from tools.frames import MissingExtraError
from tools.inspect_file import inspect
from tools.progress import waiting
from tools.replay import Replay, replay_scenario
from tools.report import paper, print_json, tell_run
from tools.report_page import (
    place_of_page,
    report_data,
    report_page,
    without_pages,
    write_page,
    write_pictures,
)
from tools.run_folder import core_kind, plimsoll_version
from tools.running import Done, carry_out, log_to_stderr
from tools.runs import RunError, open_run
from tools.scenario import ScenarioError
from tools.schema import schema as schema_of
from tools.vectors.cases import VectorError
from tools.vectors.report import facts as vector_facts
from tools.vectors.report import tell_topics, tell_vectors
from tools.vectors.run import results as vector_results
from tools.vectors.topics import topics as vector_topics
from tools.whatif import Change
from tools.whatif_report import tell_whatif, what_if, whatif_facts

app = typer.Typer(
    help="A derivatives venue in a box: matching, margin, and the liquidation waterfall.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
BASE = Path("runs")
BAD_INPUT = (
    ScenarioError,
    RunError,
    RulebookError,
    JournalError,
    TickFileError,
    StrategyError,
    MissingExtraError,
    VectorError,
)

Json = Annotated[bool, typer.Option("--json", help="For machines: one JSON object on stdout.")]
Out = Annotated[Path, typer.Option("--out", help="Where run folders are made.")]
Name = Annotated[str, typer.Argument(help="A shipped scenario's name, or a .toml file.")]
Until = Annotated[
    str, typer.Option("--until", help='End earlier: "2025-10-10T21:30:00" or "+90" seconds.')
]
Speed = Annotated[
    str,
    typer.Option("--speed", help="Times as fast as life: 1, 10, 0.5; as fast as it goes if empty."),
]


ReadAhead = Annotated[
    bool,
    typer.Option(
        "--read-ahead",
        help="Read the files in a second process: faster where a core is free, the same results.",
    ),
]


@app.command()
def run(
    scenario: Name,
    out: Out = BASE,
    until: Until = "",
    speed: Speed = "",
    *,
    read_ahead: ReadAhead = False,
    as_json: Json = False,
) -> None:
    """Run a scenario, and leave a folder with its journal, tables and summary.

    Ctrl-C ends it in good order, with what there is.
    """
    path = scenarios.find(scenario)
    built = Run(scenarios.read(path), path, until=until, speed=speed, read_ahead=read_ahead)
    finish(carry_out(built, out, quiet=as_json), as_json=as_json)


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(help="Tick files, spot recordings among them.")],
    out: Out = BASE,
    rulebook: Annotated[str, typer.Option(help="The venue's rules.")] = "general",
    accounts: Annotated[
        int, typer.Option(min=0, help="Leveraged accounts near their liquidation, per contract.")
    ] = 100,
    strategy: Annotated[
        list[str] | None, typer.Option(help="A strategy's name, file.py:Class, or none.")
    ] = None,
    instrument: Annotated[
        list[str] | None,
        typer.Option(help="SYMBOL:TICK:LOT, where the file's own grid is too coarse to tell."),
    ] = None,
    on_defect: Annotated[str, typer.Option(help="stop, skip or repair bad rows.")] = "stop",
    columns: Annotated[
        list[str] | None,
        typer.Option(help="MEANING=COLUMN, for tables with other names: price=px."),
    ] = None,
    start: Annotated[
        str, typer.Option("--from", help="Begin here, with the market as it stood: UTC.")
    ] = "",
    end: Annotated[str, typer.Option("--to", help="End before this moment, in UTC.")] = "",
    until: Until = "",
    speed: Speed = "",
    *,
    as_recorded: Annotated[
        bool, typer.Option("--as-recorded", help="Make up no book where none was recorded.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Print the scenario that was made, and do not run it.")
    ] = False,
    read_ahead: ReadAhead = False,
    as_json: Json = False,
) -> None:
    """Replay recordings: a scenario from defaults.  A spot file becomes its perpetual's index."""
    asked = Replay(
        files=tuple(files),
        rulebook=rulebook,
        accounts=accounts,
        strategies=tuple(strategy or ("market_maker", "trend_follower")),
        grids=tuple(instrument or ()),
        on_defect=on_defect,
        columns=tuple(columns or ()),
        start=start,
        end=end,
        as_recorded=as_recorded,
    )
    made = replay_scenario(asked)
    if show:
        sys.stdout.write(scenarios.text(made))
        return
    built = Run(made, Path("replay"), until=until, speed=speed, read_ahead=read_ahead)
    if made.notes and not as_json:
        paper().print(made.notes, style="dim", soft_wrap=True)
    finish(carry_out(built, out, quiet=as_json), as_json=as_json)


@app.command("explain")
def explain_run(
    run: Annotated[Path, typer.Argument(help="A run folder, such as runs/october-1.")],
    account: Annotated[str, typer.Option(help="Only this account, and all of it.")] = "",
    number: Annotated[int | None, typer.Option(min=1, help="Tell this liquidation only.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="List so many, the largest.")] = LISTED,
    *,
    everything: Annotated[bool, typer.Option("--all", help="List them all.")] = False,
    as_json: Json = False,
) -> None:
    """Tell the story of a run's liquidations: a list, and the largest of them in full.

    What the account held, equity against maintenance margin, what was closed first and why, fills,
    fee, insurance fund, auto-deleveraging, and an account of the money.
    """
    asked = Asked(account=account, number=number or 0, limit=None if everything else limit)
    with waiting(f"Reading {run}", quiet=as_json):
        explained = explain(open_run(run), asked)
    if as_json:
        print_json(explanation_facts(explained))
    else:
        tell_explanation(paper(), explained)


@app.command("report")
def report_run(
    runs: Annotated[list[Path], typer.Argument(help="Run folders; several are compared.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The file; RUN/report.html, or comparison.html beside the runs."),
    ] = None,
    *,
    png: Annotated[bool, typer.Option("--png", help="A picture of each run, too.")] = False,
    as_json: Json = False,
) -> None:
    """Make a page of a run, to be looked at and shown: one HTML file that needs no network.

    Prices with fills and liquidations on them, equity and margin of each account, where the money
    of each liquidation went, the liquidation heatmap, and the usual statistics.
    """
    runs = without_pages(runs)
    path = out or place_of_page(runs)
    with waiting(f"Reading {', '.join(map(str, runs))}", quiet=as_json):
        data = report_data([open_run(run) for run in runs])
        write_page(path, report_page(data))
        pictures = list(write_pictures(path, data)) if png else []
    if as_json:
        print_json({"page": str(path), "pictures": [str(picture) for picture in pictures]})
        return
    for made in (path, *pictures):
        paper().print("Report ", Text(str(made), style="bold"), soft_wrap=True)


@app.command()
def demo(out: Out = BASE, *, as_json: Json = False) -> None:
    """Show 10 October 2025: a crash, its liquidations, and the story of the largest."""
    done = carry_out(demo_run(), out, quiet=as_json)
    if as_json:
        print_json(demo_facts(done))
    else:
        tell_demo(paper(), done)
    raise typer.Exit(done.exit_code)


@app.command("compare")
def compare_rules(
    scenario: Name,
    rulebook: Annotated[str, typer.Option(help="Rulebooks, with commas, or all.")] = "",
    margin: Annotated[
        str, typer.Option(help="Everybody's margin modes, with commas, or all.")
    ] = "",
    account: Annotated[
        list[str] | None, typer.Option(help="Tell of this account too, or these.")
    ] = None,
    out: Out = BASE,
    until: Until = "",
    *,
    accounts: Annotated[bool, typer.Option("--accounts", help="Of every named account.")] = False,
    as_json: Json = False,
) -> None:
    """Run a scenario under several rules, and show in one table what differs.

    The same ticks and strategies under every rulebook with every margin mode, each a whole run.
    """
    path = scenarios.find(scenario)
    read = scenarios.read(path)
    named = [part.name for part in read.accounts] if accounts else list(account or ())
    asked = jobs(read, path, cases(read, rulebook, margin), out, until=until)
    found = [compared(ran, named) for ran in carry_out_all(asked, quiet=as_json)]
    if as_json:
        print_json(comparison_facts(read.name, found))
    else:
        tell_comparison(paper(), read.title or read.name, found)
    raise typer.Exit(exit_code([one.ran for one in found]))


@app.command()
def whatif(
    run: Annotated[Path, typer.Argument(help="A run folder, such as runs/october-1.")],
    account: Annotated[str, typer.Option(help="Who does something else.")],
    at: Annotated[str, typer.Option(help='When: "2025-10-10T21:12:00", or "+90" seconds.')],
    mode: Annotated[MarginMode | None, typer.Option(help="Margin mode of its positions.")] = None,
    deposit: Annotated[str, typer.Option(help="So much more in its wallet.")] = "",
    margin: Annotated[str, typer.Option(help="So much into each isolated position.")] = "",
    size_factor: Annotated[str, typer.Option(help="Positions times this, at the mark.")] = "",
    symbol: Annotated[str, typer.Option(help="Only the position in this contract.")] = "",
    folder: Annotated[Path, typer.Option(help="Where the scenario's files are.")] = Path(),
    out: Out = BASE,
    *,
    as_json: Json = False,
) -> None:
    """Fork a run at a moment: an account has other margin, more money, or less size from then on.

    The run is repeated up to the moment, and goes on with the change to the end.
    """
    change = Change(account, at, mode, deposit, margin, size_factor, symbol)
    told = what_if(run, change, folder, out, quiet=as_json)
    if as_json:
        print_json(whatif_facts(told))
    else:
        tell_whatif(paper(), told)
    raise typer.Exit(told.done.exit_code)


@app.command("vectors")
def answer_vectors(
    files: Annotated[list[Path] | None, typer.Argument(help="JSON files of test vectors.")] = None,
    *,
    topics: Annotated[
        bool, typer.Option("--topics", help="List the topics that are known, and their inputs.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Answer published figures through the venue, and compare.

    Exit code 1 when one differs.  A topic that the venue knows nothing of is unsupported, and
    never passed; a vector whose source contradicts itself is disputed.

    A file is a list of {id, venue, topic, inputs, expected, tolerance, source}.
    """
    if topics:
        if as_json:
            print_json(
                {
                    "topics": [
                        dict(zip(("topic", "what", "inputs"), row, strict=True))
                        for row in vector_topics()
                    ]
                }
            )
        else:
            tell_topics(paper(), vector_topics())
        return
    if not files:
        raise typer.BadParameter("name a JSON file of vectors, or ask for --topics")
    found = [result for path in files for result in vector_results(path)]
    if as_json:
        print_json(vector_facts(found))
    else:
        tell_vectors(paper(), found)
    raise typer.Exit(1 if any(result.status == "fail" for result in found) else 0)


@app.command()
def validate(scenario: Name, *, as_json: Json = False) -> None:
    """Check a scenario and every file it names, without running it."""
    path = scenarios.find(scenario)
    built = Run(scenarios.read(path), path)
    facts = {
        "scenario": built.scenario.name,
        "rulebook": built.rulebook.name,
        "instruments": list(built.instruments),
        "accounts": len(built.scenario.accounts),
        "population": sum(part.count for part in built.scenario.populations),
        "strategies": [session.name for session in built.sessions],
        "feeds": [source.name for source in (built.feed.sources if built.feed else [])],
        "flows": [flow.model_name for flow in built.flows],
        "steps": len(built.scenario.steps),
    }
    if as_json:
        print_json({"file": str(path), **facts})
        return
    sys.stdout.write(f"{path} is valid\n")
    for name, fact in facts.items():
        text = f"{fact:,}" if isinstance(fact, int) else str(fact)
        if isinstance(fact, list):
            text = ", ".join(fact) or "-"
        sys.stdout.write(f"{name:<13}{text}\n")


@app.command()
def schema(
    *,
    rulebook: Annotated[bool, typer.Option("--rulebook", help="Of rulebook files.")] = False,
    as_json: Json = True,
) -> None:
    """Print the JSON schema of scenario files, or of rulebooks."""
    del as_json
    print_json(schema_of(Rulebook if rulebook else scenarios.Scenario))


@app.command("scenarios")
def list_scenarios(*, as_json: Json = False) -> None:
    """List the scenarios that come with the package."""
    found = {name: scenarios.read(scenarios.find(name)).title for name in scenarios.shipped()}
    if as_json:
        print_json(found)
        return
    width = max(map(len, found))
    for name, title in found.items():
        sys.stdout.write(f"{name:<{width}}  {title}\n")


@app.command(
    "bench",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def benchmarks(context: typer.Context) -> None:
    """Measure speed and memory, beside the peers that are installed (see bench --help)."""
    from tools.bench.__main__ import main as measure_all

    measure_all(context.args)


app.add_typer(experiments.app, name="experiment")
for data_command in (inspect, convert, catalog, download):
    app.command()(data_command)


def finish(done: Done, *, as_json: bool) -> None:
    """Report a run, and end with its exit code."""
    if as_json:
        print_json({"folder": str(done.folder), **done.summary})
    else:
        tell_run(paper(), done.summary, str(done.folder), done.seconds)
    raise typer.Exit(done.exit_code)


def show_version(asked: bool) -> None:  # noqa: FBT001 (typer's way)
    """Print the version, and end."""
    if asked:
        sys.stdout.write(
            f"plimsoll {plimsoll_version()}, Python {sys.version.split()[0]}, core {core_kind()}\n"
        )
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="And exit.")
    ] = False,
) -> None:
    """Options of every command."""
    del version
    log_to_stderr()


def main() -> None:
    """Run the command line.  Bad input is one line on standard error, and exit code 2."""
    try:
        app()
    except BAD_INPUT as error:
        complain(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))


def complain(text: str) -> NoReturn:
    """One line on standard error, however long, and exit code 2."""
    paper(error=True).print(f"plimsoll: {text}", style="red", soft_wrap=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
