"""Margin calls: a word from the venue before it liquidates, for accounts that asked for one."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeAlias, final

import msgspec

from exchange.core.messages import AccountView, Event, MarginMode, MarkPriceChanged
from exchange.core.units import Money, Nanos
from exchange.core.venue import Venue

Pocket: TypeAlias = tuple[str, str, str]
"""Whose margin: account, asset, and symbol and side of an isolated position (empty: cross)."""


@final
class MarginCalled(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True, kw_only=True):
    """Maintenance margin has come up to the asked part of equity; above all of it, liquidation.

    Told once, and again only after it has been below in between.
    """

    at: Nanos
    account: str
    asset: str
    symbol: str
    """Of an isolated position; empty for what is in cross margin."""
    mode: MarginMode
    equity: Money
    maintenance_margin: Money


class MarginCalls:
    """Looks at accounts that asked, whenever a mark or something of their own has changed."""

    def __init__(self, venue: Venue) -> None:
        self.watched: dict[str, Fraction] = {}
        """The margin ratio at which each account is called."""
        self._venue = venue
        self._told: dict[str, Callable[[MarginCalled], None]] = {}
        self._called: dict[Pocket, bool] = {}

    def watch(self, account: str, ratio: Fraction, told: Callable[[MarginCalled], None]) -> None:
        """Call an account from a margin ratio on.  Raises ValueError for one of 0 or less."""
        if ratio <= 0:
            raise ValueError(f"margin ratio of a call was {ratio}, expected more than 0")
        self.watched[account], self._told[account] = ratio, told

    def look(self, events: list[Event]) -> None:
        """After a command: call whoever it has brought so far."""
        marked = any(type(event) is MarkPriceChanged for event in events)
        for account, ratio in self.watched.items():
            if marked or any(getattr(event, "account", "") == account for event in events):
                for pocket, call in self._pockets(account):
                    is_due = call.maintenance_margin >= ratio * call.equity > 0
                    if is_due and not self._called.get(pocket):
                        self._told[account](call)
                    self._called[pocket] = is_due

    def _pockets(self, account: str) -> Iterator[tuple[Pocket, MarginCalled]]:
        for asset in dict.fromkeys(i.settle for i in self._venue.instruments.values()):
            view = self._venue.account_view(account, asset)
            yield (
                (account, asset, ""),
                self._call(view, "", view.mode, view.equity, view.maintenance_margin),
            )
            for held in view.positions:
                if held.mode is MarginMode.ISOLATED:
                    equity = held.bucket + held.unrealised_pnl
                    call = self._call(view, held.symbol, held.mode, equity, held.maintenance_margin)
                    yield (account, asset, f"{held.symbol} {held.position_side}"), call

    def _call(
        self, view: AccountView, symbol: str, mode: MarginMode, equity: Money, maintenance: Money
    ) -> MarginCalled:
        return MarginCalled(
            at=self._venue.now,
            account=view.account,
            asset=view.asset,
            symbol=symbol,
            mode=mode,
            equity=equity,
            maintenance_margin=maintenance,
        )
