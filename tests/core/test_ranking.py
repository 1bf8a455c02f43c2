"""The kept queue for deleveraging is the sorted one, at every moment of a crash."""

from copy import copy
from random import Random

import pytest

from exchange.core import deleveraging
from exchange.core.accounts import Position
from exchange.core.messages import MarginMode, PositionDeleveraged, SetMarginMode
from exchange.core.ranking import Ranking
from exchange.core.state import Market, State
from tests.stage import Stage, only
from tools.run_folder import core_kind


def popped(ranking: Ranking) -> list[Position]:
    """All of a queue, from a copy of it."""
    other = copy(ranking)
    other._heap, other._latest = list(ranking._heap), dict(ranking._latest)
    found = []
    while (position := other.pop()) is not None:
        found.append(position)
    return found


@pytest.mark.skipif(core_kind() == "compiled", reason="compiled code calls what it was built with")
@pytest.mark.parametrize("seed", range(5))
def test_the_kept_queue_is_the_sorted_queue(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, asked = deleveraging.ranking, []

    def held_against_the_sorted(state: State, market: Market, *, long: bool) -> Ranking:
        ranking = kept(state, market, long=long)
        assert popped(ranking) == deleveraging.queue(state, market, long=long)
        assert state.rankings is not None
        asked.append(len(state.rankings.changes))
        return ranking

    monkeypatch.setattr(deleveraging, "ranking", held_against_the_sorted)
    random, it = Random(seed), Stage(symbols="BTC ETH")
    names = [f"t{number}" for number in range(24)]
    it.trader(*names, deposit=110)
    it.marks(BTC=100, ETH=100)
    for symbol in ("BTC", "ETH"):
        random.shuffle(names)
        for long, short in zip(names[::2], names[1::2], strict=True):
            it.hold(long, symbol, random.randint(1, 5), 100, other=short)
    for name in random.sample(names, 6):
        it.do(SetMarginMode(at=it.now(), account=name, symbol="BTC", mode=MarginMode.ISOLATED))

    events = it.mark("BTC", 62) + it.mark("ETH", 170)

    assert len(only(events, PositionDeleveraged)) >= len(asked) > 3
    assert max(asked) > 0, "nobody was ranked anew"
