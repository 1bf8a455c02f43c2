"""Who trades in a scenario: the sessions of its strategies, and of populations that have one."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from exchange.core.instrument import Instrument
from exchange.core.units import UnitError
from exchange.latency import Latency
from exchange.toml_file import FieldError, convert
from strategies import Parameters, Session, Strategy, Watchdog, load
from tools.scenario import Population, StrategyPart
from tools.steps import listed
from tools.travel import latency


class Traders:
    """Makes sessions.  Raises UnitError, StrategyError or LatencyError, naming the field."""

    def __init__(
        self,
        folder: Path,
        instruments: Mapping[str, Instrument],
        accounts: Iterable[str],
        watchdog: Watchdog,
    ) -> None:
        """`folder`: where files are looked for.  `accounts`: those that a strategy may trade."""
        self.latencies: dict[str, Latency] = {}
        """Of the accounts that have a line of their own."""
        self._folder = folder
        self._instruments = instruments
        self._accounts = list(accounts)
        self._watchdog = watchdog
        self._taken: dict[str, str] = {}

    def session(self, part: StrategyPart) -> Session:
        """The session of one strategy."""
        self._take(part)
        for symbol in part.symbols:
            listed(self._instruments, symbol)
        kind, parameters = self._strategy(part.strategy, part.parameters)
        if part.latency is not None:
            self.latencies[part.account] = latency(part.latency, self._folder)
        symbols = frozenset(part.symbols) if part.symbols else None
        name = part.name or part.account
        return Session(name, part.account, kind, parameters, self._watchdog, symbols)

    def crowd(self, population: Population) -> list[Session]:
        """A session for each account of a population."""
        if not population.strategy:
            return []
        kind, parameters = self._strategy(population.strategy, population.parameters)
        names = [f"{population.name}-{number}" for number in range(1, population.count + 1)]
        return [Session(name, name, kind, parameters, self._watchdog) for name in names]

    def _strategy(self, name: str, given: dict[str, Any]) -> tuple[type[Strategy], Parameters]:
        kind = load(name, self._folder)
        try:
            return kind, convert(given, kind.takes)
        except FieldError as error:
            raise UnitError(f"parameters: {error}") from None

    def _take(self, part: StrategyPart) -> None:
        if part.account not in self._accounts:
            known = ", ".join(self._accounts) or "none"
            raise UnitError(f"account was {part.account!r}, expected one of {known}")
        if part.account in self._taken:
            raise UnitError(
                f"account was {part.account!r}, which {self._taken[part.account]} trades already"
            )
        self._taken[part.account] = part.strategy
