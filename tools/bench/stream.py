"""W1's stream of orders.

60% limit orders around a wandering middle, 30% cancels of live orders, 10% that take what they
find.  One seed, one stream; a book of some 1,400 orders on 250 levels.
"""

from bisect import insort
from collections import deque
from random import Random

LIMIT, CANCEL, TAKE = 0, 1, 2
FIELDS = 5
"""Numbers to an operation: what, order id, 1 for a buy, price, size."""
MIDDLE = 10_000
MEAN_DISTANCE = 30
FAR = 1_000
"""Ticks beyond the middle at which a taking order reaches everything."""


class _Shadow:
    """As much of a book as it takes to know which orders are live."""

    def __init__(self) -> None:
        self.keys: tuple[list[int], list[int]] = ([], [])
        self.levels: dict[int, deque[int]] = {}
        self.size: dict[int, int] = {}
        self.level_of: dict[int, int] = {}
        self.live: list[int] = []
        self.place: dict[int, int] = {}

    def rest(self, order: int, key: int, side: int, size: int) -> None:
        if key not in self.levels:
            self.levels[key] = deque()
            insort(self.keys[side], key)
        self.levels[key].append(order)
        self.size[order], self.level_of[order] = size, key
        self.place[order] = len(self.live)
        self.live.append(order)

    def drop(self, order: int) -> None:
        del self.size[order]
        at, last = self.place.pop(order), self.live.pop()
        if last != order:
            self.live[at], self.place[last] = last, at

    def take(self, side: int, limit: int, size: int) -> int:
        """Trade with one side's best, down to `limit`; returns what is left."""
        keys = self.keys[side]
        while size and keys and keys[-1] >= limit:
            queue = self.levels[keys[-1]]
            while queue and size:
                open_size = self.size.get(queue[0], 0)
                traded = min(open_size, size)
                size -= traded
                if traded < open_size:
                    self.size[queue[0]] = open_size - traded
                    continue
                gone = queue.popleft()
                if gone in self.size:
                    self.drop(gone)
            if not queue:
                del self.levels[keys.pop()]
        return size


def orders(count: int, seed: int = 7) -> list[int]:
    """`count` operations, flat."""
    random, book, middle, order = Random(seed), _Shadow(), MIDDLE, 0  # noqa: S311
    stream: list[int] = []
    for number in range(count):
        if number % 20 == 0:
            middle += random.choice((-1, 0, 1))
        chance = random.random()
        if 0.6 <= chance < 0.9 and book.live:  # noqa: PLR2004 (the law above)
            gone = book.live[random.randrange(len(book.live))]
            book.drop(gone)
            stream += (CANCEL, gone, 0, 0, 0)
            continue
        order += 1
        buy = random.random() < 0.5  # noqa: PLR2004
        sign = 1 if buy else -1
        if chance < 0.6 or not book.live:  # noqa: PLR2004
            price = middle - sign * (int(random.expovariate(1 / MEAN_DISTANCE)) + 1)
            what, size = LIMIT, random.randint(1, 60)
        else:
            what, price, size = TAKE, middle + sign * FAR, random.randint(1, 182)
        stream += (what, order, int(buy), price, size)
        left = book.take(1 if buy else 0, -sign * price, size)
        if left and what == LIMIT:
            book.rest(order, sign * price, 0 if buy else 1, left)
    return stream


def mixed(check: int, price: int, size: int, maker: int) -> int:
    """A running check of all trades, the same in every engine that has order ids."""
    return (check * 31 + price * 7 + size + maker) & 0xFFFFFFFF
