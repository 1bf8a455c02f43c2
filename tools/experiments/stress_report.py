"""Stress days told: what was modelled beside what was reported, and why they differ."""

from fractions import Fraction
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from exchange.core.units import decimal
from tools.compare_report import headed, print_wide
from tools.experiments.stress import FAMILY, StressDay
from tools.story_facts import row_text
from tools.text import compact, number

ABOUT = (
    "Money in the quote currency, scaled up to the day.  The crowd is calibrated to open interest "
    "alone: no figure\nof the model is fitted to what was liquidated.  Wick: how far from the mark "
    "a liquidation traded at most."
)


def tell_stress(console: Console, days: list[StressDay]) -> None:
    """The table, and a remark on each day."""
    console.print("Stress days: modelled, and reported", style="bold")
    console.print(ABOUT, style="dim", soft_wrap=True)
    print_wide(console, stress_table(days))
    for day in days:
        if day.remark and not day.without:
            console.print(f"\n{label(day)}  under the {day.rulebook} rulebook", style="bold")
            console.print(" ".join(day.remark.split()), soft_wrap=True)
        if day.refused:
            console.print(f"{number(day.refused)} positions were refused.", style="yellow")


def stress_facts(days: list[StressDay]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        row_text(msgspec.structs.asdict(day))
        | {"ratio": None if day.ratio is None else decimal(day.ratio, 12)}
        for day in days
    ]


def stress_table(days: list[StressDay]) -> Table:
    """A row for each day, and one for each day without its incident."""
    made = headed(
        "day",
        [
            "one for\nso many",
            "furthest\nmark",
            "open\ninterest",
            "re-\nported",
            "liqui-\ndated",
            "re-\nported",
            "\nratio",
            "\nby ADL",
            "venue\ntook",
            "fund's\nchange",
            "others\nlost",
            "\nwick",
        ],
    )
    for day in days:
        made.add_row(
            label(day),
            number(day.scale),
            f"{number(day.fall * 100, 1, signed=True)}%",
            compact(day.open_interest),
            _reported(day.open_interest_reported),
            compact(day.liquidated),
            _reported(day.liquidated_reported),
            "-" if day.ratio is None else number(day.ratio, 2),
            compact(day.deleveraged),
            compact(day.taken_over),
            compact(day.fund_change, signed=True),
            compact(day.socialised),
            f"{number(day.wick * 100, 1, signed=True)}%",
        )
    return made


def label(day: StressDay) -> str:
    """What a row is called."""
    name = day.scenario.removeprefix(FAMILY)
    return f"- without {day.without}" if day.without else name


def _reported(figure: Fraction | None) -> str:
    return "-" if figure is None else compact(figure)
