"""Funding: who pays whom, how much, when, and how the rate is made."""

import pytest

from exchange.core.messages import (
    FundingPaid,
    FundingRateChanged,
    FundingSettled,
    LiquidationStarted,
    PassTime,
    Reject,
    SettleInstrument,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.policies import Averaging, FundingMethod, FundingPrice, FundingRounding, Premium
from exchange.core.rules import ContractKind, FundingRules, MarkRules, Tier
from exchange.core.units import NEVER, RATE_ONE, SECOND
from tests.stage import CENT, DOLLAR, SUBTICKS, Stage, only, rulebook

PERCENT = RATE_ONE // 100
HOUR = 3_600 * SECOND


def stage(funding: FundingRules | None = None, **others) -> Stage:  # type: ignore[no-untyped-def]
    """Ann is long 10 bitcoin at 100, against Bob."""
    made = Stage(rulebook(funding=funding or FundingRules(), **others))
    made.trader("ann", "bob", deposit=1_000)
    made.marks(BTC=100)
    made.hold("ann", "BTC", 10, 100, other="bob")
    return made


def tell(it: Stage, rate: int, at: int = HOUR, interval: int = 8 * HOUR):  # type: ignore[no-untyped-def]
    """The feed says what is paid next."""
    command = UpdateFundingRate(at=it.now(), symbol="BTC", rate=rate, next_at=at, interval=interval)
    return it.do(command)


def at(it: Stage, moment: int):  # type: ignore[no-untyped-def]
    """Let time pass up to a moment."""
    it.at = moment
    return it.do(PassTime(at=moment))


def paid(events) -> dict[str, int]:  # type: ignore[no-untyped-def]
    """What each account paid, in cents."""
    return {event.account: event.amount for event in only(events, FundingPaid)}


# ------------------------------------------------------------------------------- paying


def test_at_a_positive_rate_longs_pay_shorts_a_part_of_the_notional() -> None:
    """1% of 1,000."""
    it = stage()
    tell(it, PERCENT)

    assert paid(at(it, HOUR - 1)) == {}
    assert paid(at(it, HOUR)) == {"ann": 10 * DOLLAR, "bob": -10 * DOLLAR}
    assert it.account("ann").wallet == 990 * DOLLAR
    assert it.account("bob").wallet == 1_010 * DOLLAR


def test_at_a_negative_rate_shorts_pay_longs() -> None:
    it = stage()
    tell(it, -PERCENT)

    assert paid(at(it, HOUR)) == {"ann": -10 * DOLLAR, "bob": 10 * DOLLAR}


def test_the_rate_stays_in_force_until_another_is_told() -> None:
    it = stage()
    tell(it, PERCENT)
    at(it, HOUR)

    assert paid(at(it, 9 * HOUR))["ann"] == 10 * DOLLAR
    tell(it, 3 * PERCENT, at=17 * HOUR)
    assert paid(at(it, 17 * HOUR))["ann"] == 30 * DOLLAR


def test_a_new_time_takes_the_place_of_the_old() -> None:
    it = stage()
    tell(it, PERCENT, at=HOUR)
    tell(it, PERCENT, at=2 * HOUR)

    assert not only(at(it, HOUR), FundingSettled)
    assert only(at(it, 2 * HOUR), FundingSettled)


def test_history_takes_part_and_what_does_not_divide_is_kept() -> None:
    """Ann pays for 10, Bob gets for 7, history for 3: a third of a per cent of 1,000 is 3.33."""
    made = Stage(rulebook())
    made.trader("ann", "bob", deposit=1_000)
    made.marks(BTC=100)
    made.hold("ann", "BTC", 10, 100)
    made.hold("bob", "BTC", -7, 100)
    tell(made, PERCENT // 3)
    events = at(made, HOUR)

    assert paid(events) == {"ann": 334, "bob": -233}
    assert made.balance("HISTORY") == 99 * CENT
    assert made.balance("rounding") == 2 * CENT


def test_payments_may_be_cut_towards_zero_on_both_sides() -> None:
    it = stage(FundingRules(rounding=FundingRounding.TOWARDS_ZERO))
    tell(it, PERCENT // 3)

    assert paid(at(it, HOUR)) == {"ann": 333, "bob": -333}


def test_an_isolated_position_pays_from_its_bucket() -> None:
    it = Stage(rulebook(tiers=(Tier(floor="0", maintenance="0.05", leverage_max=100),)))
    it.trader("ann", "bob", deposit=1_000)
    it.marks(BTC=100)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 5, 100, other="bob")
    tell(it, PERCENT)
    at(it, HOUR)

    held = it.position("ann", "BTC")
    assert held is not None
    assert held.bucket == 45 * DOLLAR  # 50 of margin, less 1% of 500


def test_funding_can_liquidate() -> None:
    """Equity 100 of 1,000 notional is just enough at 10%; after a payment it is not."""
    it = Stage(rulebook())
    it.trader("ann", deposit=100)
    it.trader("bob", deposit=1_000)
    it.marks(BTC=100)
    it.hold("ann", "BTC", 10, 100, other="bob")
    it.show("BTC", bids={100: 100})
    tell(it, 10)

    assert [event.account for event in only(at(it, HOUR), LiquidationStarted)] == ["ann"]


@pytest.mark.parametrize(("price", "amount"), [(FundingPrice.MARK, 10), (FundingPrice.INDEX, 9)])
def test_it_is_paid_on_the_mark_or_on_the_index_price(price: FundingPrice, amount: int) -> None:
    it = stage(FundingRules(price=price))
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=90 * SUBTICKS))
    tell(it, PERCENT)

    assert paid(at(it, HOUR))["ann"] == amount * DOLLAR


