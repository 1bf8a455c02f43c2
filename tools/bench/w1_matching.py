"""W1: one stream of orders through one book.  A unit of work is an operation."""

import shutil
import subprocess
import tempfile
from array import array
from pathlib import Path

from exchange.core.columns import column
from exchange.core.order_book import OrderBook
from tools.bench.measured import Engine, Measured, Missing, timed
from tools.bench.stream import CANCEL, FIELDS, LIMIT, TAKE, mixed, orders
from tools.bench.w1_venue import full_rules, inside

SOURCE = Path(__file__).parent / "std_map.cpp"


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


def called_without_takers(count: int) -> Measured:
    """The same without what only takes: the operations that lrvx gets, though here they match."""
    rows = [row for row in operations(count) if row[0] != TAKE]
    # Ids count up with what is sent, so that what is cancelled is named anew.
    ids = {row[1]: number for number, row in enumerate((r for r in rows if r[0] == LIMIT), 1)}
    rows = [(what, ids[order], *others) for what, order, *others in rows]
    return Measured(nanos=call_each(OrderBook(), rows), count=len(rows))


def operations(count: int) -> list[tuple[int, ...]]:
    """The stream, a tuple for each operation."""
    stream = orders(count)
    return [tuple(stream[i : i + FIELDS]) for i in range(0, len(stream), FIELDS)]


def call_each(book: OrderBook, rows: list[tuple[int, ...]]) -> int:
    """Nanoseconds that it takes to call the book for each operation."""

    def run() -> None:
        buys, sells, cancel = book.buy, book.sell, book.cancel
        for what, order, buy, price, size in rows:
            if what == CANCEL:
                cancel(order)
            elif what == LIMIT:
                (buys if buy else sells)(price, size)
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
                ids[order] = place(buy == 1, size, 0, price=price)
            elif what == CANCEL:
                cancel(ids[order])
            else:
                place(buy == 1, size, 0)

    _, nanos = timed(run)
    trades = book.get_trades()
    answers = {"trades": len(trades), "quantity": sum(trade[3] for trade in trades)}
    return Measured(nanos=nanos, count=count, answers=answers)


def lrvx(count: int) -> Measured:
    """FLOX's L3 book.  It does not match, so it gets the limit orders and cancels only."""
    try:
        from lrvx import L3Book  # type: ignore[import-not-found]
    except ImportError as error:
        raise Missing(f"pip install lrvx ({error})") from None
    rows, book = [row for row in operations(count) if row[0] != TAKE], L3Book()

    def run() -> None:
        add, remove = book.add_order, book.remove_order
        for what, order, buy, price, size in rows:
            if what == LIMIT:
                add(order, price, size, "buy" if buy else "sell")
            else:
                remove(order)

    _, nanos = timed(run)
    return Measured(nanos=nanos, count=len(rows))


ENGINES: dict[str, Engine] = {
    "C++ std::map": std_map,
    "plimsoll book, inside": played,
    "plimsoll book, per call": called,
    "bourse, per call": bourse,
    "plimsoll book, per call, no takers": called_without_takers,
    "lrvx L3 book, per call, no takers": lrvx,
    "plimsoll venue, full rules, inside": inside,
    "plimsoll venue, full rules, per call": full_rules,
}
