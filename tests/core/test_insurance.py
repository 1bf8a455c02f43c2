"""The insurance fund: what it takes in, what it may pay, and what it pays for.

Ann is long 10 bitcoin from 100 with 200 dollars, and fails at 88; her bankruptcy price is 80.
"""

import pytest

from exchange.core.house import house_position
from exchange.core.insurance import spendable
from exchange.core.ledger import Ledger, Reason, transfer
from exchange.core.messages import (
    Deposit,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationFeeCharged,
    LossSocialised,
    LossUncovered,
    OrderFilled,
    PassTime,
    PositionDeleveraged,
    SettleInstrument,
)
from exchange.core.reserves import Reserves
from exchange.core.rules import (
    Amount,
    Backing,
    DeleveragingPrice,
    DeleveragingRules,
    FundScope,
    Leftover,
    LimitRules,
    LiquidationRules,
    Socialise,
    Unfilled,
)
from exchange.core.units import SECOND
from tests.stage import DOLLAR, SUBTICKS, Stage, only, rulebook

AT_THE_MARK = DeleveragingRules(price=DeleveragingPrice.MARK)


def anns(*, fund: str = "0", **rules: object) -> Stage:
    """The stage with Ann's position, which Bob has the other side of."""
    liquidation = LiquidationRules(amount=Amount.WHOLE_POSITION, **rules)  # type: ignore[arg-type]
    it = Stage(rulebook(fund=fund, liquidation=liquidation))
    it.trader("ann", deposit=200)
    it.trader("bob", "cat", deposit=10_000)
    it.marks(BTC=100, ETH=100)
    it.hold("ann", "BTC", 10, 100, other="bob")
    return it


def may_pay(it: Stage, symbol: str) -> int:
    """What a contract's fund may pay now, in dollars."""
    state = it.venue._state
    return spendable(state, state.market_of[symbol]) // DOLLAR


# ----------------------------------------------------------------------- what it may pay


def test_without_positions_of_the_venues_own_all_of_the_fund_may_be_paid() -> None:
    assert may_pay(anns(fund="500"), "BTC") == 500


@pytest.mark.parametrize(
    ("mark", "dollars"),
    [
        (80, 500),  # taken over at 80
        (90, 500),  # a gain is not money yet
        (60, 300),
        (31, 10),
    ],
)
def test_losses_of_positions_taken_over_are_the_funds(mark: int, dollars: int) -> None:
    it = anns(fund="500", unfilled=Unfilled.TAKEOVER, takeover_whole=True, fund_in_book=False)
    it.mark("BTC", 87)

    it.mark("BTC", mark)

    assert may_pay(it, "BTC") == may_pay(it, "ETH") == dollars


def test_a_fund_of_its_own_answers_for_its_own_contract() -> None:
    """The venue has lost 200 in bitcoin, and ether's fund is untouched by it."""
    it = anns(
        fund="500", unfilled=Unfilled.TAKEOVER, takeover_whole=True, fund_in_book=False,
        fund_scope=FundScope.PER_CONTRACT,
    )  # fmt: skip
    it.mark("BTC", 87)

    it.mark("BTC", 60)

    assert (may_pay(it, "BTC"), may_pay(it, "ETH")) == (300, 500)


def test_a_shared_fund_answers_for_all_that_it_took_over() -> None:
    """It has 10 of bitcoin and 10 of ether from 80: 200 lost in one are won in the other."""
    it = anns(fund="500", unfilled=Unfilled.TAKEOVER, takeover_whole=True)
    it.mark("BTC", 87)
    it.trader("dan", deposit=200)
    it.hold("dan", "ETH", 10, 100, other="bob")
    it.mark("ETH", 87)
    it.mark("ETH", 100)
    it.mark("BTC", 60)

    assert may_pay(it, "BTC") == may_pay(it, "ETH") == 500


