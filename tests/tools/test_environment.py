"""A scenario as a Gymnasium environment."""

import sys
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from tools.environment import OBSERVED, TradingEnvironment
from tools.scenario import ScenarioError

STEPPED = """
name = "stepped"
recorded_marks = true
[rules.fees]
maker = "0"
taker = "0"
[[instruments]]
symbol = "BTC"
settle = "USD"
tick_size = "1"
lot_size = "1"
mark_unit = "0.01"
money_unit = "0.01"
"""
MADE = "tools.environment:plimsoll/Trading-v0"
PRICES = (100, 100, 110, 99, 60, 60)


@pytest.fixture
def stepped(tmp_path: Path) -> str:
    """A market that is at a price for a second each, a dollar wide."""
    steps = "".join(
        f"""
        [[steps]]
        at = "+{second}"
        mark = {{ BTC = "{price}" }}
        [[steps]]
        at = "+{second}"
        book = {{ symbol = "BTC", bids = [["{price}", "1000"]], asks = [["{price + 1}", "1000"]] }}
        """
        for second, price in enumerate(PRICES)
    )
    path = tmp_path / "stepped.toml"
    path.write_text(STEPPED + steps)
    return str(path)


def environment(scenario: str) -> TradingEnvironment:
    return TradingEnvironment(scenario, deposit="1000", leverage=5, position_max="50", history=2)


def go(part: float) -> np.ndarray:
    return np.array([part], np.float32)


def test_it_passes_gymnasiums_own_checks() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(MADE).unwrapped)


def test_many_of_them_step_together() -> None:
    many = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make(MADE)] * 3)

    first, _ = many.reset(seed=5)
    many.action_space.seed(5)
    for _ in range(3):
        seen, rewards, *_ = many.step(many.action_space.sample())

    assert first.shape == seen.shape == (3, len(OBSERVED) + 8)
    assert len(set(rewards)) == 3, "each has a market of its own"
    many.close()


def test_the_same_seed_and_actions_are_the_same_episode() -> None:
    def episode(seed: int) -> list[float]:
        own = TradingEnvironment()
        own.reset(seed=seed)
        return [float(own.step(go(part))[1]) for part in (0.5, -0.5, 1, 0)]

    assert episode(7) == episode(7) != episode(8)


def test_the_reward_is_what_the_account_gained(stepped: str) -> None:
    """Ten lots bought at 101 and marked at 110: 90 dollars of 1,000.  Then 110 lost at 99."""
    own = environment(stepped)
    own.reset()

    own.step(go(0))
    _, reward, terminated, truncated, info = own.step(go(0.2))
    assert (reward, terminated, truncated) == (0.09, False, False)
    assert (info["position"], info["total"], info["mark"]) == ("10", "1090", "110")

    _, reward, *_ = own.step(go(0.2))
    assert reward == -0.11


def test_what_is_seen_is_told_in_per_cent(stepped: str) -> None:
    own = environment(stepped)
    own.reset()
    own.step(go(0))
    seen, *_ = own.step(go(0.2))

    told = dict(zip(OBSERVED, seen, strict=False))
    assert told["position"] == 20
    assert told["equity"] == 9
    assert told["mark price"] == 10
    assert told["imbalance"] == 0
    assert list(seen[-2:]) == [0, 10]


def test_a_liquidation_ends_the_episode(stepped: str) -> None:
    """45 lots that were bought at 101 with 1,000 dollars cannot fall to 60."""
    own = environment(stepped)
    own.reset()
    ends = [own.step(go(0.9))[2] for _ in range(4)]

    assert ends == [False, False, False, True]


def test_the_end_of_the_scenario_truncates_it(stepped: str) -> None:
    own = environment(stepped)
    own.reset()

    assert [own.step(go(0))[3] for _ in range(5)] == [False, False, False, False, True]


def test_the_account_is_told_in_a_line() -> None:
    own = TradingEnvironment(render_mode="ansi")
    own.reset(seed=1)

    assert "position 0 total 100000" in str(own.render())


def test_the_agents_account_is_not_one_of_the_scenarios() -> None:
    with pytest.raises(ScenarioError, match="account 'maker' is the scenario's own"):
        TradingEnvironment("gallery/market-maker", account="maker")


def test_without_gymnasium_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    monkeypatch.delitem(sys.modules, "tools.environment")

    with pytest.raises(ImportError, match=r"pip install 'plimsoll\[rl\]'"):
        import tools.environment  # noqa: F401, PLC0415
