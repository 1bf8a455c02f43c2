"""What each answer to a vector needs; after the semicolon, what it may be given besides."""

from collections.abc import Callable
from typing import Any, Final

from tools.vectors import accounts, funding, margins, portfolio, positions, states, waterfall

SIDE_SIZE_ENTRY: Final = "side, size, entry"
MORE: Final = "mark, mmr, cum, taker, tick"
INPUTS: Final[dict[Callable[..., Any], str]] = {
    positions.isolated_position: f"{SIDE_SIZE_ENTRY}, leverage or margin; added_margin, {MORE}",
    positions.cross_position: f"{SIDE_SIZE_ENTRY}, wallet or equity; {MORE}",
    positions.any_cross: f"{SIDE_SIZE_ENTRY} or positions, wallet or equity; target, {MORE}",
    positions.several_cross_positions: f"positions ({SIDE_SIZE_ENTRY}, {MORE}), wallet; target",
    positions.pnl_of_position: f"{SIDE_SIZE_ENTRY}, mark; leverage",
    positions.given_maintenance: f"{SIDE_SIZE_ENTRY}, leverage, mm (an amount), mark",
    positions.valued_position: "qty, unrealisedCost, markValue (satoshi)",
    positions.fills: "fills ([size, price]), mark",
    positions.disposals: "long, entry, sells ([size, price])",
    margins.tier_amounts: "floors and mmr, or tiers (floor, mmr or maxLeverage)",
    margins.all_tier_amounts: "none: the rulebook's own tables",
    margins.full_collateral: "max_price; long, short, avg, buy, sell",
    margins.order_margin: "price, size, leverage; side, mark, last",
    margins.position_value: "price or entry, size, leverage; side, mmr",
    margins.maintenance_of_notional: (
        "notional or size and price; mmr and cum, or tiers, or symbol; im, leverage"
    ),
    margins.initial: (
        "price, size, leverage; side, mark, last; or notional (or size and price) and im"
    ),
    margins.riskiest_side: "mark, open, buys, sells, rf_long or rf_short, slippage",
    margins.maintenance_rate: "initial_ppm, fraction_ppm",
    margins.crowded_initial_rate: "base_ppm, lower, upper, oi",
    margins.gross_tier_size: "long, short",
    margins.equity_of_positions: (
        "deposit, btc_long_notional, btc_move, eth_short_notional, eth_move"
    ),
    margins.equity_and_maintenance: "deposit, long, entry, mmf, price",
    accounts.unified_account: (
        f"assets (balance, price, ratio or haircut or tiers), positions ({SIDE_SIZE_ENTRY}, {MORE})"
    ),
    states.of_assets_or_amounts: (
        f"assets (balance, price, ratio or haircut or tiers), positions ({SIDE_SIZE_ENTRY}, {MORE})"
    ),
    states.of_amounts_or_positions: (
        "equity, or wallet and upnl, and maintenance_margin as an amount; or positions and wallet"
    ),
    states.liquidated_or_not: (
        f"equity, or wallet and upnl, and maintenance_margin; or {SIDE_SIZE_ENTRY}, mark, leverage"
    ),
    accounts.highest_leverage: "notional; tiers (floor, leverage) or symbol",
    states.closing_order: "positions (upnl, maintenance_margin), wallet or equity",
    waterfall.fee_by_shortage: (
        "margin_shortage_usd, base, oracle, margin_ratio, max_if_fee; liq_fee, share"
    ),
    waterfall.share_at_once: "margin_shortage_usd; initial_pct, whole_below",
    waterfall.fee_in_time: (
        "base_fee_ppm, max_fee_ppm, slots; grace_slots, fee_per_slot_ppm, seconds_per_slot"
    ),
    waterfall.fund_of_fill: f"{SIDE_SIZE_ENTRY}, leverage or margin, fill_price; fee_rate, fund",
    waterfall.settled_deleveraging: "bankruptcy_price, mark; side, size",
    states.account_state: "equity, or wallet and upnl; maintenance_margin, initial_margin, fee",
    accounts.interest: "borrowed, hourly_rate or daily_rate or annual_rate; hours",
    accounts.auto_margin: f"{SIDE_SIZE_ENTRY}, leverage, mark, available; mmr, cum",
    accounts.order_limit: "available, leverage, price; side, mark, im, taker, lot",
    accounts.ranking: f"{SIDE_SIZE_ENTRY}, mark, wallet; leverage, mmr",
    accounts.first_step: (
        "size and mark, or notional; mmr or tiers or symbol, shortage, fee_rate, lot"
    ),
    accounts.mark_price: (
        "index; last, basis or mid or bid and ask, funding_rate, hours_to_funding, interval_hours"
    ),
    accounts.funding_payment: f"{SIDE_SIZE_ENTRY} or mark, rate; index",
    funding.interest: "quote, base, intervals_per_day",
    funding.rate_from_quotes: (
        "premium, or index and perp or impact_bid and impact_ask; interest, "
        "clamp, cap, divisor, interval_hours"
    ),
    funding.inverse_payment: "contracts, index, hourly_rate",
    funding.absolute_rate: "relative, index; contracts",
    funding.inverse_round_trip: (
        "contracts, entry, exit, funding_quote, funding_base, intervals_per_day; mark_at_funding"
    ),
    funding.index_delta: "rate8h_ppm, seconds, atomic_resolution, price; exponent",
    funding.clamp_of_margin_gap: "clamp_factor_ppm, initial_ppm, fraction_ppm",
    funding.impact_notional: "numerator, imf",
    funding.averaged_rate: "internal, external; scaling, lower, upper",
    funding.averaged_payment: (
        "f_twap, s_twap; clamp or clamp_lower and clamp_upper, interest, delta_t"
    ),
    funding.time_averages: "mark, spot ([time, price]), period",
    waterfall.closed_by_fractions: "position, fraction; full_disposal_size, step_s",
    waterfall.step_to_lowest_tier: "position, tier1_max",
    waterfall.clips_in_a_second: "contracts_per_round, rounds_per_s; usd_per_contract",
    waterfall.just_enough: (
        "margin_shortage_usd, oracle, margin_ratio; liq_fee, if_fee, quote_oracle"
    ),
    waterfall.bankruptcy_value: "usdc, positions (px, size, mmf), delta_quantums; close_index",
    waterfall.fillable: (
        "usdc, positions (px, size, mmf), spread_to_mmr; bankruptcy_adjustment, liquidate_index"
    ),
    waterfall.fund_delta: "usdc, size, subticks, max_liq_fee_ppm; fill",
    waterfall.widest_spread: "smmr, mmf, affordable",
    waterfall.deleveraged_at_bankruptcy: "A and B (deposit, long or short, entry), price",
    waterfall.ranking_measures: "upnl, wallet, margin_ratio",
    waterfall.deleveraging_queue: (
        "accounts (qty, score), liquidated_short_qty or liquidated_long_qty; bankruptcy_price"
    ),
    portfolio.charged: (
        "MR1 to MR7, or units of them; or positions (side, size, mark, expiry, underlying); moves"
    ),
    portfolio.with_spot: (
        f"assets (balance, price), positions ({SIDE_SIZE_ENTRY}, {MORE});"
        " moves, spot_rate, basis_rate, offset_rate, minimum_rate"
    ),
    portfolio.futures_contingency: "long_btc, short_btc, rate",
    portfolio.volatility_shock: "days, base, power",
    portfolio.option_contingency: "options_btc, rate",
}
