"""The door: time, refusals, and what a command may name."""

import pytest

from exchange.core.messages import (
    AccountMode,
    AdjustMargin,
    AmendOrder,
    BlockTrade,
    CancelAll,
    CancelOrder,
    Command,
    CommandRejected,
    ComputeMarkPrice,
    Deposit,
    ListInstrument,
    MarginMode,
    OpenAccount,
    PassTime,
    RecordedTrade,
    Reject,
    SetAccountMode,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    Side,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    Withdraw,
)
from exchange.core.rules import LimitRules, Tier
from tests.stage import DOLLAR, Stage, contract, only, rulebook

# --------------------------------------------------------------------------------- time


def test_time_does_not_go_backwards() -> None:
    it = Stage()
    it.do(PassTime(at=5))

    assert it.refusal(PassTime(at=4)) is Reject.TIME_GOES_BACKWARDS
    assert it.venue.now == 5


def test_it_may_stand_still() -> None:
    it = Stage()
    it.do(PassTime(at=5))

    assert not only(it.do(PassTime(at=5)), CommandRejected)


def test_a_refused_command_takes_no_time() -> None:
    it = Stage()
    it.do(PassTime(at=5))
    it.do(Deposit(at=9, account="nobody", asset="USD", amount=1))

    assert it.venue.now == 5
    assert not only(it.do(PassTime(at=6)), CommandRejected)


def test_time_comes_before_everything_else() -> None:
    """The account and the instrument are unknown as well."""
    it = Stage()
    it.do(PassTime(at=5))
    command = SetLeverage(at=4, account="nobody", symbol="NONE", leverage=0)

    assert it.refusal(command) is Reject.TIME_GOES_BACKWARDS


# ----------------------------------------------------------------------------- refusals


def test_a_refusal_says_who_what_and_why() -> None:
    it = Stage()

    (event,) = it.do(SetLeverage(at=it.now(), account="nobody", ref=7, symbol="BTC", leverage=5))

    assert event == CommandRejected(
        at=it.at,
        command="SetLeverage",
        reason=Reject.UNKNOWN_ACCOUNT,
        detail="there is no account 'nobody'",
        account="nobody",
        ref=7,
        symbol="BTC",
    )


def in_an_account(at: int, name: str, symbol: str) -> list[Command]:
    """Every command in an account's name; what else they say is in order."""
    return [
        Deposit(at=at, account=name, asset="USD", amount=1),
        Withdraw(at=at, account=name, asset="USD", amount=1),
        AmendOrder(at=at, account=name, order_id=1, size=1),
        CancelOrder(at=at, account=name, order_id=1),
        CancelAll(at=at, account=name, symbol=symbol),
        SetLeverage(at=at, account=name, symbol=symbol, leverage=5),
        SetMarginMode(at=at, account=name, symbol=symbol, mode=MarginMode.CROSS),
        AdjustMargin(at=at, account=name, symbol=symbol, amount=1),
        SetAutoMargin(at=at, account=name, symbol=symbol, on=True),
        SetAccountMode(at=at, account=name, mode=AccountMode.SINGLE),
        Stage(symbols="").order(name, symbol, 1, 100),
    ]


@pytest.mark.parametrize("number", range(9))
def test_a_command_needs_an_account(number: int) -> None:
    it = Stage()
    it.mark("BTC", 100)

    for name, reason in (("nobody", Reject.UNKNOWN_ACCOUNT), ("HISTORY", Reject.RESERVED_ACCOUNT)):
        assert it.refusal(in_an_account(it.now(), name, "BTC")[number]) is reason


def about_an_instrument(at: int, symbol: str) -> list[Command]:
    """Every command about an instrument that needs no account."""
    return [
        UpdateMarkPrice(at=at, symbol=symbol, price=1),
        UpdateIndexPrice(at=at, symbol=symbol, price=1),
        UpdateFundingRate(at=at, symbol=symbol, rate=0, next_at=0, interval=0),
        ComputeMarkPrice(at=at, symbol=symbol),
        UpdateDepth(at=at, symbol=symbol, bids=(), asks=()),
        RecordedTrade(at=at, symbol=symbol, side=Side.BUY, price=1, size=1),
    ]


@pytest.mark.parametrize("number", range(6))
def test_a_command_needs_an_instrument(number: int) -> None:
    it = Stage()

    assert it.refusal(about_an_instrument(it.now(), "NONE")[number]) is Reject.UNKNOWN_INSTRUMENT


@pytest.mark.parametrize("number", range(4, 9))
def test_and_so_does_one_in_an_accounts_name(number: int) -> None:
    it = Stage()
    it.trader("ann")

    assert it.refusal(in_an_account(it.now(), "ann", "NONE")[number]) is Reject.UNKNOWN_INSTRUMENT


# -------------------------------------------------------------------- accounts and money


