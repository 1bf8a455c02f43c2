"""One position: where it is liquidated and bankrupt, what stands behind it, what it needs."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

from msgspec.structs import replace

from exchange import Rulebook, Tier
from exchange.core.messages import PositionSide
from exchange.core.policies import TierInput
from tools.vectors.amounts import others_told
from tools.vectors.bench import (
    Bench,
    Contract,
    fine_tick,
    on_unit,
    plain_fees,
    rulebook_for,
    share,
    tiers,
)
from tools.vectors.cases import Case, MissingInputError, UnsupportedError
from tools.vectors.figures import figure, step, text

SATOSHI = Fraction(1, 10**8)
SAFE = 4
"""Positions come in at a mark so many times better than their entry, and are then looked at as if
at the vector's own."""
SIZES = (
    "qty",
    "size",
    "contracts",
    "positionAmt",
    "szi",
    "amount",
    "position",
    "position_btc",
    "quantity",
    "position_size",
    "currentQty",
    "base",
    "pos",
    "contract_qty",
    "order_qty",
    "number_of_contracts",
    "num_contracts",
    "size_btc",
    "size_usd",
    "sz",
)
UNITS = ("multiplier", "contract_multiplier", "ct_val", "face_value", "contract_size")
"""What one contract is of, where size is in contracts."""
NOTIONALS = ("notional", "position_value", "value", "position_notional", "notional_value")
SIDES = ("side", "direction", "position_side", "pos_side", "order_side", "trade_side")
ENTRIES = (
    "ep",
    "entry",
    "avgEntry",
    "entry_price",
    "avg_entry",
    "avg_entry_price",
    "average_entry_price",
    "avgPx",
    "avgPrice",
    "entryPx",
    "price",
    "open",
    "open_price",
    "open_rate",
    "avg_open_price",
    "average_open_price",
    "average_price",
    "px",
)
WALLETS = (
    "wallet",
    "isolatedWallet",
    "isolated_margin",
    "margin",
    "position_margin",
    "posMargin",
    "margin_btc",
    "balance_btc",
    "collateral",
    "wallet_balance",
    "account_balance",
    "balance",
    "deposit",
    "cash",
    "usdc",
    "wb",
    "bal",
    "isolated_wallet_balance",
    "initial_balance",
    "allocated_margin",
    "assigned_margin",
    "assigned",
)
EQUITIES = (
    "totalEquity",
    "equity",
    "accountValue",
    "margin_balance",
    "account_equity",
    "equity_btc",
    "adjusted_equity",
    "adj_eq",
    "eq",
    "total_eq",
    "total_equity",
    "portfolio_value",
    "margin_equity",
    "total_net_collateral",
    "tnc",
)
MARKS = ("mark", "mark_price", "markPx", "oracle", "oracle_price", "oraclePx")
RATES = (
    "mmr",
    "mm",
    "riskRate",
    "maintenance_rate",
    "maintenance_margin_rate",
    "mm_rate",
    "mmf",
    "maintMarginRate",
    "maint_margin_ratio",
    "mm_ratio",
    "maintenance_margin_fraction",
    "maintenance_margin_ratio",
    "maintenance_ratio",
    "mm_fraction",
    "base_mm",
    "maint_margin_req",
)
CUMS = (
    "cum",
    "maintenance_amount",
    "maintenance_deduction",
    "deduction",
    "mm_deduction",
    "cumulative",
    "maintenance_amt",
    "maint_amount",
    "maintenance_margin_deduction",
    "cum_fast_maintenance_amount",
)
LEVERAGES = ("leverage", "lev", "lever")
ADDED = ("added_margin", "extra_margin", "margin_added", "add_margin", "extra_margin_added")
SYNONYMS = {
    "liquidation_price": (
        "liq",
        "liquidation",
        "liquidation_price",
        "liq_price",
        "lp",
        "liq_px",
        "liquidation_px",
    ),
    "bankruptcy_price": ("bankrupt", "bankruptcy", "bankruptcy_price", "bp", "bust_price"),
    "unrealised_pnl": (
        "upnl",
        "unrealised_pnl",
        "unrealized_pnl",
        "unrealised",
        "pnl",
        "upl",
        "unrealized_profit",
        "unrealised_profit",
    ),
    "equity": ("margin", "marginUsed", "equity", "margin_balance", "balance", "isolated_margin"),
    "bucket": ("posMargin", "isolated_wallet", "isolatedWallet"),
    "maintenance": (
        "mm",
        "posMaint",
        "maintenance",
        "maintenance_margin",
        "mmr_at_mark",
        "maint_margin",
        "position_mm",
    ),
    "initial": ("im", "posInit", "initial_margin", "initial", "position_im"),
    "entry_value": ("value", "entry_value", "entry_sat", "posCost"),
    "notional": ("notional", "positionValue", "position_value"),
    "return_on_margin": ("roe", "return_on_equity"),
    "margin_ratio": ("ratio", "margin_ratio"),
    "maintenance_at_entry": ("mm_at_entry", "maintenance_at_entry"),
}