def test_what_it_may_lose_is_a_share_of_its_peak_in_the_window() -> None:
    """A fee brings it from 10 to 18.70: it may lose half of that, and 10 seconds later of less."""
    it = anns(fund="10", fee="0.01", fund_drawdown_max="0.5", fund_window_seconds="10",
              fund_in_book=False, deleveraging=AT_THE_MARK)  # fmt: skip
    it.show("BTC", bids={87: 10})
    it.mark("BTC", 87)
    assert it.balance("insurance fund") == 1_870
    it.trader("dan", deposit=200)
    it.hold("dan", "ETH", 10, 100, other="bob")

    events = it.mark("ETH", 70)

    assert [paid.amount for paid in only(events, InsuranceFundPaid)] == [935]
    assert may_pay(it, "BTC") == 0
    it.at += 11 * SECOND
    it.do(PassTime(at=it.at))
    assert may_pay(it, "BTC") == 4


# ----------------------------------------------------------------------- what it pays for


def test_which_fund_pays_is_the_positions_own() -> None:
    """Dan's bid to close his short in ether is met at 115: 150 lost, with 100 in the bucket."""
    it = anns(fund="500", fund_scope=FundScope.PER_CONTRACT)
    it.trader("dan", deposit=1_000)
    it.hold("dan", "BTC", 1, 100, other="bob")
    it.isolate("dan", "ETH")
    it.hold("dan", "ETH", -10, 100, other="bob")
    it.place("dan", "ETH", 10, 115, reduce_only=True)

    events = it.do(it.order("bob", "ETH", -10, 115))

    (paid,) = only(events, InsuranceFundPaid)
    assert (paid.account, paid.symbol, paid.amount) == ("dan", "ETH", 50 * DOLLAR)
    assert it.balance("insurance fund ETH") == 450 * DOLLAR
    assert it.balance("insurance fund BTC") == 500 * DOLLAR


def test_a_loss_that_others_bear_is_not_uncovered() -> None:
    """Sold at 70 she lacks 100, and Bob has won 300."""
    it = anns(unfilled=Unfilled.SOCIALISE, socialise=Socialise.WINNERS)
    it.show("BTC", bids={70: 100})

    events = it.mark("BTC", 70)

    assert [borne.amount for borne in only(events, LossSocialised)] == [100 * DOLLAR]
    assert not only(events, LossUncovered)


def test_a_loss_of_the_venues_own_that_its_fund_cannot_pay_is_uncovered() -> None:
    """It took 10 over at 80 with a fund of 50, and the contract ends at 60 before it could sell."""
    it = anns(fund="50", unfilled=Unfilled.TAKEOVER, takeover_whole=True, fund_in_book=False)
    it.mark("BTC", 87)

    events = it.do(SettleInstrument(at=it.now(), symbol="BTC", price=60 * SUBTICKS))

    (uncovered,) = only(events, LossUncovered)
    assert (uncovered.account, uncovered.amount) == ("INSURANCE FUND", 150 * DOLLAR)
    assert not only(events, InsuranceFundPaid)
    assert it.balance("insurance fund") == 0


def test_only_the_part_that_the_fund_lacks_is_uncovered() -> None:
    """At 79 ann owes 10 after deleveraging at the mark; the fund has 4."""
    it = anns(fund="4", fund_in_book=False, deleveraging=AT_THE_MARK)

    events = it.mark("BTC", 79)

    assert [paid.amount for paid in only(events, InsuranceFundPaid)] == [4 * DOLLAR]
    assert [left.amount for left in only(events, LossUncovered)] == [6 * DOLLAR]
    assert it.balance("uncovered loss") == -6 * DOLLAR


def test_a_debt_that_the_fund_just_covers_leaves_nothing_uncovered() -> None:
    it = anns(fund="10", fund_in_book=False, deleveraging=AT_THE_MARK)

    events = it.mark("BTC", 79)

    assert only(events, PositionDeleveraged)
    assert not only(events, LossUncovered)
    assert it.balance("insurance fund") == 0


def test_a_single_cent_is_a_debt_too() -> None:
    it = anns(fund="10", fund_in_book=False, deleveraging=AT_THE_MARK)
    it.bring("ann", "USD", 999)

    (paid,) = only(it.mark("BTC", 79), InsuranceFundPaid)

    assert paid.amount == 1


def test_a_fee_of_nothing_is_not_told() -> None:
    """There is no equity left to take it from."""
    it = anns(fee="0.1")
    it.show("BTC", bids={80: 10})

    assert not only(it.mark("BTC", 80), LiquidationFeeCharged)


