"""Liquidation and what follows: steps, fees and the fund, bankruptcy and fillable prices, ADL."""

from collections.abc import Mapping
from fractions import Fraction
from math import floor
from typing import Any

from msgspec.structs import replace

from exchange import Rulebook, Tier
from exchange.core.messages import (
    HISTORY,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationFeeCharged,
    LiquidationStarted,
    LiquidationStepTaken,
    OrderFilled,
    PositionDeleveraged,
)
from exchange.core.policies import Amount, FeeCap, Limit, TierInput, Unfilled
from exchange.core.units import SECOND
from tools.vectors.amounts import GAINS, MAINTENANCES
from tools.vectors.bench import (
    LEVERAGE_MAX,
    Bench,
    Contract,
    fine_tick,
    on_unit,
    only,
    plain_fees,
    rulebook_for,
    share,
    step_of,
    tiers,
    whole,
)
from tools.vectors.cases import Case, MissingInputError, UnsupportedError
from tools.vectors.figures import FigureError, figure, rounded, step, text
from tools.vectors.positions import SIZES, Subject, better

MILLION = 1_000_000
QUANTUM = Fraction(1, 10**6)
"""dYdX's quote quantum in USDC."""
BILLIONTH = Fraction(1, 10**9)
ONE = Fraction(1)
DOUBLINGS_MAX = 60
"""How often entry prices are moved away until they suit a debt."""


# ---------------------------------------------------------------------------------- steps


def step_to_lowest_tier(case: Case) -> Fraction:
    """How many contracts the first step of a liquidation closes, coming down the tiers."""
    size, top = case.number("position_swaps", "position", "size"), case.number("tier1_max")
    rows = tuple(
        [
            Tier(floor=text(floor), maintenance=text(rate), leverage_max=LEVERAGE_MAX)
            for floor, rate in (
                (Fraction(0), Fraction(1, 100)),
                (top, Fraction(2, 100)),
                (2 * top, Fraction(3, 100)),
            )
        ]
    )
    rulebook = plain_fees(rulebook_for(case), case)
    rulebook = replace(
        rulebook,
        margin=replace(rulebook.margin, tier_input=TierInput.SIZE),
        liquidation=replace(rulebook.liquidation, amount=Amount.TO_LOWEST_TIER),
        instrument_tiers={"X": rows},
    )
    bench = Bench(rulebook, Contract(sizes=[size, top], tick=Fraction(1, 1000)))
    bench.account("ann", size * Fraction(5, 100))
    bench.mark("X", ONE)
    bench.trade("ann", "X", size, ONE)
    fallen = Fraction(951, 1000)  # a thousandth of the value is left
    bench.show("X", {fallen: 10**9}, {})
    steps = only(bench.mark("X", fallen), LiquidationStepTaken)
    return bench.size("X", steps[0].size)


def clips_in_a_second(case: Case) -> dict[str, Fraction]:
    """How much an incremental liquidation closes in one second."""
    clip, rounds = case.number("contracts_per_round"), case.number("rounds_per_s")
    each = case.number("usd_per_contract", default=1)
    rulebook = plain_fees(rulebook_for(case), case)
    rulebook = replace(
        rulebook,
        instrument_tiers={"X": tiers(Fraction(1, 10))},
        margin=replace(rulebook.margin, rate_growth="0"),
        liquidation=replace(
            rulebook.liquidation,
            amount=Amount.CLIP,
            clip=text(clip * each),
            round_seconds=text(1 / rounds),
        ),
    )
    size = 1000 * clip * rounds * each
    contract = Contract(sizes=[each], inverse=True, tick=Fraction(1, 2))
    bench = Bench(rulebook, contract)
    price = Fraction(10_000)
    bench.account("ann", size / price / 10)
    bench.mark("X", price)
    bench.trade("ann", "X", size, price)
    bench.show("X", {price: 10**12}, {})
    bench.mark("X", price - 10)
    # The first clip is the moment's own; a second has as many more as there are rounds in it.
    before = abs(bench.held("ann", "X").size)
    bench.wait(bench.at + SECOND)
    closed = bench.size("X", before - abs(bench.held("ann", "X").size))
    return {"contracts_per_s": closed / each, "usd_per_s": closed}


