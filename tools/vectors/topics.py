"""What a vector's topic asks for, and who answers it."""

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from functools import wraps
from typing import Any, Final, NamedTuple

from tools.vectors import accounts, funding, margins, portfolio, positions, states, waterfall
from tools.vectors.cases import Case, UnsupportedError
from tools.vectors.inputs import INPUTS

Answer = Callable[[Case], Any]


def _one(answer: Answer, *names: str) -> Answer:
    """Of many figures, those the vector expects.

    All of them, or one: that which the topic names, else the first of these names.
    """

    @wraps(answer)
    def asked(case: Case) -> Any:  # noqa: ANN401
        found = answer(case)
        if isinstance(case.vector.expected, dict) or not isinstance(found, dict):
            return found
        listed = case.topic in TOPICS  # then it is known which figure is meant
        told = [] if listed else [n for n in found if "_" in n and n in case.topic]
        told.sort(key=lambda name: (case.topic.index(name), -len(name)))
        for name in (*told, *names):
            if name in found:
                return found[name]
        raise UnsupportedError(f"the venue has no {names[0]} here")

    return asked


LIQUIDATION = ("liquidation_price",)
BANKRUPTCY = ("bankruptcy_price",)
MAINTENANCE = ("maintenance",)
INITIAL = ("initial_margin", "initial")

TOPICS: dict[str, Answer] = {
    "liquidation_price_cross_two_positions": positions.several_cross_positions,
    "cross_inverse_bankruptcy_and_liquidation": _one(positions.cross_position, *LIQUIDATION),
    "inverse_long_liquidation_and_bankruptcy": _one(positions.isolated_position, *LIQUIDATION),
    "inverse_short_liquidation_and_bankruptcy": _one(positions.isolated_position, *LIQUIDATION),
    "liquidation_and_bankruptcy": _one(positions.isolated_position, *LIQUIDATION),
    "bankruptcy_price_cross_adl": _one(positions.cross_position, *BANKRUPTCY),
    "position_value_inverse": _one(margins.position_value, "value"),
    "live_position_upnl_inverse": _one(positions.valued_position, "unrealised_pnl"),
    "margin_ratio_at_liquidation": _one(positions.given_maintenance, "margin_ratio"),
    "maintenance_amount_cum_from_tiers": margins.tier_amounts,
    "maintenance_amount_cum_all_symbols": margins.all_tier_amounts,
    "maintenance_margin_legacy": _one(margins.maintenance_of_notional, *MAINTENANCE),
    "maintenance_margin_cross": _one(margins.maintenance_of_notional, *MAINTENANCE),
    "maintenance_margin_ppm": margins.maintenance_rate,
    "open_interest_scaled_initial_margin_ppm": margins.crowded_initial_rate,
    "position_tier_aggregation_cross": margins.gross_tier_size,
    "cross_equity_two_positions": _one(margins.equity_of_positions, "equity"),
    "equity_and_mmr": _one(margins.equity_and_maintenance, "equity"),
    "funding_interest_component": funding.interest,
    "funding_rate_8h": _one(funding.rate_from_quotes, "rate"),
    "funding_rate": _one(funding.rate_from_quotes, "rate"),
    "funding_rate_hourly_capped": _one(funding.rate_from_quotes, "capped"),
    "funding_payment_inverse": _one(funding.inverse_payment, "coin"),
    "relative_to_absolute_funding_rate": funding.absolute_rate,
    "inverse_value_funding_pnl": _one(funding.inverse_round_trip, "net"),
    "funding_index_delta": funding.index_delta,
    "funding_clamp_ppm": funding.clamp_of_margin_gap,
    "impact_notional": funding.impact_notional,
    "funding_rate_scaling_and_bounds": funding.averaged_rate,
    "funding_payment_wide_clamp": funding.averaged_payment,
    "funding_payment_lower_clamp": funding.averaged_payment,
    "funding_payment_upper_clamp": funding.averaged_payment,
    "twap_internal_external": funding.time_averages,
    "maintenance_margin_riskiest_long": _one(margins.riskiest_side, *MAINTENANCE),
    "maintenance_margin_riskiest_short": _one(margins.riskiest_side, *MAINTENANCE),
    "fully_collateralised_order_margin": margins.full_collateral,
    "fully_collateralised_two_sided_order_margin": margins.full_collateral,
    "network_disposal_schedule": waterfall.closed_by_fractions,
    "partial_liquidation_size_legacy": waterfall.step_to_lowest_tier,
    "liquidation_fee_grows_with_time": waterfall.fee_in_time,
    "insurance_fund_fee_ppm": waterfall.fee_by_shortage,
    "max_pct_to_liquidate_small_shortage": waterfall.share_at_once,
    "max_pct_to_liquidate": waterfall.share_at_once,
    "liquidation_speed_legacy": _one(waterfall.clips_in_a_second, "contracts_per_s"),
    "base_to_close_to_cover_shortage": waterfall.just_enough,
    "bankruptcy_price_quote_quantums": waterfall.bankruptcy_value,
    "fillable_price_subticks": waterfall.fillable,
    "insurance_fund_delta": waterfall.fund_delta,
    "max_liquidation_spread": _one(waterfall.widest_spread, "spread"),
    "deleveraging_at_bankruptcy_price": _one(waterfall.deleveraged_at_bankruptcy, "bankruptcy"),
    "adl_leverage_pnl": _one(waterfall.ranking_measures, "leverage_pnl"),
    "adl_queue": _one(waterfall.deleveraging_queue, "order"),
    "network_pnl": _one(positions.fills, "avg"),
    "network_pnl_after_disposal": _one(positions.disposals, "realised_1"),
    "portfolio_margin_mmr": _one(portfolio.charged, "mmr"),
    "portfolio_margin_imr": _one(portfolio.charged, "imr"),
    "portfolio_margin_with_spot": _one(portfolio.with_spot, "mmr"),
    "pm_iv_shock": portfolio.volatility_shock,
    "pm_option_contingency": _one(portfolio.option_contingency, "charge"),
    "pm_offsetting_futures_contingency": _one(portfolio.futures_contingency, "charge"),
}

