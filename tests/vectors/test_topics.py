"""Vectors on topics beyond the published files, in figures that can be reckoned by hand."""

import json
from pathlib import Path
from random import Random

import msgspec
import pytest
from typer.testing import CliRunner

from tools.cli import app
from tools.vectors.cases import Result, Vector
from tools.vectors.run import answered, read
from tools.vectors.topics import FAMILIES, TOPICS, topics

HERE = Path(__file__).parent
LADDER = [{"floor": 0, "mmr": "0.01"}, {"floor": 1000, "mmr": "0.02"}]
COINS = {"BTC": {"balance": 1, "price": 50_000}, "USDT": 1000}
LONG = {"side": "long", "size": 1, "entry": 100, "leverage": 10, "mmr": "0.01"}
PEPE = {"symbol": "1000PEPEUSDT", "notional": 250_000}
RATES = {"interest": "0.0001"}
TOLD = {"walletBalance": 1000, "unrealizedProfit": -200, "maintMargin": 400}
LOSERS = [
    {"symbol": "A", "upnl": -500, "maintenance_margin": 300},
    {"symbol": "B", "upnl": -600, "maintenance_margin": 10},
]
COIN_LONG = {"side": "long", "contracts": 10, "face_value": 100, "entry": 10_000}
SOLD = {"side": "Sell", "qty": 2, "entry": 100, "leverage": 10, "mmr": "0.02"}
SWAP = {"symbol": "SWAP", "side": "short", "size": 2, "mark": 50_000}
DATED = {"symbol": "DATED", "side": "long", "size": 2, "mark": 50_000, "expiry": "2026-12-25"}
LEVELS = [
    {"cap": 50_000, "leverage": 125, "mmr": "0.004"},
    {"cap": 600_000, "leverage": 100, "mmr": "0.005"},
]
UP_TO = [{"max": 100, "rate": "0.95"}, {"max": 200, "rate": "0.9"}]
HEDGE = {
    "ETHUSDT": {"qty": 2, "entry": 100, "mark": 100, "mmr": "0.01"},
    "BTCUSDT": {"side": "short", "qty": 1, "entry": 300, "mark": 300, "mmr": "0.01"},
}


def answer(topic: str, venue: str, inputs: dict[str, object], expected: object = 0) -> Result:
    row = {"id": "x", "venue": venue, "topic": topic, "inputs": inputs, "expected": expected}
    return answered(msgspec.convert(row | {"tolerance": 1e-5}, Vector))


