"""A session: one strategy as a participant of a run.

Coroutines are stepped by hand, in the order of the schedule, so that a run is the same every time.
A strategy that raises, hangs, floods or awaits something foreign is stopped and named: its orders
are cancelled, its positions stay with the venue, and everybody else goes on.
"""

import traceback
from collections import deque
from collections.abc import Callable, Coroutine
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, TypeAlias

import structlog

import exchange
from exchange.bars import Bar, BarSource
from exchange.core.messages import BookView, Event, MarketEvent
from exchange.core.units import Nanos
from exchange.gateway import Answered, Flooding, Gateway, News
from exchange.margin_calls import MarginCalled
from strategies.base import Parameters, Strategy, Tick, defined_hooks
from strategies.client import Client
from strategies.streams import LATEST, WAITING_MAX, Seconds, nanos
from strategies.views import KEPT
from strategies.waiting import Wait
from strategies.watchdog import Hung, Watchdog

log = structlog.get_logger()

Task: TypeAlias = Coroutine[Any, Any, Any]
CONFLATED: Final = frozenset((*LATEST, Tick))
"""What waits for a hook only once for each instrument, as the latest of its kind."""
HOUSE: Final = Path(exchange.__file__).parent.parent
EXCHANGE: Final = HOUSE / "exchange"
CALLED: Final = {
    Path(__file__).with_name(f"{name}.py")
    for name in (
        "session",
        "client",
        "numbers",
        "orders",
        "placing",
        "streams",
        "trading",
        "triggers",
        "views",
        "waiting",
    )
}
"""Where an error may come from that is the fault of whoever called."""
ENDED: Final = object()
"""What a step of a coroutine came to that awaits nothing more."""


