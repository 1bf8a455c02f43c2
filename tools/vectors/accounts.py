"""What accounts have and may do: haircuts, interest, margin added, orders; steps and prices."""

from fractions import Fraction
from typing import Any

from msgspec.structs import replace

from exchange.core.messages import (
    AccountMode,
    ComputeMarkPrice,
    FundingPaid,
    InterestPaid,
    LiquidationFeeCharged,
    LiquidationStepTaken,
    MarginAutoAdded,
    RecordedTrade,
    SetAccountMode,
    SetAutoMargin,
    Side,
    UpdateFundingRate,
)
from exchange.core.policies import Amount, AutoMargin, MarkMethod, TierInput
from exchange.core.rules import (
    CollateralAsset,
    CollateralTier,
    PortfolioRules,
    Rulebook,
    Tier,
)
from exchange.core.units import RATE_ONE, SECOND
from tools.vectors.amounts import GAINS, account_told
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
    tiers,
    whole,
)
from tools.vectors.cases import Case, MissingInputError, UnsupportedError
from tools.vectors.figures import figure, rounded, text
from tools.vectors.margins import LADDERS, MOST, floors_of, given_tiers
from tools.vectors.positions import (
    ENTRIES,
    EQUITIES,
    MARKS,
    NOTIONALS,
    RATES,
    SIZES,
    Subject,
    better,
    rules_for,
    side_of,
    size_of,
)
from tools.vectors.waterfall import ranking_measures

ONE = Fraction(1)
HOUR = 3600
PRICES = ("price", "index_price", *MARKS, "usd_price", "usd_index_price", "px", "idx_px")
BALANCES = (
    "balance",
    "amount",
    "wallet",
    "cash",
    "qty",
    "equity",
    "size",
    "quantity",
    "value",
    "wallet_balance",
    "eq",
    "cash_balance",
)
RATIOS = (
    "ratio",
    "collateral_ratio",
    "collateral_value_ratio",
    "collateral_rate",
    "discount",
    "discount_rate",
    "disc",
    "rate",
)


# ------------------------------------------------------------------------------ unified account


def unified_account(case: Case) -> dict[str, Fraction]:
    """Equity after haircuts, margin and ratios of a unified account with several assets.

    The rulebook says what the haircut applies to; ratios that a vector gives replace its own.
    """
    bench, marks = unified(case)
    view = bench.venue.unified_view("ann", marks)
    if view is None:
        raise UnsupportedError("the account was not unified")
    equity, worth = bench.amount(view.equity), bench.amount(view.worth)
    found = dict.fromkeys(EQUITY, equity)
    found |= {
        "worth": worth,
        "total_equity": worth,
        "haircut_loss": worth - equity,
        "maintenance_margin": bench.amount(view.maintenance_margin),
        "mm": bench.amount(view.maintenance_margin),
        "initial_margin": bench.amount(view.initial_margin),
        "im": bench.amount(view.initial_margin),
        "available_margin": bench.amount(view.available_margin),
        "available": bench.amount(view.available_margin),
        "borrowed": bench.amount(view.borrowed),
    }
    if equity > 0:
        for name in ("margin_ratio", "mmr", "account_mmr", "maintenance_margin_rate"):
            found[name] = Fraction(view.maintenance_margin, view.equity)
        for name in ("imr", "account_imr", "initial_margin_rate"):
            found[name] = Fraction(view.initial_margin, view.equity)
    if view.maintenance_margin:
        found["equity_ratio"] = Fraction(view.equity, view.maintenance_margin)
    return found


