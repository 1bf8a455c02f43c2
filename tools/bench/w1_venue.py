"""W1 under the venue's full rules: the same stream, sent by traders with money at stake.

Time in force, self-trade prevention, reduce-only, margin, and fees to the ledger; as columns inside
the core, where nobody takes the events, or a command at a time with every event.
Some orders come to nothing that the book alone would let trade: their owner's own are in the way.
"""

from exchange import InstrumentRules, OrderColumns, OrderEntry, Rulebook, Tier, Venue
from exchange.core.messages import (
    CancelOrder,
    Command,
    CommandRejected,
    Deposit,
    ListInstrument,
    OpenAccount,
    PlaceOrder,
    Side,
    TimeInForce,
    UpdateMarkPrice,
)
from exchange.core.order_columns import BUY, IOC, REDUCE_ONLY, SELL
from exchange.core.order_columns import CANCEL as CANCEL_ROW
from exchange.core.rules import Fees
from tools.bench.measured import Measured, timed
from tools.bench.stream import CANCEL, FIELDS, LIMIT, MIDDLE, TAKE, orders

TRADERS = 64
REDUCING = 10
"""One in so many of the orders that take may only reduce what its owner holds."""
MICROSECOND = 1_000
PLENTY = 10**16


def venue() -> Venue:
    """A market of the textbook kind, its traders rich."""
    made = Venue(
        Rulebook(
            name="bench",
            title="Fees, tiers, and money enough",
            fees=Fees(maker="0.0002", taker="0.0005"),
            tiers=(
                Tier(floor="0", maintenance="0.004", leverage_max=125),
                Tier(floor="50000", maintenance="0.005", leverage_max=100),
                Tier(floor="600000", maintenance="0.01", leverage_max=50),
            ),
            leverage_default=20,
        )
    )
    rules = InstrumentRules(
        symbol="BTC", tick_size="0.1", lot_size="0.001", mark_unit="0.01", money_unit="0.00000001"
    )
    made.apply(ListInstrument(at=0, rules=rules))
    made.apply(UpdateMarkPrice(at=0, symbol="BTC", price=MIDDLE * 10))
    for number in range(TRADERS):
        made.apply(OpenAccount(at=0, account=trader(number)))
        made.apply(Deposit(at=0, account=trader(number), asset="USDT", amount=PLENTY))
    return made


def trader(order: int) -> str:
    """Whose an order is."""
    return f"trader {order % TRADERS}"


def commands(count: int) -> list[Command]:
    """The stream as a client sends it; each order by its own reference."""
    stream, sent = orders(count), list[Command]()
    for number, start in enumerate(range(0, len(stream), FIELDS), 1):
        what, order, buy, price, size = stream[start : start + FIELDS]
        at, account = number * MICROSECOND, trader(order)
        if what == CANCEL:
            sent.append(CancelOrder(at=at, account=account, order_ref=order))
            continue
        sent.append(
            PlaceOrder(
                at=at,
                account=account,
                ref=order,
                symbol="BTC",
                side=Side.BUY if buy else Side.SELL,
                size=size,
                price=price,
                time_in_force=TimeInForce.GTC if what == LIMIT else TimeInForce.IOC,
                reduce_only=what != LIMIT and order % REDUCING == 0,
            )
        )
    return sent


def columns(count: int) -> OrderColumns:
    """The same as columns; traders by number."""
    stream = orders(count)
    rows: list[tuple[int, ...]] = []
    for number, start in enumerate(range(0, len(stream), FIELDS), 1):
        what, order, buy, price, size = stream[start : start + FIELDS]
        terms = 0 if what != TAKE else IOC if order % REDUCING else IOC + REDUCE_ONLY
        kind = CANCEL_ROW if what == CANCEL else BUY if buy else SELL
        rows.append((number * MICROSECOND, order % TRADERS, kind, order, price, size, terms))
    return OrderColumns(*zip(*rows, strict=True))


def inside(count: int) -> Measured:
    """The venue, its orders in columns."""
    market, sent = venue(), columns(count)
    entry = OrderEntry(market, "BTC", [trader(number) for number in range(TRADERS)])
    refused, nanos = timed(lambda: entry.send(sent))
    return measured(market, nanos, count, refused)


def full_rules(count: int) -> Measured:
    """The venue, a command at a time, as everybody uses it."""
    market, sent = venue(), commands(count)

    def run() -> int:
        apply, refused = market.apply, 0
        for command in sent:
            for event in apply(command):
                refused += type(event) is CommandRejected
        return refused

    refused, nanos = timed(run)
    return measured(market, nanos, count, refused)


def measured(market: Venue, nanos: int, count: int, refused: int) -> Measured:
    """A measurement, and what both doors must lead to."""
    market.check()
    answers = {"refused": refused, "digest": market.digest()[:8]}
    return Measured(nanos=nanos, count=count, answers=answers)
