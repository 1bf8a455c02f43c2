"""What an order may wait for, in the words and decimal text of a strategy.

await client.sell("BTCUSDT", "0.5", when=stop("58000", by="mark"), reduce_only=True)
await client.buy("BTCUSDT", "0.5", take_profit="66000", stop_loss=stop("58000", by="mark"))
"""

from typing import NamedTuple, TypeAlias

from exchange.core.instrument import Instrument
from exchange.core.messages import Exit, PriceSource, Trigger, TriggerKind
from exchange.core.units import Ticks, rate
from strategies.numbers import Price, ticks


class When(NamedTuple):
    """A price to wait for; made by `stop`, `take_profit` and `trailing_stop`."""

    kind: TriggerKind
    price: Price | None = None
    by: PriceSource = PriceSource.LAST
    callback: Price | None = None
    callback_rate: str = ""


ExitAt: TypeAlias = Price | When | Exit
"""How a bracket is closed: at the market from a price on, by a trigger, or to the last detail."""


def stop(price: Price, by: PriceSource | str = PriceSource.LAST) -> When:
    """Wait until the "last", "mark" or "index" price has moved against what is to be closed.

    Whatever it looks at, `price` is in ticks of the contract as an int, or exact decimal text.
    """
    return When(TriggerKind.STOP, price, PriceSource(by))


def take_profit(price: Price, by: PriceSource | str = PriceSource.LAST) -> When:
    """Wait until it has moved in favour; `price` as for `stop`."""
    return When(TriggerKind.TAKE_PROFIT, price, PriceSource(by))


def trailing_stop(
    callback: Price | None = None,
    *,
    rate: str = "",
    begin: Price | None = None,
    by: PriceSource | str = PriceSource.LAST,
) -> When:
    """Wait until the price has come back by `callback`, or by a `rate` of it, from its best.

    It follows from `begin` on, or at once.
    """
    return When(TriggerKind.TRAILING_STOP, begin, PriceSource(by), callback, rate)


def trigger(instrument: Instrument, when: When) -> Trigger:
    """A trigger in the units of an instrument.  Raises UnitError off the grid."""
    return Trigger(
        kind=when.kind,
        price=_ticks(instrument, when.price),
        by=when.by,
        callback=_ticks(instrument, when.callback),
        callback_rate=rate(when.callback_rate, "callback rate") if when.callback_rate else 0,
    )


def bracket_exit(instrument: Instrument, kind: TriggerKind, at: ExitAt) -> Exit:
    """The exit of a bracket in the units of an instrument."""
    if isinstance(at, Exit):
        return at
    when = at if isinstance(at, When) else When(kind, at)
    return Exit(trigger=trigger(instrument, when))


def _ticks(instrument: Instrument, price: Price | None) -> Ticks:
    return 0 if price is None else ticks(instrument, price)
