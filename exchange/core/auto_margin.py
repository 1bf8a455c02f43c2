"""Auto-add margin: an isolated position that has failed draws on the wallet, if its trader asked.

It gets what could be withdrawn, so that cross positions and open orders keep their margin.  It is
liquidated only when that is used up.
"""

from exchange.core.accounts import Position
from exchange.core.finding import Refusal, margined_position
from exchange.core.ledger import Reason, transfer
from exchange.core.margin import Marks
from exchange.core.messages import AutoMarginSet, MarginAutoAdded, Reject, SetAutoMargin
from exchange.core.policies import AutoMargin
from exchange.core.scope import Scope
from exchange.core.state import State
from exchange.core.units import Money, ceil_div, magnitude


def set_auto_margin(state: State, command: SetAutoMargin) -> Refusal | None:
    """Switch it on or off for a position, open or not."""
    position = margined_position(state, command.account, command.symbol, command.position_side)
    if isinstance(position, Refusal):
        return position
    if command.on and state.rulebook.margin.auto_margin is AutoMargin.NONE:
        detail = f"{state.rulebook.title} does not add margin by itself"
        return Refusal(Reject.NOT_OFFERED, detail)
    position.auto_margin = command.on
    state.emit(
        AutoMarginSet(
            at=state.now,
            account=command.account,
            ref=command.ref,
            symbol=command.symbol,
            position_side=command.position_side,
            on=command.on,
        )
    )
    return None


def draw_on_wallet(scope: Scope) -> None:
    """Give an isolated position, if it has failed, what the rulebook says, or all there is."""
    state, position = scope.state, scope.isolated
    if position is None or not position.auto_margin:
        return
    lacking = state.lines.lacking(scope.equity(), scope.maintenance())
    amount = min(_portion(state, position, lacking), reserve(state, position, state.marks))
    if amount <= 0:
        return
    wallet = position.pool.wallet
    transfer(wallet, position.bucket, amount, Reason.ISOLATED_MARGIN)
    state.touch(position.pool)
    state.emit(
        MarginAutoAdded(
            at=state.now,
            account=position.pool.account.name,
            symbol=position.instrument.symbol,
            position_side=position.side,
            asset=position.pool.asset,
            lacking=lacking,
            amount=amount,
            bucket=position.bucket.balance,
            wallet=position.pool.wallet.balance,
        )
    )


def _portion(state: State, position: Position, lacking: Money) -> Money:
    """What the rulebook moves at once for what is lacking."""
    if state.rulebook.margin.auto_margin is AutoMargin.TO_SAFETY:
        return lacking
    value, lots = abs(position.cost), magnitude(position.size)
    step = position.instrument.isolated_margin(value, lots, position.leverage)
    return step * ceil_div(lacking, max(1, step))


def reserve(state: State, position: Position, marks: Marks) -> Money:
    """What an isolated position that adds margin may still draw on; as if at other marks."""
    pool = position.pool
    free = state.margin(pool, 0, marks).withdrawable
    if state.rulebook.margin.auto_margin_up_to_value:
        free = min(free, max(0, abs(position.cost) - position.bucket.balance))
    return free
