"""Margin calls: a word before liquidation, told once each time it is due."""

from exchange.core.messages import LiquidationStarted, MarginMode
from exchange.margin_calls import MarginCalled
from strategies import Strategy
from tests.day import MS, Day, latency

CALLS: list[tuple[int, MarginCalled]] = []


class Holds(Strategy):
    """Buys 50 lots at 101 with 1,000 dollars; at a mark of p it has 50 p - 4,050 left."""

    mode = MarginMode.CROSS

    async def on_start(self) -> None:
        CALLS.clear()
        await self.client.at(1 * MS)
        await self.client.set_leverage("BTC", 6)
        await self.client.set_margin_mode("BTC", self.mode)
        await self.client.buy("BTC", 50)

    async def on_margin_call(self, call: MarginCalled) -> None:
        CALLS.append((self.client.now // MS, call))


def marks(*prices: int) -> Day:
    day = Day(deposit=1_000).book(0, 100, 101)
    for number, price in enumerate(prices):
        day.mark(10 * number, price)
    return day


def test_an_account_is_called_when_maintenance_margin_has_come_up_to_the_asked_part() -> None:
    """At 93: equity 600, maintenance 465, a ratio of 0.775.  At 92: 550 and 460, 0.836."""
    day = marks(100, 93, 92).client("alice", Holds).run()

    ((at, call),) = CALLS
    assert at == 20
    assert (call.symbol, call.mode, call.asset) == ("", MarginMode.CROSS, "USD")
    assert (call.equity, call.maintenance_margin) == (550_00, 460_00)
    assert day.only(LiquidationStarted) == []


def test_it_is_called_again_only_after_it_was_well_in_between() -> None:
    marks(100, 92, 91, 92, 95, 92).client("alice", Holds).run()

    assert [at for at, _ in CALLS] == [10, 50]


def test_a_call_travels_like_an_answer() -> None:
    marks(100, 92, 91, 92).client("alice", Holds).run(latency=latency(response=4))

    assert [at for at, _ in CALLS] == [14]


def test_an_isolated_position_is_called_for_itself() -> None:
    """With a sixth of 5,050 behind it, 841.67: at 94 there are 491.67 left, and 470 needed."""

    class Isolated(Holds):
        mode = MarginMode.ISOLATED

    marks(100, 97, 94).client("alice", Isolated).run()

    ((at, call),) = CALLS
    assert at == 20
    assert (call.symbol, call.mode) == ("BTC", MarginMode.ISOLATED)
    assert (call.equity, call.maintenance_margin) == (491_67, 470_00)


def test_each_says_when_it_wants_to_be_called() -> None:
    class Careful(Holds):
        margin_call_ratio = "0.7"

    marks(100, 94, 93).client("alice", Careful).run()

    # At 94: equity 650, maintenance 470.
    assert [at for at, _ in CALLS] == [10]


def test_who_falls_at_once_hears_of_the_liquidation_only() -> None:
    day = marks(100, 80).client("alice", Holds).run()

    assert CALLS == []
    assert len(day.only(LiquidationStarted)) == 1


def test_a_ratio_of_nothing_is_refused() -> None:
    class Never(Holds):
        margin_call_ratio = "0"

    why = marks(100).client("alice", Never).run().why_stopped("alice")

    assert "margin ratio of a call was 0, expected more than 0" in why