@pytest.mark.parametrize(
    ("topic", "venue", "inputs", "expected"),
    [
        # An account by its amounts alone: 400 of 800.
        ("margin_ratio", "binance_usdm", TOLD, {"margin_ratio": 0.5, "equity": 800}),
        # Elsewhere the same ratio is told the other way up, with a fee for closing.
        ("margin_ratio", "okx", {"equity": 1000, "mmr": 400, "liquidation_fee": 100}, 2),
        ("account_mmr", "bybit", {"margin_balance": 40_000, "total_mm": 20_000}, 0.5),
        ("available_margin", "generic", {"equity": 10_000, "margin_in_use": 8000}, 2000),
        # At maintenance margin exactly: gone at one venue, kept at another.
        ("liquidation_boundary", "binance_usdm", {"equity": 400, "mm": 400}, True),
        ("is_liquidatable", "dydx_v4", {"equity": 400, "mm": 400}, False),
        ("liquidation_trigger", "binance_usdm", {"equity": "400.01", "mm": 400}, False),
        # Under two thirds of it the vault takes all.
        ("backstop_liquidation", "hyperliquid", {"equity": 66, "mm": 100}, True),
        ("backstop_liquidation", "hyperliquid", {"equity": 67, "mm": 100}, False),
        ("closing_order", "binance_usdm", {"equity": 100, "positions": LOSERS}, ["B", "A"]),
        # Other positions of the account, told by amounts: as if the wallet were 150 less.
        (
            "liquidation_price_cross",
            "binance_usdm",
            {"wallet": 200, "tmm1": 100, "upnl1": -50, "qty": 1, "ep": 1000, "mmr": 0.1, "cum": 0},
            950 / 0.9,
        ),
        # A long of the second tier beside a short of the first: 34,400 over 1.478.
        (
            "liquidation_price_cross_hedge",
            "binance_usdm",
            {
                "wallet": 10_000,
                "long": {"qty": 2, "entry": 30_000, "mmr": "1%", "cum": 100},
                "short": {"qty": "0.5", "entry": 31_000, "mmr": "0.4%"},
            },
            34_400 / 1.478,
        ),
        # A short is paid where a long pays.
        (
            "funding_payment_inverse",
            "kraken_futures",
            {"side": "short", "contracts": 8000, "hourly_rate": "0.0001", "index": 8000},
            {"usd": -0.8, "btc": -0.0001},
        ),
        (
            "inverse_value_funding_pnl",
            "bitmex",
            {"contracts": -1000, "entry": 1000, "exit": 500, "mark_at_funding": 1000}
            | {"funding_quote": "0.03", "funding_base": 0},
            {"funding": -0.01, "pnl": 1, "net": 1.01},
        ),
        (
            "position_value_inverse",
            "bybit",
            {"side": "short", "contracts": 60_000, "entry": 50_000, "leverage": 10, "mmr": "0.005"},
            {"value": 1.2, "im": 0.12, "mm": 0.006, "liq": 60_000 / 1.086},
        ),
        # 12% of two coins of 50,000; a dated future against the perpetual one needs nothing of it.
        ("portfolio_margin_mmr", "okx", {"positions": [SWAP], "shocks": ["-0.12", "0.12"]}, 12_000),
        ("portfolio_margin_imr", "okx", {"positions": [SWAP], "shocks": ["-0.12", "0.12"]}, 15_600),
        ("portfolio_margin", "okx", {"positions": [SWAP, DATED], "shocks": ["0.12"]}, 0),
        # The venue's own grid: 16%.
        ("portfolio_margin", "deribit", {"positions": [SWAP]}, 16_000),
        # As the venues' own messages name it.
        (
            "position_risk_isolated",
            "binance_usdm",
            {"positionAmt": "0.1", "entryPrice": 60_000, "markPrice": 61_000, "isolatedWallet": 600}
            | {"maintMarginRatio": "0.004", "cum": 0},
            {"liquidationPrice": 5400 / 0.0996, "unRealizedProfit": 100, "isolatedMargin": 700},
        ),
        (
            "position_info_isolated",
            "bybit",
            {"side": "Buy", "size": 1, "avgPrice": 30_000, "leverage": 10, "mmr": "0.005"},
            {"liqPrice": 27_150, "bustPrice": 27_000, "positionIM": 3000, "positionMM": 150},
        ),
        (
            "adjusted_equity",
            "okx",
            {"details": [{"ccy": "BTC", "eq": 1, "px": 50_000, "disc": "0.98"}]},
            49_000,
        ),
        ("uni_mmr", "binance_usdm", {"adjusted_equity": 15_000, "maintenance_margin": 10_000}, 1.5),
        # A cent above the liquidation price, and a cent below.
        ("is_liquidated", "binance_usdm", {**LONG, "mark": "90.92"}, False),
        ("is_liquidated", "binance_usdm", {**LONG, "mark": "90.90"}, True),
        ("max_leverage", "binance_usdm", {"notional": 100_000, "tiers": LEVELS}, 100),
        ("interest_rate", "bitmex", {"quote_rate": "0.0006", "base_rate": "0.0003"}, 0.0001),
        ("available_position_margin", "generic", {"assigned": 5000, "unrealised_loss": 2500}, 2500),
        # What is paid for in full is never liquidated: elsewhere printed as a price below zero.
        ("liquidation_price_isolated", "binance_usdm", {**LONG, "leverage": 1}, None),
        ("liquidation_price_isolated", "binance_usdm", {**LONG, "leverage": 1}, "-0.01"),
        # Leverage that is no whole number: margin of 40.
        ("bankruptcy_price_isolated", "okx", {"side": "buy", "entry": 100, "leverage": "2.5"}, 60),
        # Nested, in words, and in percent.
        (
            "liquidation_price_isolated",
            "Binance",
            {"position": {"size": "1 BTC", "entry": "10,000", "leverage": "10x"}, "mmr": "1%"},
            9000 / 0.99,
        ),
        ("quanto_pnl", "bitmex", {"contracts": 10, "multiplier": 2, "entry": 5, "exit": 6}, 20),
        ("unrealised_pnl_inverse", "okx", {**COIN_LONG, "mark": 12_500}, 0.02),
        (
            "funding_payment",
            "okx",
            {"pos": 10, "ctVal": "0.01", "markPx": 60_000, "rate": "1e-4"},
            0.6,
        ),
        (
            "funding_payment",
            "dydx_v4",
            {"size": 2, "price": 3000, "rate_8h": 0.0008, "hours": 1},
            0.6,
        ),
        ("funding_premium", "hyperliquid", {"impact_ask": 9990, "index": 10_000}, -0.001),
        ("funding_rate", "bitmex", {"premium": "0.001", "interest": "0.0001"}, 0.0005),
        ("maintenance_margin_rate", "hyperliquid", {"maxLeverage": 40}, 0.0125),
        ("maintenance_margin_rate_by_size", "deribit", {"position_btc": 100}, 0.015),
        ("adl_score", "bitmex", {"pnl_pct": "-0.2", "effective_leverage": 5}, -0.04),
        # The vault's rank: a tenth in profit, five times its equity.
        (
            "adl_ranking",
            "hyperliquid",
            {"mark": 110, "entry": 100, "notional": 1100, "account_value": 220},
            5.5,
        ),
        # 6% from the mark, and 2%.
        ("adl_settlement_price", "bybit", {"bankruptcy_price": 489, "mark": 520}, 520),
        ("adl_settlement_price", "bybit", {"bankruptcy_price": 510, "mark": 520}, 510),
        # Bankrupt at 110: the fund keeps what is left there, and pays what lacks elsewhere.
        ("insurance_fund_change", "bybit", {**SOLD, "exit_price": 109}, 2),
        ("insurance_fund_payment", "binance_usdm", {**SOLD, "fill_price": 111}, -2),
        (
            "liquidation_fee",
            "binance_usdm",
            {"liquidated_qty": 2, "fill_price": 100, "fee_rate": "1%"},
            2,
        ),
        (
            "collateral_value",
            "okx",
            {"coin": "ETH", "equity": 150, "price": 20, "tiers": UP_TO},
            2800,
        ),
        ("impact_notional", "dydx_v4", {"initial_margin_fraction": "0.2"}, 2500),
        # 95% of a bitcoin, and the dollars in full.
        ("unified_equity", "bybit", {"assets": COINS}, {"equity": 48_500, "haircut_loss": 2500}),
        # Kraken's haircut is on the balance alone: a gain counts in full.
        (
            "multi_collateral_equity",
            "kraken_futures",
            {
                "assets": [{"asset": "BTC", "balance": 1, "price": 50_000, "haircut": "0.03"}],
                "positions": {"ETH": {"qty": 1, "entry": 2000, "mark": 2100, "mmr": "0.01"}},
            },
            48_600,
        ),
        # A debt counts in full; 0.4% of 6,000 against 5,600.
        (
            "multi_asset_margin_ratio",
            "binance_usdm",
            {
                "assets": {"BNB": {"balance": 10, "price": 600}, "USDT": -100},
                "positions": {"BTC": {"qty": "0.1", "entry": 60_000, "mmr": "0.004"}},
            },
            {"equity": 5600, "mm": 24, "margin_ratio": 24 / 5600},
        ),
        # 2 of 3 coins stand against the short: 1% of 200, and nothing else; 200 and half of 100.
        (
            "portfolio_margin_with_spot",
            "okx",
            {
                "assets": {"BTC": {"balance": 3, "price": 100, "ratio": "0.5"}},
                "positions": {"BTCUSDT": {"side": "short", "qty": 2, "entry": 100, "mmr": "0.01"}},
                "spot_rate": "0.01",
                "minimum_rate": 0,
            },
            {"mmr": 2, "imr": 2.6, "spot_in_use": 2, "equity": 250, "MR1": 0, "MR4": 2},
        ),
        # A tenth of the third coin's worth that is short beyond them.
        (
            "portfolio_margin_with_spot",
            "bybit",
            {
                "assets": {"BTC": {"balance": 2, "price": 100, "ratio": "0.5"}},
                "positions": {"BTCUSDT": {"side": "short", "qty": 3, "entry": 100, "mmr": "0.01"}},
                "moves": ["0.1"],
                "spot_rate": 0,
            },
            {"mmr": 10, "spot_in_use": 2, "equity": 200},
        ),
        # The first coin counts in full, the other two by half.
        (
            "collateral_tiers",
            "okx",
            {
                "assets": {
                    "BTC": {
                        "balance": 3,
                        "price": 100,
                        "tiers": [{"floor": 0, "ratio": 1}, {"floor": 1, "ratio": "0.5"}],
                    }
                }
            },
            200,
        ),
        ("borrow_interest", "bybit", {"borrowed": 1000, "hourly_rate": "0.0001"}, 0.1),
        (
            "interest_charged",
            "okx",
            {"liability": 10_000, "annual_rate": "0.0876", "hours": 2},
            0.2,
        ),
        # As much as the initial margin.
        ("auto_margin", "bybit", {**LONG, "mark": 90, "available": 50}, {"added": 10}),
        ("max_order_size", "binance_usdm", {"available": 1000, "leverage": 10, "price": 100}, 100),
        (
            "max_open_size_inverse",
            "bitmex",
            {"available": 1, "leverage": 10, "price": 50_000, "side": "sell"},
            500_000,
        ),
        # 20 of 50 gained; 1.20 of maintenance margin behind 70 of equity.
        (
            "adl_rank",
            "binance_usdm",
            {"size": 1, "entry": 100, "mark": 120, "wallet": 50, "mmr": "0.01"},
            {"pnl_pct": 0.4, "score": 0.4 * 1.2 / 70},
        ),
        # A fifth of what is more than 100,000.
        (
            "partial_liquidation_size",
            "hyperliquid",
            {"notional": 500_000, "mmr": "0.0125"},
            100_000,
        ),
        ("partial_liquidation_size", "bybit", {"size": 15, "mark": 100, "tiers": LADDER}, 5),
        ("liquidation_fee", "dydx_v4", {"size": 1, "mark": 1000, "mmr": "0.03"}, 5),
        # Half of the interval is left.
        (
            "fair_price",
            "bitmex",
            {"index": 10_000, "funding_rate": "0.0001", "hours_to_funding": 4},
            10_000.5,
        ),
        # The median of 10,000.5, 10,020 and 10,050.
        (
            "mark_price",
            "binance_usdm",
            {
                "index": 10_000,
                "last": 10_050,
                "basis": 20,
                "fundingRate": "0.0001",
                "hours_to_funding": 4,
            },
            10_020,
        ),
        (
            "funding_payment",
            "binance_usdm",
            {"side": "short", "size": 2, "mark": 1e4, "rate": 1e-4},
            -2,
        ),
        (
            "funding_rate_4h",
            "binance_usdm",
            {"premium": 1e-3, **RATES, "interval_hours": 4},
            2.5e-4,
        ),
        ("funding_rate_hourly", "hyperliquid", {"premium": "0.01", **RATES}, 0.0095 / 8),
        # 1.5% of 250,000 less 1,070, from the rulebook's own table.
        ("maintenance_margin", "binance_usdm", PEPE, 2680),
        ("maintenance_margin", "binance_usdm", {"notional": 2000, "tiers": LADDER}, 30),
        ("maintenance_deduction", "hyperliquid", {"tiers": LADDER}, [0, 10]),
        ("initial_margin", "bybit", {"size": 1, "price": 100, "leverage": 10}, 10),
        ("initial_margin", "binance_usdm", {"notional": 1000, "leverage": 10}, 100),
        ("initial_margin_legacy", "deribit", {"position_btc": 100, "im": "0.1"}, 10),
        ("unrealized_pnl", "okx", {"side": "short", "size": 2, "entry": 100, "mark": 90}, 20),
        (
            "margin_ratio",
            "binance_usdm",
            {**LONG, "wallet": 20, "mark": 90},
            {"margin_ratio": 0.09},
        ),
        ("liquidation_price_isolated", "bybit", {**LONG, "added_margin": 5}, 86),
        # 100 + 2 (p - 100) at 1% of 2 p, and 3 for the short that stays where it is.
        (
            "liquidation_price_cross",
            "binance_usdm",
            {"wallet": 100, "positions": HEDGE, "target": "ETHUSDT"},
            103 / 1.98,
        ),
    ],
)
def test_a_topic(topic: str, venue: str, inputs: dict[str, object], expected: object) -> None:
    made = answer(topic, venue, inputs, expected)

    assert made.status == "pass", (made.found, made.detail)


