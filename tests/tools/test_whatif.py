"""A fork of a run: the same up to a moment, and what one account does otherwise after it."""

import json
import sys
from pathlib import Path

import pytest

from exchange.core.messages import MarginMode
from tests.crash import crash
from tools import cli
from tools.runs import RunError
from tools.whatif import Change
from tools.whatif_report import WhatIf, what_if, whatif_facts

BEFORE_THE_FALL = "+5"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small crash, in which anna fails at +70 s."""
    return crash(tmp_path_factory.mktemp("crash")).folder


def forked(run: Path, base: Path, change: Change) -> WhatIf:
    return what_if(run, change, Path(), base, quiet=True)


def anna(told: WhatIf) -> tuple[int, int]:
    """Her liquidations as it was and as it would have been."""
    before, after = (one["USDT"].liquidations for one in told.accounts)
    return before, after


def test_more_margin_in_time_saves_the_position(run: Path, tmp_path: Path) -> None:
    told = forked(run, tmp_path, Change("anna", BEFORE_THE_FALL, margin="1500"))

    assert anna(told) == (1, 0)
    assert told.accounts[1]["USDT"].open_positions == 1


def test_too_little_does_not(run: Path, tmp_path: Path) -> None:
    assert anna(forked(run, tmp_path, Change("anna", BEFORE_THE_FALL, margin="500"))) == (1, 1)


def test_too_late_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"anna has no position at 2025-01-01T00:01:12Z"):
        forked(run, tmp_path, Change("anna", "+72", margin="1500"))


def test_in_cross_her_whole_wallet_stands_behind_it(run: Path, tmp_path: Path) -> None:
    assert anna(forked(run, tmp_path, Change("anna", BEFORE_THE_FALL, MarginMode.CROSS))) == (1, 0)


def test_half_the_size_is_half_the_loss(run: Path, tmp_path: Path) -> None:
    told = forked(
        run, tmp_path, Change("anna", BEFORE_THE_FALL, MarginMode.CROSS, size_factor="0.5")
    )

    whole = forked(run, tmp_path, Change("anna", BEFORE_THE_FALL, MarginMode.CROSS))
    fee = told.accounts[0]["USDT"].trading_fees
    half_loss, loss = (-one.accounts[1]["USDT"].profit - fee for one in (told, whole))
    assert 2 * half_loss == loss


def test_up_to_the_moment_nothing_differs(run: Path, tmp_path: Path) -> None:
    told = forked(run, tmp_path, Change("anna", "+70", margin="1500"))

    journals = [(f / "journal.jsonl").read_text().splitlines() for f in (run, told.done.folder)]
    assert told.shared > 100
    assert journals[0][: told.shared] == journals[1][: told.shared]
    parted = json.loads(journals[0][told.shared])
    assert parted["at"] >= 1735689670 * 10**9


def test_a_fork_is_a_run_that_can_be_forked_again(run: Path, tmp_path: Path) -> None:
    once = forked(run, tmp_path, Change("anna", BEFORE_THE_FALL, margin="1000"))

    twice = forked(once.done.folder, tmp_path, Change("anna", "+20", margin="500"))

    assert (anna(once), anna(twice)) == ((1, 1), (1, 0))


def test_the_same_question_has_the_same_answer(run: Path, tmp_path: Path) -> None:
    change = Change("anna", BEFORE_THE_FALL, deposit="5000", margin="5000")

    digests = [forked(run, tmp_path, change).done.summary["digest"] for _ in range(2)]

    assert digests[0] == digests[1]


def test_a_run_that_cannot_be_repeated_is_found_out(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for file in run.iterdir():
        (other / file.name).write_bytes(file.read_bytes())
    text = (other / "journal.jsonl").read_text()
    (other / "journal.jsonl").write_text(text.replace('"amount":1000000000000', '"amount":7', 1))

    with pytest.raises(RunError, match="the run could not be repeated, it differs from"):
        forked(other, tmp_path, Change("anna", BEFORE_THE_FALL, margin="1500"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (Change("anna", "+5"), "nothing was asked for"),
        (Change("anna", "soon", margin="1"), "at was 'soon', expected a time such as"),
        (Change("anna", "+500", margin="1"), "at was +500, expected a moment of the run"),
        (Change("bert", "+5", margin="1"), "bert has no position at"),
        (Change("anna", "+5", margin="1", symbol="ETH"), "anna has no position in ETH at"),
        (Change("anna", "+5", size_factor="-1"), "size_factor was -1, expected 0 or more"),
        (Change("anna", "+5", margin="99999"), "what if: margin for BTC"),
    ],
)
def test_what_cannot_be_done_is_said(run: Path, tmp_path: Path, change: Change, error: str) -> None:
    with pytest.raises(RunError) as raised:
        forked(run, tmp_path, change)

    assert error in str(raised.value)


def test_the_command_tells_before_and_after(
    run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = ["whatif", str(run), "--account", "anna", "--at", "+5", "--margin", "1500"]
    monkeypatch.setattr(sys, "argv", ["plimsoll", *asked, "--out", str(tmp_path)])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    out = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert "as it was 1 00:01:10" in out
    assert "what if 0 -" in out


def test_facts_for_machines_name_both_folders(run: Path, tmp_path: Path) -> None:
    told = forked(run, tmp_path, Change("anna", BEFORE_THE_FALL, margin="1500"))

    facts = whatif_facts(told)

    assert facts["change"] == {"account": "anna", "at": "+5", "margin": "1500"}
    assert facts["as_it_was"]["folder"] == str(run)
    assert facts["what_if"]["account"]["USDT"]["liquidations"] == 0
