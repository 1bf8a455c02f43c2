"""The client: what a strategy can ask, and what it is answered."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from exchange.core.messages import (
    FundingRateChanged,
    IndexPriceChanged,
    MarginMode,
    PositionSide,
    Reject,
    TimeInForce,
    UpdateFundingRate,
    UpdateIndexPrice,
)
from exchange.core.rules import LimitRules
from exchange.core.units import UnitError
from strategies import Client, Order, Rejection, Strategy, UnknownInstrumentError
from tests.day import MS, Day, latency
from tests.stage import DOLLAR, rulebook

Plan = Callable[[Client], Coroutine[Any, Any, Any]]


def after(plan: Plan, day: Day | None = None, **run: Any) -> list[Any]:
    """What a client's plan returns, begun at 1 ms in a market of 100 / 101 that lasts 100 ms."""
    results: list[Any] = []

    class Planned(Strategy):
        async def on_start(self) -> None:
            await self.client.at(1 * MS)
            results.append(await plan(self.client))

    day = day or Day()
    day.mark(0, 100).book(0, 100, 101).mark(100, 100).client("alice", Planned)
    day.run(**run)
    assert day.why_stopped("alice") == ""
    return results


def test_an_order_that_rests_is_followed_to_its_end() -> None:
    async def plan(client: Client) -> list[Any]:
        order = await client.buy("BTC", 7, 95)
        assert isinstance(order, Order)
        seen = [(order.open_size, order.price, order.is_open, client.open_orders("BTC") == [order])]
        await client.amend(order, size=5, price=96)
        seen.append((order.open_size, order.price, order.is_open, client.open_orders() == [order]))
        await client.cancel(order)
        seen.append((order.open_size, order.price, order.is_open, client.open_orders() == [order]))
        return seen

    assert after(plan) == [[(7, 95, True, True), (5, 96, True, True), (0, 96, False, False)]]


def test_an_order_that_trades_at_once_says_so() -> None:
    async def plan(client: Client) -> Any:
        order = await client.sell("BTC", 30)
        return order, client.position("BTC"), client.open_orders()

    ((order, position, open_orders),) = after(plan)

    assert (order.size, order.filled, order.open_size) == (30, 30, 0)
    assert (position, open_orders) == (-30, [])


def test_what_the_book_does_not_have_is_not_filled() -> None:
    async def plan(client: Client) -> Any:
        ioc = await client.buy("BTC", 130, 101, time_in_force=TimeInForce.IOC)
        rest = await client.buy("BTC", 20, 101)
        return ioc, rest

    ((ioc, rest),) = after(plan)

    assert (ioc.filled, ioc.open_size) == (100, 0)
    assert (rest.filled, rest.open_size, rest.is_open) == (0, 20, True)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (lambda client: client.buy("BTC", 10, 101, post_only=True), Reject.POST_ONLY_WOULD_TAKE),
        (lambda client: client.buy("BTC", 9_999, 100), Reject.INSUFFICIENT_MARGIN),
        (lambda client: client.sell("BTC", 1, reduce_only=True), Reject.REDUCE_ONLY_WOULD_INCREASE),
        (
            lambda client: client.buy("BTC", 101, 101, time_in_force=TimeInForce.FOK),
            Reject.CANNOT_FILL_WHOLE,
        ),
        (lambda client: client.set_leverage("BTC", 101), Reject.LEVERAGE_OUT_OF_RANGE),
        (lambda client: client.adjust_margin("BTC", "5"), Reject.NOT_ISOLATED),
        (lambda client: client.set_auto_margin("BTC"), Reject.NOT_OFFERED),
    ],
)
def test_a_refusal_is_a_value_with_its_reason(plan: Plan, reason: Reject) -> None:
    (rejection,) = after(plan)

    assert isinstance(rejection, Rejection)
    assert rejection.reason is reason
    assert rejection.detail


def test_cancelling_an_order_that_is_gone_is_refused() -> None:
    async def plan(client: Client) -> Any:
        order = await client.buy("BTC", 1)
        assert isinstance(order, Order)
        return await client.cancel(order)

    assert after(plan)[0].reason is Reject.UNKNOWN_ORDER


