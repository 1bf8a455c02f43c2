"""Spot: the base asset for quote money, with nothing on margin and nothing promised twice."""

import pytest

from exchange.core.messages import (
    HISTORY,
    BlockTrade,
    CancelAll,
    LiquidationStarted,
    OrderFilled,
    Reject,
    SetLeverage,
    Side,
    TimeInForce,
    UpdateMarkPrice,
    Withdraw,
)
from exchange.core.rules import Cancel, ContractKind
from tests.stage import DOLLAR, Stage, only, rulebook

COIN = 1_000
"""Units of BTC: a lot is one coin."""
SPOT = {"kind": ContractKind.SPOT, "base": "BTC", "base_unit": "0.001"}


def market(**rules: str) -> Stage:
    """Ann has 1,000 dollars, bob ten coins; nobody has said what a coin is worth."""
    it = Stage(rulebook(**rules), symbols="")
    it.enlist("BTC/USD", **SPOT)
    it.trader("ann", "bob")
    it.deposit("ann", 1_000)
    it.bring("bob", "BTC", 10 * COIN)
    return it


def wallets(it: Stage, name: str) -> tuple[int, int]:
    """Dollars and coins."""
    return it.balance(name) // DOLLAR, it.balance(name, "BTC") // COIN


def test_base_and_quote_change_hands_without_a_mark_price() -> None:
    it = market()
    it.place("bob", "BTC/USD", -4, 100)
    it.place("ann", "BTC/USD", 3)
    assert wallets(it, "ann") == (700, 3)
    assert wallets(it, "bob") == (300, 6)
    assert it.account("ann").positions == ()