def closed_by_fractions(case: Case) -> list[Fraction]:
    """How much each round of a liquidation closes, a fraction of what is left; a small rest whole.

    It may be bounded by a share of the book, too, which is as deep again in the next round.
    """
    size, part = abs(case.number("position", "size")), case.number("fraction")
    whole_at = case.number("full_disposal_size", default=0)
    share_of_book, book = case.maybe("max_book_fraction"), case.maybe("book")
    pause = case.number("step_s", default=1)
    rulebook = plain_fees(rulebook_for(case), case)
    rules = replace(
        rulebook.liquidation,
        amount=Amount.FRACTION,
        fraction=text(part),
        fraction_above=text(whole_at),
        round_seconds=text(pause),
        exit_buffer="0",
        book_share=text(share_of_book or Fraction(0)),
    )
    # Nine tenths are maintenance margin: it takes all rounds, and never all of the equity.
    rate = Fraction(9, 10)
    rulebook = replace(rulebook, liquidation=rules, instrument_tiers={"X": tiers(rate)})
    bench = Bench(rulebook, Contract(sizes=[size, ONE], tick=Fraction(1, 1000)))
    bench.account("ann", size * 2)
    bench.mark("X", 20 * ONE)
    bench.trade("ann", "X", size, 3 * ONE)
    deep = book if share_of_book and book else 10 * size
    lots = whole(deep / bench.contracts["X"].lot, "book")
    bench.show("X", {ONE: lots}, {})
    closed: list[Fraction] = []
    events = bench.mark("X", ONE)
    while steps := only(events, LiquidationStepTaken):
        closed += [bench.size("X", one.filled) for one in steps]
        bench.show("X", {ONE: lots}, {})
        events = bench.wait(bench.at + int(pause * SECOND))
    return closed


def fee_in_time(case: Case) -> Fraction:
    """The liquidation fee's rate once a liquidation has lasted some slots, in parts per million.

    Nobody bids till then.  Drift's program adds a millionth for each slot of 400 milliseconds.
    """
    slots, slot = (
        case.number("slots", "slots_elapsed"),
        case.number("seconds_per_slot", default=Fraction(2, 5)),
    )
    growth = case.number("fee_per_slot_ppm", "increase_per_slot_ppm", default=1)
    rulebook = plain_fees(rulebook_for(case), case)
    rules = replace(
        rulebook.liquidation,
        amount=Amount.WHOLE_POSITION,
        unfilled=Unfilled.WAIT_THEN_ADL,
        round_seconds=text(slots * slot),
        fee=text(case.number("base_fee_ppm") / MILLION),
        fee_growth=text(growth / MILLION / slot),
        fee_grace_seconds=text(case.number("grace_slots", default=0) * slot),
        fee_max=text(case.number("max_fee_ppm") / MILLION),
    )
    table = {"X": tiers(Fraction(9, 10))}
    bench = Bench(
        replace(rulebook, liquidation=rules, instrument_tiers=table), Contract(sizes=[ONE])
    )
    bench.account("ann", Fraction(185, 100))
    bench.mark("X", 2 * ONE)
    bench.trade("ann", "X", ONE, 2 * ONE)
    bench.mark("X", ONE)
    begun = bench.at
    bench.show("X", {ONE: 1}, {})
    events = bench.wait(begun + int(slots * slot * SECOND))
    (charged,) = only(events, LiquidationFeeCharged)
    return Fraction(charged.fee * MILLION, charged.notional)


def fee_by_shortage(case: Case) -> Fraction:
    """What the insurance fund takes, in parts per million of the value at the mark.

    The liquidator's fee is how far from the mark the position is sold.
    """
    short, size = case.number("margin_shortage_usd", "shortage"), case.number("base", "size")
    price, rate = case.number("oracle", "price", "mark"), case.number("margin_ratio", "mmr")
    rulebook = plain_fees(rulebook_for(case), case)
    rules = replace(
        rulebook.liquidation,
        amount=Amount.WHOLE_POSITION,
        fee=text(case.number("max_if_fee")),
        fee_cap=FeeCap.EASED,
        fee_cap_share=text(case.number("share", default=Fraction(95, 100))),
    )
    table = {"X": tiers(rate)}
    sold = price * (1 - case.number("liq_fee", default=0))
    contract = Contract(sizes=[size, ONE], tick=fine_tick(price, sold))
    bench = Bench(replace(rulebook, liquidation=rules, instrument_tiers=table), contract)
    entry, equity = 2 * price, size * price * rate - short
    while equity + size * (entry - price) <= size * entry * rate:
        entry *= 2
    bench.account("ann", on_unit(equity + size * (entry - price), bench.unit))
    bench.mark("X", entry)
    bench.trade("ann", "X", size, entry)
    bench.show("X", {sold: whole(size / contract.lot, "size")}, {})
    charged = only(bench.mark("X", price), LiquidationFeeCharged)
    return bench.amount(sum(event.fee for event in charged)) * MILLION / (size * price)


