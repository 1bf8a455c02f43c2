"""A run at so many times the speed of life: the waiting is real, what happens is the same."""

from fractions import Fraction

import pytest

from exchange import Venue
from exchange.core.messages import ListInstrument, RecordedTrade, Side
from exchange.pace import Pace
from exchange.runtime import Simulation
from feeds import PricePath
from tests.stage import contract, rulebook

SECOND = 10**9


class Wall:
    """A clock that moves only while somebody sleeps; it notes what had happened by then."""

    def __init__(self) -> None:
        self.now = 0
        self.run: Simulation | None = None
        self.seen: dict[int, int] = {}

    def __call__(self) -> int:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)
        assert self.run is not None
        self.seen[self.now // (SECOND // 10)] = self.run.now


def simulation() -> Simulation:
    """A trade at the beginning, and one each second for ten seconds."""
    trades = [
        RecordedTrade(at=n * SECOND, symbol="BTC", side=Side.BUY, price=100 + n, size=1)
        for n in range(11)
    ]
    return Simulation(
        Venue(rulebook()),
        begin=lambda at: [ListInstrument(at=at, rules=contract("BTC"))],
        feed=PricePath(trades),
    )


@pytest.mark.parametrize("speed", [Fraction(1), Fraction(5), Fraction(1, 2)])
async def test_the_run_lasts_as_long_as_its_speed_says(speed: Fraction) -> None:
    wall, run = Wall(), simulation()
    wall.run = run

    outcome = await run.run(Pace(speed, wall, wall.sleep))

    seconds = 10 / speed
    assert seconds <= wall.now / SECOND < seconds + 1
    assert outcome.digest == (await simulation().run()).digest


async def test_nothing_happens_before_its_time() -> None:
    wall, run = Wall(), simulation()
    wall.run = run

    await run.run(Pace(Fraction(2), wall, wall.sleep))

    for tenths, virtual in wall.seen.items():
        assert virtual <= 2 * (tenths + 1) * SECOND // 10


def test_time_does_not_stand_still() -> None:
    with pytest.raises(ValueError, match="speed was 0, expected more than 0"):
        Pace(Fraction(0))