def test_what_is_left_of_the_venues_own_position_is_in_the_fund_already() -> None:
    """It holds 10 from 80 with 51 behind them, and closes at 75: a dollar stays where it is."""
    it = anns(unfilled=Unfilled.TAKEOVER, takeover_whole=True, fund="51", leftover=Leftover.FUND)
    it.mark("BTC", 87)

    events = it.mark("BTC", 74)

    assert [adl.price for adl in only(events, PositionDeleveraged)] == [75]
    assert not only(events, LeftoverTaken)
    assert it.balance("insurance fund") == 1 * DOLLAR


# ------------------------------------------------------------------- to the cent, and whose


def test_what_a_fund_keeps_is_rounded_up() -> None:
    """Half of three cents: it may pay one."""
    it = anns(fund="0.03", fund_drawdown_max="0.5")
    state = it.venue._state

    assert spendable(state, state.market_of["BTC"]) == 1


def test_a_fund_under_water_pays_not_a_cent() -> None:
    """It took 10 over at 80 with 100, and the mark is 60."""
    it = anns(fund="100", unfilled=Unfilled.WAIT_THEN_ADL)
    it.mark("BTC", 88)
    state = it.venue._state
    own = house_position(state, state.market_of["BTC"])
    own.trade(10, 10 * 80 * DOLLAR)
    state.marks.prices[0] = 60 * SUBTICKS

    assert spendable(state, state.market_of["BTC"]) == 0


def test_a_liquidation_fee_is_rounded_up_to_a_cent() -> None:
    """A hundred-thousandth of 870 dollars is 0.87 cents."""
    it = anns(fee="0.00001")
    it.show("BTC", bids={87: 10})

    (charged,) = only(it.mark("BTC", 88), LiquidationFeeCharged)

    assert charged.fee == 1


def test_the_fund_of_the_contract_that_was_closed_pays_for_it() -> None:
    """Ann holds bitcoin too, which is still open: ether's own fund pays what ether lacks."""
    it = anns(
        fund="500", fund_scope=FundScope.PER_CONTRACT, deleveraging=AT_THE_MARK, fund_in_book=False
    )
    it.hold("ann", "ETH", 9, 100, other="bob")

    (paid,) = only(it.mark("ETH", 70), InsuranceFundPaid)

    assert paid.amount == 70 * DOLLAR
    assert it.balance("insurance fund ETH") == 430 * DOLLAR
    assert it.balance("insurance fund BTC") == 500 * DOLLAR


def test_what_is_lost_already_the_fund_pays_before_others_are_deleveraged() -> None:
    """Nobody buys, and at 75 she owes 50: with that paid, 75 is her bankruptcy price."""
    it = anns(fund="500")

    events = it.mark("BTC", 75)

    assert [paid.amount for paid in only(events, InsuranceFundPaid)] == [50 * DOLLAR]
    assert [victim.price for victim in only(events, PositionDeleveraged)] == [75]


def test_as_long_as_a_position_is_left_no_loss_is_left_uncovered() -> None:
    """Ether, closed at the mark, leaves a debt of 70; bitcoin is sold at 110 for the 100 it won."""
    it = anns(deleveraging=AT_THE_MARK, fund_in_book=False)
    it.hold("ann", "ETH", 9, 100, other="bob")
    it.show("BTC", bids={107: 10})

    told = [type(e) for e in it.mark("ETH", 70) if isinstance(e, LossUncovered | OrderFilled)]

    assert told == [OrderFilled, OrderFilled]
    assert it.account("ann").wallet == 0


# --------------------------------------------------------------- at what price it sells off