def test_the_least_trade_pays_its_fee_in_what_is_received_too_and_realises_nothing() -> None:
    """1% of one coin, and 2% of 100 dollars; nothing is held on margin afterwards."""
    it = market(taker="0.01", maker="0.02")
    it.place("bob", "BTC/USD", -1, 100)

    fills = only(it.do(it.order("ann", "BTC/USD", 1, 100)), OrderFilled)

    assert [(f.account, f.fee, f.fee_asset, f.realised_pnl, f.position) for f in fills] == [
        ("bob", 2 * DOLLAR, "USD", 0, 0),
        ("ann", COIN // 100, "BTC", 0, 0),
    ]


def test_fees_are_taken_from_what_is_received() -> None:
    """1% of three coins, and 2% of 300 dollars."""
    it = market(taker="0.01", maker="0.02")
    it.place("bob", "BTC/USD", -3, 100)
    fills = only(it.do(it.order("ann", "BTC/USD", 3, 100)), OrderFilled)
    assert [(f.account, f.fee, f.fee_asset) for f in fills] == [
        ("bob", 6 * DOLLAR, "USD"),
        ("ann", 3 * COIN // 100, "BTC"),
    ]
    assert it.balance("bob") == 294 * DOLLAR
    assert it.balance("ann", "BTC") == 3 * COIN - 3 * COIN // 100
    assert it.balance("fees", "BTC") == 3 * COIN // 100


def test_an_open_order_keeps_what_it_may_have_to_pay() -> None:
    it = market()
    it.place("ann", "BTC/USD", 6, 100)
    it.place("bob", "BTC/USD", -7, 150)
    assert (it.account("ann").wallet, it.account("ann").reserved) == (400 * DOLLAR, 600 * DOLLAR)
    assert it.venue.account_view("bob", "BTC").reserved == 7 * COIN
    assert it.refusal(it.order("ann", "BTC/USD", 5, 100)) is Reject.INSUFFICIENT_BALANCE
    assert it.refusal(it.order("bob", "BTC/USD", -4, 150)) is Reject.INSUFFICIENT_BALANCE
    withdraw = Withdraw(at=it.now(), account="ann", asset="USD", amount=401 * DOLLAR)
    assert it.refusal(withdraw) is Reject.INSUFFICIENT_MARGIN
    it.do(CancelAll(at=it.now(), account="ann"))
    it.place("ann", "BTC/USD", 10, 100)


def test_a_partly_filled_order_keeps_the_rest() -> None:
    it = market()
    it.place("ann", "BTC/USD", 6, 100)
    it.place("bob", "BTC/USD", -2, 90)
    assert it.account("ann").reserved == 400 * DOLLAR
    assert wallets(it, "ann") == (400, 2)


def test_a_taker_pays_what_the_book_asks_and_no_more() -> None:
    it = market()
    it.place("bob", "BTC/USD", -5, 100)
    it.place("bob", "BTC/USD", -5, 101)
    whole = it.order("ann", "BTC/USD", 10, 200, tif=TimeInForce.FOK)
    assert it.refusal(whole) is Reject.INSUFFICIENT_BALANCE
    it.deposit("ann", 5)
    it.place("ann", "BTC/USD", 10, 200, tif=TimeInForce.FOK)
    assert wallets(it, "ann") == (0, 10)


def test_nobody_sells_what_he_has_not() -> None:
    it = market()
    assert it.refusal(it.order("ann", "BTC/USD", -1, 100)) is Reject.INSUFFICIENT_BALANCE


def test_a_market_order_is_bounded_around_the_last_price_where_there_is_no_mark() -> None:
    it = market()
    it.place("bob", "BTC/USD", -1, 100)
    it.place("bob", "BTC/USD", -1, 151)
    it.place("ann", "BTC/USD", 1)
    it.place("ann", "BTC/USD", 1)
    assert wallets(it, "ann") == (900, 1)
    it.do(UpdateMarkPrice(at=it.now(), symbol="BTC/USD", price=101 * 100))
    it.place("ann", "BTC/USD", 1)
    assert wallets(it, "ann") == (749, 2)


def test_history_trades_spot_and_its_side_is_kept_in_clearing() -> None:
    it = market()
    it.show("BTC/USD", bids={99: 5}, asks={100: 5})
    it.place("ann", "BTC/USD", 5)
    it.place("bob", "BTC/USD", -2)
    assert wallets(it, "ann") == (500, 5)
    assert wallets(it, "bob") == (198, 8)
    assert it.balance("open positions") == (500 - 198) * DOLLAR
    assert it.balance("open positions", "BTC") == -3 * COIN


def test_block_trades_move_both_assets() -> None:
    it = market()
    block = BlockTrade(
        at=it.now(),
        symbol="BTC/USD",
        account="ann",
        counterparty="bob",
        side=Side.BUY,
        size=10,
        price=90,
    )
    it.do(block)
    assert (wallets(it, "ann"), wallets(it, "bob")) == ((100, 10), (900, 0))
    again = BlockTrade(
        at=it.now(),
        symbol="BTC/USD",
        account="ann",
        counterparty=HISTORY,
        side=Side.BUY,
        size=2,
        price=90,
    )
    assert it.refusal(again) is Reject.INSUFFICIENT_BALANCE


def test_spot_has_no_margin_terms() -> None:
    it = market()
    leverage = SetLeverage(at=it.now(), account="ann", symbol="BTC/USD", leverage=2)
    assert it.refusal(leverage) is Reject.NOT_OFFERED
    assert it.refusal(it.order("ann", "BTC/USD", 1, 90, reduce_only=True)) is Reject.BAD_FLAGS


def test_an_account_in_hedge_mode_trades_spot_as_any_other() -> None:
    it = market()
    it.hedge("ann")
    it.place("ann", "BTC/USD", 1, 90)


@pytest.mark.parametrize("rule", list(Cancel))
def test_what_stands_aside_comes_back_before_anything_is_liquidated(rule: Cancel) -> None:
    """300 of 1,000 stand aside: without them a long of 50 from 100 fails below 95.56."""
    it = market(cancel=rule)
    it.enlist("BTC")
    it.mark("BTC", 100)
    it.place("ann", "BTC/USD", 6, 50)
    it.hold("ann", "BTC", 50, 100)
    assert not only(it.mark("BTC", 95, 56), LiquidationStarted)
    assert only(it.mark("BTC", 95, 55), LiquidationStarted)
    assert it.account("ann").reserved == 0
    assert it.size("ann", "BTC") == 50


def test_spending_quote_money_counts_against_a_position() -> None:
    it = market()
    it.enlist("BTC")
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 50, 100)
    it.mark("BTC", 96)
    assert it.refusal(it.order("ann", "BTC/USD", 321, 1)) is Reject.INSUFFICIENT_BALANCE
    it.place("ann", "BTC/USD", 320, 1)


@pytest.mark.parametrize("buys", [True, False])
def test_fees_round_up_in_either_asset(*, buys: bool) -> None:
    """A rate of 1% on three thousandths of a coin, or on three cents."""
    it = Stage(rulebook(taker="0.01"), symbols="")
    it.enlist("BTC/USD", **{**SPOT, "lot_size": "0.001", "tick_size": "10"})
    it.trader("ann", "bob", deposit=100)
    for name in ("ann", "bob"):
        it.bring(name, "BTC", COIN)
    it.place("bob", "BTC/USD", -3 if buys else 3, 1)

    (_, fill) = only(it.do(it.order("ann", "BTC/USD", 3 if buys else -3, 1)), OrderFilled)

    assert (fill.fee, fill.position) == (1, 0)
