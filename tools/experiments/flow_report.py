"""The facts of the models, told as a table."""

from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from tools.compare_report import headed, print_wide
from tools.experiments.flow_cells import Facts

ABOUT = (
    "Returns are of 5 seconds; for a normal law kurtosis is 0, and the tail above 4.  Clustering "
    "is the autocorrelation\nof absolute returns, mean over a minute; memory is that of returns.  "
    "An order of size q reaches q^impact ticks far."
)


def tell_flows(console: Console, found: list[Facts]) -> None:
    """The table."""
    console.print("What each model of order flow shows", style="bold")
    console.print(ABOUT, style="dim", soft_wrap=True)
    print_wide(console, flow_table(found))


def flow_table(found: list[Facts]) -> Table:
    """A row for each model."""
    made = headed(
        "model",
        [
            "volatility\nbp",
            "\nkurtosis",
            "kurtosis\nof 30 s",
            "\ntail",
            "\nmemory",
            "clus-\ntering",
            "\nspread",
            "99 of 100\nbelow",
            "signs\n1 apart",
            "signs\n10 apart",
            "\nimpact",
        ],
    )
    for one in found:
        made.add_row(
            one.model,
            places(one.volatility * 10_000),
            places(one.kurtosis),
            places(one.kurtosis_later),
            places(one.tail),
            places(one.memory),
            places(one.clustering),
            places(one.spread),
            str(one.spread_99),
            places(one.signs),
            places(one.signs_10),
            places(one.impact),
        )
    return made


def flow_rows(found: list[Facts]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        {
            name: places(value, 6) if isinstance(value, float) else value
            for name, value in msgspec.structs.asdict(one).items()
        }
        for one in found
    ]


def places(value: float, count: int = 2) -> str:
    """A figure, rounded; never minus zero.

    >>> places(0.126), places(-0.001)
    ('0.13', '0.00')
    """
    return f"{round(value, count) + 0.0:.{count}f}"