INEXPRESSIBLE: dict[str, str] = {
    "socialized_loss_funding_delta": "what longs and shorts lack of each other is history's, which"
    " bears its part of a socialised loss too",
    "margin_with_funding_component": "maintenance margin holds nothing of a funding payment that is"
    " still to come",
    "margin_with_funding_component_short": "maintenance margin holds nothing of a funding payment"
    " that is still to come",
    "twap_with_auction_and_funding": "time averages go on through a halt: there is none that leaves"
    " an auction out",
}
"""Topics of other systems that no policy expresses, and what is missing."""


class Family(NamedTuple):
    """Topics that are told by how they begin, where they are not listed by name."""

    name: str
    pattern: str
    answer: Answer


FAMILIES: Final = (
    Family(
        "liquidation_price_cross...",
        "(est(imated)?_)?liq(uidation)?_price.*(cross|hedge)",
        _one(positions.any_cross, *LIQUIDATION),
    ),
    Family(
        "liquidation_price...",
        "(est(imated)?_)?liq(uidation)?_price",
        _one(positions.isolated_position, *LIQUIDATION),
    ),
    Family(
        "bankruptcy_price_cross..., equity_protection...",
        "(bankrupt(cy)?|bust)_price.*(cross|hedge)|equity_protection|zero_equity",
        _one(positions.any_cross, *BANKRUPTCY),
    ),
    Family(
        "bankruptcy_price...",
        "(bankrupt(cy)?|bust)_price",
        _one(positions.isolated_position, *BANKRUPTCY),
    ),
    Family(
        "[live_]position_cross...",
        "(live_|open_)?position_(\\w+_)?cross",
        _one(positions.any_cross, *LIQUIDATION),
    ),
    Family(
        "[live_]position_isolated...",
        "(live_|open_)?position_(\\w+_)?isolated",
        _one(positions.isolated_position, *LIQUIDATION),
    ),
    Family(
        "isolated_...",
        "isolated_.*(liquidation|bankruptcy)",
        _one(positions.isolated_position, *LIQUIDATION),
    ),
    Family("cross_...", "cross.*(liquidation|bankruptcy)", _one(positions.any_cross, *LIQUIDATION)),
    Family(
        "available_margin..., free_margin...",
        "available_(margin|balance)|free_(margin|collateral)",
        _one(states.account_state, "available_margin"),
    ),
    Family("uni_mmr...", "uni_?mmr", _one(states.of_assets_or_amounts, "equity_ratio")),
    Family(
        "available_position_margin...",
        "available_position_margin",
        _one(states.account_state, "equity"),
    ),
    Family("max_leverage...", "max(imum)?_leverage|leverage_max", accounts.highest_leverage),
    Family(
        "interest_rate..., interest_component...",
        "(funding_)?interest_(rate|component)",
        funding.interest,
    ),
    Family(
        "notional..., position_value...",
        "notional(?!_from)|position_(notional|value)",
        _one(positions.pnl_of_position, "notional"),
    ),
    Family(
        "liquidation_trigger..., is_liquidatable...",
        "is_liquidat|liquidatable|liquidation_(trigger|boundary|check|condition|status)|trigger",
        _one(states.liquidated_or_not, "liquidated"),
    ),
    Family(
        "closing_order..., liquidation_order...",
        "(order_of_)?closing(_order)?|liquidation_(order|sequence|priority)|which_position|select",
        states.closing_order,
    ),
    Family(
        "insurance_fund...",
        "insurance_fund_(?!fee_ppm)|insurance_(payment|contribution)|fund_(change|delta)",
        _one(waterfall.fund_of_fill, "fund_delta"),
    ),
    Family(
        "adl_settlement..., adl_price...",
        "adl_(settlement|price|fill)|deleveraging_price",
        waterfall.settled_deleveraging,
    ),
    Family("backstop...", "backstop_(?!threshold)", _one(states.account_state, "taken_over")),
    Family(
        "unified_..., account_mm..., ...collateral..., ...haircut..., ...discount...",
        "unified|account_(mm|im|maint|initial)|.*(collateral|haircut|multi_(asset|currency)|discount)"
        "|margin_(equity|ratio_unified)|adjusted_(equity|margin)|(total_)?margin_balance|total_equity",
        _one(states.of_assets_or_amounts, "equity"),
    ),
    Family(
        "interest_charged..., borrow...",
        "interest_(charged|paid|accrued)|.*borrow",
        _one(accounts.interest, "interest"),
    ),
    Family(
        "auto_margin..., auto_add_...",
        "auto_(add_|margin)|margin_replenishment",
        _one(accounts.auto_margin, "added"),
    ),
    Family(
        "max_order..., order_limit...",
        "max.*(order|position|open)|order_(max|limit|size_max)",
        _one(accounts.order_limit, "size"),
    ),
    Family(
        "adl_..., deleveraging_rank...",
        "adl_(?!trigger)|.*adl_rank|deleveraging_(rank|score)",
        _one(accounts.ranking, "score"),
    ),
    Family(
        "liquidation_fee...",
        "liquidation_(fee|clearance)|clearance_fee",
        _one(accounts.first_step, "fee"),
    ),
    Family(
        "partial_liquidation..., liquidation_size...",
        "partial_|liquidation_(size|step|amount)",
        _one(accounts.first_step, "size"),
    ),
    Family(
        "mark_price..., fair_price...",
        "mark_price|fair_(price|mark)",
        _one(accounts.mark_price, "mark"),
    ),
    Family(
        "funding_payment...", "funding_(payment|fee)", _one(accounts.funding_payment, "payment")
    ),
    Family(
        "funding_premium...",
        "funding_premium|premium_index",
        _one(funding.rate_from_quotes, "premium"),
    ),
    Family(
        "funding_rate...",
        "(predicted_)?funding_rate|predicted_funding",
        _one(funding.rate_from_quotes, "predicted"),
    ),
    Family(
        "maintenance_amount..., maintenance_deduction..., margin_tiers...",
        "(maintenance_)?(amount|deduction)|margin_tiers",
        margins.tier_amounts,
    ),
    Family(
        "portfolio_margin...", "portfolio_margin(?!.*(imr|initial))", _one(portfolio.charged, "mmr")
    ),
    Family(
        "portfolio_margin_imr...",
        "portfolio_margin.*(imr|initial)",
        _one(portfolio.charged, "imr"),
    ),
    Family("maintenance...", "maintenance", _one(margins.maintenance_of_notional, *MAINTENANCE)),
    Family("order_cost..., cost_...", "(order_)?cost(_|$)", _one(margins.order_margin, "cost")),
    Family("[order_]open_loss...", "(order_)?open_loss", _one(margins.order_margin, "open_loss")),
    Family(
        "initial_margin..., order_margin...",
        "initial_(and_maintenance_)?margin|order_margin",
        _one(margins.initial, *INITIAL),
    ),
    Family(
        "margin_ratio...",
        "(account_)?margin_ratio",
        _one(states.of_amounts_or_positions, "margin_ratio"),
    ),
    Family("equity...", "(account_)?equity", _one(states.of_amounts_or_positions, "equity")),
    Family(
        "unrealised_pnl..., roe...",
        "unrealised|unrealized|upnl|floating_profit|(\\w+_)?pnl|roe|return",
        _one(positions.pnl_of_position, "unrealised_pnl"),
    ),
)


