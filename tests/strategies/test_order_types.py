"""Every type of order that the venue has, as a strategy asks for it and hears of it."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from exchange.core.messages import (
    CancelReason,
    Exit,
    OrderCancelled,
    OrderTriggered,
    Reject,
    Trigger,
    TriggerKind,
)
from exchange.core.units import UnitError
from strategies import (
    Client,
    Order,
    OrderEvent,
    Rejection,
    Strategy,
    stop,
    take_profit,
    trailing_stop,
)
from strategies.placing import Terms
from tests.day import MS, Day

Plan = Callable[[Client], Coroutine[Any, Any, Any]]
ANSWERS: list[Any] = []


def trader(plan: Plan) -> type[Strategy]:
    """A strategy that has bought 10 lots at 101 when its plan begins, at 1 ms."""

    class Planned(Strategy):
        async def on_start(self) -> None:
            ANSWERS.clear()
            await self.client.at(1 * MS)
            await self.client.buy("BTC", 10)
            ANSWERS.append(await plan(self.client))

    return Planned


def day(*prices: int) -> Day:
    """A market that is at a price for 10 ms each: mark, book and last price."""
    made = Day()
    for number, price in enumerate(prices):
        made.mark(10 * number, price).book(10 * number, price, price + 1)
        made.trade(10 * number, -1, price)
    return made


def played(plan: Plan, *prices: int, **run: Any) -> Day:
    done = day(*prices).client("alice", trader(plan)).run(**run)
    assert done.why_stopped("alice") == ""
    return done


def test_a_stop_waits_outside_the_book_and_then_sells() -> None:
    async def plan(client: Client) -> Any:
        order = await client.sell("BTC", 10, when=stop(95), reduce_only=True)
        assert isinstance(order, Order)
        return order, order.is_open, order.trigger, client.open_orders() == [order]

    run = played(plan, 100, 97, 94, 90)

    ((order, was_open, trigger, listed),) = ANSWERS
    assert (was_open, listed) == (True, True)
    assert trigger == Trigger(kind=TriggerKind.STOP, price=95)
    assert run.fills("alice")[1:] == [(20, -10, 94)]
    assert (order.is_open, order.filled, order.trigger) == (False, 10, None)


def test_a_trigger_may_look_at_the_mark() -> None:
    async def plan(client: Client) -> Any:
        return await client.sell("BTC", 10, when=stop("95", by="mark"))

    run = Day().mark(0, 100).book(0, 100, 101).trade(2, -1, 50).mark(10, 94)
    run.client("alice", trader(plan)).run()

    assert run.fills("alice")[1:] == [(10, -10, 100)]


def test_a_take_profit_waits_for_the_other_way() -> None:
    async def plan(client: Client) -> Any:
        return await client.sell("BTC", 10, 108, when=take_profit(107))

    assert played(plan, 100, 95, 108).fills("alice")[1:] == [(20, -10, 108)]


def test_a_trailing_stop_follows_the_best_price() -> None:
    """Best at 120; five per cent lower is 114."""

    async def plan(client: Client) -> Any:
        return await client.sell("BTC", 10, when=trailing_stop(rate="0.05"))

    assert played(plan, 100, 110, 120, 115, 114).fills("alice")[1:] == [(40, -10, 114)]


def test_a_trailing_stop_may_begin_later_and_at_a_distance_in_ticks() -> None:
    async def plan(client: Client) -> Any:
        return await client.sell("BTC", 10, when=trailing_stop("3", begin=110))

    assert played(plan, 100, 96, 111, 108).fills("alice")[1:] == [(30, -10, 108)]


def test_a_position_can_be_closed_when_a_price_comes_whatever_its_size_is_then() -> None:
    async def plan(client: Client) -> Any:
        order = await client.close("BTC", when=stop(95))
        await client.buy("BTC", 5)
        return order

    run = played(plan, 100, 94)

    assert run.fills("alice")[-1] == (10, -15, 94)
    assert run.position("alice") == 0


def test_a_bracket_closes_what_its_order_opened_at_a_gain_or_at_a_loss() -> None:
    async def plan(client: Client) -> Any:
        entry = await client.buy("BTC", 4, take_profit="110", stop_loss=stop(90, by="mark"))
        assert isinstance(entry, Order)
        exits = client.open_orders()
        return entry, exits, [order.trigger and order.trigger.kind for order in exits]

    run = played(plan, 100, 111, 111)

    ((entry, exits, kinds),) = ANSWERS
    assert kinds == [TriggerKind.TAKE_PROFIT, TriggerKind.STOP]
    assert {exit_.parent for exit_ in exits} == {entry.order_id}
    assert run.fills("alice")[-1] == (10, -4, 111)
    assert [order.is_open for order in exits] == [False, False]
    assert run.position("alice") == 10


def test_an_exit_may_be_told_to_the_last_detail() -> None:
    at = Exit(trigger=Trigger(kind=TriggerKind.TAKE_PROFIT, price=110), price=112)

    async def plan(client: Client) -> Any:
        return await client.buy("BTC", 4, take_profit=at)

    run = played(plan, 100, 111, 113)

    assert run.fills("alice")[-1] == (20, -4, 112)


def test_an_order_may_rest_until_a_moment() -> None:
    async def plan(client: Client) -> Any:
        return await client.buy("BTC", 5, 90, expires_at=15 * MS)

    run = played(plan, 100, 100, 100)

    (cancelled,) = run.only(OrderCancelled, "alice")
    assert (cancelled.at, cancelled.reason) == (15 * MS, CancelReason.EXPIRED)
    assert not ANSWERS[0].is_open


def test_an_iceberg_shows_a_part_of_itself() -> None:
    async def plan(client: Client) -> Any:
        await client.buy("BTC", 30, 99, display_size=5)
        return (await client.book("BTC", depth=2)).bids

    played(plan, 100, 100)

    assert ANSWERS == [((100, 99), (99, 5))]


def test_of_a_group_one_cancels_the_others() -> None:
    async def plan(client: Client) -> Any:
        group = client.new_group()
        low = await client.buy("BTC", 5, 95, group=group)
        high = await client.sell("BTC", 5, 105, group=group)
        return low, high

    run = played(plan, 100, 106)

    ((low, high),) = ANSWERS
    assert (low.is_open, high.filled) == (False, 5)
    assert run.position("alice") == 5


def test_a_post_only_order_may_step_back() -> None:
    async def plan(client: Client) -> Any:
        return await client.buy("BTC", 5, 101, post_only=True, reprice=True)

    run = played(plan, 100, 100)

    assert [order.price for order in run.account("alice").orders] == [100]
    assert ANSWERS[0].price == 100


def test_the_help_of_buy_tells_every_term() -> None:
    told = re.findall(r"^ +(\w+)  +\S", str(Client.buy.__doc__), re.MULTILINE)

    assert set(told) == set(Terms.__annotations__)


@pytest.mark.parametrize(
    "order",
    [
        lambda client: client.buy("BTC", 5, stop_price="95"),
        lambda client: client.sell("BTC", 5, 99, stop_price="95"),
        lambda client: client.to_buy("BTC", 5, stop_price="95"),
        lambda client: client.to_sell("BTC", 5, stop_price="95"),
        lambda client: client.close("BTC", stop_price="95"),
        lambda client: client.amend(client.open_orders()[0], stop_price="95"),
    ],
)
def test_a_keyword_that_is_no_term_is_never_ignored(order: Callable[[Client], Any]) -> None:
    async def plan(client: Client) -> Any:
        resting = await client.buy("BTC", 1, 50)
        with pytest.raises(TypeError, match=r"^stop_price is no term of an order, .*\bwhen\b"):
            await order(client)
        return client.open_orders() == [resting], client.position("BTC")

    played(plan, 100, 100)

    assert ANSWERS == [(True, 10)]


def test_a_batch_answers_each_of_its_commands() -> None:
    async def plan(client: Client) -> Any:
        old = await client.buy("BTC", 5, 90)
        assert isinstance(old, Order)
        answers = await client.batch(
            client.to_cancel(old),
            client.to_buy("BTC", 5, 91),
            client.to_sell("BTC", 5, 99, post_only=True),
            client.to_sell("BTC", 3, 100),
            client.to_cancel(old),
        )
        return old.is_open, answers

    played(plan, 100, 100)

    ((old_is_open, (cancelled, bid, taking, sold, again)),) = ANSWERS
    assert not old_is_open
    assert cancelled is None
    assert (bid.price, bid.is_open) == (91, True)
    assert taking.reason is Reject.POST_ONLY_WOULD_TAKE
    assert sold.filled == 3
    assert again.reason is Reject.UNKNOWN_ORDER


def test_a_batch_that_is_refused_as_a_whole_is_so_for_each() -> None:
    async def plan(client: Client) -> Any:
        return await client.batch(*(client.to_buy("BTC", 1, 50) for _ in range(500)))

    played(plan, 100, 100)

    (answers,) = ANSWERS
    assert len(answers) == 500
    assert {answer.reason for answer in answers} == {Reject.BAD_BATCH}


def test_the_dead_mans_switch_cancels_everything_unless_it_is_told_again() -> None:
    async def plan(client: Client) -> Any:
        await client.buy("BTC", 5, 90)
        await client.cancel_all_after("0.010")
        await client.sleep("0.008")
        return await client.cancel_all_after("0.010")

    run = played(plan, *[100] * 4)

    (cancelled,) = run.only(OrderCancelled, "alice")
    assert (cancelled.at, cancelled.reason) == (19 * MS, CancelReason.COUNTDOWN)


def test_an_order_that_waits_can_be_amended() -> None:
    async def plan(client: Client) -> Any:
        order = await client.sell("BTC", 10, when=stop(95))
        assert isinstance(order, Order)
        await client.amend(order, size=4, when=stop(97))
        return order.size, order.trigger

    run = played(plan, 100, 96)

    assert [(4, Trigger(kind=TriggerKind.STOP, price=97))] == ANSWERS
    assert run.fills("alice")[-1] == (10, -4, 96)


def test_the_hook_hears_of_a_trigger() -> None:
    heard: list[str] = []

    async def plan(client: Client) -> Any:
        return await client.sell("BTC", 10, when=stop(95))

    class Hears(trader(plan)):  # type: ignore[misc]
        async def on_order(self, order: OrderEvent) -> None:
            heard.append(type(order).__name__)

    run = day(100, 94).client("alice", Hears).run()

    assert len(run.only(OrderTriggered)) == 1
    assert "OrderTriggered" in heard


def test_a_trigger_that_has_come_already_is_refused() -> None:
    async def plan(client: Client) -> Any:
        return await client.sell("BTC", 10, when=stop(105))

    played(plan, 100, 100)

    assert isinstance(ANSWERS[0], Rejection)
    assert ANSWERS[0].reason is Reject.WOULD_TRIGGER_AT_ONCE


def test_prices_of_triggers_are_on_the_grid_too() -> None:
    async def plan(client: Client) -> Any:
        with pytest.raises(UnitError, match="expected a multiple of 1"):
            await client.sell("BTC", 10, when=stop("95.5"))
        with pytest.raises(TypeError, match="expected whole ticks"):
            await client.sell("BTC", 10, take_profit=95.5)  # type: ignore[arg-type]

    played(plan, 100, 100)
