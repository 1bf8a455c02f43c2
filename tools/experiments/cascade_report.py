"""The cascade experiment, told beside the fixed point that predicts it."""

from fractions import Fraction
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from exchange.core.units import decimal
from tools.compare_report import headed, print_wide
from tools.experiments.cascade_cells import Cascade
from tools.story_facts import row_text
from tools.text import number, percent

ABOUT = (
    "Without feedback the book is made whole before each mark: the mark falls by the shock, and no "
    "further.  With\nit, each mark is the best bid that the liquidations before have left.  Shares "
    "are of the open interest; the\nformula is the fixed point x = shock + I(F(x))."
)


def tell_cascades(console: Console, cascades: list[Cascade]) -> None:
    """The table."""
    console.print("How far liquidations carry a shock", style="bold")
    console.print(ABOUT, style="dim", soft_wrap=True)
    print_wide(console, cascade_table(cascades))


def cascade_facts(cascades: list[Cascade]) -> list[dict[str, Any]]:
    """The same for machines."""
    return [
        row_text(msgspec.structs.asdict(one))
        | {
            "amplification": decimal(one.amplification, 12),
            "predicted_amplification": decimal(one.predicted / one.shock, 12),
        }
        for one in cascades
    ]


def cascade_table(cascades: list[Cascade]) -> Table:
    """A row for each crowd, depth and shock."""
    made = headed(
        "crowd",
        [
            "\nshock",
            "depth of\nthe book",
            "liquidated\nwithout",
            "\nwith",
            "\nwaves",
            "fall of\nthe mark",
            "ampli-\nfication",
            "by the\nformula",
        ],
    )
    for one in cascades:
        made.add_row(
            one.crowd,
            percent(one.shock, 1, 0),
            f"x{number(one.depth)}",
            percent(one.first, 1),
            percent(one.all, 1),
            number(one.waves),
            percent(one.fall, 1, 2),
            times(one.amplification),
            times(one.predicted / one.shock),
        )
    return made


def times(factor: Fraction) -> str:
    """A factor to two places."""
    return number(factor, 2)
