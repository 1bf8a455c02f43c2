"""M1 to M3: what a resting order, an account, and an event of the journal take.

The time is that of making them; bytes are by how much the process has grown, so that whatever
stands behind each (its place in the book, its edges in the monitor, its name) is in it.
"""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from exchange import InstrumentRules, Rulebook, Tier, Venue
from exchange.core.messages import (
    CommandRejected,
    Deposit,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    Side,
    UpdateMarkPrice,
)
from exchange.core.rules import Fees
from exchange.journal import Journal
from tools.bench import w3_monitor
from tools.bench.measured import Engine, Measured, timed
from tools.bench.w5_files import replayed, resident

ORDERS_EACH = 100
"""Of one account; venues allow no more than some hundreds."""
LEVELS = 500
MIDDLE = 60_000


def resting_orders(count: int) -> Measured:
    """A hundred orders of each account, on five hundred levels a side."""
    tiers = (Tier(floor="0", maintenance="0.005", leverage_max=100),)
    fees = Fees(maker="0", taker="0")
    venue = Venue(Rulebook(name="bench", title="One tier, no fees", fees=fees, tiers=tiers))
    rules = InstrumentRules(symbol="BTC", tick_size="1", lot_size="1", mark_unit="1")
    venue.apply(ListInstrument(at=0, rules=rules))
    venue.apply(UpdateMarkPrice(at=0, symbol="BTC", price=MIDDLE))
    owners = count // ORDERS_EACH
    for number in range(owners):
        venue.apply(OpenAccount(at=0, account=f"a{number}"))
        venue.apply(Deposit(at=0, account=f"a{number}", asset="USDT", amount=10**19))

    def place() -> Venue:
        for number in range(count):
            buy, away = number % 2 == 0, 1 + number // 2 % LEVELS
            command = PlaceOrder(
                at=1,
                account=f"a{number % owners}",
                symbol="BTC",
                side=Side.BUY if buy else Side.SELL,
                size=1,
                price=MIDDLE - away if buy else MIDDLE + away,
            )
            events = venue.apply(command)
            assert not isinstance(events[0], CommandRejected), events[0]
        return venue

    return grown(count, place)


def accounts(count: int) -> Measured:
    """Accounts with three positions in cross margin, as in W3."""
    return grown(count, lambda: w3_monitor.crowd(count))


def grown(count: int, make: Callable[[], Venue]) -> Measured:
    """What making so many of something took, and takes."""
    before = resident()
    _, nanos = timed(make)
    each = (resident() - before) * 1024 // count
    return Measured(nanos=nanos, count=count, facts={"bytes each": each})


def journal(rows: int) -> Measured:
    """A recording replayed as in W5, its journal written to a file."""
    with tempfile.TemporaryDirectory() as folder:
        run, path = replayed(Path(folder), rows), Path(folder) / "events.jsonl"
        before = resident()
        with Journal(path) as kept:
            outcome, nanos = timed(lambda: asyncio.run(run.go(kept)))
        size = path.stat().st_size
        facts = {
            "MB a million": size // outcome.events,
            "peak grew by MB": (resident() - before) // 1024,
        }
    return Measured(nanos=nanos, count=outcome.events, facts=facts)


ORDERS: dict[str, Engine] = {"plimsoll": resting_orders}
ACCOUNTS: dict[str, Engine] = {"plimsoll": accounts}
JOURNAL: dict[str, Engine] = {"plimsoll": journal}
