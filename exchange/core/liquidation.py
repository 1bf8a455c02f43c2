"""The liquidation waterfall: what the venue does with an account that has failed.

    cancel orders -> re-check -> below the backstop's line the venue takes everything over; else
    a unified account repays what it owes out of other collateral -> re-check ->
    choose a position -> how much of it -> close it in the book -> fee -> re-check, repeat;
    what the book does not take: the insurance fund, takeover, auto-deleveraging, others' cost

The rulebook chooses the policies; this file only knows their order.
"""

from typing import Final

from mypy_extensions import i64

from exchange.core.accounts import Account, Pool, Position
from exchange.core.alarms import Alarm, Due
from exchange.core.auto_margin import draw_on_wallet
from exchange.core.borrowing import expect_interest
from exchange.core.guarding import watch_account
from exchange.core.house import work_off
from exchange.core.insurance import cover
from exchange.core.ledger import Reason, transfer
from exchange.core.margin import CrossMargin, maintenance_margin, unrealised_pnl
from exchange.core.monitor import read_ahead
from exchange.core.notices import announce_end, announce_pause, announce_start
from exchange.core.policies import Amount
from exchange.core.repaying import repay, repay_over_limit
from exchange.core.scope import Scope
from exchange.core.state import State
from exchange.core.steps import cancel_orders, close_some, take_over_all
from exchange.core.units import RATE_ONE, SECOND
from exchange.core.unwinding import chosen

STEPS_MAX: Final = 10_000_000
"""A bound on the pools that one command looks at: every trade touches two, so there is an end."""
PATIENCE: Final = 100
"""Steps in which an account may be made safe little by little.  Where the book is so thin that each
costs nearly what it frees, it would take for ever: then positions are closed whole."""


def look_at_endangered(state: State, pools: list[Pool]) -> None:
    """After a new mark: what is safe is watched anew; the rest is in for a closer look, in turn."""
    failed: list[Pool] = []
    # Beforehand, for the reason that `read_ahead` tells.
    wallets = [pool.wallet.balance for pool in pools]
    read_ahead(pools)
    for number, pool in enumerate(pools):
        margin = CrossMargin(pool, wallets[number], state.marks)
        if pool.is_unified or not rests(state, pool, margin):
            failed.append(pool.lead)
        else:
            state.monitor.watch(pool, margin, state.marks)
    for pool in most_endangered_first(state, failed):
        state.touch(pool)


def rests(state: State, pool: Pool, margin: CrossMargin) -> bool:
    """Whether a closer look would find nothing to do: all is safe, and nothing is under way."""
    if pool.is_house or pool.is_failing:
        return False
    if margin.value:
        safe = state.lines.is_safe(margin.equity, margin.maintenance)
    else:
        safe = margin.wallet >= 0
    return safe and all(_rests_alone(state, p) for p in pool.listed if p.isolated)


def _rests_alone(state: State, position: Position) -> bool:
    """The same of an isolated position; without one, its bucket must be empty."""
    if position.distress.failing:
        return False
    bucket = position.bucket.balance
    if not position.size:
        return bucket == 0
    mark = state.mark_of(position)
    equity = bucket + unrealised_pnl(position, mark)
    return state.lines.is_safe(equity, maintenance_margin(position, mark))


def most_endangered_first(state: State, pools: list[Pool]) -> list[Pool]:
    """Pools in the order they are looked at after a new mark: by margin ratio, the failed ones.

    The order is that of the accounts themselves, never that of the monitor's edges.  Safe
    pools, to which nothing happens, are at the front, so that they do not come between others.
    """

    def place(pool: Pool) -> tuple[bool, int, int]:
        failed = _failed_ratios(state, pool)
        return bool(failed), min(failed, default=0), pool.account.index

    return sorted(pools, key=place)


def _failed_ratios(state: State, pool: Pool) -> list[int]:
    """Equity for a unit of maintenance margin, in parts of RATE_ONE, of all that has failed."""
    isolated = [
        Scope(state, member, p) for member in pool.lead.members for p in member.listed if p.isolated
    ]
    return [
        scope.equity() * RATE_ONE // max(1, scope.maintenance())
        for scope in [Scope(state, pool, None), *isolated]
        if scope.is_open() and not scope.is_safe()
    ]


