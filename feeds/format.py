"""What a format is to the registry: how it is told, and how a file of it is opened."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from feeds.defects import OnDefect
from feeds.listing import FileKind, Listing
from feeds.sample import Sample
from feeds.scale import Scale
from feeds.source import FileSource


class Opening(NamedTuple):
    """One market of one file, about to be read."""

    sample: Sample
    kind: FileKind
    listing: Listing
    scale: Scale
    called: str
    """The market's name in the file."""
    on_defect: OnDefect

    @property
    def path(self) -> Path:
        """The file."""
        return self.sample.path

    @property
    def alone(self) -> bool:
        """Whether the file is of this market only, so that another in it is a defect."""
        return len(self.kind.listings) == 1


Sniff: TypeAlias = Callable[[Sample], FileKind | None]
"""Tells whether a file is of a format, and what is in it; None: it is not.

Raises TickFileError for a file of the format that cannot be read all the same.
"""
Open: TypeAlias = Callable[[Opening], FileSource]


class Format(NamedTuple):
    """One entry of the registry."""

    name: str
    sniff: Sniff
    open: Open
    guesses: bool = False
    """Looks at columns only, and is asked when no other format knows the file."""
    measured: Callable[[Sample], tuple[str, str, str]] | None = None
    """Tells tick, lot and a price, where the file does; else they are measured."""
