"""plimsoll experiment: the questions that take many runs."""

from typing import Annotated

import typer

from tools.experiments.capital import pair_of
from tools.experiments.capital_cells import SCENARIO, cells, squares
from tools.experiments.capital_report import capital_facts, tell_capital
from tools.experiments.cascade_cells import cascades
from tools.experiments.cascade_report import cascade_facts, tell_cascades
from tools.experiments.flow_cells import flow_facts
from tools.experiments.flow_report import flow_rows, tell_flows
from tools.experiments.stress import stress_days
from tools.experiments.stress_report import stress_facts, tell_stress
from tools.report import paper, print_json

app = typer.Typer(help="Questions that take many runs.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For machines: one JSON object on stdout.")]


@app.command()
def capital(
    paths: Annotated[int, typer.Option(min=1, help="Price paths for each cell.")] = 100,
    *,
    as_json: Json = False,
) -> None:
    """Ask how much capital cross margin saves a hedge, and when it makes things worse.

    The smallest deposit that survives, searched for with the venue itself, along seeded price
    paths of stated moves and correlations.
    """
    found, straight = cells(paths=paths, quiet=as_json), squares(quiet=as_json)
    if as_json:
        print_json(capital_facts(found, straight))
    else:
        tell_capital(paper(), found, straight, list(pair_of(SCENARIO).run.instruments))


@app.command()
def cascade(*, as_json: Json = False) -> None:
    """Ask how far liquidations carry a shock, with their feedback on the price and without.

    Crowds of leveraged longs, books of several depths; the amplification beside the formula's.
    """
    found = cascades(quiet=as_json)
    if as_json:
        print_json(cascade_facts(found))
    else:
        tell_cascades(paper(), found)


@app.command()
def flow(*, as_json: Json = False) -> None:
    """Ask what each model of synthetic order flow shows of a real market, and what not.

    Fat tails, clusters of volatility, spread, impact, and the memory of buying and selling.
    """
    found = flow_facts(quiet=as_json)
    if as_json:
        print_json(flow_rows(found))
    else:
        tell_flows(paper(), found)


@app.command()
def stress(
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(help="Scenarios with a [reported] part; all that are shipped if none."),
    ] = None,
    until: Annotated[
        str, typer.Option(help='End each early: UTC, or seconds after its start, "+60".')
    ] = "",
    *,
    as_json: Json = False,
) -> None:
    """Run the stress days, and hold what is liquidated against what was reported.

    Published prices, a crowd calibrated to published open interest, the venue's own rules.
    """
    found = stress_days(scenarios, until=until, quiet=as_json)
    if as_json:
        print_json(stress_facts(found))
    else:
        tell_stress(paper(), found)
