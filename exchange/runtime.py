"""The pump: feed, venue and clients in one virtual time.

The only place where the venue meets `await`, and it does so between batches of the feed, never
for each tick.  Everything that is not the feed waits in one queue (see `scheduler`).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from exchange.core.messages import (
    Command,
    CommandRejected,
    ComputeMarkPrice,
    Deposited,
    Event,
    FundingRateChanged,
    IndexPriceChanged,
    InstrumentListed,
    InstrumentSettled,
    InsuranceFundPaid,
    LiquidationFeeCharged,
    LossUncovered,
    MarginAdjusted,
    MarginModeChanged,
    MarketEvent,
    MarkPriceChanged,
    OrderFilled,
    PassTime,
    PhaseChanged,
    PositionDeleveraged,
    PositionSettled,
    QuoteChanged,
    Traded,
    Withdrawn,
)
from exchange.core.rules import MarkMethod, WithoutIndex
from exchange.core.units import NEVER, SECOND, Nanos, Ticks, exact
from exchange.core.venue import Venue
from exchange.feed import TURNS, BookCheck, Feed, FeedItem
from exchange.gateway import Answered, Gateway, Participant
from exchange.journal import Journal
from exchange.latency import Latency, Line
from exchange.scheduler import Scheduler, Turn

CHECK_EVERY = 50_000
"""Commands between two checks of every invariant; money is checked whenever it may have moved."""
PUBLIC = (
    InstrumentListed,
    Traded,
    QuoteChanged,
    MarkPriceChanged,
    IndexPriceChanged,
    FundingRateChanged,
    PhaseChanged,
    InstrumentSettled,
)
MOVES_MONEY = {
    OrderFilled,
    Deposited,
    Withdrawn,
    MarginModeChanged,
    MarginAdjusted,
    LiquidationFeeCharged,
    InsuranceFundPaid,
    LossUncovered,
    PositionDeleveraged,
    PositionSettled,
}

Action = Callable[[], object]
Observer = Callable[[Event], None]
Begin = Callable[[Nanos], Iterable[Command]]


class BookChecks(msgspec.Struct):
    """How often history's rebuilt best prices were those that its own record tells."""

    total: int = 0
    prices_agreed: int = 0
    agreed: int = 0
    """Prices and sizes."""
    first_difference: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run came to."""

    first_at: Nanos
    last_at: Nanos
    commands: int
    rejected: int
    events: int
    feed_items: int
    digest: str
    """Of the journal and the final state together: equal runs, equal digests."""
    book_checks: dict[str, BookChecks]
    interrupted: bool


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is."""

    at: Nanos
    feed_items: int
    commands: int
    events: int


