"""The funding rate of a perpetual contract: its formula, and the interval under way."""

from exchange.core.alarms import Due
from exchange.core.average import TimeAverage
from exchange.core.instrument import Instrument
from exchange.core.policies import FundingMethod
from exchange.core.premium import PremiumAverage, share
from exchange.core.rules import FundingRules
from exchange.core.units import (
    RATE_ONE,
    SECOND,
    Money,
    Nanos,
    Rate,
    UnitError,
    cut_div,
    exact,
    on_grid,
    rate,
)

DAY: Nanos = 86_400 * SECOND


class FundingFormula:
    """A contract's funding rules in whole numbers."""

    def __init__(self, rules: FundingRules, instrument: Instrument) -> None:
        self.rules = rules
        self.interval: Nanos = _nanos(rules.interval_seconds, "interval_seconds")
        self.period: Nanos = _nanos(
            rules.period_seconds or rules.interval_seconds, "period_seconds"
        )
        self.pause: Nanos = _nanos(rules.sample_seconds, "sample_seconds")
        daily = rate(rules.interest_quote, "interest_quote")
        daily -= rate(rules.interest_base, "interest_base")
        self.interest: Rate = cut_div(daily * self.period, DAY)
        """Of one period."""
        self.clamp_lower = _bound(rules.clamp_lower, "clamp_lower")
        self.clamp_upper = _bound(rules.clamp_upper, "clamp_upper")
        self.cap_lower = _bound(rules.cap_lower, "cap_lower")
        self.cap_upper = _bound(rules.cap_upper, "cap_upper")
        tiers = instrument.tiers
        maintenance = tiers.rates[0]
        initial = tiers.initial_schedule.rates[0] or RATE_ONE // tiers.leverages[0]
        self.period_cap = _times(rules.cap_by_margin, initial - maintenance, "cap_by_margin")
        maintained = _times(rules.cap_by_maintenance, maintenance, "cap_by_maintenance")
        if maintained is not None:
            self.cap_lower, self.cap_upper = -maintained, maintained
        self.impact_notional: Money = on_grid(
            rules.impact_notional, instrument.money_unit, "impact_notional"
        )
        if rules.impact_numerator:
            whole = on_grid(rules.impact_numerator, instrument.money_unit, "impact_numerator")
            self.impact_notional = whole * RATE_ONE // initial

    def of_period(self, premium: Rate) -> Rate:
        """The rate of a period, from its average premium."""
        pull = within(self.interest - premium, self.clamp_lower, self.clamp_upper)
        cap = self.period_cap
        return within(premium + pull, None if cap is None else -cap, cap)

    def of_interval(self, premium: Rate) -> Rate:
        """The interval's share of a period's rate, before its cap."""
        return cut_div(self.of_period(premium) * self.interval, self.period)

    def paid(self, premium: Rate) -> Rate:
        """What is paid for an interval."""
        return within(self.of_interval(premium), self.cap_lower, self.cap_upper)


def within(value: Rate, lower: Rate | None, upper: Rate | None) -> Rate:
    """The value, or the bound that it passes; None bounds nothing."""
    if lower is not None:
        value = max(lower, value)
    return value if upper is None else min(upper, value)


def _nanos(text: str, what: str) -> Nanos:
    span = int(exact(text, f"funding.{what}") * SECOND)
    if span <= 0:
        raise UnitError(f"funding.{what} was {text}, expected more than 0")
    return span


def _bound(text: str, what: str) -> Rate | None:
    return rate(text, f"funding.{what}") if text else None


def _times(text: str, of: Rate, what: str) -> Rate | None:
    return int(exact(text, f"funding.{what}") * of) if text else None


class PriceAverages:
    """Mark and index of one interval, averaged over time."""

    def __init__(self, mark: TimeAverage, index: TimeAverage) -> None:
        self.mark = mark
        self.index = index

    def premium(self, now: Nanos) -> Rate:
        """How far the average mark is above the index's; 0 before there are both."""
        mark, index = self.mark.value(now), self.index.value(now)
        if mark is None:
            return 0
        assert index is not None, "an interval begins with an index price, and may without a mark"
        return share(mark - index, index)

    def following(self, end: Nanos) -> "PriceAverages":
        """Those of the next interval, which begin with the prices in force."""
        return PriceAverages(self.mark.following(end), self.index.following(end))


class Funding:
    """One contract's funding: its formula, and the samples of the interval under way."""

    def __init__(self, rules: FundingRules, instrument: Instrument) -> None:
        self.formula = FundingFormula(rules, instrument)
        self.premiums = PremiumAverage(rules.averaging)
        self.averages: PriceAverages | None = None
        """Where the premium is made of them."""
        self.is_told = False
        """Whether the feed tells rates: then none is computed."""
        self.due: Due | None = None
        """The next payment."""
        self.next_sample: Due | None = None

    @property
    def computes(self) -> bool:
        """Whether rates are made here."""
        return self.formula.rules.method is FundingMethod.COMPUTED and not self.is_told

    def begin_interval(self, end: Nanos) -> None:
        """Start a new average."""
        self.premiums.clear()
        if self.averages is not None:
            self.averages = self.averages.following(end)

    def premium(self, now: Nanos) -> Rate:
        """The average premium of the interval so far."""
        return self.premiums.value() if self.averages is None else self.averages.premium(now)
