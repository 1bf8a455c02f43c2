"""The formula of a funding rate: interest, clamps, caps and shares of a period, as venues do it."""

import pytest

from exchange.core.funding_rate import FundingFormula
from exchange.core.rules import FundingRules, Tier
from exchange.core.units import UnitError, rate
from tests.stage import DOLLAR, Stage, rulebook

UP_TO_100 = Tier(floor="0", maintenance="0.004", leverage_max=100)
"""A first tier that states no initial rate: it is 1%."""
LARGE_CAP = Tier(floor="0", initial="0.02", maintenance="0.012", leverage_max=100)
"""Where the initial rate is stated, whatever the leverage."""
UP_TO_3 = Tier(floor="0", maintenance="0.004", leverage_max=3)
"""33.333333%: rates are cut to hundred-millionths."""


def formula(tier: Tier = UP_TO_100, **rules: str) -> FundingFormula:
    """Of a linear contract; a payment every eight hours unless told otherwise."""
    it = Stage(rulebook(tiers=(tier,)), "BTC")
    return FundingFormula(FundingRules(**rules), it.venue.instruments["BTC"])  # type: ignore[arg-type]


def of(text: str) -> int:
    """A rate in parts of RATE_ONE."""
    return rate(text, "expected")


# --------------------------------------------------------------------------- the interest


def test_interest_is_the_quote_moneys_less_the_bases_for_the_period() -> None:
    """0.06% and 0.03% a day: 0.01% for eight hours, as Binance, Bybit and OKX have it."""
    assert formula(interest_quote="0.0006", interest_base="0.0003").interest == of("0.0001")


@pytest.mark.parametrize("sign", [1, -1])
def test_what_does_not_divide_of_the_interest_is_cut_towards_zero(sign: int) -> None:
    """0.0001 a day are 416.67 hundred-millionths an hour."""
    rules = {"interest_quote" if sign > 0 else "interest_base": "0.0001"}

    assert formula(interval_seconds="3600", **rules).interest == sign * 416


BOUND = {"interest_quote": "0.0003", "clamp_lower": "-0.0005", "clamp_upper": "0.0005"}


@pytest.mark.parametrize(
    ("premium", "paid"),
    [
        ("0", "0.0001"),
        ("0.0006", "0.0001"),  # 0.05% above the interest: the clamp just lets it be that
        ("0.00061", "0.00011"),
        ("-0.0004", "0.0001"),
        ("-0.00041", "0.00009"),
    ],
)
def test_the_rate_is_the_interest_unless_the_premium_is_far_from_it(
    premium: str, paid: str
) -> None:
    """F = P + clamp(I - P, -0.05%, 0.05%), with I = 0.01%: Binance's and Bybit's formula."""
    assert formula(**BOUND).paid(of(premium)) == of(paid)


# ------------------------------------------------------------------------------- the caps

PREMIUM_ONLY = {"clamp_lower": "0", "clamp_upper": "0"}


@pytest.mark.parametrize(
    ("premium", "paid"), [("0.004", "0.003"), ("0.002", "0.002"), ("-0.02", "-0.005")]
)
def test_a_cap_bounds_each_direction_by_its_own(premium: str, paid: str) -> None:
    capped = formula(**PREMIUM_ONLY, cap_lower="-0.005", cap_upper="0.003")

    assert capped.paid(of(premium)) == of(paid)


@pytest.mark.parametrize("sign", ["", "-"])
def test_the_cap_may_be_three_quarters_of_the_maintenance_rate(sign: str) -> None:
    """Binance: 0.4% of maintenance margin, so that at most 0.3% are paid, either way."""
    capped = formula(**PREMIUM_ONLY, cap_by_maintenance="0.75")

    assert capped.paid(of(f"{sign}0.01")) == of(f"{sign}0.003")


@pytest.mark.parametrize("sign", ["", "-"])
def test_the_cap_may_be_six_times_the_gap_of_the_margin_rates(sign: str) -> None:
    """dYdX: 600% of 2% less 1.2% for eight hours, and an eighth of those 4.8% in an hour."""
    rules = {"interval_seconds": "3600", "period_seconds": "28800", "cap_by_margin": "6"}
    capped = formula(LARGE_CAP, **PREMIUM_ONLY, **rules)

    assert capped.of_period(of(f"{sign}0.1")) == of(f"{sign}0.048")
    assert capped.paid(of(f"{sign}0.1")) == of(f"{sign}0.006")


@pytest.mark.parametrize(("tier", "gap"), [(UP_TO_100, "0.006"), (UP_TO_3, "0.32933333")])
def test_without_an_initial_rate_the_gap_is_that_of_the_highest_leverage(
    tier: Tier, gap: str
) -> None:
    """1% at 100 times, less 0.4%."""
    assert formula(tier, **PREMIUM_ONLY, cap_by_margin="1").paid(of("0.5")) == of(gap)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_interval_pays_its_share_of_the_period_cut_towards_zero(sign: int) -> None:
    """An eighth of 15 hundred-millionths is one."""
    hourly = formula(**PREMIUM_ONLY, interval_seconds="3600", period_seconds="28800")

    assert hourly.paid(sign * 15) == sign


# ------------------------------------------------------------------- the impact notional


@pytest.mark.parametrize(
    ("tier", "notional"),
    [
        (UP_TO_100, 20_000),  # 1% of it is 200
        (LARGE_CAP, 10_000),  # 2%
        (UP_TO_3, 600),  # and less than a cent
    ],
)
def test_the_impact_notional_is_what_a_margin_buys_at_the_initial_rate(
    tier: Tier, notional: int
) -> None:
    """Binance: 200 USDT / the initial margin rate at the highest leverage."""
    assert formula(tier, impact_numerator="200").impact_notional == notional * DOLLAR


# -------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("name", ["interval_seconds", "period_seconds", "sample_seconds"])
@pytest.mark.parametrize("span", ["0", "-1"])
def test_a_span_of_time_must_be_one(name: str, span: str) -> None:
    with pytest.raises(UnitError, match=f"funding.{name} was {span}, expected more than 0"):
        formula(**{name: span})


def test_the_shortest_span_is_a_nanosecond() -> None:
    assert formula(sample_seconds="0.000000001").pause == 1
