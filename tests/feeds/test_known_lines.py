"""Lines read by their shape say what the general reader reads, and errors are the same."""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import RecordedTrade, Side
from feeds import OnDefect
from feeds.defects import Defects, LocalTime, Numbers
from feeds.format import Opening
from feeds.formats import recording
from feeds.grid import Grid
from feeds.known_lines import KnownLines, stamp
from feeds.level_text import LevelText
from feeds.line_shape import NOTHING, steps, whole
from feeds.listing import Carries, FileKind, Listing, Market
from feeds.sample import Sample
from feeds.scale import stated_scale
from feeds.told import Quote
from tests.feeds.tape import START

SCALE = stated_scale("BTCUSDT", Fraction("0.1"), Fraction("0.001"), Fraction(1))
KEYS = ("b", "B", "a", "A", "u")
TRADE_KEYS = ("p", "q", "t")
USUAL = {"u": 7, "s": "BTCUSDT", "b": "100.10", "B": "1.500", "a": "100.20", "A": "2.000"}


def line(at: int = START, *, spaced: bool = False, **data: object) -> bytes:
    """A line of a recording; without figures of its own, the usual one."""
    message = {"stream": "btcusdt@bookTicker", "data": {"e": "bookTicker", **USUAL, **data}}
    return f"{at} {json.dumps(message, separators=None if spaced else (',', ':'))}".encode()


def trade(number: object, at: int = START, *, buys: bool = True, **data: object) -> bytes:
    """A line with a trade."""
    usual = {"t": number, "s": "BTCUSDT", "p": "100.10", "q": "1.500", "X": "MARKET"}
    message = {"e": "trade", **usual, "m": not buys, **data}
    text = json.dumps({"stream": "btcusdt@trade", "data": message}, separators=(",", ":"))
    return f"{at} {text}".encode()


def empty() -> KnownLines:
    """One that knows nothing."""
    time = LocalTime(Defects(Path("a.jsonl"), OnDefect.STOP))
    return KnownLines(SCALE, time, Numbers("trade", Counter()))


def reader() -> KnownLines:
    """One that knows the usual lines; quotes with spaces and without."""
    found = empty()
    found.learn_quote(line(), KEYS)
    found.learn_quote(line(spaced=True), KEYS)
    found.learn_trade(trade(1), TRADE_KEYS, Side.BUY)
    return found


def taken(*lines: bytes) -> list[object]:
    told: list[object] = []
    reader().take(list(lines), 0, 1, b"", told)  # type: ignore[arg-type]
    return told


# ------------------------------------------------------------------------------ one line


def test_a_line_like_the_one_before_is_read_by_its_shape() -> None:
    quote = Quote(at=START + 1, symbol="BTCUSDT", bid=1003, bid_size=250, ask=1011, ask_size=0)

    for spaced in (False, True):
        like = line(START + 1, spaced=spaced, u=12, b="100.3", B="0.25", a="101.1000", A="0")
        assert taken(like) == [(1, quote, 12)]


def test_a_side_with_nothing_on_it_has_no_size_either() -> None:
    assert taken(line(b="0.00", B="5.000")) == [
        (1, Quote(at=START, symbol="BTCUSDT", bid=0, bid_size=0, ask=1002, ask_size=2000), 7)
    ]


LEFT = {
    "another market": line(s="ETHUSDT"),
    "another stream": line().replace(b"@bookTicker", b"@ticker"),
    "a key more": line(x=1),
    "another order of keys": line().replace(b'"u":7,"s":"BTCUSDT"', b'"s":"BTCUSDT","u":7'),
    "an empty side": line(b="", B=""),
    "an exponent": line(b="1e2"),
    "a price between two ticks": line(b="100.15"),
    "a sign": line(b="-100.1"),
    "no digit before the point": line(B=".5"),
    "no digit behind the point": line(B="5."),
    "two points": line(B="1.5.0"),
    "more than 64 bits": line(B="9" * 30),
    "many decimals": line(B="1." + "0" * 40),
    "digits of another script": line(b="\u0661\u0660"),
    "an id with a leading zero": line().replace(b'"u":7', b'"u":07'),
    "an id with a fraction": line(u=7.5),
    "a negative id": line(u=-7),
    "an id beyond 64 bits": line(u=2**70),
    "no id": line().replace(b'"u":7,', b""),
    "a torn line": line()[:-9],
    "something behind it": line() + b" ",
    "no time": line()[19:],
    "a time too short": line()[1:],
    "a time beyond 64 bits": b"9" + line()[1:],
    "nothing": b"",
}