def _assets(case: Case) -> dict[str, Any]:
    """The assets of an account: several by name, or one whose figures are the inputs' own."""
    rows: dict[str, Any] = case.rows(*ASSETS)
    name = str(case.raw("asset", "coin", "currency") or "COIN")
    haircut = case.maybe(*RATIOS, "haircut") is not None or case.raw(*LADDERS) is not None
    if rows or not haircut or case.maybe(*BALANCES, *USD_BALANCES) is None:
        return rows
    inputs = {key: value for key, value in case.inputs.items() if key != "positions"}
    if case.maybe(*PRICES) is None:
        inputs["price"] = 1
    if case.maybe(*BALANCES) is None:
        inputs["balance"] = case.raw(*USD_BALANCES)
    return {name: inputs}


def has_assets(case: Case) -> bool:
    """Whether a vector gives assets, by name or as the one that it is about."""
    return bool(_assets(case))


ASSETS = ("assets", "collateral", "balances", "wallets", "coins", "details")
USD_BALANCES = ("balance_usd", "usd_balance", "balance_value", "balance_value_usd")
EQUITY = ("equity", "margin_balance", "adjusted_equity", "collateral_value")


def unified(case: Case, portfolio: PortfolioRules | None = None) -> tuple[Bench, dict[str, int]]:
    """A unified account, "ann", with a vector's assets and positions, and marks to see it at.

    `portfolio`: terms of portfolio margin other than the rulebook's.
    """
    rulebook, rows = rulebook_for(case), _assets(case)
    rules = rulebook.collateral
    if not rules.currency:
        raise UnsupportedError(f"{rulebook.title} has no unified account here")
    if not rows:
        raise MissingInputError("assets was not given, by name or as a list")
    held = {_known(asset, rulebook): case.within(_row(row)) for asset, row in rows.items()}
    balances = {asset: part.number(*BALANCES) for asset, part in held.items()}
    others = {asset: part for asset, part in held.items() if asset != rules.currency}
    if any(balances[asset] < 0 for asset in others):
        raise UnsupportedError("only the accounting currency can be owed here")
    priced = {asset: _collateral(asset, part, rulebook) for asset, part in others.items()}
    rules = replace(rules, assets={**rules.assets, **priced}, borrow_limit="", optional=True)
    parts = {name: case.within(row) for name, row in case.rows("positions").items()}
    subjects = [Subject(part, name) for name, part in parts.items()]
    told = None if subjects else account_told(case, rulebook)
    if told is not None:
        subjects.append(Subject(case.other(told.row()), "told"))
    terms = portfolio or rulebook.portfolio
    rulebook = replace(rules_for(case, *subjects), collateral=rules, portfolio=terms)
    contracts = [_spot(asset, rules.currency) for asset in others]
    contracts += [subject.contract() for subject in subjects]
    for contract in contracts:
        contract.settle = rules.currency
    bench = Bench(rulebook, *contracts, amounts=[s.floor for s in subjects])
    bench.account("ann")
    for asset, part in others.items():
        bench.mark(f"{asset} spot", part.number(*PRICES))
    for asset, balance in balances.items():
        bench.bring("ann", asset, max(balance, Fraction(0)))
    bench.do(SetAccountMode(at=bench.now(), account="ann", mode=AccountMode.UNIFIED))
    for subject in subjects:
        _enter(bench, subject)
    if balances.get(rules.currency, 0) < 0:
        _owe(bench, rules.currency, -balances[rules.currency])
    return bench, {s.symbol: bench.mark_units(s.symbol, s.mark) for s in subjects}


def _enter(bench: Bench, subject: Subject) -> None:
    """Take a position where it is safe, at its leverage if it has one."""
    symbol = subject.symbol
    bench.mark(symbol, better(subject))
    if subject.leverage:
        bench.leverage("ann", symbol, whole(subject.leverage, "leverage"))
    bench.trade("ann", symbol, subject.signed, subject.entry)


def _spot(asset: str, currency: str) -> Contract:
    return Contract(f"{asset} spot", base=asset, settle=currency, sizes=[ONE], tick=ONE / 10**6)


def _row(row: object) -> dict[str, object]:
    return dict(row) if isinstance(row, dict) else {"balance": row}


