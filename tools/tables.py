"""The tables of a run, as Parquet: exact whole numbers, and the same as floats for plots.

Columns that end in _ticks, _lots and _units are exact: price = price_ticks * tick_size, and so on,
with the steps in each file's metadata and in summary.json.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from exchange.core.instrument import Instrument
from exchange.core.messages import Event, MarkPriceChanged, OrderFilled
from exchange.core.units import decimal
from tools.story_facts import overview
from tools.telling import Teller
from tools.upkeep import Units, Upkeep, record_row

LARGEST: Final = (1 << 63) - 1
"""The largest whole number that a column holds."""
ROWS: Final = 65_536
"""Rows that are held before they are written, so that memory stays the same on a long run."""
TIME = pa.timestamp("ns", tz="UTC")
CATEGORY = pa.dictionary(pa.int32(), pa.string())

FILLS = pa.schema(
    [
        ("at", TIME),
        ("account", CATEGORY),
        ("symbol", CATEGORY),
        ("side", CATEGORY),
        ("kind", CATEGORY),
        ("position_side", CATEGORY),
        ("maker", pa.bool_()),
        ("order_id", pa.int64()),
        ("price_ticks", pa.int64()),
        ("size_lots", pa.int64()),
        ("position_lots", pa.int64()),
        ("fee_asset", CATEGORY),
        ("fee_units", pa.int64()),
        ("realised_pnl_units", pa.int64()),
        ("price", pa.float64()),
        ("size", pa.float64()),
        ("position", pa.float64()),
        ("fee", pa.float64()),
        ("realised_pnl", pa.float64()),
    ]
)
MARK_COLUMNS: dict[str, pa.DataType] = {
    "at": TIME,
    "symbol": CATEGORY,
    "mark_units": pa.int64(),
    "mark": pa.float64(),
}
MARKS = pa.schema(MARK_COLUMNS)
MONEY = pa.decimal128(38, 12)
ACCOUNT_COLUMNS: dict[str, pa.DataType] = (
    dict.fromkeys(("account", "population", "asset"), pa.string())
    | dict.fromkeys(
        (
            "deposited",
            "total",
            "profit",
            "wallet",
            "realised_pnl",
            "fees",
            "liquidation_fees",
            "fund_paid",
            "maintenance_margin",
        ),
        MONEY,
    )
    | dict.fromkeys(("fills", "liquidations", "deleveraged", "open_positions"), pa.int64())
)
ACCOUNTS = pa.schema(ACCOUNT_COLUMNS)
LIQUIDATION_MONEY = (
    "notional",
    "unrealised_pnl",
    "collateral",
    "equity",
    "maintenance_margin",
    "closed_long",
    "closed_short",
    "adl_notional",
    "realised_pnl",
    "liquidation_fees",
    "leftover",
    "fund_paid",
    "socialised",
    "uncovered",
    "collateral_after",
    "released",
)
LIQUIDATIONS = pa.schema(
    [
        ("number", pa.int64()),
        ("at", TIME),
        *[(name, CATEGORY) for name in ("account", "mode", "symbol", "position_side", "asset")],
        *[(name, pa.int64()) for name in ("positions", "orders_cancelled", "steps", "adl_count")],
        *[(name, MONEY) for name in LIQUIDATION_MONEY],
        ("end", CATEGORY),
    ]
)
"""One row for each liquidation.  `symbol` is empty for a cross account; `collateral` is its wallet
balance, or the isolated margin.  The first figures are those of the breach; `closed_*` and
`adl_notional`, the part of them that auto-deleveraging closed, are at the prices of the fills."""


UPKEEP = pa.schema(
    [
        ("at", TIME),
        *[(name, CATEGORY) for name in ("account", "kind", "symbol", "position_side", "asset")],
        *[(name, MONEY) for name in ("amount", "fee", "price", "balance", "borrowed", "rate")],
        ("bought", CATEGORY),
        *[(name, MONEY) for name in ("repaid", "bought_price", "owed", "lacking", "bucket")],
        ("cause", CATEGORY),
    ]
)
"""What happened to accounts' money beside trades; `kind` says what, and what does not belong to it
is empty.  "interest" of a `rate` on what was `borrowed`; "exchange" of an `amount` of `asset`, the
`fee` a part of it, for what was `repaid` of the asset `bought`; "margin_added" to an isolated
position.  `balance` is the wallet's in `asset`, afterwards."""


