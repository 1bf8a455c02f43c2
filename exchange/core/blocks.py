"""Block trades: agreed off the book, and brought in at their own price, without fees."""

from exchange.core.accounts import Position
from exchange.core.admission import closing_size, only_closes, trial_at, unaffordable
from exchange.core.book import Order
from exchange.core.finding import (
    Refusal,
    bad_price,
    bad_size,
    open_market,
    position_named,
)
from exchange.core.messages import (
    HISTORY,
    BlockTrade,
    OrderFilled,
    PositionSide,
    Reject,
    Side,
    Traded,
    TradeKind,
)
from exchange.core.resting import fit_orders, side_of
from exchange.core.settlement import settle, settle_history
from exchange.core.state import Market, State


def block_trade(state: State, command: BlockTrade) -> Refusal | None:
    """Let two parties trade; either may be history.  Both must be able to carry it."""
    if command.account == command.counterparty:
        return Refusal(Reject.RESERVED_ACCOUNT, f"{command.account!r} cannot be both sides")
    first = _party(state, command.account, command.symbol, command.position_side)
    second = _party(state, command.counterparty, command.symbol, command.counterparty_side)
    market = open_market(state, command.symbol)
    for found in (first, second, market):
        if isinstance(found, Refusal):
            return found
    assert isinstance(market, Market), "a refused market has been returned"
    bad = bad_size(command.size) or bad_price(command.price)
    if bad is not None:
        return bad
    buys = command.side is Side.BUY
    for party, buy in ((first, buys), (second, not buys)):
        refusal = _refused(state, market, party, command, buy=buy)
        if refusal is not None:
            return refusal
    state.emit(
        Traded(
            at=state.now,
            symbol=command.symbol,
            side=command.side,
            price=command.price,
            size=command.size,
            kind=TradeKind.BLOCK,
        )
    )
    for party, buy in ((first, buys), (second, not buys)):
        assert not isinstance(party, Refusal), "a refused party has been returned"
        _take(state, market, party, command, buy=buy)
    return None


def _party(state: State, name: str, symbol: str, side: PositionSide) -> Position | Refusal | None:
    """The position that a party trades for; None is history."""
    return None if name == HISTORY else position_named(state, name, symbol, side)


def _refused(
    state: State,
    market: Market,
    party: Position | Refusal | None,
    command: BlockTrade,
    *,
    buy: bool,
) -> Refusal | None:
    if party is None or isinstance(party, Refusal):
        return party
    if state.mark_of(party) == 0 and not market.instrument.is_spot:
        return Refusal(Reject.NO_MARK_PRICE, f"{command.symbol} has no mark price yet")
    if only_closes(party, buy=buy) and closing_size(party, command.size, buy=buy) < command.size:
        held = market.instrument.size_text(party.size)
        return Refusal(
            Reject.REDUCE_ONLY_WOULD_INCREASE,
            f"the {party.side} position was {held}, less than that",
        )
    owner, number = party.pool.account.index, market.instrument.index
    order = Order(0, owner, number, buy, command.price, command.size, party)
    trial = trial_at(party, command.size, command.price, buy=buy)
    return unaffordable(state, party, order, trial, fee_rate=0, agreed=True)


def _take(
    state: State, market: Market, party: Position | None, command: BlockTrade, *, buy: bool
) -> None:
    """One party's own side of the trade."""
    lots = command.size if buy else -command.size
    value = market.instrument.value(command.price, lots)
    if party is None:
        settle_history(market, lots, value)
        return
    realised, fee = settle(state, market, party, lots, value, 0)
    state.emit(
        OrderFilled(
            at=state.now,
            account=party.pool.account.name,
            order_id=0,
            symbol=command.symbol,
            side=side_of(buy=buy),
            price=command.price,
            size=command.size,
            open_size=0,
            maker=False,
            fee=fee,
            realised_pnl=realised,
            position=party.size,
            position_side=party.side,
            kind=TradeKind.BLOCK,
        )
    )
    fit_orders(state, market, party)
