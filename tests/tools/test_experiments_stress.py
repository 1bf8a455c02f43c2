"""The stress days: what they are calibrated to, and what each of them shows."""

import asyncio
from fractions import Fraction

import pytest
from msgspec.structs import replace

from exchange.core.messages import (
    CommandRejected,
    Event,
    LiquidationStarted,
    OrderFilled,
    PhaseChanged,
    Side,
    TradeKind,
    Withdrawn,
)
from exchange.journal import Journal
from tests.played import played
from tools import scenario as scenarios
from tools.build import Run
from tools.experiments.stress import (
    Asked,
    StressDay,
    asked_of,
    family,
    reported_of,
    stress_day,
    stress_days,
)
from tools.experiments.stress_report import stress_facts, tell_stress
from tools.experiments.toll import Toll
from tools.population import entry, members
from tools.report import paper
from tools.scenario import ScenarioError

MILLION = 1_000_000
MAINTENANCE = Fraction(4, 1000)


def day(name: str, until: str = "", *, with_steps: bool = True) -> StressDay:
    return stress_day(Asked(f"stress/{name}", with_steps=with_steps, until=until))


def test_the_family_is_in_the_order_of_time() -> None:
    assert family() == [
        "stress/okex-2018-07-31",
        "stress/deribit-2019-10-31",
        "stress/bitmex-2020-03-12",
        "stress/bitmex-2020-03-13",
        "stress/bitcoin-2021-05-19",
        "stress/bitcoin-2024-08-05",
        "stress/hyperliquid-2025-03-12",
        "stress/jelly-2025-03-26",
        "stress/bitcoin-2025-10-10",
        "stress/hyperliquid-2025-10-10",
    ]


@pytest.mark.parametrize("name", family())
def test_the_open_interest_is_the_published_one(name: str) -> None:
    """Within 2 per cent, by the stated scale; the venue admits the crowd, but for one."""
    one = stress_day(Asked(name, with_steps=True, until="+6"))
    reported = reported_of(scenarios.read(scenarios.find(name)))

    assert reported.sources
    assert reported.remark
    assert one.refused <= 1
    if one.open_interest_reported is not None:
        assert one.open_interest == pytest.approx(one.open_interest_reported, rel=0.02)


def test_so_much_of_a_mixed_crowd_is_near() -> None:
    """Of the longs, by notional: 11 per cent fail within 5 of the first mark, 26 within 10."""
    path = scenarios.find("stress/bitcoin-2025-10-10")
    run = Run(scenarios.read(path), path)
    (own,) = run.instruments.values()
    mark = own.mark(run.scenario.synthetic[0].minutes[0].open)
    fails_at = []
    for seed in range(1, 5):
        for member in members(run.scenario.populations[0], seed):
            if member.side is Side.BUY:
                begun, leverage = entry(member, own, mark)
                price = begun.price * own.subticks * (1 - Fraction(1, leverage))
                fails_at.append((begun.size, price / (1 - MAINTENANCE)))

    def within(percent: int) -> float:
        near = sum(size for size, price in fails_at if price * 100 > mark * (100 - percent))
        return near / sum(size for size, _ in fails_at)

    assert (within(5), within(10)) == pytest.approx((0.11, 0.26), abs=0.015)


# -------------------------------------------------------------------------- the incidents


def test_okex_the_winners_bear_what_the_fund_cannot() -> None:
    """Some 1,200 BTC, 17 to 18 per cent of what they had won, beside 2,510 of the fund's."""
    one = day("okex-2018-07-31")
    winners = 6_895

    assert one.fund_change / -7_483 == 2_510
    assert float(one.socialised / 7_483) == pytest.approx(1_220, abs=1)
    assert 0.17 < float(one.socialised / 7_483 / winners) < 0.18


def test_deribit_a_wrong_index_liquidates_whom_a_right_one_leaves_alone() -> None:
    wrong, right = (day("deribit-2019-10-31", with_steps=wrong) for wrong in (True, False))

    assert wrong.accounts > 50
    assert (right.accounts, right.liquidated, right.fund_change) == (0, 0, 0)


def test_hyperliquid_the_vault_loses_what_the_whale_wins() -> None:
    """Reported: 4 million lost and 1.8 million won; only the first is calibrated."""
    one, run = day("hyperliquid-2025-03-12"), played("stress/hyperliquid-2025-03-12")

    (withdrawn,) = run.only(Withdrawn)
    assert run.in_money(withdrawn.amount) - 15_230_000 == 1_860_000
    assert run.view("whale", "USDC").total == 0
    assert float(one.fund_change) == pytest.approx(-4 * MILLION, rel=0.1)


