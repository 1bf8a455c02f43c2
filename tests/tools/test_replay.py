"""Replay: a scenario from defaults, told from the files, and what it takes for granted."""

from pathlib import Path

import pytest

from tests.feeds.samples import SAMPLES, T0, tardis_depth, tardis_ticker, tardis_trades
from tests.feeds.tape import Tape
from tools import scenario as scenarios
from tools.build import Run
from tools.replay import Replay, replay_scenario
from tools.running import Done, carry_out
from tools.scenario import Scenario, ScenarioError

OWN_PRICES = (
    "BTCUSDT came without an index or a spot market: "
    "the middle of its own recorded prices is its index."
)


def asked(*files: Path, grids: tuple[str, ...] = (), accounts: int = 0) -> Scenario:
    return replay_scenario(
        Replay(
            files=files,
            rulebook="general",
            accounts=accounts,
            strategies=("market_maker",) if accounts else ("none",),
            grids=grids,
            on_defect="stop",
        )
    )


def replayed(scenario: Scenario, folder: Path) -> Done:
    return carry_out(Run(scenario, folder / "replay"), folder, quiet=True)


def mark_of(done: Done) -> str:
    """The last mark price of BTCUSDT."""
    text: str = done.summary["instruments"]["BTCUSDT"]["mark_price"]
    return text


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Eight seconds of a book with one ask."""
    depth = tardis_depth()
    ask = f"binance-futures,BTCUSDT,{T0},{T0},true,ask,100.4,1"
    return written(tmp_path / "book.csv", [*depth[:2], ask, *depth[2:]])


@pytest.fixture
def ticker(tmp_path: Path) -> Path:
    return written(tmp_path / "ticker.csv", tardis_ticker())


@pytest.fixture
def spot(tmp_path: Path) -> Path:
    """A spot recording of BTCUSDT: its depth names no update before it."""
    tape = Tape().snapshot(10, [("100.0", "1")], [("100.2", "2")])
    tape.depth(11, 11, pu=None, bids=[("99.0", "1")]).quote(12, "100.0", "1", "100.2", "2")
    return tape.save(tmp_path / "spot")


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_kind_of_file_can_be_replayed_alone(kind: str, tmp_path: Path) -> None:
    name, lines = SAMPLES[kind]
    done = replayed(asked(written(tmp_path / name, lines()), accounts=2), tmp_path)

    assert done.exit_code == 0
    assert done.summary["feed_items"] > 0
    assert bool(mark_of(done)) is (kind != "tardis_depth"), "of a book without an ask"


def test_without_an_index_its_own_prices_are_one_and_the_scenario_says_so(
    book: Path, tmp_path: Path
) -> None:
    made = asked(book)

    assert made.notes == OWN_PRICES
    assert mark_of(replayed(made, tmp_path)) == "100.2"


def test_with_a_ticker_the_marks_are_those_that_were_recorded(
    book: Path, ticker: Path, tmp_path: Path
) -> None:
    made = asked(book, ticker)

    assert (made.recorded_marks, made.notes) == (True, "")
    assert mark_of(replayed(made, tmp_path)) == "100.85"


def test_recorded_marks_for_one_contract_and_not_for_another_are_refused(
    book: Path, ticker: Path, tmp_path: Path
) -> None:
    lines = [line.replace("BTCUSDT", "ETHUSDT") for line in tardis_trades()]
    other = written(tmp_path / "trades.csv", lines)

    with pytest.raises(ScenarioError, match="BTCUSDT has recorded mark prices and ETHUSDT has non"):
        asked(book, ticker, other)


def test_a_spot_recording_is_the_index_of_the_contract_beside_it(book: Path, spot: Path) -> None:
    made = asked(book, spot)

    assert [(Path(feed.file).name, feed.index) for feed in made.feeds] == [
        ("book.csv", False),
        ("spot", True),
    ]
    assert made.notes == ""


def test_a_spot_recording_alone_is_replayed_as_a_perpetual_and_the_scenario_says_so(
    spot: Path, tmp_path: Path
) -> None:
    made = asked(spot)

    assert made.notes == (
        "BTCUSDT is a spot market, replayed as if it were a perpetual "
        "whose index is the market itself."
    )
    assert replayed(made, tmp_path).exit_code == 0


def test_a_grid_that_is_told_is_taken(book: Path) -> None:
    (rules,) = asked(book, grids=("BTCUSDT:0.05:0.25",)).instruments

    assert (rules.tick_size, rules.lot_size) == ("0.05", "0.25")


@pytest.mark.parametrize("text", ["BTCUSDT", "BTCUSDT:0.1", "BTCUSDT:0.1:1:2"])
def test_a_grid_that_cannot_be_read(book: Path, text: str) -> None:
    with pytest.raises(ScenarioError, match=f"instrument was '{text}', expected SYMBOL:TICK:LOT"):
        asked(book, grids=(text,))


def test_the_scenario_of_a_replay_can_be_written_out_and_run(book: Path, tmp_path: Path) -> None:
    made = asked(book, accounts=3)
    file = tmp_path / "mine.toml"
    file.write_text(scenarios.text(made))

    assert scenarios.read(file) == made
