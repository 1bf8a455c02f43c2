"""The command line: what each command prints, with which exit code, for people and for machines."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator

from tests.feeds.samples import tardis_depth, tardis_ticker
from tools import cli
from tools import scenario as scenarios
from tools.scenario import Scenario

FOLDER = {"accounts.parquet", "fills.parquet", "journal.jsonl", "scenario.json", "summary.json"}
"""What every run leaves, whatever else."""
ALONE = ("--accounts", "0", "--strategy", "none", "--instrument", "BTCUSDT:0.1:0.001")
"""Options of `replay`: nobody trades, and the grid is told."""


class Answer:
    """What a command wrote and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Plimsoll:
    """The command line, in a folder of the test's own."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str | Path) -> Answer:
        self._monkeypatch.setattr(sys, "argv", ["plimsoll", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        written = self._capsys.readouterr()
        return Answer(int(ended.value.code or 0), written.out, written.err)


@pytest.fixture
def plimsoll(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Plimsoll:
    monkeypatch.chdir(tmp_path)
    return Plimsoll(capsys, monkeypatch)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return written(tmp_path / "book.csv", tardis_depth())


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_run_leaves_a_folder_and_says_what_came_out(plimsoll: Plimsoll) -> None:
    answer = plimsoll("run", "seeds/hedged-pair")

    assert answer.code == 0
    assert "Expectations  84 of 84 hold" in answer.out
    assert {path.name for path in Path("runs/hedged-pair-1").iterdir()} >= FOLDER
    assert answer.err == ""


def test_run_as_json_is_one_object_with_the_folder_in_it(plimsoll: Plimsoll) -> None:
    answer = plimsoll("run", "seeds/hedged-pair", "--json", "--out", "here")

    assert answer.code == 0
    summary = answer.json
    assert summary.pop("folder") == "here/hedged-pair-1"
    assert summary == json.loads(Path("here/hedged-pair-1/summary.json").read_text())


def test_a_second_run_has_its_own_folder_and_the_same_digest(plimsoll: Plimsoll) -> None:
    first = plimsoll("run", "seeds/contagion", "--json").json
    second = plimsoll("run", "seeds/contagion", "--json").json

    assert (first.pop("folder"), second.pop("folder")) == ("runs/contagion-1", "runs/contagion-2")
    assert first == second


def test_an_expectation_that_fails_is_told_and_is_exit_code_1(plimsoll: Plimsoll) -> None:
    text = scenarios.find("seeds/boundary").read_text()
    Path("other.toml").write_text(text.replace('equity = "380"', 'equity = "381"'))

    answer = plimsoll("run", "other.toml")

    assert answer.code == 1
    assert "11 of 12 hold" in answer.out
    assert "equity was 380, expected 381" in " ".join(answer.out.split())


def test_until_ends_a_run_earlier(plimsoll: Plimsoll) -> None:
    summary = plimsoll("run", "seeds/boundary", "--until", "+1", "--json").json

    assert summary["last_at"] == "2024-01-01T00:00:01Z"
    assert summary["expectations"] == {"checked": 0, "failures": []}


def test_replay_makes_a_scenario_from_a_file(plimsoll: Plimsoll, book: Path) -> None:
    answer = plimsoll("replay", book, *ALONE, "--json")

    assert answer.code == 0
    assert answer.json["feed_items"] == 9
    assert answer.json["instruments"]["BTCUSDT"]["tick_size"] == "1/10"


def test_replay_shows_its_scenario_which_then_runs(plimsoll: Plimsoll, book: Path) -> None:
    shown = plimsoll("replay", book, *ALONE, "--show")
    Path("mine.toml").write_text(shown.out)

    assert plimsoll("run", "mine.toml", "--json").json["scenario"] == "replay"
    assert shown.code == 0


def test_validate_counts_what_a_scenario_has(plimsoll: Plimsoll) -> None:
    answer = plimsoll("validate", "seeds/mixed-modes", "--json")

    assert answer.code == 0
    assert (answer.json["instruments"], answer.json["steps"]) == (["BTC", "ETH"], 4)
    assert "is valid" in plimsoll("validate", "seeds/mixed-modes").out
    assert plimsoll("validate", "flow/retail", "--json").json["flows"] == [
        "zero-intelligence",
        "retail",
    ]
    assert not Path("runs").exists()


def test_scenarios_are_listed_with_what_they_show(plimsoll: Plimsoll) -> None:
    found = plimsoll("scenarios", "--json").json
    lines = plimsoll("scenarios").out.splitlines()

    assert list(found) == scenarios.shipped()
    assert [line.split()[0] for line in lines] == list(found)
    assert all(line.endswith(title) for line, title in zip(lines, found.values(), strict=True))


def test_the_schema_describes_every_field_of_a_scenario(plimsoll: Plimsoll) -> None:
    schema = plimsoll("schema").json

    properties = schema["$defs"]["Scenario"]["properties"]
    assert list(properties) == list(Scenario.__struct_fields__)
    assert schema["$defs"]["Scenario"]["required"] == ["name", "instruments"]


def test_the_schema_is_one_and_accepts_every_shipped_scenario(plimsoll: Plimsoll) -> None:
    schema = plimsoll("schema").json

    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for name in scenarios.shipped():
        validator.validate(tomllib.loads(scenarios.find(name).read_text()))
    assert not validator.is_valid({"name": "small", "instruments": [], "account": []})


def test_explain_tells_a_run_to_people_and_to_machines(plimsoll: Plimsoll) -> None:
    plimsoll("run", "seeds/contagion")

    answer = plimsoll("explain", "runs/contagion-1", "--json")

    assert answer.code == 0
    assert answer.json["scenario"] == "contagion"
    assert "2 liquidations" in plimsoll("explain", "runs/contagion-1").out


def test_explain_of_something_else_than_a_run_is_one_line(plimsoll: Plimsoll) -> None:
    answer = plimsoll("explain", "runs/nothing-1")

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("plimsoll: runs/nothing-1: ")
    assert answer.err.count("\n") == 1


def test_without_a_command_it_explains_itself(plimsoll: Plimsoll) -> None:
    answer = plimsoll("--help")

    assert answer.code == 0
    assert all(word in answer.out for word in ("run", "replay", "validate", "schema", "scenarios"))
    assert plimsoll("--version").out.startswith("plimsoll ")


def test_the_scenario_in_a_run_folder_is_the_one_that_ran(plimsoll: Plimsoll) -> None:
    plimsoll("run", "seeds/netting")

    kept = msgspec.json.decode(Path("runs/netting-1/scenario.json").read_bytes(), type=Scenario)
    assert kept == scenarios.read(scenarios.find("seeds/netting"))


# ------------------------------------------------------------------- a feed that stops a run


@pytest.fixture
def cut_short(tmp_path: Path) -> Path:
    """Time goes back in row 8."""
    lines = tardis_ticker()
    lines[7] = lines[7].replace(lines[7].split(",")[3], lines[4].split(",")[3])
    written(tmp_path / "ticker.csv", lines)
    (tmp_path / "cut.toml").write_text("""
