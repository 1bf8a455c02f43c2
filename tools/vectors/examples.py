"""The articles' worked example at many prices, and their behaviours in words."""

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from exchange.core.messages import (
    CommandRejected,
    LiquidationEnded,
    LiquidationStepTaken,
    MarginAdjusted,
)
from exchange.core.policies import Amount, Select
from tools.vectors.bench import Bench, only, share
from tools.vectors.figures import figure
from tools.vectors.textbook import ONE, RATE, Leg, fate, move, textbook

Check = Callable[[], tuple[Any, Any, Fraction]]
"""What is expected, what was found, and how far they may be apart."""
Named = Iterator[tuple[str, str, Check | None]]

PRINTED = Fraction(1, 10**8)
PRICE = Fraction(1, 10**6)
"""A liquidation price is told to the venue's mark unit; a fraction has no end."""
DEEP = 10**9


class Example:
    """Ten thousand dollars, long bitcoin and short ether."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.deposit = figure(given["deposit"])
        self.legs: dict[str, Leg] = {
            leg["sym"]: (
                figure(leg["qty"]) * (1 if leg["side"] == "long" else -1),
                figure(leg["entry"]),
            )
            for leg in given["legs"]
        }

    def cross(self, also: Mapping[str, Leg] | None = None, **rules: Any) -> Bench:  # noqa: ANN401
        """All legs on the whole account."""
        return textbook({**self.legs, **(also or {})}, self.deposit, **rules)

    def isolated(self) -> Bench:
        """Each leg on its own margin, a tenth of its notional."""
        return textbook(self.legs, self.deposit, isolated=tuple(self.legs))


def worked_example(data: Mapping[str, Any]) -> Named:
    """Every state of the example, what the article prints of it, and the prices that follow."""
    example = Example(data["given"])
    topic = "worked_example"
    for state in data["states"]:
        name = f"state BTC {state['btc']}, ETH {state['eth']}"
        yield name, topic, _state(example, state)
    yield "lot of 1e-8", topic, _coarse(data["given"], data["lot_1e8"])
    yield "printed", topic, _printed(example, data["printed_in_seed"])
    for name, value in data["derived_prices_mmr_0.5pct"].items():
        yield name, "derived_prices", _derived(example, name, value)


def _state(example: Example, state: Mapping[str, Any]) -> Check:
    marks = {symbol: _price_in(example, state, symbol) for symbol in example.legs}
    expected = {k: v for k, v in state.items() if k not in ("btc", "eth")}

    def found() -> dict[str, Any]:
        cross, alone = example.cross(), example.isolated()
        seen = cross.seen("ann", marks)
        held = {name: cross.held("ann", name, marks) for name in marks}
        own = {name: alone.held("ann", name, marks) for name in marks}
        ratio = seen.margin_ratio
        fates = move(cross, marks)
        alone_fates = move(alone, marks)
        return {
            "upnl_btc": cross.amount(held["BTC"].unrealised_pnl),
            "upnl_eth": cross.amount(held["ETH"].unrealised_pnl),
            "equity": cross.amount(seen.equity),
            "maintenance": cross.amount(seen.maintenance_margin),
            "margin_ratio": "infinite" if ratio is None else share(ratio),
            "cross": fate(fates),
            "iso_btc_equity": alone.amount(own["BTC"].bucket + own["BTC"].unrealised_pnl),
            "iso_btc": fate(alone_fates, "BTC"),
            "iso_eth_equity": alone.amount(own["ETH"].bucket + own["ETH"].unrealised_pnl),
            "iso_eth": fate(alone_fates, "ETH"),
        }

    return lambda: (expected, found(), PRINTED)


def _price_in(example: Example, state: Mapping[str, Any], symbol: str) -> Fraction:
    """A state's price: as it is written, or what is written rounds.

    One state writes its prices to cents, and reckons with more digits; its PnL tells them.
    """
    label = state[symbol.lower()]
    size, entry = example.legs[symbol]
    exact = entry + figure(state[f"upnl_{symbol.lower()}"]) / size
    places = len(label.partition(".")[2])
    return exact if places and round(exact, places) == figure(label) else figure(label)


def _coarse(given: Mapping[str, Any], expected: Mapping[str, Any]) -> Check:
    """With lots of a hundred-millionth the printed figures are missed by a hair."""
    example = Example(given)
    example.legs["BTC"] = figure(expected["qty"]), example.legs["BTC"][1]
    marks = {"BTC": Fraction(57_000), "ETH": Fraction(2_850)}

    def found() -> dict[str, Any]:
        bench = example.cross()
        held = bench.held("ann", "BTC", marks)
        return {
            "qty": bench.size("BTC", held.size),
            "upnl_btc": bench.amount(held.unrealised_pnl),
            "equity": bench.amount(bench.seen("ann", marks).equity),
        }

    return lambda: (expected, found(), PRINTED)


def _printed(example: Example, expected: Mapping[str, Any]) -> Check:
    """What the article itself prints: both legs 5% down."""
    marks = {"BTC": Fraction(57_000), "ETH": Fraction(2_850)}

    def found() -> dict[str, Any]:
        bench, alone = example.cross(), example.isolated()
        own = alone.held("ann", "BTC", marks)
        lost = -alone.amount(own.unrealised_pnl)
        margin = alone.amount(own.bucket)
        held = {name: bench.held("ann", name, marks) for name in marks}
        return {
            "upnl_btc_at_57000": bench.amount(held["BTC"].unrealised_pnl),
            "isolated_drawdown": f"{100 * lost / margin}% ({lost} of {margin})",
            "upnl_eth_at_2850": bench.amount(held["ETH"].unrealised_pnl),
            "equity": bench.amount(bench.seen("ann", marks).equity),
            "both_open": not move(bench, marks),
        }

    return lambda: (expected, found(), PRINTED)


def _derived(example: Example, name: str, value: Any) -> Check | None:  # noqa: ANN401
    def price(bench: Bench, symbol: str, what: str) -> Fraction:
        seen = bench.held("ann", symbol)
        if what == "bankruptcy":
            return bench.tick_price(symbol, seen.bankruptcy_price or 0)
        return bench.mark_price(symbol, seen.liquidation_price or 0)

    def joint(**rules: Any) -> Fraction:  # noqa: ANN401
        fall, _ = example.cross(**rules).venue.common_move("ann", "USD")
        return share(fall or 0)

    broke = {"rates": dict.fromkeys(example.legs, Fraction(0))}
    answers: dict[str, Callable[[], Fraction]] = {
        f"{mode}_{symbol.lower()}_{what}{rest}": lambda m=mode, s=symbol, w=what: price(  # type: ignore[misc]
            example.isolated() if m == "iso" else example.cross(), s, w
        )
        for symbol in example.legs
        for what in ("liquidation", "bankruptcy")
        for mode, rest in (("iso", ""), ("cross", f"_{_other(example, symbol)}_fixed"))
    }
    answers |= {
        "joint_fall_fraction_to_cross_liquidation": joint,
        "btc_there": lambda: example.legs["BTC"][1] * (1 - joint()),
        "joint_fall_to_bankruptcy": lambda: joint(**broke),
    }
    answer = answers.get(name)
    # A common fall is told to eight places, a price to a mark unit.
    tolerance = Fraction(1, 1000) if name == "btc_there" else PRICE
    return None if answer is None else lambda: (value, answer(), tolerance)


def _other(example: Example, symbol: str) -> str:
    return next(name for name in example.legs if name != symbol).lower()


# --------------------------------------------------------------------------------- behaviours


def adding_a_loser(data: Mapping[str, Any]) -> Check:
    """A third leg that has lost 1,000 moves the others' liquidation prices closer."""
    example, part = (
        Example(data["worked_example_001"]["given"]),
        data["adding_losing_trade_001"],
    )
    loser = {"SOL": (Fraction(10_000), Fraction(11, 10))}

    def price(also: Mapping[str, Leg], marks: Mapping[str, Fraction]) -> Fraction:
        bench = example.cross(also, safely=True)
        marks = {name: entry for name, (_, entry) in example.legs.items()} | dict(marks)
        return bench.mark_price("BTC", bench.held("ann", "BTC", marks).liquidation_price or 0)

    expected = {"before": part["btc_liq_before"], "after": part["btc_liq_after"]}
    return lambda: (
        expected,
        {"before": price({}, {}), "after": price(loser, {"SOL": ONE})},
        PRICE,
    )