class Simulation:
    """One run: a venue, what the market did, and who trades.

    Raises ValueError where two participants have one account, and, running, whatever the feed
    raises, after what came before has been carried out.
    """

    def __init__(
        self,
        venue: Venue,
        *,
        begin: Begin | None = None,
        feed: Feed | None = None,
        participants: Sequence[Participant] = (),
        latency: Latency | None = None,
        latencies: Mapping[str, Latency] | None = None,
        seed: int = 1,
        journal: Journal | None = None,
        observers: Sequence[Observer] = (),
        journal_quotes: bool = False,
        marks_recorded: bool = False,
        start: Nanos = 0,
        until: Nanos | None = None,
        check_every: int = CHECK_EVERY,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """`begin` makes the first commands, for the moment at which the run begins.

        `latencies`: of the accounts whose line is not as `latency` says.  `seed`: of the travel
        times that are drawn.
        `observers` see every event that the journal does.
        `marks_recorded`: the feed brings the marks, so none is computed.
        `start`: when the run begins where no feed tells.  `until`: when it ends, at the latest;
        without, when feed and plan are exhausted.
        """
        self.venue = venue
        self.now: Nanos = max(venue.now, start)
        self.until = until
        self.participants = participants
        self._begin = begin
        self._observers = observers
        self._feed = feed
        self._journal = journal or Journal()
        self._skipped = () if journal_quotes else (QuoteChanged,)
        self._check_every = check_every
        self._on_progress = on_progress
        self._queue: Scheduler[Action] = Scheduler()
        self._due: Nanos = NEVER
        self._due_turn = 0
        self._owner = owners(participants)
        usual, own = latency or Latency(), latencies or {}
        self._lines = {name: Line(own.get(name, usual), seed, name) for name in self._owner}
        self._followers: dict[tuple[type[Event], str], list[Participant]] = {}
        self._clock = MarkClock(self, marks_recorded=marks_recorded)
        self._alarm = AlarmClock(self)
        self._first_at: Nanos | None = None
        self._last_planned: Nanos = 0
        self._feed_items = self._commands = self._rejected = 0
        self._checks: dict[str, BookChecks] = {}
        self._is_open = self._stopped = False

    # ----------------------------------------------------------------------- planning

    def plan(self, commands: Iterable[Command], turn: Turn = Turn.HISTORY) -> None:
        """Have commands carried out at their times, before the feed's of the same moment."""
        for command in commands:
            self.plan_action(command.at, lambda command=command: self.carry_out(command), turn)  # type: ignore[misc]

    def plan_action(self, at: Nanos, action: Action, turn: Turn = Turn.HISTORY) -> None:
        """Have something looked at, or done, at a time; the run goes on until then."""
        self._last_planned = max(self._last_planned, at)
        self.schedule(at, turn, action)

    def stop(self) -> None:
        """End the run soon, in good order.  What has happened stays."""
        self._stopped = True

    # ------------------------------------------------------------------------ running

    async def run(self) -> Outcome:
        """Run to the end.  Clients hear of it; what they still had under way is dropped."""
        try:
            await self._follow_feed()
            if not self._is_open:
                self._open(self.now)
            await self._run_out()
        finally:
            self._close()
        self.venue.check()
        return self._outcome()

    def _open(self, at: Nanos) -> None:
        """The first moment: the first commands, then the clients' lines."""
        self.now = max(self.now, at)
        if self._begin is not None:
            for command in self._begin(self.now):
                self.carry_out(command)
        for one in self.participants:
            self._subscribe(one)
            one.open(Gateway(self, one.account, self._lines[one.account]))
        self._is_open = True

    def _subscribe(self, one: Participant) -> None:
        for symbol in self.venue.instruments:
            for kind in PUBLIC:
                if one.follows(kind, symbol):
                    self._followers.setdefault((kind, symbol), []).append(one)

    async def _follow_feed(self) -> None:
        if self._feed is None:
            return
        async for batch in self._feed:
            if not self._is_open and batch:
                self._open(batch[0].at)
            end = NEVER if self.until is None else self.until
            for item in batch:
                if item.at > end or self._stopped:
                    return
                if item.at >= self._due:
                    self._catch_up(item)
                self._take(item)
            self._report()
            await asyncio.sleep(0)

    def _catch_up(self, item: FeedItem) -> None:
        """Do what is due before an item of the feed."""
        turn = TURNS.get(type(item), Turn.HISTORY)
        while self._due < item.at or (self._due == item.at and self._due_turn <= turn):
            self._next()

    def _take(self, item: FeedItem) -> None:
        self._feed_items += 1
        if isinstance(item, BookCheck):
            self._compare(item)
        else:
            if item.at < self.now:
                raise ValueError(f"the feed went back in time, from {self.now} to {item.at}")
            self.now = item.at
            self.carry_out(item)

    async def _run_out(self) -> None:
        """What is left in the queue, to the end."""
        done = 0
        while self._due <= self._end() and not self._stopped:
            self._next()
            done += 1
            if done % 512 == 0:
                self._report()
                await asyncio.sleep(0)

    def _end(self) -> Nanos:
        """Without `until`, what clients still want ends with what was planned."""
        return max(self._last_planned, self.now) if self.until is None else self.until

    def _next(self) -> None:
        at, action = self._queue.pop()
        self.now = max(self.now, at)
        self._look_ahead()
        action()

    def _look_ahead(self) -> None:
        key = self._queue.next_key()
        self._due, self._due_turn = key if key is not None else (NEVER, 0)

    def _close(self) -> None:
        if self._is_open:
            for one in self.participants:
                one.close()
        self._report()

    # ------------------------------------------------------------- the floor (Gateway)

    def schedule(self, at: Nanos, turn: Turn, action: Action) -> None:
        """Let something happen at a time."""
        self._queue.schedule(at, turn, action)
        self._look_ahead()

    def carry_out(self, command: Command, answered: Answered | None = None) -> list[Event]:
        """Apply a command now, and publish what it led to."""
        events = self.venue.apply(command)
        self._commands += 1
        if self._first_at is None:
            self._first_at = command.at
        if events or answered is not None:
            self._publish(events, getattr(command, "account", ""), answered)
        self._alarm.look()
        if self._commands % self._check_every == 0:
            self.venue.check()
        return events

    def answer(self, account: str, events: list[Event], answered: Answered | None) -> None:
        """Send an account its own events; they leave now."""
        one = self._owner[account]
        at = self._lines[account].response.arrival(self.now)
        self.schedule(at, Turn.DELIVERY, lambda: one.deliver(events, answered))

    # --------------------------------------------------------------------- publishing

    def _publish(self, events: list[Event], sender: str, answered: Answered | None) -> None:
        own: dict[str, list[Event]] = {sender: []} if answered is not None else {}
        for event in events:
            if type(event) not in self._skipped:
                self._record(event)
            if isinstance(event, MarketEvent):
                self._publish_public(event)
            elif getattr(event, "account", None) in self._owner:
                own.setdefault(event.account, []).append(event)  # type: ignore[attr-defined]
        if any(type(event) in MOVES_MONEY for event in events):
            self.venue.check_money()
        for account, batch in own.items():
            if account in self._owner:
                self.answer(account, batch, answered if account == sender else None)

    def _record(self, event: Event) -> None:
        self._journal.write(event)
        self._rejected += isinstance(event, CommandRejected)
        for observe in self._observers:
            observe(event)

    def _publish_public(self, event: MarketEvent) -> None:
        kind = type(event)
        if kind in self._clock.begins_with:
            self._clock.begin(event.symbol)
        elif kind is InstrumentSettled:
            self._clock.saw_end(event.symbol)
        for one in self._followers.get((kind, event.symbol), ()):
            at = self._lines[one.account].market_data.arrival(self.now)
            self.schedule(at, Turn.DELIVERY, lambda one=one: one.deliver([event]))  # type: ignore[misc]

    # ------------------------------------------------------------------ book checks

    def _compare(self, check: BookCheck) -> None:
        tally = self._checks.setdefault(check.symbol, BookChecks())
        bid, bid_size, ask, ask_size = self.venue.history_quote(check.symbol)
        tally.total += 1
        prices = bid == check.bid and ask == check.ask
        sizes = bid_size == check.bid_size and ask_size == check.ask_size
        tally.prices_agreed += prices
        tally.agreed += prices and sizes
        if not prices and not tally.first_difference:
            tally.first_difference = self._difference(check, bid, ask)

    def _difference(self, check: BookCheck, bid: Ticks, ask: Ticks) -> str:
        text = self.venue.instruments[check.symbol].price_text
        return (
            f"at {check.at} the book had {text(bid)} / {text(ask)}, "
            f"the record {text(check.bid)} / {text(check.ask)}"
        )

    # ------------------------------------------------------------------------ outcome

    def _report(self) -> None:
        if self._on_progress is not None:
            progress = Progress(
                at=self.now,
                feed_items=self._feed_items,
                commands=self._commands,
                events=self._journal.count,
            )
            self._on_progress(progress)

    def _outcome(self) -> Outcome:
        return Outcome(
            first_at=self.now if self._first_at is None else self._first_at,
            last_at=self.now,
            commands=self._commands,
            rejected=self._rejected,
            events=self._journal.count,
            feed_items=self._feed_items,
            digest=f"{self._journal.digest()}-{self.venue.digest()}",
            book_checks=self._checks,
            interrupted=self._stopped,
        )


def owners(participants: Iterable[Participant]) -> dict[str, Participant]:
    """Who is told of an account's events.  Raises ValueError where that is not one."""
    made: dict[str, Participant] = {}
    for one in participants:
        other = made.setdefault(one.account, one)
        if other is not one:
            raise ValueError(
                f"account {one.account} was given to {other.name} and {one.name}, expected one"
            )
    return made


class MarkClock:
    """Asks for a new mark price of each instrument at whole multiples of the venue's interval."""

    def __init__(self, simulation: Simulation, *, marks_recorded: bool) -> None:
        rules = simulation.venue.rulebook.mark
        self._simulation = simulation
        self._interval: Nanos = int(exact(rules.interval_seconds, "mark.interval_seconds") * SECOND)
        self._runs = not marks_recorded and rules.method is not MarkMethod.RECORDED
        self._symbols: list[str] = []
        self._settled: list[str] = []
        self.begins_with: tuple[type[Event], ...] = (IndexPriceChanged,)
        """From its first event of these on, an instrument has marks."""
        if rules.without_index is WithoutIndex.OWN_BOOK:
            self.begins_with = (IndexPriceChanged, QuoteChanged, Traded)

    def begin(self, symbol: str) -> None:
        """Ask for marks of an instrument from now on."""
        if self._runs and symbol not in self._symbols and symbol not in self._settled:
            self._symbols.append(symbol)
            if len(self._symbols) == 1:
                self._schedule()

    def saw_end(self, symbol: str) -> None:
        """A settled instrument needs no mark any more."""
        self._settled.append(symbol)
        if symbol in self._symbols:
            self._symbols.remove(symbol)

    def _schedule(self) -> None:
        at = (self._simulation.now // self._interval + 1) * self._interval
        self._simulation.schedule(at, Turn.MARK, self._compute)

    def _compute(self) -> None:
        for symbol in list(self._symbols):
            self._simulation.carry_out(ComputeMarkPrice(at=self._simulation.now, symbol=symbol))
        self._schedule()


class AlarmClock:
    """Lets time pass at the venue when something is due there, so that it happens then."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._set_for: Nanos = NEVER

    def look(self) -> None:
        """Set the alarm for what is due next."""
        due = self._simulation.venue.next_due
        if due < self._set_for:
            self._set_for = due
            self._simulation.schedule(due, Turn.MARK, self._ring)

    def _ring(self) -> None:
        now, self._set_for = self._simulation.now, NEVER
        if self._simulation.venue.next_due <= now:
            self._simulation.carry_out(PassTime(at=now))
        else:
            self.look()
