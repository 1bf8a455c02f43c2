"""Reasons to refuse an order that lie in the order itself, in order of precedence."""

from exchange.core.accounts import Position
from exchange.core.finding import Refusal, bad_price
from exchange.core.instrument import Instrument
from exchange.core.messages import (
    Exit,
    Instructions,
    PlaceOrder,
    Reject,
    Side,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from exchange.core.units import GRID_MAX, RATE_ONE, Lots, Nanos, Ticks

NOTHING = Instructions()


def rests(command: PlaceOrder) -> bool:
    """Whether what an order does not get at once may rest."""
    return command.price is not None and (
        command.time_in_force is TimeInForce.GTC or command.time_in_force is TimeInForce.GTD
    )


def malformed(position: Position, command: PlaceOrder, now: Nanos) -> Refusal | None:
    """What is wrong with an order as such."""
    told = command.instructions
    if command.ref and command.ref in position.pool.account.refs:
        return Refusal(Reject.DUPLICATE_REF, f"ref {command.ref} names an order that is open")
    return (
        bad_size(position.instrument, command.size, command.price, told)
        or bad_limit(command.price)
        or _at_odds(position.instrument, command, told or NOTHING)
        or (told is not None and _bad_instructions(position.instrument, command, told, now))
        or _endless(command, told)
    )


def bad_size(
    instrument: Instrument, size: Lots, price: Ticks | None, told: Instructions | None
) -> Refusal | None:
    """Whether a size is none, or more than one order may have."""
    text = instrument.size_text
    if size <= 0 and not (size == 0 and told is not None and told.close_position):
        return Refusal(Reject.SIZE_NOT_POSITIVE, f"size was {size} lots, expected 1 or more")
    if size > instrument.size_max:
        most = text(instrument.size_max)
        return Refusal(Reject.SIZE_ABOVE_MAX, f"size was {text(size)}, expected {most} at most")
    if price is None and size > instrument.market_size_max:
        most = text(instrument.market_size_max)
        return Refusal(
            Reject.MARKET_SIZE_ABOVE_MAX,
            f"size was {text(size)}, expected {most} at most for a market order",
        )
    return None


def bad_limit(price: Ticks | None) -> Refusal | None:
    """Whether an order's limit is not a price."""
    return None if price is None else bad_price(price)


def _at_odds(instrument: Instrument, command: PlaceOrder, told: Instructions) -> Refusal | None:
    """Flags that contradict each other, or the instrument."""
    found = ""
    if command.post_only and not rests(command):
        found = "post-only was set on an order that cannot rest"
    elif command.reduce_only and instrument.is_spot:
        found = "reduce-only was set on a spot order"
    elif told is NOTHING:
        return None
    elif told.reprice and not command.post_only:
        found = "reprice was set on an order that is not post-only"
    elif told.close_position and (command.size or instrument.is_spot):
        found = "close_position was set beside a size, or in spot"
    elif told.group < 0:
        found = f"group was {told.group}, expected 0 or more"
    return Refusal(Reject.BAD_FLAGS, found) if found else None


def _endless(command: PlaceOrder, told: Instructions | None) -> Refusal | None:
    if command.time_in_force is TimeInForce.GTD and (told is None or not told.expires_at):
        return Refusal(Reject.BAD_EXPIRY, "a GTD order was given no expires_at")
    return None


def _bad_instructions(
    instrument: Instrument, command: PlaceOrder, told: Instructions, now: Nanos
) -> Refusal | None:
    refusal = None
    if told.display_size:
        refusal = bad_display(instrument, told.display_size, command.size, may_rest=rests(command))
    if refusal is None and told.expires_at:
        ends = command.time_in_force is TimeInForce.GTD
        refusal = bad_expiry(told.expires_at, now, ends=ends)
    if refusal is None and told.trigger is not None:
        refusal = bad_trigger(told.trigger)
    if refusal is None and (told.take_profit is not None or told.stop_loss is not None):
        refusal = _bad_exits(instrument, command, told)
    return refusal


def bad_display(
    instrument: Instrument, shown: Lots, size: Lots, *, may_rest: bool
) -> Refusal | None:
    """Whether an iceberg would show too little, or more than there is."""
    if may_rest and instrument.size_min <= shown <= size:
        return None
    text = instrument.size_text
    return Refusal(
        Reject.BAD_DISPLAY_SIZE,
        f"display_size was {text(shown)}, expected {text(instrument.size_min)} to {text(size)}, "
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


def _bad_exits(instrument: Instrument, command: PlaceOrder, told: Instructions) -> Refusal | None:
    """Whether a bracket is on the wrong order, of the wrong kind, or the wrong way round."""
    gain, loss = told.take_profit, told.stop_loss
    if command.reduce_only or told.close_position or instrument.is_spot:
        return Refusal(Reject.BAD_EXIT, "a bracket was put on an order that opens no position")
    refusal = _bad_exit(gain, (TriggerKind.TAKE_PROFIT,)) or _bad_exit(
        loss, (TriggerKind.STOP, TriggerKind.TRAILING_STOP)
    )
    if refusal is not None or gain is None or loss is None:
        return refusal
    if loss.trigger.kind is TriggerKind.STOP:
        higher, lower = (gain, loss) if command.side is Side.BUY else (loss, gain)
        if higher.trigger.price <= lower.trigger.price:
            return Refusal(
                Reject.BAD_EXIT,
                f"take-profit was {gain.trigger.price} and stop-loss {loss.trigger.price} ticks, "
                f"the wrong way round for a {command.side}",
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
