"""A scenario as a Gymnasium environment: one account of its market is the agent's.

The same venue, runtime and latencies as in a run; time passes when the agent has acted, and not
else.  Needs the extra `rl`.

    gymnasium.make("tools.environment:plimsoll/Trading-v0", scenario="gallery/noise-trader")
"""

from collections import deque
from collections.abc import Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, SupportsFloat

from msgspec.structs import replace

from exchange.core.messages import (
    AccountView,
)
from exchange.journal import Journal
from strategies.streams import Seconds, nanos
from tools import scenario as scenarios
from tools.build import Run
from tools.desk import Desk
from tools.scenario import AccountPart, Scenario, ScenarioError

try:
    import gymnasium
    import numpy as np
    from gymnasium import spaces
    from numpy.typing import NDArray
except ImportError as missing:
    raise ImportError(
        "the environment needs gymnasium, which is not installed: pip install 'plimsoll[rl]'"
    ) from missing

OBSERVED: Final = (
    "position",
    "equity",
    "margin ratio",
    "mark price",
    "middle",
    "spread",
    "imbalance",
)
"""All in per cent: the position, of the largest; the change of the account's total, of the deposit;
maintenance margin, of equity; the change of the mark since the first one; the middle's distance
from the mark; the spread, of the middle; bid size less ask size, of both.  After them come the
changes of the mark in the latest steps, the oldest first."""
BOUND: Final = 1_000.0
"""What is observed is cut off at this many per cent."""


class TradingEnvironment(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """Hold a position in one instrument, step by step.

    Action: the position to have, from -1 (short `position_max`) to 1 (long); the difference to
    what is held is traded at the market.  Observation: see OBSERVED.  Reward: the change of the
    account's total, as a part of its deposit.  An episode is terminated when the account is
    liquidated, and truncated when the scenario is over.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012 (Gymnasium's interface)

    def __init__(
        self,
        scenario: str = "gallery/noise-trader",
        *,
        account: str = "agent",
        symbol: str = "",
        deposit: str = "100000",
        leverage: int = 10,
        position_max: str = "1",
        step_seconds: Seconds = 1,
        history: int = 8,
        reseeded: bool = True,
        render_mode: str | None = None,
    ) -> None:
        """`account` is added to the scenario.  `symbol`: the first one's if empty.

        `reseeded`: each episode has a market of its own, by the seed of `reset`; else all have
        the scenario's.  Raises ScenarioError.
        """
        self._path = scenarios.find(scenario)
        self._scenario = joined(
            scenarios.read(self._path), self._path, account, deposit, symbol, leverage
        )
        self._account = account
        self._symbol = symbol or self._scenario.instruments[0].symbol
        self._step = nanos(step_seconds)
        self._reseeded = reseeded
        self.render_mode = render_mode
        self._instrument = Run(self._scenario, self._path).instruments[self._symbol]
        self._position_max = self._instrument.size(position_max)
        self._deposit = self._instrument.money(deposit)
        self._history = history
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        shape = (len(OBSERVED) + history,)
        self.observation_space = spaces.Box(-BOUND, BOUND, shape, np.float32)

    # -------------------------------------------------------------- Gymnasium's interface

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode, at the first mark that the agent hears of."""
        super().reset(seed=seed, options=options)
        scenario = self._scenario
        if self._reseeded:
            scenario = replace(scenario, seed=int(self.np_random.integers(1 << 31)))
        self._desk = Desk(self._account, self._symbol)
        self._simulation = Run(scenario, self._path).prepared(Journal(), guests=[self._desk])
        self._marks = deque([0] * (self._history + 1), maxlen=self._history + 1)
        self._first_mark = 0
        self._pass(0)
        while self._desk.mark(self._symbol) is None and not self._simulation.is_over:
            self._pass(self._step)
        self._total = self._view().total
        return self._observation(), self._info()

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], SupportsFloat, bool, bool, dict[str, Any]]:
        """Trade towards a position, and let a step pass."""
        part = min(max(float(action[0]), -1.0), 1.0)
        difference = round(part * self._position_max) - self._desk.position(self._symbol)
        if difference:
            self._desk.trade(difference)
        self._pass(self._step)
        before, self._total = self._total, self._view().total
        reward = (self._total - before) / self._deposit
        is_liquidated = self._desk.liquidations > 0 or self._total <= 0
        return self._observation(), reward, is_liquidated, self._simulation.is_over, self._info()

    def render(self) -> str | None:
        """The account in a line."""
        if self.render_mode != "ansi":
            return None
        info = self._info()
        return " ".join(f"{name} {value}" for name, value in info.items())

    def close(self) -> None:
        """End the episode."""
        if hasattr(self, "_simulation"):
            self._simulation.close()

    # ------------------------------------------------------------------------- inside

    def _pass(self, time: int) -> None:
        let_pass(self._simulation.advance(self._simulation.now + time))
        mark = self._desk.mark(self._symbol) or 0
        self._first_mark = self._first_mark or mark
        self._marks.append(mark)

    def _view(self) -> AccountView:
        return self._simulation.venue.account_view(self._account, self._instrument.settle)

    def _observation(self) -> NDArray[np.float32]:
        view, quote = self._view(), self._desk.quote(self._symbol)
        mark, first = self._marks[-1], self._first_mark
        bid, ask = (quote.bid, quote.ask) if quote else (0, 0)
        sizes = (quote.bid_size, quote.ask_size) if quote else (0, 0)
        middle = (bid + ask) * self._instrument.subticks / 2 if bid and ask else mark
        seen = [
            percent(self._desk.position(self._symbol), self._position_max),
            percent(view.total - self._deposit, self._deposit),
            percent(view.maintenance_margin, view.equity),
            percent(mark - first, first),
            percent(middle - mark, mark),
            percent(2 * (ask - bid), bid + ask) if bid and ask else 0.0,
            percent(sizes[0] - sizes[1], sum(sizes)),
        ]
        changes = [percent(after - before, before) for before, after in pairwise(self._marks)]
        return np.clip(np.array(seen + changes, np.float32), -BOUND, BOUND)

    def _info(self) -> dict[str, Any]:
        own = self._instrument
        return {
            "at": self._simulation.now,
            "position": own.size_text(self._desk.position(self._symbol)),
            "total": own.money_text(self._view().total),
            "mark": own.mark_text(self._marks[-1]),
        }


def joined(
    scenario: Scenario, path: Path, account: str, deposit: str, symbol: str, leverage: int
) -> Scenario:
    """A scenario with one account more.  Raises ScenarioError where there is one of that name."""
    if account in {part.name for part in scenario.accounts}:
        raise ScenarioError(f"{path}: account {account!r} is the scenario's own, expected another")
    instrument = scenario.instruments[0]
    part = AccountPart(
        name=account,
        deposits={instrument.settle: deposit},
        leverage={symbol or instrument.symbol: leverage},
    )
    return replace(scenario, accounts=(*scenario.accounts, part))


def percent(part: float, whole: float) -> float:
    """A part of a whole in per cent; of nothing, nothing."""
    return 100.0 * part / whole if whole else 0.0


def let_pass(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that waits for nobody, without an event loop: notebooks have their own."""
    try:
        while coroutine.send(None) is None:
            pass
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("a feed waited for something outside of the run, expected one that does not")


gymnasium.register("plimsoll/Trading-v0", "tools.environment:TradingEnvironment")
