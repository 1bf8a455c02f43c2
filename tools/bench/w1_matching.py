"""W1: one stream of orders through one book.  A unit of work is an operation."""

import shutil
import subprocess
import tempfile
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from exchange.core.columns import column
from exchange.core.order_book import OrderBook
from tools.bench.measured import Engine, Measured, Missing, timed
from tools.bench.stream import CANCEL, FIELDS, LIMIT, mixed, orders
from tools.bench.w1_venue import full_rules, inside

SOURCE = Path(__file__).parent / "std_map.cpp"
Row: TypeAlias = tuple[int, int, bool, int, int]
"""An operation: what, the order, whether it buys, price, size."""
ROOM = 2_048
APART = 7
"""How many numbers there are for lrvx's orders, and how far they stand apart."""


def std_map(count: int) -> Measured:
    """The textbook book in C++, compiled here."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        raise Missing("no C++ compiler; on Debian: apt-get install g++")
    with tempfile.TemporaryDirectory() as folder:
        program, stream = Path(folder) / "std_map", Path(folder) / "stream"
        build = [compiler, "-O3", "-march=native", "-o", str(program), str(SOURCE)]
        subprocess.run(build, check=True, capture_output=True)  # noqa: S603
        with stream.open("wb") as file:
            array("q", orders(count)).tofile(file)
        done = subprocess.run([program, stream], check=True, capture_output=True, text=True)  # noqa: S603
    nanos, trades, quantity, check = done.stdout.split()
    answers = {"trades": int(trades), "quantity": int(quantity), "check": int(check)}
    return Measured(nanos=float(nanos), count=count, answers=answers)


def played(count: int) -> Measured:
    """This project's book, the loop inside the core."""
    stream, book = column(orders(count)), OrderBook()
    _, nanos = timed(lambda: book.play(stream))
    return Measured(nanos=nanos, count=count, answers=answers_of(book))


def called(count: int) -> Measured:
    """This project's book, called for each operation."""
    book = OrderBook()
    nanos = call_each(book, operations(count))
    return Measured(nanos=nanos, count=count, answers=answers_of(book))


def called_to_keep(count: int) -> Measured:
    """The same where nothing trades: the operations that lrvx gets."""
    rows = side_by_side(chain.from_iterable(counted_up(kept(operations(count)))))
    return Measured(nanos=call_each(OrderBook(), rows), count=len(rows))


def counted_up(rows: list[Row]) -> list[Row]:
    """The same, with the ids that this project's book gives: they count up with what is sent."""
    numbers: dict[int, int] = {}
    return [
        (what, numbers.setdefault(order, len(numbers) + 1), buy, price, size)
        for what, order, buy, price, size in rows
    ]


def operations(count: int) -> list[Row]:
    """The stream, a tuple for each operation."""
    return side_by_side(orders(count))


def side_by_side(numbers: Iterable[int]) -> list[Row]:
    """Rows that lie in memory as they will be read, or reading them takes as long as some calls."""
    flat = iter(array("q", numbers))
    rows = zip(*[flat] * FIELDS, strict=True)
    return [(what, order, buy == 1, price, size) for what, order, buy, price, size in rows]


def kept(rows: list[Row]) -> list[Row]:
    """The same, where nothing trades: a limit order for what comes to rest, a cancel for what goes.

    A book told this is left with the same orders, each of the size that it came to rest with.
    """
    told: list[Row] = []
    book = OrderBook()
    call_each(book, rows)
    trades, left = deque(book.trades()), dict[int, int]()
    for what, order, buy, price, size in rows:
        if what == CANCEL:
            del left[order]
            told.append((CANCEL, order, False, 0, 0))
            continue
        rest = size
        while trades and trades[0][1] == order:
            maker, _, _, traded = trades.popleft()
            rest -= traded
            left[maker] -= traded
            if left[maker] == 0:
                del left[maker]
                told.append((CANCEL, maker, False, 0, 0))
        if rest and what == LIMIT:
            left[order] = rest
            told.append((LIMIT, order, buy, price, rest))
    return told