class Table:
    """One Parquet file, written as rows come."""

    def __init__(self, path: Path, schema: pa.Schema, steps: Mapping[str, str]) -> None:
        self._schema = schema.with_metadata({f"step:{k}": v for k, v in steps.items()})
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def add(self, row: dict[str, Any]) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) >= ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is held, and end the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            self._writer.write_table(self._made())
            self._rows = []

    def _made(self) -> pa.Table:
        try:
            return pa.Table.from_pylist(self._rows, schema=self._schema)
        except OverflowError:
            rows = [fitting(row) for row in self._rows]
            return pa.Table.from_pylist(rows, schema=self._schema)


def fitting(row: dict[str, Any]) -> dict[str, Any]:
    """A row in which whole numbers beyond 64 bits are left empty; their floats tell them."""
    return {k: None if isinstance(v, int) and abs(v) > LARGEST else v for k, v in row.items()}


class EventTables:
    """Fills, marks and liquidations of a run, from its events as they come."""

    def __init__(self, folder: Path, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = instruments
        steps = unit_steps(instruments)
        self._fills = Table(folder / "fills.parquet", FILLS, steps)
        self._marks = Table(folder / "marks.parquet", MARKS, steps)
        self._liquidations = Table(folder / "liquidations.parquet", LIQUIDATIONS, steps)
        self._kept = Table(folder / "upkeep.parquet", UPKEEP, steps)
        self._teller, self._upkeep = Teller(instruments), Upkeep(Units(instruments))
        self._rows: dict[type[Event], Callable[[Any], None]] = {
            OrderFilled: self._fill,
            MarkPriceChanged: self._mark,
        }

    def observe(self, event: Event) -> None:
        """Take what belongs into a table."""
        row = self._rows.get(type(event))
        if row is not None:
            row(event)
        story = self._teller.observe(event)
        if story is not None:
            self._liquidations.add(exact_row(overview(story)))
        record = self._upkeep.observe(event)
        if record is not None:
            self._kept.add(exact_row(record_row(record)))

    def close(self) -> None:
        """End the files."""
        self._fills.close()
        self._marks.close()
        self._liquidations.close()
        self._kept.close()

    def _fill(self, event: OrderFilled) -> None:
        own = self._instruments[event.symbol]
        in_base = event.fee_asset not in {"", own.settle}
        fee_unit = own.lot_size / own.base_units if in_base else own.money_unit
        self._fills.add(
            {
                "at": event.at,
                "account": event.account,
                "symbol": event.symbol,
                "side": str(event.side),
                "kind": str(event.kind),
                "position_side": str(event.position_side),
                "maker": event.maker,
                "order_id": event.order_id,
                "price_ticks": event.price,
                "size_lots": event.size,
                "position_lots": event.position,
                "fee_asset": event.fee_asset or own.settle,
                "fee_units": event.fee,
                "realised_pnl_units": event.realised_pnl,
                "price": float(event.price * own.tick_size),
                "size": float(event.size * own.lot_size),
                "position": float(event.position * own.lot_size),
                "fee": float(event.fee * fee_unit),
                "realised_pnl": float(event.realised_pnl * own.money_unit),
            }
        )

    def _mark(self, event: MarkPriceChanged) -> None:
        own = self._instruments[event.symbol]
        self._marks.add(
            {
                "at": event.at,
                "symbol": event.symbol,
                "mark_units": event.price,
                "mark": float(event.price * own.mark_unit),
            }
        )


def unit_steps(instruments: Mapping[str, Instrument]) -> dict[str, str]:
    """What one tick, lot, money unit and mark unit of each instrument is."""
    steps = {}
    for symbol, own in instruments.items():
        steps[f"{symbol}.tick_size"] = str(own.tick_size)
        steps[f"{symbol}.lot_size"] = str(own.lot_size)
        steps[f"{symbol}.money_unit"] = str(own.money_unit)
        steps[f"{symbol}.mark_unit"] = str(own.mark_unit)
    return steps


def write_accounts(path: Path, rows: list[dict[str, Any]]) -> None:
    """One row for each account and asset; money as exact decimals (to 12 places)."""
    pq.write_table(pa.Table.from_pylist([exact_row(row) for row in rows], ACCOUNTS), path)


def exact_row(row: dict[str, Any]) -> dict[str, Any]:
    """Fractions as decimals."""
    return {k: Decimal(decimal(v, 12)) if isinstance(v, Fraction) else v for k, v in row.items()}
