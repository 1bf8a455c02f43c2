"""Bad input: one clear line with file, row or field, what was found and what was expected."""

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.feeds.samples import tardis_depth
from tools import cli

SCENARIO = """
name = "small"
rulebook = "textbook"

[[instruments]]
symbol = "BTC"
settle = "USD"
tick_size = "1"
lot_size = "1"

[[accounts]]
name = "anna"
deposits = { USD = "1000" }

[[steps]]
mark = { BTC = "100" }
"""
FEED = """
[[feeds]]
file = "{0}"
symbol = "BTC"
"""


def order(rest: str) -> str:
    return f'\n[[steps]]\norder = {{ account = "anna", side = "buy", {rest} }}'


def expect(rest: str) -> str:
    return f"\n[[steps.expect]]\n{rest}"


BAD_SCENARIOS = [
    # what is written instead of what, or added at the end; and the line about it, after the file
    (
        "deposits",
        "deposit",
        "accounts[0].deposit is no field, expected one of name, hedge, deposits, ",
    ),
    ('name = "small"', "", "name was missing"),
    ('"1000"', "1000", "accounts[0].deposits[...] was a whole number, expected text in quotes"),
    ('"1000"', '"NaN"', "accounts[0]: USD amount was 'NaN', expected a decimal number"),
    ('"1000"', '"-1"', "accounts[0]: USD amount was -1, expected more than 0"),
    ("USD = ", "EUR = ", "accounts[0]: asset was 'EUR', expected one of USD"),
    ('"textbook"', '"novel"', "rulebook was 'novel', expected one of binance_usdm, "),
    ('"textbook"', '"mine.toml"', "mine.toml: no such rulebook file"),
    (
        'tick_size = "1"',
        'tick_size = "0"',
        "instruments: BTC tick_size was 0, expected more",
    ),
    ("[[accounts]]", "[[accounts", "was no TOML: "),
    ('mark = { BTC = "100" }', 'mark = { ETH = "100" }', "steps[0].mark: symbol was 'ETH', "),
    (
        'mark = { BTC = "100" }',
        'mark = { BTC = "0" }',
        "steps[0].mark: BTC mark price was 0, ",
    ),
    ("", '\n[[accounts]]\nname = "anna"', "accounts: name was 'anna', which is taken"),
    ("", '\n[[accounts]]\nname = "HISTORY"', "accounts: name was 'HISTORY', which is taken"),
    (
        "[[steps]]",
        "leverage = { BTC = 500 }\n[[steps]]",
        "accounts[0]: leverage of BTC was 500, expected 1 to 125",
    ),
    (
        "",
        order('symbol = "BTC", size = "1", price = "100.5"'),
        "steps[1].order: BTC price was 100.5, expected a multiple of 1",
    ),
    (
        "",
        order('symbol = "BTC", size = "-1"'),
        "steps[1].order: BTC size was -1, expected more than 0",
    ),
    ("", order('symbol = "DOGE", size = "1"'), "steps[1].order: symbol was 'DOGE', expected one o"),
    (
        "",
        '\n[[steps]]\nmode = { account = "anna", symbol = "BTC", mode = "crossed" }',
        "steps[1].mode.mode was 'crossed', expected one of cross, isolated",
    ),
    (
        "",
        '\n[[steps]]\ncancel = { account = "bob" }',
        "steps[1]: account was 'bob', which the scenario has not",
    ),
    (
        "",
        '\n[[steps]]\nmark = { BTC = "1" }\nindex = { BTC = "1" }',
        "steps[1] had mark and index, expected one of them",
    ),
    (
        "",
        '\n[[steps]]\nat = "+9"\n[[steps]]\nat = "+8"',
        "steps[2].at was +8, expected 2024-01-01T00:00:09Z or later",
    ),
    ("", '\n[[steps]]\nat = "noon"', "steps[1].at was 'noon', expected a time such as "),
    (
        "",
        expect('account = "anna"\nsize = "1"'),
        "steps[0].expect[0].size was about no position, expected a symbol",
    ),
    (
        "",
        expect('account = "anna"\nequity = "much"'),
        "steps[0].expect[0].equity was 'much', expected a decimal number",
    ),
    (
        "",
        expect('account = "anna"'),
        "steps[0].expect[0] expected nothing of anna",
    ),
    (
        "",
        '\n[[strategies]]\nstrategy = "luck"\naccount = "anna"',
        "strategies[0]: strategy was 'luck', expected one of ",
    ),
    (
        "",
        '\n[[strategies]]\nstrategy = "market_maker"\naccount = "anna"\nparameters = { x = 1 }',
        "strategies[0]: parameters: x is no field, expected one of symbol, size, ",
    ),
    ("", '\n[latency]\nentry_ms = "-5"', "latency: entry_ms was -5, expected 0 or more"),
    ("", "\n[rules.fee]", "rules: fee is no field, expected one of name, title, fees, "),
    ("", FEED.format("nothing.csv"), "feeds[0]: "),
    ("", FEED.format("scenario.toml"), "feeds[0]: "),
]


