"""What open orders cost: initial margin at an assumed price, and what they would lose at once.

The figures of Binance's example are among the vectors; here are what becomes of them afterwards,
and an account of every order by itself.
"""

from fractions import Fraction
from random import Random

import pytest

from exchange.core.messages import AmendOrder, CancelOrder, RecordedTrade, Reject, SetLeverage, Side
from exchange.core.rules import ContractKind, MarginRules, OrderFees, Tier
from tests.stage import DOLLAR, Stage, rulebook

NO_MAINTENANCE = (Tier(floor="0", maintenance="0", leverage_max=100),)
BOTH = MarginRules(order_open_loss=True, sell_order_over_last="0.01")
KEEPS_FEES = MarginRules(order_fees=OrderFees.OPEN_AND_CLOSE)


def stage(margin: MarginRules = BOTH, deposit: int = 10_000, taker: str = "0") -> Stage:
    """Ann at a leverage of 10, a mark of 100, and a last price of 100."""
    it = Stage(rulebook(margin=margin, tiers=NO_MAINTENANCE, taker=taker))
    it.trader("ann", "bob", deposit=deposit)
    it.mark("BTC", 100)
    printed(it, 100)
    return it


def printed(it: Stage, price: int) -> None:
    it.do(RecordedTrade(at=it.now(), symbol="BTC", side=Side.SELL, price=price, size=1))


def taken(it: Stage) -> Fraction:
    """What is not available, in dollars."""
    return Fraction(it.account("ann").initial_margin, DOLLAR)


@pytest.mark.parametrize(
    ("size", "price", "cost"),
    [
        (10, 90, 90),  # a buy below the mark: its margin
        (10, 110, 110 + 100),  # above it: ten times ten more
        (-10, 110, 110),  # a sell above all others
        (-10, 100, 101),  # at the last price and 1%
        (-10, 90, 101 + 100),  # and below the mark
    ],
)
def test_an_order_costs_its_margin_and_its_open_loss(size: int, price: int, cost: int) -> None:
    it = stage()
    it.place("ann", "BTC", size, price)

    assert taken(it) == cost


@pytest.mark.parametrize(
    ("margin", "cost"),
    [
        (MarginRules(), 90),
        (MarginRules(order_open_loss=True), 190),
        (MarginRules(sell_order_over_last="0.01"), 101),
        (MarginRules(sell_order_over_last="0"), 100),
    ],
)
def test_each_rule_stands_by_itself(margin: MarginRules, cost: int) -> None:
    it = stage(margin)
    it.place("ann", "BTC", -10, 90)

    assert taken(it) == cost


def test_the_mark_counts_where_it_is_highest() -> None:
    it = stage(MarginRules(sell_order_over_last="0.01"))
    it.mark("BTC", 120)
    it.place("ann", "BTC", -10, 90)

    assert taken(it) == 120


def test_the_prices_are_those_of_the_placing() -> None:
    it = stage()
    it.place("ann", "BTC", -10, 90)
    it.mark("BTC", 150)
    printed(it, 150)

    assert taken(it) == 201
    it.place("ann", "BTC", -10, 90)
    assert taken(it) == 201 + Fraction("151.5") + 600


def test_half_of_an_order_costs_half_and_none_nothing() -> None:
    it = stage()
    order = it.place("ann", "BTC", -10, 90)
    it.do(AmendOrder(at=it.now(), account="ann", order_id=order, size=5))
    assert taken(it) == Fraction(201, 2)

    it.do(CancelOrder(at=it.now(), account="ann", order_id=order))
    assert taken(it) == 0


def test_another_price_is_another_placing() -> None:
    it = stage()
    order = it.place("ann", "BTC", -10, 90)
    it.mark("BTC", 80)
    it.do(AmendOrder(at=it.now(), account="ann", order_id=order, price=95))

    assert taken(it) == 101


def test_what_closes_costs_nothing() -> None:
    """Six of ten open."""
    it = stage()
    it.hold("ann", "BTC", 4, 100)
    it.place("ann", "BTC", -10, 90)

    assert taken(it) == Fraction("60.6") + 60


def test_an_isolated_position_s_orders_take_it_from_the_wallet() -> None:
    it = stage()
    it.isolate("ann", "BTC")
    it.place("ann", "BTC", -10, 90)

    assert taken(it) == 201