def netting(part: Mapping[str, Any]) -> Check:
    """A gain carries a loss: equity changes by their sum."""
    given = part.get("given", part)
    gain, loss = figure(given["gain"]), figure(given["loss"])

    def change() -> Fraction:
        bench = textbook({"G": (gain, ONE), "L": (loss, 2 * ONE)}, 10 * (gain + loss))
        marks = {"G": 2 * ONE, "L": ONE}
        return bench.amount(bench.seen("ann", marks).equity - bench.seen("ann").equity)

    return lambda: (part["expected_equity_change"], change(), Fraction(0))


def order_of_closing(part: Mapping[str, Any]) -> Named:
    """Which of three positions goes first, and that one is enough."""
    rows = part["given"]["positions"]
    expected = part["expected"]
    for select, key, after in (
        (Select.LARGEST_UNREALISED_LOSS, "largest_loss_first", "after_A"),
        (Select.MOST_MARGIN_FREED, "most_margin_freed_first", "after_B"),
    ):
        wanted = {"closed": expected[key], **expected[after]}
        yield key, "order_of_closing", _closing(part["given"], rows, select, wanted)


def _closing(
    given: Mapping[str, Any],
    rows: list[Mapping[str, Any]],
    select: Select,
    wanted: Any,  # noqa: ANN401
) -> Check:
    notional = Fraction(20_000)  # of each, at a mark of one
    legs = {row["id"]: (notional, 1 - figure(row["upnl"]) / notional) for row in rows}
    rates = {row["id"]: figure(row["maintenance"]) / notional for row in rows}

    def found() -> dict[str, Any]:
        bench = textbook(
            legs,
            figure(given["cash"]),
            rates=rates,
            safely=True,
            select=select,
            amount=Amount.WHOLE_POSITION,
        )
        events = []
        for name in reversed(legs):
            bench.show(name, {ONE: DEEP}, {})
            events += bench.mark(name, ONE)
        steps, ends = only(events, LiquidationStepTaken), only(events, LiquidationEnded)
        seen = bench.seen("ann")
        return {
            "closed": [step.symbol for step in steps],
            "equity": bench.amount(seen.equity),
            "maintenance": bench.amount(seen.maintenance_margin),
            "state": "safe, stop" if ends and not ends[-1].closed_all else "not safe",
        }

    return lambda: (wanted, found(), Fraction(0))