name = "cut"
recorded_marks = true
instruments = [{ symbol = "BTCUSDT", tick_size = "0.1", lot_size = "0.001" }]
accounts = [{ name = "anna", deposits = { USDT = "1000" } }]
feeds = [{ file = "ticker.csv", symbol = "BTCUSDT" }]
""")
    return tmp_path / "cut.toml"


def test_a_feed_that_stops_a_run_leaves_what_came_before(
    plimsoll: Plimsoll, cut_short: Path
) -> None:
    """Six of nine marks are there; the error is in the summary, and the folder is whole."""
    answer = plimsoll("run", cut_short, "--json")

    assert answer.code == 1
    assert "ticker.csv:8: time goes backwards by 2000000000 ns" in answer.json["error"]
    folder = Path(answer.json["folder"])
    assert {path.name for path in folder.iterdir()} >= FOLDER
    assert pq.read_table(folder / "marks.parquet").num_rows == 6
    assert json.loads((folder / "summary.json").read_text())["error"] == answer.json["error"]


def test_a_feed_that_stops_a_run_is_told_to_people_in_one_line(
    plimsoll: Plimsoll, cut_short: Path
) -> None:
    answer = plimsoll("run", cut_short)

    assert answer.code == 1
    assert answer.out.count("time goes backwards") == 1
    assert "Traceback" not in answer.out + answer.err


def test_a_feed_that_begins_after_a_step_ends_the_run(plimsoll: Plimsoll, cut_short: Path) -> None:
    step = '\n[[steps]]\nat = "2019-01-01T00:00:00"\nmark = { BTCUSDT = "100" }\n'
    cut_short.write_text(cut_short.read_text() + step)

    answer = plimsoll("run", cut_short, "--json")

    assert answer.code == 1
    assert answer.json["error"].endswith(
        "steps[0].at was 2019-01-01T00:00:00, expected 2020-09-13T12:26:40Z or later"
    )


# ------------------------------------------------------------------------------- Ctrl-C


def test_ctrl_c_ends_a_run_in_good_order(tmp_path: Path) -> None:
    """One SIGINT in the middle of October: exit code 130, and the folder says what there is."""
    command = [sys.executable, "-m", "tools.cli", "run", "october", "--json", "--out", tmp_path]
    root = Path(__file__).parents[2]
    run = subprocess.Popen(  # noqa: S603 (our own program)
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    journal = tmp_path / "october-1" / "journal.jsonl"
    while not (journal.exists() and journal.stat().st_size > 100_000):
        assert run.poll() is None, run.stderr and run.stderr.read()
        os.sched_yield()

    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)

    assert (run.returncode, err) == (130, "")
    summary = json.loads(out)
    assert summary["interrupted"] is True
    assert {path.name for path in journal.parent.iterdir()} >= FOLDER
    assert summary["events"] == len(journal.read_bytes().splitlines())
    assert all(one["sum"] == "0" for one in summary["money"].values())