def _known(asset: str, rulebook: Rulebook) -> str:
    """Dollars are the accounting currency, whichever they are."""
    dollars = ("USD", "USDT", "USDC")
    currency = rulebook.collateral.currency
    listed = asset in rulebook.collateral.assets
    return currency if asset in dollars and currency in dollars and not listed else asset


def _collateral(asset: str, part: Case, rulebook: Rulebook) -> CollateralAsset:
    """The asset with the vector's ratio, else with the rulebook's own."""
    own = rulebook.collateral.assets.get(asset)
    ratio, haircut = part.maybe(*RATIOS), part.maybe("haircut")
    if ratio is None and haircut is not None:
        ratio = 1 - haircut
    rows = [part.within(row) for row in part.rows(*LADDERS).values()]
    levels = tuple(
        [
            CollateralTier(floor=text(floor), ratio=text(row.number(*RATIOS)))
            for floor, row in zip(floors_of(rows), rows, strict=True)
        ]
    )
    if own is None and ratio is None and not levels:
        raise MissingInputError(f"{asset} has neither a ratio here nor one in the rulebook")
    base = own or CollateralAsset()
    made = replace(base, market=f"{asset} spot")
    if levels:
        return replace(made, tiers=levels)
    return made if ratio is None else replace(made, tiers=(), ratio=text(rounded(ratio)))


def _owe(bench: Bench, currency: str, amount: Fraction) -> None:
    """Let the account lose so much more of the currency than it has."""
    bench.enlist(Contract("lost", settle=currency, sizes=[amount], tick=ONE / 4))
    bench.mark("lost", 2 * ONE)
    bench.trade("ann", "lost", amount, 2 * ONE)
    bench.mark("lost", ONE)
    bench.trade("ann", "lost", -amount, ONE)


def interest(case: Case) -> dict[str, Fraction]:
    """What a balance below zero costs in an hour or several."""
    rulebook = rulebook_for(case)
    rules = rulebook.collateral
    if not rules.currency:
        raise UnsupportedError(f"{rulebook.title} lends nothing here")
    borrowed = abs(case.number("borrowed", "liability", "borrow", "debt", "amount"))
    hourly = case.maybe("hourly_rate", "rate_hourly", "rate")
    if hourly is None:
        yearly = case.maybe("annual_rate", "apr", "apy", "yearly_rate")
        daily = yearly / 365 if yearly is not None else case.number("daily_rate")
        hourly = daily / 24
    coin = CollateralAsset(market="COIN spot", ratio="1")
    rules = replace(
        rules, interest=text(rounded(hourly)), assets={"COIN": coin}, borrow_limit="", optional=True
    )
    rulebook = replace(plain_fees(rulebook, case), collateral=rules)
    rulebook = replace(rulebook, instrument_tiers={"lost": tiers(Fraction(0))})
    spot = _spot("COIN", rules.currency)
    bench = Bench(rulebook, spot)
    bench.account("ann")
    bench.mark("COIN spot", ONE)
    bench.bring("ann", "COIN", Fraction(int(10 * borrowed) + 10))
    bench.do(SetAccountMode(at=bench.now(), account="ann", mode=AccountMode.UNIFIED))
    _owe(bench, rules.currency, borrowed)
    hours = int(case.number("hours", default=1))
    paid = only(bench.wait(hours * HOUR * SECOND), InterestPaid)
    found = bench.amount(sum(one.amount for one in paid))
    return {"interest": found, "amount": found, "hourly": bench.amount(paid[0].amount)}


# ------------------------------------------------------------------------- margin and orders


