"""Equity, initial and maintenance margin, and the two prices at which a position ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from exchange.core.book import Order
from exchange.core.margin import (
    bankruptcy_price,
    exposed_lots,
    exposure,
    initial_margin,
    liquidation_price,
    maintenance_margin,
    margin_held,
    notional,
    opening_value,
    order_margin,
    unrealised_pnl,
)
from exchange.core.messages import LiquidationStarted, Reject, SetLeverage, Withdraw
from exchange.core.rules import Breach, ContractKind, Tier
from tests.stage import DOLLAR, SUBTICKS, Stage, only, position, rulebook

RISING = (
    Tier(floor="0", maintenance="0.01", leverage_max=100),
    Tier(floor="1000", maintenance="0.1", leverage_max=10),
    Tier(floor="5000", maintenance="0.5", leverage_max=2),
)
INVERSE = {"kind": ContractKind.INVERSE, "money_unit": "0.00000001", "settle": "BTC"}

sizes = st.integers(-200, 200).filter(bool)
prices = st.integers(1, 500)
marks = st.integers(1, 50_000)
kinds = st.sampled_from([{}, INVERSE])

# --------------------------------------------------------------------------------- equity


def test_gains_and_losses_are_measured_at_the_mark() -> None:
    assert unrealised_pnl(position(10, 100), 101 * SUBTICKS) == 10 * DOLLAR
    assert unrealised_pnl(position(-10, 100), 101 * SUBTICKS) == -10 * DOLLAR


def test_margin_requirements_are_rates_of_notional() -> None:
    held = position(-10, 100, leverage=5)

    assert notional(held, 90 * SUBTICKS) == 900 * DOLLAR
    assert maintenance_margin(held, 90 * SUBTICKS) == 90 * DOLLAR
    assert initial_margin(held, 90 * SUBTICKS) == 180 * DOLLAR


def test_initial_margin_is_never_less_than_maintenance_margin() -> None:
    """At a leverage of 50, 2% would be asked to open what is liquidated below 10%."""
    held = position(10, 100, leverage=50)

    assert initial_margin(held, 100 * SUBTICKS) == 100 * DOLLAR
    assert margin_held(held, 100 * SUBTICKS) == 100 * DOLLAR


def test_what_maintenance_margin_needs_cannot_be_withdrawn() -> None:
    """A position that outgrew its leverage is not liquidated by a withdrawal."""
    it = Stage(rulebook(tiers=RISING))
    it.trader("ann", deposit=1_000)
    it.mark("BTC", 10)
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=100))
    it.hold("ann", "BTC", 100, 10)
    it.mark("BTC", 40)
    account = it.account("ann")
    assert (account.maintenance_margin, account.initial_margin) == (310 * DOLLAR, 310 * DOLLAR)

    events = it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=690 * DOLLAR))

    assert not only(events, LiquidationStarted)
    it.refusal(Withdraw(at=it.now(), account="ann", asset="USD", amount=1))


@given(sizes, prices, marks, kinds)
def test_every_rounding_at_a_mark_is_against_the_account(
    size: int, price: int, mark: int, kind: dict[str, str]
) -> None:
    held = position(size, price, tiers=RISING, **kind)
    contract = held.instrument
    scale = contract.multiplier * abs(size)
    if contract.is_inverse:
        worth, over = scale * contract.subticks, mark  # of a short: size over price
        worth = -worth if size > 0 else worth
    else:
        worth, over = scale * mark * (1 if size > 0 else -1), contract.subticks

    gain = unrealised_pnl(held, mark) + held.cost

    assert gain * over <= worth < (gain + 1) * over
    assert notional(held, mark) * over >= abs(worth) > (notional(held, mark) - 1) * over


# --------------------------------------------------------------------------- open orders


def with_orders(size: int, *orders: tuple[int, int], reduce_only: bool = False):  # type: ignore[no-untyped-def]
    """A position entered at 100 with open orders (size, price); a negative size sells."""
    held = position(size, 100) if size else position(1, 100)
    if not size:
        held.trade(-1, -held.cost)
    for lots, price in orders:
        order = Order(1, 1, 0, lots > 0, price, abs(lots))
        order.reduce_only = reduce_only
        held.hold(order, abs(lots))
    return held


@pytest.mark.parametrize(
    ("size", "orders", "dollars"),
    [
        (10, [], 1000),
        (10, [(5, 90)], 1450),  # a buy adds to a long
        (10, [(-5, 110)], 1000),  # a sell closes half of it
        (10, [(-10, 110)], 1000),
        (10, [(-25, 110)], 1650),  # closes 10 and opens 15
        (10, [(-15, 110)], 1000),  # would open 5, less than is held
        (-10, [(-5, 110)], 1550),
        (-10, [(25, 90)], 1350),
        (1, [(5, 90), (-5, 110)], 550),  # only one side can add to it
        (1, [(2, 90), (-9, 110)], 880),
    ],
)
def test_exposure_is_the_most_that_open_orders_can_make_of_it(
    size: int, orders: list[tuple[int, int]], dollars: int
) -> None:
    assert exposure(with_orders(size, *orders), 100 * SUBTICKS) == dollars * DOLLAR


@pytest.mark.parametrize(
    ("size", "orders", "lots"),
    [
        (0, [], 0),
        (0, [(5, 90), (-7, 110)], 7),
        (10, [], 10),
        (10, [(5, 90)], 15),
        (10, [(-15, 110)], 10),
        (10, [(-25, 110)], 15),
        (10, [(-25, 110), (6, 90)], 16),
        (-10, [(-5, 110)], 15),
        (-10, [(15, 90)], 10),
        (-10, [(25, 90)], 15),
        (-10, [(25, 90), (-6, 110)], 16),
    ],
)
def test_exposure_in_lots_is_the_largest_size_that_it_can_have(
    size: int, orders: list[tuple[int, int]], lots: int
) -> None:
    """What tells the tier, where tiers go by size."""
    assert exposed_lots(with_orders(size, *orders)) == lots


def test_reduce_only_orders_take_no_margin() -> None:
    held = with_orders(10, (-10, 110), (-20, 120), reduce_only=True)

    assert exposure(held, 100 * SUBTICKS) == 1000 * DOLLAR


def test_the_opening_part_of_open_orders_is_their_average_rounded_up() -> None:
    """10 lots worth 1,001, of which 3 close."""
    assert opening_value(10, 1001, 3) == 701
    assert opening_value(10, 1001, 10) == 0


def test_isolated_orders_take_margin_from_the_wallet_until_they_trade() -> None:
    """What closes takes none; of two sides only the larger counts."""
    assert order_margin(with_orders(10, (-25, 110), (5, 90))) == 165 * DOLLAR
    assert order_margin(with_orders(10, (-12, 110), (5, 90))) == 45 * DOLLAR


# -------------------------------------------------------------------------- the boundary


def test_at_equality_the_account_is_safe() -> None:
    """100 of equity against 100 of maintenance margin: safe.  A cent less: not."""
    it = Stage()
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", -10, 100)
    safe = 10_909  # equity 109.10, maintenance margin 109.09

    assert not only(it.mark("BTC", 0, safe), LiquidationStarted)
    assert only(it.mark("BTC", 0, safe + 1), LiquidationStarted)


def test_equality_itself_is_safe() -> None:
    it = Stage()
    it.trader("ann", deposit=190)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)

    assert not only(it.mark("BTC", 90), LiquidationStarted)
    account = it.account("ann")
    assert (account.equity, account.maintenance_margin) == (90 * DOLLAR, 90 * DOLLAR)
    assert only(it.mark("BTC", 89, 99), LiquidationStarted)


def test_where_equality_fails_an_order_must_leave_more_than_maintenance_margin() -> None:
    """By a unit of money: 100 for 10 lots at the mark, 10 lost at once, and a cent."""
    strict = structs.replace(rulebook().liquidation, trigger=Breach.AT_OR_BELOW)
    it = Stage(structs.replace(rulebook(), liquidation=strict))
    it.trader("ann", deposit=110)
    it.mark("BTC", 100)
    it.show("BTC", asks={101: 10})
    assert it.refusal(it.order("ann", "BTC", 10, 101)) is Reject.INSUFFICIENT_MARGIN
    it.bring("ann", "USD", 1)

    events = it.do(it.order("ann", "BTC", 10, 101))

    assert it.size("ann", "BTC") == 10
    assert not only(events, LiquidationStarted)
    account = it.account("ann")
    assert (account.initial_margin, account.available_margin) == (100 * DOLLAR + 1, 0)


def test_a_flat_position_needs_nothing_where_equality_fails() -> None:
    strict = structs.replace(rulebook().liquidation, trigger=Breach.AT_OR_BELOW)
    it = Stage(structs.replace(rulebook(), liquidation=strict))
    it.trader("ann", deposit=1)
    it.mark("BTC", 100)
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=5))

    assert it.account("ann").initial_margin == 0


# --------------------------------------------------------------------- liquidation price


def equity_and_maintenance(held, mark: int, collateral: int) -> tuple[int, int]:  # type: ignore[no-untyped-def]
    return collateral + unrealised_pnl(held, mark), maintenance_margin(held, mark)


@given(sizes, prices, marks, kinds, st.integers(0, 10**7))
def test_the_liquidation_price_is_the_first_mark_that_fails(
    size: int, price: int, mark: int, kind: dict[str, str], spare: int
) -> None:
    """At it equity is below maintenance margin; a mark unit nearer, the position is safe."""
    held = position(size, price, tiers=RISING, **kind)
    collateral = maintenance_margin(held, mark) - unrealised_pnl(held, mark) + spare

    found = liquidation_price([held], mark, *equity_and_maintenance(held, mark, collateral))

    if found is None:
        worst = 1 if size > 0 else 10**25
        equity, maintenance = equity_and_maintenance(held, worst, collateral)
        assert equity >= maintenance
    else:
        nearer = found + 1 if size > 0 else found - 1
        equity, maintenance = equity_and_maintenance(held, found, collateral)
        assert equity < maintenance
        equity, maintenance = equity_and_maintenance(held, nearer, collateral)
        assert equity >= maintenance
        assert found < mark if size > 0 else found > mark


@pytest.mark.parametrize(
    ("size", "deposit", "cents"),
    [
        (10, 200, 8888),  # 10 x (100 - p) = 200 - p: p = 88.88...
        (-10, 200, 10910),  # 10 x (p - 100) = 200 - p: p = 109.09...
        (10, 1000, None),  # all of it is paid for
    ],
)
def test_the_liquidation_price_in_round_numbers(size: int, deposit: int, cents: int | None) -> None:
    it = Stage()
    it.trader("ann", deposit=deposit)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", size, 100)
    held = it.position("ann", "BTC")

    assert held is not None
    assert held.liquidation_price == cents


def test_the_other_positions_of_the_account_count_with_it() -> None:
    """ETH has won 100 and ties up 60: BTC may lose 40 more than it could alone."""
    it = Stage()
    it.trader("ann", deposit=200)
    it.marks(BTC=100, ETH=50)
    it.hold("ann", "BTC", 10, 100)
    it.hold("ann", "ETH", 10, 50)
    it.mark("ETH", 60)
    held = it.position("ann", "BTC")

    assert held is not None
    assert held.liquidation_price is not None
    assert not only(it.mark("BTC", 0, held.liquidation_price + 1), LiquidationStarted)
    assert only(it.mark("BTC", 0, held.liquidation_price), LiquidationStarted)
    assert held.liquidation_price == 8444  # 10 x (100 - p) = 240 - p


def test_a_fully_collateralised_inverse_short_is_never_liquidated() -> None:
    """Its loss in coin is bounded by the coin it was sold for."""
    held = position(-10, 100, **INVERSE)
    mark = 100 * SUBTICKS

    equity, maintenance = equity_and_maintenance(held, mark, collateral=held.cost + 1)
    assert liquidation_price([held], mark, equity, maintenance) is None
    assert liquidation_price([held], mark, equity - 2, maintenance) is not None


# ---------------------------------------------------------------------- bankruptcy price


@given(sizes, prices, marks, kinds, st.integers(-(10**6), 10**7))
def test_closing_at_the_bankruptcy_price_never_leaves_a_debt(
    size: int, price: int, mark: int, kind: dict[str, str], equity: int
) -> None:
    """And it is the last such price: one tick further would leave one."""
    held = position(size, price, tiers=RISING, **kind)
    collateral = equity - unrealised_pnl(held, mark)

    found = bankruptcy_price(held, mark, equity)

    def left(at: int) -> int:
        return collateral - held.instrument.value(at, -size) - held.cost

    further = found - 1 if size > 0 else found + 1
    assert found >= 1
    if found not in (1, 10**18):
        assert left(found) >= 0
        assert left(further) < 0
    elif found == 1 and size > 0:
        assert left(found) >= 0
    elif found == 1:
        assert left(further) < 0


@pytest.mark.parametrize(
    ("size", "equity", "price"),
    [
        (3, 50, 84),  # 83 1/3
        (-3, 50, 116),  # 116 2/3
        (3, 0, 100),
        (3, -50, 117),
        (-3, -50, 83),
        (3, 400, 1),  # not even a price of nothing uses it up
    ],
)
def test_the_bankruptcy_price_is_rounded_in_the_venues_favour(
    size: int, equity: int, price: int
) -> None:
    assert bankruptcy_price(position(size, 100), 100 * SUBTICKS, equity * DOLLAR) == price