def test_an_inverse_contract_s_orders_have_an_open_loss_and_their_own_price() -> None:
    """1,000 dollars at 90 for a coin at 100: 11.11 coins, of which 1.11 are lost."""
    it = stage()
    it.enlist("INV", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.01")
    it.bring("ann", "COIN", 100_00)
    it.mark("INV", 100)
    it.place("ann", "INV", -1000, 90)

    (order,) = it.venue.account_view("ann", "COIN").orders
    assert order.open_loss == 111
    assert it.venue.account_view("ann", "COIN").initial_margin == 112 + 111


def test_the_cost_must_be_there_and_the_largest_order_knows_it() -> None:
    it = stage(deposit=201)
    assert it.refusal(it.order("ann", "BTC", -11, 90)) is Reject.INSUFFICIENT_MARGIN
    assert it.venue.order_max("ann", "BTC", Side.SELL, 90) == 10

    it.place("ann", "BTC", -10, 90)
    assert it.account("ann").available_margin == 0


def test_an_order_that_trades_costs_what_it_gets() -> None:
    """Bob bids 95: margin at the mark, and a loss of 50 that is no longer an order's."""
    it = stage()
    it.place("bob", "BTC", 10, 95)
    it.place("ann", "BTC", -10, 90)

    assert taken(it) == 100
    assert it.account("ann").equity == 9_950 * DOLLAR


@pytest.mark.parametrize(
    ("rule", "size", "fees"),
    [
        (OrderFees.NONE, 10, "0"),
        (OrderFees.OPEN, 10, "9"),  # 1% of 900
        (OrderFees.OPEN_AND_CLOSE, 10, "17.1"),  # and of 810: the price at which a tenth is lost
        (OrderFees.OPEN_AND_CLOSE, -10, "18.9"),  # and of 990
    ],
)
def test_an_order_keeps_the_fees_of_its_way_in_and_out(
    rule: OrderFees, size: int, fees: str
) -> None:
    it = stage(MarginRules(order_fees=rule), taker="0.01")
    it.place("ann", "BTC", size, 90)

    (order,) = it.account("ann").orders
    assert Fraction(order.fees, DOLLAR) == Fraction(fees)
    assert taken(it) == 90 + Fraction(fees)


def test_an_inverse_contract_s_way_out_costs_the_more_coins_the_lower_its_price() -> None:
    """1,000 dollars at 100 are 10 coins: a buy keeps 1% of 10 and of 11, a sell of 10 and of 9."""
    for size, fees in ((1000, 21), (-1000, 19)):
        it = stage(KEEPS_FEES, taker="0.01")
        it.enlist("INV", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.01")
        it.bring("ann", "COIN", 100_00)
        it.mark("INV", 100)
        it.place("ann", "INV", size, 100)

        assert it.venue.account_view("ann", "COIN").initial_margin == 100 + fees


def test_fees_are_kept_for_what_opens_and_on_both_sides() -> None:
    """Margin is of the larger side: 4 held and 10 more.  Of the sells 6 open."""
    it = stage(KEEPS_FEES, taker="0.01")
    it.hold("ann", "BTC", 4, 100)
    it.place("ann", "BTC", 10, 90)
    it.place("ann", "BTC", -10, 110)

    sells = Fraction(660, 100) * Fraction(21, 10)
    assert taken(it) == 40 + 90 + Fraction("17.1") + sells


def test_another_leverage_is_another_bankruptcy_price() -> None:
    it = stage(KEEPS_FEES, taker="0.01")
    it.place("ann", "BTC", 10, 90)
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=2))

    assert taken(it) == 450 + 9 + Fraction("4.5")


def test_an_isolated_position_s_orders_keep_fees_too() -> None:
    it = stage(KEEPS_FEES, taker="0.01")
    it.isolate("ann", "BTC")
    it.place("ann", "BTC", 10, 90)

    assert taken(it) == 90 + Fraction("17.1")


def test_fees_must_be_there_when_an_order_is_placed() -> None:
    it = stage(KEEPS_FEES, deposit=107, taker="0.01")
    assert it.refusal(it.order("ann", "BTC", 10, 90)) is Reject.INSUFFICIENT_MARGIN
    assert it.venue.order_max("ann", "BTC", Side.BUY, 90) == 9


@pytest.mark.parametrize("seed", range(20))
def test_every_order_by_itself_comes_to_the_same(seed: int) -> None:
    """Orders and cancellations at random, marks and last prices in between; nothing trades."""
    dice, it, known = Random(seed), stage(deposit=1_000_000), {}
    mark = last = Fraction(100)
    for _ in range(60):
        what = dice.random()
        if what < 0.2:
            mark = Fraction(dice.randint(60, 140))
            it.mark("BTC", int(mark))
        elif what < 0.4:
            last = Fraction(dice.randint(80, 120))
            printed(it, int(last))
        elif known and what < 0.5:
            gone = dice.choice(sorted(known))
            it.do(CancelOrder(at=it.now(), account="ann", order_id=gone))
            del known[gone]
        else:
            # Buys below what is printed and sells above, so that nothing meets.
            size = dice.choice([1, -1]) * dice.randint(1, 30)
            price = dice.randint(50, 79) if size > 0 else dice.randint(121, 150)
            number = it.place("ann", "BTC", size, price)
            assumed = max(price, mark, last * Fraction(101, 100)) if size < 0 else price
            lost = max(0, size * (price - mark))
            known[number] = (size > 0, abs(size) * assumed, lost)
        sides = [
            sum(value for buy, value, _ in known.values() if buy is side) for side in (True, False)
        ]
        losses = sum(lost for _, _, lost in known.values())
        assert abs(taken(it) - max(sides) / 10 - losses) < Fraction(2, 100)
