"""Equity, initial and maintenance margin, and the two prices at which a position ends."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from exchange.core.book import Order
from exchange.core.margin import (
    NEVER,
    bankruptcy_price,
    exposed_lots,
    exposure,
    failing_above,
    failing_below,
    initial_margin,
    last_failing,
    liquidation_price,
    maintenance_margin,
    margin_held,
    notional,
    opening_value,
    order_margin,
    unrealised_pnl,
)
from exchange.core.messages import LiquidationStarted, Reject, SetLeverage, Withdraw
from exchange.core.rules import (
    Breach,
    ClosingFee,
    ContractKind,
    LiquidationRules,
    MarginRules,
    Tier,
    TierInput,
)
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
        (1, [(5, 90)], 6),
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


def test_isolated_orders_have_the_rate_of_the_larger_side_where_tiers_go_by_size() -> None:
    """Of 20 lots, 10 at 1% and 10 at 21%: 11% of 2,000; 5 sold beside them change nothing."""
    tiers = (
        Tier(floor="0", initial="0.01", maintenance="0.01", leverage_max=100),
        Tier(floor="10", initial="0.21", maintenance="0.01", leverage_max=100),
    )
    held = position(1, 100, tiers=tiers, margin=MarginRules(tier_input=TierInput.SIZE))
    held.trade(-1, -held.cost)
    for order in (Order(1, 1, 0, True, 100, 20), Order(2, 1, 0, False, 100, 5)):  # noqa: FBT003
        held.hold(order, order.size)

    assert order_margin(held) == 220 * DOLLAR


def test_the_top_of_a_tier_is_opened_at_its_rate() -> None:
    """1% of 1,000; of a dollar more, 10%."""
    tiers = (
        Tier(floor="0", initial="0.01", maintenance="0", leverage_max=100),
        Tier(floor="1000", initial="0.1", maintenance="0", leverage_max=100),
    )

    assert initial_margin(position(10, 100, leverage=100, tiers=tiers), 10_000) == 1_000
    assert initial_margin(position(10, 100, leverage=100, tiers=tiers), 10_010) == 1_010


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


def test_where_equality_fails_a_bucket_must_hold_a_unit_more_than_maintenance_margin() -> None:
    """Of 4,000, the first 1,000 at 1% and the rest at 10%: it outgrew its leverage."""
    strict = structs.replace(rulebook().liquidation, trigger=Breach.AT_OR_BELOW)
    it = Stage(structs.replace(rulebook(tiers=RISING), liquidation=strict))
    it.trader("ann", deposit=200)
    it.mark("BTC", 10)
    it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=50))
    it.hold("ann", "BTC", 100, 10)
    it.mark("BTC", 40)

    held = it.position("ann", "BTC")

    assert held is not None
    assert (held.maintenance_margin, held.initial_margin) == (310_00, 310_01)


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


@pytest.mark.parametrize(("cents", "price"), [(190_00, 90_00), (190_01, 89_99)])
def test_where_equality_fails_a_cent_more_is_safe(cents: int, price: int) -> None:
    strict = structs.replace(rulebook().liquidation, trigger=Breach.AT_OR_BELOW)
    it = Stage(structs.replace(rulebook(), liquidation=strict))
    it.trader("ann")
    it.bring("ann", "USD", cents)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100)

    held = it.position("ann", "BTC")

    assert held is not None
    assert held.liquidation_price == price
    assert not only(it.mark("BTC", 0, price + 1), LiquidationStarted)
    assert only(it.mark("BTC", 0, price), LiquidationStarted)


@pytest.mark.parametrize(
    ("size", "mark", "collateral", "found"),
    [
        (1, 10, 8_00, 2_22),  # P - 2 < 0.1 P + 0.001 P^2 below 2.228, and above 897.8
        (1, 10, 10_00, 900_01),  # paid for: only above, where 0.9 P < 0.001 P^2
        (-1, 10, 8_00, 16_13),  # 18 - P < 0.1 P + 0.001 P^2
    ],
)
def test_where_the_rate_grows_a_long_can_fail_above_its_mark_too(
    size: int, mark: int, collateral: int, found: int
) -> None:
    """Margin is 10%, and a thousandth of the notional squared.

    Where a fall endangers it as well, that is what counts for a long.
    """
    held = position(size, mark, margin=MarginRules(rate_growth="0.001"))
    stands = equity_and_maintenance(held, mark * SUBTICKS, collateral)

    assert liquidation_price([held], mark * SUBTICKS, *stands) == found


def test_for_a_short_a_rise_counts_where_a_fall_endangers_it_too() -> None:
    """100 short of an inverse contract at 100 are a coin; x of them at 100 / x.

    x - 0.5 < 0.1 x + 0.1 x^2 below 0.59487 and beyond 8.4: above 168.10, and below 11.90.
    """
    held = position(-100, 100, margin=MarginRules(rate_growth="0.1"), **INVERSE)
    mark = 100 * SUBTICKS
    stands = equity_and_maintenance(held, mark, 10**8 // 2)

    assert liquidation_price([held], mark, *stands) == 168_11


def test_an_even_hedge_of_inverse_contracts_fails_below() -> None:
    """A coin long and a coin short need 0.2 coins, and twice that at 50."""
    legs = [position(100, 100, **INVERSE), position(-100, 100, **INVERSE)]
    mark = 100 * SUBTICKS

    assert liquidation_price(legs, mark, 4 * 10**7, 2 * 10**7) == 49_99


Spare = Callable[[int], int]


@pytest.mark.parametrize(
    ("spare", "mark", "found"),
    [
        (lambda p: p - 1, 10, None),  # 1 is safe
        (lambda p: p - 2, 10, 1),
        (lambda p: p - 50, 100, 49),
        (lambda p: p - 50, 10, 49),  # the mark fails already
        (lambda _: -1, 10, 10),  # every price does
        (lambda p: p - NEVER, NEVER // 2, NEVER - 1),
    ],
)
def test_prices_that_fail_below_end_somewhere(spare: Spare, mark: int, found: int | None) -> None:
    assert failing_below(spare, mark) == found


@pytest.mark.parametrize(
    ("spare", "mark", "found"),
    [
        (lambda _: 0, 10, None),
        (lambda p: 50 - p, 10, 51),
        (lambda p: 50 - p, 100, 51),  # the mark fails already
        (lambda p: 1 - p, 10, 2),  # 1 is safe
        (lambda p: 0 - p, 10, 10),  # no price is
        (lambda p: min(p - 5, 50 - p), 10, 51),  # it fails below as well
        (lambda p: NEVER - 1 - p, NEVER // 2, NEVER),
        (lambda p: NEVER - p, NEVER // 2, None),
    ],
)
def test_prices_that_fail_above_begin_somewhere(spare: Spare, mark: int, found: int | None) -> None:
    assert failing_above(spare, mark) == found


@pytest.mark.parametrize("slope", [1, 7, 1_000])
@pytest.mark.parametrize("zero", [3, 12_345, 10**11 + 1])
@pytest.mark.parametrize("rises", [True, False])
def test_on_a_straight_line_a_few_looks_are_enough(slope: int, zero: int, *, rises: bool) -> None:
    """However far the ends are apart: in halves, it would take 40."""
    looks: list[int] = []

    def spare(price: int) -> int:
        looks.append(price)
        return slope * (price - zero) if rises else slope * (zero - price)

    ends = (1, 10**12) if rises else (10**12, 1)

    assert last_failing(spare, *ends) == (zero - 1 if rises else zero + 1)
    assert len(looks) <= 6


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


@pytest.mark.parametrize(
    ("fee", "size", "deposit", "price"),
    [
        (ClosingFee.MARK, 10, 109, 90),  # 891 are owed, and 1% of 900
        (ClosingFee.MARK, -10, 111, 110),  # 1,111 are there, and 1% of 1,100
        (ClosingFee.MARK, 10, 108, 91),  # 892 are owed: 901.01
        (ClosingFee.ENTRY, 10, 110, 90),  # 890 are owed, and 1% of 1,000
        (ClosingFee.ENTRY, -10, 110, 110),
        (ClosingFee.NONE, 10, 110, 89),
    ],
)
def test_the_bankruptcy_price_may_leave_the_closing_fee(
    fee: ClosingFee, size: int, deposit: int, price: int
) -> None:
    rules = LiquidationRules(bankruptcy_keeps_fee=True)
    margin = MarginRules(closing_fee=fee)
    tiers = (Tier(floor="0", maintenance="0.05", leverage_max=100),)
    it = Stage(rulebook(taker="0.01", tiers=tiers, margin=margin, liquidation=rules))
    it.trader("ann", deposit=deposit)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", size, 100)

    held = it.position("ann", "BTC")

    assert held is not None
    assert held.bankruptcy_price == price


def test_the_fee_on_the_last_unit_takes_another_tick() -> None:
    """A dollar is owed, and 1% of whatever is paid: not at 1, but at 2."""
    margin = MarginRules(closing_fee=ClosingFee.MARK)
    it = Stage(rulebook(taker="0.01", margin=margin))
    it.enlist("YEN-PERP", settle="YEN", money_unit="1", mark_unit="0.01")
    it.trader("ann")
    it.bring("ann", "YEN", 200)
    it.mark("YEN-PERP", 100)
    it.hold("ann", "YEN-PERP", 1, 100)
    held = it.venue._state.account_of["ann"].pools["YEN"].listed[0]

    assert bankruptcy_price(held, 100 * SUBTICKS, 99, keeps_fee=True) == 2
    assert bankruptcy_price(held, 100 * SUBTICKS, 99) == 1


def test_the_fillable_price_is_rounded_towards_the_mark() -> None:
    """At 85 equity is 5 and 8.50 are needed: 15% of the 3.50 that are missing are 0.525."""
    it = Stage(rulebook(liquidation=LiquidationRules(spread_to_maintenance="0.15")))
    it.trader("ann", deposit=20)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 1, 100)

    held = it.venue.account_view("ann", "USD", marks={"BTC": 85_00}).positions[0]

    assert held.fillable_price == 84_48
