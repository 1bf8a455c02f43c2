"""What a run came to, and how far it is: what the shell hands to whoever started it."""

import msgspec

from exchange.core.units import Nanos


class BookChecks(msgspec.Struct):
    """How often history's rebuilt best prices were those that its own record tells."""

    total: int = 0
    prices_agreed: int = 0
    agreed: int = 0
    """Prices and sizes."""
    first_difference: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    first_at: Nanos
    last_at: Nanos
    commands: int
    rejected: int
    events: int
    feed_items: int
    digest: str
    """Of the journal and the final state together: equal runs, equal digests."""
    book_checks: dict[str, BookChecks]
    interrupted: bool


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is."""

    at: Nanos
    feed_items: int
    commands: int
    events: int