def auto_margin(case: Case) -> dict[str, Fraction]:
    """What an isolated position is given from the wallet at a mark where it has failed."""
    subject = Subject(case)
    if subject.leverage is None:
        raise MissingInputError("leverage was not given")
    rulebook = rules_for(case, subject)
    if rulebook.margin.auto_margin is AutoMargin.NONE:
        raise UnsupportedError(f"{rulebook.title} does not add margin by itself")
    free = case.number("available", "available_balance", "free", "wallet", "wallet_balance")
    bench = Bench(rulebook, subject.contract(), amounts=[free, subject.floor])
    bench.account("ann", on_unit(2 * subject.entry_value + free, bench.unit))
    bench.mark("X", subject.entry)
    bench.isolate("ann", "X")
    bench.leverage("ann", "X", whole(subject.leverage, "leverage"))
    bench.trade("ann", "X", subject.signed, subject.entry)
    bench.withdraw("ann", bench.amount(bench.seen("ann").wallet) - free)
    bench.do(SetAutoMargin(at=bench.now(), account="ann", symbol="X", on=True))
    added = only(bench.mark("X", subject.mark), MarginAutoAdded)
    total = bench.amount(sum(one.amount for one in added))
    found = {"added": total, "amount": total, "wallet": bench.amount(bench.seen("ann").wallet)}
    if bench.seen("ann").positions:
        view = bench.held("ann", "X")
        found["bucket"] = found["margin"] = bench.amount(view.bucket)
        if view.liquidation_price is not None:
            found["liquidation_price"] = bench.mark_price("X", view.liquidation_price)
    return found


def order_limit(case: Case) -> dict[str, Fraction]:
    """The largest order that an account can carry at a price."""
    money = case.number("available", "available_margin", "available_balance", *WALLETS_FREE)
    leverage, price = case.number("leverage", "lever"), case.number("price", "limit", "px", *MARKS)
    inverse = "inverse" in case.topic or "coin" in case.topic
    lot = case.number("lot", "lot_size", default=Fraction(1, 10**6) if not inverse else 1)
    rate = case.maybe("imr", "im") or Fraction(0)
    rulebook = plain_fees(rulebook_for(case), case)
    margin = replace(rulebook.margin, rate_growth="0", open_interest_lower="")
    rows = tiers(Fraction(0), initial=rounded(rate))
    rulebook = replace(rulebook, margin=margin, instrument_tiers={"X": rows})
    rulebook = replace(rulebook, liquidation=replace(rulebook.liquidation, clip=text(lot)))
    contract = Contract(sizes=[lot], tick=fine_tick(price), inverse=inverse)
    bench = Bench(rulebook, contract, amounts=[money])
    bench.account("ann", money)
    bench.mark("X", case.number(*MARKS, default=price))
    bench.leverage("ann", "X", whole(leverage, "leverage"))
    way = Side.SELL if side_of(case) < 0 else Side.BUY
    most = bench.venue.order_max("ann", "X", way, whole(price / contract.tick, "price"))
    size = bench.size("X", most)
    return {"size": size, "qty": size, "notional": size / price if inverse else size * price}


FUNDS = ("avail_eq", "available_funds", "available_equity", "free_collateral", "withdrawable")
WALLETS_FREE = (
    "wallet",
    "balance",
    "equity",
    "deposit",
    "margin",
    "capital",
    "capital_btc",
    *FUNDS,
)


def highest_leverage(case: Case) -> Fraction:
    """The highest leverage that the venue lets a position of this notional have.

    In the vector's tiers, or in the rulebook's table of the symbol.
    """
    value = case.number(*NOTIONALS, default=0) or abs(size_of(case)) * case.number(*MARKS, *ENTRIES)
    rulebook, symbol = rulebook_for(case), str(case.raw("symbol", "contract", "coin") or "")
    if case.raw(*LADDERS) is not None:
        parts = [case.within(row) for row in case.rows(*LADDERS).values()]
        found = [part.number(*MOST, "leverage", "max_lever", "initial_leverage") for part in parts]
        rows = tuple(
            [
                replace(row, leverage_max=whole(most, "leverage"))
                for row, most in zip(given_tiers(case), found, strict=True)
            ]
        )
    else:
        rows = rulebook.instrument_tiers.get(symbol, ())
    if not rows:
        raise MissingInputError("neither tiers nor a symbol with a table was given")
    rulebook = replace(plain_fees(rulebook, case), instrument_tiers={"X": rows})
    contract = Contract(sizes=[value], tick=ONE / 4)
    bench = Bench(rulebook, contract, amounts=[figure(row.floor) for row in rows])
    bench.account("ann", on_unit(4 * value, ONE))
    bench.mark("X", ONE)
    for leverage in sorted({row.leverage_max for row in rows}, reverse=True):
        try:
            bench.leverage("ann", "X", leverage)
            bench.trade("ann", "X", value, ONE)
        except UnsupportedError:
            continue
        return Fraction(leverage)
    raise UnsupportedError("the venue lets nobody have so large a position")