class Subject:
    """A position as a vector describes it."""

    def __init__(self, case: Case, symbol: str = "X") -> None:
        self.symbol = symbol
        self.side = PositionSide.NET
        """Long or short where it is one side of a hedge."""
        signed = size_of(case)
        self.size = abs(signed)
        self.sign = side_of(case, signed)
        self.unit_money = SATOSHI if case.raw("unit") == "satoshi" else Fraction(1)
        self.inverse = _is_inverse(case)
        self.raw_money = self._raw(case)
        self.wallet = self._wallet(case)
        self.leverage = case.maybe(*LEVERAGES)
        self.added = case.maybe(*ADDED) or Fraction(0)
        self.entry = self._entry(case)
        self.mark = self._mark(case)
        self.maintenance = self._rate(case)
        self.cum = case.maybe(*CUMS) or Fraction(0)
        self.tick = case.maybe("tick", "tick_size")
        if self.wallet is None and self.leverage and self.leverage.denominator != 1:
            self.wallet = self.entry_value / self.leverage  # leverage is chosen in whole numbers

    @property
    def signed(self) -> Fraction:
        """Size, short below zero."""
        return self.sign * self.size

    @property
    def entry_value(self) -> Fraction:
        """What the position was bought or sold for."""
        return self.size / self.entry if self.inverse else self.size * self.entry

    @property
    def floor(self) -> Fraction:
        """Where the tier begins whose maintenance amount is given; it must lie on money's grid."""
        return self.cum / self.maintenance if self.cum else Fraction(0)

    @property
    def gain(self) -> Fraction:
        """Unrealised PnL at the mark, of a linear contract."""
        if self.inverse:
            return self.sign * (self.size / self.entry - self.size / self.mark)
        return self.sign * self.size * (self.mark - self.entry)

    def contract(self, *, by_lot: bool = False) -> Contract:
        """The contract that it is a position in."""
        return Contract(
            self.symbol,
            sizes=[self.size],
            tick=self.tick or fine_tick(self.entry),
            inverse=self.inverse,
            by_lot=by_lot,
        )

    def _wallet(self, case: Case) -> Fraction | None:
        if self.raw_money is not None:
            return self.raw_money
        found = case.maybe(*WALLETS)
        return None if found is None else found * self.unit_money

    def _raw(self, case: Case) -> Fraction | None:
        """What stands behind the position where money is told less what the position has cost."""
        names = ("rawUsd", "raw_usd", *(("usdc",) if case.venue.startswith("dydx") else ()))
        raw = case.maybe(*names)
        return None if raw is None else raw + self.sign * self.size * case.number(*ENTRIES, *MARKS)

    def _entry(self, case: Case) -> Fraction:
        entry = case.maybe(*ENTRIES)
        if entry is not None:
            return entry
        value = abs(case.number("positionValue", "value", default=0))
        if value:  # only the state at a mark is known: as if entered near it
            price = self.size / value if self.inverse else value / self.size
            tick = case.number("tick", "tick_size", default=price)
            return price // tick * tick
        return case.number(*MARKS, default=100)

    def _mark(self, case: Case) -> Fraction:
        mark, value = case.maybe(*MARKS), case.maybe("positionValue", "markValue")
        if mark is None and value is not None:
            value = abs(value) * self.unit_money
            mark = self.size / value if self.inverse else value / self.size
        return self.entry if mark is None else mark

    def _rate(self, case: Case) -> Fraction:
        rate = case.maybe(*RATES)
        if rate is not None:
            return rate
        kept = case.maybe("maintenance_leverage")
        if kept is not None:
            return 1 / kept
        most = case.maybe("maxLeverage", "max_leverage", "leverage_max")
        if most is not None:  # half the initial margin at the highest leverage
            return 1 / (2 * most)
        cost, kept = case.maybe("posCost"), case.maybe("posMaint")
        if cost and kept is not None:
            return (kept - case.number("posComm", default=0)) / abs(cost)
        return Fraction(0)