@pytest.mark.parametrize(
    "names",
    [
        {"side": "LONG", "quantity": "1", "entryPrice": "100", "isolated_margin": 10.0},
        {"direction": "long", "positionAmt": 1, "avg_entry_price": 100, "isolatedWallet": "10"},
        {"size": "1", "entry": "100.0", "leverage": "10"},
    ],
)
def test_inputs_go_by_many_names(names: dict[str, object]) -> None:
    made = answer("liquidation_price_isolated", "binance_usdm", {**names, "mmr": "0.01"}, 90 / 0.99)

    assert made.status == "pass", made


def test_positions_may_be_a_list() -> None:
    rows = [{"symbol": symbol, **row} for symbol, row in HEDGE.items()]
    inputs = {"wallet": 100, "positions": rows, "target": "ETHUSDT"}

    assert answer("liquidation_price_cross", "binance_usdm", inputs, 103 / 1.98).status == "pass"


def test_a_long_and_a_short_in_one_contract_are_a_hedge() -> None:
    """(100 - 1000 + 400) / (10 * 1% + 4 * 1% - 10 + 4), by Binance's formula for both sides."""
    rows = [
        {"symbol": "BTCUSDT", "side": side, "qty": qty, "entry": 100, "mmr": "0.01"}
        for side, qty in (("LONG", 10), ("SHORT", 4))
    ]
    inputs = {"wallet": 100, "positions": rows, "target": "BTCUSDT"}
    made = answer("liquidation_price_cross_hedge", "binance_usdm", inputs, 500 / 5.86)

    assert made.status == "pass", made


