"""Which position is closed first, and how much of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from exchange.core.accounts import Position
from exchange.core.margin import Marks, maintenance_margin, notional
from exchange.core.rules import (
    Amount,
    ContractKind,
    MarginPrice,
    MarginRules,
    Select,
    Tier,
    TierInput,
)
from exchange.core.selection import (
    SELECTION,
    down_tiers,
    first,
    how_much,
    just_enough,
    mixed,
    peak,
)
from exchange.core.units import RATE_ONE, ceil_div
from tests.stage import DOLLAR, SUBTICKS, Stage, position, rulebook

RISING = (
    Tier(floor="0", maintenance="0.01", leverage_max=100),
    Tier(floor="1000", maintenance="0.1", leverage_max=10),
    Tier(floor="5000", maintenance="0.5", leverage_max=2),
)
MARK = 100 * SUBTICKS
PERCENT = RATE_ONE // 100
MIXED = 0x6AE515C1C0AC7E37

# ------------------------------------------------------------------------ which one first


def three_positions() -> tuple[list[Position], Marks]:
    """ETH has lost most, SOL is largest, and BTC ties up most margin."""
    half = (Tier(floor="0", maintenance="0.5", leverage_max=2),)
    it = Stage(structs.replace(rulebook(), instrument_tiers={"BTC": half}))
    it.trader("ann", deposit=10_000)
    for symbol, size, price in (("BTC", 20, 105), ("ETH", 6, 150), ("SOL", 50, 90)):
        it.mark(symbol, 100)
        it.hold("ann", symbol, size, price)
    return held_by_ann(it), it.venue._state.marks


def held_by_ann(it: Stage) -> list[Position]:
    (pool,) = it.venue._state.account_of["ann"].pools.values()
    return list(pool.listed)


@pytest.mark.parametrize(
    ("policy", "symbol"),
    [
        (Select.LARGEST_UNREALISED_LOSS, "ETH"),
        (Select.LARGEST_NOTIONAL, "SOL"),
        (Select.MOST_MARGIN_FREED, "BTC"),
    ],
)
def test_each_policy_has_its_own_first(policy: Select, symbol: str) -> None:
    positions, marks = three_positions()

    assert first(policy, positions, marks).instrument.symbol == symbol


@pytest.mark.parametrize("policy", list(SELECTION))
def test_equals_go_in_symbol_order(policy: Select) -> None:
    it = Stage(symbols="SOL ETH BTC")
    it.trader("ann", deposit=10_000)
    for symbol in ("SOL", "BTC", "ETH"):
        it.mark(symbol, 100)
        it.hold("ann", symbol, 10, 101)

    assert first(policy, held_by_ann(it)[::-1], it.venue._state.marks).instrument.symbol == "BTC"


# ------------------------------------------------------------------------------ how much


@pytest.mark.parametrize("size", [60, -60])
def test_the_whole_position_is_all_of_it_whatever_its_tier(size: int) -> None:
    held = position(size, 100, tiers=RISING)

    assert how_much(Amount.WHOLE_POSITION, held, MARK, 1, 0) == 60


@pytest.mark.parametrize(
    ("size", "closed"),
    [
        (60, 10),  # 6,000 to the 5,000 where its tier begins
        (51, 1),
        (50, 40),  # 5,000 still belongs to the tier below, which begins at 1,000
        (11, 1),
        (10, 10),  # the lowest tier has none below: all of it
        (1, 1),
        (-60, 10),
    ],
)
def test_down_one_tier_leaves_the_top_of_the_tier_below(size: int, closed: int) -> None:
    held = position(size, 100, tiers=RISING)

    assert how_much(Amount.DOWN_ONE_TIER, held, MARK, 1, 0) == closed


@given(st.integers(1, 200), st.integers(1, 90_000), st.booleans())
def test_down_one_tier_is_the_fewest_lots_that_leave_the_tier(
    size: int,
    mark: int,
    inverse: bool,  # noqa: FBT001
) -> None:
    kind = {"kind": ContractKind.INVERSE, "settle": "USD"} if inverse else {}
    held = position(size, 100, tiers=RISING, **kind)
    tiers, contract = held.instrument.tiers, held.instrument
    tier = tiers.index(notional(held, mark))

    closed = down_tiers(held, mark, 1)

    assert 1 <= closed <= size
    if tier == 0:
        assert closed == size
    else:
        assert tiers.index(contract.notional(mark, size - closed)) < tier
        assert tiers.index(contract.notional(mark, size - closed + 1)) == tier


@pytest.mark.parametrize(
    ("shortfall", "closed"),
    [
        (1, 1),  # a lot of 100 frees 50 in the top tier
        (50 * DOLLAR, 1),
        (50 * DOLLAR + 1, 2),
        (500 * DOLLAR, 10),  # all of the top tier
        (510 * DOLLAR, 11),  # and a lot from the next, which frees 10
        (909 * DOLLAR, 59),
        (910 * DOLLAR, 60),
        (911 * DOLLAR, 60),  # more than there is
    ],
)
def test_just_enough_frees_what_is_missing(shortfall: int, closed: int) -> None:
    """60 lots at 100: maintenance is 10 + 400 + 500 = 910 over three tiers."""
    held = position(60, 100, tiers=RISING)

    assert maintenance_margin(held, MARK) == 910 * DOLLAR
    assert how_much(Amount.JUST_ENOUGH, held, MARK, shortfall, 0) == closed


def test_just_enough_pays_the_fee_as_well() -> None:
    """Each lot frees 50 and costs a fee of 5."""
    held = position(60, 100, tiers=RISING)

    assert just_enough(held, MARK, 45 * DOLLAR, 5 * PERCENT) == 1
    assert just_enough(held, MARK, 46 * DOLLAR, 5 * PERCENT) == 2


def test_just_enough_stops_where_a_lot_costs_more_than_it_frees() -> None:
    """At a fee of 20% closing the top tier frees 30 a lot; below it every lot costs 10."""
    held = position(60, 100, tiers=RISING)

    assert just_enough(held, MARK, 300 * DOLLAR, 20 * PERCENT) == 10
    assert just_enough(held, MARK, 300 * DOLLAR + 1, 20 * PERCENT) == 60


def test_where_the_fee_eats_all_that_is_freed_everything_is_closed() -> None:
    held = position(60, 100, tiers=RISING)

    assert just_enough(held, MARK, 1, 60 * PERCENT) == 60


def freed(held: Position, mark: int, lots: int, fee: int, buffer: int = 0) -> int:
    """Margin that closing `lots` at the mark frees, with its buffer, less the fee."""
    contract, size = held.instrument, abs(held.size)
    before = contract.maintenance(mark, size, held.cost)
    cost = held.cost * (size - lots) // size
    after = contract.maintenance(mark, size - lots, cost)
    charged = ceil_div(contract.notional(mark, lots) * fee, RATE_ONE)
    return (before - after) * (RATE_ONE + buffer) // RATE_ONE - charged


FEES = [0, PERCENT // 2, 3 * PERCENT, 30 * PERCENT, 80 * PERCENT]
"""Below every tier's rate, between two of them, and above all."""


