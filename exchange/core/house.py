"""The venue's own account: it takes over what nobody buys, with the insurance fund as its wallet.

It needs no margin; when the fund's money is gone it is deleveraged like anybody else.
"""

from exchange.core.accounts import Position
from exchange.core.book import Order
from exchange.core.margin import bankruptcy_price
from exchange.core.matching import match
from exchange.core.messages import PositionSide, PositionTakenOver, TradeKind
from exchange.core.off_book import hand_over
from exchange.core.orders import market_limit
from exchange.core.scope import Scope
from exchange.core.state import Market, State
from exchange.core.units import Lots, Ticks, magnitude


def house_position(state: State, market: Market) -> Position:
    """The venue's own position in a contract.

    It settles with the contract's fund: the asset's one, or its own where funds are apart.
    """
    position = state.position(state.house(), market.instrument, PositionSide.NET)
    if market.insurance is not position.pool.wallet and not position.isolated:
        position.isolated = True
        position.bucket = market.insurance
    return position


def take_in(
    scope: Scope, market: Market, position: Position, size: Lots, price: Ticks, order_id: int
) -> None:
    """Take over `size` of a failed position at its bankruptcy price."""
    state = scope.state
    own = house_position(state, market)
    hand_over(state, market, position, own, size, price, TradeKind.TAKEOVER, order_id)
    state.reserves.note(market.insurance, state.now)
    state.emit(
        PositionTakenOver(
            at=state.now,
            account=scope.pool.account.name,
            symbol=market.instrument.symbol,
            position_side=position.side,
            size=size,
            price=price,
            position=own.size,
        )
    )


def work_off(scope: Scope) -> None:
    """Offer the venue's own positions to the book, as far as the fund can bear the loss."""
    state = scope.state
    for position in scope.positions():
        market = state.markets[position.instrument.index]
        buy = position.size < 0
        band = market_limit(state, market, buy=buy)
        worst = bankruptcy_price(position, state.mark_of(position), scope.equity())
        limit = min(band, worst) if buy else max(band, worst)
        order = Order(
            state.next_order_id(),
            scope.pool.account.index,
            market.instrument.index,
            buy,
            limit,
            magnitude(position.size),
            position,
        )
        match(state, market, order, TradeKind.LIQUIDATION)
        state.reserves.note(market.insurance, state.now)
