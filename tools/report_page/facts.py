"""What was counted of a run's events, in the shape that the page draws."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from exchange.core.instrument import Instrument
from exchange.core.messages import Closing, Side
from exchange.core.units import Nanos
from tools.report_page.cascade import Bar, Bubble, Cascade
from tools.report_page.markets import MILLION, filled, offsets
from tools.report_page.thinning import digits
from tools.report_page.trading import Mark, Trading
from tools.stories import Attempt, Counted, Held, RiskUnit, Step, Story
from tools.upkeep import Exchanged

VICTIMS_MOST = 20
PARTS_MOST = 7
"""Ways of closing that a diagram shows one by one; more are added up by kind."""
CLOSED = {
    Closing.BOOK: "in the book",
    Closing.INSURANCE_FUND: "with the fund behind it",
    Closing.TAKEOVER: "by the venue's takeover",
    Closing.ADL: "by auto-deleveraging",
    Closing.SOCIALISED: "at others' cost",
}


def fill_marks(
    trading: Trading, instruments: Mapping[str, Instrument], start: Nanos
) -> dict[str, dict[str, Any]]:
    """For each market and account, where it bought and sold: average price and size by moment."""
    made: dict[str, dict[str, Any]] = {symbol: {} for symbol in instruments}
    for (account, symbol, side), spans in trading.marks.items():
        own = made[symbol].setdefault(account, {})
        own[str(side)] = points(list(spans.values()), instruments[symbol], start)
    return made


def points(marks: list[Mark] | list[Bubble], own: Instrument, start: Nanos) -> dict[str, list[Any]]:
    """Moments, volume-weighted average prices, sizes, and how many trades each stands for."""
    return {
        "t": offsets([mark.at for mark in marks], start),
        "price": [float(Fraction(mark.value, mark.size) * own.tick_size) for mark in marks],
        "size": [float(mark.size * own.lot_size) for mark in marks],
        "count": [mark.count for mark in marks],
    }


def cascade_facts(cascade: Cascade, own: Instrument, start: Nanos) -> dict[str, Any]:
    """Liquidated notional of one market, bar by bar, and the bubbles on its price chart."""
    bars = cascade.bars[own.symbol]
    begins = range(min(bars, default=0), max(bars, default=-1) + 1, cascade.every)
    every = [bars.get(at, Bar()) for at in begins]
    marks = filled([None if bar.mark is None else float(bar.mark * own.mark_unit) for bar in every])
    return {
        "every": cascade.every // MILLION,
        "t": offsets(begins, start),
        "long": [bar.long for bar in every],
        "short": [bar.short for bar in every],
        "adl": [bar.adl for bar in every],
        "mark": digits(marks),
        "bubbles": {
            whose: points(list(cascade.bubbles.get((own.symbol, side), {}).values()), own, start)
            for whose, side in (("long", Side.SELL), ("short", Side.BUY))
        },
    }


def victims(cascade: Cascade) -> list[dict[str, Any]]:
    """Who was deleveraged most."""
    rows = sorted(cascade.victims.items(), key=lambda one: -one[1].notional)
    return [
        {
            "account": account,
            "symbol": symbol,
            "count": victim.count,
            "notional": victim.notional,
            "realised_pnl": victim.realised_pnl,
            "rank": victim.rank,
        }
        for (account, symbol), victim in rows[:VICTIMS_MOST]
    ]


def story_facts(story: Story, start: Nanos) -> dict[str, Any]:
    """One liquidation: what was held, the parts of the waterfall diagram, each attempt in turn."""
    return {
        "number": story.number,
        "t": offsets([story.at], start)[0],
        "account": story.account,
        "mode": str(story.mode),
        "symbol": story.symbol,
        "asset": story.asset,
        "end": story.end,
        "orders_cancelled": len(story.cancelled),
        **floats(
            story, "collateral", "equity", "maintenance_margin", "notional", "collateral_after"
        ),
        **floats(story, "realised_pnl", "liquidation_fees", "fund_paid", "uncovered", "released"),
        **floats(story, "difference", "adl_notional"),
        "adl_count": story.adl_count,
        "positions": [held_facts(held) for held in story.positions],
        "units": [unit_facts(one) for one in story.units],
        "counted": [counted_facts(one) for one in story.counted if one.balance],
        "exchanges": [exchanged_facts(one) for one in story.exchanges],
        "parts": parts(story),
        "attempts": [attempt_facts(step, one) for step in story.steps for one in step.attempts],
    }


def floats(story: Story, *names: str) -> dict[str, float]:
    """Figures of a story."""
    return {name: float(getattr(story, name)) for name in names}


def held_facts(held: Held) -> dict[str, Any]:
    """A position as the venue measured it."""
    names = (
        "size",
        "entry_price",
        "mark_price",
        "notional",
        "unrealised_pnl",
        "maintenance_margin",
    )
    return {"label": held.label, **{name: float(getattr(held, name)) for name in names}}


def unit_facts(one: RiskUnit) -> dict[str, Any]:
    """What positions on one underlying were charged, and each contract's part at the worst move."""
    names = ("move", "share", "scan", "basis", "offset", "credit", "minimum", "margin")
    contracts, coins = [
        [{"symbol": own.symbol, "size": float(own.size), "loss": float(own.loss)} for own in parts]
        for parts in (one.contracts, one.coins)
    ]
    figures = {name: float(getattr(one, name)) for name in (*names, "spot", "options")}
    return {"underlying": one.underlying, **figures, "contracts": contracts, "coins": coins}


