"""Small tick files, written by the tests that read them."""

import asyncio
import gzip
import json
from pathlib import Path

from exchange import InstrumentRules, Tier
from exchange.core.instrument import Instrument
from exchange.core.rules import ContractKind
from exchange.feed import Feed, FeedItem

TIERS = (Tier(floor="0", maintenance="0.005", leverage_max=100),)
START = 1_723_161_256_000_000_000
"""When every tape begins, in ns."""
SECOND = 1_000_000_000


def instrument(
    symbol: str = "BTCUSDT",
    tick: str = "0.1",
    lot: str = "0.001",
    *,
    inverse: bool = False,
    settle: str = "USDT",
) -> Instrument:
    """A contract with a grid."""
    rules = InstrumentRules(
        symbol=symbol,
        kind=ContractKind.INVERSE if inverse else ContractKind.LINEAR,
        settle=settle,
        tick_size=tick,
        lot_size=lot,
    )
    return Instrument(0, rules, TIERS)


BTC = instrument()


def items(feed: Feed) -> list[FeedItem]:
    """Everything a feed brings."""

    async def collect() -> list[FeedItem]:
        return [item async for batch in feed for item in batch]

    return asyncio.run(collect())


def kinds(found: list[FeedItem]) -> list[str]:
    """What came, by name."""
    return [type(item).__name__ for item in found]


class Tape:
    """A raw Binance recording, a line each second."""

    def __init__(self, symbol: str = "BTCUSDT") -> None:
        self.symbol = symbol
        self.lines: list[str] = []
        self.at = START

    def line(self, message: object) -> "Tape":
        """Any message, or text that is none."""
        text = message if isinstance(message, str) else json.dumps(message)
        self.lines.append(f"{self.at} {text}")
        self.at += SECOND
        return self

    def stream(self, name: str, **data: object) -> "Tape":
        """A message of a combined stream."""
        stream = f"{self.symbol.lower()}@{name}"
        return self.line({"stream": stream, "data": {"s": self.symbol, **data}})

    def snapshot(self, last: int, bids: object = (), asks: object = ()) -> "Tape":
        """The book by REST, at an update id."""
        return self.line({"lastUpdateId": last, "bids": rows(bids), "asks": rows(asks)})

    def depth(
        self, first: int, last: int, pu: int | None, bids: object = (), asks: object = ()
    ) -> "Tape":
        """Changed levels; without `pu` it is spot."""
        chain = {} if pu is None else {"pu": pu}
        return self.stream(
            "depth@0ms", U=first, u=last, b=rows(bids), a=rows(asks), **chain, e="depthUpdate"
        )

    def trade(self, price: str, size: str, number: int = 1, **more: object) -> "Tape":
        """A buyer takes."""
        return self.stream("trade", t=number, p=price, q=size, **({"m": False} | more))

    def quote(self, last: int, bid: str, bid_size: str, ask: str, ask_size: str) -> "Tape":
        """Best bid and ask at an update id."""
        return self.stream("bookTicker", u=last, b=bid, B=bid_size, a=ask, A=ask_size)

    def mark(self, mark: str, index: str, rate: str = "0.0001") -> "Tape":
        """Mark price, index price, funding rate."""
        next_at = START // 1_000_000 + 3_600_000
        return self.stream("markPrice", p=mark, i=index, r=rate, T=next_at)

    def save(self, path: Path) -> Path:
        """Write the tape; compressed if it is called .gz."""
        text = "".join(f"{line}\n" for line in self.lines).encode()
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
        return path


def rows(levels: object) -> list[list[str]]:
    """Levels as Binance sends them."""
    return [list(level) for level in levels]  # type: ignore[attr-defined]


def csv(path: Path, header: str, *lines: str) -> Path:
    """A CSV file."""
    path.write_text("\n".join((header, *lines)) + "\n")
    return path
