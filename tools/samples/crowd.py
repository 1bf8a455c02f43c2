"""All accounts together over time: populations, and where open interest would be liquidated.

An account is asked for again only after an event that names it, so that a quiet crowd costs little:
as long as a lone position and its collateral stay, so does its liquidation price.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    HISTORY,
    HOUSE,
    AccountEvent,
    AccountView,
    Event,
    LiquidationStarted,
    MarginMode,
    PositionView,
)
from exchange.core.units import Lots, MarkPrice, Money, Nanos
from exchange.core.venue import Venue
from tools.samples.columns import Scale, exact_and_float, floats, scale
from tools.tables import CATEGORY, TIME, Table, unit_steps

HEATMAP = pa.schema(
    [
        ("at", TIME),
        ("symbol", CATEGORY),
        ("price_low_units", pa.int64()),
        ("price_high_units", pa.int64()),
        *exact_and_float("lots", "long", "short"),
        *floats("price_low", "price_high"),
    ]
)
"""Sizes of positions whose liquidation price lies in [price_low, price_high).  Prices that are
further than half the mark away are left out.  A band that emptied since the sample before has a row
of zeros, so that it is known to have ended."""

POPULATIONS = pa.schema(
    [
        ("at", TIME),
        ("population", CATEGORY),
        ("asset", CATEGORY),
        *[(name, pa.int64()) for name in ("accounts", "holding", "liquidated")],
        ("equity_units", pa.int64()),
        *floats("equity", "long_notional", "short_notional"),
    ]
)
"""`holding`: accounts with a position.  `liquidated`: those that a liquidation has hit so far."""

PRICE_STEPS = 400
"""A price band of the heatmap is a 400th of the first mark, to one significant digit."""


class CrowdSamples:
    """Two tables: heatmap.parquet and populations.parquet."""

    def __init__(
        self, folder: Path, instruments: Mapping[str, Instrument], group_of: Mapping[str, str]
    ) -> None:
        steps = unit_steps(instruments)
        self._instruments = instruments
        self._group_of = group_of
        self._assets = list(dict.fromkeys(own.settle for own in instruments.values()))
        self._money = {own.settle: scale(own.money_unit) for own in instruments.values()}
        self._stale: dict[str, None] = {}
        self._moving: dict[str, None] = {}
        """Accounts whose liquidation prices move with other marks."""
        self._known: dict[tuple[str, str], Known] = {}
        self._hit: dict[str, None] = {}
        self._bands: dict[str, MarkPrice] = {}
        self._held: set[tuple[str, int]] = set()
        """The bands with something in them at the last sample."""
        self._heatmap = Table(folder / "heatmap.parquet", HEATMAP, steps)
        self._populations = Table(folder / "populations.parquet", POPULATIONS, steps)

    def observe(self, event: Event) -> None:
        """An account that is named has to be asked for again; the venue's own has no margin."""
        if isinstance(event, AccountEvent) and event.account not in {HISTORY, HOUSE}:
            self._stale[event.account] = None
            if type(event) is LiquidationStarted:
                self._hit[event.account] = None

    def take(self, venue: Venue, at: Nanos) -> None:
        """Bring the known accounts up to date, and add them up."""
        for account in self._stale | self._moving:
            self._ask(venue, account)
        self._stale = {}
        marks = {symbol: venue.mark_price(symbol) or 0 for symbol in venue.instruments}
        self._write_heatmap(at, marks)
        self._write_populations(at, marks)

    def close(self) -> None:
        """End the files."""
        self._heatmap.close()
        self._populations.close()

    def _ask(self, venue: Venue, account: str) -> None:
        self._moving.pop(account, None)
        for asset in self._assets:
            before = self._known.get((account, asset))
            known = Known(venue.account_view(account, asset), before)
            self._known[account, asset] = known
            if known.moves:
                self._moving[account] = None

    # ------------------------------------------------------------------------ heatmap

    def _write_heatmap(self, at: Nanos, marks: dict[str, MarkPrice]) -> None:
        sizes: dict[tuple[str, int], list[Lots]] = {}
        for known in self._known.values():
            for position in known.positions:
                mark, ends = marks[position.symbol], position.liquidation_price
                if ends is None or abs(ends - mark) * 2 > mark:
                    continue
                band = ends // self._band(position.symbol, mark)
                both = sizes.setdefault((position.symbol, band), [0, 0])
                both[position.size < 0] += abs(position.size)
        emptied = {key: [0, 0] for key in self._held - sizes.keys()}
        self._held = set(sizes)
        for (symbol, band), (long, short) in sorted((sizes | emptied).items()):
            self._heatmap.add(self._band_row(at, symbol, band, long, short))

    def _band(self, symbol: str, mark: MarkPrice) -> MarkPrice:
        """The height of a price band, in mark units; the same for the whole run."""
        if symbol not in self._bands:
            self._bands[symbol] = one_digit(max(1, mark // PRICE_STEPS))
        return self._bands[symbol]

    def _band_row(
        self, at: Nanos, symbol: str, band: int, long: Lots, short: Lots
    ) -> dict[str, Any]:
        own = self._instruments[symbol]
        price, size = scale(own.mark_unit), scale(own.lot_size)
        low = band * self._bands[symbol]
        high = low + self._bands[symbol]
        return {
            "at": at,
            "symbol": symbol,
            "price_low_units": low,
            "price_high_units": high,
            "long_lots": long,
            "short_lots": short,
            "long": size(long),
            "short": size(short),
            "price_low": price(low),
            "price_high": price(high),
        }

    # -------------------------------------------------------------------- populations

    def _write_populations(self, at: Nanos, marks: dict[str, MarkPrice]) -> None:
        sums: dict[tuple[str, str], Sum] = {}
        for account, group in self._group_of.items():
            for asset in self._assets:
                known = self._known.get((account, asset))
                if known is not None and known.counts:
                    total = sums.setdefault((group, asset), Sum())
                    total.add(known, self._instruments, marks, hit=account in self._hit)
        for (group, asset), total in sums.items():
            self._populations.add(total.row(at, group, asset, self._money[asset]))


class Known:
    """An account in one asset, as it was when an event last named it."""

    def __init__(self, view: AccountView, before: "Known | None") -> None:
        self.positions: tuple[PositionView, ...] = view.positions
        isolated = [p for p in view.positions if p.mode is MarginMode.ISOLATED]
        self.collateral: Money = view.wallet + sum(p.bucket for p in isolated)
        self.moves = len(view.positions) - len(isolated) > 1
        self.counts: bool = bool(self.collateral or (before is not None and before.counts))
        """Whether it has, or had, money of this asset."""


class Sum:
    """The accounts of one population in one asset, added up."""

    def __init__(self) -> None:
        self.accounts = self.holding = self.liquidated = 0
        self.equity: Money = 0
        self.notional: list[Money] = [0, 0]

    def add(
        self,
        known: Known,
        instruments: Mapping[str, Instrument],
        marks: dict[str, MarkPrice],
        *,
        hit: bool,
    ) -> None:
        """Take in an account, its positions measured at the present marks."""
        self.accounts += 1
        self.holding += bool(known.positions)
        self.liquidated += hit
        self.equity += known.collateral
        for position in known.positions:
            own, mark = instruments[position.symbol], marks[position.symbol]
            self.equity += own.unrealised_pnl(mark, position.size, position.cost)
            self.notional[position.size < 0] += own.notional(mark, position.size)

    def row(self, at: Nanos, group: str, asset: str, money: Scale) -> dict[str, Any]:
        """The sums as a row."""
        return {
            "at": at,
            "population": group,
            "asset": asset,
            "accounts": self.accounts,
            "holding": self.holding,
            "liquidated": self.liquidated,
            "equity_units": self.equity,
            "equity": money(self.equity),
            "long_notional": money(self.notional[0]),
            "short_notional": money(self.notional[1]),
        }


def one_digit(units: int) -> int:
    """Rounded down to 1, 2 or 5 times a power of ten.

    >>> one_digit(291_000), one_digit(19), one_digit(7)
    (200000, 10, 5)
    """
    power = int(10 ** (len(str(units)) - 1))
    first = units // power
    return (5 if first >= 5 else 2 if first >= 2 else 1) * power  # noqa: PLR2004 (1-2-5)
