"""What a page shows of each named account: equity and margin over time, statistics, trading."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from exchange.core.instrument import Instrument
from exchange.core.units import Nanos
from tools.assets import asset_units
from tools.frames import Frame
from tools.report_page.markets import nanos, offsets
from tools.report_page.thinning import digits, kept
from tools.report_page.trading import Fills, Traded, Trading
from tools.runs import RunRecord
from tools.statistics import Performance, performance

ACCOUNTS_MOST = 40
"""Accounts on a page: those whose money changed most come first."""
SPANS = 150
EQUITY = (
    "equity",
    "spot",
    "cross_equity",
    "available_margin",
    "initial_margin",
    "maintenance_margin",
)
POSITION = ("size", "mark", "liquidation_price", "bankruptcy_price", "entry_price", "notional")
BASIS_POINTS = 10_000


def accounts(
    run: RunRecord, trading: Trading, instruments: Mapping[str, Instrument], start: Nanos
) -> list[dict[str, Any]]:
    """The named accounts, in each asset in which they have, or had, money."""
    named = [part["name"] for part in run.scenario["accounts"]]
    rows = [row for row in run.accounts().rows() if row["account"] in set(named)]
    rows.sort(key=lambda row: -abs(row["profit"]))
    chosen = sorted(rows[:ACCOUNTS_MOST], key=lambda row: named.index(row["account"]))
    curves = Curves(run, start)
    return [account(run, row, trading, instruments, curves) for row in chosen]


class Curves:
    """The sampled tables, read once; empty where sampling was switched off."""

    def __init__(self, run: RunRecord, start: Nanos) -> None:
        self.start = start
        self.equity = run.equity() if run.has("equity") else None
        self.positions = run.positions() if run.has("positions") else None


def account(
    run: RunRecord,
    row: dict[str, Any],
    trading: Trading,
    instruments: Mapping[str, Instrument],
    curves: Curves,
) -> dict[str, Any]:
    """One account in one asset."""
    name, asset = row["account"], row["asset"]
    traded = trading.traded(name, asset)
    unit = float(asset_units(instruments.values())[asset])
    made = {
        "name": name,
        "asset": asset,
        "strategy": strategy_of(run, name),
        **{
            key: float(row[key]) for key in ("deposited", "total", "profit", "realised_pnl", "fees")
        },
        **{key: float(row[key]) for key in ("liquidation_fees", "fund_paid")},
        **{key: row[key] for key in ("liquidations", "deleveraged", "open_positions")},
        "trading": trading_facts(traded),
        "funding": traded.funding * unit,
        "breaches": breaches(traded, curves.start),
        "largest": [fill for *_, fill in sorted(traded.largest, key=lambda one: one[:2])[::-1]],
    }
    if curves.equity is None or curves.positions is None:
        return made
    equity = curves.equity.where(account=name, asset=asset)
    symbols = [symbol for symbol, own in instruments.items() if own.settle == asset]
    positions = [curves.positions.where(account=name, symbol=symbol) for symbol in symbols]
    flows = [(at, amount * unit) for at, amount in traded.flows]
    return made | {
        "curve": curve(equity, curves.start),
        "positions": [
            one
            for symbol, table in zip(symbols, positions, strict=True)
            for one in position_curves(symbol, table, nanos(equity), curves.start)
        ],
        **statistics(equity, flows, traded, unit),
    }


def strategy_of(run: RunRecord, name: str) -> str:
    """What trades the account; empty where nothing does."""
    found = [part for part in run.scenario["strategies"] if part["account"] == name]
    return str(found[0]["strategy"]) if found else ""


def curve(equity: Frame, start: Nanos) -> dict[str, Any]:
    """Equity and margins over time, thinned."""
    times, lines = nanos(equity), {name: equity[name] for name in EQUITY}
    ratio = [finite(one) for one in equity["margin_ratio"]]
    rows = kept(times, [lines["equity"], lines["available_margin"], ratio], SPANS)
    return {
        "t": [offsets(times, start)[row] for row in rows],
        **{name: digits([values[row] for row in rows]) for name, values in lines.items()},
        "margin_ratio": digits([ratio[row] for row in rows], 5),
    }


def position_curves(
    symbol: str, table: Frame, times: Sequence[Nanos], start: Nanos
) -> list[dict[str, Any]]:
    """Each position in one market at the account's `times`: in hedge mode there may be two."""
    made = []
    for side in dict.fromkeys(table["position_side"]):
        own = table.where(position_side=side)
        place = {at: number for number, at in enumerate(nanos(own))}
        lines = {name: aligned(own[name], place, times) for name in POSITION}
        ratio = aligned([finite(one) for one in own["margin_ratio"]], place, times)
        rows = kept(times, [lines[name] for name in POSITION[:3]] + [ratio], SPANS)
        made.append(
            {
                "symbol": symbol,
                "side": side,
                "mode": own["mode"][-1],
                "leverage": own["leverage"][-1],
                "t": [offsets(times, start)[row] for row in rows],
                **{name: digits([values[row] for row in rows]) for name, values in lines.items()},
                "margin_ratio": digits([ratio[row] for row in rows], 5),
            }
        )
    return made


def aligned(
    values: Sequence[float | None], place: Mapping[Nanos, int], times: Sequence[Nanos]
) -> list[float | None]:
    """Values at other times than their own; None where there was no position."""
    return [values[place[at]] if at in place else None for at in times]