def size_of(case: Case) -> Fraction:
    """A position's or an order's size, in contracts of so much each or by its value; one if untold.

    Below zero where it is written so, for a short.
    """
    size, each = case.maybe(*SIZES), case.number(*UNITS, default=1)
    value = case.maybe(*NOTIONALS) if size is None else None
    if size is not None or value is None:
        return (Fraction(1) if size is None else size) * each
    price = case.maybe(*MARKS) or case.number(*ENTRIES, default=1)
    return value * price if _is_inverse(case) else value / price


def side_of(case: Case, signed: Fraction = Fraction(1)) -> int:
    """1 of a long or a buy, -1 of a short or a sell: in words, as a sign, or in the topic."""
    side = str(case.raw(*SIDES) or "").lower()
    short = case.raw("is_short", "short")
    if isinstance(short, bool):
        return -1 if short else 1
    if side in ("", "both", "net"):
        return -1 if signed < 0 or "_short" in f"_{case.topic}" else 1
    return -1 if side in ("short", "sell", "-1", "ask", "s") else 1


def _is_inverse(case: Case) -> bool:
    if "quanto" in case.topic or ("linear" in case.topic and "inverse" not in case.topic):
        return False
    named = "inverse" in case.topic or "coin" in case.topic
    return named or case.raw("balance_btc", "margin_btc", "unit", "contracts") is not None


# ---------------------------------------------------------------------------------- setting up


def rules_for(case: Case, *subjects: Subject) -> Rulebook:
    """The vector's rulebook, with its own rates and fees."""
    rulebook = plain_fees(rulebook_for(case), case)
    tables = {s.symbol: _ladder([t for t in subjects if t.symbol == s.symbol]) for s in subjects}
    margin = rulebook.margin
    closing = case.maybe("posComm", "closing_fee")
    if closing is not None:
        cost = case.maybe("posCost") or subjects[0].entry_value / subjects[0].unit_money
        fee = closing / abs(cost)
        rulebook = replace(
            rulebook, fees=replace(rulebook.fees, taker=text(Fraction(int(fee * 10**8), 10**8)))
        )
    margin = replace(margin, rate_growth="0", open_interest_lower="", tier_input=TierInput.NOTIONAL)
    return replace(rulebook, instrument_tiers=tables, margin=margin)


def _ladder(subjects: list[Subject]) -> tuple[Tier, ...]:
    """The tiers of a contract, as its positions tell them; both sides of a hedge have one table."""
    told = sorted({(subject.maintenance, subject.cum) for subject in subjects})
    rows = list(tiers(*told[0]))
    for (low, saved), (rate, cum) in pairwise(told):
        if rate == low:
            raise UnsupportedError("both sides have one rate and two maintenance amounts")
        floor = text((cum - saved) / (rate - low))
        rows.append(replace(tiers(rate)[0], floor=floor))
    return tuple(rows)


def isolated(case: Case) -> tuple[Bench, Subject]:
    """A bench with the vector's position in isolated margin, held by "ann"."""
    subject = Subject(case)
    if subject.wallet is None and subject.leverage is None:
        raise MissingInputError("neither leverage nor margin was given")
    by_lot = subject.unit_money == SATOSHI
    if subject.wallet is not None and subject.wallet <= 0:
        raise UnsupportedError(f"margin was {float(subject.wallet):.6g}, expected more than 0")
    amounts = [subject.floor, subject.added, subject.wallet or Fraction(0)]
    contract = subject.contract(by_lot=by_lot)
    rulebook = rules_for(case, subject)
    unit = SATOSHI if by_lot else None
    bench = Bench(rulebook, contract, amounts=amounts, unit=unit)
    wallet = subject.wallet or Fraction(0)
    bench.account("ann", on_unit(2 * subject.entry_value + wallet, bench.unit))
    bench.mark("X", subject.entry if subject.wallet is None else better(subject))
    bench.isolate("ann", "X")
    leverage = subject.leverage
    if subject.wallet is not None:
        fee = case.number("posComm", "closing_fee", default=0) * subject.unit_money
        leverage = Fraction(ceil(subject.entry_value / max(wallet - fee, bench.unit)) + 1)
    assert leverage is not None, "leverage or margin is given"
    bench.leverage("ann", "X", int(leverage))
    bench.trade("ann", "X", subject.signed, subject.entry)
    if subject.wallet is not None:
        bucket = bench.amount(bench.held("ann", "X").bucket)
        bench.add_margin("ann", "X", subject.wallet - bucket)
    bench.add_margin("ann", "X", subject.added)
    return bench, subject