def test_an_account_is_opened_once() -> None:
    it = Stage()
    it.trader("ann")

    assert it.refusal(OpenAccount(at=it.now(), account="ann")) is Reject.ACCOUNT_EXISTS
    assert it.venue.account_names() == ["ann"]


@pytest.mark.parametrize("name", ["", "HISTORY"])
def test_some_names_are_reserved(name: str) -> None:
    it = Stage()

    assert it.refusal(OpenAccount(at=it.now(), account=name)) is Reject.RESERVED_ACCOUNT


@pytest.mark.parametrize("kind", [Deposit, Withdraw])
def test_money_is_of_an_asset_that_something_settles_in_and_more_than_nothing(
    kind: type[Deposit | Withdraw],
) -> None:
    it = Stage()
    it.trader("ann", deposit=1)

    command = kind(at=it.now(), account="ann", asset="EUR", amount=0)
    assert it.refusal(command) is Reject.UNKNOWN_INSTRUMENT
    for amount in (0, -1):
        command = kind(at=it.now(), account="ann", asset="USD", amount=amount)
        assert it.refusal(command) is Reject.AMOUNT_NOT_POSITIVE


def test_nothing_can_be_withdrawn_that_was_never_brought() -> None:
    it = Stage()
    it.trader("ann")

    command = Withdraw(at=it.now(), account="ann", asset="USD", amount=1)

    assert it.refusal(command) is Reject.INSUFFICIENT_MARGIN


def test_money_that_backs_orders_and_positions_stays() -> None:
    """100 behind the position, 50 behind an order, and a loss of 20: 130 of 300 may go."""
    it = Stage()
    it.trader("ann", deposit=300)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 102)
    it.place("ann", "BTC", 5, 100)
    most = 130 * DOLLAR

    command = Withdraw(at=it.now(), account="ann", asset="USD", amount=most + 1)
    assert it.refusal(command) is Reject.INSUFFICIENT_MARGIN
    it.do(Withdraw(at=it.now(), account="ann", asset="USD", amount=most))

    assert it.account("ann").available_margin == 0
    assert it.balance("outside") == most - 300 * DOLLAR


# -------------------------------------------------------------------------- instruments


def test_an_instrument_is_listed_once() -> None:
    it = Stage()

    command = ListInstrument(at=it.now(), rules=contract("BTC", tick_size="0"))

    assert it.refusal(command) is Reject.INSTRUMENT_EXISTS


@pytest.mark.parametrize(
    "changes",
    [{"tick_size": "0"}, {"lot_size": "x"}, {"money_unit": "0.001"}, {"tick_size": "0.001"}],
)
def test_an_instrument_must_make_sense(changes: dict[str, str]) -> None:
    """Its grid by itself, and its unit of money beside that of the others."""
    it = Stage()

    assert it.refusal(ListInstrument(at=it.now(), rules=contract("XRP", **changes))) is (
        Reject.BAD_INSTRUMENT
    )


# ------------------------------------------------------------------------- block trades


def block(it: Stage, **changes: object) -> BlockTrade:
    trade = {"symbol": "BTC", "account": "ann", "counterparty": "bob", "side": Side.BUY}
    numbers = {"size": 10, "price": 100}
    return BlockTrade(at=it.now(), **(trade | numbers | changes))  # type: ignore[arg-type]


BAD_BLOCK = {
    "account": "ann",
    "counterparty": "ann",
    "symbol": "NONE",
    "size": 0,
    "price": 0,
}
BLOCK_MENDED: list[tuple[Reject, dict[str, object]]] = [
    (Reject.RESERVED_ACCOUNT, {"account": "nobody"}),
    (Reject.UNKNOWN_ACCOUNT, {"account": "bob"}),
    (Reject.UNKNOWN_INSTRUMENT, {"symbol": "SOL"}),
    (Reject.SIZE_NOT_POSITIVE, {"size": 101}),
    (Reject.PRICE_NOT_POSITIVE, {"price": 100}),
    (Reject.NO_MARK_PRICE, {"symbol": "BTC"}),
    (Reject.INSUFFICIENT_MARGIN, {"size": 100}),
]
"""In order of precedence: a reason, and what no longer gives it."""


def bad_block(it: Stage, mended: int) -> BlockTrade:
    """A block trade with all faults but the first ones."""
    fields: dict[str, object] = dict(BAD_BLOCK)
    for _, mend in BLOCK_MENDED[:mended]:
        fields |= mend
    return block(it, **fields)


@pytest.mark.parametrize("mended", range(len(BLOCK_MENDED)))
def test_why_a_block_trade_is_refused(mended: int) -> None:
    it = Stage()
    it.trader("ann", "bob", deposit=1_000)
    it.mark("BTC", 100)

    assert it.refusal(bad_block(it, mended)) is BLOCK_MENDED[mended][0]