@pytest.fixture
def complaint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., str]:
    """What a command complains of: the one line, without the name of the program."""

    def complained(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["plimsoll", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        written = capsys.readouterr()
        assert (ended.value.code, written.out) == (2, "")
        assert written.err.startswith("plimsoll: ")
        assert written.err.count("\n") == 1, "one line"
        assert not Path("runs").exists(), "nothing has begun"
        return written.err.removeprefix("plimsoll: ").rstrip("\n")

    monkeypatch.chdir(tmp_path)
    return complained


@pytest.mark.parametrize(
    ("old", "new", "line"), BAD_SCENARIOS, ids=[row[2] for row in BAD_SCENARIOS]
)
@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_bad_scenario_is_refused_in_one_line(
    complaint: Callable[..., str], command: str, old: str, new: str, line: str
) -> None:
    text = SCENARIO.replace(old, new, 1) if old else SCENARIO + new
    assert text != SCENARIO
    Path("scenario.toml").write_text(text)

    found = complaint(command, "scenario.toml")

    assert found.startswith(f"scenario.toml: {line}")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "scenario.toml: name was missing"),
        (b"\xff\xfe", "scenario.toml: was no UTF-8 text: invalid start byte at byte 0"),
        (b"plimsoll", "scenario.toml: was no TOML: "),
    ],
)
def test_a_file_that_is_no_scenario(complaint: Callable[..., str], data: bytes, line: str) -> None:
    Path("scenario.toml").write_bytes(data)

    assert complaint("run", "scenario.toml").startswith(line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "name was missing"),
        ('name = "mine"\ntitle = 1', "title was a whole number, expected text in quotes"),
        ('name = "mine"\nfee = 1', "fee is no field, expected one of name, title, fees, "),
        ("name", "was no TOML: "),
    ],
)
def test_a_bad_rulebook_is_told_with_its_own_name(
    complaint: Callable[..., str], text: str, line: str
) -> None:
    Path("mine.toml").write_text(text)
    Path("scenario.toml").write_text(SCENARIO.replace('"textbook"', '"mine.toml"'))

    assert complaint("run", "scenario.toml").startswith(f"scenario.toml: mine.toml: {line}")


def test_a_scenario_that_is_not_there(complaint: Callable[..., str]) -> None:
    Path("folder.toml").mkdir()

    assert complaint("run", "folder.toml") == "folder.toml: was a folder, expected a scenario file"
    assert complaint("run", "no-such").startswith(
        "no-such: no such scenario, expected a .toml file"
    )


@pytest.mark.parametrize(("option", "line"), [
    (("--until", "soon"), "scenario.toml: until was 'soon', expected a time such as "),
    (("--until", "2020-01-01T00:00:00"), "scenario.toml: until was 2020-01-01T00:00:00, "),
    (("--out", "scenario.toml"), "scenario.toml/small-1: Not a directory"),
])  # fmt: skip
def test_a_bad_option(complaint: Callable[..., str], option: tuple[str, ...], line: str) -> None:
    Path("scenario.toml").write_text(SCENARIO)

    assert complaint("run", "scenario.toml", *option).startswith(line)


