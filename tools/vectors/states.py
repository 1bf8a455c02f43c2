"""An account that is told by its amounts alone: what it has, what it needs, what becomes of it."""

from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from exchange.core.messages import LiquidationStarted, LiquidationStepTaken, PositionTakenOver
from exchange.core.rules import Tier
from tools.vectors.accounts import has_assets, unified_account
from tools.vectors.amounts import FEES, INITIALS, MAINTENANCES, account_told, gain_told, told_by
from tools.vectors.bench import (
    LEVERAGE_MAX,
    Bench,
    Contract,
    only,
    plain_fees,
    rulebook_for,
    step_of,
)
from tools.vectors.cases import Case, MissingInputError
from tools.vectors.figures import text
from tools.vectors.positions import (
    EQUITIES,
    LEVERAGES,
    WALLETS,
    any_cross,
    crossed_at_safe_marks,
    isolated,
)

ONE = Fraction(1)
DEEP = 10**9
LOST = ("haircut_loss", "order_loss", "open_loss")
EQUITY_OVER_MARGIN = ("okx", "okex")


def is_told(case: Case) -> bool:
    """Whether a vector gives an account's margin as an amount, and no positions to reckon it of."""
    if case.raw("positions", "assets", "size", "qty", "entry", "ep") is not None:
        return False
    given = [case.maybe(name) for name in (*MAINTENANCES, *INITIALS)]
    return any(one is not None for one in given)


def account_state(case: Case) -> dict[str, Fraction | bool]:
    """An account by its amounts: equity, ratios, margin that is free; whether it is liquidated.

    Its maintenance margin is that of a position of so many times as much.  A fee for closing that
    the venue counts with it is part of it.
    """
    equity, gain = _equity(case), gain_told(case)
    needed = case.number(*MAINTENANCES, default=0) + case.number(*FEES, default=0)
    initial = case.number(*INITIALS, default=0)
    rulebook = plain_fees(rulebook_for(case), case)
    rest = told_by(max(initial - needed, Fraction(0)))
    rows = {"X": account_told(case, rulebook), "Y": rest}
    held = {name: row for name, row in rows.items() if row is not None}
    margin = replace(rulebook.margin, rate_growth="0", open_interest_lower="")
    tables = {
        name: (
            Tier(
                floor="0",
                maintenance=text(row.rate if name == "X" else Fraction(0)),
                initial=text(row.rate),
                leverage_max=LEVERAGE_MAX,
            ),
        )
        for name, row in held.items()
    }
    rulebook = replace(rulebook, margin=margin, instrument_tiers=tables)
    clips = replace(
        rulebook.liquidation, clip=text(max((row.size for row in held.values()), default=ONE))
    )
    rulebook = replace(rulebook, liquidation=clips)
    contracts = [
        Contract(name, sizes=[row.size], tick=step_of(row.entry)) for name, row in held.items()
    ]
    contracts = contracts or [Contract(sizes=[ONE])]  # there is no venue without one
    bench = Bench(rulebook, *contracts, amounts=[equity - gain])
    bench.account("ann", equity - gain)
    for name, row in held.items():
        bench.mark(name, 4 * ONE)
        bench.leverage("ann", name, LEVERAGE_MAX)
        bench.trade("ann", name, row.size, row.entry)
    return _seen(bench, list(held))


def _seen(bench: Bench, symbols: list[str]) -> dict[str, Fraction | bool]:
    """The account at marks of one, before and after the venue has looked at them."""
    seen = bench.seen("ann", dict.fromkeys(symbols, ONE))
    found: dict[str, Fraction | bool] = {
        "equity": bench.amount(seen.equity),
        "margin_balance": bench.amount(seen.equity),
        "maintenance_margin": bench.amount(seen.maintenance_margin),
        "initial_margin": bench.amount(seen.initial_margin),
        "available_margin": bench.amount(seen.available_margin),
    }
    if seen.equity > 0:
        found["margin_ratio"] = Fraction(seen.maintenance_margin, seen.equity)
        found["initial_ratio"] = Fraction(seen.initial_margin, seen.equity)
    if seen.maintenance_margin:
        found["equity_ratio"] = Fraction(seen.equity, seen.maintenance_margin)
    events = [event for name in reversed(symbols) for event in bench.mark(name, ONE)]
    found["liquidated"] = bool(only(events, LiquidationStarted))
    found["taken_over"] = bool(only(events, PositionTakenOver))
    for name, others in SYNONYMS.items():
        found |= {other: found[name] for other in others if name in found}
    return found


