"""The five recordings of 8 August 2024: every rebuilt best bid and ask is what the venue said."""

import asyncio
from itertools import pairwise

import pytest

from exchange.core.messages import Command, ListInstrument
from exchange.core.units import Nanos
from exchange.core.venue import Venue
from exchange.rulebook import load
from exchange.runtime import Outcome, Simulation
from feeds import Market, describe, infer_grid, open_feed
from tests.feeds.tape import instrument, items
from tests.shared import SHARED, needs_shared

RECORDINGS = [
    # file                     symbol         market            grid             checks
    ("usdm_btcusdt", "BTCUSDT", Market.PERPETUAL, ("0.1", "0.001"), 6_546),
    ("usdm_ethusdt", "ETHUSDT", Market.PERPETUAL, ("0.01", "0.001"), 6_579),
    ("cm_btcusd_perp", "BTCUSD_PERP", Market.COIN_M, ("0.1", "1"), 26_808),
    ("spot_btcusdt", "BTCUSDT", Market.SPOT, ("0.01", "0.000001"), 3_450),
    ("spot_ethusdt", "ETHUSDT", Market.SPOT, ("0.01", "0.00001"), 3_433),
]


def replayed(name: str, symbol: str, market: Market, grid: tuple[str, str]) -> Outcome:
    inverse = market is Market.COIN_M
    contract = instrument(
        symbol, grid[0], "100" if inverse else grid[1], inverse=inverse, settle="X"
    )

    def begin(at: Nanos) -> list[Command]:
        return [ListInstrument(at=at, rules=contract.rules)]

    feed = open_feed(SHARED / f"data/binance_{name}_20240808.jsonl.gz", contract)
    return asyncio.run(Simulation(Venue(load("general")), begin=begin, feed=feed).run())


@needs_shared
@pytest.mark.parametrize("row", RECORDINGS, ids=lambda row: row[0])
def test_the_rebuilt_book_agrees_with_every_recorded_quote(row) -> None:  # type: ignore[no-untyped-def]
    name, symbol, market, grid, checks = row

    outcome = replayed(name, symbol, market, grid)

    found = outcome.book_checks[symbol]
    assert outcome.rejected == 0
    assert (found.total, found.prices_agreed, found.agreed) == (checks, checks, checks)


@needs_shared
@pytest.mark.parametrize("row", RECORDINGS, ids=lambda row: row[0])
def test_a_recording_says_what_it_is_and_on_what_grid(row) -> None:  # type: ignore[no-untyped-def]
    name, symbol, market, grid, _ = row
    path = SHARED / f"data/binance_{name}_20240808.jsonl.gz"

    found = describe(path)

    assert (found.symbol, found.market, found.venue) == (symbol, market, "binance")
    assert infer_grid(path) == grid


@needs_shared
def test_the_index_is_the_middle_of_the_spot_market() -> None:
    spot = SHARED / "data/binance_spot_btcusdt_20240808.jsonl.gz"

    found = items(open_feed(spot, index_for=instrument()))

    assert len(found) == 2_673
    assert all(61_500 * 10**8 < item.price < 61_900 * 10**8 for item in found)  # type: ignore[union-attr]
    assert all(one.price != other.price for one, other in pairwise(found))  # type: ignore[union-attr]
