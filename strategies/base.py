"""The Strategy interface: events come in through hooks, orders go out through the client."""

from fractions import Fraction
from inspect import iscoroutinefunction
from typing import Any, ClassVar, Final, TypeAlias

import msgspec

from exchange.bars import Bar, BarSource
from exchange.core.messages import (
    BookView,
    CommandRejected,
    Event,
    FundingPaid,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationPaused,
    LiquidationStarted,
    LiquidationStepTaken,
    LossSocialised,
    LossUncovered,
    MarkPriceChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderTriggered,
    PositionDeleveraged,
    PositionTakenOver,
    QuoteChanged,
    Traded,
)
from exchange.gateway import News
from exchange.margin_calls import MarginCalled
from strategies.client import Client
from strategies.streams import Seconds

OrderEvent: TypeAlias = (
    OrderAccepted | OrderTriggered | OrderAmended | OrderCancelled | CommandRejected
)
LiquidationEvent: TypeAlias = (
    LiquidationStarted
    | LiquidationStepTaken
    | LiquidationFeeCharged
    | LeftoverTaken
    | PositionTakenOver
    | InsuranceFundPaid
    | LossUncovered
    | LiquidationPaused
    | LiquidationEnded
)


class Tick:
    """The time for `on_timer` has come."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a scenario may set of a strategy; each strategy has its own."""


class Strategy:
    """A trader with one account.

    Hooks are coroutines, and one that a subclass does not define costs nothing.  They run one at
    a time: while one awaits, what happens meanwhile waits in line, of quotes, marks, books and
    timers only the latest.  `on_start` stands outside the line, and may go on as long as the run.
    All that can be awaited is what the client offers.

    Names that begin with `on_` are those of hooks, and of nothing else.
    """

    takes: ClassVar[type[Parameters]] = Parameters
    """What a scenario may set, and `self.parameters` is."""
    views: ClassVar[tuple[type[Event], ...]] = ()
    """Public events to keep views such as `client.quote` fresh with, besides those of hooks."""
    bar_seconds: Seconds = 60
    """Length of the bars of `on_bar`.  Like what follows, it may be set in `__init__` too."""
    bar_source: BarSource = BarSource.TRADES
    timer_seconds: Seconds = 1
    """How often `on_timer` is called: at whole multiples since 1970."""

    margin_call_ratio: str | Fraction = "0.8"
    """Maintenance margin over equity at which `on_margin_call` comes; liquidation is above 1."""

    def __init_subclass__(cls, **keywords: Any) -> None:  # noqa: ANN401
        """Refuse a hook that would never be called, or could not be awaited, with a TypeError."""
        super().__init_subclass__(**keywords)
        for name in cls.__dict__:
            if name.startswith("on_"):
                check_hook(cls, name)

    def __init__(self, client: Client, parameters: Parameters) -> None:
        self.client = client
        self.parameters: Any = parameters

    async def on_start(self) -> None:
        """The run begins."""

    async def on_quote(self, quote: QuoteChanged) -> None:
        """The best bid or ask changed."""

    async def on_book(self, book: BookView) -> None:
        """One of the best twenty levels of a side changed."""

    async def on_trade(self, trade: Traded) -> None:
        """Somebody traded."""

    async def on_mark(self, mark: MarkPriceChanged) -> None:
        """There is a new mark price."""

    async def on_bar(self, bar: Bar) -> None:
        """A bar of `bar_seconds`, from `bar_source`, is over."""

    async def on_order(self, order: OrderEvent) -> None:
        """An order was accepted, triggered, amended or cancelled; or a command was refused."""

    async def on_fill(self, fill: OrderFilled) -> None:
        """An order of one's own traded."""

    async def on_margin_call(self, call: MarginCalled) -> None:
        """Equity is running out: `margin_call_ratio` of it is maintenance margin."""

    async def on_liquidation(self, event: LiquidationEvent) -> None:
        """The venue is liquidating one's account, or a position of it."""

    async def on_adl(self, event: PositionDeleveraged) -> None:
        """Auto-deleveraging closed some of one's position."""

    async def on_timer(self) -> None:
        """Another `timer_seconds` have passed."""

    async def on_funding(self, event: FundingPaid) -> None:
        """Funding was paid for a position of one's own, or received."""

    async def on_socialised_loss(self, event: LossSocialised) -> None:
        """One bore a part of a loss that the loser and the insurance fund could not pay."""

    async def on_stop(self) -> None:
        """The run is over: no order reaches the venue any more."""


HOOKS: Final[dict[type[News | Tick], str]] = {
    QuoteChanged: "on_quote",
    BookView: "on_book",
    Traded: "on_trade",
    MarkPriceChanged: "on_mark",
    Bar: "on_bar",
    OrderAccepted: "on_order",
    OrderTriggered: "on_order",
    OrderAmended: "on_order",
    OrderCancelled: "on_order",
    CommandRejected: "on_order",
    OrderFilled: "on_fill",
    MarginCalled: "on_margin_call",
    LiquidationStarted: "on_liquidation",
    LiquidationStepTaken: "on_liquidation",
    LiquidationFeeCharged: "on_liquidation",
    LeftoverTaken: "on_liquidation",
    PositionTakenOver: "on_liquidation",
    InsuranceFundPaid: "on_liquidation",
    LossUncovered: "on_liquidation",
    LiquidationPaused: "on_liquidation",
    LiquidationEnded: "on_liquidation",
    PositionDeleveraged: "on_adl",
    Tick: "on_timer",
    LossSocialised: "on_socialised_loss",
    FundingPaid: "on_funding",
}


def check_hook(kind: type[Strategy], name: str) -> None:
    """Raise TypeError where a class defines something like a hook that is none."""
    if not hasattr(Strategy, name):
        known = ", ".join(hook for hook in vars(Strategy) if hook.startswith("on_"))
        raise TypeError(f"{kind.__name__}.{name} is no hook, expected one of {known}")
    if not iscoroutinefunction(getattr(kind, name)):
        raise TypeError(f"{kind.__name__}.{name} was not a coroutine, expected `async def {name}`")


def defined_hooks(kind: type[Strategy]) -> dict[type[News | Tick], str]:
    """The hooks that a strategy's class defines itself, by what calls them."""
    return {
        news: name
        for news, name in HOOKS.items()
        if getattr(kind, name) is not getattr(Strategy, name)
    }
