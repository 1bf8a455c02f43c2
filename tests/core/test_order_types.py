"""What orders are told besides price and size; the naive book has what depends on last prices."""

import msgspec
import pytest

from exchange.core.messages import (
    Batch,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    CancelReason,
    CommandRejected,
    CountdownSet,
    Instructions,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderTriggered,
    PassTime,
    PlaceOrder,
    PriceSource,
    Reject,
    Side,
    Trigger,
    TriggerKind,
    UpdateIndexPrice,
)
from exchange.core.rules import LimitRules
from exchange.core.units import SECOND
from tests.stage import DOLLAR, SUBTICKS, Stage, only, rulebook


def stage(**limits: int) -> Stage:
    """Mark and index at 100; history makes the market."""
    rules = rulebook(limits=LimitRules(market_band="0.5", **limits))  # type: ignore[arg-type]
    it = Stage(rules, symbols="BTC")
    it.trader("ann", "bob", deposit=1_000)
    it.mark("BTC", 100)
    index(it, 100)
    it.show("BTC", bids={99: 50}, asks={101: 50})
    return it


def index(it: Stage, dollars: int) -> list:  # type: ignore[type-arg]
    return it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=dollars * SUBTICKS))


def told(it: Stage, size: int, price: int | None = None, **instructions: object) -> PlaceOrder:
    """An order of ann's with instructions; a negative size sells."""
    return PlaceOrder(
        at=it.now(),
        account="ann",
        symbol="BTC",
        side=Side.BUY if size > 0 else Side.SELL,
        size=0 if instructions.get("close_position") else abs(size),
        price=price,
        instructions=Instructions(**instructions),  # type: ignore[arg-type]
    )


def stop(price: int, by: PriceSource = PriceSource.MARK) -> Trigger:
    return Trigger(kind=TriggerKind.STOP, price=price, by=by)


def test_a_stop_by_the_mark_waits_for_the_mark_and_takes_no_margin() -> None:
    it = stage()
    it.do(told(it, 50, trigger=stop(105)))
    assert it.account("ann").available_margin == 1_000 * DOLLAR
    assert not only(it.mark("BTC", 104), OrderTriggered)
    events = it.mark("BTC", 105)
    assert only(events, OrderTriggered)[0].trigger_price == 105 * SUBTICKS
    assert it.size("ann", "BTC") == 50


def test_a_stop_by_the_index_waits_for_the_index() -> None:
    it = stage()
    it.do(told(it, -5, trigger=stop(95, PriceSource.INDEX)))
    it.mark("BTC", 94)
    assert it.size("ann", "BTC") == 0
    assert only(index(it, 95), OrderTriggered)
    assert it.size("ann", "BTC") == -5


def test_a_stop_whose_price_has_come_is_refused() -> None:
    it = stage()
    assert it.refusal(told(it, 5, trigger=stop(100))) is Reject.WOULD_TRIGGER_AT_ONCE


def test_what_cannot_be_carried_when_it_triggers_is_refused_then() -> None:
    it = stage()
    it.do(told(it, 5_000, 101, trigger=stop(105)))
    (ended,) = only(it.mark("BTC", 105), OrderCancelled)
    assert (ended.reason, ended.refusal) == (CancelReason.REFUSED, Reject.INSUFFICIENT_MARGIN)
    assert it.account("ann").orders == it.account("ann").waiting == ()


def test_a_stop_that_closes_the_position_closes_what_is_held_then() -> None:
    it = stage()
    it.hold("ann", "BTC", 10, 100)
    it.do(told(it, -1, close_position=True, trigger=stop(95)))
    it.hold("ann", "BTC", 3, 100)
    (fill,) = only(it.mark("BTC", 95), OrderFilled)
    assert (fill.size, fill.position) == (13, 0)


def test_it_goes_when_the_position_does() -> None:
    it = stage()
    it.hold("ann", "BTC", 10, 100)
    it.do(told(it, -1, close_position=True, trigger=stop(95)))
    (ended,) = only(it.do(it.order("ann", "BTC", -10)), OrderCancelled)
    assert ended.reason is CancelReason.POSITION_CLOSED


def test_with_it_go_neither_other_orders_that_wait_nor_what_closes_other_positions() -> None:
    it = Stage(symbols="BTC ETH")
    it.trader("ann", "bob", deposit=10_000)
    for symbol in ("BTC", "ETH"):
        it.mark(symbol, 100)
        it.hold("ann", symbol, 10, 100, other="bob")
    closes = told(it, -1, close_position=True, trigger=stop(95))
    it.do(closes)
    it.do(msgspec.structs.replace(closes, symbol="ETH"))
    it.do(told(it, 5, trigger=stop(105)))
    it.hold("ann", "BTC", -10, 100, other="bob")
    assert [(o.symbol, o.size) for o in it.account("ann").waiting] == [("ETH", 0), ("BTC", 5)]


