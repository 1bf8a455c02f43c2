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
        self.interest: Rate = _cut(daily * self.period, DAY)
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
        return _cut(self.of_period(premium) * self.interval, self.period)

    def paid(self, premium: Rate) -> Rate:
        """What is paid for an interval."""
        return within(self.of_interval(premium), self.cap_lower, self.cap_upper)


def within(value: Rate, lower: Rate | None, upper: Rate | None) -> Rate:
    """The value, or the bound that it passes; None bounds nothing."""
    if lower is not None and value < lower:
        return lower
    return upper if upper is not None and value > upper else value


def _cut(part: int, whole: int) -> int:
    """A quotient, cut towards zero."""
    return part // whole if part >= 0 else -(-part // whole)


def _nanos(text: str, what: str) -> Nanos:
    span = int(exact(text, f"funding.{what}") * SECOND)
    if span <= 0:
        raise UnitError(f"funding.{what} was {text}, expected more than 0")
    return span


def _bound(text: str, what: str) -> Rate | None:
    return rate(text, f"funding.{what}") if text else None


def _times(text: str, of: Rate, what: str) -> Rate | None:
    return int(exact(text, f"funding.{what}") * of) if text else None


class Funding:
    """One contract's funding: its formula, and the samples of the interval under way."""

    def __init__(self, rules: FundingRules, instrument: Instrument) -> None:
        self.formula = FundingFormula(rules, instrument)
        self.premiums = PremiumAverage(rules.averaging)
        self.mark_average: TimeAverage | None = None
        self.index_average: TimeAverage | None = None
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
        if self.mark_average is not None and self.index_average is not None:
            self.mark_average = self.mark_average.following(end)
            self.index_average = self.index_average.following(end)

    def premium(self, now: Nanos) -> Rate:
        """The average premium of the interval so far."""
        if self.mark_average is None or self.index_average is None:
            return self.premiums.value()
        mark, index = self.mark_average.value(now), self.index_average.value(now)
        return share(mark - index, index) if mark and index else 0
