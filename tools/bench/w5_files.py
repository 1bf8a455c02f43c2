"""W5: recorded ticks, from file to venue events, with mark price, margin and one strategy.

A unit of work is a row of a file.  The recordings are made up (see `recording`), so that anyone
can run this; `PLIMSOLL_BENCH_DATA=a.gz,b.gz` takes real ones instead.
"""

import asyncio
import os
import resource
import tempfile
from pathlib import Path

from exchange.journal import Journal
from tools.bench.measured import Engine, Measured, timed
from tools.bench.recording import perpetual_rows, spot_rows, write
from tools.build import Run
from tools.replay import Replay, replay_scenario


def plimsoll(rows: int, *, read_ahead: bool = False) -> Measured:
    """Feed, merge, venue, market maker, and two hundred accounts near their liquidation."""
    with tempfile.TemporaryDirectory() as folder:
        run = replayed(Path(folder), rows, read_ahead=read_ahead)
        before = resident()
        outcome, nanos = timed(lambda: asyncio.run(run.go(Journal())))
        grown = resident() - before
    return Measured(
        nanos=nanos,
        count=rows,
        answers={"digest": outcome.digest},
        facts={"events": outcome.events, "peak grew by MB": round(grown / 1024, 1)},
    )


def reading_ahead(rows: int) -> Measured:
    """The same, the files read by a second process."""
    measured = plimsoll(rows, read_ahead=True)
    measured.facts["reader's peak MB"] = round(resident(resource.RUSAGE_CHILDREN) / 1024, 1)
    return measured


def replayed(folder: Path, rows: int, *, read_ahead: bool = False) -> Run:
    """The run, its recordings in a folder."""
    asked = Replay(
        files=recordings(folder, rows),
        rulebook="general",
        accounts=100,
        strategies=("market_maker",),
        grids=("BTCUSDT:0.1:0.001",),
        on_defect="stop",
    )
    return Run(replay_scenario(asked), Path("replay.toml"), read_ahead=read_ahead)


def recordings(folder: Path, rows: int) -> tuple[Path, ...]:
    """The files to replay: a third of the rows is spot's."""
    named = os.environ.get("PLIMSOLL_BENCH_DATA")
    if named:
        return tuple(Path(name) for name in named.split(","))
    perpetual, spot = folder / "perpetual.jsonl.gz", folder / "spot.jsonl.gz"
    write(perpetual, perpetual_rows(rows - rows // 3))
    write(spot, spot_rows(rows // 3))
    return perpetual, spot


def resident(whose: int = resource.RUSAGE_SELF) -> int:
    """The most memory this process has had, in KiB, or one of those that it waited for."""
    return resource.getrusage(whose).ru_maxrss


ENGINES: dict[str, Engine] = {"plimsoll": plimsoll, "plimsoll, reading ahead": reading_ahead}