def finite(ratio: float | None) -> float | None:
    """A margin ratio that can be drawn: none where no equity is left."""
    return None if ratio == float("inf") else ratio


def trading_facts(traded: Traded) -> dict[str, Any]:
    """Fills, fees and slippage, as maker, as taker, and by the venue's force."""
    trips = traded.trips
    return {
        **{role: fills_facts(getattr(traded, role)) for role in ("maker", "taker", "forced")},
        "round_trips": trips.won + trips.lost,
        "won": trips.won,
    }


def fills_facts(fills: Fills) -> dict[str, Any]:
    """Sums, and slippage against the mark price in basis points: above zero it cost."""
    slippage = fills.slipped / fills.notional * BASIS_POINTS if fills.notional else None
    return {
        "count": fills.count,
        "notional": fills.notional,
        "fees": fills.fees,
        "slippage": slippage,
    }


def breaches(traded: Traded, start: Nanos) -> list[dict[str, Any]]:
    """When it was liquidated, and the margin ratio at which: what samples seldom meet."""
    moments = offsets([at for at, *_ in traded.breaches], start)
    return [
        {"t": at, "ratio": over(maintenance, equity) if equity > 0 else None}
        for at, (_, equity, maintenance) in zip(moments, traded.breaches, strict=True)
    ]


class Statistic(NamedTuple):
    """One figure of the table, and how it is written."""

    name: str
    value: float | None
    kind: str
    """percent, ratio, money, count or times."""
    meaning: str


def statistics(
    equity: Frame, flows: Sequence[tuple[Nanos, float]], traded: Traded, unit: float
) -> dict[str, Any]:
    """The usual figures of an account; none where it never had equity."""
    times, worth = nanos(equity), equity["equity"]
    found = performance(times, worth, flows)
    if found is None:
        return {"statistics": [], "statistics_of": ""}
    exposure = Exposure(times, worth, equity["exposure"])
    trips = traded.trips
    count = trips.won + trips.lost
    notional = traded.maker.notional + traded.taker.notional + traded.forced.notional
    rows = [
        *ratios(found),
        Statistic("Turnover", over(notional, exposure.equity), "times",
                  "Traded notional over average equity"),
        Statistic("Exposure", exposure.average, "times",
                  "Notional of all positions over equity, averaged over time"),
        Statistic("Highest exposure", exposure.highest, "times",
                  "The largest notional over equity of any sample"),
        Statistic("Time in market", exposure.share, "percent",
                  "Part of the time with a position"),
        Statistic("Round trips", count, "count", "From flat to flat, or to the other side"),
        Statistic("Win rate", over(trips.won, count), "percent",
                  "Part of the round trips with a profit after fees and funding"),
        Statistic("Profit factor", over(trips.profit, -trips.loss), "ratio",
                  "What winning round trips brought over what losing ones cost"),
        Statistic("Best round trip", amount(trips.best, unit), "money", "After fees and funding"),
        Statistic("Worst round trip", amount(trips.worst, unit), "money", "After fees and funding"),
    ]  # fmt: skip
    ratios_of = "annualised" if found.annualised else "not annualised"
    return {
        "statistics": [row._asdict() for row in rows],
        "statistics_of": f"ratios of returns over a {found.period.name}, {ratios_of}",
    }


def ratios(found: Performance) -> list[Statistic]:
    """Return, drawdown, and the ratios between what was earned and what was risked."""
    per = "annualised" if found.annualised else "not annualised: the run is too short for that"
    returns = f"Of returns over a {found.period.name}, without a riskless rate; {per}"
    return [
        Statistic("Return", found.total_return, "percent",
                  "Time-weighted: without what was brought in or taken out"),
        Statistic("Deepest drawdown", found.max_drawdown, "percent",
                  "Fall below an earlier peak, as a part of it"),
        Statistic("Sharpe ratio", found.sharpe, "ratio", returns),
        Statistic("Sortino ratio", found.sortino, "ratio", returns),
        Statistic("Calmar ratio", found.calmar, "ratio",
                  "Annual return over deepest drawdown; needs 30 days"),
        Statistic("Return over drawdown", found.return_over_drawdown, "ratio",
                  "Return of the whole run over its deepest drawdown"),
    ]  # fmt: skip


class Exposure:
    """How much of a position an account had for its equity.  Values stand until the next sample."""

    def __init__(
        self, times: Sequence[Nanos], equity: Sequence[float], notional: Sequence[float]
    ) -> None:
        spans = [after - before for before, after in pairwise(times)] or [1]
        known = list(zip(spans, equity, notional, strict=False))
        whole = sum(spans)
        solvent = [(span, held / worth) for span, worth, held in known if worth > 0]
        weight = sum(span for span, _ in solvent)
        self.equity = sum(span * worth for span, worth, _ in known) / whole
        self.share = sum(span for span, _, held in known if held > 0) / whole
        self.average = over(sum(span * one for span, one in solvent), weight)
        self.highest = max((one for _, one in solvent), default=None)


def amount(units: int | None, unit: float) -> float | None:
    """Units as money, where there are any."""
    return None if units is None else units * unit


def over(part: float, whole: float) -> float | None:
    """A quotient; None of nothing."""
    return part / whole if whole else None