def share_at_once(case: Case) -> Fraction:
    """How much of what makes the account safe a liquidation closes at first, of 10,000 parts."""
    short = case.number("margin_shortage_usd", "shortage")
    rulebook = plain_fees(rulebook_for(case), case)
    size = 100 * short
    sizes: list[Fraction] = []
    for seconds in ("60", "0"):
        rules = replace(
            rulebook.liquidation,
            amount=Amount.JUST_ENOUGH,
            shortage_share=text(case.number("initial_pct", default=Fraction(1, 10))),
            shortage_seconds=seconds,
            shortage_whole_below=text(case.number("whole_below", default=50)),
        )
        table = {"X": tiers(Fraction(1, 10))}
        contract = Contract(sizes=[size, Fraction(1, 10_000)])
        bench = Bench(replace(rulebook, liquidation=rules, instrument_tiers=table), contract)
        bench.account("ann", size / 10 - short + size)
        bench.mark("X", 2 * ONE)
        bench.trade("ann", "X", size, 2 * ONE)
        steps = only(bench.mark("X", ONE), LiquidationStepTaken)
        sizes.append(bench.size("X", steps[0].size))
    return sizes[0] * 10_000 / sizes[1]


def just_enough(case: Case) -> Fraction:
    """How much must be closed to cover a shortage of margin, in whole billionths.

    Margin freed is a rate of what is closed, less the fees on it.
    """
    short = case.number("margin_shortage_usd", "shortage") / case.number("quote_oracle", default=1)
    price, rate = case.number("oracle", "price", "mark"), case.number("margin_ratio", "mmr")
    fee = case.number("liq_fee", default=0) + case.number("if_fee", default=0)
    rulebook = plain_fees(rulebook_for(case), case)
    rulebook = replace(
        rulebook,
        instrument_tiers={"X": tiers(rounded(rate))},
        liquidation=replace(rulebook.liquidation, amount=Amount.JUST_ENOUGH, fee=text(fee)),
    )
    size = Fraction(int(10 * short / (price * rate)) + 10)
    bench = Bench(rulebook, Contract(sizes=[size, BILLIONTH / 1000], tick=price))
    # Bought at twice the price, so that there is a mark at which the account is safe.
    equity = size * price * rate - short
    bench.account("ann", on_unit(equity + size * price, bench.unit))
    bench.mark("X", 4 * price)
    bench.trade("ann", "X", size, 2 * price)
    steps = only(bench.mark("X", price), LiquidationStepTaken)
    return Fraction(int(bench.size("X", steps[0].size) / BILLIONTH))


# -------------------------------------------------------------- bankruptcy and fillable prices


