"""A book around recorded prices, where nobody recorded one: behind best quotes, or around trades.

The law: behind the touch lie `levels` levels, on whole multiples of a spacing that is the part
`spacing` of the first price.  Each has `size` times the mean size recorded by the time it appears
(of best quotes, or of trades), and keeps it.  So a taker's impact is linear in what it takes.
Around trades the touch is the last trade's price, and one tick beyond it on the other side.

Not a model of anyone's real book: it gives orders and liquidations somebody to trade with.
"""

import msgspec

from exchange.core.messages import RecordedTrade, Side, UpdateDepth
from exchange.core.units import Lots, Nanos, Ticks, exact
from feeds.best import changes
from feeds.told import Quote

Book = tuple[dict[Ticks, Lots], dict[Ticks, Lots]]
"""Bids and asks."""


class AroundLaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The parameters of a made-up book."""

    levels: int = 20
    """On each side, behind the touch."""
    spacing: str = "0.0001"
    """From level to level, as a part of the price; never less than a tick."""
    size: str = "5"
    """Of a level, in mean recorded sizes."""


class Around:
    """The book of one market.  Raises UnitError or ValueError for a law that makes none."""

    def __init__(self, law: AroundLaw) -> None:
        self._levels = law.levels
        self._part = exact(law.spacing, "around.spacing")
        self._share = exact(law.size, "around.size")
        if law.levels < 0 or not 0 < self._part < 1 or self._share <= 0:
            raise ValueError(
                f"around: levels were {law.levels}, spacing {law.spacing} and size {law.size}, "
                "expected 0 or more, between 0 and 1, and more than 0"
            )
        self._spacing: Ticks = 0
        self._seen = 0
        self._total: Lots = 0
        self._book: Book = ({}, {})
        self._touch = [0, 0]

    def at_quote(self, quote: Quote) -> UpdateDepth:
        """The book once these are the best quotes."""
        for size in (quote.bid_size, quote.ask_size):
            self._note(size)
        return self._update(
            quote.at,
            quote.symbol,
            self._side(0, quote.bid, quote.bid_size),
            self._side(1, quote.ask, quote.ask_size),
            restated=None,
        )

    def at_trade(self, trade: RecordedTrade) -> UpdateDepth:
        """The book that a trade is about to meet: its price is the touch."""
        self._note(trade.size)
        size = max(self._mean(), trade.size)
        buys = trade.side is Side.BUY
        bid, ask = (trade.price - 1, trade.price) if buys else (trade.price, trade.price + 1)
        return self._update(
            trade.at,
            trade.symbol,
            self._side(0, bid, size if bid else 0),
            self._side(1, ask, size),
            restated=trade.price,
        )

    def _note(self, size: Lots) -> None:
        if size:
            self._seen += 1
            self._total += size

    def _mean(self) -> Lots:
        """The size of a level that appears now."""
        share = self._share
        return max(1, self._total * share.numerator // (self._seen * share.denominator))

    def _side(self, number: int, touch: Ticks, size: Lots) -> dict[Ticks, Lots]:
        """One side from its touch outwards; nothing where the touch is not known."""
        if not touch or not size:
            return {}
        spacing = self._spacing = self._spacing or max(1, int(touch * self._part))
        sign, old = (1 if number else -1), self._book[number]
        first = (touch * sign // spacing + 1) * spacing * sign
        side, fresh = {touch: size}, self._mean()
        for away in range(self._levels):
            price = first + sign * spacing * away
            if price <= 0:
                break
            # What was the touch had a size of its own.
            side[price] = fresh if price == self._touch[number] else old.get(price, fresh)
        self._touch[number] = touch
        return side

    def _update(
        self,
        at: Nanos,
        symbol: str,
        bids: dict[Ticks, Lots],
        asks: dict[Ticks, Lots],
        restated: Ticks | None,
    ) -> UpdateDepth:
        """What differs from the book so far; what trades took is back where it is said again."""
        began = not (self._book[0] or self._book[1])
        rows = [changes(old, new) for old, new in zip(self._book, (bids, asks), strict=True)]
        if restated is not None:
            for number, side in enumerate((bids, asks)):
                if restated in side and self._book[number].get(restated) == side[restated]:
                    rows[number] = (*rows[number], (restated, side[restated]))
        self._book = (bids, asks)
        return UpdateDepth(at=at, symbol=symbol, bids=rows[0], asks=rows[1], snapshot=began)