def sequential_use(part: Mapping[str, Any]) -> Check:
    """Margin that one position gives back opens the next at the same moment."""
    margin = Fraction(5_000)

    def found() -> str:
        bench = textbook({"OLD": (10 * margin, ONE), "NEW": (ONE, ONE)}, margin + 1)
        bench.trade("ann", "NEW", -ONE, ONE)
        # The dollar that brought the second contract in is used up as well.
        bench.trade("ann", "OLD", 10 * ONE, ONE)
        full = bench.seen("ann").available_margin == 0
        events = bench.trade("ann", "OLD", -10 * margin - 10, ONE)
        events += bench.trade("ann", "NEW", 10 * margin, ONE)
        moved = only(events, MarginAdjusted) + only(events, CommandRejected)
        held = bench.held("ann", "NEW").size
        return part["expected"] if full and held and not moved else "not accepted"

    return lambda: (part["expected"], found(), Fraction(0))


def scopes(case: Mapping[str, Any]) -> Check | None:
    """What stands and falls together, in cross and in isolated margin."""
    answer = SCOPES.get(case["name"])
    return None if answer is None else lambda: (case["expected"], answer(case), Fraction(0))


def _rich_but_isolated(case: Mapping[str, Any]) -> dict[str, Any]:
    """The position is lost with its margin; the account keeps the rest."""
    given = case["given"]
    margin, free = figure(given["iso_margin"]), figure(given["account_free"])
    size, entry = figure(given["qty"]), figure(given["entry"])
    bench = textbook({"X": (size, entry)}, margin + free, isolated=("X",))
    bankruptcy = entry - margin / size
    bench.show("X", {bankruptcy: DEEP}, {})
    started = move(bench, {"X": figure(given["mark"])})
    left = bench.amount(bench.seen("ann").wallet)
    return {
        "isolated": fate(started, "X"),
        "loss_max": margin + free - left,
        "account_free_after": left,
    }


