"""W3: one mark price over many cross accounts of three positions.  A unit of work is a mark.

Twenty instruments wander; after each mark, everybody below maintenance margin must be found.
"""

from random import Random
from time import perf_counter_ns
from typing import NamedTuple

from exchange import InstrumentRules, Rulebook, Tier, Venue
from exchange.core.messages import (
    HISTORY,
    BlockTrade,
    Deposit,
    LiquidationStarted,
    ListInstrument,
    OpenAccount,
    Side,
    UpdateDepth,
    UpdateMarkPrice,
)
from exchange.core.prices import update_mark
from exchange.core.rules import Fees
from exchange.core.venue import finish
from tools.bench.measured import Engine, Measured, Missing, quiet_memory, timed

SYMBOLS = 20
POSITIONS = 3
START = 1_000_000
"""Every price at first, in mark units."""
STEP = 500
"""A mark moves by up to this: a twentieth of a per cent."""
MAINTENANCE = 200
"""One part in this many of notional."""
MARKS = {1_000: 20_000, 10_000: 20_000, 100_000: 20_000, 1_000_000: 5_000}


class Holder(NamedTuple):
    """One account: its money, and what it holds, by symbol number."""

    deposit: int
    sizes: list[tuple[int, int]]


def holders(count: int, seed: int = 3) -> list[Holder]:
    """Accounts with 2.5 to 95 times leverage, hedged more or less."""
    random, made = Random(seed), []  # noqa: S311
    for _ in range(count):
        sizes = [
            (symbol, random.choice((-1, 1)) * random.randint(1, 100))
            for symbol in random.sample(range(SYMBOLS), POSITIONS)
        ]
        notional = sum(abs(size) for _, size in sizes) * START
        made.append(Holder(notional * 10 // random.randint(25, 950), sizes))
    return made


def marks(count: int, seed: int = 4) -> list[tuple[int, int]]:
    """(symbol number, mark), one after the other."""
    random, prices, made = Random(seed), [START] * SYMBOLS, []  # noqa: S311
    for _ in range(count):
        symbol = random.randrange(SYMBOLS)
        prices[symbol] += random.randint(-STEP, STEP)
        made.append((symbol, prices[symbol]))
    return made


def crowd(accounts: int) -> Venue:
    """A venue with so many accounts, each with its three positions."""
    venue = Venue(
        Rulebook(
            name="bench",
            title="One tier, no fees",
            fees=Fees(maker="0", taker="0"),
            tiers=(Tier(floor="0", maintenance="0.005", leverage_max=100),),
            leverage_default=100,
            insurance_fund={"USDT": "1000000000000"},
        )
    )
    for number in range(SYMBOLS):
        rules = InstrumentRules(
            symbol=f"S{number:02}",
            tick_size="0.01",
            lot_size="1",
            mark_unit="0.01",
            money_unit="0.01",
        )
        venue.apply(ListInstrument(at=0, rules=rules))
        venue.apply(UpdateMarkPrice(at=0, symbol=rules.symbol, price=START))
        venue.apply(_book(rules.symbol))
    for number, holder in enumerate(holders(accounts)):
        name = f"a{number}"
        venue.apply(OpenAccount(at=0, account=name))
        venue.apply(Deposit(at=0, account=name, asset="USDT", amount=holder.deposit))
        for symbol, size in holder.sizes:
            venue.apply(_block(name, symbol, size))
    return venue


def ticks(accounts: int) -> list[UpdateMarkPrice]:
    """The marks, as commands."""
    return [
        UpdateMarkPrice(at=at, symbol=f"S{symbol:02}", price=price)
        for at, (symbol, price) in enumerate(marks(MARKS.get(accounts, 20_000)), start=1)
    ]


def search(accounts: int) -> Measured:
    """From a mark to who is below maintenance margin, in what order: the waterfall is not timed."""
    venue, told = crowd(accounts), ticks(accounts)
    state = venue._state  # noqa: SLF001 (the two halves of a command, of which one is timed)
    found = nanos = 0
    with quiet_memory():
        for tick in told:
            state.now, state.events = tick.at, []
            began = perf_counter_ns()
            update_mark(state, tick)
            nanos += perf_counter_ns() - began
            finish(state)
            found += sum(isinstance(event, LiquidationStarted) for event in state.events)
    return Measured(nanos=nanos, count=len(told), answers={"liquidated": found})


def plimsoll(accounts: int) -> Measured:
    """The same marks, as anybody sends them, with the whole waterfall behind the search."""
    venue, told = crowd(accounts), ticks(accounts)

    def run() -> int:
        found = 0
        for tick in told:
            for event in venue.apply(tick):
                found += isinstance(event, LiquidationStarted)
        return found

    found, nanos = timed(run)
    return Measured(nanos=nanos, count=len(told), answers={"liquidated": found})


def _book(symbol: str) -> UpdateDepth:
    """Somebody who takes whatever is liquidated; the fund stands in for the price."""
    bids, asks = ((START * 9 // 10, 10**9),), ((START * 11 // 10, 10**9),)
    return UpdateDepth(at=0, symbol=symbol, bids=bids, asks=asks, snapshot=True)


def _block(name: str, symbol: int, size: int) -> BlockTrade:
    return BlockTrade(
        at=0,
        symbol=f"S{symbol:02}",
        account=name,
        counterparty=HISTORY,
        side=Side.BUY if size > 0 else Side.SELL,
        size=abs(size),
        price=START,
    )


def lrvx(accounts: int) -> Measured:
    """FLOX's liquidation engine with accounts attached in cross margin; 20 marks."""
    try:
        from lrvx import Account, LiquidationEngine  # type: ignore[import-not-found]
    except ImportError as error:
        raise Missing(f"pip install lrvx ({error})") from None
    engine, kept = LiquidationEngine(), []
    engine.add_tier(0.0, 1 / MAINTENANCE)
    for number, holder in enumerate(holders(accounts)):
        account = Account(number, holder.deposit / 100)
        account.set_margin_mode("cross")
        for symbol, size in holder.sizes:
            account.open_position(symbol, float(size), START / 100)
        engine.attach_account(account)
        kept.append(account)
    told = marks(20)

    def run() -> None:
        for symbol, price in told:
            engine.on_mark(symbol, price / 100)

    _, nanos = timed(run)
    return Measured(nanos=nanos, count=len(told))


ENGINES: dict[str, Engine] = {
    "plimsoll, the search": search,
    "plimsoll, with liquidations": plimsoll,
    "FLOX (lrvx), attached accounts": lrvx,
}
