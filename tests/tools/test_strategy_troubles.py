"""A strategy that crashed, was refused or prints: told once, and JSON stays JSON."""

import json
import sys
from pathlib import Path

import pytest

from tests.crash import CRASH
from tools import cli

TROUBLED = """
from strategies import Strategy

class Troubled(Strategy):
    async def on_start(self):
        print("hello from inside")
        await self.client.set_leverage("BTC", 5000)
        {}["missing"]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("troubled.py").write_text(TROUBLED)
    account = '\n[[accounts]]\nname = "trader"\ndeposits = { USDT = "1000" }\n'
    strategy = '\n[[strategies]]\nstrategy = "troubled.py:Troubled"\naccount = "trader"\n'
    Path("crash.toml").write_text(CRASH + account + strategy)


def call(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["plimsoll", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return int(ended.value.code or 0), *capfd.readouterr()


def test_a_run_tells_of_a_crash_once(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capfd, "run", "crash.toml", "--out", "runs")

    assert code == 1, out + err
    assert (out + err).count("KeyError") == 1
    assert "strategy trader was stopped at " in out
    assert "trader: 1 refused, first at " in out
    (run,) = Path("runs").iterdir()
    assert "strategy trader was stopped at " in call(capfd, "explain", str(run))[1]


def test_a_fork_tells_of_a_crash_once(capfd: pytest.CaptureFixture[str]) -> None:
    call(capfd, "run", "crash.toml", "--out", "runs")

    asked = ["whatif", "runs/crash-1", "--account", "anna", "--at", "+5", "--deposit", "1"]
    code, out, err = call(capfd, *asked)

    assert code == 1, out + err
    assert (out + err).count("KeyError") == 1
    assert "strategy trader was stopped at " in out


def test_a_comparison_tells_of_a_crash_and_of_refusals(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capfd, "compare", "crash.toml", "--margin", "cross")

    assert code == 1
    assert (out + err).count("KeyError") == 1
    assert "general-cross: strategy trader was stopped at 00:00:00: " in out
    assert "general-cross: trader: 1 refused, first at 00:00:00: leverage was 5000" in out


@pytest.mark.parametrize("command", ["run", "compare"])
def test_json_stays_json_when_a_strategy_prints(
    capfd: pytest.CaptureFixture[str], command: str
) -> None:
    _, out, err = call(capfd, command, "crash.toml", "--json")

    facts = json.loads(out)
    (one,) = (facts["cases"][0] if command == "compare" else facts)["strategies"]
    assert one["refused"]["count"] == 1
    assert "hello from inside" in err


def test_a_future_that_has_expired_before_the_start_is_one_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    Path("old.toml").write_text(
        CRASH.replace('lot_size = "0.001"', 'lot_size = "0.001"\nexpiry = "2024-12-27T08:00:00"')
    )

    code, _, err = call(capfd, "run", "old.toml")

    assert code == 2
    assert err.count("\n") == 1
    assert "BTC expiry was 2024-12-27T08:00:00Z, expected after the start, 2025-01-01" in err


GUARDED = """
from strategies import Strategy, stop

class Guarded(Strategy):
    done = False

    async def on_mark(self, mark):
        if not self.done and self.client.position("BTC"):
            self.done = True
            await self.client.close("BTC", when=stop("50000", by="mark"))
"""


def test_a_waiting_stop_that_a_liquidation_cancels_is_told(
    capfd: pytest.CaptureFixture[str],
) -> None:
    Path("guarded.py").write_text(GUARDED)
    strategy = '\n[[strategies]]\nstrategy = "guarded.py:Guarded"\naccount = "anna"\n'
    Path("crash.toml").write_text(CRASH + strategy)
    call(capfd, "run", "crash.toml")

    told = call(capfd, "explain", "runs/crash-1", "--account", "anna")[1]

    (line,) = [one for one in told.splitlines() if "sell all BTC" in one]
    assert "stop at mark 50,000.00  order " in line
