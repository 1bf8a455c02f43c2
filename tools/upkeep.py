"""What happens to an account's money beside its trades: interest, exchanges, margin that is added.

Records in the units that people read, made from the venue's own events; nothing is computed again.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, TypeAlias

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    CollateralExchanged,
    Event,
    Exchange,
    InstrumentListed,
    InterestPaid,
    MarginAutoAdded,
    PositionSide,
)
from exchange.core.rules import Tier
from exchange.core.units import RATE_ONE, MarkPrice, Nanos, decimal
from tools.assets import asset_units
from tools.times import utc

NO_TIERS: Final = (Tier(floor="0", maintenance="0", leverage_max=1),)
"""A journal does not name risk tiers, and its margins are already computed."""
PLACES: Final = 12
"""Decimal places at most."""


class Interest(msgspec.Struct, frozen=True, kw_only=True, tag="interest"):
    """An hour's interest on a balance below zero."""

    at: Nanos
    account: str
    asset: str
    borrowed: Fraction
    rate: Fraction
    """Of an hour."""
    amount: Fraction
    balance: Fraction
    """Afterwards."""


class Exchanged(msgspec.Struct, frozen=True, kw_only=True, tag="exchange"):
    """Collateral went to the venue, and what was owed in another asset was repaid."""

    at: Nanos
    account: str
    cause: Exchange
    sold: str
    amount: Fraction
    """The fee is a part of it."""
    price: Fraction
    """Of one in the accounting currency, as `bought_price`."""
    fee: Fraction
    bought: str
    repaid: Fraction
    bought_price: Fraction
    left: Fraction
    """Of the asset sold."""
    owed: Fraction
    """Still, of the asset bought."""


class MarginAdded(msgspec.Struct, frozen=True, kw_only=True, tag="margin_added"):
    """An isolated position drew on the wallet instead of being liquidated."""

    at: Nanos
    account: str
    symbol: str
    position_side: PositionSide
    asset: str
    lacking: Fraction
    amount: Fraction
    bucket: Fraction
    wallet: Fraction


Record: TypeAlias = Interest | Exchanged | MarginAdded


class Units:
    """What whole numbers in events are worth, as far as instruments have been listed."""

    def __init__(self, instruments: Mapping[str, Instrument] | None = None) -> None:
        """`instruments` need not be known beforehand: the journal lists them."""
        self.instruments = dict(instruments or {})
        self._assets = asset_units(self.instruments.values())

    def list(self, event: InstrumentListed) -> None:
        """One more."""
        if event.symbol not in self.instruments:
            own = Instrument(len(self.instruments), event.rules, NO_TIERS)
            self.instruments[event.symbol] = own
            self._assets = asset_units([own]) | self._assets

    def of(self, asset: str) -> Fraction:
        """The smallest unit of an asset."""
        return self._assets[asset]

    def price(self, market: str, price: MarkPrice) -> Fraction:
        """A mark; of the accounting currency, which no market prices, 1."""
        return price * self.instruments[market].mark_unit if market else Fraction(price)


class Upkeep:
    """Makes a record of each such event."""

    def __init__(self, units: Units | None = None) -> None:
        """`units`: those of someone who lists instruments by himself."""
        self._units = units or Units()
        self._takers: dict[type[Event], Callable[[Any], Record | None]] = {
            InterestPaid: self._interest,
            CollateralExchanged: self._exchanged,
            MarginAutoAdded: self._added,
        }
        if units is None:
            self._takers[InstrumentListed] = self._units.list

    def observe(self, event: Event) -> Record | None:
        """Take an event; returns what is to be told of it."""
        take = self._takers.get(type(event))
        return None if take is None else take(event)

    def _interest(self, event: InterestPaid) -> Interest:
        unit = self._units.of(event.asset)
        return Interest(
            at=event.at,
            account=event.account,
            asset=event.asset,
            borrowed=event.borrowed * unit,
            rate=Fraction(event.rate, RATE_ONE),
            amount=event.amount * unit,
            balance=event.wallet * unit,
        )

    def _exchanged(self, event: CollateralExchanged) -> Exchanged:
        sold, bought = self._units.of(event.sold), self._units.of(event.bought)
        return Exchanged(
            at=event.at,
            account=event.account,
            cause=event.cause,
            sold=event.sold,
            amount=event.amount * sold,
            price=self._units.price(event.market, event.price),
            fee=event.fee * sold,
            bought=event.bought,
            repaid=event.repaid * bought,
            bought_price=self._units.price(event.bought_market, event.bought_price),
            left=event.left * sold,
            owed=event.owed * bought,
        )

    def _added(self, event: MarginAutoAdded) -> MarginAdded:
        unit = self._units.of(event.asset)
        return MarginAdded(
            at=event.at,
            account=event.account,
            symbol=event.symbol,
            position_side=event.position_side,
            asset=event.asset,
            lacking=event.lacking * unit,
            amount=event.amount * unit,
            bucket=event.bucket * unit,
            wallet=event.wallet * unit,
        )


def is_told_by_a_story(record: Record) -> bool:
    """Whether it was a part of a liquidation."""
    return isinstance(record, Exchanged) and record.cause is Exchange.LIQUIDATION


def record_row(record: Record) -> dict[str, Any]:
    """One row of a table of all kinds."""
    row = msgspec.structs.asdict(record)
    renamed = {"sold": "asset", "left": "balance", "wallet": "balance"}
    made = {renamed.get(name, name): value for name, value in row.items()}
    return made | {"kind": type(record).__struct_config__.tag} | _texts(record)


def _texts(record: Record) -> dict[str, str]:
    if isinstance(record, Exchanged):
        return {"cause": str(record.cause)}
    if isinstance(record, MarginAdded):
        return {"position_side": str(record.position_side)}
    return {}


def record_facts(record: Record) -> dict[str, Any]:
    """The same for machines: numbers as exact decimal texts, the moment in UTC."""
    facts = {"kind": type(record).__struct_config__.tag} | msgspec.structs.asdict(record)
    facts |= {"at": utc(record.at)}
    return {k: decimal(v, PLACES) if isinstance(v, Fraction) else v for k, v in facts.items()}
