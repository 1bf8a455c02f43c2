"""Halts: what each command meets in each phase, by command and by rule, and what follows a halt."""

import pytest

from exchange.core.messages import (
    AmendOrder,
    BlockTrade,
    CancelAll,
    CancelOrder,
    Command,
    CommandRejected,
    Instructions,
    LiquidationStarted,
    OrderAccepted,
    OrderFilled,
    OrderTriggered,
    PassTime,
    Phase,
    PhaseChanged,
    PlaceOrder,
    PriceSource,
    RecordedTrade,
    Reject,
    SetPhase,
    Side,
    Trigger,
    TriggerKind,
    UpdateDepth,
)
from exchange.core.rules import HaltRules
from exchange.core.units import SECOND
from tests.stage import Stage, only, rulebook

PAUSED, CANCEL_ONLY, POST_ONLY = (
    Reject.MARKET_PAUSED,
    Reject.MARKET_CANCEL_ONLY,
    Reject.MARKET_POST_ONLY,
)


def stage() -> Stage:
    """Ann has a bid of hers and a post-only one in the book, bob an ask."""
    it = Stage(symbols="BTC ETH")
    it.trader("ann", "bob", deposit=10_000)
    it.marks(BTC=100, ETH=100)
    it.place("ann", "BTC", 5, 95, ref=1)
    it.place("ann", "BTC", 5, 94, ref=2, post_only=True)
    it.place("bob", "BTC", -5, 105)
    return it


def to(it: Stage, phase: Phase, symbol: str = "BTC") -> list:  # type: ignore[type-arg]
    return it.do(SetPhase(at=it.now(), symbol=symbol, phase=phase))


def commands(it: Stage) -> dict[str, Command]:
    now = it.now()
    return {
        "market order": it.order("ann", "BTC", 1),
        "limit order": it.order("ann", "BTC", 1, 90),
        "post-only": it.order("ann", "BTC", 1, 90, post_only=True),
        "amend": AmendOrder(at=now, account="ann", order_ref=1, price=93),
        "amend post-only": AmendOrder(at=now, account="ann", order_ref=2, price=93),
        "cancel": CancelOrder(at=now, account="ann", order_ref=1),
        "cancel all": CancelAll(at=now, account="ann", symbol="BTC"),
        "block trade": BlockTrade(
            at=now,
            symbol="BTC",
            account="ann",
            counterparty="bob",
            side=Side.BUY,
            size=1,
            price=100,
        ),
        "recorded trade": RecordedTrade(at=now, symbol="BTC", side=Side.BUY, price=105, size=1),
        "depth": UpdateDepth(at=now, symbol="BTC", bids=((90, 1),), asks=()),
    }


