"""A session: one strategy as a participant of a run.

Coroutines are stepped by hand, in the order of the schedule, so that a run is the same every time.
A strategy that raises, hangs, floods or awaits something foreign is stopped and named: its orders
are cancelled, its positions stay with the venue, and everybody else goes on.
"""

import traceback
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

import structlog

from exchange.core.messages import Event, MarkPriceChanged, QuoteChanged
from exchange.core.units import Nanos
from exchange.gateway import Answered, Flooding, Gateway
from strategies.base import Parameters, Strategy, defined_hooks
from strategies.client import Client, Wait
from strategies.watchdog import Hung, Watchdog

log = structlog.get_logger()

Task: TypeAlias = Coroutine[Any, Any, Any]
WAITING_MAX = 100_000
"""Events in line for a hook that does not come back; more, and the strategy is stopped."""
ENDED: Final = object()
"""What a step of a coroutine came to that awaits nothing more."""


class Stopped(Exception):  # noqa: N818 (a state, told as one)
    """Why a strategy was stopped."""


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
        self._hooks: dict[type[Event], Callable[[Any], Task]] = {}
        self._line: deque[list[Event]] = deque()
        self._latest: dict[tuple[type[Event], str], list[Event]] = {}
        self._in_hook: Task | None = None
        self._tasks: dict[Task, None] = {}

    # --------------------------------------------------------------------- participant

    def follows(self, kind: type[Event], symbol: str) -> bool:
        """Public events are followed where a hook or a view of the strategy needs them."""
        if self._symbols is not None and symbol not in self._symbols:
            return False
        return kind in self._kind.views or kind in defined_hooks(self._kind)

    def open(self, gateway: Gateway) -> None:
        """Make the strategy and start it."""
        self._gateway = gateway
        self._client = Client(gateway, self._spawn)
        self._guarded(self._begin)

    def deliver(self, events: list[Event], answered: Answered | None = None) -> None:
        """Events have arrived: the views first, then who waits for them, then the hooks."""
        if self.stopped:
            return
        for event in events:
            self._client.hear(event)
        if answered is not None:
            answered(events)
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
        self._strategy = self._kind(self._client, self._parameters)
        self._hooks = {
            event: getattr(self._strategy, name)
            for event, name in defined_hooks(self._kind).items()
        }
        self._start(self._strategy.on_start())

    def _enqueue(self, event: Event) -> None:
        if type(event) not in self._hooks:
            return
        entry = [event]
        if isinstance(event, (QuoteChanged, MarkPriceChanged)):
            waiting = self._latest.setdefault((type(event), event.symbol), entry)
            if waiting is not entry:
                waiting[0] = event
                return
        self._line.append(entry)
        if len(self._line) > WAITING_MAX:
            self._stop(f"a hook did not come back while {WAITING_MAX:,} events waited for it")

    def _run_line(self) -> None:
        while self._line and self._in_hook is None and not self.stopped:
            (event,) = self._line.popleft()
            if isinstance(event, (QuoteChanged, MarkPriceChanged)):
                self._latest.pop((type(event), event.symbol), None)
            self._in_hook = task = self._hooks[type(event)](event)
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
        wait = self._guarded(lambda: task.send(None), task)
        if isinstance(wait, Wait):
            wait.suspended(task, self._resume)
        elif wait is not ENDED:
            self._stop(
                f"awaited something foreign ({type(wait).__name__}), "
                "expected what the client offers, such as client.sleep"
            )

    def _resume(self, task: Task) -> None:
        self._step(task)
        self._run_line()

    def _guarded(self, step: Callable[[], Any], task: Task | None = None) -> Any:  # noqa: ANN401
        """Run a strategy's code; whatever it does, this returns.  Only Ctrl-C passes."""
        try:
            self._watchdog.enter()
            try:
                return step()
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


def told(error: BaseException) -> str:
    """An error in a line; one that cannot even say what it is, by its name alone."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except Exception:  # noqa: BLE001 (a strategy's own __str__ may raise anything)
        return name


def place(error: BaseException) -> str:
    """Where an error came from, the strategy's own line if there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__]
    if not own:
        return ""
    frame = own[-1]
    for candidate in own:
        if not candidate.filename.endswith("strategies/client.py"):
            frame = candidate
    return f" at {frame.filename}:{frame.lineno} in {frame.name}"