def test_over_the_rate_limit_commands_are_refused_until_the_second_is_over() -> None:
    async def plan(client: Client) -> Any:
        first = [await client.cancel_all() for _ in range(4)]
        await client.at(1000 * MS)
        return [*first, await client.cancel_all()]

    limits = LimitRules(market_band="0.5", commands_per_second=3)
    (answers,) = after(plan, Day(rulebook(limits=limits)), until=2000)

    refused = [answer.reason if answer else None for answer in answers]
    assert refused == [None, None, None, Reject.RATE_LIMITED, None]


def test_numbers_are_whole_or_exact_text_and_never_floats() -> None:
    async def plan(client: Client) -> Any:
        assert isinstance(await client.buy("BTC", "2", "95"), Order)
        with pytest.raises(TypeError, match=r"size was 0.5, expected whole lots as int or exact"):
            await client.buy("BTC", 0.5)  # type: ignore[arg-type]
        with pytest.raises(
            TypeError, match=r"price was 95.0, expected whole ticks as int or exact"
        ):
            await client.buy("BTC", 2, 95.0)  # type: ignore[arg-type]
        with pytest.raises(UnitError, match=r"BTC price was 95.5, expected a multiple of 1"):
            await client.buy("BTC", 2, "95.5")
        return [order.size for order in client.open_orders()]

    assert after(plan) == [[2]]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.buy("XRP", 2),
        lambda client: client.to_sell("XRP", 2),
        lambda client: client.close("XRP"),
        lambda client: client.cancel_all("XRP"),
        lambda client: client.set_leverage("XRP", 2),
        lambda client: client.adjust_margin("XRP", 2),
        lambda client: client.book("XRP"),
        lambda client: client.position_view("XRP"),
        lambda client: client.position("XRP"),
        lambda client: client.open_orders("XRP"),
        lambda client: client.quote("XRP"),
        lambda client: client.mark("XRP"),
        lambda client: client.index("XRP"),
        lambda client: client.funding("XRP"),
        lambda client: client.marks("XRP"),
        lambda client: client.fills("XRP"),
        lambda client: client.instrument("XRP"),
    ],
)
def test_a_symbol_that_is_not_listed_is_one_error_everywhere(ask: Callable[[Client], Any]) -> None:
    async def plan(client: Client) -> str:
        with pytest.raises(UnknownInstrumentError) as caught:
            await ask(client)
        return str(caught.value)

    assert after(plan) == ["there is no instrument 'XRP', expected one of BTC"]


def test_of_many_instruments_an_error_names_the_first() -> None:
    error = UnknownInstrumentError("XRP", [f"C{number}" for number in range(25)])

    assert str(error).endswith("C18, C19 and 5 more")


def test_closing_is_a_market_order_that_only_reduces() -> None:
    async def plan(client: Client) -> Any:
        nothing = await client.close("BTC")
        await client.buy("BTC", 12)
        closed = await client.close("BTC")
        return nothing, closed.filled, client.position("BTC")  # type: ignore[union-attr]

    assert after(plan) == [(None, 12, 0)]


def test_terms_of_a_position_can_be_chosen() -> None:
    async def plan(client: Client) -> Any:
        await client.set_leverage("BTC", 5)
        await client.set_margin_mode("BTC", "isolated")
        await client.buy("BTC", 10)
        await client.adjust_margin("BTC", "25")
        (position,) = (await client.account_view()).positions
        return position.leverage, position.mode, position.bucket

    # Ten lots at 101 with leverage 5 need 202; with 25 more it is 227.
    assert after(plan) == [(5, MarginMode.ISOLATED, 227 * DOLLAR)]


def test_the_account_and_the_book_are_told_as_they_stand() -> None:
    async def plan(client: Client) -> Any:
        await client.buy("BTC", 10)
        view, book = await client.account_view(), await client.book("BTC", depth=1)
        return view.equity, view.positions[0].liquidation_price, book.bids, book.asks

    ((equity, liquidation_price, bids, asks),) = after(plan)

    # 10 lots bought at 101 are worth 100 each at the mark.
    assert equity == 9_990 * DOLLAR
    assert liquidation_price is None, "10,000 dollars outlast ten lots at any price"
    assert (bids, asks) == (((100, 100),), ((101, 90),))


