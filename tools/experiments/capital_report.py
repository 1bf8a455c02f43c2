"""The capital experiment, told: what cross margin saves, and what it costs when it fails."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exchange.core.units import decimal
from tools.compare_report import headed, print_wide
from tools.experiments.capital_cells import LEVERAGE, SHARES, Cell, Need, Square
from tools.report import table
from tools.story_facts import row_text
from tools.text import number, percent

HALF = Fraction(1, 2)
NEEDS = (
    "The smallest deposit with which the pair is never liquidated, in so many of the paths.  "
    "Isolated: both legs\ntogether.  Saved: what cross margin needs less; * more than half.  "
    "Portfolio: by the rulebook's grid."
)
SAME_MONEY = (
    f"Both modes begin with the same money, 1/{LEVERAGE} of the notional.  Failed: paths in which "
    "a leg (isolated) or the\naccount (cross) was liquidated.  Left: average equity at the end.  "
    "Cross worse: paths that it ends with less."
)
SAVED = "What cross margin saves where {first} moves straight by (down) and {second} by (across)."
LEFT = "What cross margin ends with more (+) or less (-) on the same money, as a part of it."


def tell_capital(
    console: Console, cells: list[Cell], squares: list[Square], symbols: list[str]
) -> None:
    """All four tables."""
    console.print("Smallest deposit that survives a day", style="bold")
    console.print(NEEDS, style="dim", soft_wrap=True)
    print_wide(console, needs_table(cells))
    console.print("\nOn the same money", style="bold")
    console.print(SAME_MONEY, style="dim", soft_wrap=True)
    print_wide(console, money_table(cells))
    first, second = symbols
    console.print("\nStraight moves of a hedge", style="bold")
    console.print(SAVED.format(first=first, second=second), style="dim", soft_wrap=True)
    print_wide(console, square_table(squares, first, saved_text))
    console.print()
    console.print(LEFT, style="dim", soft_wrap=True)
    print_wide(console, square_table(squares, first, left_text))


def capital_facts(cells: list[Cell], squares: list[Square]) -> dict[str, Any]:
    """The same for machines."""
    return {
        "random": [
            row_text(msgspec.structs.asdict(one))
            | {
                "needs": {
                    name: row_text(msgspec.structs.asdict(need) | {"saved": need.saved})
                    for name, need in one.needs.items()
                }
            }
            for one in cells
        ],
        "straight": [
            row_text(msgspec.structs.asdict(one))
            | {"moves": [str(move) for move in one.moves], "saved": decimal(saving(one))}
            for one in squares
        ],
    }


def needs_table(cells: list[Cell]) -> Table:
    """A row for each book and move."""
    headings = ["correl-\nation"]
    for share in SHARES:
        headings += [f"{share}\nisolated", "\ncross", "\nsaved", "port-\nfolio"]
    made = headed("book", ["a day\nmoves", *headings])
    for one in cells:
        needs = [text for share in SHARES for text in need_texts(one.needs[share])]
        made.add_row(one.book, percent(one.move, 1, 0), correlation(one), *needs)
    return made


def need_texts(need: Need) -> list[str | Text]:
    """Four cells."""
    money = [number(one, 0) for one in (need.isolated, need.cross, need.portfolio)]
    return [*money[:2], saved(need.saved), money[2]]


def money_table(cells: list[Cell]) -> Table:
    """A row for each book and move."""
    headings = ("a day\nmoves", "correl-\nation", "isolated\nfailed", "cross\nfailed")
    ends = ("isolated\nleft", "cross\nleft", "cross\nbetter", "cross\nworse")
    made = headed("book", [*headings, *ends])
    for one in cells:
        made.add_row(
            one.book,
            percent(one.move, 1, 0),
            correlation(one),
            percent(one.isolated_failed, 1, 0),
            percent(one.cross_failed, 1, 0),
            number(one.isolated_left, 0),
            number(one.cross_left, 0),
            percent(one.cross_better, 1, 0),
            percent(one.cross_worse, 1, 0),
        )
    return made


def square_table(
    squares: list[Square], symbol: str, write: Callable[[Square], str | Text]
) -> Table:
    """A row for each move of the first coin, a column for each of the second."""
    columns = list(dict.fromkeys(one.moves[1] for one in squares))
    made = table((symbol, "left"), *[(signed(move), "right") for move in columns])
    for move in dict.fromkeys(one.moves[0] for one in squares):
        made.add_row(signed(move), *[write(one) for one in squares if one.moves[0] == move])
    return made


def saving(one: Square) -> Fraction:
    """What cross margin needs less, as a part of what isolated margin needs."""
    return Need(isolated=one.isolated, cross=one.cross, portfolio=one.portfolio).saved


def saved_text(one: Square) -> str | Text:
    """A saving."""
    return saved(saving(one))


def left_text(one: Square) -> str | Text:
    """What is left more in cross margin, as a part of the deposit."""
    more = (one.cross_left - one.isolated_left) / one.deposit
    style = "green" if more > 0 else "red" if more < 0 else "dim"
    return Text(signed(more), style=style)


def saved(share: Fraction) -> Text:
    """A saving, with a star where it is more than half."""
    star = "*" if share > HALF else " "
    return Text(percent(share, 1, 0) + star, style="green" if share > HALF else "")


def signed(share: Fraction) -> str:
    """A part in per cent, with its sign."""
    return f"{number(share * 100, 0, signed=share != 0)}%"


def correlation(one: Cell) -> str:
    """Two places."""
    return number(one.correlation, 2)
