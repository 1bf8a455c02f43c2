"""The pump: feed, venue and clients in one virtual time.

The only place where the venue meets `await`, and it does so between batches of the feed, never
for each tick.  Everything that is not the feed waits in one queue (see `scheduler`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Final, get_args

from exchange.bars import Bar, BarSource
from exchange.clocks import AlarmClock, MarkClock
from exchange.comparison import Comparison
from exchange.core.messages import (
    AnyEvent,
    BookView,
    CollateralExchanged,
    Command,
    CommandRejected,
    Deposited,
    Event,
    FundingPaid,
    IndexPriceChanged,
    InstrumentSettled,
    InsuranceFundPaid,
    InterestPaid,
    LiquidationFeeCharged,
    LossUncovered,
    MarginAdjusted,
    MarginAutoAdded,
    MarginModeChanged,
    MarketEvent,
    OrderFilled,
    PositionDeleveraged,
    PositionSettled,
    QuoteChanged,
    Withdrawn,
)
from exchange.core.units import NEVER, Nanos
from exchange.core.venue import Venue
from exchange.feed import TURNS, BookCheck, Feed, FeedItem
from exchange.gateway import Answered, Gateway, News, Participant
from exchange.journal import Journal
from exchange.latency import Latency, Line
from exchange.margin_calls import MarginCalled, MarginCalls
from exchange.market_data import MarketData
from exchange.outcome import Outcome, Progress
from exchange.pace import Pace
from exchange.scheduler import Scheduler, Turn

CHECK_EVERY: Final = 50_000
"""Commands between two checks of every invariant; money is checked whenever it may have moved."""
MOVES_MONEY: Final = {
    OrderFilled,
    Deposited,
    Withdrawn,
    MarginModeChanged,
    MarginAdjusted,
    MarginAutoAdded,
    CollateralExchanged,
    InterestPaid,
    FundingPaid,
    LiquidationFeeCharged,
    InsuranceFundPaid,
    LossUncovered,
    PositionDeleveraged,
    PositionSettled,
}
PUBLIC: Final = frozenset(kind for kind in get_args(AnyEvent) if issubclass(kind, MarketEvent))
"""Types are looked up and compared where each event passes: `isinstance` of a message that is of
another type takes four times as long."""

Action = Callable[[], object]
Observer = Callable[[Event], None]
Begin = Callable[[Nanos], Iterable[Command]]


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

        `latencies`: of the accounts whose line is not as `latency` says.  `seed`: of travel times
        that are drawn, and of the clients' own chance.
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
        self._batches: AsyncIterator[list[FeedItem]] | None = aiter(feed) if feed else None
        self._batch: list[FeedItem] = []
        self._place = 0
        self._feed_is_over = False
        self._journal = journal or Journal()
        self._journals_quotes = journal_quotes
        self._check_every = check_every
        self._on_progress = on_progress
        self._queue: Scheduler[Action] = Scheduler()
        self._owner = owners(participants)
        self._seed = seed
        usual, own = latency or Latency(), latencies or {}
        self._lines = {name: Line(own.get(name, usual), seed, name) for name in self._owner}
        self._market_data = MarketData(self, all_quotes=journal_quotes)
        self._margin_calls = MarginCalls(venue)
        self._followed: set[tuple[object, ...]] = set()
        self._clock = MarkClock(self, venue.rulebook.mark, marks_recorded=marks_recorded)
        self._alarm = AlarmClock(self)
        self._first_at: Nanos | None = None
        self._last_planned: Nanos = 0
        self._feed_items = self._commands = self._rejected = 0
        self._comparison = Comparison(venue)
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

    async def run(self, pace: Pace | None = None) -> Outcome:
        """Run to the end.  Clients hear of it; what they still had under way is dropped.

        Without a pace, as fast as it goes.
        """
        try:
            await (self.advance() if pace is None else pace.carry(self))
        finally:
            self.close()
        self.venue.check()
        return self._outcome()

    async def advance(self, to: Nanos = NEVER) -> None:
        """Let time pass up to a moment, and with it, or to the end of the run."""
        await self._follow_feed(to)
        if not self._is_open:
            self._open(self.now)
        await self._run_out(to)
        if not self.is_over:
            self.now = max(self.now, to)

    @property
    def is_over(self) -> bool:
        """Whether nothing more can happen."""
        in_hand = self._batch[self._place : self._place + 1]
        coming = in_hand[0].at if in_hand else NEVER if self._feed_is_over else self.now
        return self._stopped or min(coming, self._queue.due) > self._end()

    def close(self) -> None:
        """End the run here: clients hear of it."""
        if self._is_open:
            self._is_open = False
            for one in self.participants:
                one.close()
        self._report()

    def _open(self, at: Nanos) -> None:
        """The first moment: the first commands, then the clients' lines."""
        self.now = max(self.now, at)
        if self._begin is not None:
            for command in self._begin(self.now):
                self.carry_out(command)
        for one in self.participants:
            random = Random(f"{self._seed} {one.account} client")  # noqa: S311 (a simulation)
            one.open(Gateway(self, one.account, self._lines[one.account], random))
        self._is_open = True

    async def _follow_feed(self, to: Nanos) -> None:
        while await self._has_batch():
            if not self._is_open:
                self._open(self._batch[self._place].at)
            if not self._take_batch(min(to, self._end())):
                return
            self._report()
            await asyncio.sleep(0)

    async def _has_batch(self) -> bool:
        """Whether there is something of the feed in hand; fetches it if need be."""
        while self._place == len(self._batch) and not self._feed_is_over:
            batch = await anext(self._batches, None) if self._batches else None
            self._feed_is_over = batch is None
            self._batch, self._place = batch or [], 0
        return not self._feed_is_over

    def _take_batch(self, end: Nanos) -> bool:
        """Take what is in hand, up to a moment; whether that was all of it."""
        batch, queue = self._batch, self._queue
        for place in range(self._place, len(batch)):
            item = batch[place]
            at = item.at
            if at > end or self._stopped:
                self._place = place
                return False
            if at >= queue.due:
                self._catch_up(item)
            self._feed_items += 1
            if type(item) is BookCheck:
                self._comparison.compare(item)
                continue
            if at < self.now:
                raise ValueError(f"the feed went back in time, from {self.now} to {at}")
            self.now = at
            self.carry_out(item)
        self._place = len(batch)
        return True

    def _catch_up(self, item: FeedItem) -> None:
        """Do what is due before an item of the feed."""
        at, turn, queue = item.at, TURNS.get(type(item), Turn.HISTORY), self._queue
        while queue.due < at or (queue.due == at and queue.due_turn <= turn):
            self._next()

    async def _run_out(self, to: Nanos) -> None:
        """What is due in the queue and not of the feed."""
        done = 0
        while self._queue.due <= min(to, self._end()) and not self._stopped:
            self._next()
            done += 1
            if done % 512 == 0:
                self._report()
                await asyncio.sleep(0)

    def _end(self) -> Nanos:
        """Without `until`, what clients still want ends with the feed and what was planned."""
        if self.until is not None:
            return self.until
        return max(self._last_planned, self.now) if self._feed_is_over else NEVER

    def _next(self) -> None:
        at, action = self._queue.pop()
        self.now = max(self.now, at)
        action()

    # ------------------------------------------------------------- the floor (Gateway)

    def schedule(self, at: Nanos, turn: Turn, action: Action) -> None:
        """Let something happen at a time."""
        self._queue.schedule(at, turn, action)

    def carry_out(self, command: Command, answered: Answered | None = None) -> list[Event]:
        """Apply a command now, and publish what it led to."""
        events = self.venue.apply(command)
        self._commands += 1
        if self._first_at is None:
            self._first_at = command.at
        if events or answered is not None:
            self._publish(events, command, answered)
        self._alarm.look()
        if self._market_data.books:
            self._market_data.publish_books()
        if self._margin_calls.watched:
            self._margin_calls.look(events)
        if self._commands % self._check_every == 0:
            self.venue.check()
        return events

    def answer(self, account: str, events: list[Event], answered: Answered | None) -> None:
        """Send an account its own events; they leave now."""
        one = self._owner[account]
        at = self._lines[account].response.arrival(self.now)
        self.schedule(at, Turn.DELIVERY, lambda: one.answer(events, answered))

    # --------------------------------------------------------------------- publishing

    def _publish(self, events: list[Event], command: Command, answered: Answered | None) -> None:
        sender = "" if answered is None else getattr(command, "account", "")
        own: dict[str, list[Event]] = {} if answered is None else {sender: []}
        moves_money = False
        for event in events:
            kind = type(event)
            if kind is not QuoteChanged or self._journals_quotes:
                self._journal.write(event)
                for observe in self._observers:
                    observe(event)
            if kind in PUBLIC:
                self._publish_public(event)  # type: ignore[arg-type]
                continue
            self._rejected += kind is CommandRejected
            if getattr(event, "account", None) in self._owner:
                own.setdefault(event.account, []).append(event)  # type: ignore[attr-defined]
            moves_money = moves_money or kind in MOVES_MONEY
        if moves_money:
            self.venue.check_money()
        for account, batch in own.items():
            if account in self._owner:
                self.answer(account, batch, answered if account == sender else None)

    def _publish_public(self, event: MarketEvent) -> None:
        kind = type(event)
        if kind is IndexPriceChanged:
            self._clock.saw_index(event.symbol)
        elif kind is InstrumentSettled:
            self._clock.saw_end(event.symbol)
        self._market_data.publish(event)

    # ---------------------------------------------------------------------- following

    def follow(self, account: str, kind: type[Event | BookView], symbol: str) -> None:
        """Send an account an instrument's public events, or its book, from now on."""
        if self._is_new(account, kind, symbol):
            self._market_data.follow(kind, symbol, self._sender(account))

    def follow_bars(self, account: str, symbol: str, length: Nanos, source: BarSource) -> None:
        """Send an account an instrument's bars, from now on."""
        if self._is_new(account, Bar, symbol, length, source):
            self._market_data.follow_bars(symbol, length, source, self._sender(account))

    def watch_margin(self, account: str, ratio: Fraction) -> None:
        """Send an account margin calls, from now on."""
        one, channel = self._owner[account], self._lines[account].response

        def send(call: MarginCalled) -> None:
            self.schedule(channel.arrival(self.now), Turn.DELIVERY, lambda: one.deliver(call))

        self._margin_calls.watch(account, ratio, send)

    def _is_new(self, *followed: object) -> bool:
        is_new = followed not in self._followed
        self._followed.add(followed)
        return is_new

    def _sender(self, account: str) -> Callable[[News], None]:
        """What sends market data on its way to an account."""
        one, channel = self._owner[account], self._lines[account].market_data

        def send(news: News) -> None:
            self.schedule(channel.arrival(self.now), Turn.DELIVERY, lambda: one.deliver(news))

        return send

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
            book_checks=self._comparison.checks,
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
