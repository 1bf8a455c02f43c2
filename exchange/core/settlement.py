"""What a trade does to an account: position, realised PnL, fee, and isolated margin.

Cross positions settle with the wallet.  An isolated position takes its margin from the wallet when
it opens, settles with its bucket, and gives the bucket's share back when it closes; in liquidation
the bucket gives nothing back until the end.
"""

from exchange.core.accounts import Position
from exchange.core.ledger import Reason
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Lots, Money, Rate, Ticks, ceil_div


class Settled:
    """What a fill came to for one side."""

    def __init__(self, realised: Money, fee: Money, position: Lots) -> None:
        self.realised = realised
        self.fee = fee
        self.position = position


def settle_history(market: Market, lots: Lots, price: Ticks) -> None:
    """Let history take `lots` (signed) at `price`; it has no money, only a tally."""
    before = max(market.history_size, 0)
    market.history_size += lots
    market.open_interest += max(market.history_size, 0) - before
    market.history_cost += market.instrument.value(price, lots)


def settle(
    state: State, market: Market, position: Position, lots: Lots, price: Ticks, fee_rate: Rate
) -> Settled:
    """Take `lots` (signed) at `price` into a position, for a fee of `fee_rate` of the notional.

    Fees round up, so that a fee is never less and a rebate never more than its rate.
    """
    instrument = market.instrument
    held = position.size
    closing = min(abs(lots), abs(held)) if held * lots < 0 else 0
    realised = position.trade(lots, price)
    collateral = position.bucket if position.isolated else position.pool.wallet
    state.ledger.transfer(market.funds.clearing, collateral, realised, Reason.REALISED_PNL)
    if position.isolated:
        _move_bucket(state, position, held, closing, realised, price, abs(lots) - closing)
    fee = ceil_div(abs(instrument.value(price, lots)) * fee_rate, RATE_ONE)
    state.ledger.transfer(position.pool.wallet, market.funds.fees, fee, Reason.TRADING_FEE)
    market.open_interest += max(position.size, 0) - max(held, 0)
    instrument.crowd(state.mark_of(position), market.open_interest)
    if position.size:
        market.holders[position.holder] = position
    else:
        market.holders.pop(position.holder, None)
    state.touch(position.pool)
    return Settled(realised, fee, position.size)


def _move_bucket(
    state: State,
    position: Position,
    held: Lots,
    closing: Lots,
    realised: Money,
    price: Ticks,
    opening: Lots,
) -> None:
    """Give back the closed part of the bucket, with its PnL; fund the opened part."""
    ledger, wallet = state.ledger, position.pool.wallet
    bucket = state.bucket(position)
    if closing and not position.failing:
        share = (bucket - realised) * closing // abs(held) + realised
        released = bucket if closing == abs(held) else min(share, bucket)
        # A debt stays in the bucket: the wallet does not answer for it, the waterfall does.
        ledger.transfer(position.bucket, wallet, max(released, 0), Reason.ISOLATED_MARGIN)
    if opening:
        value = abs(position.instrument.value(price, opening))
        needed = position.instrument.isolated_margin(value, opening, position.leverage)
        ledger.transfer(wallet, position.bucket, needed, Reason.ISOLATED_MARGIN)