def test_hyperliquid_at_a_leverage_of_25_the_withdrawal_is_refused() -> None:
    path = scenarios.find("stress/hyperliquid-2025-03-12")
    scenario = scenarios.read(path)
    tier = {"floor": "0", "maintenance": "0.02", "leverage_max": 25}
    accounts = (replace(scenario.accounts[0], leverage={"ETH": 25}),)
    rules = scenario.rules | {"tiers": [tier]}
    events: list[Event] = []
    run = Run(replace(scenario, rules=rules, accounts=accounts), path)

    asyncio.run(run.go(Journal(), [events.append]))

    kinds = {type(event) for event in events}
    assert CommandRejected in kinds
    assert not kinds & {Withdrawn, LiquidationStarted}


def test_jelly_the_settlement_price_turns_the_loss() -> None:
    """10.6 to 13.5 million lost at the marks between 0.0384 and 0.045; 703 thousand won at last."""
    lost = [day("jelly-2025-03-26", until).fund_change for until in ("+1801", "+3601")]

    assert [float(one / MILLION) for one in lost] == pytest.approx([-10.8, -13.4], abs=0.1)
    assert day("jelly-2025-03-26").fund_change == 703_000


def test_bitmex_nobody_is_liquidated_in_the_halt() -> None:
    run = played("stress/bitmex-2020-03-13")
    begins, ends = (event.at for event in run.only(PhaseChanged))
    forced = [
        event.at
        for event in run.only(OrderFilled)
        if event.kind in {TradeKind.LIQUIDATION, TradeKind.TAKEOVER}
    ]

    assert not [at for at in forced if begins < at < ends]
    assert ends in forced


def test_the_deeper_march_day_is_nearly_what_was_reported() -> None:
    one = day("bitmex-2020-03-12")

    assert 0.9 < float(one.ratio or 0) < 1
    assert float(one.fall) == pytest.approx(-0.293, abs=0.001)
    assert one.taken_over == one.liquidated


def test_without_a_bound_the_fund_s_money_sweeps_the_book() -> None:
    """Binance's band of 5 per cent keeps liquidations near the mark; without it, the book's end."""
    path = scenarios.find("stress/bitcoin-2025-10-10")
    scenario = scenarios.read(path)
    wicks = []
    for limit in ("market_band", "bankruptcy_price"):
        rules = scenario.rules | {"liquidation": {"fund_limit": limit}}
        run = Run(replace(scenario, rules=rules), path, until="2025-10-10T21:17:30")
        toll = Toll(run.instruments)
        asyncio.run(run.go(Journal(), [toll.observe]))
        wicks.append(float(toll.wick))

    assert -0.05 < wicks[0] < -0.045
    assert wicks[1] < -0.08


# ------------------------------------------------------------------------------ the table


def test_a_day_whose_steps_are_an_incident_is_run_without_them_too() -> None:
    assert [one.with_steps for one in asked_of("stress/bitmex-2020-03-13")] == [True, False]
    assert [one.with_steps for one in asked_of("stress/okex-2018-07-31")] == [True]


def test_the_table_has_a_row_for_each_run(capsys: pytest.CaptureFixture[str]) -> None:
    days = stress_days(["stress/okex-2018-07-31", "stress/jelly-2025-03-26"], quiet=True)

    tell_stress(paper(), days)

    told = capsys.readouterr().out
    rows = [line.split() for line in told.splitlines() if line.startswith(("okex", "jelly"))]
    assert [row[:3] for row in rows[:2]] == [
        ["okex-2018-07-31", "1", "-8.7%"],
        ["jelly-2025-03-26", "1", "+373.7%"],
    ]
    assert "…" not in told


def test_facts_for_machines_are_exact() -> None:
    (facts,) = stress_facts([day("okex-2018-07-31")])

    liquidated, reported = Fraction(facts["liquidated"]), Fraction(facts["liquidated_reported"])
    assert (liquidated, reported) == (416_851_500, 416_900_000)
    assert facts["ratio"] == "0.999883665148"


def test_a_scenario_that_says_nothing_of_a_day_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"had no \[reported\], expected what was published"):
        stress_days(["seeds/boundary"], quiet=True)


@pytest.mark.parametrize(
    ("name", "liquidated"), [("usde-2025-10-10", {"hedged"}), ("usde-redemption", set())]
)
def test_a_hedge_falls_with_the_index_of_its_collateral(name: str, liquidated: set[str]) -> None:
    """Binance's own book said 0.65 for USDe, and others 0.90."""
    events = played(f"collateral/{name}").events

    assert {one.account for one in events if isinstance(one, LiquidationStarted)} == liquidated
