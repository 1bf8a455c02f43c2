"""What the market did: tick files and synthetic flow, as commands for the venue."""

from feeds.defects import OnDefect, TickFileError
from feeds.merge import Merge
from feeds.open_feed import open_feed
from feeds.price_path import PricePath
from feeds.recognise import FileKind, Kind, Market, describe, infer_grid
from feeds.source import Source
from feeds.window import Window

__all__ = [
    "FileKind",
    "Kind",
    "Market",
    "Merge",
    "OnDefect",
    "PricePath",
    "Source",
    "TickFileError",
    "Window",
    "describe",
    "infer_grid",
    "open_feed",
]
