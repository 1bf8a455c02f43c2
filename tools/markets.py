"""The markets in tick files, as the tools for data look at them: each on its figures' grid."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from exchange.core.units import decimal, exact
from feeds import FileKind, Listing, OnDefect, TickFileError, describe, measure, open_market
from feeds.measure import Measured
from feeds.scale import stated_scale
from feeds.source import FileSource
from tools.scenario import ScenarioError

NO_FIGURES = Measured("0.01", "1", "1")
"""Of a market of which no price and no size is told, only marks or funding."""


class Found(NamedTuple):
    """One market in one file."""

    path: Path
    kind: FileKind
    listing: Listing

    @property
    def symbol(self) -> str:
        """Its name; where the file does not say, that of the file."""
        return self.listing.symbol or self.path.name.partition(".")[0]


def found_in(path: Path, columns: Mapping[str, str] | None = None) -> Iterator[Found]:
    """The markets in a file.  Raises TickFileError for one that is not known."""
    kind = describe(path, columns)
    for listing in kind.listings:
        yield Found(path, kind, listing)


def figures(found: Found, columns: Mapping[str, str] | None = None) -> Measured:
    """What its figures are like, or NO_FIGURES."""
    try:
        return measure(found.path, found.listing, columns)
    except TickFileError:
        return NO_FIGURES


def reader(
    found: Found,
    grid: tuple[str, str] | None,
    on_defect: OnDefect,
    columns: Mapping[str, str] | None = None,
) -> tuple[FileSource, Measured]:
    """The market's reader, and what its figures are like; `grid` overrides what they show.

    Lots are in the base asset, whatever the file counts in.
    """
    listing = found.listing
    contract = exact(listing.contract, "contract")
    seen = figures(found, columns)
    tick, lot = exact(seen.tick, "tick"), exact(seen.lot, "lot") * contract
    if grid is not None:
        tick, lot = exact(grid[0], "tick"), exact(grid[1], "lot")
    scale = stated_scale(found.symbol, tick, lot, contract)
    source = open_market(found.path, listing, scale, on_defect=on_defect, columns=columns)
    return source, Measured(decimal(tick, 18), decimal(lot, 18), seen.price)


def grids(texts: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """SYMBOL:TICK:LOT as a table.  Raises ScenarioError."""
    made = {}
    for text in texts:
        parts = text.split(":")
        if len(parts) != len(("symbol", "tick", "lot")):
            raise ScenarioError(f"instrument was {text!r}, expected SYMBOL:TICK:LOT")
        made[parts[0]] = (parts[1], parts[2])
    return made


def meanings(texts: tuple[str, ...]) -> dict[str, str]:
    """MEANING=COLUMN as a table.  Raises ScenarioError."""
    made = {}
    for text in texts:
        meaning, sign, column = text.partition("=")
        if not (meaning and sign and column):
            raise ScenarioError(f"columns were {text!r}, expected MEANING=COLUMN such as price=px")
        made[meaning] = column
    return made


def policy(text: str) -> OnDefect:
    """What to do with defective rows.  Raises ScenarioError."""
    if text not in list(OnDefect):
        raise ScenarioError(f"on-defect was {text!r}, expected {', '.join(OnDefect)}")
    return OnDefect(text)
