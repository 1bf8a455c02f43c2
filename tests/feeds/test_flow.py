"""Synthetic order flow: chance without logarithms, and traders who are ordinary clients."""

import asyncio
from collections import Counter
from fractions import Fraction
from math import exp, factorial
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from exchange.core.messages import (
    HISTORY,
    Event,
    LiquidationStarted,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    QuoteChanged,
)
from exchange.core.units import SECOND
from exchange.journal import Journal
from feeds.bridge import seeded
from feeds.flow.chance import Wheel, arrivals, exponential, wait
from feeds.flow.hawkes import CHILDREN, scaled, spectral_radius
from tools import scenario as scenarios
from tools.build import Run
from tools.experiments.facts import excess_kurtosis, mean
from tools.experiments.flow_cells import moves, watched
from tools.scenario import Outputs, Scenario, ScenarioError

MODELS = ("zero-intelligence", "santa-fe", "hawkes", "chiarella", "retail")


def shipped(name: str, until: str = "+60", **flow: Any) -> Scenario:
    """A shipped scenario, shorter, its last flow changed."""
    scenario = scenarios.read(scenarios.find(f"flow/{name}"))
    *others, last = scenario.flows
    return replace(scenario, until=until, flows=(*others, replace(last, **flow)))


def played(scenario: Scenario) -> tuple[str, list[Event]]:
    """Digest and events."""
    events: list[Event] = []
    run = Run(
        replace(scenario, outputs=Outputs(quotes=True)),
        scenarios.find(f"flow/{scenario.name}"),
    )
    outcome = asyncio.run(run.go(Journal(), [events.append]))
    return outcome.digest, events


def test_waiting_times_are_exponential() -> None:
    random = seeded(1)
    drawn = [exponential(random) for _ in range(20_000)]

    assert mean(drawn) == pytest.approx(1, abs=0.02)
    for time in (0.5, 1, 3):
        longer = sum(one > time for one in drawn) / len(drawn)
        assert longer == pytest.approx(exp(-time), abs=0.01)


def test_numbers_of_arrivals_are_poisson() -> None:
    random = seeded(1)
    counts = Counter(arrivals(1.5, random) for _ in range(20_000))

    for count in range(5):
        chance = exp(-1.5) * 1.5**count / factorial(count)
        assert counts[count] / 20_000 == pytest.approx(chance, abs=0.01)


def test_a_wheel_draws_by_weight_and_time_always_passes() -> None:
    random = seeded(1)
    counts = Counter(Wheel([1, 0, 3]).draw(random) for _ in range(4_000))

    assert set(counts) == {0, 2}
    assert counts[2] == pytest.approx(3_000, abs=100)
    assert min(wait(10.0**9, random) for _ in range(1_000)) == 1
    assert mean([wait(2, random) / SECOND for _ in range(4_000)]) == pytest.approx(0.5, abs=0.03)


def test_chance_is_the_same_on_every_machine() -> None:
    """Comparisons and sums of uniform draws: these very digits, whatever the C library."""
    random = Random(1)

    drawn = [f"{exponential(random):.15f}" for _ in range(3)]

    assert drawn == ["0.134364244112401", "1.449491064788738", "0.788723351135513"]


def test_the_branching_ratio_is_the_one_that_is_asked_for() -> None:
    """By hand, of ((0.1, 0.2), (0.2, 0.2)): half of 0.3 + sqrt(0.1^2 + 4 * 0.2^2)."""
    table = (((0.1, 0.0), (0.2, 0.0)), ((0.2, 0.0), (0.2, 0.0)))

    assert spectral_radius(table) == pytest.approx((0.3 + 0.17**0.5) / 2)
    assert spectral_radius(scaled(0.85)) == pytest.approx(0.85)
    assert all(len(row) == len(CHILDREN) for row in CHILDREN)


@pytest.mark.parametrize("model", MODELS)
def test_one_seed_is_one_market(model: str) -> None:
    first, events = played(shipped(model))

    assert any(isinstance(event, OrderFilled) for event in events) or model == "chiarella"
    assert played(shipped(model))[0] == first
    assert played(replace(shipped(model), seed=2))[0] != first


@pytest.mark.parametrize("model", MODELS[:4])
def test_nobody_is_refused_and_the_book_never_crosses(model: str) -> None:
    _, events = played(shipped(model, until="+120"))

    assert not [event for event in events if type(event).__name__ == "CommandRejected"]
    quotes = [event for event in events if isinstance(event, QuoteChanged)]
    assert all(quote.bid < quote.ask for quote in quotes if quote.bid and quote.ask)


def test_they_are_clients_like_others() -> None:
    """Their orders are accepted, rest, are filled or cancelled; history has no part in it."""
    _, events = played(shipped("zero-intelligence"))

    kinds = {type(event) for event in events if getattr(event, "account", "") != HISTORY}
    assert {OrderAccepted, OrderFilled, OrderCancelled} <= kinds
    assert {event.account for event in events if isinstance(event, OrderFilled)} == {
        "zero-intelligence-1",
        "zero-intelligence-2",
    }