def test_a_trailing_stop_by_rate_follows_the_best_mark() -> None:
    """2% back from 120 is 117.60."""
    it = stage()
    kind = TriggerKind.TRAILING_STOP
    trail = Trigger(kind=kind, callback_rate=2_000_000, by=PriceSource.MARK)
    it.do(told(it, -5, trigger=trail))
    it.mark("BTC", 120)
    assert it.account("ann").waiting[0].trigger_price == 117 * SUBTICKS + 60
    assert not only(it.mark("BTC", 117, 61), OrderTriggered)
    assert only(it.mark("BTC", 117, 60), OrderTriggered)


BAD = [
    ({"trigger": Trigger(kind=TriggerKind.STOP)}, Reject.BAD_TRIGGER),
    ({"trigger": Trigger(kind=TriggerKind.TRAILING_STOP)}, Reject.BAD_TRIGGER),
    ({"trigger": Trigger(kind=TriggerKind.STOP, price=9, callback=1)}, Reject.BAD_TRIGGER),
    ({"display_size": 6}, Reject.BAD_DISPLAY_SIZE),
    ({"expires_at": 10**18}, Reject.BAD_EXPIRY),
    ({"reprice": True}, Reject.BAD_FLAGS),
    ({"group": -1}, Reject.BAD_FLAGS),
]


@pytest.mark.parametrize(("instructions", "reason"), BAD)
def test_instructions_that_do_not_fit_are_refused(
    instructions: dict[str, object], reason: Reject
) -> None:
    it = stage()
    assert it.refusal(told(it, 5, 90, **instructions)) is reason


def test_orders_that_wait_are_counted() -> None:
    it = stage(triggers_max=1)
    it.do(told(it, 5, trigger=stop(105)))
    assert it.refusal(told(it, 5, trigger=stop(106))) is Reject.TOO_MANY_TRIGGERS


def test_a_market_order_has_a_largest_size_of_its_own() -> None:
    it = stage()
    it.enlist("ETH", size_max="20", market_size_max="10")
    it.mark("ETH", 100)
    assert it.refusal(it.order("ann", "ETH", 11)) is Reject.MARKET_SIZE_ABOVE_MAX
    assert it.refusal(it.order("ann", "ETH", 21, 10)) is Reject.SIZE_ABOVE_MAX
    it.place("ann", "ETH", 11, 90)


def test_a_batch_is_answered_item_by_item() -> None:
    it = stage()
    items = (
        it.order("ann", "BTC", 1, 90, ref=1),
        it.order("ann", "BTC", 0, 90, ref=2),
        CancelOrder(at=0, account="ann", order_ref=1),
        it.order("ann", "BTC", 2, 91, ref=3),
    )
    events = it.do(Batch(at=it.now(), account="ann", items=items))
    assert [type(e) for e in events] == [
        OrderAccepted,
        CommandRejected,
        OrderCancelled,
        OrderAccepted,
    ]
    assert [o.ref for o in it.account("ann").orders] == [3]


def test_a_batch_that_is_empty_too_long_or_for_another_is_refused_whole() -> None:
    it = stage(batch_max=1)
    mine, other = it.order("ann", "BTC", 1, 90), it.order("bob", "BTC", 1, 90)
    for items in ((), (mine, mine), (other,)):
        batch = Batch(at=it.now(), account="ann", items=items)
        assert it.refusal(batch) is Reject.BAD_BATCH


def test_a_cancellation_that_names_no_order_meets_none() -> None:
    it = stage()
    while it.place("bob", "BTC", 1, 90) < 127:
        it.do(CancelAll(at=it.now(), account="bob"))
    assert it.place("ann", "BTC", 1, 90) == 128  # which stands where 0 would
    assert it.refusal(CancelOrder(at=it.now(), account="ann")) is Reject.UNKNOWN_ORDER


def test_the_dead_mans_switch_cancels_unless_it_is_put_off() -> None:
    it = stage()
    it.place("ann", "BTC", 1, 90)
    it.do(told(it, 5, trigger=stop(105)))
    it.do(CancelAllAfter(at=it.now(), account="ann", timeout=SECOND))
    it.at = SECOND // 2
    (put_off,) = it.do(CancelAllAfter(at=it.at, account="ann", timeout=SECOND))
    assert not it.do(PassTime(at=SECOND + 100))
    events = it.do(PassTime(at=2 * SECOND))
    assert events[0] == CountdownSet(at=put_off.expires_at, account="ann", expires_at=0)
    ended = only(events, OrderCancelled)
    assert [e.reason for e in ended] == [CancelReason.COUNTDOWN] * 2


def test_the_dead_mans_switch_can_be_switched_off() -> None:
    it = stage()
    it.place("ann", "BTC", 1, 90)
    it.do(CancelAllAfter(at=it.now(), account="ann", timeout=SECOND))
    it.do(CancelAllAfter(at=it.now(), account="ann", timeout=0))
    assert not it.do(PassTime(at=2 * SECOND))
