"""Funding: interest, premium, clamp and cap, what is paid, and averages over time."""

from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from exchange import Rulebook
from exchange.core.messages import (
    FundingPaid,
    FundingSettled,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
)
from exchange.core.policies import FundingMethod, Premium
from exchange.core.rules import FundingRules
from exchange.core.units import RATE_ONE, SECOND
from tools.vectors.bench import Bench, Contract, only, plain_fees, rulebook_for, share, tiers
from tools.vectors.cases import Case, MissingInputError
from tools.vectors.figures import figure, rounded, text
from tools.vectors.margins import INITIALS
from tools.vectors.positions import side_of

DAY = 86_400
HOURS_8 = 28_800
PPM = 1_000_000
MARKS = ("mark", "mark_price")
ORACLES = ("oracle", "oracle_price")
PREMIUMS = (
    "premium",
    "premium_index",
    "avg_premium",
    "average_premium",
    "average_premium_index",
    "avg_premium_index",
    "premium_rate",
    "P",
)
DEEP = 10**6
"""Lots that are shown at a price where the vector says nothing of depth."""


def computed(rulebook: Rulebook, **changes: Any) -> Rulebook:  # noqa: ANN401
    """The rulebook's funding, computed, with the vector's figures in place of its own."""
    rules = replace(rulebook.funding, method=FundingMethod.COMPUTED, **changes)
    return replace(rulebook, funding=rules)


def interest(case: Case) -> Fraction:
    """Interest of one interval, from the daily rates of quote and base."""
    hours = case.maybe("interval_hours", "funding_interval_hours")
    day = case.number("intervals_per_day", default=3 if hours is None else 24 / hours)
    rulebook = computed(
        rulebook_for(case),
        interval_seconds=text(DAY / day),
        period_seconds="",
        interest_quote=text(rounded(case.number("quote", "quote_rate", "funding_quote"))),
        interest_base=text(rounded(case.number("base", "base_rate", "funding_base"))),
    )
    bench = Bench(rulebook, Contract(sizes=[Fraction(1)]))
    return share(bench.venue.funding_view("X").interest)


def rate_from_quotes(case: Case) -> dict[str, Fraction]:
    """Premium, clamp and cap: the rate that quotes around an index lead to."""
    premium = case.maybe(*PREMIUMS)
    perp = ("perp", "perp_price", "mid", *MARKS)
    if premium is None:
        index = case.number("index", "spot", "index_price", "external", "s_twap", *ORACLES)
        bid, ask = case.maybe("impact_bid", "bid", *perp), case.maybe("impact_ask", "ask", *perp)
    else:  # quotes that are so far from an index
        index = Fraction(10_000)
        bid = ask = index * (1 + premium)
    rulebook = plain_fees(rulebook_for(case), case)
    rules = rulebook.funding
    clamp, cap = case.maybe("clamp", "damper"), case.maybe("cap", "rate_cap")
    hours = case.maybe("interval_hours", "funding_interval_hours", "interval_h", "hours", "N")
    if hours:
        rules = replace(
            rules,
            period_seconds=rules.period_seconds or rules.interval_seconds,
            interval_seconds=text(hours * 3600),
        )
        rulebook = replace(rulebook, funding=rules)
    divisor = case.maybe("divisor")
    seconds = Fraction(rules.interval_seconds)
    rulebook = computed(
        rulebook,
        period_seconds=text(seconds * divisor) if divisor else rules.period_seconds,
        impact_notional="0",
        impact_numerator="",
        interest_quote="0",
        interest_base="0",
        **_bounds("clamp", clamp, rules.clamp_lower, rules.clamp_upper),
        **_bounds("cap", cap, "", ""),
        cap_by_margin="",
        cap_by_maintenance="",
    )
    told = case.maybe("interest", "interest_rate", "I")
    quote, base = case.maybe("quote_rate", "funding_quote"), case.maybe("base_rate", "funding_base")
    if told is None and quote is not None and base is not None:  # of a day, as exchanges quote them
        told = (quote - base) / case.number("intervals_per_day", default=3)
    if told is not None:
        period = Fraction(rulebook.funding.period_seconds or rulebook.funding.interval_seconds)
        daily = rounded(told * DAY / period)
        rulebook = computed(rulebook, interest_quote=text(daily))
    bench = Bench(rulebook, Contract(sizes=[Fraction(1)], tick=Fraction(1, 10**6)))
    tick = bench.contracts["X"].tick
    bench.index("X", index)
    middle = None if rulebook.funding.premium is Premium.IMPACT else bid
    if bid is not None and bid == ask:  # one price: it is the side that the premium is made of
        above = middle is not None or bid > index
        below = middle is not None or not above
        bid, ask = bid - (tick if below else 0), bid + (tick if above else 0)
    bids = {} if bid is None else {bid: DEEP}
    asks = {} if ask is None else {ask: DEEP}
    bench.show("X", bids, asks)
    if middle is not None:
        bench.mark("X", middle)
    bench.wait(int(Fraction(rulebook.funding.sample_seconds) * SECOND))
    seen = bench.venue.funding_view("X")
    premium, rate = share(seen.premium), share(seen.period_rate)
    return {
        "premium": premium,
        "clamped": rate - premium,
        "rate": rate,
        "interest": share(seen.interest),
        "hourly": share(seen.uncapped),
        "funding": share(seen.predicted),
        "funding_rate": share(seen.predicted),
        "uncapped": share(seen.uncapped),
        "capped": share(seen.predicted),
        "predicted": share(seen.predicted),
    }


