"""What a run came to, in the figures by which runs are compared.  Exact, by settlement asset."""

from fractions import Fraction
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from tools.runs import RunRecord
from tools.story_facts import row_text
from tools.times import utc


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One run in one settlement asset, everybody together."""

    liquidations: int
    accounts: int
    """That were liquidated, however often."""
    first: str
    """When the first of them was; empty without one."""
    closed: Fraction
    """Notional that liquidations closed, at the prices of the fills, by ADL too."""
    adl: Fraction
    """Of it, what auto-deleveraging closed."""
    lost: Fraction
    """By the accounts that were liquidated, from the beginning of the run to its end."""
    liquidation_fees: Fraction
    trading_fees: Fraction
    fund_paid: Fraction
    """By the insurance fund, for what accounts could not pay."""
    fund_left: Fraction
    socialised: Fraction
    """Loss that neither the loser nor the fund paid: borne by other traders, or uncovered."""
    equity: Fraction
    """Of all traders, at the end."""


class AccountFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One account in one run and one settlement asset."""

    liquidations: int
    first: str
    closed: Fraction
    liquidation_fees: Fraction
    trading_fees: Fraction
    fund_paid: Fraction
    profit: Fraction
    """What the account has more than was deposited; below zero, what it lost."""
    equity: Fraction
    open_positions: int


class Tables(NamedTuple):
    """What a run left: its liquidations, its accounts, and where all money is."""

    liquidations: list[dict[str, Any]]
    accounts: list[dict[str, Any]]
    money: dict[str, dict[str, dict[str, str]]]


def tables(run: RunRecord) -> Tables:
    """Read a run.  Raises RunError where it did not end."""
    liquidations = run.liquidations().arrow
    at = liquidations.schema.get_field_index("at")
    whole = liquidations.set_column(at, "at", liquidations["at"].cast(pa.int64()))
    return Tables(whole.to_pylist(), run.accounts().rows(), run.summary["money"])


def figures(read: Tables) -> dict[str, Figures]:
    """A run's figures by settlement asset."""
    return {asset: _figures(_only(read, "asset", asset), read.money[asset]) for asset in read.money}


def account_figures(read: Tables, account: str) -> dict[str, AccountFigures]:
    """An account's figures by settlement asset; none where it never had money."""
    own = _only(read, "account", account)
    return {row["asset"]: _account(row, _only(own, "asset", row["asset"])) for row in own.accounts}


def _only(read: Tables, column: str, value: str) -> Tables:
    liquidations, accounts = (
        [row for row in rows if row[column] == value] for rows in (read.liquidations, read.accounts)
    )
    return Tables(liquidations, accounts, read.money)


def _figures(read: Tables, money: dict[str, dict[str, str]]) -> Figures:
    liquidated = [row for row in read.accounts if row["liquidations"]]
    moved = money["moved"]
    return Figures(
        liquidations=len(read.liquidations),
        accounts=len(liquidated),
        first=_first(read.liquidations),
        closed=_sum(read.liquidations, "closed_long", "closed_short"),
        adl=_sum(read.liquidations, "adl_notional"),
        lost=-_sum(liquidated, "profit"),
        liquidation_fees=_sum(read.accounts, "liquidation_fees"),
        trading_fees=_sum(read.accounts, "fees"),
        fund_paid=Fraction(moved.get("insurance", 0)),
        fund_left=Fraction(money["balances"]["insurance fund"]),
        socialised=Fraction(moved.get("socialised_loss", 0)) + Fraction(moved.get("uncovered", 0)),
        equity=_sum(read.accounts, "total"),
    )


def _account(row: dict[str, Any], own: Tables) -> AccountFigures:
    return AccountFigures(
        liquidations=row["liquidations"],
        first=_first(own.liquidations),
        closed=_sum(own.liquidations, "closed_long", "closed_short"),
        liquidation_fees=Fraction(row["liquidation_fees"]),
        trading_fees=Fraction(row["fees"]),
        fund_paid=Fraction(row["fund_paid"]),
        profit=Fraction(row["profit"]),
        equity=Fraction(row["total"]),
        open_positions=row["open_positions"],
    )


def _first(liquidations: list[dict[str, Any]]) -> str:
    return utc(min(row["at"] for row in liquidations)) if liquidations else ""


def _sum(rows: list[dict[str, Any]], *columns: str) -> Fraction:
    return sum((Fraction(row[column]) for row in rows for column in columns), Fraction(0))


def texts(row: msgspec.Struct) -> dict[str, Any]:
    """Figures for machines: numbers as decimal texts."""
    return row_text(msgspec.structs.asdict(row))
