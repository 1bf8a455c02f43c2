"""Replay of the real recordings: six minutes of 8 August 2024 on Binance."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from exchange.core.messages import MarginMode
from tests.shared import SHARED, needs_shared
from tools.build import Run
from tools.replay import Replay, replay_scenario
from tools.running import carry_out

DATA = SHARED / "data"
USDM = [
    "binance_usdm_btcusdt_20240808.jsonl.gz",
    "binance_usdm_ethusdt_20240808.jsonl.gz",
    "binance_spot_btcusdt_20240808.jsonl.gz",
    "binance_spot_ethusdt_20240808.jsonl.gz",
]
COINM = ["binance_cm_btcusd_perp_20240808.jsonl.gz", "binance_spot_btcusdt_20240808.jsonl.gz"]
RECORD_ALONE = {"accounts": 0, "strategies": ("none",)}

pytestmark = needs_shared


class Replayed:
    """A replay that is over: its venue, its summary, and the events of its journal."""

    def __init__(self, folder: Path, *files: str, until: str = "", **changes: Any) -> None:
        fields: dict[str, Any] = {
            "files": tuple(DATA / file for file in files),
            "rulebook": "general",
            "accounts": 100,
            "strategies": ("market_maker", "trend_follower"),
            "grids": (),
            "on_defect": "stop",
        }
        run = Run(replay_scenario(Replay(**(fields | changes))), folder / "replay", until=until)
        done = carry_out(run, folder, quiet=True)
        assert done.exit_code == 0
        self.venue = run.simulation.venue
        self.summary = done.summary
        self.journal = done.folder / "journal.jsonl"

    def is_balanced(self, asset: str) -> None:
        """Money and positions sum to nothing, and every other invariant of the venue holds."""
        assert sum(self.venue.balances(asset).values()) == 0
        assert self.summary["money"][asset]["sum"] == "0"
        held: Counter[str] = Counter()
        for name in self.venue.account_names():
            for position in self.venue.account_view(name, asset).positions:
                held[position.symbol] += position.size
        for symbol, market in self.venue._state.market_of.items():
            assert market.history_size + held[symbol] == 0
        self.venue.check()

    def liquidated(self) -> Counter[tuple[str, MarginMode]]:
        """How many liquidations began, by population and margin mode."""
        counted: Counter[tuple[str, MarginMode]] = Counter()
        with self.journal.open() as lines:
            for line in lines:
                event = json.loads(line)
                if event["type"] == "LiquidationStarted":
                    counted[event["account"].rpartition("-")[0], event["mode"]] += 1
        return counted


def test_the_whole_recordings_run_to_their_end(tmp_path: Path) -> None:
    """BTC and ETH perpetuals with their spot as index, and what must be true of it afterwards."""
    whole = Replayed(tmp_path, *USDM)
    summary = whole.summary

    assert summary["last_at"] == "2024-08-08T23:59:59.881488984Z"
    assert all(feed["read"] == feed["size"] for feed in summary["feeds"])
    assert not any(feed["defects"] for feed in summary["feeds"])
    assert summary["positions_not_opened"] == 0
    assert not any(one["stopped"] for one in summary["strategies"])
    assert set(whole.liquidated()) == {
        (population, mode)
        for population in ("near-BTCUSDT", "near-ETHUSDT")
        for mode in (MarginMode.CROSS, MarginMode.ISOLATED)
    }
    for checks in summary["book_checks"].values():
        # The rest are levels that accounts have emptied, until the record's next word on them.
        assert checks["prices_agreed"] / checks["total"] > 0.995
    whole.is_balanced("USDT")


@pytest.mark.parametrize(
    ("names", "moments"),
    [(USDM, {"BTCUSDT": 1_126, "ETHUSDT": 1_128}), (COINM, {"BTCUSD_PERP": 4_255})],
)
def test_the_record_alone_rebuilds_every_best_price_and_size(
    tmp_path: Path, names: list[str], moments: dict[str, int]
) -> None:
    checks = Replayed(tmp_path, *names, until="+60", **RECORD_ALONE).summary["book_checks"]

    assert {symbol: one["total"] for symbol, one in checks.items()} == moments
    assert {symbol: one["agreed"] for symbol, one in checks.items()} == moments


def test_two_replays_have_the_same_digest(tmp_path: Path) -> None:
    first, second = (Replayed(tmp_path, *USDM, until="+30") for _ in range(2))

    assert first.summary == second.summary
    assert first.liquidated()


def test_a_coin_margined_recording_replays_with_leveraged_accounts(tmp_path: Path) -> None:
    """Settled in bitcoin, with the dollar price of spot as its index."""
    replayed = Replayed(tmp_path, *COINM, until="+60")

    assert set(replayed.liquidated()) == {
        ("near-BTCUSD_PERP", MarginMode.CROSS),
        ("near-BTCUSD_PERP", MarginMode.ISOLATED),
    }
    replayed.is_balanced("BTC")


def test_a_perpetual_alone_is_its_own_index(tmp_path: Path) -> None:
    replayed = Replayed(tmp_path, USDM[0], until="+60")

    assert replayed.summary["positions_not_opened"] == 0
    assert replayed.summary["instruments"]["BTCUSDT"]["mark_price"]


TARDIS = [path.name for path in sorted((DATA / "tardis").glob("*.csv"))]


@pytest.mark.parametrize("name", TARDIS)
def test_a_tardis_sample_replays(tmp_path: Path, name: str) -> None:
    summary = Replayed(tmp_path, f"tardis/{name}", accounts=5).summary

    assert summary["feed_items"] > 0
    assert not any(feed["defects"] for feed in summary["feeds"])


def test_tardis_trades_with_their_ticker_have_recorded_marks(tmp_path: Path) -> None:
    files = ("tardis/trades_1.csv", "tardis/derivative_ticker_1.csv")
    replayed = Replayed(tmp_path, *files)

    assert replayed.summary["instruments"]["XBTUSD"]["mark_price"] == "9500.75"
    assert replayed.summary["positions_not_opened"] == 0
