"""What a command names: an account, an instrument, a position; or why there is no such thing."""

from typing import Final

from mypy_extensions import mypyc_attr

from exchange.core.accounts import Account, Position, SpotPosition
from exchange.core.instrument import Instrument
from exchange.core.messages import HISTORY, Phase, PositionSide, Reject
from exchange.core.state import Market, State
from exchange.core.units import GRID_MAX, MarkPrice


@mypyc_attr(acyclic=True, free_list_len=1)
class Refusal:
    """Why a command is refused, and the numbers behind it."""

    def __init__(self, reason: Reject, detail: str) -> None:
        self.reason = reason
        self._detail = detail

    @property
    def detail(self) -> str:
        """The numbers, in a sentence."""
        return self._detail


def account_named(state: State, name: str) -> Account | Refusal:
    """A trader; HISTORY is none."""
    account = state.account_of.get(name)
    if account is not None:
        return account
    if name == HISTORY:
        return Refusal(Reject.RESERVED_ACCOUNT, f"{HISTORY} belongs to the venue")
    return Refusal(Reject.UNKNOWN_ACCOUNT, f"there is no account {name!r}")


def market_named(state: State, symbol: str) -> Market | Refusal:
    """An instrument's market."""
    market = state.market_of.get(symbol)
    if market is None:
        return Refusal(Reject.UNKNOWN_INSTRUMENT, f"there is no instrument {symbol!r}")
    return market


EXPIRED: Final = Phase.EXPIRED
SETTLED: Final = Phase.SETTLED
HALTED = {
    Phase.POST_ONLY: Reject.MARKET_POST_ONLY,
    Phase.CANCEL_ONLY: Reject.MARKET_CANCEL_ONLY,
    Phase.PAUSED: Reject.MARKET_PAUSED,
}


def open_market(state: State, symbol: str) -> Market | Refusal:
    """A market in which trades are made."""
    market = market_named(state, symbol)
    if isinstance(market, Refusal) or market.phase is Phase.TRADING:
        return market
    return halted(market)


def halted(market: Market) -> Refusal:
    """Why a market does nothing of this kind now."""
    reason = HALTED.get(market.phase, Reject.INSTRUMENT_CLOSED)
    return Refusal(reason, f"{market.instrument.symbol} was {market.phase}")


def is_over(market: Market) -> bool:
    """Whether an instrument has come to its end, and is not only halted."""
    return market.phase is EXPIRED or market.phase is SETTLED


def priced_market(state: State, symbol: str) -> Market | Refusal:
    """A market that still has prices: an expired future has them until it is settled."""
    market = market_named(state, symbol)
    if isinstance(market, Refusal) or market.phase is not Phase.SETTLED:
        return market
    return Refusal(Reject.INSTRUMENT_CLOSED, f"{symbol} was settled")


def position_meant(
    state: State, account: Account, market: Market, side: PositionSide
) -> Position | Refusal:
    """A position of an account; its side must be one that the account's mode has."""
    refusal = wrong_side(account, market.instrument, side)
    return state.position(account, market.instrument, side) if refusal is None else refusal


def wrong_side(account: Account, instrument: Instrument, side: PositionSide) -> Refusal | None:
    """Whether the account's mode has no such side.  Nothing is held on a side in spot."""
    hedges = account.hedges and not instrument.is_spot
    if hedges != (side is PositionSide.NET):
        return None
    expected = "long or short in hedge mode" if hedges else "net"
    return Refusal(Reject.WRONG_POSITION_SIDE, f"position_side was {side}, expected {expected}")


def position_named(state: State, name: str, symbol: str, side: PositionSide) -> Position | Refusal:
    """The position that a command names by account, symbol and side."""
    account, market = account_named(state, name), market_named(state, symbol)
    if isinstance(account, Refusal):
        return account
    if isinstance(market, Refusal):
        return market
    return position_meant(state, account, market, side)


def margined_position(
    state: State, name: str, symbol: str, side: PositionSide
) -> Position | Refusal:
    """A position that is held on margin, which spot is not."""
    position = position_named(state, name, symbol, side)
    if isinstance(position, SpotPosition):
        return Refusal(Reject.NOT_OFFERED, f"{symbol} is spot, which has no margin")
    return position


def bad_price(price: int) -> Refusal | None:
    """What is wrong with a price in ticks."""
    if price <= 0:
        return not_a_price(price)
    if price > GRID_MAX:
        detail = f"price was {price} ticks, expected {GRID_MAX} at most"
        return Refusal(Reject.PRICE_ABOVE_MAX, detail)
    return None


def above_cap(instrument: Instrument, price: MarkPrice) -> Refusal | None:
    """What is wrong with a mark, in mark units, of a contract that may have a highest one."""
    if not instrument.cap or price <= instrument.cap:
        return None
    detail = (
        f"price was {instrument.mark_text(price)}, expected {instrument.rules.price_max} at most"
    )
    return Refusal(Reject.PRICE_ABOVE_MAX, detail)


def bad_size(size: int, least: int = 1) -> Refusal | None:
    """What is wrong with a size in lots."""
    if size < least:
        return not_a_size(size, least)
    if size > GRID_MAX:
        detail = f"size was {size} lots, expected {GRID_MAX} at most"
        return Refusal(Reject.SIZE_ABOVE_MAX, detail)
    return None


def not_a_price(price: int) -> Refusal:
    """The refusal of a price of nothing or less."""
    return Refusal(Reject.PRICE_NOT_POSITIVE, f"price was {price}, expected more than 0")


def not_a_size(size: int, least: int = 1) -> Refusal:
    """The refusal of a size that is none."""
    return Refusal(Reject.SIZE_NOT_POSITIVE, f"size was {size} lots, expected {least} or more")