SYNONYMS = {
    "liquidated": ("liquidation", "liquidatable", "is_liquidatable", "triggered", "trigger"),
    "taken_over": ("backstop", "taken_over_by_vault"),
    "available_margin": ("available", "free_margin", "free", "free_collateral"),
    "maintenance_margin": ("mm", "maintenance"),
    "margin_ratio": ("ratio", "mmr", "account_mmr", "maintenance_margin_rate"),
    "equity_ratio": ("uni_mmr", "health"),
    "initial_ratio": ("imr", "account_imr", "initial_margin_rate"),
}


def _equity(case: Case) -> Fraction:
    """What the account has: told as its equity, or its wallet with what its positions gained."""
    equity = case.maybe(*EQUITIES)
    if equity is None:
        equity = case.number(*WALLETS) + gain_told(case)
    lost = [case.number(name, default=0) for name in LOST]
    return equity - sum(abs(one) for one in lost)


def liquidated_or_not(case: Case) -> dict[str, Fraction | bool]:
    """Whether the venue liquidates: an account told by its amounts, or a position at its mark."""
    if is_told(case):
        return account_state(case)
    alone = case.maybe(*LEVERAGES) is not None or "isolated" in case.topic
    if alone:
        bench, subject = isolated(case)
        subjects = [subject]
    else:
        bench, subjects = crossed_at_safe_marks(case)
    events = [event for one in subjects for event in bench.mark(one.symbol, one.mark)]
    started = bool(only(events, LiquidationStarted))
    return dict.fromkeys(("liquidated", *SYNONYMS["liquidated"]), started)


def of_amounts_or_positions(case: Case) -> Any:  # noqa: ANN401
    """Equity and margin ratio of an account that is told by its amounts, or by its positions."""
    found = account_state(case) if is_told(case) else any_cross(case)
    return _as_the_venue_has_it(case, found)


def of_assets_or_amounts(case: Case) -> Any:  # noqa: ANN401
    """Equity after haircuts, margin and ratios of a unified account with several assets.

    The rulebook says what the haircut applies to; ratios that a vector gives replace its own.  An
    account that is told by its amounts alone has no haircuts to apply.
    """
    return _as_the_venue_has_it(
        case,
        account_state(case) if is_told(case) and not has_assets(case) else unified_account(case),
    )


def _as_the_venue_has_it(case: Case, found: Any) -> Any:  # noqa: ANN401
    """Some venues print a margin ratio the other way up: equity over maintenance margin."""
    if case.venue in EQUITY_OVER_MARGIN and isinstance(found, dict) and "equity_ratio" in found:
        return {**found, "margin_ratio": found["equity_ratio"], "ratio": found["equity_ratio"]}
    return found


def closing_order(case: Case) -> list[str]:
    """Which positions are closed, and in what order, in a book deep enough for all of them.

    Each is told by its gain and its maintenance margin.
    """
    rows = {name: case.other(dict(row)) for name, row in case.rows("positions").items()}
    if not rows:
        raise MissingInputError("positions was not given, by name or as a list")
    rulebook = plain_fees(rulebook_for(case), case)
    held = {name: account_told(row, rulebook) for name, row in rows.items()}
    longs = {name: row for name, row in held.items() if row is not None}
    gain = sum((gain_told(row) for row in rows.values()), Fraction(0))
    equity = case.maybe(*EQUITIES)
    deposit = case.number(*WALLETS) if equity is None else equity - gain
    tables = {
        name: (Tier(floor="0", maintenance=text(row.rate), leverage_max=LEVERAGE_MAX),)
        for name, row in longs.items()
    }
    rulebook = replace(rulebook, instrument_tiers=tables)
    margin = replace(rulebook.margin, rate_growth="0", open_interest_lower="")
    clip = text(max(row.size for row in longs.values()))
    rulebook = replace(
        rulebook, margin=margin, liquidation=replace(rulebook.liquidation, clip=clip)
    )
    contracts = [
        Contract(name, sizes=[row.size], tick=step_of(row.entry)) for name, row in longs.items()
    ]
    bench = Bench(rulebook, *contracts, amounts=[deposit])
    bench.account("ann", deposit)
    for name, row in longs.items():
        bench.mark(name, 4 * ONE)
        bench.trade("ann", name, row.size, row.entry)
    events = []
    for name in reversed(longs):
        bench.show(name, {ONE: DEEP}, {})
        events += bench.mark(name, ONE)
    closed = [step.symbol for step in only(events, LiquidationStepTaken)]
    return list(dict.fromkeys(closed))