def settle_touched(state: State) -> None:
    """Look at every touched pool, and at those that this touches, until all are safe."""
    steps: i64 = 0
    pool = state.touched.take()
    while pool is not None:
        assert steps < STEPS_MAX, "liquidation does not come to an end"
        steps += 1
        if pool.is_unified:
            look_together(state, pool)
        else:
            look_apart(state, pool)
        pool = state.touched.take()


def look_apart(state: State, pool: Pool) -> None:
    """Look at a pool that stands by itself, and set its edges.  Most have obviously enough."""
    is_plainly_safe = not pool.is_failing and state.has_to_spare(pool, 0)
    if is_plainly_safe and (pool.unseen or state.monitor.lets_be(pool)):
        return
    margin = state.cross(pool)
    if not rests(state, pool, margin):
        look_closer(state, pool)
        margin = state.cross(pool)
    state.monitor.watch(pool, margin, state.marks)


def look_closer(state: State, pool: Pool) -> None:
    """Look at each isolated position of a pool, then at its cross positions together."""
    for position in list(pool.listed):
        if position.isolated:
            look_at(Scope(state, pool, position))
    look_at(Scope(state, pool, None))


def look_together(state: State, lead: Pool) -> None:
    """The same of a unified account, and set its edges."""
    for pool in lead.members:
        for position in list(pool.listed):
            if position.isolated:
                look_at(Scope(state, pool, position))
    look_at(Scope(state, lead, None))
    watch_account(state, lead)
    expect_interest(state, lead)


def look_at(scope: Scope) -> None:
    """Liquidate a scope that has failed; go on with one whose pause is over.

    Not while something of it stands in a market that is halted: it is looked at when that goes on.
    """
    if scope.is_frozen():
        return
    repay_over_limit(scope)
    if scope.is_open():
        if scope.pool.is_house and scope.is_safe():
            _work_off(scope)
        elif scope.distress.failing:
            if scope.state.now >= scope.distress.paused_until:
                liquidate(scope)
        else:
            draw_on_wallet(scope)
            if not scope.is_safe():
                liquidate(scope)
    elif scope.distress.failing:
        _end(scope)
    if not scope.positions():
        cover(scope)
        _release(scope)


def liquidate(scope: Scope) -> None:
    """Take a failed scope down the waterfall, until it is safe, has nothing left, or must wait."""
    distress = scope.distress
    if not distress.failing:
        announce_start(scope)
        distress.failing = True
        distress.since, distress.eased = scope.state.now, 0
        cancel_orders(scope)
    steps = 0
    while not scope.has_recovered():
        if repay(scope):
            continue
        if not scope.positions():
            break
        if scope.is_beyond_backstop():
            take_over_all(scope)
            continue
        steps += 1
        amount = scope.amount if steps <= PATIENCE else Amount.WHOLE_POSITION
        close_some(scope, chosen(scope), amount)
        if _pauses(scope):
            return
    _end(scope)


def _pauses(scope: Scope) -> bool:
    """Whether the next step has to wait for its round."""
    state, distress = scope.state, scope.distress
    if not scope.positions() or scope.has_recovered():
        return False
    if state.round_pause:
        distress.paused_until = state.now + state.round_pause
    if distress.paused_until <= state.now:
        return False
    _pause(scope)
    return True


def _pause(scope: Scope) -> None:
    """Come back to the scope when its next round is due."""
    state, until = scope.state, scope.distress.paused_until
    state.alarms.set(Due(until, Alarm.ROUND, scope.pool.account.index))
    announce_pause(scope)


def resume(state: State, account: Account) -> None:
    """Look again at what an account is being liquidated for: a round is due."""
    for pool in account.pools.values():
        state.touch(pool)


def _end(scope: Scope) -> None:
    """The scope is safe again, or empty: what it could not pay is covered.

    What a unified account owes beyond its limit was let be in the meantime: it is looked at again.
    """
    cover(scope)
    scope.distress.failing = False
    scope.state.touch(scope.pool)
    announce_end(scope)


def _release(scope: Scope) -> None:
    """What is left in a bucket without a position goes back to the wallet."""
    if scope.isolated is None or scope.pool.is_house:
        return
    transfer(scope.purse, scope.pool.wallet, scope.collateral(), Reason.ISOLATED_MARGIN)


def _work_off(scope: Scope) -> None:
    """Sell what the venue has taken over; what is left waits for the next round."""
    state = scope.state
    if state.now < scope.distress.paused_until:
        return
    work_off(scope)
    if scope.positions():
        scope.distress.paused_until = state.now + (state.round_pause or SECOND)
        _pause(scope)