def test_an_inverse_contract_pays_coin() -> None:
    """1% of 1,000 dollars at 100 is a tenth of a coin."""
    it = Stage(rulebook(), "")
    it.enlist("XBT", kind=ContractKind.INVERSE, settle="COIN", money_unit="0.000001")
    it.trader("ann", "bob")
    for name in ("ann", "bob"):
        it.bring(name, "COIN", 100_000_000)
    it.mark("XBT", 100)
    it.hold("ann", "XBT", 1_000, 100, other="bob")
    it.do(
        UpdateFundingRate(at=it.now(), symbol="XBT", rate=PERCENT, next_at=HOUR, interval=8 * HOUR)
    )

    assert paid(at(it, HOUR)) == {"ann": 100_000, "bob": -100_000}


def test_where_nobody_pays_a_rate_is_only_an_input_of_the_mark() -> None:
    it = stage(FundingRules(method=FundingMethod.NONE))
    tell(it, PERCENT)

    assert at(it, 9 * HOUR) == []


def test_a_settled_contract_pays_nothing_more() -> None:
    it = stage()
    tell(it, PERCENT)
    it.do(SettleInstrument(at=it.now(), symbol="BTC", price=100 * SUBTICKS))

    assert not only(at(it, 9 * HOUR), FundingSettled)


# --------------------------------------------------------------------------- the rate made


def computed(**rules: str) -> FundingRules:
    """Hourly, from the premium of the best quotes, sampled every quarter."""
    return FundingRules(
        method=FundingMethod.COMPUTED,
        interval_seconds="3600",
        sample_seconds="900",
        **rules,  # type: ignore[arg-type]
    )


def quoted(it: Stage, bid: int, ask: int, index: int = 100) -> None:
    """Quotes around an index."""
    it.show("BTC", bids={bid: 100}, asks={ask: 100})
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=index * SUBTICKS))


def rate_of_the_hour(it: Stage) -> int:
    """What is paid after an hour of the same quotes."""
    (settled,) = only(at(it, HOUR), FundingSettled)
    return settled.rate


@pytest.mark.parametrize(
    ("bid", "ask", "premium"), [(102, 103, 2), (97, 98, -2), (99, 101, 0), (100, 101, 0)]
)
def test_the_premium_is_how_far_quotes_are_beyond_the_index(
    bid: int, ask: int, premium: int
) -> None:
    it = stage(computed(clamp_lower="0", clamp_upper="0"))
    quoted(it, bid, ask)

    assert rate_of_the_hour(it) == premium * PERCENT


def test_a_notional_is_bought_through_the_book() -> None:
    """2,000 are 10 at 104 and 10 at 102: on average 103."""
    it = stage(computed(clamp_lower="0", clamp_upper="0", impact_notional="2050"))
    it.show("BTC", bids={104: 10, 102: 30}, asks={110: 50})
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=100 * SUBTICKS))

    assert rate_of_the_hour(it) == 3 * PERCENT


