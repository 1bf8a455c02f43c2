"""The venue's own money over time: insurance fund, fees, losses that nobody paid."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from exchange.core.instrument import Instrument
from exchange.core.messages import Event
from exchange.core.units import Money, Nanos
from exchange.core.venue import Venue
from tools.samples.columns import exact_and_float, scale
from tools.tables import CATEGORY, TIME, Table, unit_steps

LEDGER = {
    "insurance_fund": "insurance fund",
    "fees": "fees",
    "uncovered_loss": "uncovered loss",
}
"""Columns, and the ledger accounts that they show."""
FUNDS = pa.schema([("at", TIME), ("asset", CATEGORY), *exact_and_float("units", *LEDGER)])


class FundSamples:
    """One table, funds.parquet.  A row where something changed since the one before."""

    def __init__(self, folder: Path, instruments: Mapping[str, Instrument]) -> None:
        self._table = Table(folder / "funds.parquet", FUNDS, unit_steps(instruments))
        self._scale_of = {own.settle: scale(own.money_unit) for own in instruments.values()}
        self._last: dict[str, list[Money]] = {}

    def observe(self, event: Event) -> None:
        """Events are not needed: the venue is asked."""

    def take(self, venue: Venue, at: Nanos) -> None:
        """Every asset whose balances are no longer those of its last row."""
        for asset, money in self._scale_of.items():
            balances = venue.fund_balances(asset)
            amounts = [balances.get(name, 0) for name in LEDGER.values()]
            if self._last.get(asset) == amounts:
                continue
            self._last[asset] = amounts
            row = dict(zip(LEDGER, amounts, strict=True))
            self._table.add(
                {
                    "at": at,
                    "asset": asset,
                    **{f"{name}_units": amount for name, amount in row.items()},
                    **{name: money(amount) for name, amount in row.items()},
                }
            )

    def close(self) -> None:
        """End the file."""
        self._table.close()