def test_a_question_is_answered_as_things_stand_when_it_arrives() -> None:
    """Asked at 1 ms, it arrives at 4, when the book has changed, and is answered at 6."""

    async def plan(client: Client) -> Any:
        book = await client.book("BTC")
        return book.bids, client.now // MS

    day = Day().mark(0, 100).book(0, 100, 101).book(3, 90, 91)
    results: list[Any] = []

    class Asks(Strategy):
        async def on_start(self) -> None:
            await self.client.at(1 * MS)
            results.append(await plan(self.client))

    day.client("alice", Asks).run(latency=latency(entry=3, response=2), until=10)

    assert results == [(((90, 100),), 6)]


def test_every_needs_a_pause() -> None:
    async def plan(client: Client) -> None:
        async def nothing() -> None:
            pass

        with pytest.raises(ValueError, match="every: seconds was 0, expected more than 0"):
            client.every(0, nothing)

    assert after(plan) == [None]


def test_every_leaves_a_pause_between_two_runs() -> None:
    """Each run takes 2 ms, the pause is 3 ms."""
    moments: list[int] = []

    async def plan(client: Client) -> None:
        async def tick() -> None:
            moments.append(client.now // MS)
            await client.sleep("0.002")

        client.every("0.003", tick)

    after(plan, until=20)

    assert moments == [4, 9, 14, 19]


def test_money_goes_in_and_out_and_only_what_is_free_goes_out() -> None:
    async def plan(client: Client) -> Any:
        await client.buy("BTC", 50, 90)
        answers = [
            await client.deposit("250.5"),
            await client.withdraw(100 * DOLLAR, "USD"),
            await client.withdraw("10150"),
        ]
        return [answer.reason if answer else None for answer in answers], (
            await client.account_view()
        ).wallet

    # 50 lots bid at 90 with leverage 10 keep 450 of the 10,150.50.
    assert after(plan) == [([None, None, Reject.INSUFFICIENT_MARGIN], 10_150_50)]


def test_a_position_is_told_with_its_liquidation_price() -> None:
    async def plan(client: Client) -> Any:
        nothing = await client.position_view("BTC")
        await client.set_leverage("BTC", 5)
        await client.set_margin_mode("BTC", "isolated")
        await client.buy("BTC", 10)
        held = await client.position_view("BTC")
        assert held is not None
        return nothing, held.size, held.mode, held.liquidation_price

    # Bought at 101 with 202 dollars behind it: equity 10 x - 808 is below 10% of 10 x under 89.78.
    assert after(plan) == [(None, 10, MarginMode.ISOLATED, 89_77)]


def test_in_hedge_mode_a_long_and_a_short_stand_side_by_side() -> None:
    async def plan(client: Client) -> Any:
        await client.set_position_mode("hedge")
        await client.buy("BTC", 8, position_side=PositionSide.LONG)
        await client.sell("BTC", 5, position_side=PositionSide.SHORT)
        await client.close("BTC", PositionSide.LONG)
        return [client.position("BTC", side) for side in PositionSide]

    assert after(plan) == [[0, 0, -5]]


def test_views_tell_the_index_and_the_funding_rate_where_they_are_followed() -> None:
    seen: list[Any] = []

    class Watches(Strategy):
        views = (IndexPriceChanged, FundingRateChanged)

        async def on_stop(self) -> None:
            funding = self.client.funding("BTC")
            assert funding is not None
            seen.extend([self.client.index("BTC"), funding.rate, self.client.mark("BTC")])

    day = Day().mark(0, 100)
    day.tick(UpdateIndexPrice(at=5 * MS, symbol="BTC", price=99_50))
    day.tick(UpdateFundingRate(at=5 * MS, symbol="BTC", rate=10_000, next_at=9, interval=9))
    day.client("alice", Watches).run()

    assert seen == [99_50, 10_000, None]


def test_chance_is_the_same_in_every_run_and_ones_own() -> None:
    drawn: list[int] = []

    class Draws(Strategy):
        async def on_start(self) -> None:
            drawn.append(self.client.random.randrange(10**9))

    def day() -> Day:
        return Day().mark(0, 100).client("alice", Draws).client("bob", Draws)

    for seed in (1, 1, 2):
        day().run(seed=seed)

    alice, bob, again, _, other, _ = drawn
    assert alice == again
    assert len({alice, bob, other}) == 3