def crossed(case: Case, subjects: list[Subject], deposit: Fraction) -> Bench:
    """A bench with positions in cross margin, held by "ann" on one deposit."""
    contracts = list({subject.symbol: subject.contract() for subject in subjects}.values())
    for one in contracts:
        sizes = [s.size for s in subjects if s.symbol == one.symbol]
        one.lot = step(one.lot, *sizes)
    rulebook = rules_for(case, *subjects)
    floors = [figure(row.floor) for rows in rulebook.instrument_tiers.values() for row in rows]
    bench = Bench(rulebook, *contracts, amounts=[deposit, *floors])
    bench.account("ann", deposit)
    if any(subject.side is not PositionSide.NET for subject in subjects):
        bench.hedge("ann")
    marked: set[str] = set()
    for subject in sorted(subjects, key=lambda s: s.size, reverse=True):
        if subject.symbol not in marked:  # of a hedge, where its larger side is safe
            bench.mark(subject.symbol, better(subject))
            marked.add(subject.symbol)
        bench.trade("ann", subject.symbol, subject.signed, subject.entry, subject.side)
    return bench


def subjects_of(case: Case) -> dict[str, Subject]:
    """Several positions by name; a long and a short in one contract are a hedge."""
    subjects: dict[str, Subject] = {}
    rows = case.rows("positions") or _two_sides(case)
    only = str(case.raw("symbol") or "X") if "hedge" in case.topic else ""
    for name, row in rows.items():
        symbol = str(row.get("symbol") or row.get("coin") or only or name)
        subjects[name] = Subject(case.within(row), symbol)
    symbols = [subject.symbol for subject in subjects.values()]
    for subject in subjects.values():
        if symbols.count(subject.symbol) > 1:
            subject.side = PositionSide.LONG if subject.sign > 0 else PositionSide.SHORT
    return subjects


def _two_sides(case: Case) -> dict[str, Mapping[str, Any]]:
    """A long and a short side by side, each an object of its own."""
    rows = {side: case.raw(side) for side in ("long", "short")}
    return {k: {"side": k, **row} for k, row in rows.items() if isinstance(row, Mapping)}


def better(subject: Subject) -> Fraction:
    """A mark at which the position is safe."""
    return subject.entry * SAFE if subject.sign > 0 else subject.entry / SAFE


# -------------------------------------------------------------------------------------- seeing


def figures(bench: Bench, subject: Subject, marks: dict[str, Fraction]) -> dict[str, Fraction]:
    """Everything the venue says about a position, by the names it goes by."""
    symbol, side = subject.symbol, subject.side
    view = bench.held("ann", symbol, marks, side)
    at_entry = bench.held("ann", symbol, {**marks, symbol: subject.entry}, side)
    account = bench.seen("ann", marks)
    known: dict[str, Any] = {
        "bankruptcy_price": bench.tick_price(subject.symbol, view.bankruptcy_price or 0),
        "unrealised_pnl": bench.amount(view.unrealised_pnl),
        "bucket": bench.amount(view.bucket),
        "equity": bench.amount(
            view.bucket + view.unrealised_pnl if view.bucket else account.equity
        ),
        "maintenance": bench.amount(view.maintenance_margin),
        "maintenance_at_entry": bench.amount(at_entry.maintenance_margin),
        "entry_value": abs(bench.amount(view.cost)),
        "notional": subject.sign * bench.amount(view.notional),
        "initial": abs(bench.amount(view.cost)) / (subject.leverage or view.leverage),
        "return_on_margin": share(view.return_on_margin)
        * (subject.leverage or view.leverage)
        / view.leverage,
    }
    if view.margin_ratio is not None:
        known["margin_ratio"] = share(view.margin_ratio)
    known["liquidation_price"] = None
    if view.liquidation_price is not None and view.liquidation_tick is not None:
        known["liquidation_price"] = (
            bench.tick_price(subject.symbol, view.liquidation_tick)
            if subject.tick
            else bench.mark_price(subject.symbol, view.liquidation_price)
        )
    in_money = {"unrealised_pnl", "bucket", "equity", "maintenance", "maintenance_at_entry"}
    in_money |= {"entry_value", "notional", "initial"}
    return {
        name: value / subject.unit_money if key in in_money and value is not None else value
        for key, value in known.items()
        for name in (key, *SYNONYMS[key])
    }