@pytest.mark.parametrize("odd", LEFT.values(), ids=list(LEFT))
def test_any_other_line_is_left_to_the_general_reader(odd: bytes) -> None:
    told: list[object] = []

    assert reader().take([line(), odd], 0, 1, b"", told) == 1  # type: ignore[arg-type]
    assert len(told) == 1


def test_a_trade_is_read_where_its_number_is_new_and_holes_are_noted() -> None:
    known = reader()
    known._numbers.take(7)
    told: list[object] = []
    rows = [trade(8, p="100.3", q="0.002"), trade(11), trade(11, START + 1)]

    assert known.take(rows, 0, 1, b"", told) == 2  # type: ignore[arg-type]
    assert told[0] == (
        1, RecordedTrade(at=START, symbol="BTCUSDT", side=Side.BUY, price=1003, size=2), 0
    )  # fmt: skip
    assert known._numbers.last == 11
    assert known._numbers._notes["trade ids that are missing"] == 2


@pytest.mark.parametrize(
    "odd", [trade(8, buys=False), trade(8, X="ADL"), trade(8, p="0.0"), trade(8, q="0"), trade(7)]
)
def test_a_trade_of_another_kind_is_left_and_so_is_nothing_for_nothing(odd: bytes) -> None:
    known = reader()
    known._numbers.take(7)

    assert known.take([odd], 0, 1, b"", []) == 0


def test_a_line_that_comes_twice_or_goes_back_in_time_is_left() -> None:
    known = reader()

    assert known.take([line()], 0, 1, line(), []) == 0
    assert known.take([line(), line()], 0, 1, b"", []) == 1
    assert known.take([line(START - 1)], 0, 1, b"", []) == 0


@pytest.mark.parametrize(
    "odd",
    [line(b="1e2"), line(b=""), line(B="2", x={"B": "5"}), line().replace(b'"b"', rb'"\u0062"')],
)
def test_no_shape_is_learned_where_a_figure_is_not_plain_or_a_key_not_clear(odd: bytes) -> None:
    known = empty()
    known.learn_quote(odd, KEYS)

    assert known.take([odd], 0, 1, b"", []) == 0


# --------------------------------------------------------------------------- whole files

PLAIN = st.decimals(min_value=0, max_value=10**6, places=3).map(str)
FIGURES = st.one_of(
    PLAIN,
    st.from_regex(r"[0-9]{0,20}\.?[0-9]{0,20}", fullmatch=True),
    st.sampled_from(["", "0", "-1", "+1", "1e2", "1E-1", ".5", "5.", " 1", "1_0", "\u0663", "NaN"]),
)
IDS = st.one_of(st.integers(0, 10**6), st.integers(-(2**70), 2**70), st.sampled_from(["7", 1.0]))


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Usual quotes and trades, and all that may be wrong with them."""
    at = draw(st.sampled_from([START] * 9 + [START - 1, START + 1, 9 * 10**18, 10**19 - 1]))
    if draw(st.integers(0, 2)) == 0:
        return trade(
            draw(st.one_of(st.integers(1, 5), IDS)),
            at,
            buys=draw(st.booleans()),
            X=draw(st.sampled_from(["MARKET"] * 5 + ["ADL"])),
            p=draw(st.one_of(PLAIN, FIGURES)),
        )
    data: dict[str, object] = {key: draw(PLAIN) for key in "bBaA"}
    for key in draw(st.lists(st.sampled_from("bBaA"), max_size=2)):
        data[key] = draw(FIGURES)
    made = line(
        at, spaced=draw(st.booleans()), u=draw(IDS), s=draw(st.sampled_from(MARKETS)), **data
    )
    kind = draw(st.integers(0, 19))
    if kind == 0:
        return made[: draw(st.integers(0, len(made)))]
    if kind == 1:
        place = draw(st.integers(0, len(made) - 1))
        return made[:place] + draw(st.binary(max_size=2)).replace(b"\n", b"") + made[place + 1 :]
    return made


MARKETS = ["BTCUSDT"] * 9 + ["ETHUSDT"]


def read(rows: Sequence[bytes], *, by_shape: bool) -> tuple[object, ...]:
    """What the recording's reader makes of the lines, with shapes or without."""
    listing = Listing(
        symbol="BTCUSDT", market=Market.LINEAR, carries=(Carries.QUOTES, Carries.TRADES)
    )
    kind = FileKind(format="recording", title="", venue="binance", listings=(listing,))
    with tempfile.TemporaryDirectory() as folder, patch.object(recording, "COMPILED", by_shape):
        path = Path(folder) / "a.jsonl"
        path.write_bytes(b"\n".join((line(), line(START, spaced=True), *rows)))
        opening = Opening(Sample(path), kind, listing, SCALE, "BTCUSDT", OnDefect.SKIP)
        source = recording.FORMAT.open(opening)
        told = list(source.begin())
    return told, source.defect_rows, source.notes, source.reached


