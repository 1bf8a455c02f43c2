"""What the parts of a scenario have in common: strictness, and the meaning of their texts."""

from typing import Annotated

import msgspec
from msgspec import Meta

Symbol = Annotated[str, Meta(description="An instrument of the scenario.")]
Account = Annotated[str, Meta(description="An account of the scenario.")]
Decimal = Annotated[str, Meta(description="Exact decimal text.")]
Time = Annotated[
    str, Meta(description='UTC, "2025-10-10T21:00:00", or seconds after the start, "+90.5".')
]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a scenario.  A field that is not listed is an error, never ignored."""
