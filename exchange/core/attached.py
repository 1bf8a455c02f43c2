"""What is attached to an order that was told more than a price and a size."""

from exchange.core.alarms import Due
from exchange.core.messages import Instructions
from exchange.core.triggers import Waiting


class Attached:
    """An order's instructions, and what it keeps because of them."""

    def __init__(self, told: Instructions) -> None:
        self.told = told
        self.group = told.group
        self.expires_at = told.expires_at
        self.due: Due | None = None
        """Its end, while it rests or waits; None if it has none."""
        self.exits: list[Waiting] = []
        """What waits to close the position that it has opened."""