# ------------------------------------------------------------------------------ liquidation


def ranking(case: Case) -> dict[str, Fraction]:
    """A position's standing in the deleveraging queue: profit, leverage and their product."""
    if case.maybe(*GAINS) is not None and case.maybe(*SIZES) is None:
        return ranking_measures(case)
    if case.maybe(*PROFITS) is not None:
        case = _as_profitable(case)
    subject = Subject(case)
    equity, margin = case.maybe(*EQUITIES), subject.wallet
    if equity is not None:
        margin = equity - subject.gain
    if margin is None and subject.leverage is not None:
        margin = subject.entry_value / subject.leverage
    if margin is None:
        raise MissingInputError("neither wallet nor margin was given")
    rulebook = rules_for(case, subject)
    bench = Bench(rulebook, subject.contract(), amounts=[margin, subject.floor])
    bench.account("ann", margin)
    _enter(bench, subject)
    bench.mark("X", subject.mark)
    if not bench.seen("ann").positions:
        raise UnsupportedError("the position is liquidated at that mark")
    seen = bench.venue.queue_view("ann", "X")
    return {
        "pnl_pct": share(seen.profit),
        "profit": share(seen.profit),
        "effective_leverage": share(seen.leverage),
        "leverage": share(seen.leverage),
        "score": share(seen.score),
        "rank_score": share(seen.score),
        "leverage_pnl": share(seen.score),
    }


FILLED = ("liquidated_qty", "filled_qty", "liquidated_size", "closed", "filled", "liquidated_btc")
FILLED_AT = ("fill_price", "execution_price", "exit_price", "filled_price")
VALUES = ("notional", "position", "position_value", "liquidated_notional")
FEE_RATES = ("fee_rate", "liquidation_fee_rate", "liquidation_fee", "clearance_fee_rate", "fee")


PROFITS = ("pnl_pct", "profit", "profit_pct", "pnl_percentage", "return")


def _as_profitable(case: Case) -> Case:
    """A long bought at a price of one, with that profit, and equity to have that leverage."""
    profit = case.number(*PROFITS)
    leverage = case.number("effective_leverage", "leverage", "eff_leverage")
    mark = 1 + profit
    return case.other({"qty": 1, "entry": 1, "mark": mark, "equity": mark / leverage})


