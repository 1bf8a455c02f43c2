"""What the articles claim, put to a textbook venue."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from exchange.core.messages import (
    CommandRejected,
    MarginAdjusted,
    MarginMode,
    SetMarginMode,
    Withdraw,
)
from tools.vectors.bench import Bench, only
from tools.vectors.textbook import ONE, fate, move, textbook

LONG, SHORT = Fraction(50_000), Fraction(30_000)
"""The worked example's notionals, at a price of one."""
LEGS = {"BTC": (LONG, ONE), "ETH": (-SHORT, ONE)}


def holds(claim: Callable[[], bool]) -> Callable[[], tuple[Any, Any, Fraction]]:
    """A claim as a check: it is expected to hold."""
    return lambda: (True, claim(), Fraction(0))


def _at(bench: Bench, fall: Fraction) -> dict[str, Fraction]:
    return dict.fromkeys(bench.contracts, 1 - fall)


def saves_more_than_half() -> bool:
    """C1: what a hedge needs to survive a common fall of a fifth, in cross against isolated.

    Where the hedge holds; when it breaks, the saving does too.
    """
    cross, alone = textbook(LEGS, LONG), textbook(LEGS, LONG, isolated=tuple(LEGS))
    at = _at(cross, Fraction(1, 5))
    seen = cross.seen("ann", at)
    together = seen.maintenance_margin - (seen.equity - seen.wallet)
    apart = 0
    for name in LEGS:
        before, after = alone.held("ann", name), alone.held("ann", name, at)
        apart += max(before.maintenance_margin, after.maintenance_margin - after.unrealised_pnl)
    return 2 * together < apart


def can_lose_everything() -> bool:
    """C2: a cross account can be liquidated whole."""
    bench = textbook(LEGS, Fraction(10_000))
    move(bench, {"BTC": ONE / 2, "ETH": ONE})
    return not bench.seen("ann").positions


def lowers_the_risk_and_raises_the_stake() -> bool:
    """C3: at the same mark cross holds where isolated fails; and in the end it loses more."""
    early = {"BTC": Fraction(90, 100)}
    fates = [
        fate(move(textbook(LEGS, Fraction(10_000), isolated=alone), early), symbol)
        for alone, symbol in (((), ""), (("BTC",), "BTC"))
    ]
    left = []
    for alone in ((), ("BTC",)):
        bench = textbook({"BTC": LEGS["BTC"]}, Fraction(10_000), isolated=alone)
        move(bench, {"BTC": ONE / 2})
        left.append(bench.seen("ann").wallet)
    return fates == ["open", "liquidate"] and left[0] < left[1]


def mode_keeps_leverage() -> bool:
    """C4: switching the mode moves money, and changes neither size, entry nor leverage."""
    bench = textbook({"BTC": LEGS["BTC"]}, Fraction(10_000))
    before = bench.seen("ann")
    bench.do(SetMarginMode(at=bench.now(), account="ann", symbol="BTC", mode=MarginMode.ISOLATED))
    after = bench.seen("ann")
    same = [(p.size, p.cost, p.leverage, p.notional) for p in before.positions] == [
        (p.size, p.cost, p.leverage, p.notional) for p in after.positions
    ]
    return same and before.total == after.total and after.positions[0].bucket > 0


def gains_support_but_are_no_cash() -> bool:
    """C5: an unrealised gain counts in equity, cannot be withdrawn, and goes as it came."""
    deposit = Fraction(20)
    bench = textbook({"BTC": (ONE, ONE)}, deposit)
    bench.mark("BTC", 2 * ONE)
    gained = bench.amount(bench.seen("ann").equity)
    more = Withdraw(
        at=bench.now(), account="ann", asset="USD", amount=bench.money(deposit)
    )  # the gain would stand for the margin that is left, if it were money
    (answer,) = bench.venue.apply(more)
    bench.mark("BTC", ONE)
    gone = bench.amount(bench.seen("ann").equity)
    return gained > gone == deposit and isinstance(answer, CommandRejected)


def draws_on_equity_by_itself() -> bool:
    """C6: a cross position needs no transfer to live on the account's equity."""
    bench = textbook({"BTC": LEGS["BTC"]}, Fraction(10_000))
    events = bench.mark("BTC", Fraction(85, 100))
    return not only(events, MarginAdjusted) and bench.held("ann", "BTC").size != 0


def many_boxes_can_be_over_levered() -> bool:
    """C7: ten isolated positions at ten times are ten times the account."""
    legs = {f"X{n}": (Fraction(10_000), ONE) for n in range(10)}
    bench = textbook(legs, Fraction(10_000), isolated=tuple(legs))
    seen = bench.seen("ann")
    return sum(p.notional for p in seen.positions) == 10 * seen.total


CLAIMS = {
    "C1": holds(saves_more_than_half),
    "C2": holds(can_lose_everything),
    "C3": holds(lowers_the_risk_and_raises_the_stake),
    "C4": holds(mode_keeps_leverage),
    "C5": holds(gains_support_but_are_no_cash),
    "C6": holds(draws_on_equity_by_itself),
    "C7": holds(many_boxes_can_be_over_levered),
}