def _bounds(name: str, given: Fraction | None, lower: str, upper: str) -> dict[str, str]:
    """A symmetrical pair of bounds where the vector gives one, else the rulebook's."""
    if given is not None:
        lower, upper = text(-given), text(given)
    return {f"{name}_lower": lower, f"{name}_upper": upper}


def _told(bench: Bench, rate: Fraction, size: Fraction, price: Fraction) -> FundingPaid:
    """What a holder of `size` pays at a rate that the feed tells, at a mark and index price."""
    bench.mark("X", price)
    bench.index("X", price)
    bench.account("ann", Fraction(10**6) * (1 + abs(rate)))
    bench.trade("ann", "X", size, price)
    units = int(rounded(rate) * RATE_ONE)
    at = bench.now() + 1
    bench.do(UpdateFundingRate(at=bench.at, symbol="X", rate=units, next_at=at, interval=SECOND))
    (paid,) = only(bench.wait(at), FundingPaid)
    return paid


def inverse_payment(case: Case) -> dict[str, Fraction]:
    """What contracts in quote money pay, in the coin and in money."""
    index = case.number("index", "price", "mark")
    size = case.number("contracts", "size", default=1)
    size = side_of(case, size) * abs(size)
    rate = case.number("hourly_rate", "relative", "rate")
    rulebook = plain_fees(rulebook_for(case), case)
    contract = Contract(sizes=[abs(size)], inverse=True, tick=Fraction(1, index.denominator))
    rulebook = replace(rulebook, instrument_tiers={"X": tiers(Fraction(0))})
    bench = Bench(rulebook, contract)
    paid = _told(bench, rate, size, index)
    coin = bench.amount(paid.amount)
    return {"btc": coin, "coin": coin, "usd": coin * index}


def absolute_rate(case: Case) -> Fraction:
    """A relative funding rate as coin for each contract."""
    return inverse_payment(case)["coin"] / case.number("contracts", "size", default=1)


def inverse_round_trip(case: Case) -> dict[str, Fraction]:
    """A position in an inverse contract: taken, funded once, closed."""
    size, entry = case.number("contracts"), case.number("entry")
    size = side_of(case, size) * abs(size)
    sold, mark = case.number("exit"), case.number("mark_at_funding", default=entry)
    seconds = DAY / case.number("intervals_per_day", default=3)
    rulebook = computed(
        plain_fees(rulebook_for(case), case),
        interval_seconds=text(seconds),
        period_seconds="",
        interest_quote=text(case.number("funding_quote", "quote")),
        interest_base=text(case.number("funding_base", "base")),
        # The example has no premium and no clamp: the rate is the interest.
        clamp_lower="",
        clamp_upper="",
        cap_lower="",
        cap_upper="",
    )
    rulebook = replace(rulebook, instrument_tiers={"X": tiers(Fraction(0))})
    grid = Fraction(1, (entry * sold).denominator)
    bench = Bench(rulebook, Contract(sizes=[abs(size)], inverse=True, tick=grid))
    bench.account("ann", abs(size))
    bench.mark("X", entry)
    bench.trade("ann", "X", size, entry)
    value = abs(bench.amount(bench.held("ann", "X").cost))
    bench.mark("X", mark)
    bench.index("X", mark)
    before = bench.seen("ann").wallet
    events = bench.wait(int(seconds * SECOND))
    rate = share(only(events, FundingSettled)[0].rate)
    funding = bench.amount(only(events, FundingPaid)[0].amount)
    bench.mark("X", sold)
    bench.trade("ann", "X", -size, sold)
    net = bench.amount(bench.seen("ann").wallet - before)
    return {
        "entry_value": value,
        "funding_rate": rate,
        "funding": funding,
        "pnl": net + funding,
        "net": net,
    }


def index_delta(case: Case) -> Fraction:
    """What one base unit of a position owes after some seconds, in a millionth of a quote unit.

    dYdX keeps it as an index that positions are settled against; here it is the payment of a
    position of one base unit, with money units of a millionth of a quote unit (10^-6 USDC).
    """
    seconds = case.number("seconds")
    rate = case.number("rate8h_ppm") / PPM * seconds / HOURS_8
    base = Fraction(10) ** int(case.number("atomic_resolution"))
    price = case.number("price") * Fraction(10) ** int(case.number("exponent", default=0))
    rulebook = plain_fees(rulebook_for(case), case)
    rulebook = replace(rulebook, instrument_tiers={"X": tiers(Fraction(0))})
    unit = Fraction(1, 10**6) / PPM
    contract = Contract(sizes=[base], tick=price)
    bench = Bench(rulebook, contract, unit=unit)
    return Fraction(_told(bench, rate, base, price).amount)


