"""Exchange of collateral: what a unified account owes is repaid out of what else it has.

The venue takes the one asset and gives the other, at their marks less a fee, out of an account of
its own in each; so the money of every asset still sums to zero.
"""

from exchange.core.accounts import Pool
from exchange.core.collateral import Collateral
from exchange.core.ledger import Reason, transfer
from exchange.core.margin import PoolMargin
from exchange.core.messages import CollateralExchanged, Exchange
from exchange.core.policies import Repay
from exchange.core.scope import Scope
from exchange.core.state import State
from exchange.core.units import Money, ceil_div


def repay_over_limit(scope: Scope) -> None:
    """Repay all of what is owed beyond what the venue lends, as far as there is collateral.

    Looked into when balances have changed; what there was no collateral for stays until then.  A
    liquidation repays by itself, round by round.
    """
    if not scope.is_unified or scope.distress.failing:
        return
    state = scope.state
    assets = state.collateral.assets
    if scope.pool.balances_seen == _balances(scope):
        return
    for pool in scope.debts():
        if -pool.wallet.balance > assets[pool.asset].limit:
            _repay(scope, pool, Exchange.LIMIT)
    scope.pool.balances_seen = _balances(scope)


def _balances(scope: Scope) -> tuple[Money, ...]:
    """Of every asset that has a price, and those that have none yet as nothing."""
    state, assets = scope.state, scope.state.collateral.assets
    return tuple(
        [
            pool.wallet.balance if assets[pool.asset].price(state.marks) else 0
            for pool in scope.pool.members
        ]
    )


def repay(scope: Scope) -> bool:
    """Repay all that is owed, as far as there is collateral; returns whether any was exchanged."""
    exchanged = [_repay(scope, pool, Exchange.LIQUIDATION) for pool in _by_rank(scope)]
    return any(exchanged)


def _by_rank(scope: Scope) -> list[Pool]:
    assets = scope.state.collateral.assets
    return sorted(scope.debts(), key=lambda pool: assets[pool.asset].rank)


def _repay(scope: Scope, debtor: Pool, cause: Exchange) -> bool:
    """Repay one balance below zero, out of one asset after the other."""
    state, exchanged = scope.state, False
    sources = _sources(scope)
    if state.collateral.repay is Repay.PROPORTIONAL:
        owed = -debtor.wallet.balance
        values = [_value(state, pool) for pool in sources]
        for pool, value in zip(sources, values, strict=True):
            part = ceil_div(owed * value, max(1, sum(values)))
            exchanged = _exchange(state, pool, debtor, part, cause) or exchanged
    for pool in sources:
        exchanged = _exchange(state, pool, debtor, -debtor.wallet.balance, cause) or exchanged
    return exchanged


def _sources(scope: Scope) -> list[Pool]:
    """The account's pools, the first to give what it has at the front."""
    collateral, members = scope.state.collateral, scope.pool.members
    assets = collateral.assets
    if collateral.repay is Repay.LEAST_HAIRCUT:
        return sorted(members, key=lambda p: (-assets[p.asset].ratios[0], assets[p.asset].rank))
    return sorted(members, key=lambda p: assets[p.asset].rank)


def _spendable(state: State, pool: Pool) -> Money:
    """The balance, but for what unrealised losses in it will take."""
    margin = PoolMargin(pool, pool.wallet.balance, state.marks)
    return max(0, min(margin.wallet, margin.equity))


def _value(state: State, pool: Pool) -> Money:
    priced = state.collateral.assets[pool.asset]
    return priced.worth(_spendable(state, pool), priced.price(state.marks))


def _exchange(state: State, source: Pool, debtor: Pool, wanted: Money, cause: Exchange) -> bool:
    """Exchange as much of one asset as fetches what is wanted of another, or all there is."""
    collateral: Collateral = state.collateral
    wanted = min(wanted, -debtor.wallet.balance)
    sold, bought = collateral.assets[source.asset], collateral.assets[debtor.asset]
    price = sold.price(state.marks)
    if price == 0:
        return False
    fee = collateral.fee_between(sold, bought)
    amount = collateral.needed(sold, bought, wanted, state.marks, fee)
    have = _spendable(state, source)
    if amount > have:
        amount = have
        wanted = min(wanted, collateral.converted(sold, bought, have, state.marks, fee))
    if wanted == 0:
        return False
    at_mark = min(amount, collateral.needed(sold, bought, wanted, state.marks, 0))
    given, taken = state.funds[source.asset], state.funds[debtor.asset]
    transfer(source.wallet, given.conversion, at_mark, Reason.CONVERSION)
    transfer(source.wallet, given.fees, amount - at_mark, Reason.CONVERSION_FEE)
    transfer(taken.conversion, debtor.wallet, wanted, Reason.CONVERSION)
    state.touch(source)
    state.emit(
        CollateralExchanged(
            at=state.now,
            account=source.account.name,
            cause=cause,
            sold=source.asset,
            amount=amount,
            market=sold.market,
            price=price,
            fee=amount - at_mark,
            bought=debtor.asset,
            repaid=wanted,
            bought_market=bought.market,
            bought_price=bought.price(state.marks),
            left=source.wallet.balance,
            owed=-debtor.wallet.balance,
        )
    )
    return True