@pytest.mark.parametrize(
    ("topic", "venue", "inputs", "told"),
    [
        ("unified_equity", "bitmex", {"assets": COINS}, "BitMEX has no unified account"),
        (
            "unified_equity",
            "bybit",
            {"assets": {"DOGE": {"balance": 1, "price": 1}}},
            "DOGE has neither",
        ),
        ("unified_equity", "bybit", {}, "assets was not given"),
        ("auto_margin", "okx", {**LONG, "mark": 90, "available": 5}, "OKX does not add margin"),
        ("maintenance_margin", "bybit", {"notional": 5}, "neither mmr nor tiers nor a symbol"),
        (
            "portfolio_margin_mmr",
            "okx",
            {"BTC": 3},
            "none of MR1, MR2, MR3, MR4, MR5, MR6, MR7 was given",
        ),
        ("portfolio_margin_with_spot", "okx", {"assets": COINS}, "positions was not given"),
        ("portfolio_margin_with_spot", "hyperliquid", {"assets": COINS}, "no portfolio margin"),
        ("weather", "okx", {}, "--topics"),
    ],
)
def test_what_is_missing_is_said(
    topic: str, venue: str, inputs: dict[str, object], told: str
) -> None:
    made = answer(topic, venue, inputs)

    assert made.status == "unsupported"
    assert told in made.detail


