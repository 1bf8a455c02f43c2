"""Equity, margin and positions of each named account over time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from exchange.core.instrument import Instrument
from exchange.core.messages import AccountView, Event, MarginMode, PositionView
from exchange.core.units import Money, Nanos, exact
from exchange.core.venue import Venue
from tools.samples.columns import Scale, exact_and_float, floats, scale
from tools.tables import CATEGORY, TIME, Table, unit_steps

MONEY = (
    "equity",
    "spot",
    "wallet",
    "cross_equity",
    "available_margin",
    "initial_margin",
    "maintenance_margin",
)
EQUITY = pa.schema(
    [
        ("at", TIME),
        ("account", CATEGORY),
        ("asset", CATEGORY),
        *exact_and_float("units", *MONEY),
        *floats("margin_ratio", "exposure"),
    ]
)
"""`equity` is all that the account is worth in this asset: the cross pool, every isolated position,
and `spot`, what it holds of other assets at the mark of their spot markets.  `cross_equity`, the
margins and `margin_ratio` (maintenance margin / equity) are the cross pool's, and the ratio is
empty where the pool holds nothing.  `exposure` is the notional of all positions together."""

POSITIONS = pa.schema(
    [
        ("at", TIME),
        ("account", CATEGORY),
        ("symbol", CATEGORY),
        ("position_side", CATEGORY),
        ("mode", CATEGORY),
        ("leverage", pa.int64()),
        ("size_lots", pa.int64()),
        ("mark_units", pa.int64()),
        ("liquidation_price_units", pa.int64()),
        *exact_and_float("units", "bucket", "unrealised_pnl", "maintenance_margin"),
        *floats("size", "entry_price", "mark", "liquidation_price", "bankruptcy_price"),
        *floats("notional", "margin_ratio"),
    ]
)
"""`margin_ratio` is the position's own where it is isolated, else its pool's.  A liquidation price
is empty where no mark liquidates."""


class AccountSamples:
    """Two tables: equity.parquet and positions.parquet."""

    def __init__(
        self, folder: Path, instruments: Mapping[str, Instrument], accounts: list[str]
    ) -> None:
        steps = unit_steps(instruments)
        self._accounts = accounts
        self._scales = {symbol: Scales(own) for symbol, own in instruments.items()}
        self._spot = [own for own in instruments.values() if own.is_spot]
        self._money = {
            own.base: scale(exact(own.rules.base_unit, "base_unit")) for own in self._spot
        }
        self._money |= {own.settle: scale(own.money_unit) for own in instruments.values()}
        self._seen: set[tuple[str, str]] = set()
        self._equity = Table(folder / "equity.parquet", EQUITY, steps)
        self._positions = Table(folder / "positions.parquet", POSITIONS, steps)

    def observe(self, event: Event) -> None:
        """Events are not needed: the venue is asked."""

    def take(self, venue: Venue, at: Nanos) -> None:
        """Every account in every asset in which it has, or had, money."""
        known = set(venue.account_names()) if self._accounts else set()
        for account in self._accounts:
            if account not in known:
                continue
            views = {asset: venue.account_view(account, asset) for asset in self._money}
            for asset, view in views.items():
                self._look_at(view, at, self._spot_worth(venue, asset, views))

    def close(self) -> None:
        """End the files."""
        self._equity.close()
        self._positions.close()

    def _spot_worth(self, venue: Venue, asset: str, views: dict[str, AccountView]) -> Money:
        """What other assets are worth in this one, at the mark of their spot markets."""
        return sum(
            views[own.base].total
            * own.worth(venue.mark_price(own.symbol) or 0, 1)
            // own.base_units
            for own in self._spot
            if own.settle == asset and own.symbol in venue.instruments
        )

    def _look_at(self, view: AccountView, at: Nanos, spot: Money) -> None:
        key = (view.account, view.asset)
        if key not in self._seen:
            if not (view.total or view.positions):
                return
            self._seen.add(key)
        self._equity.add(equity_row(view, at, spot, self._money[view.asset]))
        for position in view.positions:
            self._positions.add(position_row(view, position, at, self._scales[position.symbol]))


class Scales:
    """The floats of one instrument's whole numbers."""

    def __init__(self, own: Instrument) -> None:
        self.own = own
        self.money = scale(own.money_unit)
        self.mark = scale(own.mark_unit)
        self.price = scale(own.tick_size)
        self.size = scale(own.lot_size)

    def entry_price(self, position: PositionView) -> float:
        """What a lot cost on average, as a price."""
        lots = abs(position.size) * self.own.multiplier
        cost = abs(position.cost)
        ticks = lots / cost if self.own.is_inverse else cost / lots
        return ticks * float(self.own.tick_size)


def equity_row(view: AccountView, at: Nanos, spot: Money, money: Scale) -> dict[str, Any]:
    """An account in one asset."""
    units = {
        "equity": view.total + spot,
        "spot": spot,
        "wallet": view.wallet,
        "cross_equity": view.equity,
        "available_margin": view.available_margin,
        "initial_margin": view.initial_margin,
        "maintenance_margin": view.maintenance_margin,
    }
    return {
        "at": at,
        "account": view.account,
        "asset": view.asset,
        **{f"{name}_units": amount for name, amount in units.items()},
        **{name: money(amount) for name, amount in units.items()},
        "margin_ratio": ratio(view.maintenance_margin, view.equity),
        "exposure": money(sum(position.notional for position in view.positions)),
    }


def position_row(
    view: AccountView, position: PositionView, at: Nanos, scales: Scales
) -> dict[str, Any]:
    """One position of an account."""
    units = {
        "bucket": position.bucket,
        "unrealised_pnl": position.unrealised_pnl,
        "maintenance_margin": position.maintenance_margin,
    }
    isolated = position.mode is MarginMode.ISOLATED
    equity = position.bucket + position.unrealised_pnl if isolated else view.equity
    needed = position.maintenance_margin if isolated else view.maintenance_margin
    ends, bankrupt = position.liquidation_price, position.bankruptcy_price
    return {
        "at": at,
        "account": view.account,
        "symbol": position.symbol,
        "position_side": str(position.position_side),
        "mode": str(position.mode),
        "leverage": position.leverage,
        "size_lots": position.size,
        "mark_units": position.mark_price,
        "liquidation_price_units": ends,
        **{f"{name}_units": amount for name, amount in units.items()},
        **{name: scales.money(amount) for name, amount in units.items()},
        "size": scales.size(position.size),
        "entry_price": scales.entry_price(position) if position.cost else None,
        "mark": scales.mark(position.mark_price),
        "liquidation_price": None if ends is None else scales.mark(ends),
        "bankruptcy_price": None if bankrupt is None else scales.price(bankrupt),
        "notional": scales.money(position.notional),
        "margin_ratio": ratio(needed, equity),
    }


def ratio(maintenance: int, equity: int) -> float | None:
    """Maintenance margin / equity; empty where nothing is held, infinite where nothing is left."""
    if maintenance == 0:
        return None
    return maintenance / equity if equity > 0 else float("inf")
