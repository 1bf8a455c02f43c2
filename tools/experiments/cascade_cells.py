"""How far liquidations carry a shock: crowds and depths of the book, with feedback and without."""

from fractions import Fraction
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from tools import scenario as scenarios
from tools.build import Run
from tools.experiments.avalanche import Avalanche, Crowd
from tools.experiments.spread import spread
from tools.scenario import ScenarioError

SCENARIO = "experiments/cascade"


class Kind(NamedTuple):
    """How many accounts of a crowd are near their liquidation, further away, and far."""

    name: str
    counts: tuple[int, ...]
    """Of the scenario's populations, in their order."""


KINDS = (
    Kind("high leverage", (170, 135, 195)),
    Kind("mixed", (65, 80, 355)),
    Kind("low leverage", (2, 13, 485)),
)
"""Liquidated within 5 and within 10 per cent of the mark: 34 and 61 per cent of accounts, as by the
leverage that BitMEX published in 2019; 13 and 29, assumed for 2025; 0.4 and 3, for leverages of 1
to 3."""
DEPTHS = (Fraction(1), Fraction(1, 10), Fraction(1, 50))
"""Of the book.  In October 2025 it lost 90 to 98 per cent (Amberdata)."""
SHOCKS = (Fraction(1, 100), Fraction(3, 100))


class Asked(NamedTuple):
    """What a worker is to do."""

    scenario: str
    kind: Kind
    depth: Fraction
    shock: Fraction


class Cascade(msgspec.Struct, frozen=True, kw_only=True):
    """One shock to one crowd, twice: with the feedback of liquidations, and without."""

    crowd: str
    depth: Fraction
    shock: Fraction
    first: Fraction
    """Share of the open interest that the shock alone liquidates: without feedback."""
    all: Fraction
    """Share that is liquidated with it."""
    accounts: int
    waves: int
    fall: Fraction
    """Of the mark, as a part of it before the shock; without feedback, the shock itself."""
    predicted: Fraction
    """The same by the fixed point."""
    deleveraged: int

    @property
    def amplification(self) -> Fraction:
        """The fall with feedback, in falls without."""
        return self.fall / self.shock


def cascades(
    *,
    scenario: str = SCENARIO,
    kinds: tuple[Kind, ...] = KINDS,
    depths: tuple[Fraction, ...] = DEPTHS,
    shocks: tuple[Fraction, ...] = SHOCKS,
    quiet: bool = False,
) -> list[Cascade]:
    """Every crowd with every depth and shock.  Raises ScenarioError where it does not fit."""
    crowd_run(scenario, kinds[0])
    asked = [
        Asked(scenario, kind, depth, shock)
        for shock in shocks
        for kind in kinds
        for depth in depths
    ]
    return spread(cascade, asked, "cascades", quiet=quiet)


def crowd_run(name: str, kind: Kind) -> Run:
    """The scenario with a crowd of a kind.  Raises ScenarioError."""
    path = scenarios.find(name)
    scenario = scenarios.read(path)
    if len(scenario.populations) != len(kind.counts) or not scenario.synthetic:
        raise ScenarioError(
            f"{path}: had {len(scenario.populations)} populations, expected {len(kind.counts)} "
            "and a synthetic market"
        )
    counted = zip(scenario.populations, kind.counts, strict=True)
    populations = tuple(replace(part, count=count) for part, count in counted)
    return Run(replace(scenario, populations=populations), path)


def cascade(asked: Asked) -> Cascade:
    """One of them, with and without."""
    run = crowd_run(asked.scenario, asked.kind)
    crowds = {feedback: Crowd(run, asked.depth) for feedback in (False, True)}
    predicted = crowds[True].predicted(asked.shock)
    without, with_it = (
        crowd.shocked(asked.shock, feedback=feedback) for feedback, crowd in crowds.items()
    )
    longs = crowds[True].longs
    return Cascade(
        crowd=asked.kind.name,
        depth=asked.depth,
        shock=asked.shock,
        first=sold(without, longs),
        all=sold(with_it, longs),
        accounts=with_it.accounts,
        waves=with_it.waves,
        fall=with_it.fall,
        predicted=predicted,
        deleveraged=with_it.deleveraged,
    )


def sold(avalanche: Avalanche, longs: int) -> Fraction:
    """What was liquidated, as a share of the open interest."""
    return Fraction(avalanche.liquidated, longs)
