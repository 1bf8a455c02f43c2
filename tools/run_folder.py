"""What a run leaves behind: journal, tables, and a summary that is the same for equal runs."""

import sys
from collections.abc import Iterator
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

import exchange.core.book
from exchange.core.messages import AccountView, Event
from exchange.core.units import Money, decimal
from exchange.journal import Journal
from exchange.outcome import BookChecks, Outcome
from tools.assets import asset_units
from tools.build import Run
from tools.samples import Sampler
from tools.tables import EventTables, write_accounts
from tools.tally import Refusals, Tallies, Tally
from tools.times import utc

VENUE_ACCOUNTS = (
    "outside",
    "fees",
    "insurance fund",
    "open positions",
    "uncovered loss",
    "rounding",
)
OF_UNIFIED_ACCOUNTS = ("conversion", "interest")
"""Told where there is anything in them."""


class RunFolder:
    """The folder of one run, written while it goes on."""

    def __init__(self, path: Path, run: Run) -> None:
        path.mkdir(parents=True)
        self.path = path
        self.journal_path = path / "journal.jsonl"
        self.journal = Journal(self.journal_path)
        self._run = run
        self._tables = EventTables(path, run.instruments)
        self.tallies = Tallies({symbol: own.settle for symbol, own in run.instruments.items()})
        self.sampler = sampler(path, run)
        (path / "scenario.json").write_bytes(
            msgspec.json.format(msgspec.json.encode(run.scenario), indent=2) + b"\n"
        )

    def observe(self, event: Event) -> None:
        """Take an event into tables, tallies and samples."""
        self._tables.observe(event)
        self.tallies.observe(event)
        self.sampler.observe(event)

    def close(self) -> None:
        """End the files that grew during the run."""
        self.journal.close()
        self._tables.close()
        self.sampler.close()

    def finish(self, outcome: Outcome | None, error: str = "") -> dict[str, Any]:
        """Write accounts and summary.  Without an outcome, the run ended with `error`."""
        rows = list(account_rows(self._run, self.tallies))
        write_accounts(self.path / "accounts.parquet", rows)
        summary = summarise(self._run, outcome, rows, self.tallies.refusals, error)
        text = msgspec.json.format(msgspec.json.encode(summary), indent=2)
        (self.path / "summary.json").write_bytes(text + b"\n")
        return summary


def sampler(path: Path, run: Run) -> Sampler:
    """What looks at a run from time to time, as its scenario says."""
    return Sampler(
        path,
        run.instruments,
        [account.name for account in run.scenario.accounts],
        run.opening.group_of,
        every=run.sample_every,
        crowd_every=run.crowd_every,
    )


def next_folder(base: Path, name: str) -> Path:
    """The first of base/name-1, base/name-2, ... that is not there yet."""
    number = 1
    while (base / f"{name}-{number}").exists():
        number += 1
    return base / f"{name}-{number}"


def plimsoll_version() -> str:
    """The version of the distribution."""
    try:
        return version("plimsoll")
    except PackageNotFoundError:
        return "not installed"


def core_kind() -> str:
    """Whether the core runs compiled or interpreted."""
    path = exchange.core.book.__file__ or ""
    return "interpreted" if path.endswith(".py") else "compiled"


def account_rows(run: Run, tallies: Tallies) -> Iterator[dict[str, Any]]:
    """One row for each account and settlement asset in which it has, or had, money."""
    venue = run.simulation.venue
    units = asset_units(run.instruments.values())
    for (account, asset), tally in tallies.of.items():
        view = venue.account_view(account, asset)
        yield {
            "account": account,
            "population": run.opening.group_of.get(account, ""),
            "asset": asset,
            **_amounts(units[asset], view, tally),
            "fills": tally.fills,
            "liquidations": tally.liquidations,
            "deleveraged": tally.deleveraged,
            "open_positions": len(view.positions),
        }


def _amounts(unit: Fraction, view: AccountView, tally: Tally) -> dict[str, Fraction]:
    amounts: dict[str, Money] = {
        "deposited": tally.deposited,
        "total": view.total,
        "profit": view.total - tally.deposited,
        "wallet": view.wallet,
        "realised_pnl": tally.realised_pnl,
        "fees": tally.fees,
        "liquidation_fees": tally.liquidation_fees,
        "fund_paid": tally.fund_paid,
        "maintenance_margin": view.maintenance_margin,
    }
    return {name: amount * unit for name, amount in amounts.items()}


# ------------------------------------------------------------------------------ summary