def call_each(book: OrderBook, rows: list[Row]) -> int:
    """Nanoseconds that it takes to call the book for each operation."""

    def run() -> None:
        buys, sells, cancel = book.buy, book.sell, book.cancel
        for what, order, buy, price, size in rows:
            if what == LIMIT:
                (buys if buy else sells)(price, size)
            elif what == CANCEL:
                cancel(order)
            else:
                (buys if buy else sells)(price, size, rests=False)

    return timed(run)[1]


def answers_of(book: OrderBook) -> dict[str, int]:
    """What must be the same as in every other book."""
    trades, check = book.trades(), 0
    for maker, _, price, size in trades:
        check = mixed(check, price, size, maker)
    return {"trades": len(trades), "quantity": sum(t[3] for t in trades), "check": check}


def bourse(count: int) -> Measured:
    """Bourse's Rust book, called for each operation.  Its clock must step, or orders collide."""
    try:
        from bourse.core import OrderBook  # type: ignore[import-not-found]
    except ImportError:
        raise Missing("pip install bourse") from None
    rows, book = operations(count), OrderBook(0, True)  # noqa: FBT003 (its own way)

    def run() -> None:
        ids: dict[int, int] = {}
        place, cancel, set_time = book.place_order, book.cancel_order, book.set_time
        for now, (what, order, buy, price, size) in enumerate(rows):
            set_time(now)
            if what == LIMIT:
                ids[order] = place(buy, size, 0, price=price)
            elif what == CANCEL:
                cancel(ids[order])
            else:
                place(buy, size, 0)

    _, nanos = timed(run)
    trades = book.get_trades()
    answers = {"trades": len(trades), "quantity": sum(trade[3] for trade in trades)}
    return Measured(nanos=nanos, count=count, answers=answers)


def lrvx(count: int) -> Measured:
    """FLOX's L3 book.  It does not match, so it is told what W1's book keeps."""
    try:
        from lrvx import L3Book  # type: ignore[import-not-found]
    except ImportError as error:
        raise Missing(f"pip install lrvx ({error})") from None
    rows = [
        (what, order, buy, float(price), float(size))
        for what, order, buy, price, size in side_by_side(
            chain.from_iterable(numbered_again(kept(operations(count))))
        )
    ]

    def answers() -> Iterator[str]:
        book = L3Book()
        for what, order, buy, price, size in rows:
            if what == LIMIT:
                yield book.add_order(order, price, size, "buy" if buy else "sell")
            else:
                yield book.remove_order(order)

    def run() -> None:
        add, remove = book.add_order, book.remove_order
        for what, order, buy, price, size in rows:
            if what == LIMIT:
                add(order, price, size, "buy" if buy else "sell")
            else:
                remove(order)

    refusals = set(answers()) - {"ok"}
    if refusals:
        raise Missing(f"it refused some of the work: {', '.join(sorted(refusals))}")
    book = L3Book()
    _, nanos = timed(run)
    return Measured(nanos=nanos, count=len(rows))


def numbered_again(rows: list[Row]) -> list[Row]:
    """The same, the number of an order that is gone given to the next.

    lrvx finds orders in a table of 16,384 places, by the number's remainder, or in the next that is
    free; one that was ever used does not count as free again.  With numbers that count up it
    refuses every order once all were.  Neighbours would make it search: so every `APART`th.
    """
    free, numbers = [*range(0, ROOM * APART, APART)], dict[int, int]()
    again: list[Row] = []
    for what, order, buy, price, size in rows:
        if what == LIMIT:
            numbers[order] = free.pop()
        again.append((what, numbers[order], buy, price, size))
        if what == CANCEL:
            free.append(numbers.pop(order))
    return again


ENGINES: dict[str, Engine] = {
    "C++ std::map": std_map,
    "plimsoll book, inside": played,
    "plimsoll book, per call": called,
    "bourse, per call": bourse,
    "plimsoll book, per call, nothing trades": called_to_keep,
    "lrvx L3 book, per call, nothing trades": lrvx,
    "plimsoll venue, full rules, inside": inside,
    "plimsoll venue, full rules, per call": full_rules,
}