# ---------------------------------------------------------------------------------- replay


def without_column(lines: list[str]) -> bytes:
    return "\n".join(line.rpartition(",")[0] for line in lines).encode()


def off_tick(lines: list[str]) -> bytes:
    return "\n".join(lines).replace("99.3", "99.35").encode()


def not_a_number(lines: list[str]) -> bytes:
    return "\n".join(lines).replace("99.3,1", "99.3,NaN").encode()


def below_zero(lines: list[str]) -> bytes:
    return "\n".join(lines).replace("99.3,1", "99.3,-1").encode()


def another_symbol(lines: list[str]) -> bytes:
    lines[5] = lines[5].replace("BTCUSDT", "ETHUSDT")
    return "\n".join(lines).encode()


def backwards(lines: list[str]) -> bytes:
    lines[4], lines[5] = lines[5], lines[4]
    return "\n".join(lines).encode()


def cut_off(lines: list[str]) -> bytes:
    return gzip.compress("\n".join(lines).encode())[:-20]


def torn(lines: list[str]) -> bytes:
    return "\n".join(lines).encode()[:-5]


REPLAY = ("--accounts", "0", "--strategy", "none", "--instrument", "BTCUSDT:0.1:0.001")


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (without_column, "book.csv:1: columns were exchange,symbol,timestamp,local_timestamp,"),
        (lambda _: b"", "book.csv:1: the file is empty"),
        (lambda lines: lines[0].encode(), "book.csv:2: no row after the header"),
        (lambda _: b"<html>", "book.csv:1: begins with '<html>'"),
    ],
)
def test_a_file_that_is_no_tick_file(
    complaint: Callable[..., str], damage: Callable[[list[str]], bytes], line: str
) -> None:
    Path("book.csv").write_bytes(damage(tardis_depth()))

    assert complaint("replay", "book.csv", *REPLAY).startswith(line)


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (off_tick, "5: BTCUSDT price was 99.35, expected a multiple of 0.1"),
        (not_a_number, "5: BTCUSDT size was 'NaN', expected a decimal number"),
        (below_zero, "5: BTCUSDT size was -1, expected 0 or more and less than "),
        (another_symbol, "6: symbol was 'ETHUSDT', expected BTCUSDT"),
        (backwards, "6: time goes backwards by 1000000000 ns, from "),
        (torn, "10: the row has 7 columns, expected 8"),
        (cut_off, "compressed data ends here: the file was cut off"),
    ],
)
def test_a_bad_row_ends_a_replay_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    damage: Callable[[list[str]], bytes],
    line: str,
) -> None:
    """What came before has been carried out, the folder is whole, and the exit code is 1."""
    monkeypatch.chdir(tmp_path)
    Path("book.csv").write_bytes(damage(tardis_depth()))
    monkeypatch.setattr(sys, "argv", ["plimsoll", "replay", "book.csv", *REPLAY, "--json"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    written = capsys.readouterr()
    summary = json.loads(written.out)
    assert (ended.value.code, written.err) == (1, "")
    assert line in summary["error"]
    assert "\n" not in summary["error"]
    assert json.loads(Path("runs/replay-1/summary.json").read_text())["error"] == summary["error"]
    assert pq.read_table("runs/replay-1/accounts.parquet").num_rows == 0


def test_bad_options_of_replay(complaint: Callable[..., str]) -> None:
    Path("book.csv").write_text("\n".join(tardis_depth()))

    assert complaint("replay", "no.csv", *REPLAY) == "no.csv: no such file"
    assert complaint("replay", "book.csv", *REPLAY, "--on-defect", "hope") == (
        "on-defect was 'hope', expected stop, skip, repair"
    )
    assert complaint("replay", "book.csv", "--instrument", "0.1").startswith(
        "instrument was '0.1', expected SYMBOL:TICK:LOT"
    )
    assert "rulebook was 'novel', expected one of binance_usdm, " in complaint(
        "replay", "book.csv", *REPLAY, "--rulebook", "novel"
    )
    assert complaint("replay", "book.csv", *REPLAY, "--strategy", "luck").startswith(
        "strategy was 'luck'"
    )