def _surviving_cross(case: Mapping[str, Any]) -> dict[str, Any]:
    """The same position on the whole account stays open."""
    given = case["given"]
    legs = {"X": (figure(given["qty"]), figure(given["entry"]))}
    bench = textbook(legs, figure(given["cash"]))
    started = move(bench, {"X": figure(given["mark"])})
    return {"cross": fate(started), "equity": bench.amount(bench.seen("ann").equity)}


def _contagion(case: Mapping[str, Any]) -> dict[str, Any]:
    """A loser takes the winner down in cross; apart, the winner stays."""
    rows, cash = case["given"]["legs"], figure(case["given"]["cash"])
    legs, marks = {}, {}
    for number, row in enumerate(rows):
        size = figure(row["maintenance"]) / RATE
        legs[f"X{number}"] = (size, 1 - figure(row["upnl"]) / size)
        marks[f"X{number}"] = ONE
    cross = textbook(legs, cash, safely=True)
    equity = cross.amount(cross.seen("ann", marks).equity)
    started = move(cross, marks)
    both = bool(started) and len(started[0].positions) == len(rows)
    alone = textbook(legs, sum((s * e for s, e in legs.values()), cash), isolated=tuple(legs))
    move(alone, marks)
    held = {p.symbol for p in alone.seen("ann").positions}
    winners = {f"X{n}" for n, row in enumerate(rows) if figure(row["upnl"]) > 0}
    expected = case["expected"]
    return {
        "equity": equity,
        "cross": expected["cross"] if both else "winner out of reach",
        "isolated_equivalent": (
            expected["isolated_equivalent"] if winners <= held else "winner closed"
        ),
    }


def _most_that_is_lost(case: Mapping[str, Any]) -> dict[str, Any]:
    """Everything in cross and never more; the assigned margin in isolated and never more."""
    expected, deposit, found = case["expected"], 5 * ONE, {}
    for mode, isolated, most in (("cross", (), deposit), ("isolated", ("X",), ONE)):
        bench = textbook({"X": (Fraction(10), ONE)}, deposit, isolated=isolated)
        move(bench, {"X": ONE / 10})
        lost = deposit - bench.amount(bench.seen("ann").wallet)
        found[mode] = expected[mode] if lost == most else f"lost {lost} of {most}"
    return found


def _mixed(case: Mapping[str, Any]) -> str:
    """An isolated leg beside a cross one: each with its own money, together the account's."""
    bench = textbook({"C": (ONE, 10 * ONE), "I": (ONE, 10 * ONE)}, 100 * ONE, isolated=("I",))
    marks = {"C": 11 * ONE, "I": Fraction(95, 10)}
    seen = bench.seen("ann", marks)
    own = bench.held("ann", "I", marks)
    apart = bench.amount(seen.equity) == 100 - 1 + 1  # less its margin, with the other's gain
    together = seen.total == seen.equity + own.bucket + own.unrealised_pnl
    expected: str = case["expected"]
    return expected if apart and together else f"equity {bench.amount(seen.equity)}"


SCOPES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "isolated fails while the account is rich": _rich_but_isolated,
    "same position in cross survives": _surviving_cross,
    "contagion: cross loser takes the winner down": _contagion,
    "max loss": _most_that_is_lost,
    "mixed modes in one account (003 FAQ)": _mixed,
}
