"""Leverage, margin mode and isolated margin: what changes, and when it is refused."""

import pytest
from msgspec.structs import replace

from exchange.core.messages import (
    AdjustMargin,
    LeverageChanged,
    LiquidationStarted,
    MarginMode,
    MarginModeChanged,
    Reject,
    SetLeverage,
    SetMarginMode,
)
from exchange.core.rules import SwitchRules, Tier
from tests.stage import DOLLAR, Stage, only, rulebook

RISING = (
    Tier(floor="0", maintenance="0.01", leverage_max=50),
    Tier(floor="1000", maintenance="0.05", leverage_max=10),
)


def stage(deposit: int = 1_000, tiers: tuple[Tier, ...] = RISING) -> Stage:
    """Ann, with BTC at 100."""
    it = Stage(rulebook(tiers=tiers))
    it.trader("ann", deposit=deposit)
    it.mark("BTC", 100)
    return it


def leverage(it: Stage, times: int) -> SetLeverage:
    return SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=times)


def mode(it: Stage, to: MarginMode) -> SetMarginMode:
    return SetMarginMode(at=it.now(), account="ann", symbol="BTC", mode=to)


def adjust(it: Stage, cents: int) -> AdjustMargin:
    return AdjustMargin(at=it.now(), account="ann", symbol="BTC", amount=cents)


def bucket(it: Stage) -> int:
    held = it.position("ann", "BTC")
    return 0 if held is None else held.bucket


# ----------------------------------------------------------------------------- leverage


@pytest.mark.parametrize(
    ("size", "least_refused"),
    [
        (0, 51),
        (10, 51),  # 1,000 are still the first tier's
        (11, 11),
        (-11, 11),
    ],
)
def test_leverage_is_bounded_by_the_tier_of_the_position(size: int, least_refused: int) -> None:
    it = stage()
    if size:
        it.hold("ann", "BTC", size, 100)

    assert it.refusal(leverage(it, least_refused)) is Reject.LEVERAGE_OUT_OF_RANGE
    assert it.refusal(leverage(it, 0)) is Reject.LEVERAGE_OUT_OF_RANGE
    assert only(it.do(leverage(it, least_refused - 1)), LeverageChanged)


def test_open_orders_count_for_the_tier() -> None:
    it = stage()
    it.place("ann", "BTC", 11, 99)

    assert it.refusal(leverage(it, 11)) is Reject.LEVERAGE_OUT_OF_RANGE


def test_in_cross_less_leverage_takes_more_of_the_equity() -> None:
    it = stage(300)
    it.hold("ann", "BTC", 10, 100)

    it.do(leverage(it, 4))

    assert it.account("ann").available_margin == 50 * DOLLAR
    assert it.refusal(leverage(it, 3)) is Reject.INSUFFICIENT_MARGIN
    it.do(leverage(it, 20))
    assert it.account("ann").available_margin == 250 * DOLLAR


def test_more_leverage_is_never_refused_for_money() -> None:
    """All of the equity, and more, is in use."""
    it = stage(100)
    it.hold("ann", "BTC", 10, 100)
    it.mark("BTC", 95)
    assert it.account("ann").available_margin < 0

    assert only(it.do(leverage(it, 20)), LeverageChanged)


def test_in_isolated_the_bucket_is_filled_up_and_never_drained() -> None:
    it = stage(300)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    assert bucket(it) == 100 * DOLLAR

    it.do(leverage(it, 4))
    assert bucket(it) == 250 * DOLLAR
    it.do(leverage(it, 20))
    assert bucket(it) == 250 * DOLLAR
    assert it.refusal(leverage(it, 3)) is Reject.INSUFFICIENT_MARGIN


def test_in_isolated_open_orders_are_reckoned_anew_as_well() -> None:
    """1,000 held and 490 of orders at 5: 200 in the bucket, 98 of the wallet reserved."""
    it = stage(300)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    it.place("ann", "BTC", 5, 98)

    it.do(leverage(it, 5))

    assert bucket(it) == 200 * DOLLAR
    assert it.account("ann").available_margin == 2 * DOLLAR
    assert it.refusal(leverage(it, 4)) is Reject.INSUFFICIENT_MARGIN


# -------------------------------------------------------------------------- margin mode


def test_into_isolated_go_initial_margin_and_the_loss_so_far() -> None:
    """10 lots have lost 50; at 95 their initial margin is 95."""
    it = stage(300)
    it.hold("ann", "BTC", 10, 100)
    it.mark("BTC", 95)

    (changed,) = only(it.do(mode(it, MarginMode.ISOLATED)), MarginModeChanged)

    assert changed.bucket == bucket(it) == 145 * DOLLAR
    assert it.account("ann").equity == 155 * DOLLAR


