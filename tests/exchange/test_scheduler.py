"""One queue: by time, then turn, then arrival."""

from hypothesis import given
from hypothesis import strategies as st

from exchange.core.units import NEVER
from exchange.scheduler import Scheduler, Turn

TURNS = st.sampled_from(list(Turn))


def test_marks_come_first_then_history_orders_deliveries_timers_and_samples_last() -> None:
    assert sorted(Turn) == [
        Turn.MARK,
        Turn.HISTORY,
        Turn.ORDER,
        Turn.DELIVERY,
        Turn.TIMER,
        Turn.SAMPLE,
    ]


@given(st.lists(st.tuples(st.integers(0, 3), TURNS)))
def test_what_is_scheduled_comes_out_by_time_turn_and_arrival(
    plan: list[tuple[int, Turn]],
) -> None:
    queue: Scheduler[int] = Scheduler()
    for number, (at, turn) in enumerate(plan):
        queue.schedule(at, turn, number)

    came_out = [queue.pop()[1] for _ in range(len(queue))]

    # Python's sort is stable: what is equal keeps the order in which it arrived.
    assert came_out == sorted(range(len(plan)), key=lambda number: plan[number])


def test_what_is_due_is_the_next_item_and_never_anything_of_nothing() -> None:
    queue: Scheduler[str] = Scheduler()
    assert queue.due == NEVER

    queue.schedule(7, Turn.ORDER, "order")
    queue.schedule(7, Turn.MARK, "mark")

    assert (queue.due, queue.due_turn) == (7, Turn.MARK)
    assert queue.pop() == (7, "mark")
    assert (queue.due, queue.due_turn) == (7, Turn.ORDER)
