"""W2's market: depth updates and trades of one contract, made up, the same for every engine.

In the proportions of a real recording (Binance's BTCUSDT perpetual, 8 August 2024): of a hundred
rows some eight are trades, one or two move the best price, and the rest change levels behind it.
What a trade took is told by the update that follows it, at the same time.
"""

from random import Random
from typing import NamedTuple

from exchange.core.columns import ASK, BID, BUY, MARK, SELL

BEGIN = 1_700_000_000_000_000_000
PAUSE = 1_000_000
"""Nanoseconds between two happenings, on the average."""
TOGETHER = 0.1
"""How many of them happen together with the one before."""
SECOND = 1_000_000_000
MIDDLE = 100_000
LEVELS = 60
SUBTICKS = 100
"""Mark units in a tick."""
TRADES, SWEEPS, PULLS, FILLS = 0.075, 0.0825, 0.0875, 0.12
"""How many happenings are trades; those that take all of a level; levels pulled; spreads closed."""


class Rows(NamedTuple):
    """Columns, as `exchange.Columns` takes them."""

    at: list[int]
    kind: list[int]
    price: list[int]
    size: list[int]


class _Maker:
    """A book that never crosses itself, and what happens to it.

    Sizes are 5 more than a multiple of 10 and trades multiples of 10: whoever stands behind a level
    with one lot is reached, or not, by ten lots either way, so that an engine in which a fill takes
    a lot out of the market and one in which it does not come to the same.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311
        self.rows = Rows([], [], [], [])
        self.now = BEGIN
        self.bids = {MIDDLE - n: self.some() for n in range(1, LEVELS)}
        self.asks = {MIDDLE + n: self.some() for n in range(LEVELS - 1)}
        for kind, sizes in ((BID, self.bids), (ASK, self.asks)):
            for price, size in sizes.items():
                self.tell(kind, price, size)
        self.best = {BID: MIDDLE - 1, ASK: MIDDLE}
        self.tell(MARK, MIDDLE * SUBTICKS, 0)

    def some(self) -> int:
        """The size of a level."""
        return 5 + 10 * self.random.randint(0, 30)

    def tell(self, kind: int, price: int, size: int) -> None:
        """A row."""
        for column, value in zip(self.rows, (self.now, kind, price, size), strict=True):
            column.append(value)

    def level(self, kind: int, price: int, size: int) -> None:
        """A level has another size."""
        sizes, out = (self.bids, -1) if kind == BID else (self.asks, 1)
        if size:
            sizes[price] = size
        else:
            sizes.pop(price, None)
        best = self.best[kind]
        if (best - price) * out > 0:
            self.best[kind] = price
        while self.best[kind] not in sizes:
            self.best[kind] += out
        self.tell(kind, price, size)

    def trade(self, kind: int, *, all_of_it: bool) -> None:
        """Somebody takes from the best level of a side, and its update follows."""
        sizes = self.bids if kind == BID else self.asks
        price = self.best[kind]
        shown = sizes[price]
        parts = shown // 10
        size = 10 * self.random.randint(1, parts) if parts and not all_of_it else shown + 5
        self.tell(SELL if kind == BID else BUY, price, size)
        self.level(kind, price, max(0, shown - size))

    def happen(self) -> None:
        """One thing, on one side."""
        draw, kind = self.random.random(), self.random.choice((BID, ASK))
        spread = self.best[ASK] - self.best[BID]
        best, out = self.best[kind], -1 if kind == BID else 1
        if draw < SWEEPS:
            self.trade(kind, all_of_it=draw >= TRADES)
        elif draw < PULLS:
            self.level(kind, best, 0)
        elif spread > 1 and (draw < FILLS or spread > 4):  # noqa: PLR2004
            self.level(kind, best - out, self.some())
        else:
            away = min(int(self.random.expovariate(0.15)), LEVELS)
            gone = away > 2 and self.random.random() < 0.05  # noqa: PLR2004
            self.level(kind, best + away * out, 0 if gone else self.some())

    def mark(self) -> None:
        """The middle, each second."""
        middle = (self.best[BID] + self.best[ASK]) * SUBTICKS // 2
        self.tell(MARK, middle, 0)


def market(count: int, seed: int = 11) -> Rows:
    """`count` levels and trades, or one more, and a mark price each second."""
    maker = _Maker(seed)
    second, marks = BEGIN // SECOND, 1
    while len(maker.rows.at) - marks < count:
        if maker.random.random() >= TOGETHER:
            maker.now += int(maker.random.expovariate(1 / PAUSE)) + 1
        if maker.now // SECOND != second:
            second = maker.now // SECOND
            maker.mark()
            marks += 1
        maker.happen()
    return maker.rows