class Session:
    """One strategy, its client, and the line of its hooks."""

    def __init__(
        self,
        name: str,
        account: str,
        kind: type[Strategy],
        parameters: Parameters,
        watchdog: Watchdog,
        symbols: frozenset[str] | None = None,
    ) -> None:
        """`symbols`: whose public events are heard; None: all."""
        self.name = name
        self.account = account
        self.stopped = ""
        """Why the venue stopped the strategy; empty while it is well."""
        self.stopped_at: Nanos = 0
        self._kind = kind
        self._parameters = parameters
        self._watchdog = watchdog
        self._symbols = symbols
        self._hooks: dict[type[News | Tick], Callable[[Any], Task]] = {}
        self._bars: tuple[Nanos, BarSource] = (0, BarSource.TRADES)
        """Length and source of the bars of `on_bar`."""
        self._line: deque[list[News | Tick]] = deque()
        self._latest: dict[tuple[type, str], list[News | Tick]] = {}
        self._in_hook: Task | None = None
        self._tasks: dict[Task, None] = {}

    # --------------------------------------------------------------------- participant

    def open(self, gateway: Gateway) -> None:
        """Make the strategy and start it."""
        self._gateway = gateway
        self._client = Client(gateway, self._spawn, self._symbols)
        self._guarded(self._begin)

    def deliver(self, news: News) -> None:
        """Market data has arrived: the views first, then streams, then hooks."""
        if self.stopped:
            return
        if type(news) in KEPT:
            self._client.hear(news)
        self._hand_on(news)
        self._enqueue(news)
        if self._line:
            self._run_line()

    def answer(self, events: list[Event], answered: Answered | None = None) -> None:
        """Own events have arrived: the views first, then who waits for them, then the hooks."""
        if self.stopped:
            return
        for event in events:
            self._client.hear(event)
        if answered is not None:
            answered(events)
        for event in events:
            self._hand_on(event)
        for event in events:
            self._enqueue(event)
        self._run_line()

    def close(self) -> None:
        """The run is over: what waits is dropped, and the strategy hears of it."""
        if self.stopped:
            return
        self._line.clear()
        self._in_hook = None
        self._drop_tasks()
        if not self.stopped:
            self._start(self._strategy.on_stop())
            self._drop_tasks()

    # --------------------------------------------------------------------------- hooks

    def _begin(self) -> None:
        self._strategy = strategy = self._kind(self._client, self._parameters)
        for news, name in defined_hooks(self._kind).items():
            self._hooks[news] = getattr(strategy, name)
        self._follow(strategy)
        if Tick in self._hooks:
            self._hooks[Tick] = lambda _tick: strategy.on_timer()
            self._wait_for_tick(positive_nanos(strategy.timer_seconds, "timer_seconds"))
        if MarginCalled in self._hooks:
            self._gateway.watch_margin(Fraction(strategy.margin_call_ratio))
        self._start(strategy.on_start())

    def _follow(self, strategy: Strategy) -> None:
        """Ask for what hooks and views need, and for nothing else."""
        hooks = [kind for kind in self._hooks if issubclass(kind, (MarketEvent, BookView))]
        if Bar in self._hooks:
            length = positive_nanos(strategy.bar_seconds, "bar_seconds")
            self._bars = (length, BarSource(strategy.bar_source))
        for symbol in self._client.symbols:
            if self._symbols is None or symbol in self._symbols:
                for kind in (*self._kind.views, *hooks):
                    self._client.follow(kind, symbol)
                if Bar in self._hooks:
                    self._client.follow_bars(symbol, *self._bars)

    def _wait_for_tick(self, every: Nanos) -> None:
        def tick() -> None:
            if not self.stopped:
                self._enqueue(Tick())
                self._run_line()
                self._guarded(lambda: self._wait_for_tick(every))

        self._gateway.wake((self._gateway.now // every + 1) * every, tick)

    def _hand_on(self, news: News) -> None:
        if not self._client.hand_on(news):
            self._stop(f"a stream was not read while {WAITING_MAX:,} events waited in it")

    def _enqueue(self, news: News | Tick) -> None:
        kind = type(news)
        if kind not in self._hooks:
            return
        if type(news) is Bar and (news.length, news.source) != self._bars:
            return
        if not (self._line or self._in_hook or self.stopped):
            self._run(news)
            return
        entry = [news]
        if kind in CONFLATED:
            waiting = self._latest.setdefault(key(news), entry)
            if waiting is not entry:
                waiting[0] = news
                return
        self._line.append(entry)
        if len(self._line) > WAITING_MAX:
            self._stop(f"a hook did not come back while {WAITING_MAX:,} events waited for it")

    def _run_line(self) -> None:
        while self._line and self._in_hook is None and not self.stopped:
            (news,) = self._line.popleft()
            if type(news) in CONFLATED:
                del self._latest[key(news)]
            self._run(news)

    def _run(self, news: News | Tick) -> None:
        self._in_hook = task = self._hooks[type(news)](news)
        self._start(task)

    # --------------------------------------------------------------------------- steps

    def _spawn(self, task: Task) -> None:
        self._tasks[task] = None
        self._gateway.wake(self._gateway.now, lambda: self._step(task))

    def _start(self, task: Task) -> None:
        self._tasks[task] = None
        self._step(task)

    def _step(self, task: Task) -> None:
        """Run a coroutine up to what it awaits next."""
        if task not in self._tasks:
            return
        wait = self._guarded(task.send, task, None)
        if wait is ENDED:
            return
        if isinstance(wait, Wait):
            wait.suspended(task, self._resume)
        else:
            self._stop(
                f"awaited something foreign ({type(wait).__name__}), "
                "expected what the client offers, such as client.sleep"
            )

    def _resume(self, task: Task) -> None:
        self._step(task)
        self._run_line()

    def _guarded(self, step: Callable[..., Any], task: Task | None = None, *given: object) -> Any:  # noqa: ANN401
        """Run a strategy's code; whatever it does, this returns.  Only Ctrl-C passes."""
        try:
            self._watchdog.enter()
            try:
                return step(*given)
            finally:
                self._watchdog.leave()
        except StopIteration:
            self._finished(task)
        except Hung:
            self._watchdog.leave()
            self._stop("hung: it did not come back")
        except Flooding as flood:
            self._stop(f"flooding: {flood}")
        except SystemExit:
            self._stop("called sys.exit")
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 (that is the point)
            self._stop(f"raised {told(error)}{place(error)}")
        return ENDED

    def _finished(self, task: Task | None) -> None:
        if task is None:
            self._stop("raised StopIteration where it was made")
            return
        del self._tasks[task]
        if task is self._in_hook:
            self._in_hook = None

    def _stop(self, why: str) -> None:
        if self.stopped:
            return
        self.stopped, self.stopped_at = why, self._gateway.now
        log.error("strategy_stopped", strategy=self.name, account=self.account, why=why)
        self._line.clear()
        self._gateway.cancel_orders()
        self._drop_tasks()

    def _drop_tasks(self) -> None:
        tasks, self._tasks = self._tasks, {}
        for task in tasks:
            self._guarded(task.close)


def key(news: object) -> tuple[type, str]:
    """News with the same key replace each other while they wait."""
    return type(news), getattr(news, "symbol", "")


def positive_nanos(seconds: Seconds, what: str) -> Nanos:
    """A length of time in ns.  Raises ValueError where it is none."""
    length = nanos(seconds)
    if length <= 0:
        raise ValueError(f"{what} was {seconds}, expected more than 0")
    return length


def told(error: BaseException) -> str:
    """An error in a line; one that cannot even say what it is, by its name alone."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except Exception:  # noqa: BLE001 (a strategy's own __str__ may raise anything)
        return name


def place(error: BaseException) -> str:
    """Where an error came from: the last line that is the strategy's own."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not is_of_the_house(frame.filename)]
    return f" at {own[-1].filename}:{own[-1].lineno} in {own[-1].name}" if own else ""


def is_of_the_house(filename: str) -> bool:
    """Whether code is what a strategy calls and not the strategy."""
    path = HOUSE / filename  # compiled code is named by its path in the house
    return path in CALLED or EXCHANGE in path.parents