class Subaccount:
    """An account as dYdX's tests write it: quote balance in USDC, sizes in base quantums."""

    def __init__(self, case: Case, rulebook: Rulebook, *, whole_quantums: bool = False) -> None:
        """`whole_quantums`: money is in them, as on the chain, wherever prices allow it."""
        rows = case.raw("positions")
        if not isinstance(rows, list) or not rows:
            raise MissingInputError("positions was not given as a list")
        self.sizes = [figure(row["size"]) for row in rows]
        self.prices = [_price(row) for row in rows]
        rates = [figure(row.get("mmf", row.get("mmr", 0))) for row in rows]
        self.names = [f"P{number}" for number in range(len(rows))]
        # Entries that leave the account safe at marks like them, whatever it is at the vector's.
        self.entries = [
            price * 4 if size > 0 else price / 1000
            for price, size in zip(self.prices, self.sizes, strict=True)
        ]
        paid = sum(s * e for s, e in zip(self.sizes, self.entries, strict=True)) * QUANTUM
        deposit = case.number("usdc") + paid
        for _ in range(DOUBLINGS_MAX):
            if deposit >= 0:
                break
            self.entries = [
                e * 4 if s > 0 else e / 1000 for s, e in zip(self.sizes, self.entries, strict=True)
            ]
            paid = sum(s * e for s, e in zip(self.sizes, self.entries, strict=True)) * QUANTUM
            deposit = case.number("usdc") + paid
        if deposit < 0:
            raise UnsupportedError("no entry prices leave the account safe before")
        unit = None
        if whole_quantums and all(price.denominator == 1 for price in self.prices):
            entries = [
                price * 4 if size > 0 else ONE
                for price, size in zip(self.prices, self.sizes, strict=True)
            ]
            paid = sum(s * e for s, e in zip(self.sizes, entries, strict=True)) * QUANTUM
            needed = sum(
                abs(s) * e * rate for s, e, rate in zip(self.sizes, entries, rates, strict=True)
            )
            if case.number("usdc") + paid > needed * QUANTUM:
                self.entries, unit = entries, QUANTUM
                deposit = case.number("usdc") + paid
        tables = {name: tiers(rounded(rate)) for name, rate in zip(self.names, rates, strict=True)}
        rulebook = replace(rulebook, instrument_tiers=tables)
        contracts = [
            Contract(
                name,
                sizes=[ONE],
                tick=unit or Fraction(1, 10**9 * entry.denominator) * QUANTUM,
            )
            for name, entry in zip(self.names, self.entries, strict=True)
        ]
        self.bench = Bench(rulebook, *contracts, amounts=[deposit], unit=unit)
        self.bench.account("ann", deposit)
        for name, size, entry in zip(self.names, self.sizes, self.entries, strict=True):
            self.bench.mark(name, entry * QUANTUM)
            self.bench.trade("ann", name, size, entry * QUANTUM)
        self.marks = {n: p * QUANTUM for n, p in zip(self.names, self.prices, strict=True)}


def _price(row: Mapping[str, Any]) -> Fraction:
    """In quote quantums for each base quantum."""
    for name in ("px", "price", "px_quote_quantums_per_base_quantum", "mark"):
        if name in row:
            return figure(row[name])
    raise MissingInputError("a position has no price")


