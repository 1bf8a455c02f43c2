"""The margin monitor against a scan of every account at every mark: never late, never early."""

import os
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from exchange.core.accounts import Pool
from exchange.core.messages import UpdateMarkPrice
from exchange.core.monitor import Monitor
from exchange.core.state import State
from exchange.core.units import MarkPrice
from exchange.core.venue import Venue
from tests.stage import Stage, rulebook
from tests.traffic import Traffic

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "12"))


class FullScan(Monitor):
    """A monitor that trusts no threshold."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self.state = state

    def endangered(self, instrument: int, mark: MarkPrice) -> list[Pool]:
        return [pool for account in self.state.accounts for pool in account.pools.values()]


def play(random: Random, count: int, highest: str = "") -> None:
    """Two venues under the same commands, of which one looks at everyone.

    `highest`: the highest price of two of the contracts, which are fully collateralised then.
    """
    traffic = Traffic(random)
    traffic.instruments = tuple(
        replace(rules, price_max=highest) if rules.symbol in {"ETH", "BTC-DATED"} else rules
        for rules in traffic.instruments
    )
    venue, scanned = Venue(traffic.rulebook), Venue(traffic.rulebook)
    scanned._state.monitor = FullScan(scanned._state)
    for command in traffic.commands(venue, count):
        assert venue.apply(command) == scanned.apply(command)
        if highest:
            venue.check()
    assert venue.digest() == scanned.digest()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whoever_a_full_scan_would_liquidate_is_liquidated(seed: int) -> None:
    """At the same mark, in the same order, and nobody else."""
    play(Random(seed), 400)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nor_is_anybody_missed_where_prices_have_a_highest(seed: int) -> None:
    play(Random(seed), 300, "150")


@given(st.randoms(use_true_random=False), st.integers(1, 80))
def test_the_monitor_is_never_late_however_short_the_story(random: Random, count: int) -> None:
    play(random, count)


class Counting(Monitor):
    """A monitor that counts the pools it would have looked at."""

    looks = 0

    def endangered(self, instrument: int, mark: MarkPrice) -> list[Pool]:
        pools = super().endangered(instrument, mark)
        self.looks += len(pools)
        return pools


def test_the_monitor_seldom_looks() -> None:
    """A hundred accounts at 2 to 8 times leverage, and a thousand small steps of the mark."""
    random, it = Random(1), Stage(rulebook(), "")
    monitor = it.venue._state.monitor = Counting()
    it.enlist("BTC")
    it.mark("BTC", 1000)
    for number in range(100):
        it.trader(f"trader {number}", deposit=random.randint(700, 2_500))
        it.hold(f"trader {number}", "BTC", random.choice((-5, 5)), 1000)

    mark = 1000_00
    for _ in range(1_000):
        mark += random.randint(-200, 190)
        it.venue.apply(UpdateMarkPrice(at=it.now(), symbol="BTC", price=mark))

    assert 0 < monitor.looks < 1_000 * 100 // 500
