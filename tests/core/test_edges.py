"""Edges: which of many marks have been reached, held against a look at every one of them."""

from random import Random

import pytest

from exchange.core.edges import Edges, Watched
from tests.stage import Stage


def watched(count: int) -> list[Watched]:
    it = Stage()
    it.trader("ann", deposit=1)
    pool = it.venue._state.account_of["ann"].pools["USD"]
    return [Watched(pool, 0) for _ in range(count)]


def test_an_edge_is_reached_beyond_the_last_safe_mark() -> None:
    (thing,) = watched(1)
    longs, shorts = Edges(1), Edges(-1)

    longs.put(thing, 100)
    assert (longs.reached(100), longs.reached(99)) == ([], [thing])
    shorts.put(thing, 100)
    assert (shorts.reached(100), shorts.reached(101)) == ([], [thing])
    assert longs.reached(1) == []


def test_an_edge_too_far_for_64_bits_is_no_later_for_that() -> None:
    (thing,) = watched(1)
    longs, shorts = Edges(1), Edges(-1)

    shorts.put(thing, 10**30)
    assert (shorts.reached(10**18), shorts.reached(10**30 + 1)) == ([], [thing])
    longs.put(thing, 10**30)
    assert longs.reached(10**30 - 1) == [thing]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("sign", [1, -1])
def test_edges_are_those_of_a_list_that_is_searched_through(seed: int, sign: int) -> None:
    random, edges = Random(seed), Edges(sign)
    things = watched(30)
    safe: dict[Watched, int] = {}
    for _ in range(300):
        thing, mark = random.choice(things), random.randint(1, 40)
        if thing in safe and random.random() < 0.3:
            edges.remove(thing)
            del safe[thing]
        else:
            edges.put(thing, mark)
            safe[thing] = mark
        edges.check()
        mark = random.randint(1, 40)
        reached = edges.reached(mark)
        assert len(reached) == len(set(reached))
        assert set(reached) == {t for t, edge in safe.items() if sign * mark < sign * edge}
