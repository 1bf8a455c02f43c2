"""From what a file says to what the venue gets: quotes become checks, or the book, or an index.

A feed's items go through one of these on their way out of a reader, whatever the format.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeAlias

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    RecordedTrade,
    UpdateDepth,
    UpdateIndexPrice,
    UpdateOrders,
)
from exchange.core.units import Nanos, Ticks
from exchange.feed import FeedItem
from feeds.around import Around, AroundLaw
from feeds.best import Best, Levels, changes
from feeds.book_checks import BookChecks
from feeds.defects import TickFileError
from feeds.grid import half_even
from feeds.listing import Carries, Listing
from feeds.near_checks import NearChecks
from feeds.order_mirror import OrderMirror
from feeds.scale import Scale
from feeds.told import Liquidation, Quote, Told

Finish: TypeAlias = Callable[[Iterator[Told], Counter[str]], Iterator[FeedItem]]
"""Turns what was told into a feed, and notes what it decides."""


def finish_for(listing: Listing, law: AroundLaw | None = None) -> Finish:
    """How a file's market becomes the market of an instrument.

    `law`: what to make up around it, where it has no book of levels.
    """
    if law is not None and not listing.has_levels:
        return Surrounded(law, quotes=Carries.QUOTES in listing.carries)
    if listing.has_levels:
        if Carries.QUOTES not in listing.carries:
            return as_told
        return checked_by_number if listing.numbered else checked_in_order
    return quoted if Carries.QUOTES in listing.carries else as_told


def as_told(told: Iterator[Told], _notes: Counter[str]) -> Iterator[FeedItem]:
    """Everything but quotes; a liquidation is a trade like another."""
    for _, said, _ in told:
        if type(said) is Liquidation:
            yield _trade(said)
        elif type(said) is not Quote:
            yield said


def checked_by_number(told: Iterator[Told], notes: Counter[str]) -> Iterator[FeedItem]:
    """Quotes become checks of the book at their update id."""
    checks = BookChecks(notes)
    try:
        for _, said, number in told:
            if type(said) is Quote:
                if not checks.quote(number, said):
                    continue
            elif type(said) is UpdateDepth:
                checks.depth(said, number)
            else:
                checks.other(_trade(said) if type(said) is Liquidation else said)
            yield from checks.ready()
    except TickFileError:
        yield from checks.rest()
        raise
    yield from checks.rest()


def checked_in_order(told: Iterator[Told], notes: Counter[str]) -> Iterator[FeedItem]:
    """Quotes become checks of the book at a moment near them, in the order of the quotes."""
    checks = NearChecks(notes)
    try:
        for _, said, _ in told:
            if type(said) is Quote:
                checks.quote(said)
            elif type(said) is UpdateDepth:
                checks.depth(said)
            else:
                checks.other(_trade(said) if type(said) is Liquidation else said)
            yield from checks.ready()
    except TickFileError:
        yield from checks.rest()
        raise
    yield from checks.rest()


def quoted(told: Iterator[Told], _notes: Counter[str]) -> Iterator[FeedItem]:
    """Quotes are the book: one level on each side."""
    last: Quote | None = None
    for _, said, _ in told:
        if type(said) is Quote:
            yield _levels(said, last)
            last = said
        else:
            yield _trade(said) if type(said) is Liquidation else said


class Surrounded:
    """A made-up book stands behind the quotes, or around the trades where there are none."""

    def __init__(self, law: AroundLaw, *, quotes: bool) -> None:
        Around(law)  # what makes no book is found before anything is read
        self._law = law
        self._quotes = quotes

    def __call__(self, told: Iterator[Told], _notes: Counter[str]) -> Iterator[FeedItem]:
        """Everything, each with the book that goes with it."""
        around = Around(self._law)
        for _, said, _ in told:
            if type(said) is Quote:
                yield around.at_quote(said)
                continue
            item = _trade(said) if type(said) is Liquidation else said
            if type(item) is RecordedTrade and not self._quotes:
                yield around.at_trade(item)
            yield item


class AsIndex:
    """A market, spot as a rule, becomes an index: by quotes, else its book, else last trades.

    The middle of best bid and ask is exact and then rounded half-even to a mark unit.  An item
    comes only when the index changes.
    """

    def __init__(self, listing: Listing, perpetual: Instrument, scale: Scale) -> None:
        ratio = scale.prices.step / 2 / perpetual.mark_unit
        self._numerator, self._denominator = ratio.numerator, ratio.denominator
        self._symbol = perpetual.symbol
        self._middles = _quoted_middles if Carries.QUOTES in listing.carries else _book_middles
        if not listing.has_book:
            self._middles = _last_prices

    def __call__(self, told: Iterator[Told], _notes: Counter[str]) -> Iterator[FeedItem]:
        """The index, each time that it is another."""
        last = before = 0
        numerator, denominator, symbol = self._numerator, self._denominator, self._symbol
        for at, twice in self._middles(told):
            if twice == before:
                continue
            before, price = twice, half_even(twice * numerator, denominator)
            if price != last:
                last = price
                yield UpdateIndexPrice(at=at, symbol=symbol, price=price)


def _quoted_middles(told: Iterator[Told]) -> Iterator[tuple[Nanos, Ticks]]:
    for _, said, _ in told:
        if type(said) is Quote:
            bid, ask = said.bid, said.ask
            if bid and ask:
                yield said.at, bid + ask


def _book_middles(told: Iterator[Told]) -> Iterator[tuple[Nanos, Ticks]]:
    levels, orders = Levels(), OrderMirror("")
    for _, said, _ in told:
        if type(said) is UpdateDepth:
            levels.apply(said)
            bid, _, ask, _ = levels.best
        elif type(said) is UpdateOrders:
            orders.apply(said)
            bid, _, ask, _ = orders.best
        else:
            continue
        if bid and ask:
            yield said.at, bid + ask


def _last_prices(told: Iterator[Told]) -> Iterator[tuple[Nanos, Ticks]]:
    for _, said, _ in told:
        if type(said) is RecordedTrade:
            yield said.at, 2 * said.price


def _levels(quote: Quote, last: Quote | None) -> UpdateDepth:
    old, new = _sides(last), _sides(quote)
    return UpdateDepth(
        at=quote.at,
        symbol=quote.symbol,
        bids=changes(old[0], new[0]),
        asks=changes(old[1], new[1]),
        snapshot=last is None,
    )


def _sides(quote: Quote | None) -> tuple[dict[int, int], dict[int, int]]:
    if quote is None:
        return {}, {}
    bid: Best = (quote.bid, quote.bid_size, quote.ask, quote.ask_size)
    return ({bid[0]: bid[1]} if bid[1] else {}), ({bid[2]: bid[3]} if bid[3] else {})


def _trade(one: Liquidation) -> RecordedTrade:
    return RecordedTrade(
        at=one.at, symbol=one.symbol, side=one.side, price=one.price, size=one.size
    )
