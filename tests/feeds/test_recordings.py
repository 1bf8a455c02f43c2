"""The five recordings of 8 August 2024: every rebuilt best bid and ask is what the venue said."""

import asyncio
from itertools import pairwise

import pytest

from exchange.core.instrument import Instrument
from exchange.core.messages import Command, ListInstrument
from exchange.core.units import Nanos
from exchange.core.venue import Venue
from exchange.outcome import Outcome
from exchange.rulebook import load
from exchange.runtime import Simulation
from feeds import Market, Source, describe, measure, open_feed
from tests.feeds.tape import instrument, items
from tests.shared import SHARED, needs_shared

RECORDINGS = [
    # file                     symbol         market            grid             checks
    ("usdm_btcusdt", "BTCUSDT", Market.LINEAR, ("0.1", "0.001"), 6_546),
    ("usdm_ethusdt", "ETHUSDT", Market.LINEAR, ("0.01", "0.001"), 6_579),
    ("cm_btcusd_perp", "BTCUSD_PERP", Market.INVERSE, ("0.1", "1"), 26_808),
    ("spot_btcusdt", "BTCUSDT", Market.SPOT, ("0.01", "0.000001"), 3_450),
    ("spot_ethusdt", "ETHUSDT", Market.SPOT, ("0.01", "0.00001"), 3_433),
]


def replayed(name: str, symbol: str, market: Market, grid: tuple[str, str]) -> Outcome:
    inverse = market is Market.INVERSE
    contract = instrument(
        symbol, grid[0], "100" if inverse else grid[1], inverse=inverse, settle="X"
    )
    return played(contract, open_feed(SHARED / f"data/binance_{name}_20240808.jsonl.gz", contract))


def played(contract: Instrument, feed: Source) -> Outcome:
    """The feed through a venue, with nobody else there."""

    def begin(at: Nanos) -> list[Command]:
        return [ListInstrument(at=at, rules=contract.rules)]

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

    (listing,) = found.listings
    assert (listing.symbol, listing.market, found.venue) == (symbol, market, "binance")
    assert measure(path, listing)[:2] == grid


OTHER_VENUES = [
    # file                         market           quotes, prices and sizes that agree
    ("BITMEX.ws.1.0", "XBTUSD", 285, 285, 285),
    ("BITMEX.ws.1.0", "ADAUSDT", 35, 35, 35),
    ("KRAKEN_FUTURES.jsonl.zst", "PI_ETHUSD", 25, 25, 25),
    ("KRAKEN_FUTURES.jsonl.zst", "FI_XBTUSD_210924", 19, 19, 19),
    ("BYBIT.jsonl.zst", "BTCUSDT", 124, 124, 101),
    ("BYBIT.jsonl.zst", "SOLUSDT", 151, 151, 126),
]


@needs_shared
@pytest.mark.parametrize("row", OTHER_VENUES, ids=lambda row: row[1])
def test_quotes_without_update_ids_agree_with_a_book_near_them(row) -> None:  # type: ignore[no-untyped-def]
    """Bybit sends its quotes and its book at different moments, so sizes may be of none."""
    name, symbol, *expected = row
    path = SHARED / "data/cryptofeed" / name
    (listing,) = (
        one
        for one in describe(path).listings
        if one.symbol == symbol and one.market is not Market.SPOT
    )
    figures = measure(path, listing)
    inverse = listing.market is Market.INVERSE
    contract = instrument(symbol, *figures[:2], inverse=inverse, settle=listing.settle)

    outcome = played(contract, open_feed(path, contract))

    found = outcome.book_checks[symbol]
    assert outcome.rejected == 0
    assert [found.total, found.prices_agreed, found.agreed] == expected


@needs_shared
def test_the_index_is_the_middle_of_the_spot_market() -> None:
    spot = SHARED / "data/binance_spot_btcusdt_20240808.jsonl.gz"

    found = items(open_feed(spot, index_for=instrument()))

    assert len(found) == 2_673
    assert all(61_500 * 10**8 < item.price < 61_900 * 10**8 for item in found)  # type: ignore[union-attr]
    assert all(one.price != other.price for one, other in pairwise(found))  # type: ignore[union-attr]