class Topic(NamedTuple):
    """What a vector may be about."""

    topic: str
    what: str
    inputs: str


def topics() -> Iterator[Topic]:
    """All that is known."""
    named = [(name, TOPICS[name]) for name in sorted(TOPICS)]
    for name, answer in [*named, *((one.name, one.answer) for one in FAMILIES)]:
        inner = getattr(answer, "__wrapped__", answer)
        yield Topic(name, (inner.__doc__ or "").strip().splitlines()[0], INPUTS[inner])
    for name, missing in INEXPRESSIBLE.items():
        yield Topic(name, f"unsupported: {missing}", "")


def answer_to(topic: str) -> Answer:
    """Who answers a topic.  Raises UnsupportedError where nobody does."""
    name = topic.lower().replace("-", "_").replace(" ", "_")
    found = TOPICS.get(name)
    if found is not None:
        return found
    if name in INEXPRESSIBLE:
        raise UnsupportedError(INEXPRESSIBLE[name])
    for one in FAMILIES:
        if re.match(one.pattern, name):
            return one.answer
    raise UnsupportedError(f"topic {topic!r} is not known; {_nearest(name)}")


def _nearest(name: str) -> str:
    """What a topic that nobody answers may have meant."""
    known = {*TOPICS, *(part.strip(". ") for one in FAMILIES for part in one.name.split(","))}
    near = get_close_matches(name, sorted(known), n=3)
    listed = "`plimsoll vectors --topics` lists those that are"
    return (
        f"{listed}; {', '.join(near)} {'are' if len(near) > 1 else 'is'} near" if near else listed
    )
