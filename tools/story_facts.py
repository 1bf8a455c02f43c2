"""Stories for machines: rows of a table, and JSON with numbers as exact decimal texts."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import msgspec

from exchange.core.units import decimal
from tools.stories import Deleveraging, Story
from tools.times import utc

SUMMED = (
    "closed_long",
    "closed_short",
    "adl_notional",
    "adl_count",
    "realised_pnl",
    "liquidation_fees",
    "leftover",
    "fund_paid",
    "socialised",
    "uncovered",
)
"""Figures of a liquidation that can be added up."""
PLACES = 12
"""Decimal places at most; only averages have more."""


def overview(story: Story) -> dict[str, Any]:
    """A liquidation in one row: of a table, or of JSON."""
    return {
        "number": story.number,
        "at": story.at,
        "account": story.account,
        "mode": str(story.mode),
        "symbol": story.symbol,
        "position_side": str(story.position_side),
        "asset": story.asset,
        "positions": len(story.positions),
        "notional": story.notional,
        "unrealised_pnl": story.unrealised_pnl,
        "collateral": story.collateral,
        "equity": story.equity,
        "maintenance_margin": story.maintenance_margin,
        "orders_cancelled": len(story.cancelled),
        "steps": len(story.steps),
        "closed_long": story.closed(long=True),
        "closed_short": story.closed(long=False),
        "adl_notional": story.adl_notional,
        "adl_count": story.adl_count,
        "realised_pnl": story.realised_pnl,
        "liquidation_fees": story.liquidation_fees,
        "leftover": story.leftover,
        "fund_paid": story.fund_paid,
        "socialised": story.socialised,
        "uncovered": story.uncovered,
        "collateral_after": story.collateral_after,
        "released": story.released,
        "end": story.end,
    }


def totals(stories: Iterable[Story]) -> dict[str, dict[str, Any]]:
    """The sums of all liquidations, by the asset they settle in."""
    sums: dict[str, dict[str, Any]] = {}
    for story in stories:
        row, own = overview(story), sums.setdefault(story.asset, {"liquidations": 0})
        own["liquidations"] += 1
        for name in SUMMED:
            own[name] = own.get(name, 0) + row[name]
    return sums


def deleveraging_facts(story: Story, symbol: str, one: Deleveraging) -> dict[str, Any]:
    """A position that was closed against somebody else's liquidation."""
    told = {"at": utc(story.at), "symbol": symbol, "against": story.account}
    return told | row_text(msgspec.structs.asdict(one))


def facts(story: Story) -> dict[str, Any]:
    """The whole story for machines: numbers as decimal texts, moments in UTC."""
    whole = msgspec.to_builtins(story, enc_hook=text)
    whole.pop("quote_notional")
    for step, told in zip(whole["steps"], story.steps, strict=True):
        for attempt, tried in zip(step["attempts"], told.attempts, strict=True):
            attempt["filled"] = text(tried.filled)
            attempt["notional"] = text(tried.notional)
            attempt["realised_pnl"] = text(tried.realised_pnl)
            attempt["average_price"] = text(tried.average_price) if tried.fills else ""
            attempt["against_history"] = text(tried.against_history)
    row = overview(story) | {
        "at": utc(story.at),
        "difference": story.difference,
        "adds_up": not story.differences,
    }
    parts = {key: whole[key] for key in ("positions", "cancelled", "steps")}
    if story.units:
        parts |= {"units": whole["units"]}
    if story.counted:
        unified = ("counted", "counted_after", "repaid", "covers")
        parts |= {key: whole[key] for key in unified} | {"purses": _purses(story)}
    return row_text(row) | parts | {"left": row_text(story.left)}


def _purses(story: Story) -> list[dict[str, Any]]:
    """The account of the money in each asset of a unified account."""
    return [
        {"asset": one.asset, "before": text(one.before)}
        | {"flows": row_text({k: v for k, v in one.flows.items() if v})}
        | {"after": text(one.after), "difference": text(one.difference)}
        for one in story.purses
    ]


def row_text(row: dict[str, Any]) -> dict[str, Any]:
    """A row for machines."""
    return {k: text(v) if isinstance(v, Fraction) else v for k, v in row.items()}


def text(value: Any) -> str:  # noqa: ANN401 (msgspec's hook for what it does not know)
    """A number as decimal text."""
    assert isinstance(value, Fraction), f"{type(value).__name__} is not a number"
    return decimal(value, PLACES)