@given(
    size=st.integers(-80, 80).filter(bool),
    mark=st.integers(5_000, 15_000),
    lots=st.integers(1, 80),
    off=st.integers(-1, 1),
    fee=st.sampled_from(FEES),
    buffer=st.sampled_from([0, 10 * PERCENT]),
    priced=st.sampled_from(list(MarginPrice)),
)
def test_just_enough_is_the_fewest_lots_that_suffice(
    size: int, mark: int, lots: int, off: int, fee: int, buffer: int, priced: MarginPrice
) -> None:
    """Against a search that tries every number of lots, for a shortfall around what some free."""
    held = position(size, 100, tiers=RISING, margin=MarginRules(maintenance_price=priced))
    held.cost += 37
    least = max(1, freed(held, mark, min(lots, abs(size)), fee, buffer) + off)
    enough = [n for n in range(1, abs(size)) if freed(held, mark, n, fee, buffer) >= least]

    assert just_enough(held, mark, least, fee, buffer) == min(enough, default=abs(size))


@pytest.mark.parametrize("most", [1, 7, 8, 9, 100])
def test_the_most_that_closing_frees_is_found_wherever_it_is(most: int) -> None:
    for top in range(most + 1):
        assert peak(lambda lots, top=top: -abs(lots - top), most) == top  # type: ignore[misc]
        assert peak(lambda lots, top=top: min(lots, top), most) == top  # type: ignore[misc]
    assert peak(lambda lots: lots, most) == most