def test_a_gain_stays_in_the_position() -> None:
    it = stage(300)
    it.hold("ann", "BTC", 10, 100)
    it.mark("BTC", 110)

    it.do(mode(it, MarginMode.ISOLATED))

    assert bucket(it) == 110 * DOLLAR
    assert it.account("ann").equity == 190 * DOLLAR
    assert it.account("ann").total == 400 * DOLLAR


def test_the_wallet_must_have_it() -> None:
    """A gain of 200 in ETH is equity, and no money to put 150 into a bucket with."""
    it = stage(100)
    it.mark("ETH", 100)
    it.hold("ann", "ETH", 5, 100)
    it.mark("ETH", 140)
    it.hold("ann", "BTC", 15, 100)
    assert it.account("ann").available_margin == 80 * DOLLAR

    assert it.refusal(mode(it, MarginMode.ISOLATED)) is Reject.INSUFFICIENT_MARGIN


def test_the_positions_left_behind_must_keep_their_initial_margin() -> None:
    """300: 100 for BTC leave 200 for the 2,000 in ETH, but not with a loss of 1."""
    for loss, refused in ((0, False), (1, True)):
        it = stage(300)
        it.mark("ETH", 100)
        it.hold("ann", "ETH", 20, 100)
        it.hold("ann", "BTC", 10, 100)
        it.mark("ETH", 100 - loss)
        command = mode(it, MarginMode.ISOLATED)
        if refused:
            assert it.refusal(command) is Reject.INSUFFICIENT_MARGIN
        else:
            assert only(it.do(command), MarginModeChanged)


def test_into_cross_comes_the_bucket() -> None:
    it = stage(300)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    it.mark("BTC", 95)

    it.do(mode(it, MarginMode.CROSS))

    assert bucket(it) == 0
    account = it.account("ann")
    assert (account.wallet, account.equity) == (300 * DOLLAR, 250 * DOLLAR)


def test_into_cross_only_with_initial_margin_for_all_of_it() -> None:
    """The loss would be the account's: 55 of equity for 95 of initial margin."""
    it = stage(105)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    it.mark("BTC", 95)

    assert it.refusal(mode(it, MarginMode.CROSS)) is Reject.INSUFFICIENT_MARGIN
    assert bucket(it) == 100 * DOLLAR


@pytest.mark.parametrize("order", [(5, 90), (-5, 110)])
def test_with_open_orders_the_mode_stays(order: tuple[int, int]) -> None:
    it = stage()
    it.place("ann", "BTC", *order)

    assert it.refusal(mode(it, MarginMode.ISOLATED)) is Reject.OPEN_ORDERS


def test_reduce_only_orders_are_open_orders() -> None:
    it = stage()
    it.hold("ann", "BTC", 10, 100)
    it.place("ann", "BTC", -5, 110, reduce_only=True)

    assert it.refusal(mode(it, MarginMode.ISOLATED)) is Reject.OPEN_ORDERS


def test_orders_in_other_instruments_do_not_matter() -> None:
    it = stage()
    it.mark("ETH", 100)
    it.place("ann", "ETH", 1, 90)

    assert only(it.do(mode(it, MarginMode.ISOLATED)), MarginModeChanged)


def test_a_flat_position_changes_its_mode_for_nothing() -> None:
    it = stage(0)

    (changed,) = only(it.do(mode(it, MarginMode.ISOLATED)), MarginModeChanged)

    assert changed.bucket == 0


def test_the_same_mode_again_is_confirmed() -> None:
    it = stage()
    it.hold("ann", "BTC", 10, 100)

    (changed,) = only(it.do(mode(it, MarginMode.CROSS)), MarginModeChanged)

    assert (changed.mode, changed.bucket) == (MarginMode.CROSS, 0)


def test_size_entry_and_leverage_stay_as_they_are() -> None:
    it = stage()
    it.do(leverage(it, 7))
    it.hold("ann", "BTC", 10, 100)
    before = it.position("ann", "BTC")

    it.do(mode(it, MarginMode.ISOLATED))
    it.do(mode(it, MarginMode.CROSS))

    assert it.position("ann", "BTC") == before


# --------------------------------------------------------------------- isolated margin


def isolated(deposit: int = 300) -> Stage:
    """10 lots at 100 at a leverage of 10: 100 in the bucket."""
    it = stage(deposit)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)
    return it