@pytest.mark.parametrize(
    ("size", "mark", "band", "limit"),
    [
        (10, 78, "0.5", 75),  # from 80 with 50: 30 left
        (10, 78, "0.02", 77),  # 76.44
        (-10, 122, "0.5", 125),
        (-10, 122, "0.02", 124),  # 124.44
    ],
)
def test_the_venue_sells_off_within_the_band_and_within_its_fund(
    size: int, mark: int, band: str, limit: int
) -> None:
    """A tick further than the limit nothing is sold; at the limit, all."""
    liquidation = LiquidationRules(
        amount=Amount.WHOLE_POSITION, unfilled=Unfilled.TAKEOVER, takeover_whole=True
    )
    rules = rulebook(fund="50", liquidation=liquidation, limits=LimitRules(market_band=band))
    it = Stage(rules)
    it.trader("ann", deposit=200)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", size, 100)
    it.mark("BTC", 88 if size > 0 else 112)
    it.mark("BTC", mark)

    sold = []
    for price in (limit - 1, limit) if size > 0 else (limit + 1, limit):
        it.show("BTC", **{"bids" if size > 0 else "asks": {price: 10}})
        it.at += SECOND
        fills = only(it.do(PassTime(at=it.at)), OrderFilled)
        sold.append(sum(fill.size for fill in fills))
    assert sold == [0, 10]


# -------------------------------------------------------------------------- how it fared


def test_a_takeover_that_closes_what_the_venue_holds_is_in_its_funds_history() -> None:
    """Short 10 from 120, it takes a long 10 over at 80: 400 won."""
    it = anns(fund="500", unfilled=Unfilled.TAKEOVER, takeover_whole=True)
    it.trader("dan", deposit=200)
    it.hold("dan", "BTC", -10, 100)
    it.mark("BTC", 112)
    it.mark("BTC", 88)

    assert it.venue.fund_view("BTC").history[-1] == (it.at, 900 * DOLLAR)


def test_what_the_venue_sells_off_is_in_its_funds_history() -> None:
    """From 80, at 86."""
    it = anns(fund="50", unfilled=Unfilled.TAKEOVER, takeover_whole=True)
    it.mark("BTC", 87)
    it.show("BTC", bids={86: 10})
    it.at += SECOND
    it.do(PassTime(at=it.at))

    assert it.venue.fund_view("BTC").history[-1][1] == 110 * DOLLAR


def test_a_peak_that_ended_as_the_window_begins_is_not_in_it() -> None:
    """40 from the tenth second on; the window of ten seconds that ends with the twentieth."""
    rules = rulebook(liquidation=LiquidationRules(fund_window_seconds="10"))
    ledger = Ledger()
    fund, outside = ledger.open("fund", "USD"), ledger.open("outside", "USD")
    reserves = Reserves(rules)
    for at, amount in ((0, 100), (10 * SECOND, -60)):
        transfer(outside, fund, amount, Reason.DEPOSIT)
        reserves.note(fund, at)

    assert [reserves.peak(fund, at * SECOND) for at in (19, 20)] == [100, 40]


# ---------------------------------------------------------------------- the last cent


def a_cent_more(**rules: object) -> Stage:
    """Ann has 200.01: at 80 a cent is left to her."""
    it = anns(**rules)
    it.do(Deposit(at=it.now(), account="ann", asset="USD", amount=1))
    return it


def test_a_leftover_of_a_cent_is_taken_and_one_of_nothing_is_not_told() -> None:
    told = []
    for it in (a_cent_more(leftover=Leftover.FUND), anns(leftover=Leftover.FUND)):
        it.show("BTC", bids={80: 10})
        told.append([event.amount for event in only(it.mark("BTC", 88), LeftoverTaken)])

    assert told == [[1], []]


def test_the_backstop_leaves_not_a_cent() -> None:
    """Taken over at 80; with it goes what the tick left over."""
    it = a_cent_more(backstop="0.6")
    it.mark("BTC", 84)

    assert it.account("ann").wallet == 0
    assert it.balance("insurance fund") == 1


def test_a_leftover_is_that_of_the_position_and_not_of_the_account() -> None:
    """Half of her 160 stands behind bitcoin, of which 10 are lost at 87."""
    it = anns(leftover=Leftover.FUND, backing=Backing.BY_MAINTENANCE)
    it.deposit("ann", 200)
    it.hold("ann", "ETH", 10, 100, other="bob")
    it.mark("ETH", 88)
    it.show("BTC", bids={87: 10})

    taken = [e.amount for e in only(it.mark("BTC", 88), LeftoverTaken) if e.symbol == "BTC"]

    assert taken == [70 * DOLLAR]
