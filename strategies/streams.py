"""Streams: `async for` over whatever a client hears."""

import weakref
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final, Generic, TypeAlias, TypeVar

from exchange.bars import Bar, BarSource
from exchange.core.messages import (
    BookView,
    IndexPriceChanged,
    MarketEvent,
    MarkPriceChanged,
    OrderFilled,
    QuoteChanged,
    Traded,
)
from exchange.core.units import SECOND, Nanos
from exchange.gateway import Gateway, News
from strategies.views import Views
from strategies.waiting import Wait

T = TypeVar("T")
N = TypeVar("N", bound=News)

Seconds: TypeAlias = int | float | str | Fraction
LATEST: Final = (QuoteChanged, MarkPriceChanged, IndexPriceChanged, BookView)
"""News of which only the latest of an instrument matters."""
WAITING_MAX: Final = 100_000
"""News in line for a hook or a stream that is not read; more, and the strategy is stopped."""


class Stream(Generic[T]):
    """News as they are heard, from when the stream was made: `async for one in stream`.

    It ends with the strategy.  Of quotes, marks and books only the latest waits for a reader who is
    busy; of all else, everything does.
    """

    def __init__(self, takes: Callable[[object], bool], *, latest: bool) -> None:
        self.takes = takes
        """Whether news are of this stream."""
        self._waiting: deque[T] = deque(maxlen=1 if latest else None)
        self._reader: Wait[None] | None = None

    def __aiter__(self) -> "Stream[T]":
        return self

    async def __anext__(self) -> T:
        if self._reader is not None:
            raise RuntimeError("a stream was read by two coroutines, expected one")
        if not self._waiting:
            self._reader = Wait()
            await self._reader
        return self._waiting.popleft()

    def put(self, news: T) -> bool:
        """Hand something on to the reader; False where too much is waiting for it."""
        self._waiting.append(news)
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.resolve(None)
        return len(self._waiting) <= WAITING_MAX


class Streams(Views):
    """A client that can be listened to."""

    def __init__(self, gateway: Gateway, symbols: frozenset[str] | None) -> None:
        """`symbols`: whose market data may be followed; None: all."""
        super().__init__()
        self._gateway = gateway
        self._symbols = symbols
        self._streams: list[weakref.ref[Stream[Any]]] = []

    def quotes(self, symbol: str) -> Stream[QuoteChanged]:
        """Best bids and asks as they change: `async for quote in client.quotes("BTCUSDT")`."""
        return self._stream(QuoteChanged, symbol)

    def trades(self, symbol: str) -> Stream[Traded]:
        """Everybody's trades."""
        return self._stream(Traded, symbol)

    def marks(self, symbol: str) -> Stream[MarkPriceChanged]:
        """Mark prices."""
        return self._stream(MarkPriceChanged, symbol)

    def books(self, symbol: str) -> Stream[BookView]:
        """The best levels of each side, each time that one of them changes."""
        return self._stream(BookView, symbol)

    def bars(
        self, symbol: str, seconds: Seconds, source: BarSource | str = BarSource.TRADES
    ) -> Stream[Bar]:
        """Bars of a length, from "trades" or "marks", each when it is over."""
        source, length = BarSource(source), nanos(seconds)
        self.follow_bars(symbol, length, source)
        asked = (symbol, length, source)
        return self._heard(
            lambda news: isinstance(news, Bar) and (news.symbol, news.length, news.source) == asked
        )

    def fills(self, symbol: str = "") -> Stream[OrderFilled]:
        """One's own fills."""
        return self._stream(OrderFilled, symbol)

    def events(self, kind: type[N], symbol: str = "") -> Stream[N]:
        """Events of any kind, one's own or public (for these, of one symbol)."""
        return self._stream(kind, symbol)

    def follow(self, kind: type[News], symbol: str) -> None:
        """Hear of an instrument's public events from now on, in views and hooks too."""
        self._may_follow(symbol)
        self._gateway.follow(kind, symbol)  # type: ignore[arg-type]

    def follow_bars(self, symbol: str, length: Nanos, source: BarSource) -> None:
        """Hear of an instrument's bars from now on."""
        self._may_follow(symbol)
        self._gateway.follow_bars(symbol, length, source)

    def _may_follow(self, symbol: str) -> None:
        self.instrument(symbol)
        if self._symbols is not None and symbol not in self._symbols:
            known = ", ".join(sorted(self._symbols))
            raise ValueError(f"symbol was {symbol!r}, expected one of the strategy's own: {known}")

    def _stream(self, kind: type[N], symbol: str) -> Stream[N]:
        if issubclass(kind, (MarketEvent, BookView)):
            self.follow(kind, symbol)
        elif symbol:
            self.instrument(symbol)
        return self._heard(
            lambda news: type(news) is kind and symbol in {"", getattr(news, "symbol", "")},
            latest=issubclass(kind, LATEST),
        )

    def _heard(self, takes: Callable[[object], bool], *, latest: bool = False) -> Stream[Any]:
        stream: Stream[Any] = Stream(takes, latest=latest)
        self._streams.append(weakref.ref(stream))
        return stream

    def hand_on(self, news: News) -> bool:
        """Put news into the streams that take it; False where one has too much waiting."""
        if not self._streams:
            return True
        fine = True
        for reference in list(self._streams):
            stream = reference()
            if stream is None:
                self._streams.remove(reference)
            elif stream.takes(news):
                fine = stream.put(news) and fine
        return fine


def nanos(seconds: Seconds) -> Nanos:
    """Seconds as ns, rounded to the nearest."""
    return round(Fraction(seconds) * SECOND)