def test_without_a_fault_it_is_carried_out() -> None:
    it = Stage()
    it.trader("ann", "bob", deposit=1_000)
    it.mark("BTC", 100)

    assert not only(it.do(bad_block(it, len(BLOCK_MENDED))), CommandRejected)


def test_either_side_may_be_the_one_that_cannot_carry_it() -> None:
    it = Stage()
    it.trader("ann", "bob")
    it.mark("BTC", 100)

    it.deposit("ann", 1_000)
    assert it.refusal(block(it)) is Reject.INSUFFICIENT_MARGIN
    it.deposit("bob", 1_000)
    assert not only(it.do(block(it)), CommandRejected)


def test_a_position_under_water_may_be_brought_in_as_long_as_it_is_safe() -> None:
    """At 105, 10 lots have lost 50 at once: 100 of maintenance margin are needed beside."""
    it = Stage()
    it.trader("ann", deposit=149)
    it.trader("bob", deposit=1_000)
    it.mark("BTC", 100)
    assert it.refusal(block(it, price=105)) is Reject.INSUFFICIENT_MARGIN
    it.deposit("ann", 1)

    it.do(block(it, price=105))

    assert it.size("ann", "BTC") == 10


# ------------------------------------------------------------------------------- orders

TIERS = (
    Tier(floor="0", maintenance="0.01", leverage_max=50),
    Tier(floor="40000", maintenance="0.05", leverage_max=10),
)

BROKEN: dict[str, object] = {
    "account": "nobody",
    "symbol": "NONE",
    "ref": 7,
    "size": 0,
    "price": 0,
    "post_only": True,
    "reduce_only": True,
}
"""An order that breaks every rule."""

MENDED: list[tuple[Reject, dict[str, object]]] = [
    (Reject.UNKNOWN_ACCOUNT, {"account": "ann"}),
    (Reject.UNKNOWN_INSTRUMENT, {"symbol": "BTC"}),
    (Reject.DUPLICATE_REF, {"ref": 8}),
    (Reject.SIZE_NOT_POSITIVE, {"size": 1_001}),
    (Reject.SIZE_ABOVE_MAX, {"size": 1}),
    (Reject.PRICE_NOT_POSITIVE, {"price": 120}),
    (Reject.TOO_MANY_ORDERS, {"account": "bob"}),
    (Reject.REDUCE_ONLY_WOULD_INCREASE, {"reduce_only": False}),
    (Reject.PRICE_OUTSIDE_BAND, {"price": 101}),
    (Reject.SIZE_BELOW_MIN, {"size": 5}),
    (Reject.NOTIONAL_BELOW_MIN, {"size": 500}),
    (Reject.POST_ONLY_WOULD_TAKE, {"post_only": False}),
    (Reject.LEVERAGE_OUT_OF_RANGE, {"size": 390}),
    (Reject.INSUFFICIENT_MARGIN, {"size": 20}),
]
"""In order of precedence: a reason, and what no longer gives it."""


def a_strict_venue() -> Stage:
    """Ann and bob are long; ann has an order, and may have no more."""
    limits = LimitRules(orders_max=1, price_band="0.1")
    it = Stage(rulebook(limits=limits, tiers=TIERS), "")
    it.enlist("BTC", size_min="5", size_max="1000", notional_min="1000")
    it.trader("ann", "bob", deposit=500)
    it.mark("BTC", 100)
    for name in ("ann", "bob"):
        it.do(SetLeverage(at=it.now(), account=name, symbol="BTC", leverage=50))
        it.hold(name, "BTC", 5, 100)
    it.place("ann", "BTC", 15, 95, ref=7)
    it.show("BTC", bids={99: 1_000}, asks={101: 1_000})
    return it


def order(it: Stage, mended: int) -> Command:
    """The broken order with the first faults mended."""
    fields = dict(BROKEN)
    for _, mend in MENDED[:mended]:
        fields |= mend
    name, symbol = str(fields.pop("account")), str(fields.pop("symbol"))
    size, price = fields.pop("size"), fields.pop("price")
    return it.order(name, symbol, size, price, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("mended", range(len(MENDED)), ids=[str(reason) for reason, _ in MENDED])
def test_of_several_reasons_the_first_is_given(mended: int) -> None:
    """Each order has the faults of all that follow it as well."""
    it = a_strict_venue()

    assert it.refusal(order(it, mended)) is MENDED[mended][0]


def test_with_every_fault_mended_the_order_is_accepted() -> None:
    it = a_strict_venue()

    assert not only(it.do(order(it, len(MENDED))), CommandRejected)


def test_reasons_are_listed_in_their_order_of_precedence() -> None:
    listed = list(Reject)
    for mended in (MENDED, BLOCK_MENDED):
        found = [listed.index(reason) for reason, _ in mended]
        assert found == sorted(found)
