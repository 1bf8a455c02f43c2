"""Every format that a tick file may have: one file and one line for each."""

from feeds.format import Format
from feeds.formats import recording, tardis

FORMATS: tuple[Format, ...] = (
    tardis.FORMAT,
    recording.FORMAT,
)

__all__ = ["FORMATS"]