def counted_facts(one: Counted) -> dict[str, Any]:
    """One asset of a unified account at the breach."""
    names = ("balance", "price", "ratio", "value")
    return {"asset": one.asset, **{name: float(getattr(one, name)) for name in names}}


def exchanged_facts(one: Exchanged) -> dict[str, Any]:
    """Collateral that went for what was owed."""
    names = ("amount", "fee", "repaid")
    price = float(one.price / one.bought_price)
    figures = {name: float(getattr(one, name)) for name in names}
    return {"sold": one.sold, "bought": one.bought, "price": price, **figures}


def attempt_facts(step: Step, one: Attempt) -> dict[str, Any]:
    """One way of closing, and what came of it."""
    return {
        "label": step.chosen.label,
        "closing": str(one.closing),
        "side": str(one.side),
        "size": float(one.size),
        "filled": float(one.filled),
        "bankruptcy_price": float(one.bankruptcy_price),
        "average_price": float(one.average_price) if one.fills else None,
        "realised_pnl": float(one.realised_pnl),
        "liquidation_fee": float(one.liquidation_fee),
        "leftover": float(one.leftover),
        "fund_paid": float(one.fund_paid),
        "socialised": float(one.socialised),
        "uncovered": float(one.uncovered),
        "equity": float(one.equity),
        "maintenance_margin": float(one.maintenance_margin),
        "deleveraged": len(one.deleveraged),
    }


def parts(story: Story) -> list[dict[str, Any]]:
    """From the collateral to what is left of it: the bars of the waterfall diagram."""
    tried = [(step, one) for step in story.steps for one in step.attempts if one.fills]
    keys = [(number, step.chosen.label, one.closing) for number, (step, one) in enumerate(tried)]
    if len(tried) > PARTS_MOST:
        keys = [(0, label, closing) for _, label, closing in keys]
    closed: dict[Any, Fraction] = {}
    for key, (step, one) in zip(keys, tried, strict=True):
        realised = story.worth(step.asset, one.realised_pnl)
        closed[key] = closed.get(key, Fraction(0)) + realised
    rows = [
        (f"{label} {CLOSED[closing]}", amount, "pnl")
        for (_, label, closing), amount in closed.items()
    ]
    rows += [
        ("liquidation fees", -story.liquidation_fees, "fee"),
        ("left, to the insurance fund", -story.leftover, "fee"),
        ("insurance fund", story.fund_paid, "fund"),
        ("borne by other traders", story.socialised, "adl"),
        ("left to the venue", story.uncovered, "uncovered"),
    ]
    if story.counted:
        told = sum((amount for _, amount, _ in rows), Fraction(0))
        rest = story.collateral_after - story.collateral - told
        rows.append(("haircuts and exchanges", rest, "pnl"))
    return [
        {"label": label, "amount": float(amount), "kind": kind}
        for label, amount, kind in rows
        if amount
    ]
