"""What a trade does to an account: position, realised PnL, fee, and isolated margin."""

import pytest

from exchange.core.accounts import Position
from exchange.core.messages import AdjustMargin, LiquidationStarted, OrderFilled, SetLeverage
from exchange.core.rules import ContractKind
from exchange.core.units import UnitError
from tests.stage import DOLLAR, Stage, only, position, rulebook


def bucket(it: Stage, name: str = "ann", symbol: str = "BTC") -> int:
    held = it.position(name, symbol)
    return 0 if held is None else held.bucket


# ------------------------------------------------------------------------- the position


def take(held: Position, lots: int, price: int) -> int:
    """Trade at a price; returns what it realises."""
    return held.trade(lots, held.instrument.value(price, lots))


@pytest.mark.parametrize(
    ("trades", "size", "cost", "realised"),
    [
        ([(10, 100)], 10, 1000, 0),
        ([(10, 100), (10, 110)], 20, 2100, 0),
        ([(10, 100), (-4, 110)], 6, 600, 40),  # a part takes its share of the cost along
        ([(10, 100), (-10, 90)], 0, 0, -100),
        ([(10, 100), (-15, 110)], -5, -550, 100),  # over to the other side
        ([(-10, 100), (4, 110)], -6, -600, -40),
        ([(-10, 100), (15, 90)], 5, 450, 100),
    ],
)
def test_a_trade_moves_size_and_cost_and_realises_the_part_closed(
    trades: list[tuple[int, int]], size: int, cost: int, realised: int
) -> None:
    held = position(*trades[0])

    gains = sum(take(held, *trade) for trade in trades[1:])

    assert (held.size, held.cost, gains) == (size, cost * DOLLAR, realised * DOLLAR)


def test_what_is_realised_rounds_down_and_the_rest_stays_in_the_cost() -> None:
    """3 lots for 100.00 at a cent a tick: closing one takes 33.34 of the cost along."""
    held = position(1, 3333, money_unit="1")
    take(held, 2, 3334)
    assert held.cost == 10_001

    assert take(held, -1, 3334) == 0  # 3,334 for 3,333.67, rounded down
    assert held.cost == 10_001 - 3_334


# --------------------------------------------------------------------------------- fees


@pytest.mark.parametrize("beyond", ["1.00000001", "-2"])
def test_a_fee_is_not_more_than_what_is_traded(beyond: str) -> None:
    with pytest.raises(UnitError, match=f"fees.taker was {beyond}, expected -1 to 1"):
        Stage(rulebook(taker=beyond))


def test_maker_and_taker_pay_their_rates_of_notional() -> None:
    it = Stage(rulebook(maker="0.001", taker="0.002"))
    it.trader("ann", "bob", deposit=1_000)
    it.mark("BTC", 100)
    it.place("ann", "BTC", 10, 100)

    fills = only(it.do(it.order("bob", "BTC", -10, 100)), OrderFilled)

    assert [(f.account, f.maker, f.fee) for f in fills] == [("ann", True, 100), ("bob", False, 200)]
    assert [f.fee_asset for f in fills] == ["", ""]  # the settlement asset
    assert it.balance("fees") == 300


def test_fees_round_up_and_rebates_down() -> None:
    """0.33333 of 3 cents is a cent; as a rebate, nothing."""
    it = Stage(rulebook(maker="-0.003", taker="0.003"))
    it.trader("ann", "bob", deposit=1_000)
    it.mark("BTC", 1)
    it.place("ann", "BTC", 1, 1)

    fills = only(it.do(it.order("bob", "BTC", -1, 1)), OrderFilled)

    assert [f.fee for f in fills] == [0, 1]


# ------------------------------------------------------------------------- in isolated


def isolated(deposit: int, *, maker: str = "0", taker: str = "0", fund: str = "0") -> Stage:
    """Ann holds 10 lots from bob at 100, in isolated margin at a leverage of 5."""
    it = Stage(rulebook(maker=maker, taker=taker, fund=fund))
    it.trader("ann", deposit=deposit)
    it.trader("bob", deposit=1_000_000)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=5))
    it.hold("ann", "BTC", 10, 100, other="bob")
    return it


def test_opening_takes_initial_margin_from_the_wallet() -> None:
    it = isolated(300)

    assert (it.account("ann").wallet, bucket(it)) == (100 * DOLLAR, 200 * DOLLAR)


@pytest.mark.parametrize(
    ("price", "left", "wallet"),
    [
        (110, 120, 220),  # 4 of 10 lots: 80 of the bucket and a gain of 40
        (95, 120, 160),  # 80 of it, less a loss of 20
        (80, 120, 100),  # the loss has used up its share
        (75, 100, 100),  # more than its share: the rest of the bucket pays
    ],
)
def test_closing_gives_back_its_share_of_the_bucket_and_what_it_made(
    price: int, left: int, wallet: int
) -> None:
    it = isolated(300)

    it.hold("ann", "BTC", -4, price, other="bob")

    assert (bucket(it), it.account("ann").wallet) == (left * DOLLAR, wallet * DOLLAR)


@pytest.mark.parametrize(("sign", "kept"), [(1, 20_000), (-1, 10_000)])
def test_a_bucket_keeps_the_cent_that_does_not_divide(sign: int, kept: int) -> None:
    """300 dollars and a cent behind three lots; what is given back is rounded down."""
    it = Stage()
    it.trader("ann", deposit=1_000)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=1))
    it.hold("ann", "BTC", 3 * sign, 100)
    it.do(AdjustMargin(at=it.now(), account="ann", symbol="BTC", amount=1))

    it.hold("ann", "BTC", -1 if sign > 0 else 2, 100)

    assert bucket(it) == kept + 1


