"""Who trades in a scenario."""

from pathlib import Path

import pytest

from exchange.core.units import UnitError
from strategies import Watchdog
from strategies.gallery.hedged_holder import HedgedHolder
from tools.scenario import LatencyPart, Population, StrategyPart
from tools.traders import Traders

LEGS = {"long": "BTC", "long_size": "1", "short": "ETH", "short_size": "1"}
HEDGE = StrategyPart(strategy="hedged_holder", account="alice", parameters=LEGS)


def traders(folder: Path = Path()) -> Traders:
    return Traders(folder, {}, ["alice", "bob"], Watchdog())


def test_a_strategy_has_an_account_and_perhaps_a_line_of_its_own() -> None:
    made = traders()
    near = StrategyPart(
        strategy="hedged_holder",
        account="bob",
        name="hedge",
        parameters=LEGS,
        latency=LatencyPart(entry_ms="1"),
    )

    sessions = [made.session(HEDGE), made.session(near)]

    assert [(s.name, s.account) for s in sessions] == [("alice", "alice"), ("hedge", "bob")]
    assert list(made.latencies) == ["bob"]


def test_everybody_in_a_population_may_trade() -> None:
    crowd = Population(
        name="crowd",
        count=3,
        symbols={"BTC": 1},
        leverage={"10": 1},
        strategy="hedged_holder",
        parameters=LEGS,
    )

    sessions = traders().crowd(crowd)

    assert [session.account for session in sessions] == ["crowd-1", "crowd-2", "crowd-3"]
    assert all(session._kind is HedgedHolder for session in sessions)


BAD = [
    (StrategyPart(strategy="hedged_holder", account="carol"), "account was 'carol', expected one"),
    (HEDGE, "account was 'alice', which hedged_holder trades already"),
    (
        StrategyPart(strategy="hedged_holder", account="bob", parameters={"long": 5}),
        "parameters: long was a whole number, expected text in quotes",
    ),
    (
        StrategyPart(strategy="hedged_holder", account="bob", symbols=("XRP",), parameters=LEGS),
        "XRP",
    ),
]


@pytest.mark.parametrize(("part", "complaint"), BAD)
def test_what_does_not_fit_is_told(part: StrategyPart, complaint: str) -> None:
    made = traders()
    made.session(HEDGE)

    with pytest.raises(UnitError) as caught:
        made.session(part)

    assert complaint in str(caught.value)