TABLE = [
    # command            post-only  cancel-only  paused
    ("market order", POST_ONLY, CANCEL_ONLY, PAUSED),
    ("limit order", POST_ONLY, CANCEL_ONLY, PAUSED),
    ("post-only", None, CANCEL_ONLY, PAUSED),
    ("amend", POST_ONLY, CANCEL_ONLY, PAUSED),
    ("amend post-only", None, CANCEL_ONLY, PAUSED),
    ("cancel", None, None, PAUSED),
    ("cancel all", None, None, PAUSED),
    ("block trade", POST_ONLY, CANCEL_ONLY, PAUSED),
    ("recorded trade", POST_ONLY, CANCEL_ONLY, PAUSED),
    ("depth", None, None, None),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
@pytest.mark.parametrize("place", range(3), ids=("post_only", "cancel_only", "paused"))
def test_what_each_command_meets(row: tuple[str, ...], place: int) -> None:
    it = stage()
    phase = (Phase.POST_ONLY, Phase.CANCEL_ONLY, Phase.PAUSED)[place]
    to(it, phase)
    command = commands(it)[row[0]]
    if row[place + 1] is None:
        assert not only(it.do(command), CommandRejected)
    else:
        assert it.refusal(command) is row[place + 1]


@pytest.mark.parametrize("name", [row[0] for row in TABLE])
def test_everything_goes_on_when_it_is_resumed(name: str) -> None:
    it = stage()
    to(it, Phase.PAUSED)
    to(it, Phase.TRADING)
    assert not only(it.do(commands(it)[name]), CommandRejected)


def test_a_venue_that_is_paused_pauses_every_instrument() -> None:
    it = stage()
    assert [e.symbol for e in only(to(it, Phase.PAUSED, ""), PhaseChanged)] == ["BTC", "ETH"]
    assert it.refusal(it.order("ann", "ETH", 1, 90)) is PAUSED


def test_the_most_restrictive_phase_holds() -> None:
    it = stage()
    to(it, Phase.CANCEL_ONLY)
    to(it, Phase.PAUSED, "")
    assert only(to(it, Phase.TRADING, ""), PhaseChanged)[0].phase is Phase.CANCEL_ONLY
    assert it.refusal(it.order("ann", "BTC", 1, 90)) is CANCEL_ONLY


def test_cancel_all_leaves_what_is_paused_and_takes_the_rest() -> None:
    it = stage()
    it.place("ann", "ETH", 1, 90)
    to(it, Phase.PAUSED)
    it.do(CancelAll(at=it.now(), account="ann"))
    assert [o.symbol for o in it.account("ann").orders] == ["BTC", "BTC"]


@pytest.mark.parametrize("phase", [Phase.EXPIRED, Phase.SETTLED])
def test_an_end_is_no_halt(phase: Phase) -> None:
    it = stage()
    command = SetPhase(at=it.now(), symbol="BTC", phase=phase)
    assert it.refusal(command) is Reject.BAD_PHASE


def test_history_does_not_trade_in_a_halt_and_catches_up_after_it() -> None:
    it = stage()
    to(it, Phase.PAUSED)
    events = it.do(UpdateDepth(at=it.now(), symbol="BTC", bids=(), asks=((95, 3), (106, 9))))
    assert not only(events, OrderFilled)
    assert it.venue.book_view("BTC", 9).asks == ((105, 5), (106, 9))
    (fill,) = only(to(it, Phase.TRADING), OrderFilled)
    assert (fill.account, fill.price, fill.size) == ("ann", 95, 3)


def test_what_was_withheld_is_forgotten_when_it_is_told_anew() -> None:
    it = stage()
    to(it, Phase.PAUSED)
    it.do(UpdateDepth(at=it.now(), symbol="BTC", bids=(), asks=((95, 3),)))
    it.do(UpdateDepth(at=it.now(), symbol="BTC", bids=(), asks=((95, 0),)))
    assert not only(to(it, Phase.TRADING), OrderFilled)


def test_a_trigger_rests_in_a_halt_and_fires_after_it_if_its_price_is_still_there() -> None:
    it = stage()
    stop = Trigger(kind=TriggerKind.STOP, price=110, by=PriceSource.MARK)
    it.do(
        PlaceOrder(
            at=it.now(),
            account="ann",
            symbol="BTC",
            side=Side.BUY,
            size=1,
            instructions=Instructions(trigger=stop),
        )
    )
    to(it, Phase.CANCEL_ONLY)
    assert not only(it.mark("BTC", 111), OrderTriggered)
    assert only(to(it, Phase.TRADING), OrderTriggered)


def test_nobody_is_liquidated_in_a_market_that_is_halted() -> None:
    it = Stage(symbols="BTC ETH")
    it.trader("ann", deposit=1_000)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 50, 100)
    it.show("BTC", bids={85: 100})
    to(it, Phase.PAUSED)
    assert not only(it.mark("BTC", 85), LiquidationStarted)
    assert it.size("ann", "BTC") == 50
    assert only(to(it, Phase.TRADING), LiquidationStarted)
    assert it.size("ann", "BTC") == 0


def test_a_stale_mark_halts_and_a_fresh_one_resumes() -> None:
    halt = HaltRules(stale_mark_seconds="10", phase=Phase.CANCEL_ONLY)
    it = Stage(rulebook(halt=halt), symbols="BTC")
    it.trader("ann", deposit=1_000)
    it.at = SECOND
    it.mark("BTC", 100)
    it.at = 6 * SECOND
    it.mark("BTC", 100)
    fresh = it.at
    assert not it.do(PassTime(at=12 * SECOND))
    (changed,) = it.do(PassTime(at=20 * SECOND))
    assert (changed.at, changed.phase) == (fresh + 10 * SECOND, Phase.CANCEL_ONLY)
    it.at = 20 * SECOND
    assert it.refusal(it.order("ann", "BTC", 1, 90)) is CANCEL_ONLY
    assert only(it.mark("BTC", 100), PhaseChanged)[0].phase is Phase.TRADING
    assert only(it.do(it.order("ann", "BTC", 1, 90)), OrderAccepted)