def isolated_position(case: Case) -> dict[str, Fraction]:
    """A position with its own margin."""
    bench, subject = isolated(case)
    return figures(bench, subject, {"X": subject.mark})


def cross_position(case: Case) -> dict[str, Fraction]:
    """A position that the whole account stands behind."""
    subject = Subject(case)
    equity = case.maybe(*EQUITIES)
    deposit = _all_money(case, subject) if equity is None else equity - subject.gain
    others = others_told(case, rulebook_for(case))
    beside = [] if others is None else [Subject(case.other(others.row()), "others")]
    if beside and subject.inverse:
        raise UnsupportedError("other positions of an account in coins cannot be told by amounts")
    bench = crossed(case, [subject, *beside], deposit)
    return figures(bench, subject, {one.symbol: one.mark for one in (subject, *beside)})


def crossed_at_safe_marks(case: Case) -> tuple[Bench, list[Subject]]:
    """Cross positions of an account, one or several, as they were taken."""
    subjects = list(subjects_of(case).values()) or [Subject(case)]
    return crossed(case, subjects, _all_money(case, subjects[0])), subjects


def _all_money(case: Case, subject: Subject | None = None) -> Fraction:
    """What stands behind a cross position: wallet and position margin, less what orders hold."""
    if subject is not None and subject.raw_money is not None:
        return subject.raw_money
    equity = case.maybe(*EQUITIES)
    if equity is not None and case.maybe(*WALLETS) is None and subject is not None:
        return equity - subject.gain
    found = [case.maybe(name) for name in ("position_margin", "wallet_balance", *WALLETS)]
    if case.maybe("position_margin") is not None and case.maybe("wallet_balance") is not None:
        return case.number("position_margin") + case.number("wallet_balance")
    given = [one for one in found if one is not None]
    if not given:
        raise MissingInputError("neither wallet nor equity was given, nor another name for them")
    return given[0] - case.number("order_margin", default=0)


def several_cross_positions(case: Case) -> Fraction | dict[str, Fraction]:
    """One of several positions of a cross account; the others' marks are held still."""
    named = subjects_of(case)
    if not named:
        raise MissingInputError("positions was not given, by symbol or as a list")
    subjects = list(named.values())
    bench = crossed(case, subjects, _all_money(case))
    marks = {subject.symbol: subject.mark for subject in subjects}
    wanted = "bankruptcy_price" if "bankruptcy" in case.topic else "liquidation_price"
    seen = {name: figures(bench, subject, marks) for name, subject in named.items()}
    targets = {symbol: found[wanted] for symbol, found in seen.items() if wanted in found}
    target = case.raw("target", "symbol")
    if target in seen and not isinstance(case.vector.expected, dict):
        if target not in targets:
            raise UnsupportedError(f"{target} has no {wanted} here")
        return targets[target]
    if target in seen:
        return seen[target]
    return {**next(iter(seen.values())), **targets}


def any_cross(case: Case) -> Fraction | dict[str, Fraction]:
    """One cross position, or several."""
    several = case.raw("positions") or _two_sides(case)
    return several_cross_positions(case) if several else cross_position(case)


def pnl_of_position(case: Case) -> dict[str, Fraction]:
    """What a position has gained at a mark, however much stands behind it."""
    sold = case.maybe("exit", "exit_price", "close_price")
    subject = Subject(case)
    subject.mark = subject.mark if sold is None else sold
    bench = crossed(case, [subject], on_unit(10 * subject.entry_value, Fraction(1)))
    return figures(bench, subject, {"X": subject.mark})