# --------------------------------------------------------------------------- other tiers

FOUR = (
    Tier(floor="0", maintenance="0.01", leverage_max=100),
    Tier(floor="1000", maintenance="0.02", leverage_max=50),
    Tier(floor="2000", maintenance="0.05", leverage_max=20),
    Tier(floor="3000", maintenance="0.1", leverage_max=10),
)


@pytest.mark.parametrize(
    ("size", "two_down", "lowest"),
    [
        (35, 15, 25),  # the fourth tier: down to 2,000, or to 1,000
        (31, 11, 21),
        (30, 20, 20),  # the third: both to 1,000
        (21, 11, 11),
        (20, 20, 20),  # the second and the first: all of it
        (11, 11, 11),
        (10, 10, 10),
        (1, 1, 1),
    ],
)
def test_large_positions_come_down_further_at_once(size: int, two_down: int, lowest: int) -> None:
    held = position(size, 100, tiers=FOUR)

    assert how_much(Amount.DOWN_TWO_TIERS, held, MARK, 1, 0) == two_down
    assert how_much(Amount.TO_LOWEST_TIER, held, MARK, 1, 0) == lowest


def test_tiers_by_size_are_come_down_in_lots() -> None:
    """Whatever a lot is worth."""
    by_size = MarginRules(tier_input=TierInput.SIZE)
    tiers = (
        Tier(floor="0", maintenance="0.01", leverage_max=100),
        Tier(floor="30", maintenance="0.1", leverage_max=10),
    )
    held = position(50, 100, tiers=tiers, margin=by_size)

    assert how_much(Amount.DOWN_ONE_TIER, held, MARK // 7, 1, 0) == 20


def test_where_margin_is_reckoned_at_entry_so_are_the_tiers() -> None:
    """50 lots for 5,050 are in the second tier, however little they are worth now.

    29 of them were bought for 2,929, and 30 for more than 3,000.
    """
    tiers = (
        Tier(floor="0", maintenance="0.01", leverage_max=100),
        Tier(floor="3000", maintenance="0.1", leverage_max=10),
    )
    held = position(50, 101, tiers=tiers, margin=MarginRules(maintenance_price=MarginPrice.ENTRY))

    assert how_much(Amount.DOWN_ONE_TIER, held, MARK // 10, 1, 0) == 21


# ------------------------------------------------------------------------------- chance


def test_chance_is_the_same_everywhere() -> None:
    """The first number is that of SplitMix64 from a seed of zero."""
    assert mixed(0) == 0xE220A8397B1DCDAF
    assert mixed(1, 2, 3) == MIXED
    assert mixed(3, 2, 1) != MIXED


def test_by_chance_another_goes_first_at_another_time() -> None:
    positions, marks = three_positions()

    chosen = [first(Select.PSEUDO_RANDOM, positions, marks, now) for now in range(50)]

    assert {p.instrument.symbol for p in chosen} == {"BTC", "ETH", "SOL"}
    assert chosen == [first(Select.PSEUDO_RANDOM, positions, marks, now) for now in range(50)]
