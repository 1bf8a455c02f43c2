"""A run's liquidations minute by minute, beside how far the marks went."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from rich.table import Table

from exchange.core.units import SECOND, Nanos
from tools.report import table
from tools.runs import RunRecord
from tools.stories import Story
from tools.story_facts import row_text
from tools.text import clock, compact, number
from tools.times import utc

MINUTE = 60 * SECOND
HEADINGS = (
    "liqui-\ndations",
    "longs\nclosed",
    "shorts\nclosed",
    "of it\nby ADL",
    "against\naccounts",
    "fund\ngets",
    "fund\npays",
)


class Minute(msgspec.Struct, kw_only=True):
    """One minute in which somebody was liquidated.  Money is in the quote currency."""

    at: Nanos
    """Its beginning."""
    moves: dict[str, Fraction]
    """By symbol: the mark that was furthest from the run's first one, as a change from that."""
    liquidations: int = 0
    closed_long: Fraction = Fraction(0)
    """Notional of longs closed, in the book and by ADL."""
    closed_short: Fraction = Fraction(0)
    adl_notional: Fraction = Fraction(0)
    """Of both, what ADL closed."""
    adl_count: int = 0
    """Counterparties that were deleveraged."""
    liquidation_fees: Fraction = Fraction(0)
    """What the insurance fund received."""
    fund_paid: Fraction = Fraction(0)

    def add(self, story: Story) -> None:
        """Count a liquidation in."""
        quoted = story.quote_notional / story.notional
        self.liquidations += 1
        self.closed_long += story.closed(long=True) * quoted
        self.closed_short += story.closed(long=False) * quoted
        self.adl_notional += story.adl_notional * quoted
        self.adl_count += story.adl_count
        self.liquidation_fees += story.liquidation_fees * quoted
        self.fund_paid += story.fund_paid * quoted


def cascade(run: RunRecord, stories: Iterable[Story]) -> list[Minute]:
    """The minutes of a run in which somebody was liquidated, and one that sums them up.

    Its moves are the furthest of all.
    """
    marks = furthest_marks(run)
    whole = Minute(at=0, moves={})
    minutes: dict[Nanos, Minute] = {}
    for story in stories:
        at = story.at // MINUTE * MINUTE
        minute = minutes.setdefault(at, Minute(at=at, moves=marks.get(at, {})))
        minute.add(story)
        whole.add(story)
    for minute in minutes.values():
        for symbol, move in minute.moves.items():
            whole.moves[symbol] = max(whole.moves.get(symbol, move), move, key=abs)
    return [*minutes.values(), whole]


def furthest_marks(run: RunRecord) -> dict[Nanos, dict[str, Fraction]]:
    """In each minute, how far each mark was from its first one at most."""
    marks = run.marks().arrow
    minute = pc.floor_temporal(marks["at"], unit="minute").cast(pa.int64())
    rows = (
        pa.table({"symbol": marks["symbol"].cast(pa.string()), "minute": minute,
                  "units": marks["mark_units"]})
        .group_by(["symbol", "minute"], use_threads=False)
        .aggregate([("units", "first"), ("units", "min"), ("units", "max")])
        .to_pylist()
    )  # fmt: skip
    first: dict[str, int] = {}
    moves: dict[Nanos, dict[str, Fraction]] = {}
    for row in rows:
        start = first.setdefault(row["symbol"], row["units_first"])
        changes = [Fraction(row[end] - start, start) for end in ("units_min", "units_max")]
        moves.setdefault(row["minute"], {})[row["symbol"]] = max(changes, key=abs)
    return moves


def cascade_facts(minutes: list[Minute]) -> list[dict[str, Any]]:
    """The minutes for machines, without the sum."""
    return [
        row_text(msgspec.structs.asdict(one) | {"at": utc(one.at), "moves": row_text(one.moves)})
        for one in minutes[:-1]
    ]


def cascade_table(minutes: list[Minute]) -> Table:
    """The minutes for people."""
    symbols = list(minutes[-1].moves)[:4]
    made = table(("minute", "left"))
    made.padding = (0, 1, 0, 0)
    for heading in (*symbols, *HEADINGS):
        made.add_column(heading, justify="right", no_wrap=True)
    for one in minutes[:-1]:
        made.add_row(clock(one.at)[11:16], *_figures(one, symbols))
    made.add_row("all", *_figures(minutes[-1], symbols), style="bold")
    return made


def _figures(one: Minute, symbols: list[str]) -> list[str]:
    moves = [one.moves.get(symbol, Fraction(0)) * 100 for symbol in symbols]
    return [
        *[number(move, 1, signed=True) + "%" for move in moves],
        number(one.liquidations),
        compact(one.closed_long),
        compact(one.closed_short),
        compact(one.adl_notional),
        number(one.adl_count),
        compact(one.liquidation_fees),
        compact(one.fund_paid),
    ]
