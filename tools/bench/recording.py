"""A raw Binance recording of any length, made up: depth chain, best quotes, trades, and its spot.

In the proportions of a real one (BTCUSDT perpetual, 8 August 2024): of 94 rows, 66 bookTicker, 21
trades and 7 depth updates of some 18 levels a side.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

BEGIN = 1_723_161_255_000_000_000
STEP = 3_700_000
"""Nanoseconds between two rows."""
DEPTH, TRADE = 7, 28
OF = 94
LEVELS = 1_000
CHANGED = 18


class _Market:
    """A book of a thousand levels a side in steps of 0.1, around a wandering middle."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311
        self.middle = 617_000
        self.update = 1_000_000
        self.sizes: dict[int, int] = {}
        for price in range(self.middle - LEVELS, self.middle + LEVELS):
            self.sizes[price] = self.random.randint(1, 9_999)

    def best(self) -> tuple[int, int]:
        """Best bid and ask in ticks."""
        return self.middle - 1, self.middle

    def move(self) -> tuple[list[list[str]], list[list[str]]]:
        """Change some levels near the middle; now and then the middle itself."""
        random, changed = self.random, set[int]()
        step = random.choice((0, 0, 0, 0, -1, 1))
        before, self.middle = self.middle, self.middle + step
        changed.update((before - 1, before, self.middle - 1, self.middle))
        for _ in range(CHANGED):
            away = int(random.expovariate(0.02)) + 1
            changed.update((self.middle - 1 - away, self.middle + away))
        for price in changed:
            self.sizes[price] = random.randint(1, 9_999)
        bids = [[text(p), size(self.sizes[p])] for p in sorted(changed) if p < self.middle]
        asks = [[text(p), size(self.sizes[p])] for p in sorted(changed) if p >= self.middle]
        if step > 0:
            asks.append([text(before), size(0)])
        if step < 0:
            bids.append([text(before - 1), size(0)])
        return bids, asks


def text(ticks: int) -> str:
    """A price as the stream writes it."""
    return f"{ticks // 10}.{ticks % 10}0"


def size(lots: int) -> str:
    """A size as the stream writes it."""
    return f"{lots // 1000}.{lots % 1000:03}"


def perpetual_rows(count: int, seed: int = 5) -> Iterator[tuple[int, dict[str, object]]]:
    """Rows of the perpetual: (local time, message)."""
    market = _Market(seed)
    levels = sorted(market.sizes)
    yield (
        BEGIN,
        {
            "lastUpdateId": market.update,
            "bids": [[text(p), size(market.sizes[p])] for p in levels if p < market.middle],
            "asks": [[text(p), size(market.sizes[p])] for p in levels if p >= market.middle],
        },
    )
    for number in range(1, count):
        at, kind = BEGIN + number * STEP, market.random.randrange(OF)
        ms = at // 1_000_000
        bid, ask = market.best()
        if kind < DEPTH:
            before, market.update = market.update, market.update + market.random.randint(2, 40)
            bids, asks = market.move()
            data: dict[str, object] = {
                "e": "depthUpdate", "E": ms, "T": ms, "s": "BTCUSDT", "U": before + 1,
                "u": market.update, "pu": before, "b": bids, "a": asks,
            }  # fmt: skip
            yield at, {"stream": "btcusdt@depth@0ms", "data": data}
        elif kind < TRADE:
            buyer_is_maker = market.random.random() < 0.5  # noqa: PLR2004
            lots = market.random.randint(1, 300)
            data = {
                "e": "trade", "E": ms, "T": ms, "s": "BTCUSDT", "t": number,
                "p": text(bid if buyer_is_maker else ask), "q": size(lots), "X": "MARKET",
                "m": buyer_is_maker,
            }  # fmt: skip
            yield at, {"stream": "btcusdt@trade", "data": data}
        else:
            data = {
                "e": "bookTicker", "u": market.update, "s": "BTCUSDT", "b": text(bid),
                "B": size(market.sizes[bid]), "a": text(ask), "A": size(market.sizes[ask]),
                "T": ms, "E": ms,
            }  # fmt: skip
            yield at, {"stream": "btcusdt@bookTicker", "data": data}


def spot_rows(count: int, seed: int = 6) -> Iterator[tuple[int, dict[str, object]]]:
    """Rows of the spot market: a depth update to tell it by, then best quotes."""
    random, middle = Random(seed), 61_700_00  # noqa: S311
    for number in range(count):
        at = BEGIN + number * STEP
        middle += random.choice((-1, 0, 0, 1))
        bid, ask = f"{middle / 100:.8f}", f"{(middle + 1) / 100:.8f}"
        if number == 0:
            data: dict[str, object] = {"e": "depthUpdate", "E": at, "s": "BTCUSDT", "U": 1, "u": 2}
            yield at, {"stream": "btcusdt@depth", "data": data | {"b": [[bid, "1"]], "a": []}}
            continue
        data = {"u": number, "s": "BTCUSDT", "b": bid, "B": "1.0", "a": ask, "A": "1.0"}
        yield at, {"stream": "btcusdt@bookTicker", "data": data}


def write(path: Path, rows: Iterator[tuple[int, dict[str, object]]]) -> None:
    """A recording as it is kept: gzip, one line a row."""
    with gzip.open(path, "wt", compresslevel=1) as file:
        for at, message in rows:
            file.write(f"{at} {json.dumps(message, separators=(',', ':'))}\n")