def test_a_figure_that_the_topic_does_not_use_is_named() -> None:
    made = answer("liquidation_price_isolated", "bybit", {**LONG, "rebate": "0.3"}, 1)

    assert (made.status, made.detail) == ("fail", "the topic does not use rebate")


def test_every_topic_says_what_it_needs() -> None:
    told = list(topics())

    assert len(told) > len(TOPICS) + len(FAMILIES)
    assert all(topic.what and (topic.inputs or "unsupported" in topic.what) for topic in told)
    listed = CliRunner().invoke(app, ["vectors", "--topics"])
    facts = json.loads(CliRunner().invoke(app, ["vectors", "--topics", "--json"]).stdout)
    assert listed.exit_code == 0
    assert "inputs: assets (balance, price" in listed.stdout.replace("\n", " ")
    assert [topic["topic"] for topic in facts["topics"]] == [topic.topic for topic in told]


@pytest.mark.parametrize("seed", range(3))
def test_spoilt_inputs_stop_nothing(seed: int) -> None:
    """An input that is gone, of another kind, negative or absurd: a result, and no exception."""
    random = Random(seed)
    junk = (None, "", "x", -1, 0, "1e-30", 10**15, [], {}, [1], {"a": 1}, True)
    for row in read(HERE / "venues.json")[::3]:
        inputs = dict(row["inputs"])
        inputs[random.choice(sorted(inputs))] = random.choice(junk)
        made = answered(msgspec.convert(row | {"inputs": inputs}, Vector))

        assert made.status in {"pass", "fail", "unsupported"}
        assert made.status != "unsupported" or made.detail


def test_the_example_of_the_page_passes(tmp_path: Path) -> None:
    page = (HERE.parents[1] / "docs" / "published_figures.md").read_text()
    path = tmp_path / "mine.json"
    path.write_text(page.split("```json\n")[1].split("```")[0])

    told = CliRunner().invoke(app, ["vectors", str(path)])

    assert "1 vector: 1 pass" in told.stdout