def first_step(case: Case) -> dict[str, Fraction]:
    """How much the first step of a liquidation closes in a deep book, and the fee on it.

    The account lacks a shortage of margin that is given, or hardly any.
    """
    price = case.number(*MARKS, "price", *FILLED_AT, default=1)
    size, value = case.maybe("size", "qty", "position_size", *FILLED), case.maybe(*VALUES)
    if size is None and value is None:
        raise MissingInputError("neither size nor notional was given")
    size = abs(size if size is not None else (value or ONE) / price)
    rulebook, rows = _step_rules(case)
    lot = case.number("lot", "lot_size", default=Fraction(1, 1000))
    contract = Contract(sizes=[size, lot], tick=fine_tick(price))
    floors = [figure(row.floor) for row in rows]
    probe = Bench(rulebook, contract, amounts=floors)
    _buy(probe, size, price, on_unit(size * price, ONE))
    needed = probe.amount(probe.seen("ann", {"X": price}).maintenance_margin)
    deposit = needed - case.number("shortage", "margin_shortage", default=probe.unit)
    bench = Bench(rulebook, contract, amounts=[*floors, deposit])
    _buy(bench, size, price, deposit)
    bench.show("X", {price: 10 * whole(size / contract.lot, "size")}, {})
    events = bench.mark("X", price)
    steps, fees = only(events, LiquidationStepTaken), only(events, LiquidationFeeCharged)
    if not steps:
        raise UnsupportedError("nothing was closed at that mark")
    closed = bench.size("X", steps[0].size)
    found = {"size": closed, "closed": closed, "notional": closed * price}
    found["left"] = size - closed
    found["fraction"] = closed / size
    found["fee"] = found["liquidation_fee"] = bench.amount(fees[0].fee) if fees else Fraction(0)
    return found


def _buy(bench: Bench, size: Fraction, price: Fraction, deposit: Fraction) -> None:
    """A long on a deposit, bought where the mark is far better than its entry."""
    bench.account("ann", deposit)
    bench.mark("X", 4 * price)
    bench.trade("ann", "X", size, price)


def _step_rules(case: Case) -> tuple[Rulebook, tuple[Tier, ...]]:
    """The rulebook's own liquidation, with tiers and a fee that the vector gives."""
    rulebook = rulebook_for(case)
    rate, fee = case.maybe(*RATES), case.maybe(*FEE_RATES)
    if case.maybe(*FILLED) is not None:  # all of what is told was closed
        whole_of_it = replace(rulebook.liquidation, amount=Amount.WHOLE_POSITION)
        rulebook = replace(rulebook, liquidation=whole_of_it)
    margin = rulebook.margin
    if case.raw("tiers", "brackets", "floors") is not None:
        rows = given_tiers(case)
        margin = replace(margin, rate_growth="0", tier_input=TierInput.NOTIONAL)
    elif rate is not None:
        rows = tiers(rate)
        margin = replace(margin, rate_growth="0")
    elif fee is not None and case.maybe(*FILLED) is not None:
        rows = tiers(min(2 * fee, ONE))  # enough is left that the fee is paid in full
    else:
        symbol = str(case.raw("symbol", "contract", "coin") or "")
        rows = rulebook.instrument_tiers.get(symbol, rulebook.tiers)
    rules = replace(rulebook.liquidation, takeover_whole=False)
    if fee is not None:
        rules = replace(rules, fee=text(fee))
    rows = tuple([replace(row, leverage_max=LEVERAGE_MAX) for row in rows])
    rulebook = replace(plain_fees(rulebook, case), liquidation=rules, margin=margin)
    return replace(rulebook, instrument_tiers={"X": rows}), rows


# --------------------------------------------------------------------------- mark and funding


INDEXES = (
    "index",
    "index_price",
    "spot",
    "oracle",
    "oracle_price",
    "indicative_price",
    "indicative_settle_price",
    "price_1",
)


def _until_funding(case: Case) -> Fraction:
    """Seconds until funding is next paid: told as such, in minutes or hours, or of an interval."""
    for name, each in (
        ("seconds_to_funding", 1),
        ("minutes_to_funding", 60),
        ("hours_to_funding", HOUR),
        ("time_to_funding_h", HOUR),
        ("hours_left", HOUR),
        ("time_left_fraction", 8 * HOUR),
    ):
        left = case.maybe(name)
        if left is not None:
            return left * each
    return Fraction(0)


BASES = (
    "basis",
    "avg_basis",
    "average_basis",
    "basis_ma",
    "basis_ma_30s",
    "moving_average_basis",
    "ma_30s_basis",
    "ema_basis",
    "ema_30s_of_premium",
    "basis_ema",
    "ema",
)


