"""What the market did: tick files and synthetic flow, as commands for the venue."""

from feeds.ahead import Ahead
from feeds.around import AroundLaw
from feeds.defects import OnDefect, TickFileError
from feeds.listing import Carries, FileKind, Listing, Market
from feeds.merge import Merge
from feeds.price_path import PricePath
from feeds.recognise import describe, measure, open_feed, open_market
from feeds.source import Source
from feeds.window import Window

__all__ = [
    "Ahead",
    "AroundLaw",
    "Carries",
    "FileKind",
    "Listing",
    "Market",
    "Merge",
    "OnDefect",
    "PricePath",
    "Source",
    "TickFileError",
    "Window",
    "describe",
    "measure",
    "open_feed",
    "open_market",
]