def test_the_rate_follows_the_interest_as_far_as_the_clamp_lets_it() -> None:
    """Interest 0.01% an hour: without premium that; at 2% of premium 0.05% less than that."""
    rules = {"interest_quote": "0.0024", "clamp_lower": "-0.0005", "clamp_upper": "0.0005"}
    for quotes, expected in (((99, 101), PERCENT // 100), ((102, 103), 195 * PERCENT // 100)):
        it = stage(computed(**rules))
        quoted(it, *quotes)
        assert rate_of_the_hour(it) == expected


def test_without_a_clamp_the_rate_is_the_interest() -> None:
    it = stage(computed(interest_quote="0.024"))
    quoted(it, 102, 103)

    assert rate_of_the_hour(it) == PERCENT // 10


def test_an_interval_pays_its_share_of_the_period_within_its_cap() -> None:
    """2% for 8 hours is 0.25% for one; capped at 0.1%."""
    shared = {"clamp_lower": "0", "clamp_upper": "0", "period_seconds": "28800"}
    for cap, expected in (("", PERCENT // 4), ("0.001", PERCENT // 10)):
        it = stage(computed(**shared, cap_upper=cap))
        quoted(it, 102, 103)
        assert rate_of_the_hour(it) == expected


def test_a_cap_may_hang_on_the_margin_rates() -> None:
    """Initial 1%, maintenance 0.6%: half of the gap is 0.2%, half of maintenance 0.3%."""
    tiers = (Tier(floor="0", initial="0.01", maintenance="0.006", leverage_max=100),)
    for rule, expected in (("cap_by_margin", 2), ("cap_by_maintenance", 3)):
        it = stage(computed(clamp_lower="0", clamp_upper="0", **{rule: "0.5"}), tiers=tiers)
        quoted(it, 102, 103)
        assert rate_of_the_hour(it) == expected * PERCENT // 10


def test_later_samples_may_count_more() -> None:
    """Premiums of 0, 0, 0, 4%: evenly 1%, rising 4 * 4 / 10."""
    for averaging, expected in ((Averaging.EVEN, 100), (Averaging.RISING, 160)):
        it = stage(
            computed(clamp_lower="0", clamp_upper="0", averaging=averaging)  # type: ignore[arg-type]
        )
        quoted(it, 99, 101)
        at(it, 3 * HOUR // 4)
        quoted(it, 104, 105)
        assert rate_of_the_hour(it) == expected * PERCENT // 100


def test_mark_and_index_may_be_averaged_over_time() -> None:
    """The mark is 100 for 45 minutes and 104 for 15, on average 101; the index 100."""
    rules = computed(clamp_lower="0", clamp_upper="0", premium=Premium.TIME_AVERAGE)  # type: ignore[arg-type]
    it = stage(rules)
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=100 * SUBTICKS))
    at(it, 3 * HOUR // 4)
    it.mark("BTC", 104)

    # The index was first told 5 nanoseconds after midnight.
    assert rate_of_the_hour(it) == PERCENT


def test_what_the_feed_tells_goes_before_what_is_computed() -> None:
    it = stage(computed(clamp_lower="0", clamp_upper="0"))
    quoted(it, 102, 103)
    tell(it, 5 * PERCENT)

    assert rate_of_the_hour(it) == 5 * PERCENT


def test_the_next_payment_is_announced() -> None:
    it = stage(computed(clamp_lower="0", clamp_upper="0"))
    quoted(it, 102, 103)
    (told,) = only(at(it, HOUR), FundingRateChanged)

    assert (told.rate, told.next_at) == (2 * PERCENT, 2 * HOUR)


# ------------------------------------------------------------------------- told and made


def test_where_rates_are_told_none_is_made() -> None:
    """By default nobody pays before the feed tells a rate, whatever index and quotes are."""
    it = stage()
    quoted(it, 102, 103)

    assert at(it, 24 * HOUR) == []


def test_a_rate_told_ends_the_sampling() -> None:
    """Nothing is due any more but the payment."""
    it = stage(computed())
    quoted(it, 102, 103)
    assert it.venue.next_due == HOUR // 4

    tell(it, PERCENT, at=HOUR)

    assert it.venue.next_due == HOUR
    tell(it, PERCENT, at=HOUR)
    at(it, HOUR)
    assert it.venue.next_due == 9 * HOUR


def test_a_rate_told_again_keeps_its_turn() -> None:
    """Payments of one moment are made in the order in which their times were told."""
    it = stage()
    it.mark("ETH", 100)
    tell(it, PERCENT)
    it.do(UpdateFundingRate(at=it.now(), symbol="ETH", rate=0, next_at=HOUR, interval=HOUR))
    tell(it, 2 * PERCENT)

    assert [(e.symbol, e.rate) for e in only(at(it, HOUR), FundingSettled)] == [
        ("BTC", 2 * PERCENT),
        ("ETH", 0),
    ]


@pytest.mark.parametrize("late", [0, 1])
def test_a_time_that_has_come_already_is_not_paid_at(late: int) -> None:
    """Nor is the payment that was announced before; a time to come brings it back."""
    it = stage()
    tell(it, PERCENT)
    at(it, HOUR // 2)
    it.do(UpdateFundingRate(at=it.at, symbol="BTC", rate=PERCENT, next_at=it.at - late, interval=1))
    assert it.venue.next_due == NEVER

    tell(it, PERCENT)

    assert paid(at(it, HOUR))["ann"] == 10 * DOLLAR


@pytest.mark.parametrize(("interval", "due"), [(0, NEVER), (1, HOUR + 1)])
def test_without_an_interval_a_rate_is_paid_once(interval: int, due: int) -> None:
    it = stage()
    tell(it, PERCENT, interval=interval)

    events = at(it, HOUR)

    assert paid(events)["ann"] == 10 * DOLLAR
    assert len(only(events, FundingRateChanged)) == interval
    assert it.venue.next_due == due


def test_a_rate_of_an_unknown_contract_is_refused() -> None:
    command = UpdateFundingRate(at=1_000, symbol="DOGE", rate=1, next_at=HOUR, interval=HOUR)

    assert stage().refusal(command) is Reject.UNKNOWN_INSTRUMENT


def test_before_there_is_a_mark_nothing_is_paid() -> None:
    """The time passes nevertheless: the next payment is at its own."""
    it = Stage(rulebook())
    tell(it, PERCENT)

    assert not only(at(it, HOUR), FundingSettled)
    assert it.venue.next_due == 9 * HOUR


def test_on_the_index_price_the_mark_stands_in_where_there_is_no_index() -> None:
    it = stage(FundingRules(price=FundingPrice.INDEX))
    tell(it, PERCENT)

    assert paid(at(it, HOUR))["ann"] == 10 * DOLLAR


# ---------------------------------------------------------------- one interval after another


def test_each_interval_has_its_own_average() -> None:
    """2% all of the first hour, nothing in the second."""
    it = stage(computed(clamp_lower="0", clamp_upper="0"))
    quoted(it, 102, 103)
    assert rate_of_the_hour(it) == 2 * PERCENT

    quoted(it, 99, 101)

    assert at(it, 2 * HOUR)[0] == FundingSettled(
        at=2 * HOUR, symbol="BTC", rate=0, price=100 * SUBTICKS
    )


def test_each_interval_has_its_own_average_of_mark_and_index() -> None:
    """The mark goes to 102 at 1:00, and the index at 2:00."""
    it = stage(computed(clamp_lower="0", clamp_upper="0", premium=Premium.TIME_AVERAGE))  # type: ignore[arg-type]
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=100 * SUBTICKS))
    rates = [rate_of_the_hour(it)]
    it.do(UpdateMarkPrice(at=HOUR, symbol="BTC", price=102 * SUBTICKS))
    rates += [e.rate for e in only(at(it, 2 * HOUR), FundingSettled)]
    it.do(UpdateIndexPrice(at=2 * HOUR, symbol="BTC", price=102 * SUBTICKS))
    rates += [e.rate for e in only(at(it, 3 * HOUR), FundingSettled)]

    assert rates == [0, 2 * PERCENT, 0]


def test_before_mark_and_index_are_both_known_there_is_no_premium() -> None:
    it = Stage(rulebook(funding=computed(premium=Premium.TIME_AVERAGE)), "BTC")  # type: ignore[arg-type]
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=100 * SUBTICKS))
    assert it.venue.funding_view("BTC").premium == 0
    at(it, HOUR // 2)
    assert it.venue.funding_view("BTC").premium == 0

    it.mark("BTC", 103)
    at(it, 3 * HOUR // 4)

    assert it.venue.funding_view("BTC").premium == 3 * PERCENT


# ----------------------------------------------------------------------------- the samples


def test_an_interval_ends_at_whole_multiples_of_it_and_so_do_the_pauses_of_samples() -> None:
    """The index is first told at 1:20."""
    it = stage(computed(clamp_lower="0", clamp_upper="0"))
    at(it, 4 * HOUR // 3)
    it.show("BTC", bids={102: 100}, asks={103: 100})

    events = it.do(UpdateIndexPrice(at=it.at, symbol="BTC", price=100 * SUBTICKS))

    (told,) = only(events, FundingRateChanged)
    assert (told.rate, told.next_at) == (0, 2 * HOUR)
    assert it.venue.next_due == 3 * HOUR // 2
    assert it.venue.funding_view("BTC").interval == HOUR


def test_the_sample_at_the_end_belongs_to_the_interval_that_ends() -> None:
    """Three samples of 0, and one of 4% at the full hour; the next hour is all 4%."""
    it = stage(computed(clamp_lower="0", clamp_upper="0"))
    quoted(it, 99, 101)
    at(it, HOUR - 2)
    it.show("BTC", bids={104: 100}, asks={105: 100})

    rates = [e.rate for e in only(at(it, HOUR) + at(it, 2 * HOUR), FundingSettled)]

    assert rates == [PERCENT, 4 * PERCENT]


def test_where_no_sample_falls_on_the_end_none_is_taken_there() -> None:
    """At 0:40 the premium is 0; at 1:00 it is 4%, but the next sample is at 1:20."""
    rules = {"interval_seconds": "3600", "clamp_lower": "0", "clamp_upper": "0"}
    it = stage(FundingRules(method=FundingMethod.COMPUTED, sample_seconds="2400", **rules))  # type: ignore[arg-type]
    quoted(it, 99, 101)
    at(it, 3 * HOUR // 4)
    quoted(it, 104, 105)

    assert rate_of_the_hour(it) == 0


def test_a_stale_index_gives_no_sample() -> None:
    """2% at the first quarter; at the second the index is 20 minutes old and would say 4%."""
    mark = MarkRules(stale_after_seconds="900")
    it = stage(computed(clamp_lower="0", clamp_upper="0"), mark=mark)
    at(it, HOUR // 6)
    quoted(it, 102, 103)
    at(it, HOUR // 4)
    it.show("BTC", bids={104: 100}, asks={105: 100})

    assert rate_of_the_hour(it) == 2 * PERCENT


@pytest.mark.parametrize(("bid", "ask", "premium"), [(101, 104, 250), (97, 98, -250)])
def test_the_premium_may_be_that_of_the_middle(bid: int, ask: int, premium: int) -> None:
    """In hundredths of a per cent."""
    it = stage(computed(clamp_lower="0", clamp_upper="0", premium=Premium.MIDDLE))  # type: ignore[arg-type]
    quoted(it, bid, ask)

    assert rate_of_the_hour(it) == premium * PERCENT // 100


@pytest.mark.parametrize("quotes", [{"bids": {104: 1}}, {"asks": {104: 1}}])
def test_half_a_book_has_no_middle(quotes: dict[str, dict[int, int]]) -> None:
    it = stage(computed(clamp_lower="0", clamp_upper="0", premium=Premium.MIDDLE))  # type: ignore[arg-type]
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=100 * SUBTICKS))
    it.show("BTC", **quotes)

    assert rate_of_the_hour(it) == 0


def test_the_premium_may_be_that_of_the_mark() -> None:
    it = stage(computed(clamp_lower="0", clamp_upper="0", premium=Premium.MARK))  # type: ignore[arg-type]
    it.do(UpdateIndexPrice(at=it.now(), symbol="BTC", price=80 * SUBTICKS))

    assert rate_of_the_hour(it) == 25 * PERCENT


def test_what_is_settled_or_over_has_nothing_due() -> None:
    it = stage(computed())
    quoted(it, 102, 103)
    it.do(SettleInstrument(at=it.now(), symbol="BTC", price=100 * SUBTICKS))

    at(it, HOUR)

    assert it.venue.next_due == NEVER


def test_neither_futures_nor_spot_have_a_funding_rate() -> None:
    it = Stage(rulebook(funding=computed()), "")
    it.enlist("BTC-30JAN70", expiry="1970-01-30T08:00")
    it.enlist("COIN/USD", kind=ContractKind.SPOT, base="COIN", base_unit="0.001")

    for symbol in ("BTC-30JAN70", "COIN/USD"):
        events = it.do(UpdateIndexPrice(at=it.now(), symbol=symbol, price=100 * SUBTICKS))
        assert not only(events, FundingRateChanged)
    assert not only(at(it, 3 * HOUR), FundingSettled)