def clamp_of_margin_gap(case: Case) -> Fraction:
    """The bound of the period's rate that hangs on the margin rates, in parts per million."""
    rulebook = computed(
        rulebook_for(case), cap_by_margin=text(case.number("clamp_factor_ppm") / PPM)
    )
    initial = case.number("initial_ppm") / PPM
    maintenance = initial * case.number("fraction_ppm") / PPM
    rulebook = replace(rulebook, instrument_tiers={"X": tiers(maintenance, initial=initial)})
    bench = Bench(rulebook, Contract(sizes=[Fraction(1)]))
    cap = bench.venue.funding_view("X").period_cap
    if cap is None:
        raise MissingInputError("the rulebook has no such cap")
    return share(cap) * PPM


def impact_notional(case: Case) -> Fraction:
    """The notional whose prices make the premium."""
    rulebook = rulebook_for(case)
    own = rulebook.funding.impact_numerator or None
    rulebook = computed(rulebook, impact_numerator=text(case.number("numerator", default=own)))
    table = {"X": tiers(Fraction(0), initial=case.number(*INITIALS, "initial"))}
    bench = Bench(replace(rulebook, instrument_tiers=table), Contract(sizes=[Fraction(1)]))
    return bench.amount(bench.venue.funding_view("X").impact_notional)


# ------------------------------------------------------------------------- averaged over time


def _series(case: Case, *names: str) -> list[tuple[int, Fraction]]:
    rows = case.raw(*names)
    if not isinstance(rows, list):
        raise MissingInputError(f"{names[0]} was not given as a list of [time, price]")
    return [(int(figure(at)), figure(price)) for at, price in rows]


def time_averages(case: Case) -> dict[str, Fraction]:
    """Mark and index, averaged over a period of so many seconds."""
    marks, indices = _series(case, "mark", "internal"), _series(case, "spot", "external", "index")
    period = int(case.number("period"))
    rules = FundingRules(
        method=FundingMethod.COMPUTED,
        premium=Premium.TIME_AVERAGE,
        interval_seconds=str(2 * period),  # so that it is still under way when the period ends
    )
    rulebook = replace(rulebook_for(case), funding=rules)
    bench = Bench(rulebook, Contract(sizes=[Fraction(1)], tick=Fraction(1, 10**6)))
    rows = [(at, 0, price) for at, price in indices] + [(at, 1, price) for at, price in marks]
    for at, is_mark, price in sorted(rows, key=lambda row: row[:2]):
        kind = UpdateMarkPrice if is_mark else UpdateIndexPrice
        units = bench.mark_units("X", price)
        bench.do(kind(at=at * SECOND, symbol="X", price=units))
    bench.wait(period * SECOND)
    view = bench.venue.funding_view("X")
    internal = bench.mark_price("X", view.mark_average or 0)
    external = bench.mark_price("X", view.index_average or 0)
    return {"internal": internal, "external": external}


def averaged_rate(case: Case) -> Fraction:
    """The rate of a mark's average over that of the index, scaled and bounded."""
    internal, external = case.number("internal", "f_twap"), case.number("external", "s_twap")
    rules = FundingRules(
        method=FundingMethod.COMPUTED,
        premium=Premium.TIME_AVERAGE,
        interval_seconds="3600",
        period_seconds=text(3600 / case.number("scaling", default=1)),
        clamp_lower="0",
        clamp_upper="0",
        cap_lower=_text(case.maybe("lower")),
        cap_upper=_text(case.maybe("upper")),
    )
    return share(_settled(case, rules, internal, external).rate)


def averaged_payment(case: Case) -> Fraction:
    """What one contract pays for a mark's average over that of the index, interest and clamp."""
    internal, external = case.number("f_twap", "internal"), case.number("s_twap", "external")
    clamp = str(case.raw("clamp") or "").strip("[] ").split(",")
    lower, upper = (clamp[0], clamp[-1]) if len(clamp) > 1 else ("", "")
    interest = case.number("interest", default=0) * case.number("delta_t", default=0)
    rules = FundingRules(
        method=FundingMethod.COMPUTED,
        premium=Premium.TIME_AVERAGE,
        interval_seconds=str(DAY),
        interest_quote=text(rounded(interest)),  # of the whole interval, which is a day here
        clamp_lower=_text(case.maybe("clamp_lower")) or lower,
        clamp_upper=_text(case.maybe("clamp_upper")) or upper,
    )
    return share(_settled(case, rules, internal, external).rate) * external


def _text(value: Fraction | None) -> str:
    return "" if value is None else text(value)


def _settled(
    case: Case, rules: FundingRules, internal: Fraction, external: Fraction
) -> FundingSettled:
    """An interval in which mark and index stay where their averages are."""
    rulebook = replace(rulebook_for(case), funding=rules)
    bench = Bench(rulebook, Contract(sizes=[Fraction(1)], tick=Fraction(1, 10**6)))
    bench.mark("X", internal)
    bench.index("X", external)
    (settled,) = only(bench.wait(int(rules.interval_seconds) * SECOND), FundingSettled)
    return settled