def summarise(
    run: Run,
    outcome: Outcome | None,
    rows: list[dict[str, Any]],
    refusals: dict[str, Refusals],
    error: str,
) -> dict[str, Any]:
    """The run in one record: decimal texts, and nothing that depends on the machine's clock."""
    summary: dict[str, Any] = {
        "plimsoll": plimsoll_version(),
        "python": sys.version.split()[0],
        "core": core_kind(),
        "scenario": run.scenario.name,
        "title": run.scenario.title,
        "rulebook": run.rulebook.name,
        "seed": run.scenario.seed,
        "error": error,
    }
    if outcome is not None:
        summary |= {
            "interrupted": outcome.interrupted,
            "digest": outcome.digest,
            "first_at": utc(outcome.first_at),
            "last_at": utc(outcome.last_at),
            "seconds": decimal(Fraction(outcome.last_at - outcome.first_at, 10**9), 3),
            "commands": outcome.commands,
            "rejected": outcome.rejected,
            "events": outcome.events,
            "feed_items": outcome.feed_items,
            "book_checks": {
                symbol: _checks(checks) for symbol, checks in outcome.book_checks.items()
            },
        }
    return summary | {
        "feeds": list(_feeds(run)),
        "instruments": _instruments(run),
        "money": _money(run),
        "strategies": list(_strategies(run, rows, refusals)),
        "groups": list(_groups(rows)),
        "expectations": {"checked": run.script.checked, "failures": run.script.failures},
        "positions_not_opened": run.opening.waiting,
        "positions_refused": dict(run.opening.refused),
        "first_refused": run.opening.first_refused,
    }


def _checks(checks: BookChecks) -> dict[str, Any]:
    share = decimal(Fraction(100 * checks.prices_agreed, checks.total), 3) if checks.total else ""
    return msgspec.to_builtins(checks) | {"prices_agreed_percent": share}  # type: ignore[no-any-return]


def _feeds(run: Run) -> Iterator[dict[str, Any]]:
    for source in run.feed.sources if run.feed is not None else []:
        yield {
            "name": source.name,
            "read": source.position,
            "size": source.size,
            "defects": source.defects,
            "first_defects": source.first_defects,
            "notes": dict(source.notes),
        }


def _instruments(run: Run) -> dict[str, Any]:
    venue, made = run.simulation.venue, {}
    for symbol, own in venue.instruments.items():
        mark = venue.mark_price(symbol)
        made[symbol] = {
            "settle": own.settle,
            "tick_size": str(own.tick_size),
            "lot_size": str(own.lot_size),
            "money_unit": str(own.money_unit),
            "mark_unit": str(own.mark_unit),
            "mark_price": "" if mark is None else own.mark_text(mark),
            "open_interest": own.size_text(venue.open_interest(symbol)),
        }
    return made


def _money(run: Run) -> dict[str, Any]:
    """Where all money is, by asset: it sums to zero, `outside` being what was brought in."""
    venue, made = run.simulation.venue, {}
    for asset, unit in asset_units(run.instruments.values()).items():
        balances = venue.balances(asset)
        told = (*VENUE_ACCOUNTS, *(name for name in OF_UNIFIED_ACCOUNTS if balances.get(name)))
        where = {name: decimal(balances.get(name, 0) * unit) for name in told}
        traders = sum(amount for name, amount in balances.items() if name not in told)
        made[asset] = {
            "balances": where | {"traders": decimal(traders * unit)},
            "sum": decimal(sum(balances.values()) * unit),
            "moved": {k: decimal(v * unit) for k, v in venue.moved(asset).items()},
        }
    return made


def _strategies(
    run: Run, rows: list[dict[str, Any]], refusals: dict[str, Refusals]
) -> Iterator[dict[str, Any]]:
    """The scenario's strategies, and those of its populations that were stopped."""
    named = [part.strategy for part in run.scenario.strategies]
    stopped = [session for session in run.crowd if session.stopped]
    names = {p.name: p.strategy for p in run.scenario.populations}
    named += [names[run.opening.group_of[session.account]] for session in stopped]
    for strategy, session in zip(named, [*run.sessions, *stopped], strict=True):
        yield {
            "name": session.name,
            "strategy": strategy,
            "account": session.account,
            "stopped": session.stopped,
            "stopped_at": utc(session.stopped_at) if session.stopped else "",
            "refused": _refused(refusals.get(session.account)),
            "accounts": [_texts(row) for row in rows if row["account"] == session.account],
        }


def _refused(own: Refusals | None) -> dict[str, Any]:
    """How many commands were refused, and the first of them."""
    if own is None:
        return {"count": 0}
    first = own.first
    return {
        "count": own.count,
        "first_at": utc(first.at),
        "command": first.command,
        "reason": str(first.reason),
        "detail": first.detail,
    }


def _groups(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Accounts of a population together; others one by one."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        name = row["population"] or row["account"]
        groups.setdefault((name, row["asset"]), []).append(row)
    for (name, asset), members in groups.items():
        yield {
            "name": name,
            "asset": asset,
            "accounts": len(members),
            "liquidated": sum(row["liquidations"] > 0 for row in members),
            "liquidations": sum(row["liquidations"] for row in members),
            "deleveraged": sum(row["deleveraged"] for row in members),
            **{
                key: decimal(sum((row[key] for row in members), Fraction(0)))
                for key in ("deposited", "total", "profit", "fees", "liquidation_fees", "fund_paid")
            },
        }


def _texts(row: dict[str, Any]) -> dict[str, Any]:
    return {k: decimal(v) if isinstance(v, Fraction) else v for k, v in row.items()}
