"""A run, opened from its folder: its tables, its events, its summary.

from tools.runs import open_run
run = open_run("runs/october-1")
run.fills().where(account="maker").pandas()
"""

from collections.abc import Iterator
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq

from exchange.core.instrument import Instrument
from exchange.core.messages import AnyEvent, InstrumentListed
from exchange.journal import read_journal
from tools.frames import Frame
from tools.upkeep import NO_TIERS

SWITCHES = {
    "equity": "sample_seconds",
    "positions": "sample_seconds",
    "bars": "sample_seconds",
    "funds": "sample_seconds",
    "heatmap": "crowd_seconds",
    "populations": "crowd_seconds",
}
"""Tables that `[outputs]` can switch off, and the setting that does."""
TABLES = ("fills", "marks", "liquidations", "upkeep", "accounts", *SWITCHES)


class RunError(ValueError):
    """A run folder, or a part of one, that is not there or cannot be read."""


def open_run(folder: str | Path) -> "RunRecord":
    """Open the folder of a run.  Raises RunError where it is not one."""
    return RunRecord(Path(folder))


class RunRecord:
    """What a run left behind.

    Every table is a `Frame`.  Columns ending in _ticks, _lots and _units are exact whole numbers;
    those of the same name without are floats, for plots.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scenario = self._json("scenario.json")
        """The scenario, with every default filled in."""

    @cached_property
    def summary(self) -> dict[str, Any]:
        """As in summary.json: numbers as decimal texts.  Raises RunError if the run did not end."""
        return self._json("summary.json")

    @property
    def ended(self) -> bool:
        """Whether there is a summary: a run that is going on, or was killed, has only a journal."""
        return (self.folder / "summary.json").is_file()

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def title(self) -> str:
        """What the scenario calls itself."""
        return str(self.scenario["title"] or self.scenario["name"])

    # ------------------------------------------------------------------------- tables

    def fills(self) -> Frame:
        """Every fill of every account."""
        return self._table("fills")

    def marks(self) -> Frame:
        """Every mark price."""
        return self._table("marks")

    def liquidations(self) -> Frame:
        """Every liquidation, a row each; money as exact decimals."""
        return self._table("liquidations")

    def upkeep(self) -> Frame:
        """Interest, exchanges of collateral, and margin that was added by itself, a row each."""
        return self._table("upkeep")

    def accounts(self) -> Frame:
        """What each account came to, in each asset; money as exact decimals."""
        return self._table("accounts")

    def equity(self) -> Frame:
        """Equity, margins and margin ratio of each named account over time."""
        return self._table("equity")

    def positions(self) -> Frame:
        """Positions of each named account over time, with their liquidation prices."""
        return self._table("positions")

    def bars(self) -> Frame:
        """Each market over time: trades as bars, mark, index, open interest, liquidated sizes."""
        return self._table("bars")

    def funds(self) -> Frame:
        """Insurance fund, fees and uncovered losses of the venue over time."""
        return self._table("funds")

    def heatmap(self) -> Frame:
        """Open interest by liquidation price, over time."""
        return self._table("heatmap")

    def populations(self) -> Frame:
        """Each population over time: accounts with a position, accounts liquidated, equity."""
        return self._table("populations")

    def has(self, table: str) -> bool:
        """Whether the run left a table of this name."""
        return (self.folder / f"{table}.parquet").is_file()

    def events(self) -> Iterator[AnyEvent]:
        """The journal's events, one after the other.  Raises RunError or JournalError."""
        path = self.folder / "journal.jsonl"
        try:
            yield from read_journal(path)
        except OSError as error:
            raise RunError(f"{path}: {error.strerror}") from None

    def instruments(self) -> dict[str, Instrument]:
        """The contracts, whose grids turn whole numbers into prices, sizes and money."""
        made: dict[str, Instrument] = {}
        for event in self.events():
            if isinstance(event, InstrumentListed):
                made[event.symbol] = Instrument(len(made), event.rules, NO_TIERS)
            elif made:
                break
        return made

    # ------------------------------------------------------------------------ showing

    def __repr__(self) -> str:
        return f"<run {self.name}: {self.title}>"

    def _repr_html_(self) -> str:
        """What it is and which tables it has, for notebooks."""
        names = ("rulebook", "first_at", "last_at", "events", "digest", "error")
        facts = "".join(
            f"<tr><td>{name}</td><td style='text-align:left'>{escape(str(fact))}</td></tr>"
            for name in names
            if (fact := (self.summary if self.ended else {}).get(name))
        )
        tables = ", ".join(f"<code>.{name}()</code>" for name in TABLES if self.has(name))
        return f"<div><b>{escape(self.title)}</b><table>{facts}</table>{tables}</div>"

    # ------------------------------------------------------------------------ reading

    def _json(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
        except FileNotFoundError:
            if not self.folder.is_dir():
                raise RunError(f"{self.folder}: there is no such run folder") from None
            why = "this is no run folder" if name == "scenario.json" else "the run did not end"
            raise RunError(f"{path}: not found; {why}") from None
        except (OSError, msgspec.DecodeError) as error:
            raise RunError(f"{path}: {error}") from None

    def _table(self, name: str) -> Frame:
        path = self.folder / f"{name}.parquet"
        try:
            return Frame(name, pq.read_table(path))
        except FileNotFoundError:
            switch = SWITCHES.get(name)
            why = f'; the scenario had outputs.{switch} = "0"' if self._is_off(switch) else ""
            raise RunError(f"{path}: not found{why}") from None
        except (OSError, ValueError) as error:
            raise RunError(f"{path}: {error}") from None

    def _is_off(self, switch: str | None) -> bool:
        return switch is not None and self.scenario["outputs"].get(switch) == "0"