@pytest.mark.parametrize("sign", [1, -1])
def test_a_lot_more_fills_the_bucket_and_a_lot_less_empties_it(sign: int) -> None:
    """One lot of 100 at five times leverage, a second one, and one back."""
    it = isolated(300)
    it.hold("ann", "BTC", -10, 100, other="bob")

    found = []
    for lots in (1, 1, -1, -1):
        it.hold("ann", "BTC", sign * lots, 100)
        found.append(bucket(it) // DOLLAR)

    assert found == [20, 40, 20, 0]


def test_the_last_lot_empties_the_bucket() -> None:
    it = isolated(300)

    it.hold("ann", "BTC", -10, 99, other="bob")

    assert it.balance("ann BTC") == 0
    assert it.account("ann").wallet == 290 * DOLLAR


def test_a_gain_of_the_part_closed_is_not_kept_in_the_bucket() -> None:
    it = isolated(300)
    it.mark("BTC", 120)

    it.hold("ann", "BTC", -5, 120, other="bob")

    assert (it.account("ann").wallet, bucket(it)) == (300 * DOLLAR, 100 * DOLLAR)


def test_turning_over_empties_the_bucket_and_fills_it_anew() -> None:
    """10 long to 5 short at 110: back come 200 and a gain of 100, 110 go in."""
    it = isolated(310)
    it.mark("BTC", 110)

    it.hold("ann", "BTC", -15, 110, other="bob")

    assert (it.account("ann").wallet, bucket(it)) == (300 * DOLLAR, 110 * DOLLAR)


def test_fees_of_an_isolated_position_come_from_the_wallet() -> None:
    it = isolated(500, taker="0.01")
    it.do(it.order("bob", "BTC", -10, 100))

    it.place("ann", "BTC", 10, 100)

    assert (it.account("ann").wallet, bucket(it)) == (90 * DOLLAR, 400 * DOLLAR)


def test_what_the_wallet_cannot_pay_of_a_fee_the_bucket_does() -> None:
    """The insurance fund has no part in it: there is money."""
    it = isolated(404, maker="0.01", fund="50")
    it.place("ann", "BTC", 10, 100)

    it.do(it.order("bob", "BTC", -10, 100))

    assert (it.account("ann").wallet, bucket(it)) == (0, 394 * DOLLAR)
    assert it.balance("insurance fund") == 50 * DOLLAR


def test_an_isolated_order_takes_no_margin_that_cross_positions_need() -> None:
    """ETH has lost 100 since the order came to rest: of the 50 that are left it needs 40.

    The bucket gets 10 of its 100 and is liquidated, and ETH is not.
    """
    it = Stage(rulebook(fund="50"))
    it.trader("ann", deposit=150)
    it.trader("bob", deposit=1_000_000)
    it.marks(BTC=100, ETH=50)
    it.hold("ann", "ETH", 10, 50)
    it.isolate("ann", "BTC")
    it.place("ann", "BTC", 10, 100)
    it.mark("ETH", 40)

    events = it.do(it.order("bob", "BTC", -10, 100))

    assert [e.symbol for e in only(events, LiquidationStarted)] == ["BTC"]
    assert it.size("ann", "ETH") == 10
    assert it.balance("insurance fund") == 50 * DOLLAR


def test_a_wallet_that_can_spare_nothing_gives_nothing() -> None:
    """Of 230, ETH has lost 200, and needs the other 30: BTC opens with nothing behind it."""
    it = Stage(rulebook(fund="50"))
    it.trader("ann", deposit=230)
    it.trader("bob", deposit=1_000_000)
    it.marks(BTC=100, ETH=50)
    it.hold("ann", "ETH", 10, 50)
    it.isolate("ann", "BTC")
    it.place("ann", "BTC", 10, 100)
    it.mark("ETH", 30)

    (started,) = only(it.do(it.order("bob", "BTC", -10, 100)), LiquidationStarted)

    assert (started.symbol, started.equity) == ("BTC", 0)
    assert it.account("ann").wallet == 230 * DOLLAR


def test_a_cross_position_pays_its_fee_from_the_wallet_even_if_that_liquidates_it() -> None:
    """Bought at 100 with 111, at a mark of 99: of 101 are 99 needed, and the fee is 10."""
    it = Stage(rulebook(maker="0.01"))
    it.trader("ann", deposit=111)
    it.trader("bob", deposit=1_000_000)
    it.mark("BTC", 100)
    it.place("ann", "BTC", 10, 100)
    it.mark("BTC", 99)

    (started,) = only(it.do(it.order("bob", "BTC", -10, 100)), LiquidationStarted)

    assert started.equity == 91 * DOLLAR
    assert it.balance("ann BTC") == 0


def test_an_inverse_trade_that_turns_over_funds_the_part_that_opens_to_the_unit() -> None:
    """9 contracts at 7 dollars are 1.285714 coins; of 5 that open, 0.714285 fill the bucket."""
    it = Stage(symbols="")
    coin = {"kind": ContractKind.INVERSE, "settle": "COIN", "money_unit": "0.000001"}
    it.enlist("BTC", **coin)
    it.trader("ann")
    it.bring("ann", "COIN", 10_000_000)
    it.mark("BTC", 7)
    it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=1))
    it.hold("ann", "BTC", 4, 7)

    it.hold("ann", "BTC", -9, 7)

    (held,) = it.venue.account_view("ann", "COIN").positions
    assert (held.size, held.bucket) == (-5, 714_285)
