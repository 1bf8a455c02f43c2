"""The premium of a perpetual contract over its index, sampled and averaged."""

from exchange.core.book import Book
from exchange.core.instrument import Instrument
from exchange.core.policies import Averaging
from exchange.core.units import RATE_ONE, MarkPrice, Money, Rate, cut_div


def impact_price(book: Book, instrument: Instrument, notional: Money, *, buy: bool) -> MarkPrice:
    """The average price at which `notional` would be bought or sold now, in whole lots.

    What there is, where the book has less; of a notional of 0 the best price; 0 in an empty book.
    """
    side = book.side(buy=not buy)
    levels = book.best_first(side, 1 if notional == 0 else 1 << 60)
    if levels and notional == 0:
        return int(book.price(levels[0])) * instrument.subticks
    lots, value = 0, 0
    for level in levels:
        price, size = int(book.price(level)), int(book.total(level))
        wanted = instrument.lots_worth(price * instrument.subticks, notional - value - 1) + 1
        taken = min(size, wanted)
        lots += taken
        value += abs(instrument.value(price, taken))
        if value >= notional:
            break
    return instrument.average_price(value, lots) if lots else 0


def impact_premium(bid: MarkPrice, ask: MarkPrice, index: MarkPrice) -> Rate:
    """(max(0, impact bid - index) - max(0, index - impact ask)) / index; an empty side is at par.

    Published in this form by Binance, Bybit and others.
    """
    above = max(0, bid - index) if bid else 0
    below = max(0, index - ask) if ask else 0
    return share(above - below, index)


def share(part: int, whole: int) -> Rate:
    """A fraction as a rate, cut towards zero."""
    return cut_div(part * RATE_ONE, whole)


class PremiumAverage:
    """The samples of one funding interval, added up."""

    def __init__(self, averaging: Averaging) -> None:
        self.rises = averaging is Averaging.RISING
        self.count = 0
        self.total = 0
        self.weights = 0

    def add(self, premium: Rate) -> None:
        """Take one more sample."""
        self.count += 1
        weight = self.count if self.rises else 1
        self.total += weight * premium
        self.weights += weight

    def value(self) -> Rate:
        """The average, cut towards zero; without samples, 0."""
        return cut_div(self.total, self.weights) if self.weights else 0

    def clear(self) -> None:
        """A new interval begins."""
        self.count = self.total = self.weights = 0
