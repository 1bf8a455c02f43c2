"""convert, catalog, inspect: files become a store, and both say what is in them."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from exchange.journal import Journal
from feeds import TickFileError
from tests.feeds.samples import SAMPLES
from tests.feeds.tape import Tape
from tests.shared import SHARED, needs_shared
from tools import cli
from tools.build import Run
from tools.replay import Replay, replay_scenario

Say = Callable[..., str]
DAY = 86_400 * 10**9


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Say:
    """Run a command in an empty folder; what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["plimsoll", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        written = capsys.readouterr()
        assert (ended.value.code or 0) == code, written.err
        return written.out or written.err

    return run


def sample(name: str) -> str:
    """A small good file in the present folder."""
    file, lines = SAMPLES[name]
    Path(file).write_text("\n".join(lines()) + "\n")
    return file


def digest(*paths: Path | str, accounts: int = 20) -> str:
    """Of a replay with traders in it."""
    asked = Replay(
        files=tuple(map(Path, paths)),
        rulebook="general",
        accounts=accounts,
        strategies=("market_maker", "trend_follower"),
        grids=(),
        on_defect="stop",
    )
    return asyncio.run(Run(replay_scenario(asked), Path("replay")).go(Journal())).digest


@pytest.mark.parametrize("name", SAMPLES)
def test_a_replay_of_the_store_is_a_replay_of_the_originals(say: Say, name: str) -> None:
    file = sample(name)
    say("convert", file, "--to", "store", "--json")

    assert digest("store") == digest(file)


BIG = [
    ("binance_usdm_btcusdt_20240808.jsonl.gz", "binance_spot_btcusdt_20240808.jsonl.gz"),
    ("cryptofeed/BITMEX.ws.1.0",),
    ("cryptofeed/BYBIT.jsonl.zst",),
    tuple(f"lean/binance_minute_btcusd_20221213_{kind}.zip" for kind in ("quote", "trade")),
]  # fmt: skip


@needs_shared
@pytest.mark.parametrize("names", BIG, ids=lambda names: names[0])
def test_real_recordings_replay_the_same_from_the_store(say: Say, names: tuple[str, ...]) -> None:
    files = [str(SHARED / "data" / name) for name in names]
    say("convert", *files, "--to", "store", "--json")

    assert digest("store") == digest(*files)


def two_days() -> Tape:
    """A recording that goes on over midnight without a new snapshot."""
    tape = Tape().snapshot(10, [("100.0", "1"), ("99.0", "5")], [("100.1", "2")])
    tape.depth(8, 12, pu=7, bids=[("100.0", "3")])
    tape.at += DAY
    tape.trade("100.1", "0.5", 1).depth(13, 13, pu=12, asks=[("100.1", "7")])
    return tape


def test_each_day_has_a_file_that_opens_with_the_market_as_it_stood(say: Say) -> None:
    two_days().save(Path("tape"))
    say("convert", "tape", "--to", "store", "--json")
    files = sorted(Path("store").rglob("*.parquet"))

    assert [file.parent.name for file in files] == ["day=2024-08-08", "day=2024-08-09"]
    second = pq.read_table(files[1]).to_pylist()
    opening = [(row["side"], row["price"], row["size"]) for row in second if row["opening"]]
    assert sorted(opening) == [("ask", 1001, 4), ("bid", 990, 10), ("bid", 1000, 6)], "lots of 0.5"
    assert digest("store") == digest("tape")
    assert digest(files[1]) == digest(files[1].parent), "a day can be replayed alone"


def test_a_store_is_exact_and_readable_by_others(say: Say) -> None:
    file = sample("tardis_trades")
    say("convert", file, "--to", "store", "--json")

    (path,) = Path("store").rglob("*.parquet")
    frame = pl.read_parquet(path)

    assert path.parts[1:5] == (
        "venue=binance-futures", "market=linear", "instrument=BTCUSDT", "day=2020-09-13"
    )  # fmt: skip
    assert frame["price"].to_list()[:3] == [1000, 1001, 1002]
    about = json.loads(pq.read_metadata(path).metadata[b"plimsoll"])
    assert (about["price_step"], about["size_step"]) == ("0.1", "0.1")


def test_a_file_that_stops_leaves_nothing_half_written(say: Say) -> None:
    file = sample("tardis_trades")
    Path(file).write_text(Path(file).read_text().replace("100.8", "NaN"))

    complaint = say("convert", file, "--to", "store", code=2)

    assert "ticks:10: BTCUSDT price was 'NaN', expected a decimal number" in complaint
    assert not [path for path in Path("store").rglob("*") if path.is_file()]


def test_bad_rows_that_were_skipped_are_counted_in_the_store(say: Say) -> None:
    file = sample("tardis_trades")
    Path(file).write_text(Path(file).read_text().replace("100.8", "NaN"))
    say("convert", file, "--to", "store", "--on-defect", "skip", "--json")

    (entry,) = json.loads(say("catalog", "store", "--json"))["store"]

    assert (entry["items"], entry["bad_rows"]) == (8, 1)


def test_a_table_with_other_names_is_told_what_they_mean(say: Say) -> None:
    Path("mine.csv").write_text("when,px,lots,way\n1600000000,100.1,2,buy\n")

    made = say("convert", "mine.csv", "--json", *(
        part for name in ("time=when", "size=lots", "side=way") for part in ("--columns", name)
    ))  # fmt: skip

    (market,) = json.loads(made)["markets"]
    assert (market["symbol"], market["items"]) == ("mine", 1)


def test_the_catalog_lists_what_is_there_and_what_is_not_known(say: Say) -> None:
    sample("tardis_quotes")
    Path("notes.txt").write_text("hello")

    files = json.loads(say("catalog", ".", "--json"))["files"]

    assert [(one["file"], one.get("format")) for one in files] == [
        ("notes.txt", None),
        ("ticks", "Tardis quotes"),
    ]
    assert "not known" in say("catalog", ".")


def test_inspect_names_every_bad_row_and_exits_with_1(say: Say) -> None:
    file = sample("tardis_depth")
    lines = Path(file).read_text().splitlines()
    lines[4] = lines[4].replace("99.3", "oops")
    lines[6], lines[7] = lines[7], lines[6]
    Path(file).write_text("\n".join(lines) + "\n")

    (report,) = json.loads(say("inspect", file, "--json", code=1))["markets"]
    told = say("inspect", file, code=1)

    assert report["defects"] == {"bad_number": 1, "time_backwards": 1}
    assert [row["row"] for row in report["defect_rows"]] == [5, 8]
    assert "row 5: BTCUSDT price was 'oops', expected a decimal number" in told


def test_inspect_finds_crossed_books_and_marks_that_stand_still(say: Say) -> None:
    file = sample("tardis_depth")
    Path(file).write_text(Path(file).read_text() + "binance-futures,BTCUSDT,1600000009000000,"
                          "1600000009000000,false,ask,98.0,1\n")  # fmt: skip
    crossed = json.loads(say("inspect", file, "--json", code=1))["markets"][0]["odd"]
    ticker = sample("tardis_ticker")
    rows = Path(ticker).read_text().splitlines()
    Path(ticker).write_text(
        "\n".join([*rows[:2], rows[-1].replace("1600000008", "1600000300")]) + "\n"
    )
    still = json.loads(say("inspect", ticker, "--json"))["markets"][0]

    assert crossed["crossed book"]["rows"][0]["row"] == 11
    assert still["longest_pause"] == {"seconds": 300.0, "row": 3}


def test_inspect_finds_nothing_wrong_with_a_good_file(say: Say) -> None:
    assert "Nothing is wrong with it." in say("inspect", sample("raw"))


@needs_shared
@pytest.mark.parametrize(
    "path",
    sorted(p for p in (SHARED / "data").rglob("*") if p.is_file() and p.suffix != ".md"),
    ids=lambda path: path.name,
)
def test_every_development_file_is_recognised_inspected_and_replayed_without_flags(
    say: Say, path: Path
) -> None:
    markets = json.loads(say("inspect", str(path), "--json"))["markets"]
    summary = json.loads(say("replay", str(path), "--json"))

    for market in markets:
        checks = market["book_checks"]
        assert checks["prices_agreed"] == checks["total"], "every quote agrees with the book"
        assert not market["defects"]
    assert summary["feed_items"] > 0
    assert summary["error"] == ""


# -------------------------------------------------------------------------- seek and speed


def seek(*paths: str, start: str, end: str = "") -> tuple[str, int, int]:
    """Digest, first and last moment of a replay of a part of the time."""
    asked = Replay(
        files=tuple(map(Path, paths)),
        rulebook="general",
        accounts=0,
        strategies=("none",),
        grids=(),
        on_defect="stop",
        start=start,
        end=end,
    )
    done = asyncio.run(Run(replay_scenario(asked), Path("replay")).go(Journal()))
    return done.digest, done.first_at, done.last_at


@pytest.mark.usefixtures("say")
def test_a_replay_begins_where_it_is_told_with_the_market_as_it_stood() -> None:
    two_days().save(Path("tape"))
    _, first, _ = seek("tape", start="2024-08-09T00:00:00")

    assert first == 1_723_161_600 * 10**9
    with pytest.raises(TickFileError, match="tape: nothing between"):
        seek("tape", start="2024-08-20T00:00:00")


def test_a_store_seeks_to_the_day_without_reading_those_before(say: Say) -> None:
    two_days().save(Path("tape"))
    say("convert", "tape", "--to", "store", "--json")
    first = min(Path("store").rglob("*.parquet"))
    start = "2024-08-09T12:00:00"
    whole = seek("store", start=start)

    assert whole == seek("tape", start=start)
    about = pq.read_metadata(first).metadata
    pq.write_table(pq.read_table(first).slice(0, 0).replace_schema_metadata(about), first)
    assert seek("store", start=start) == whole, "the first day's file was not needed"


@pytest.mark.usefixtures("say")
def test_a_replay_ends_before_the_moment_it_is_told() -> None:
    file = sample("tardis_trades")

    _, first, last = seek(file, start="2020-09-13T12:26:42", end="2020-09-13T12:26:45")

    assert (first, last) == (1_600_000_002 * 10**9, 1_600_000_004 * 10**9)
