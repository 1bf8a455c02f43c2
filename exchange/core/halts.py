"""Halts: a market, or the venue, does less for a while; by command, or while its mark is stale.

The most restrictive of what is told for the market, told for the venue and ruled holds.  While a
market is not trading nothing in it trades: triggers rest, history shows only what would meet no
one, and nobody who holds a position there is liquidated, on a mark that nobody can trade at.
"""

from typing import Final

from exchange.core import history
from exchange.core.alarms import Alarm, Due
from exchange.core.book import NONE
from exchange.core.finding import Refusal, is_over, market_named
from exchange.core.messages import Phase, PhaseChanged, PriceSource, Reject, SetPhase
from exchange.core.replay import show_more
from exchange.core.state import Market, State
from exchange.core.waiting import price_by, watch

HALTS: Final = (Phase.TRADING, Phase.POST_ONLY, Phase.CANCEL_ONLY, Phase.PAUSED)
"""From everything to nothing."""


def set_phase(state: State, command: SetPhase) -> Refusal | None:
    """Halt or resume one instrument, or all of them."""
    if command.phase not in HALTS:
        return Refusal(Reject.BAD_PHASE, f"phase was {command.phase}, expected trading or a halt")
    if not command.symbol:
        state.phase = command.phase
        for market in state.markets:
            update(state, market)
        return None
    found = market_named(state, command.symbol)
    if isinstance(found, Refusal):
        return found
    if is_over(found):
        return Refusal(Reject.INSTRUMENT_CLOSED, f"{command.symbol} was {found.phase}")
    found.told = command.phase
    update(state, found)
    return None


def update(state: State, market: Market) -> None:
    """Let the most restrictive phase hold; where trading goes on, catch up with what waited."""
    phase = max((state.phase, market.told, market.ruled), key=HALTS.index)
    if phase is market.phase or is_over(market):
        return
    market.phase = phase
    state.emit(PhaseChanged(at=state.now, symbol=market.instrument.symbol, phase=phase))
    if phase is Phase.TRADING:
        _resume(state, market)


def _resume(state: State, market: Market) -> None:
    """Whoever failed meanwhile is looked at first; then come history and the triggers."""
    for position in list(market.holders.values()):
        state.touch(position.pool)
    for (buy, price), size in list(market.withheld.items()):
        other = market.book.side(buy=not buy)
        level = history.best(market.book, other)
        meets = NONE if level == NONE else int(market.book.price(level))
        if level == NONE or (price < meets if buy else price > meets):
            show_more(state, market, price, size, buy=buy)
    market.withheld.clear()
    waits = (
        (market.on_last, PriceSource.LAST),
        (market.on_mark, PriceSource.MARK),
        (market.on_index, PriceSource.INDEX),
    )
    for triggers, source in waits:
        price = price_by(state, market, source)
        if triggers is not None and price:
            watch(state, triggers, price)


def mark_came(state: State, market: Market) -> None:
    """A mark price was told or made: it is fresh, and the rule about stale ones starts anew."""
    market.mark_at = state.now
    if not state.stale_mark:
        return
    if not market.is_watched:
        _watch_mark(state, market)
    if market.ruled is not Phase.TRADING:
        market.ruled = Phase.TRADING
        update(state, market)


def _watch_mark(state: State, market: Market) -> None:
    at = market.mark_at + state.stale_mark
    state.alarms.set(Due(at, Alarm.STALE, market.instrument.index))
    market.is_watched = True


def mark_may_be_stale(state: State, market: Market) -> None:
    """The alarm: halt if no mark has come since it was set, else set it for the latest one."""
    market.is_watched = False
    if is_over(market):
        return
    if state.now < market.mark_at + state.stale_mark:
        _watch_mark(state, market)
    else:
        market.ruled = state.rulebook.halt.phase
        update(state, market)
