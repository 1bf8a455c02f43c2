"""From a scenario to a run that can begin.  What does not fit together is found here, before it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    HISTORY,
    Command,
    CommandRejected,
    ListInstrument,
    PositionSide,
    UpdateIndexPrice,
)
from exchange.core.rules import Rulebook
from exchange.core.units import Nanos, UnitError, decimal, exact
from exchange.core.venue import Venue
from exchange.gateway import Participant
from exchange.journal import Journal
from exchange.latency import Latency
from exchange.outcome import Outcome, Progress
from exchange.pace import Pace
from exchange.rulebook import RulebookError, load
from exchange.runtime import Observer, Simulation
from feeds import Ahead, Merge, Source, TickFileError, open_feed
from feeds.flow import Flow, Seat
from feeds.synthetic import Synthetic, SyntheticMarket
from strategies import StrategyError, Watchdog
from tools.assets import amount_of
from tools.opening import Holding, Opening
from tools.population import Member, members
from tools.samples import Sampler
from tools.scenario import (
    AccountPart,
    FeedPart,
    FlowPart,
    Scenario,
    ScenarioError,
    SyntheticPart,
    overridden,
)
from tools.script import Script
from tools.steps import listed, price_of
from tools.times import duration, moment, utc
from tools.traders import Traders
from tools.travel import latency

T = TypeVar("T")
START = "2024-01-01T00:00:00"
"""When a scenario begins that has neither a feed nor any time."""


class Run:
    """A scenario, built: everything that a run needs, before it begins.

    Raises ScenarioError with file, field, what was found and what was expected.
    """

    def __init__(
        self,
        scenario: Scenario,
        path: Path,
        *,
        until: str = "",
        speed: str = "",
        read_ahead: bool = False,
    ) -> None:
        """`path` is the scenario's file; its folder is where other files are looked for.

        `speed`: how many times as fast as life it goes; empty: as fast as it can.
        `read_ahead`: its feeds are read by another process; what comes of it is the same.
        """
        self.scenario = scenario
        self._path = path
        self.folder = path.parent
        self.watchdog = Watchdog()
        self.rulebook = self._rulebook()
        self.instruments = self._named("instruments", self._instruments)
        self._until = until or scenario.until
        outputs = scenario.outputs
        self.latency = self._named("latency", lambda: latency(scenario.latency, self.folder))
        self.sample_every, self.crowd_every = self._named(
            "outputs",
            lambda: (
                duration(outputs.sample_seconds, "sample_seconds"),
                duration(outputs.crowd_seconds, "crowd_seconds"),
            ),
        )
        names = [account.name for account in scenario.accounts]
        self.traders = Traders(self.folder, self.instruments, names, self.watchdog)
        self.sessions = self._each("strategies", scenario.strategies, self.traders.session)
        crowds = self._each("populations", scenario.populations, self.traders.crowd)
        self.crowd = [session for crowd in crowds for session in crowd]
        feed = self._feed()
        self.feed: Source | None = Ahead(feed) if feed is not None and read_ahead else feed
        self.flows = self._each("flows", scenario.flows, self._flow)
        self.start = self._named("", self._start)
        self.opening = self._opening()
        accounts = self._named("accounts", self._account_names)
        self.script = self._named("", lambda: Script(scenario.steps, self.instruments, accounts))
        if self._until:
            self._named("", lambda: moment(self._until, "until", 0))
        if self.feed is None:
            self._check_times(self.start)
        self.pace = self._named("speed", lambda: Pace(exact(speed, "speed"))) if speed else None
        self.began_at: Nanos = self.start
        """The first moment, once there is one."""
        self.simulation: Simulation
        self._sampler: Sampler | None = None

    async def go(
        self,
        journal: Journal,
        observers: Sequence[Observer] = (),
        on_progress: Callable[[Progress], None] | None = None,
        sampler: Sampler | None = None,
    ) -> Outcome:
        """Run to the end.

        Raises TickFileError where a feed stops, and ScenarioError where the feed's first moment
        shows that times do not fit.
        """
        simulation = self.prepared(journal, observers, on_progress, sampler)
        with self.watchdog.armed():
            return await simulation.run(self.pace)

    def prepared(
        self,
        journal: Journal,
        observers: Sequence[Observer] = (),
        on_progress: Callable[[Progress], None] | None = None,
        sampler: Sampler | None = None,
        guests: Sequence[Participant] = (),
    ) -> Simulation:
        """The run before it begins.  `guests` trade beside the scenario's own strategies."""
        self._sampler = sampler
        self.simulation = Simulation(
            Venue(self.rulebook),
            begin=self._begin,
            feed=self.feed,
            participants=[*self.sessions, *self.crowd, *self._seats(), *guests],
            latency=self.latency,
            latencies=self.traders.latencies | {seat.account: Latency() for seat in self._seats()},
            seed=self.scenario.seed,
            journal=journal,
            observers=[self.script.liquidations.observe, *observers],
            journal_quotes=self.scenario.outputs.quotes,
            marks_recorded=self.scenario.recorded_marks,
            start=self.start,
            on_progress=on_progress,
        )
        return self.simulation

    @property
    def end(self) -> Nanos | None:
        """When the run will end, if that is known: not where a feed goes on until it is over."""
        return self.simulation.until if hasattr(self, "simulation") else None

    def stop(self) -> None:
        """End the run soon, in good order."""
        if hasattr(self, "simulation"):
            self.simulation.stop()

    def _begin(self, at: Nanos) -> Iterator[Command]:
        self._check_times(at)
        self.began_at = at
        if self._until:
            self.simulation.until = moment(self._until, "until", at)
        yield from self.opening.commands(at)
        yield from self._first_prices(at)
        self.opening.start(self.simulation, at)
        self.script.plan(self.simulation, at)
        if self._sampler is not None:
            self._sampler.start(self.simulation)

    def _start(self) -> Nanos:
        """When the run begins; zero where a feed will tell.  Raises UnitError."""
        text = self.scenario.start
        if self.feed is None:
            # Years of marks between a start that nobody asked for and the first step help no one.
            for number, step in enumerate(self.scenario.steps):
                if not text and step.at[:1] not in {"", "+"}:
                    return moment(step.at, f"steps[{number}].at")
            return moment(text or START, "start")
        if text:
            raise UnitError(f"start was {text}, expected none: a run begins with its feeds")
        return 0

    def _check_times(self, start: Nanos) -> None:
        """Find a time before the first moment, which a feed tells only when it is read."""
        self._named("", lambda: self.script.times(start))
        for symbol, own in self.instruments.items():
            if 0 < own.expires_at <= start:
                raise ScenarioError(
                    f"{self._path}: instruments: {symbol} expiry was {utc(own.expires_at)}, "
                    f"expected after the start, {utc(start)}"
                )
        if self._until and moment(self._until, "until", start) < start:
            raise ScenarioError(
                f"{self._path}: until was {self._until}, expected {utc(start)} or later"
            )

    # ------------------------------------------------------------------------- parts

    def _rulebook(self) -> Rulebook:
        name = self.scenario.rulebook
        if name.endswith(".toml"):
            name = str(self.folder / name)
        try:
            rulebook = overridden(load(name), self.scenario.rules)
            Venue(rulebook)
        except (RulebookError, ScenarioError, UnitError) as error:
            raise ScenarioError(f"{self._path}: {error}") from None
        return rulebook

    def _instruments(self) -> dict[str, Instrument]:
        """As the venue lists them.  Raises UnitError for one that it does not."""
        trial = Venue(self.rulebook)
        for rules in self.scenario.instruments:
            if rules.symbol in trial.instruments:
                raise UnitError(f"{rules.symbol} is listed twice")
            for event in trial.apply(ListInstrument(at=0, rules=rules)):
                if isinstance(event, CommandRejected):
                    raise UnitError(event.detail)
        if not self.scenario.instruments:
            raise UnitError("there was none, expected one or more")
        return trial.instruments

    def _feed(self) -> Source | None:
        feeds = self._each("feeds", self.scenario.feeds, self._file)
        feeds += self._each("synthetic", self.scenario.synthetic, self._synthetic)
        return Merge(*feeds) if feeds else None

    def _file(self, part: FeedPart) -> Source:
        own = listed(self.instruments, part.symbol)
        return open_feed(
            self.folder / part.file,
            None if part.index else own,
            index_for=own if part.index else None,
            on_defect=part.on_defect,
            start=moment(part.start, "start") if part.start else None,
            end=moment(part.end, "end") if part.end else None,
            symbol=part.called,
            contract=part.contract,
            columns=part.columns,
            around=part.around,
        )

    def _synthetic(self, part: SyntheticPart) -> Source:
        own = listed(self.instruments, part.symbol)
        minutes = part
        if part.leader:
            found = [other for other in self.scenario.synthetic if other.symbol == part.leader]
            if not found or part.follow is None:
                raise UnitError(
                    f"leader was {part.leader!r}, expected a synthetic market to follow"
                )
            minutes = found[0]
        market = SyntheticMarket(
            seed=self.scenario.seed,
            day=minutes.day,
            minutes=minutes.minutes,
            step_seconds=part.step_seconds,
            follow=part.follow,
            book=part.book,
            trades_per_step=part.trades_per_step,
            traded_share=part.traded_share,
        )
        return Synthetic(own, market)

    def _flow(self, part: FlowPart) -> Flow:
        own = listed(self.instruments, part.symbol)
        if not self._until:
            raise UnitError("a flow has no end of its own, expected the scenario to say `until`")
        return part.flow(own, self.scenario.seed)

    def _seats(self) -> list[Seat]:
        return [seat for flow in self.flows for seat in flow.seats]

    def _flow_account(self, flow: Flow, seat: Seat) -> AccountPart:
        own, leverage = flow.instrument, flow.leverage_of(seat)
        return AccountPart(
            name=seat.account,
            deposits={own.settle: decimal(flow.deposit * own.money_unit)},
            mode={own.symbol: flow.mode},
            leverage={own.symbol: leverage} if leverage else {},
        )

    def _first_prices(self, at: Nanos) -> Iterator[Command]:
        """A market that has flows alone has an index that stays where they begin."""
        told = {part.symbol for part in self.scenario.feeds}
        told |= {part.symbol for part in self.scenario.synthetic}
        for flow in self.flows:
            own = flow.instrument
            if own.symbol not in told:
                told.add(own.symbol)
                price = flow.start * own.subticks
                yield UpdateIndexPrice(at=at, symbol=own.symbol, price=price)

    def _account_names(self) -> frozenset[str]:
        """Every account, populations among them.  Raises UnitError for a name that is taken."""
        seen = {HISTORY}
        for name in self.opening.accounts():
            if name in seen or not name:
                raise UnitError(f"name was {name!r}, which is taken")
            seen.add(name)
        return frozenset(seen - {HISTORY})

    def _opening(self) -> Opening:
        scenario = self.scenario
        accounts = self._each("accounts", scenario.accounts, self._account)
        for flow in self.flows:
            parts = [self._flow_account(flow, seat) for seat in flow.seats]
            accounts += self._each(f"flows: {flow.model_name}", parts, self._account)
        holdings = self._each("accounts", scenario.accounts, self._holdings)
        populations = self._each(
            "populations",
            scenario.populations,
            lambda part: self._members(list(members(part, scenario.seed))),
        )
        return Opening(
            self.instruments,
            accounts,
            [one for several in holdings for one in several],
            [one for several in populations for one in several],
            {seat.account: flow.model_name for flow in self.flows for seat in flow.seats},
        )

    def _account(self, part: AccountPart) -> tuple[AccountPart, list[tuple[str, int]]]:
        for symbol in part.mode:
            listed(self.instruments, symbol)
        for symbol, leverage in part.leverage.items():
            most = listed(self.instruments, symbol).tiers.leverages[0]
            if not 1 <= leverage <= most:
                raise UnitError(f"leverage of {symbol} was {leverage}, expected 1 to {most}")
        return part, [
            (asset, amount_of(self.instruments.values(), asset, text))
            for asset, text in part.deposits.items()
        ]

    def _holdings(self, part: AccountPart) -> list[Holding]:
        made = []
        for position in part.positions:
            own = listed(self.instruments, position.symbol)
            price = price_of(own, position.price) if position.price else 0
            size = own.size(position.size)
            if size == 0:
                raise UnitError(
                    f"positions: size of {position.symbol} was 0, expected more or less"
                )
            made.append(Holding(part.name, position.symbol, size, price, side_of(part, size)))
        return made

    def _members(self, drawn: list[Member]) -> list[Member]:
        for symbol in {member.symbol for member in drawn}:
            if listed(self.instruments, symbol).is_option:
                raise UnitError(
                    f"{symbol} is an option, expected a contract: crowds hold no options"
                )
        return drawn

    # ------------------------------------------------------------------------- errors

    def _each(self, what: str, parts: Sequence[msgspec.Struct], make: Callable[..., T]) -> list[T]:
        return [
            self._named(f"{what}[{number}]", lambda part=part: make(part))  # type: ignore[misc]
            for number, part in enumerate(parts)
        ]

    def _named(self, what: str, make: Callable[[], T]) -> T:
        """Do something, and say in an error which part it was about, if it does not itself."""
        try:
            return make()
        except (UnitError, StrategyError, TickFileError, ValueError) as error:
            where = f"{self._path}: {what}" if what else self._path
            raise ScenarioError(f"{where}: {error}") from None


def side_of(part: AccountPart, size: int) -> PositionSide:
    """Which position of an account a holding is."""
    if not part.hedge:
        return PositionSide.NET
    return PositionSide.LONG if size > 0 else PositionSide.SHORT
