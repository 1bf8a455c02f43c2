"""What the figures should come to, and whether they do.

A target is looked at at the largest size that was measured; if it names a size, at that one only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from tools.bench import w4_burst

MAP, INSIDE, VENUE = "C++ std::map", "plimsoll book, inside", "plimsoll venue, full rules, inside"
CALLED, BOURSE = "plimsoll book, per call", "bourse, per call"
KEPT, LRVX = "plimsoll book, per call, nothing trades", "lrvx L3 book, per call, nothing trades"
HFTBACKTEST, NAUTILUS = "hftbacktest, vector depth", "nautilus_trader"
SEARCH, FLOX = "plimsoll, the search", "FLOX (lrvx), attached accounts"
PLIMSOLL, INTERPRETED = "plimsoll", "plimsoll, interpreted"
AHEAD = "plimsoll, reading ahead"
MANY = 100_000
"""Accounts at which the monitor's target stands."""

Rows: TypeAlias = dict[str, dict[str, Any]]
"""The rows of one work at one size, by engine."""
Found: TypeAlias = tuple[str, bool] | None
"""What was measured, and whether it holds; None: one of the figures is not there."""


class Target(NamedTuple):
    """One line of the table."""

    work: str
    title: str
    aim: str
    """What is expected, for a person."""
    found: Callable[[Rows], Found]
    size: int = 0
    """The size at which it stands; 0: the largest."""


class Line(NamedTuple):
    """A target, and what came of it."""

    target: Target
    measured: str
    holds: bool | None
    """None: not measured."""


def nanos(rows: Rows, engine: str) -> float | None:
    """What an engine took for a unit."""
    row = rows.get(engine)
    return None if row is None else row["nanos"]


def times(ours: str, theirs: str, most: float) -> Callable[[Rows], Found]:
    """Our time is at most so many times theirs."""

    def found(rows: Rows) -> Found:
        mine, other = nanos(rows, ours), nanos(rows, theirs)
        return None if not mine or not other else (f"{mine / other:.2f} x", mine <= most * other)

    return found


def faster(ours: str, theirs: str, least: float) -> Callable[[Rows], Found]:
    """We are at least so many times as fast as they."""

    def found(rows: Rows) -> Found:
        mine, other = nanos(rows, ours), nanos(rows, theirs)
        return None if not mine or not other else (f"{other / mine:,.2f} x", other >= least * mine)

    return found


def rate(engine: str, least: float) -> Callable[[Rows], Found]:
    """So many units a second, or more."""

    def found(rows: Rows) -> Found:
        mine = nanos(rows, engine)
        return None if not mine else (f"{1e9 / mine:,.0f} a second", 1e9 / mine >= least)

    return found


def within(engine: str, most: float) -> Callable[[Rows], Found]:
    """A unit takes at most so many nanoseconds."""

    def found(rows: Rows) -> Found:
        mine = nanos(rows, engine)
        return None if not mine else (f"{mine / 1_000:,.1f} µs", mine <= most)

    return found


def all_within(engine: str, seconds: float) -> Callable[[Rows], Found]:
    """All units together take at most so many seconds."""

    def found(rows: Rows) -> Found:
        mine = nanos(rows, engine)
        if not mine:
            return None
        took = mine * rows[engine]["size"] / 1e9
        return f"{took:.2f} s", took <= seconds

    return found


def same(one: str, other: str) -> Callable[[Rows], Found]:
    """Both came to the same; a bench in which two did not has ended with an error."""

    def found(rows: Rows) -> Found:
        first, second = rows.get(one, {}).get("answers"), rows.get(other, {}).get("answers")
        return None if not first or not second else ("equal", first == second)

    return found


def replay(work: str, when: str) -> list[Target]:
    """W2's targets, for a strategy that is called `when`."""
    title = f"replay, quoting every {when}"
    return [
        Target(work, title, "hftbacktest's rate or more", faster(PLIMSOLL, HFTBACKTEST, 1)),
        Target(work, title, "2,000,000 rows a second or more", rate(PLIMSOLL, 2e6)),
        Target(work, title, "20 x nautilus_trader's rate or more", faster(PLIMSOLL, NAUTILUS, 20)),
        Target(
            work, title, "orders, fills, position as hftbacktest's", same(PLIMSOLL, HFTBACKTEST)
        ),
    ]


TARGETS: tuple[Target, ...] = (
    Target("W1", "book, inside the core", "1 x C++ std::map's time or less", times(INSIDE, MAP, 1)),
    Target("W1", "venue, full rules, inside the core", "2.5 x C++ std::map's time or less",
           times(VENUE, MAP, 2.5)),
    Target("W1", "book, called per operation", "2 x bourse's rate or more",
           faster(CALLED, BOURSE, 2)),
    Target("W1", "book, called per operation", "2 x lrvx's rate or more",
           faster(KEPT, LRVX, 2)),
    *replay("W2a", "100 ms"),
    *replay("W2b", "moment"),
    Target("W3", "a mark over 100,000 accounts", "20 µs or less", within(SEARCH, 20_000), MANY),
    Target("W3", "a mark over 100,000 accounts", "1,000 x FLOX's rate or more",
           faster(SEARCH, FLOX, 1_000), MANY),
    Target("W4", "11,279 liquidations, deleveraged", "1 s or less", all_within(PLIMSOLL, 1),
           w4_burst.BURST),
    Target("W5", "recorded ticks, end to end", "200,000 rows a second or more",
           rate(PLIMSOLL, 200_000)),
    Target("W5", "the same, files read by a second process", "200,000 rows a second or more",
           rate(AHEAD, 200_000)),
    Target("W5", "the same, files read by a second process", "the same digest",
           same(AHEAD, PLIMSOLL)),
    Target("W5", "the core interpreted", "8 x the compiled time or less",
           times(INTERPRETED, PLIMSOLL, 8)),
    Target("W5", "the core interpreted", "the same digest", same(INTERPRETED, PLIMSOLL)),
)  # fmt: skip


def lines(works: dict[str, list[dict[str, Any]]]) -> list[Line]:
    """Every target, with what was measured."""
    return [_line(target, works.get(target.work, [])) for target in TARGETS]


def _line(target: Target, rows: list[dict[str, Any]]) -> Line:
    size = target.size or max((row["size"] for row in rows), default=0)
    found = target.found({row["engine"]: row for row in rows if row["size"] == size})
    return Line(target, "-", None) if found is None else Line(target, *found)


WORDS = {True: "yes", False: "no", None: "not measured"}


def markdown(results: dict[str, Any]) -> str:
    """The targets as a table in Markdown, under where and when they were measured."""
    told = [", ".join(results["machine"].values()) + ".", ""]
    told += ["| work | target | measured | holds |", "|---|---|---|---|"]
    for target, measured, holds in lines(results["works"]):
        told.append(
            f"| {target.work} {target.title} | {target.aim} | {measured} | {WORDS[holds]} |"
        )
    return "\n".join(told) + "\n"