def valued_position(case: Case) -> dict[str, Fraction]:
    """A position by its cost, at the mark at which it has a given value; one lot is a contract."""
    size = case.number(*SIZES)
    cost = case.number("unrealisedCost", "posCost", "cost") * SATOSHI
    value = case.number("markValue", "mark_value") * SATOSHI
    entry, mark = _price_of(abs(size), cost), _price_of(abs(size), value)
    # What a long is worth is rounded against it, as is a short.
    mark += Fraction(1, 10**6) if size > 0 else 0
    rulebook = replace(
        plain_fees(rulebook_for(case), case), instrument_tiers={"X": tiers(Fraction(0))}
    )
    contract = Contract(sizes=[Fraction(1)], inverse=True, by_lot=True, tick=Fraction(1, 10**6))
    bench = Bench(rulebook, contract, unit=SATOSHI)
    bench.account("ann", on_unit(2 * abs(cost), SATOSHI))
    bench.mark("X", entry)
    bench.trade("ann", "X", size, entry)
    seen = bench.held("ann", "X", {"X": mark})
    pnl = bench.amount(seen.unrealised_pnl) / SATOSHI
    return {"unrealised_pnl": pnl, "upnl": pnl, "cost": bench.amount(abs(seen.cost)) / SATOSHI}


def _price_of(size: Fraction, value: Fraction) -> Fraction:
    """The price at which contracts are worth so many satoshis each, on a grid of a millionth."""
    exact = size / abs(value)
    return Fraction(int(exact * 10**6), 10**6)


def given_maintenance(case: Case) -> dict[str, Fraction]:
    """A leveraged position whose maintenance margin is given as an amount, at a mark."""
    subject = Subject(case)
    amount = case.number("mm", "maintenance")
    # A rate that asks for so much at the mark, on the rates' grid.
    rate = Fraction(int(amount / (subject.size * subject.mark) * 10**8) + 1, 10**8)
    leverage = case.number("leverage")
    excess = rate * subject.size * subject.mark - amount
    rows = tiers(rate, excess)
    rulebook = replace(plain_fees(rulebook_for(case), case), instrument_tiers={"X": rows})
    deposit = subject.entry_value / leverage
    bench = Bench(rulebook, subject.contract(), amounts=[deposit, excess / rate])
    bench.account("ann", deposit)
    bench.mark("X", better(subject))
    bench.trade("ann", "X", subject.signed, subject.entry)
    return figures(bench, subject, {"X": subject.mark})


def fills(case: Case) -> dict[str, Fraction]:
    """A position bought in parts, and its PnL at some marks."""
    rows = [(figure(size), figure(price)) for size, price in case.raw("fills") or ()]
    if not rows:
        raise MissingInputError("fills was not given")
    bench = _bought(case, rows)
    size = sum(size for size, _ in rows)
    found = {"avg": bench.amount(bench.held("ann", "X").cost) / size}
    marks = [case.number("mark"), *[price for _, price in rows]]
    for mark in marks:
        pnl = bench.amount(bench.held("ann", "X", {"X": mark}).unrealised_pnl)
        found[f"unreal_at_{text(mark)}"] = pnl
    return found


def disposals(case: Case) -> dict[str, Fraction]:
    """A long that is sold in parts: the PnL realised by and by."""
    size, entry = case.number("long", "size"), case.number("entry")
    sells = [(figure(size), figure(price)) for size, price in case.raw("sells") or ()]
    bench = _bought(case, [(size, entry)], also=[one for one, _ in sells])
    before = bench.seen("ann").wallet
    found = {}
    for number, (sold, price) in enumerate(sells, start=1):
        bench.mark("X", price)
        bench.trade("ann", "X", -sold, price)
        found[f"realised_{number}"] = bench.amount(bench.seen("ann").wallet - before)
    return found


def _bought(
    case: Case, rows: list[tuple[Fraction, Fraction]], also: list[Fraction] | None = None
) -> Bench:
    rulebook = replace(
        plain_fees(rulebook_for(case), case), instrument_tiers={"X": tiers(Fraction(0))}
    )
    sizes = [size for size, _ in rows] + (also or [])
    bench = Bench(rulebook, Contract(sizes=sizes))
    bench.account("ann", on_unit(sum((s * p for s, p in rows), Fraction(1)), Fraction(1)))
    for size, price in rows:
        bench.mark("X", price)
        bench.trade("ann", "X", size, price)
    return bench