def test_margin_can_be_added_as_far_as_it_could_be_withdrawn() -> None:
    it = isolated()

    assert it.refusal(adjust(it, 200 * DOLLAR + 1)) is Reject.INSUFFICIENT_MARGIN
    it.do(adjust(it, 200 * DOLLAR))

    assert (bucket(it), it.account("ann").wallet) == (300 * DOLLAR, 0)


def test_margin_can_be_removed_down_to_initial_margin() -> None:
    it = isolated()
    it.do(adjust(it, 200 * DOLLAR))

    assert it.refusal(adjust(it, -200 * DOLLAR - 1)) is Reject.INSUFFICIENT_MARGIN
    it.do(adjust(it, -200 * DOLLAR))

    assert bucket(it) == 100 * DOLLAR


def test_a_loss_cannot_be_removed_and_a_gain_neither() -> None:
    """At 98 the loss is 20 and initial margin 98; at 110 the gain of 100 is not money yet."""
    it = isolated()
    it.do(adjust(it, 200 * DOLLAR))
    it.mark("BTC", 98)
    assert it.refusal(adjust(it, -182 * DOLLAR - 1)) is Reject.INSUFFICIENT_MARGIN

    it.mark("BTC", 110)
    assert it.refusal(adjust(it, -190 * DOLLAR - 1)) is Reject.INSUFFICIENT_MARGIN
    it.do(adjust(it, -190 * DOLLAR))


def test_added_margin_keeps_a_position_alive() -> None:
    it = isolated()
    it.do(adjust(it, 50 * DOLLAR))

    assert not only(it.mark("BTC", 90), LiquidationStarted)


ADJUSTMENTS = [
    # isolated, open, amount, reason: each row has the faults of those below it as well
    (False, False, 0, Reject.AMOUNT_NOT_POSITIVE),
    (False, False, 10**9, Reject.NOT_ISOLATED),
    (True, False, 10**9, Reject.NO_POSITION),
    (True, True, 10**9, Reject.INSUFFICIENT_MARGIN),
]


@pytest.mark.parametrize(("isolate", "hold", "amount", "reason"), ADJUSTMENTS)
def test_what_margin_cannot_be_added_to(
    *, isolate: bool, hold: bool, amount: int, reason: Reject
) -> None:
    it = stage()
    if isolate:
        it.isolate("ann", "BTC")
    if hold:
        it.hold("ann", "BTC", 10, 100)

    assert it.refusal(adjust(it, amount)) is reason


# ---------------------------------------------------------- what a rulebook does not let change


def bound(**rules: bool) -> Stage:
    """Ann under other switching rules, with 4 BTC in cross margin and a bid for 1 ETH."""
    it = Stage(rulebook(tiers=RISING, switching=SwitchRules(**rules)))
    it.trader("ann", deposit=1_000)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 4, 100)
    it.place("ann", "ETH", 1, 90)
    return it


def eth(command: SetLeverage | SetMarginMode) -> SetLeverage | SetMarginMode:
    return replace(command, symbol="ETH")


def test_the_mode_of_an_open_position_may_be_fixed() -> None:
    it = bound(mode_with_position=False)
    assert it.refusal(mode(it, MarginMode.ISOLATED)) is Reject.OPEN_POSITIONS
    it.hold("ann", "BTC", -4, 100)
    assert only(it.do(mode(it, MarginMode.ISOLATED)), MarginModeChanged)


def test_the_mode_may_be_free_while_orders_are_open() -> None:
    """The bid of 90 then takes its 9 of margin of the wallet, as before."""
    assert bound().refusal(eth(mode(bound(), MarginMode.ISOLATED))) is Reject.OPEN_ORDERS
    it = bound(mode_with_orders=True)
    before = it.account("ann").available_margin
    assert only(it.do(eth(mode(it, MarginMode.ISOLATED))), MarginModeChanged)
    assert it.account("ann").available_margin == before


def test_leverage_may_be_fixed_while_orders_are_open() -> None:
    assert only(bound().do(eth(leverage(bound(), 5))), LeverageChanged)
    it = bound(leverage_with_orders=False)
    assert it.refusal(eth(leverage(it, 5))) is Reject.OPEN_ORDERS


def test_leverage_may_be_fixed_while_a_position_is_open() -> None:
    it = bound(leverage_with_position=False)
    assert it.refusal(leverage(it, 5)) is Reject.OPEN_POSITIONS


def test_leverage_of_an_isolated_position_may_be_kept_from_falling() -> None:
    it = bound(lower_isolated_leverage=False)
    assert only(it.do(leverage(it, 8)), LeverageChanged)
    it.isolate("ann", "BTC")
    assert it.refusal(leverage(it, 7)) is Reject.OPEN_POSITIONS
    assert only(it.do(leverage(it, 20)), LeverageChanged)
