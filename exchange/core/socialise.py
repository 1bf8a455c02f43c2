"""Socialised loss: what neither account nor insurance fund can pay, borne by other traders.

The rest of the market (HISTORY) bears its part like a trader without a limit.
"""

from exchange.core.accounts import Position
from exchange.core.ledger import Reason, transfer
from exchange.core.margin import unrealised_pnl
from exchange.core.messages import HISTORY, LossSocialised
from exchange.core.policies import Socialise
from exchange.core.scope import Scope
from exchange.core.state import Market, State
from exchange.core.units import Money, magnitude


class Bearer:
    """A position that bears a part of a loss; None is history's."""

    def __init__(self, market: Market, position: Position | None, weight: int) -> None:
        self.market = market
        self.position = position
        self.weight = weight
        self.borne: Money = 0


def share_out(scope: Scope, market: Market, loss: Money) -> Money:
    """Take a loss from others as the rulebook says; returns what nobody bore.

    Everybody's part is rounded down; the units left over go to the first who can bear them.
    """
    bearers = _bearers(scope, market)
    whole = sum(bearer.weight for bearer in bearers)
    left = loss
    for bearer in bearers:
        left -= _bear(scope, bearer, loss * bearer.weight // whole)
    for bearer in bearers:
        left -= _bear(scope, bearer, left)
    return left


def _bearers(scope: Scope, market: Market) -> list[Bearer]:
    """Who takes part: winners in everything that settles in the asset, or all in one contract."""
    state, rule = scope.state, scope.state.rulebook.liquidation.socialise
    if rule is Socialise.NONE:
        return []
    found: list[Bearer] = []
    for one in state.markets:
        concerned = one.funds is market.funds if rule is Socialise.WINNERS else one is market
        if concerned:
            others = [p for p in one.holders.values() if not p.pool.is_house]
            holders = [p for p in others if p.pool.lead is not scope.pool.lead]
            found += [Bearer(one, p, _weight(state, one, p, rule)) for p in holders]
            found.append(Bearer(one, None, _weight(state, one, None, rule)))
    return [bearer for bearer in found if bearer.weight > 0]


def _weight(state: State, market: Market, position: Position | None, rule: Socialise) -> int:
    """A profit at the mark, or a size."""
    mark, instrument = state.marks.prices[market.instrument.index], market.instrument
    if rule is Socialise.OPEN_INTEREST:
        return magnitude(market.history_size if position is None else position.size)
    if position is None:
        return instrument.unrealised_pnl(mark, market.history_size, market.history_cost)
    return unrealised_pnl(position, mark)


def _room(state: State, bearer: Bearer, part: Money) -> Money:
    """How much of `part` a bearer can lose: what is above water, and of a profit itself."""
    if state.rulebook.liquidation.socialise is Socialise.WINNERS:
        part = min(part, bearer.weight - bearer.borne)
    position = bearer.position
    if position is not None:
        scope = Scope(state, position.pool, position if position.isolated else None)
        part = min(part, scope.into(bearer.market.instrument.settle, scope.equity()))
    return max(0, part)


def _bear(scope: Scope, bearer: Bearer, part: Money) -> Money:
    """Take `part`, or as much of it as can be borne; returns how much."""
    state, position = scope.state, bearer.position
    amount = _room(state, bearer, part)
    if amount == 0:
        return 0
    bearer.borne += amount
    purse, name = bearer.market.funds.history, HISTORY
    if position is not None:
        purse = position.bucket if position.isolated else position.pool.wallet
        name = position.pool.account.name
        state.touch(position.pool)
    asset = bearer.market.instrument.settle
    transfer(purse, scope.purse_of(asset), amount, Reason.SOCIALISED_LOSS)
    state.emit(
        LossSocialised(
            at=state.now,
            account=name,
            symbol=bearer.market.instrument.symbol,
            against=scope.pool.account.name,
            asset=asset,
            amount=amount,
        )
    )
    return amount
