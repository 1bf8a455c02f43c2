"""Reasons to refuse an order that lie in the order itself, in order of precedence."""

from typing import Final

from exchange.core.accounts import Position
from exchange.core.book import Order
from exchange.core.finding import Refusal, bad_price
from exchange.core.instrument import Instrument
from exchange.core.messages import (
    Exit,
    Instructions,
    Reject,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from exchange.core.units import GRID_MAX, RATE_ONE, Lots, Nanos, Ticks

NOTHING: Final = Instructions()


def malformed(position: Position, order: Order, now: Nanos) -> Refusal | None:
    """What is wrong with an order as such, as it was asked for."""
    instrument, told = position.instrument, told_by(order)
    limit = None if order.is_market else int(order.price)
    return (
        bad_numbers(position, told, order.ref, int(order.size), limit)
        or _at_odds(instrument, order, told)
        or (_bad_instructions(instrument, order, told, now) if told is not NOTHING else None)
        or _endless(order, told)
    )


def told_by(order: Order) -> Instructions:
    """What an order was told besides its price and size."""
    return NOTHING if order.attached is None else order.attached.told


def bad_numbers(
    position: Position, told: Instructions, ref: int, size: Lots, limit: Ticks | None
) -> Refusal | None:
    """Whether the ref is that of an open order, or a size or a limit is out of bounds."""
    if ref and position.pool.account.is_taken(ref):
        return Refusal(Reject.DUPLICATE_REF, f"ref {ref} names an order that is open")
    return bad_size(position.instrument, size, told, is_market=limit is None) or bad_limit(limit)


def bad_size(
    instrument: Instrument, size: Lots, told: Instructions, *, is_market: bool
) -> Refusal | None:
    """Whether a size is none, or more than one order may have."""
    if size <= 0 and not (size == 0 and told.close_position):
        return Refusal(Reject.SIZE_NOT_POSITIVE, f"size was {size} lots, expected 1 or more")
    largest = int(instrument.size_max)
    if size > largest:
        found, most = instrument.size_text(size), instrument.size_text(largest)
        return Refusal(Reject.SIZE_ABOVE_MAX, f"size was {found}, expected {most} at most")
    if is_market and size > instrument.market_size_max:
        found, most = instrument.size_text(size), instrument.size_text(instrument.market_size_max)
        return Refusal(
            Reject.MARKET_SIZE_ABOVE_MAX,
            f"size was {found}, expected {most} at most for a market order",
        )
    return None


def bad_limit(price: Ticks | None) -> Refusal | None:
    """Whether an order's limit is not a price."""
    return None if price is None else bad_price(price)


def _at_odds(instrument: Instrument, order: Order, told: Instructions) -> Refusal | None:
    """Flags that contradict each other, or the instrument."""
    found = ""
    if order.post_only and not order.may_rest:
        found = "post-only was set on an order that cannot rest"
    elif order.reduce_only and instrument.is_spot:
        found = "reduce-only was set on a spot order"
    elif told is NOTHING:
        return None
    elif told.reprice and not order.post_only:
        found = "reprice was set on an order that is not post-only"
    elif told.close_position and (order.size or instrument.is_spot):
        found = "close_position was set beside a size, or in spot"
    elif told.group < 0:
        found = f"group was {told.group}, expected 0 or more"
    return Refusal(Reject.BAD_FLAGS, found) if found else None


def _endless(order: Order, told: Instructions) -> Refusal | None:
    if order.time_in_force is TimeInForce.GTD and not told.expires_at:
        return Refusal(Reject.BAD_EXPIRY, "a GTD order was given no expires_at")
    return None


def _bad_instructions(
    instrument: Instrument, order: Order, told: Instructions, now: Nanos
) -> Refusal | None:
    refusal = None
    if told.display_size:
        refusal = bad_display(instrument, told.display_size, order.size, may_rest=order.may_rest)
    if refusal is None and told.expires_at:
        ends = order.time_in_force is TimeInForce.GTD
        refusal = bad_expiry(told.expires_at, now, ends=ends)
    if refusal is None and told.trigger is not None:
        refusal = bad_trigger(told.trigger)
    if refusal is None and (told.take_profit is not None or told.stop_loss is not None):
        refusal = _bad_exits(instrument, order, told)
    return refusal


def bad_display(
    instrument: Instrument, shown: Lots, size: Lots, *, may_rest: bool
) -> Refusal | None:
    """Whether an iceberg would show too little, or more than there is."""
    least, text = int(instrument.size_min), instrument.size_text
    if may_rest and least <= shown <= size:
        return None
    return Refusal(
        Reject.BAD_DISPLAY_SIZE,
        f"display_size was {text(shown)}, expected {text(least)} to {text(size)}, "
        "on an order that may rest",
    )


def bad_expiry(expires_at: Nanos, now: Nanos, *, ends: bool) -> Refusal | None:
    """Whether an end has passed, or is that of an order without one."""
    if ends and expires_at > now:
        return None
    return Refusal(
        Reject.BAD_EXPIRY, f"expires_at was {expires_at}, expected after {now}, on a GTD order"
    )


def bad_trigger(trigger: Trigger) -> Refusal | None:
    """Whether a trigger's numbers do not fit its kind."""
    trails = trigger.kind is TriggerKind.TRAILING_STOP
    callbacks = (trigger.callback > 0) + (trigger.callback_rate > 0)
    fits = (
        callbacks == trails
        and trigger.callback >= 0
        and 0 <= trigger.callback_rate < RATE_ONE
        and max(trigger.price, trigger.callback) <= GRID_MAX
        and (trigger.price > 0 or (trails and trigger.price == 0))
    )
    if fits:
        return None
    expected = "one callback, and a price of 0 or more" if trails else "a price, and no callback"
    return Refusal(
        Reject.BAD_TRIGGER,
        f"{trigger.kind} had price {trigger.price}, callback {trigger.callback}, callback_rate "
        f"{trigger.callback_rate}, expected {expected}",
    )


def _bad_exits(instrument: Instrument, order: Order, told: Instructions) -> Refusal | None:
    """Whether a bracket is on the wrong order, of the wrong kind, or the wrong way round."""
    gain, loss = told.take_profit, told.stop_loss
    if order.reduce_only or told.close_position or instrument.is_spot:
        return Refusal(Reject.BAD_EXIT, "a bracket was put on an order that opens no position")
    refusal = _bad_exit(gain, (TriggerKind.TAKE_PROFIT,)) or _bad_exit(
        loss, (TriggerKind.STOP, TriggerKind.TRAILING_STOP)
    )
    if refusal is not None or gain is None or loss is None:
        return refusal
    if loss.trigger.kind is TriggerKind.STOP:
        higher, lower = (gain, loss) if order.buy else (loss, gain)
        if higher.trigger.price <= lower.trigger.price:
            return Refusal(
                Reject.BAD_EXIT,
                f"take-profit was {gain.trigger.price} and stop-loss {loss.trigger.price} ticks, "
                f"the wrong way round for a {'buy' if order.buy else 'sell'}",
            )
    return None


def _bad_exit(told: Exit | None, kinds: tuple[TriggerKind, ...]) -> Refusal | None:
    if told is None:
        return None
    if told.trigger.kind not in kinds:
        expected = " or ".join(kinds)
        return Refusal(Reject.BAD_EXIT, f"an exit was a {told.trigger.kind}, expected {expected}")
    wrong = bad_trigger(told.trigger) or bad_limit(told.price)
    return None if wrong is None else Refusal(Reject.BAD_EXIT, wrong.detail)
