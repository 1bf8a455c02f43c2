"""Dated futures: traded until expiry, then settled at the average index, exactly."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import (
    AdjustMargin,
    CommandRejected,
    InstrumentSettled,
    InsuranceFundPaid,
    ListInstrument,
    LossUncovered,
    MarginMode,
    OrderCancelled,
    PassTime,
    Phase,
    PhaseChanged,
    PositionSettled,
    Reject,
    SettleInstrument,
    UpdateDepth,
    UpdateIndexPrice,
)
from exchange.core.rules import ContractKind, MarkRules, SettlementRules
from exchange.core.units import NEVER, SECOND
from tests.stage import DOLLAR, SUBTICKS, Stage, contract, only, rulebook

EXPIRY = "1970-01-01T01:00:00"
HOUR = 3_600 * SECOND


def dated(*, window: str = "1800", fee: str = "0", **changes: str) -> Stage:
    """A future that expires one hour into 1970; ann and bob have 1,000 each."""
    rules = rulebook(settlement=SettlementRules(window_seconds=window, fee=fee))
    it = Stage(rules, symbols="")
    it.enlist("BTC-1H", expiry=EXPIRY, **changes)
    it.trader("ann", "bob", deposit=1_000)
    it.mark("BTC-1H", 100)
    return it


def index(it: Stage, at: int, dollars: int) -> None:
    it.at = at
    it.do(UpdateIndexPrice(at=at, symbol="BTC-1H", price=dollars * SUBTICKS))


def pass_to(it: Stage, at: int) -> list:  # type: ignore[type-arg]
    it.at = at
    return it.do(PassTime(at=at))


def test_the_settlement_price_is_the_index_averaged_over_the_window() -> None:
    """110 for ten of thirty minutes, then 140 for twenty: 130."""
    it = dated()
    index(it, SECOND, 110)
    index(it, HOUR - 1_200 * SECOND, 140)
    (settled,) = only(pass_to(it, HOUR), InstrumentSettled)
    assert settled.price == 130 * SUBTICKS


def test_positions_close_at_it_and_the_money_is_paid() -> None:
    it = dated()
    it.hold("ann", "BTC-1H", 5, 100, other="bob")
    index(it, SECOND, 120)
    events = pass_to(it, HOUR + 7)
    assert [(e.account, e.size, e.realised_pnl) for e in only(events, PositionSettled)] == [
        ("ann", 5, 100 * DOLLAR),
        ("bob", -5, -100 * DOLLAR),
    ]
    assert all(event.at == HOUR for event in events)
    assert (it.balance("ann"), it.balance("bob")) == (1_100 * DOLLAR, 900 * DOLLAR)
    assert it.account("ann").positions == ()


def test_expiry_happens_before_the_command_that_comes_after_it_even_a_refused_one() -> None:
    it = dated()
    index(it, SECOND, 120)
    it.at = HOUR + 1
    changed, settled, refused = it.do(it.order("ann", "BTC-1H", 1, 90))
    assert isinstance(changed, PhaseChanged)
    assert isinstance(settled, InstrumentSettled)
    assert isinstance(refused, CommandRejected)
    assert refused.reason is Reject.INSTRUMENT_CLOSED


def test_orders_leave_the_book_at_expiry() -> None:
    it = dated()
    order = it.place("ann", "BTC-1H", 1, 90)
    index(it, SECOND, 120)
    (cancelled,) = only(pass_to(it, HOUR), OrderCancelled)
    assert cancelled.order_id == order
    assert it.account("ann").orders == ()


def test_without_an_index_a_future_waits_for_its_price() -> None:
    it = dated()
    it.hold("ann", "BTC-1H", 5, 100, other="bob")
    (changed,) = pass_to(it, HOUR)
    assert changed.phase is Phase.EXPIRED
    assert it.refusal(it.order("ann", "BTC-1H", 1, 90)) is Reject.INSTRUMENT_CLOSED
    depth = UpdateDepth(at=it.now(), symbol="BTC-1H", bids=((90, 1),), asks=())
    assert it.refusal(depth) is Reject.INSTRUMENT_CLOSED
    it.mark("BTC-1H", 101)
    it.do(SettleInstrument(at=it.now(), symbol="BTC-1H", price=102 * SUBTICKS))
    assert it.balance("ann") == 1_010 * DOLLAR
    again = SettleInstrument(at=it.now(), symbol="BTC-1H", price=102 * SUBTICKS)
    assert it.refusal(again) is Reject.INSTRUMENT_CLOSED


def test_a_stale_index_settles_nothing() -> None:
    rules = rulebook(mark=MarkRules(stale_after_seconds="60"))
    it = Stage(rules, symbols="")
    it.enlist("BTC-1H", expiry=EXPIRY)
    index(it, HOUR - 61 * SECOND, 120)
    (changed,) = pass_to(it, HOUR)
    assert changed.phase is Phase.EXPIRED


def test_an_isolated_position_gets_its_bucket_back() -> None:
    it = dated()
    it.isolate("ann", "BTC-1H")
    it.hold("ann", "BTC-1H", 5, 100, other="bob")
    index(it, SECOND, 101)
    pass_to(it, HOUR)
    view = it.account("ann")
    assert (view.wallet, view.total) == (1_005 * DOLLAR, 1_005 * DOLLAR)


def test_the_last_cent_of_a_bucket_comes_back_too() -> None:
    """50 and a cent, of which 50 are lost."""
    it = dated()
    it.isolate("ann", "BTC-1H")
    it.hold("ann", "BTC-1H", 5, 100, other="bob")
    it.do(AdjustMargin(at=it.now(), account="ann", symbol="BTC-1H", amount=1))
    it.do(SettleInstrument(at=it.now(), symbol="BTC-1H", price=90 * SUBTICKS))
    assert it.balance("ann") == 950 * DOLLAR


def test_a_loss_beyond_the_account_is_covered_as_any_other() -> None:
    it = Stage(rulebook(fund="30"), symbols="")
    it.enlist("BTC-1H", expiry=EXPIRY)
    it.trader("ann", "bob", deposit=100)
    it.mark("BTC-1H", 100)
    it.hold("ann", "BTC-1H", 5, 100, other="bob")
    index(it, SECOND, 75)
    it.at = HOUR
    it.do(SettleInstrument(at=HOUR - 1, symbol="BTC-1H", price=60 * SUBTICKS))
    assert it.balance("bob") == 300 * DOLLAR
    assert (it.balance("ann"), it.balance("insurance fund")) == (0, 0)
    assert it.balance("uncovered loss") == -70 * DOLLAR


def test_the_settlement_fee_is_a_rate_of_notional_and_no_more_than_there_is() -> None:
    it = dated(fee="0.01")
    it.hold("ann", "BTC-1H", 5, 100, other="bob")
    index(it, SECOND, 110)
    events = pass_to(it, HOUR)
    assert [e.fee for e in only(events, PositionSettled)] == [550, 550]
    assert it.balance("fees") == 1_100


def test_a_perpetual_is_delisted_by_the_same_command() -> None:
    it = Stage(symbols="BTC")
    it.trader("ann", "bob", deposit=1_000)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 5, 100, other="bob")
    it.do(SettleInstrument(at=it.now(), symbol="BTC", price=99 * SUBTICKS))
    assert it.balance("bob") == 1_005 * DOLLAR


def test_a_future_that_has_expired_cannot_be_listed() -> None:
    it = dated()
    index(it, HOUR, 120)
    late = ListInstrument(at=it.now(), rules=contract("ETH-1H", expiry=EXPIRY))
    assert it.refusal(late) is Reject.BAD_INSTRUMENT


def test_venue_time_tells_what_is_due_next() -> None:
    it = dated()
    assert it.venue.next_due == HOUR
    pass_to(it, HOUR)
    assert it.venue.next_due == NEVER


@pytest.mark.parametrize("mode", list(MarginMode))
@given(
    sizes=st.lists(st.integers(-30, 30).filter(bool), min_size=1, max_size=5),
    price=st.integers(9_200, 10_800),
)
def test_what_roundings_leave_is_accounted_for(
    mode: MarginMode, sizes: list[int], price: int
) -> None:
    """An inverse future in satoshis: each realises its exact worth, rounded down by under one."""
    it = Stage(symbols="")
    it.enlist(
        "BTCUSD",
        expiry=EXPIRY,
        kind=ContractKind.INVERSE,
        settle="BTC",
        lot_size="100",
        money_unit="0.00000001",
    )
    it.mark("BTCUSD", 100)
    for number, size in enumerate(sizes):
        name = f"trader {number}"
        it.trader(name)
        it.bring(name, "BTC", 10**11)
        if mode is MarginMode.ISOLATED:
            it.isolate(name, "BTCUSD")
        it.hold(name, "BTCUSD", size, 100)
    events = it.do(SettleInstrument(at=it.now(), symbol="BTCUSD", price=price))
    for event, size in zip(only(events, PositionSettled), sizes, strict=True):
        exact = size * 100 * 10**8 * (Fraction(1, 100) - Fraction(SUBTICKS, price))
        assert 0 <= exact - event.realised_pnl < 1
    assert 0 <= it.balance("rounding", "BTC") <= len(sizes)
    assert only(events, InsuranceFundPaid) == only(events, LossUncovered) == []