@pytest.mark.parametrize(("limit", "market", "cancel"), [(0.02, 0.5, 0.04), (0.02, 0.25, 0.04)])
def test_the_spread_is_that_of_the_santa_fe_formula(
    limit: float, market: float, cancel: float
) -> None:
    """(mu / alpha) * (0.28 + 1.86 * (delta / mu) ** 0.75), by Farmer, Patelli and Zovko.

    arXiv cond-mat/0309233.  Rates are of one side, and an order is of size 1.
    """
    rates = {"limit": (str(limit),), "market": str(market), "cancel": (str(cancel),)}
    scenario = shipped("santa-fe", until="+1800", reach=120, **rates)

    spreads = watched(scenario, "flow/santa-fe").spreads[12:]

    expected = market / limit * (0.28 + 1.86 * (cancel / market) ** 0.75)
    assert mean([float(one) for one in spreads]) == pytest.approx(expected, rel=0.2)


def test_a_queue_far_from_the_price_holds_what_comes_over_what_goes() -> None:
    """Without market orders nearby, a level is an M/M/infinity queue: mean limit / cancel."""
    scenario = shipped("santa-fe", until="+60", market="0.001", limit=("0.5",), cancel=("0.1",))
    run = Run(scenario, scenarios.find("flow/santa-fe"))
    asyncio.run(run.go(Journal()))

    book = run.simulation.venue.book_view("BTCUSDT", 40)

    lots = [size for side in (book.bids, book.asks) for _, size in side[5:35]]
    assert mean([size / 100 for size in lots]) == pytest.approx(5, rel=0.2)


def test_agents_without_chartists_trade_around_the_fundamental_price() -> None:
    quiet = shipped("chiarella", until="+1800", chartists="0", wandering="0")
    watch = watched(quiet, "flow/chiarella")

    assert mean(watch.middles[60:]) == pytest.approx(12_000, rel=0.01)


def test_retail_has_the_stated_leverages() -> None:
    run = Run(shipped("retail"), scenarios.find("flow/retail"))
    crowd = run.flows[1]

    drawn = [crowd.leverage_of(seat) for seat in crowd.seats]
    assert set(drawn) == {3, 10, 25, 100}
    assert mean([float(one) for one in drawn]) == pytest.approx(30, abs=8)
    assert 70 <= sum(one <= 25 for one in drawn) <= 90


def test_liquidations_feed_back() -> None:
    """The same bets with deep pockets: nobody is liquidated, and the tails are thinner."""
    bets = shipped("retail", until="+1200")
    deep = shipped("retail", until="+1200", stake="2000", deposit="100000000", isolated=False)

    with_it, without = (watched(one, "flow/retail") for one in (bets, deep))

    assert with_it.liquidations > 10
    assert without.liquidations == 0
    assert excess_kurtosis(moves(with_it.middles[12:])) > 2 * excess_kurtosis(
        moves(without.middles[12:])
    )


def test_a_liquidation_takes_what_the_flow_has_put_into_the_book() -> None:
    _, events = played(shipped("retail", until="+900"))

    first = next(n for n, event in enumerate(events) if isinstance(event, LiquidationStarted))
    failed = events[first]
    assert isinstance(failed, LiquidationStarted)
    sold = [
        event
        for event in events[first : first + 40]
        if isinstance(event, OrderFilled) and event.at == failed.at and event.maker
    ]
    assert {event.account for event in sold} == {"zero-intelligence-1"}


@pytest.mark.parametrize(
    ("model", "flow", "error"),
    [
        ("santa-fe", {"market": "0"}, "market was 0, expected more than 0"),
        ("santa-fe", {"limit": ("1", "-1")}, r"limit\[1\] was -1, expected more than 0"),
        ("santa-fe", {"price": "60001"}, "price was 60001, expected a multiple of 5"),
        ("santa-fe", {"symbol": "ETHUSDT"}, "ETHUSDT"),
        ("hawkes", {"branching": "1"}, "branching was 1, .*expected less than 1"),
        ("hawkes", {"delays": ("1",)}, "1 delays, 3 shares"),
        ("chiarella", {"agents": 0}, "agents were 0, .*expected 1 or more"),
        ("retail", {"leverage": {"1000": 1}}, "leverage of BTCUSDT was 1000, expected 1 to 125"),
        ("retail", {"follow_percent": 101}, "follow_percent 101, expected 1 or more, and 0 to 100"),
    ],
)
def test_parameters_that_make_no_flow_are_refused(
    model: str, flow: dict[str, Any], error: str
) -> None:
    with pytest.raises(ScenarioError, match=f"flows.*{error}"):
        Run(shipped(model, **flow), scenarios.find(f"flow/{model}"))


def test_a_flow_has_no_end_of_its_own() -> None:
    with pytest.raises(ScenarioError, match="expected the scenario to say `until`"):
        Run(shipped("hawkes", until=""), scenarios.find("flow/hawkes"))


def test_a_scenario_with_flows_is_written_out_whole() -> None:
    scenario = shipped("retail")

    assert scenarios.decode(scenarios.text(scenario).encode(), Scenario) == scenario


def test_sizes_are_exact() -> None:
    run = Run(shipped("hawkes"), scenarios.find("flow/hawkes"))

    assert run.flows[0].size * run.flows[0].instrument.lot_size == Fraction(1, 10)