def mark_price(case: Case) -> dict[str, Fraction]:
    """The mark that the rulebook makes of index, quotes, last price and funding."""
    index = case.number(*INDEXES)
    second = case.maybe("price_2", "price2")
    middle = case.maybe("mid", "middle")
    bid, ask = case.maybe("bid", "best_bid"), case.maybe("ask", "best_ask")
    basis = case.maybe(*BASES)
    if basis is None and second is not None:
        basis = second - index
    if middle is None and basis is not None:
        middle = index + basis
    last = case.maybe("last", "last_price", "contract_price", "last_trade")
    rate = case.maybe("funding_rate", "last_funding_rate", "funding", "funding_basis")
    rulebook = rulebook_for(case)
    if rulebook.mark.method is MarkMethod.RECORDED:
        raise UnsupportedError(f"{rulebook.title} has its mark price told")
    prices = [p for p in (index, middle, bid, ask, last) if p is not None]
    tick = fine_tick(*prices)
    bench = Bench(plain_fees(rulebook, case), Contract(sizes=[ONE], tick=tick))
    if rate is not None:
        seconds = _until_funding(case)
        hours = case.number(
            "interval_hours", "funding_interval_hours", "funding_interval_h", "interval", default=8
        )
        bench.do(
            UpdateFundingRate(
                at=bench.now(),
                symbol="X",
                rate=int(rounded(rate) * RATE_ONE),
                next_at=bench.at + int(seconds * SECOND),
                interval=int(hours * HOUR * SECOND),
            )
        )
    if last is not None:
        bench.do(
            RecordedTrade(
                at=bench.now(),
                symbol="X",
                side=Side.BUY,
                price=whole(last / tick, "last"),
                size=1,
            )
        )
    if middle is not None:
        bid, ask = middle - tick, middle + tick
    if bid is not None and ask is not None:
        bench.show("X", {bid: 1}, {ask: 1})
    bench.index("X", index)
    bench.do(ComputeMarkPrice(at=bench.at, symbol="X"))
    units = bench.venue.mark_price("X")
    if units is None:
        raise UnsupportedError(f"{rulebook.title} made no mark price of these")
    found = bench.mark_price("X", units)
    return {"mark": found, "mark_price": found}


def _paid_rate(case: Case) -> Fraction:
    """The rate that is paid: as told, or as much of it as time has passed of its interval."""
    whole_rate = case.maybe("rate_8h", "funding_rate_8h", "eight_hour_rate")
    rate = case.number("rate", "funding_rate", "hourly_rate", default=whole_rate)
    passed = case.maybe("elapsed_minutes", "minutes")
    if passed is None:
        passed = case.number("hours", "elapsed_hours", default=0) * 60
    if not passed:
        return rate
    return rate * passed / case.number("interval_minutes", default=480)


def funding_payment(case: Case) -> dict[str, Fraction]:
    """What a position of a linear contract pays at a rate; below zero it receives."""
    subject = Subject(case)
    rate = _paid_rate(case)
    price = case.number("index", "index_price", "index_px", *MARKS, *ENTRIES, default=1)
    rulebook = plain_fees(rulebook_for(case), case)
    rulebook = replace(rulebook, instrument_tiers={"X": tiers(Fraction(0))})
    contract = Contract(sizes=[subject.size], tick=fine_tick(price), inverse=subject.inverse)
    bench = Bench(rulebook, contract)
    bench.mark("X", price)
    bench.index("X", price)
    bench.account("ann", on_unit(4 * subject.size * (1 if subject.inverse else price), ONE))
    bench.trade("ann", "X", subject.signed, price)
    units = int(rounded(rate) * RATE_ONE)
    at = bench.now() + 1
    bench.do(UpdateFundingRate(at=bench.at, symbol="X", rate=units, next_at=at, interval=SECOND))
    (paid,) = only(bench.wait(at), FundingPaid)
    amount = bench.amount(paid.amount)
    return {"payment": amount, "funding": amount, "amount": amount, "coin": amount}
