"""W4: the burst.  11,279 liquidations, closed by 11,279 deleveragings, in one mark price.

That is what Hyperliquid did in its largest second on 10 October 2025 (public analysis of that
day's fills, ConejoCapital/HyperMultiAssetedADL).  A unit of work is a liquidation.
"""

from time import process_time_ns

from exchange import InstrumentRules, Rulebook, Tier, Venue
from exchange.core.messages import (
    BlockTrade,
    Deposit,
    LiquidationStarted,
    ListInstrument,
    OpenAccount,
    PositionDeleveraged,
    Side,
    UpdateMarkPrice,
)
from exchange.core.rules import Fees
from tools.bench.measured import Engine, Measured, timed

BURST = 11_279
START = 100_000
FALL = 94_000
"""Of a long at 20 times leverage, six per cent is more than all it has."""


def plimsoll(liquidations: int) -> Measured:
    """Longs that all fail at one mark, with no book to close in; shorts on the other side."""
    venue = Venue(
        Rulebook(
            name="bench",
            title="No book, no fund",
            fees=Fees(maker="0", taker="0"),
            tiers=(Tier(floor="0", maintenance="0.005", leverage_max=100),),
            leverage_default=20,
        )
    )
    rules = InstrumentRules(
        symbol="BTC", tick_size="0.01", lot_size="0.001", mark_unit="0.01", money_unit="0.00001"
    )
    venue.apply(ListInstrument(at=0, rules=rules))
    venue.apply(UpdateMarkPrice(at=0, symbol="BTC", price=START))
    for number in range(liquidations):
        size = 1 + number % 50
        worth = size * START
        for name, deposit in ((f"long{number}", worth // 19), (f"short{number}", worth)):
            venue.apply(OpenAccount(at=0, account=name))
            venue.apply(Deposit(at=0, account=name, asset="USDT", amount=deposit))
        venue.apply(
            BlockTrade(
                at=0,
                symbol="BTC",
                account=f"long{number}",
                counterparty=f"short{number}",
                side=Side.BUY,
                size=size,
                price=START,
            )
        )

    def run() -> tuple[list[object], int]:
        began = process_time_ns()
        events = venue.apply(UpdateMarkPrice(at=1, symbol="BTC", price=FALL))
        venue.check()
        return list(events), process_time_ns() - began

    (events, busy), nanos = timed(run)
    started = sum(isinstance(event, LiquidationStarted) for event in events)
    adl = sum(isinstance(event, PositionDeleveraged) for event in events)
    return Measured(
        nanos=nanos,
        count=liquidations,
        answers={"liquidations": started},
        facts={
            "deleveragings": adl,
            "seconds": round(nanos / 1e9, 3),
            "of them CPU": round(busy / 1e9, 3),
        },
    )


ENGINES: dict[str, Engine] = {"plimsoll": plimsoll}