@given(st.lists(lines(), max_size=20))
def test_a_recording_says_the_same_whether_shapes_are_known_or_not(rows: list[bytes]) -> None:
    assert read(rows, by_shape=True) == read(rows, by_shape=False)


# -------------------------------------------------------------------------------- levels

LEVELS = st.lists(st.tuples(st.one_of(PLAIN, FIGURES), st.one_of(PLAIN, FIGURES)), max_size=4)


@given(LEVELS, st.sampled_from([None, (",", ":")]))
def test_levels_that_are_read_are_what_the_grids_say(
    levels: list[tuple[str, str]], separators: tuple[str, str] | None
) -> None:
    text = json.dumps(levels, separators=separators).encode()
    found = LevelText(SCALE.prices, SCALE.sizes).read(text)

    if found is not None:
        assert found == tuple((SCALE.prices[price], SCALE.sizes[size]) for price, size in levels)


def test_plain_levels_are_read() -> None:
    read = LevelText(SCALE.prices, SCALE.sizes).read

    assert read(b"[]") == ()
    assert read(b'[["100.10","1.500"],["99.9","0"]]') == ((1001, 1500), (999, 0))


@pytest.mark.parametrize(
    "odd",
    [
        b"", b"[", b"[[]]", b'["1","2"]', b'[["1","2"]', b'[["1","2"]]]', b'[["1","2"],]',
        b'[["1","2"]["1","2"]]', b'[["1"]]', b'[["1","2","3"]]', b"[[1,2]]", b'[["0","2"]]',
        b'[["1","2"] ]', b'[["100.05","2"]]', b'[["1","-2"]]', b'[["1","2"],["1"', b"null",
    ],
)  # fmt: skip
def test_levels_that_are_not_plain_are_left(odd: bytes) -> None:
    assert LevelText(SCALE.prices, SCALE.sizes).read(odd) is None


# ------------------------------------------------------------------------------- figures

STEPS = st.sampled_from(["0.1", "0.001", "0.25", "5", "100", "0.00000001", "1"]).map(Fraction)


@given(step=STEPS, text=FIGURES)
def test_a_decimal_that_is_read_is_what_its_grid_says(step: Fraction, text: str) -> None:
    grid, raw = Grid(step, "price"), text.encode()
    assert grid.places is not None
    value, end = steps(raw, 0, grid.places, grid.unit)

    if value != NOTHING and end == len(raw):
        assert value == grid[text]


@pytest.mark.parametrize(
    ("step", "text", "count"),
    [("0.1", "61800.20", 618002), ("0.25", "1.75", 7), ("5", "100", 20), ("1", "7.000", 7)],
)
def test_plain_decimals_are_read(step: str, text: str, count: int) -> None:
    grid = Grid(Fraction(step), "price")
    assert grid.places is not None

    assert steps(text.encode(), 0, grid.places, grid.unit) == (count, len(text))


def test_whole_numbers_are_read_as_far_as_sixty_four_bits_hold_any() -> None:
    assert whole(b"12,", 0) == (12, 2)
    assert whole(b"9" * 18, 0) == (10**18 - 1, 18)
    assert whole(b"9" * 19, 0) == (10**18 - 1, 18), "what follows is not the end of a number"
    assert [whole(text, 0)[0] for text in (b"07", b"x", b"")] == [NOTHING] * 3
    assert whole(b"0", 0) == (0, 1)


def test_a_time_is_nineteen_digits_and_a_space() -> None:
    assert stamp(b"1723161256000000000 {}") == START
    assert stamp(b"1723161256000000000,{}") == NOTHING
    assert stamp(b"172316125600000000x {}") == NOTHING
