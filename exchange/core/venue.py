"""The venue: commands in, events out.  The only door to the state of the exchange."""

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    AccountView,
    BookView,
    Command,
    Event,
)
from exchange.core.rules import Rulebook
from exchange.core.units import Lots, MarkPrice, Money, Nanos, Ticks


class Venue:
    """A derivatives venue under one rulebook.  State is a pure function of the commands applied."""

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self.now: Nanos = 0
        self.instruments: dict[str, Instrument] = {}

    def apply(self, command: Command) -> list[Event]:
        """Carry out one command.  A refused one answers CommandRejected and changes nothing else."""
        raise NotImplementedError

    def account_names(self) -> list[str]:
        """Traders, in order of admission; HISTORY is not among them."""
        raise NotImplementedError

    def account_view(self, account: str, asset: str) -> AccountView:
        """An account's margin in one settlement asset.  KeyError where there is no such account."""
        raise NotImplementedError

    def book_view(self, symbol: str, depth: int) -> BookView:
        """The best `depth` levels of each side."""
        raise NotImplementedError

    def history_quote(self, symbol: str) -> tuple[Ticks, Lots, Ticks, Lots]:
        """History's own best bid and ask (price, size, price, size); zeros where it shows none."""
        raise NotImplementedError

    def mark_price(self, symbol: str) -> MarkPrice | None:
        """The mark price in force."""
        raise NotImplementedError

    def open_interest(self, symbol: str) -> Lots:
        """The sum of all traders' long positions, HISTORY's own included."""
        raise NotImplementedError

    def balances(self, asset: str) -> dict[str, Money]:
        """Every ledger account of one asset by name; they sum to zero."""
        raise NotImplementedError

    def check(self) -> None:
        """Assert every invariant of the state: money, positions, books, margin."""
        raise NotImplementedError

    def digest(self) -> str:
        """A hash of the whole state: equal states, equal digests."""
        raise NotImplementedError
