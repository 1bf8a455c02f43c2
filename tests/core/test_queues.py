"""When history shrinks at a level, the queue model says who leaves, exactly."""

from math import log, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from exchange import Venue
from exchange.core.policies import QueueModel
from exchange.core.queues import LOG_BITS, Queue, logarithm
from exchange.core.rules import HistoryRules
from exchange.core.units import UnitError
from tests.stage import Stage, rulebook

MODELS = st.builds(Queue, st.sampled_from(list(QueueModel)), st.integers(1, 10))
SIZES = st.lists(st.integers(1, 10**6), min_size=1, max_size=8)


@given(MODELS, SIZES, st.data())
def test_exactly_what_is_gone_leaves_and_nobody_leaves_twice(
    queue: Queue, shown: list[int], data: st.DataObject
) -> None:
    less = data.draw(st.integers(0, sum(shown)))

    gone = queue.leaving(shown, less)

    assert sum(gone) == less
    assert all(0 <= part <= size for part, size in zip(gone, shown, strict=True))


@given(
    st.sampled_from([QueueModel.PROPORTIONAL, QueueModel.POWER, QueueModel.LOGARITHMIC]),
    st.integers(1, 5),
    st.integers(1, 10**4),
    st.integers(1, 10**4),
    st.data(),
)
def test_one_client_moves_as_the_published_model_says(
    model: QueueModel, power: int, front: int, back: int, data: st.DataObject
) -> None:
    """Rigtorp's and hftbacktest's: p = f(back) / (f(back) + f(front)) of it leaves behind."""
    less = data.draw(st.integers(1, front + back))
    functions = {
        QueueModel.PROPORTIONAL: float,
        QueueModel.POWER: lambda x: float(x) ** power,
        QueueModel.LOGARITHMIC: lambda x: log(1 + x),
    }
    f = functions[model]
    behind = f(back) / (f(back) + f(front))
    expected = front - (1 - behind) * less + min(back - behind * less, 0)

    ahead = front - Queue(model, power).leaving([front, back], less)[0]

    assert ahead == pytest.approx(max(expected, 0), abs=1.5)


@given(st.integers(1, 10**15))
def test_logarithms_are_right_to_the_last_bit(number: int) -> None:
    assert logarithm(number) / 2**LOG_BITS == pytest.approx(log2(number), abs=3 / 2**LOG_BITS)


def waiting_behind(model: QueueModel) -> Stage:
    """A client at 100 behind 60 of history's, with 30 more behind."""
    stage = Stage(replace(rulebook(), history=HistoryRules(queue=model, queue_power=2)))
    stage.trader("client", deposit=100_000)
    stage.mark("BTC", 100)
    stage.show("BTC", bids={100: 60})
    stage.place("client", "BTC", 10, 100)
    stage.show("BTC", bids={100: 90})
    return stage


@pytest.mark.parametrize(
    ("model", "sold"),
    [
        (QueueModel.PESSIMISTIC, 60),
        (QueueModel.PROPORTIONAL, 40),
        (QueueModel.POWER, 36),
        (QueueModel.LOGARITHMIC, 44),
    ],
)
def test_a_client_comes_forward_as_the_model_says(model: QueueModel, sold: int) -> None:
    """30 of history's 90 leave; so much must be sold before it is the client's turn."""
    stage = waiting_behind(model)
    stage.show("BTC", bids={100: 60})
    stage.trader("taker", deposit=100_000)

    stage.place("taker", "BTC", -sold, 100)
    assert stage.size("client", "BTC") == 0
    stage.place("taker", "BTC", -1, 100)
    assert stage.size("client", "BTC") == 1


def test_without_clients_at_a_level_all_models_are_one() -> None:
    digests = set()
    for model in QueueModel:
        stage = Stage(replace(rulebook(), history=HistoryRules(queue=model)))
        stage.show("BTC", bids={100: 60})
        stage.show("BTC", bids={100: 20})
        digests.add(stage.venue.digest())

    assert len(digests) == 1


@pytest.mark.parametrize("power", [0, 11])
def test_an_exponent_out_of_bounds_is_refused(power: int) -> None:
    with pytest.raises(UnitError, match=f"history.queue_power was {power}, expected 1 to 10"):
        Venue(replace(rulebook(), history=HistoryRules(queue_power=power)))
