"""What a page shows of the markets: prices, open interest, and where it would be liquidated."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pyarrow as pa

from exchange.core.instrument import Instrument
from exchange.core.units import decimal
from tools.frames import Frame
from tools.report_page.thinning import digits, kept
from tools.runs import RunRecord

SPANS = 360
"""Spans of time of which the extremes are kept: more than a screen has room for."""
COLUMNS_MOST = 180
"""Moments of a heatmap."""
MILLION = 1_000_000
LINES = ("close", "mark", "index", "open_interest", "funding_rate")


def nanos(frame: Frame) -> list[int]:
    """The times of a table, in ns since 1970."""
    return [int(at) for at in frame.arrow["at"].cast(pa.int64()).to_pylist() if at is not None]


def offsets(times: Sequence[int], start: int) -> list[int]:
    """Milliseconds since the run began."""
    return [(at - start) // MILLION for at in times]


def market(run: RunRecord, own: Instrument, start: int) -> dict[str, Any]:
    """One instrument, as the page needs it."""
    listed = run.summary["instruments"][own.symbol]
    return {
        "asset": own.settle,
        "inverse": own.is_inverse,
        "price_digits": places(listed["tick_size"]),
        "size_digits": places(listed["lot_size"]),
        **(prices(run, own, start) if run.has("bars") else {}),
        **({"heatmap": heatmap(run, own, start)} if run.has("heatmap") else {}),
    }


def places(step: str) -> int:
    """Decimal places of a tick or lot size.

    >>> places("1/1000"), places("5"), places("1/20")
    (3, 0, 2)
    """
    return len(decimal(Fraction(step)).partition(".")[2])


def prices(run: RunRecord, own: Instrument, start: int) -> dict[str, Any]:
    """Prices and open interest over time, thinned.

    `high` and `low` are of the trades since the row before, so that no extreme is lost.
    """
    bars = run.bars().where(symbol=own.symbol)
    times, lines = nanos(bars), {name: bars[name] for name in LINES}
    highs, lows = bars["high"], bars["low"]
    rows = kept(times, [lines["close"], lines["mark"], lines["open_interest"]], SPANS)
    lines["close"] = filled(lines["close"])
    since = [(before + 1, row + 1) for before, row in zip([-1, *rows], rows, strict=False)]
    return {
        "t": [offsets(times, start)[row] for row in rows],
        **{name: digits([values[row] for row in rows]) for name, values in lines.items()},
        "high": digits([greatest(highs[begin:end]) for begin, end in since]),
        "low": digits([least(lows[begin:end]) for begin, end in since]),
        "highest": greatest(bars["mark"]),
        "lowest": least(bars["mark"]),
        "first_mark": next((one for one in bars["mark"] if one is not None), None),
        "last_mark": next((one for one in reversed(bars["mark"]) if one is not None), None),
        "volume": sum(bars["volume"]),
    }


def filled(values: Sequence[float | None]) -> list[float | None]:
    """A price stands until the next one."""
    made: list[float | None] = []
    for value in values:
        made.append(value if value is not None else made[-1] if made else None)
    return made


def greatest(values: Sequence[float | None]) -> float | None:
    """The greatest value there is."""
    return max((one for one in values if one is not None), default=None)


def least(values: Sequence[float | None]) -> float | None:
    """The least value there is."""
    return min((one for one in values if one is not None), default=None)


def heatmap(run: RunRecord, own: Instrument, start: int) -> dict[str, Any] | None:
    """Sizes by liquidation price: cells of (moment, band, long, short).  None: there were none.

    A cell stands until the next moment, so the last is always there: it may be the one in which
    everything is gone, and which has no cell.
    """
    table = run.heatmap().where(symbol=own.symbol)
    if not len(table):
        return None
    times = nanos(table)
    moments = list(dict.fromkeys(times))
    every = -(-len(moments) // COLUMNS_MOST)
    shown = dict.fromkeys([*moments[::every], moments[-1]])
    column_of = {at: number for number, at in enumerate(shown)}
    low, high = table["price_low"], table["price_high"]
    step = high[0] - low[0]
    first = round(min(low) / step)
    cells = [
        [column_of[at], round(price / step) - first, long, short]
        for at, price, long, short in zip(times, low, table["long"], table["short"], strict=True)
        if at in column_of and (long or short)
    ]
    return {
        "t": offsets(list(column_of), start),
        "first": first * step,
        "step": step,
        "cells": cells,
    }


def populations(run: RunRecord, start: int) -> list[dict[str, Any]]:
    """Each population over time, in each asset."""
    if not run.has("populations"):
        return []
    table = run.populations()
    made = []
    for name, asset in dict.fromkeys(zip(table["population"], table["asset"], strict=True)):
        own = table.where(population=name, asset=asset)
        times = nanos(own)
        lines = {key: own[key] for key in ("equity", "long_notional", "short_notional")}
        counts = {key: own[key] for key in ("accounts", "holding", "liquidated")}
        rows = kept(times, [counts["holding"], counts["liquidated"], lines["equity"]], SPANS)
        made.append(
            {
                "name": name,
                "asset": asset,
                "t": [offsets(times, start)[row] for row in rows],
                **{key: digits([values[row] for row in rows]) for key, values in lines.items()},
                **{key: [values[row] for row in rows] for key, values in counts.items()},
            }
        )
    return made


def funds(run: RunRecord, start: int) -> dict[str, Any]:
    """The venue's funds over time, by asset."""
    if not run.has("funds"):
        return {}
    table = run.funds()
    made = {}
    for asset in dict.fromkeys(table["asset"]):
        own = table.where(asset=asset)
        times = nanos(own)
        lines = {name: own[name] for name in ("insurance_fund", "fees", "uncovered_loss")}
        rows = kept(times, list(lines.values()), SPANS)
        made[asset] = {
            "t": [offsets(times, start)[row] for row in rows],
            **{name: [values[row] for row in rows] for name, values in lines.items()},
        }
    return made