def bankruptcy_value(case: Case) -> Fraction:
    """Quote quantums received (below zero: paid) for closing some of a position at bankruptcy."""
    account = Subaccount(case, plain_fees(rulebook_for(case), case), whole_quantums=True)
    name = account.names[int(case.number("close_index", "liquidate_index", default=0))]
    closed = abs(case.number("delta_quantums", "delta"))
    marks = {s: account.bench.mark_units(s, price) for s, price in account.marks.items()}
    view = account.bench.venue.closing_view("ann", name, whole(closed, "delta"), marks)
    value = account.bench.amount(view.value) / QUANTUM
    # The chain keeps whole quantums, and rounds the share of the equity down.
    return Fraction(-(-value.numerator // value.denominator))


def fillable(case: Case) -> Fraction:
    """The worst price of a liquidation order, in quote quantums for a base quantum."""
    rulebook = plain_fees(rulebook_for(case), case)
    rules = replace(
        rulebook.liquidation,
        limit=Limit.FILLABLE_PRICE,
        bankruptcy_adjustment=text(case.number("bankruptcy_adjustment", default=1)),
        spread_to_maintenance=text(case.number("spread_to_mmr", "spread_to_maintenance")),
    )
    account = Subaccount(case, replace(rulebook, liquidation=rules))
    name = account.names[int(case.number("liquidate_index", "close_index", default=0))]
    seen = account.bench.held("ann", name, account.marks)
    return account.bench.mark_price(name, seen.fillable_price) / QUANTUM


def fund_delta(case: Case) -> Fraction:
    """What the insurance fund gets of a liquidation that fills at a price; below zero, it pays."""
    size, usdc = case.number("size"), case.number("usdc")
    price = case.number("subticks") / 10**8  # quote quantums for a base quantum
    fee = case.number("max_liq_fee_ppm", "max_fee_ppm") / MILLION
    rulebook = plain_fees(rulebook_for(case), case)
    rules = replace(
        rulebook.liquidation,
        fee=text(fee),
        limit=Limit.BANKRUPTCY_PRICE,
        amount=Amount.WHOLE_POSITION,
    )
    rulebook = replace(
        rulebook,
        liquidation=rules,
        instrument_tiers={"X": tiers(Fraction(9, 10))},
        insurance_fund={"USD": text(abs(usdc) * 100 + 1)},
    )
    entry = abs(usdc) / QUANTUM / abs(size) * (4 if size > 0 else Fraction(1, 4))
    deposit = usdc + size * entry * QUANTUM
    tick = Fraction(1, 10**8 * entry.denominator) * QUANTUM
    bench = Bench(rulebook, Contract(sizes=[ONE], tick=tick), amounts=[deposit])
    bench.account("ann", deposit)
    safe = entry * (10 if size > 0 else Fraction(1, 10))
    bench.mark("X", safe * QUANTUM)
    bench.trade("ann", "X", size, entry * QUANTUM)
    lots = int(case.number("fill", default=abs(size)))
    bids, asks = ({price * QUANTUM: lots}, {}) if size > 0 else ({}, {price * QUANTUM: lots})
    bench.show("X", bids, asks)
    # The mark at which the account is bankrupt: the fill decides the rest.
    at = abs(usdc) / QUANTUM / abs(size)
    events = bench.mark("X", at * QUANTUM)
    fees = sum(event.fee for event in only(events, LiquidationFeeCharged))
    paid = sum(event.amount for event in only(events, InsuranceFundPaid))
    if not any(event.account == "ann" for event in only(events, OrderFilled)):
        raise UnsupportedError("nothing was filled at that price")
    gained = bench.amount(fees - paid) / QUANTUM
    # The chain keeps whole quantums of what a sale brings and of what a purchase costs.
    return Fraction(floor(gained) if size > 0 else int(gained))


def widest_spread(case: Case) -> dict[str, Fraction]:
    """How far from the mark an order goes, and what of it the fund bears.

    The account has `affordable` of the position's value left.
    """
    rate, left = case.number("mmf", "mmr"), case.number("affordable")
    if left >= rate:
        raise UnsupportedError("an account that has its maintenance margin left is not liquidated")
    rulebook = plain_fees(rulebook_for(case), case)
    rules = replace(
        rulebook.liquidation,
        spread_to_maintenance=text(case.number("smmr", "spread_to_maintenance")),
        bankruptcy_adjustment="1000",  # at the widest
        amount=Amount.WHOLE_POSITION,
    )
    rulebook = replace(
        rulebook,
        liquidation=rules,
        instrument_tiers={"X": tiers(rate)},
        insurance_fund={"USD": "1000"},
    )
    bench = Bench(rulebook, Contract(sizes=[ONE]), amounts=[left])
    bench.account("ann", left)
    bench.mark("X", 4 * ONE)
    bench.trade("ann", "X", ONE, ONE)
    limit = bench.mark_price("X", bench.held("ann", "X", {"X": ONE}).fillable_price)
    bench.show("X", {limit: 10}, {})
    paid = only(bench.mark("X", ONE), InsuranceFundPaid)
    return {"spread": 1 - limit, "insurance": bench.amount(sum(event.amount for event in paid))}


# ---------------------------------------------------------------------------- deleveraging


def deleveraged_at_bankruptcy(case: Case) -> dict[str, Fraction]:
    """Two accounts against each other, and a price at which one of them is bankrupt."""
    winner, loser = case.raw("A", "a"), case.raw("B", "b")
    if not isinstance(winner, dict) or not isinstance(loser, dict):
        raise MissingInputError("accounts A and B were not given")
    size = figure(loser["short"] if "short" in loser else -figure(loser["long"]))
    entry, price = figure(loser["entry"]), case.number("price")
    rulebook = plain_fees(rulebook_for(case), case)
    rulebook = replace(rulebook, instrument_tiers={"X": tiers(Fraction(1, 100))})
    rulebook = replace(rulebook, insurance_fund={})
    deposits = [figure(one["deposit"]) for one in (winner, loser)]
    bench = Bench(rulebook, Contract(sizes=[abs(size)]), amounts=deposits)
    for name, deposit in zip(("A", "B"), deposits, strict=True):
        bench.account(name, deposit)
    bench.mark("X", entry)
    bench.trade("A", "X", size, entry, other="B")
    events = bench.mark("X", price)
    (started,), (adl,) = only(events, LiquidationStarted), only(events, PositionDeleveraged)
    return {
        "B_equity": bench.amount(started.equity),
        "bankruptcy": bench.tick_price("X", adl.price),
        "A_profit": bench.amount(adl.realised_pnl),
        "B_after": bench.amount(bench.seen("B").equity),
    }


def ranking_measures(case: Case) -> dict[str, Fraction]:
    """Profit as a share of the wallet, and its product with the margin ratio."""
    pnl, wallet = case.number(*GAINS), case.number("wallet", "wallet_balance", "balance")
    needed = case.maybe(*MAINTENANCES)
    ratio = case.number("margin_ratio") if needed is None else needed / (wallet + pnl)
    rulebook = plain_fees(rulebook_for(case), case)
    rate = Fraction(1, 100)
    rulebook = replace(rulebook, instrument_tiers={"X": tiers(rate)})
    value = ratio * (wallet + pnl) / rate  # at the mark, of which maintenance is 1%
    if value <= pnl:
        raise UnsupportedError("no position of 1% maintenance margin has that ratio")
    price = 1 - pnl / value
    tick = step_of(price)
    bench = Bench(rulebook, Contract(sizes=[value], tick=tick), amounts=[wallet])
    bench.account("ann", wallet)
    bench.mark("X", 4 * ONE)
    bench.trade("ann", "X", value, price)
    bench.mark("X", ONE)
    seen = bench.venue.queue_view("ann", "X")
    return {
        "pnl_pct": share(seen.profit),
        "margin_ratio": share(seen.leverage),
        "leverage_pnl": share(seen.score),
        "score": share(seen.score),
    }


def _named(name: str) -> Fraction | str:
    """An account's number, or its name where it has one."""
    try:
        return figure(name)
    except FigureError:
        return name


def deleveraging_queue(case: Case) -> dict[str, Any]:
    """The order in which accounts are deleveraged, their lights, and who closes how much."""
    rows = {name: case.other(dict(row)) for name, row in case.rows("accounts").items()}
    if not rows:
        raise MissingInputError("accounts was not given, by name or as a list")
    sizes = {name: abs(row.number(*SIZES)) for name, row in rows.items()}
    scores = {name: row.number("score", "rank_score", "ranking") for name, row in rows.items()}
    wanted = case.maybe("liquidated_short_qty")
    lost = wanted if wanted is not None else case.number("liquidated_long_qty", "liquidated_qty")
    side = str(case.raw("liquidated_side", "side") or "").lower()
    is_short = wanted is not None or side in ("short", "sell")  # then the queue is one of longs
    sign = 1 if is_short else -1
    price = case.number("bankruptcy_price", default=100)
    rulebook = plain_fees(rulebook_for(case), case)
    rulebook = replace(
        rulebook,
        instrument_tiers={"X": tiers(Fraction(1, 10**6))},
        insurance_fund={},
        liquidation=replace(rulebook.liquidation, unfilled=Unfilled.ADL, takeover_whole=False),
    )
    # Everybody entered where the queue is looked at 1% in profit, so that scores differ by the
    # equity behind each position; a ten-thousandth further the other side is bankrupt.
    seen_at = price * (1 - sign * Fraction(1, 10**4))
    entry = seen_at / (1 + sign * Fraction(1, 100))
    grid = step(entry, price)
    bench = Bench(rulebook, Contract(sizes=[*sizes.values(), lost], tick=grid))
    bench.mark("X", entry)
    most = max(scores.values())
    for name, size in sizes.items():
        profit = size * abs(seen_at - entry)
        equity = 2 * profit * most / scores[name]
        bench.account(name, on_unit(equity - profit, bench.unit))
        bench.trade(name, "X", sign * size, entry)
    bench.account("bankrupt", on_unit(lost * abs(price - entry), bench.unit))
    bench.trade("bankrupt", "X", -sign * lost, entry)
    bench.mark("X", seen_at)
    views = {name: bench.venue.queue_view(name, "X") for name in sizes}
    victims = only(bench.mark("X", price), PositionDeleveraged)
    order = sorted(views, key=lambda name: views[name].rank)
    return {
        "order": [_named(name) for name in order],
        "percentile": [Fraction(20 * (6 - views[name].fifth)) for name in order],
        "fills": {v.account: bench.size("X", v.size) for v in victims if v.account != HISTORY},
        "price": bench.tick_price("X", victims[0].price) if victims else Fraction(0),
    }


def settled_deleveraging(case: Case) -> Fraction:
    """At what price an opposing trader is closed against a bankrupt one while the book is empty.

    By the bankruptcy price of the position and the mark at which it is liquidated.
    """
    bankrupt, mark = (
        case.number("bankruptcy_price", "bankruptcy"),
        case.number("mark", "mark_price"),
    )
    size, sign = abs(case.number(*SIZES, default=1)), 1 if mark >= bankrupt else -1
    # All that is left of the equity at the mark is maintenance margin, and a little more.
    rate = rounded(min(ONE, abs(mark - bankrupt) / mark + Fraction(1, 100)))
    rulebook = plain_fees(rulebook_for(case), case)
    rules = replace(rulebook.liquidation, unfilled=Unfilled.ADL, takeover_whole=False, backstop="0")
    rulebook = replace(
        rulebook, instrument_tiers={"X": tiers(rate)}, insurance_fund={}, liquidation=rules
    )
    grid = step(mark, bankrupt, Fraction(1, 100))
    entry = mark * (2 if sign > 0 else Fraction(1, 2))
    bench = Bench(rulebook, Contract(sizes=[size], tick=step(grid, entry)))
    bench.mark("X", entry)
    bench.account("winner", 100 * on_unit(size * entry, bench.unit))
    bench.account("ann", size * abs(entry - bankrupt))
    bench.mark("X", entry * (4 if sign > 0 else Fraction(1, 4)))
    bench.trade("ann", "X", sign * size, entry, other="winner")
    closed = only(bench.mark("X", mark), PositionDeleveraged)
    if not closed:
        raise UnsupportedError("nobody was deleveraged at that mark")
    return bench.tick_price("X", closed[0].price)


def fund_of_fill(case: Case) -> dict[str, Fraction]:
    """What the insurance fund gains of an isolated position that is closed at a price, or pays.

    Below zero it pays.  The liquidation is at the position's own liquidation price; the book has
    the fill's price and no other.
    """
    filled = case.number(
        "fill_price", "exit_price", "execution_price", "close_price", "fill", "exit"
    )
    fee = case.number("fee_rate", "liquidation_fee_rate", "liquidation_fee", default=0)
    subject = Subject(case)
    if subject.leverage is None and subject.wallet is None:
        raise MissingInputError("neither leverage nor margin was given")
    margin = subject.wallet or subject.entry_value / (subject.leverage or ONE)
    rate = subject.maintenance or Fraction(1, 200)
    rulebook = plain_fees(rulebook_for(case), case)
    rules = replace(
        rulebook.liquidation,
        fee=text(fee),
        amount=Amount.WHOLE_POSITION,
        takeover_whole=False,
        backstop="0",
    )
    fund = case.number("fund", "insurance_fund", "fund_balance", default=1000 * margin)
    rulebook = replace(
        rulebook,
        instrument_tiers={"X": tiers(rate)},
        insurance_fund={"USD": text(on_unit(fund, ONE))},
        liquidation=rules,
    )
    grid = step(subject.entry, filled, Fraction(1, 100))
    contract = Contract(sizes=[subject.size], tick=grid, inverse=subject.inverse)
    bench = Bench(rulebook, contract, amounts=[margin])
    bench.account("ann", margin)
    bench.mark("X", better(subject))
    bench.leverage("ann", "X", LEVERAGE_MAX)
    bench.trade("ann", "X", subject.signed, subject.entry)
    at = bench.held("ann", "X").liquidation_price
    if at is None:
        raise UnsupportedError("the position is never liquidated")
    lots = whole(subject.size / contract.lot, "size")
    bids, asks = ({filled: lots}, {}) if subject.sign > 0 else ({}, {filled: lots})
    bench.show("X", bids, asks)
    events = bench.mark("X", bench.mark_price("X", at - subject.sign))
    fees = sum(event.fee for event in only(events, LiquidationFeeCharged))
    kept = sum(event.amount for event in only(events, LeftoverTaken))
    paid = sum(event.amount for event in only(events, InsuranceFundPaid))
    if not any(event.account == "ann" for event in only(events, OrderFilled)):
        raise UnsupportedError("nothing was filled at that price")
    return {
        "fund_delta": bench.amount(fees + kept - paid),
        "fee": bench.amount(fees),
        "leftover": bench.amount(kept),
        "paid": bench.amount(paid),
        "trader": bench.amount(bench.seen("ann").wallet),
    }
