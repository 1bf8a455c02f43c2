"""Portfolio margin: charges, contingencies, and how they are combined."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from msgspec.structs import replace

from exchange.core.messages import MarginMode, PortfolioUnit, SetMarginMode
from exchange.core.rules import GridRules, OptionRight, PortfolioRules, Rulebook
from tools.vectors.accounts import has_assets, unified
from tools.vectors.bench import (
    Bench,
    Contract,
    OptionContract,
    fine_tick,
    on_unit,
    plain_fees,
    rulebook_for,
    share,
)
from tools.vectors.cases import Case, MissingInputError, UnsupportedError
from tools.vectors.figures import figure, rounded, step, text
from tools.vectors.positions import ENTRIES, MARKS, side_of, size_of

CHARGES = ("MR1", "MR2", "MR3", "MR4", "MR5", "MR6", "MR7")
NO_OPTIONS = "is a charge on options that no rulebook here has"
STRIKE = Fraction(10_000)
COIN_UNIT = Fraction(1, 10**8)
YEAR = "1971-01-01T00:00:00"
"""A year after the bench's clock begins: as long as a basis charge counts."""
ROOM = 10
"""How much more a position is worth than what it is charged, at least."""


def combined(case: Case) -> dict[str, Fraction]:
    """What risk units with these charges require: a dated future for each, on a grid to match."""
    parts = case.raw("units", "risk_units")
    if isinstance(parts, dict):
        parts = list(parts.values())
    units = [_charges(case.within(part)) for part in parts] if parts else [_charges(case)]
    value = Fraction(1)
    while value < ROOM * max(sum(unit.values()) for unit in units):
        value *= 10
    grids = {f"U{number}": _grid(unit, value) for number, unit in enumerate(units)}
    rulebook = rulebook_for(case)
    if rulebook.portfolio.grid is None:
        raise UnsupportedError(f"{rulebook.title} has no portfolio margin here")
    rules = replace(rulebook.portfolio, grid=GridRules(), underlyings=grids, credits=())
    contracts = [Contract(name, sizes=[value], expiry=YEAR, underlying=name) for name in grids]
    bench = Bench(with_portfolio(rulebook, case, rules), *contracts, amounts=[value])
    _go_over(bench, 10 * value * len(units))
    for name in grids:
        bench.trade("ann", name, value, Fraction(1))
    seen = bench.seen("ann")
    found = bench.amount(seen.maintenance_margin)
    return {"mmr": found, "maintenance": found, "imr": bench.amount(seen.initial_margin)}


def charged(case: Case) -> dict[str, Fraction]:
    """What portfolio margin requires: of charges that are told, or of positions on a grid."""
    if has_assets(case):
        return with_spot(case)
    return (of_positions if case.rows("positions") else combined)(case)


def of_positions(case: Case) -> dict[str, Fraction]:
    """What positions require at their marks, on the rulebook's grid or with a vector's moves."""
    rulebook = rulebook_for(case)
    rules = rulebook.portfolio
    if rules.grid is None:
        raise UnsupportedError(f"{rulebook.title} has no portfolio margin here")
    moves = _moves(case)
    if moves:
        grid = GridRules(moves=tuple([text(move) for move in moves]))
        rules = replace(rules, grid=grid, underlyings={}, credits=())
    parts = {name: case.within(row) for name, row in case.rows("positions").items()}
    marks = {
        name: part.number(*MARKS, "index", *ENTRIES, default=1) for name, part in parts.items()
    }
    contracts = [
        Contract(
            name,
            sizes=[abs(size_of(part))],
            tick=fine_tick(marks[name]),
            underlying=str(part.raw("underlying", "base") or "U"),
            expiry=YEAR if part.raw("expiry", "maturity") is not None else "",
        )
        for name, part in parts.items()
    ]
    bench = Bench(with_portfolio(rulebook, case, rules), *contracts)
    worth = sum((abs(size_of(part)) * marks[name] for name, part in parts.items()), Fraction(1))
    _go_over(bench, on_unit(10 * worth, Fraction(1)), marks)
    for name, part in parts.items():
        size = size_of(part)
        bench.trade("ann", name, side_of(part, size) * abs(size), marks[name])
    seen = bench.seen("ann")
    found = bench.amount(seen.maintenance_margin)
    return {"mmr": found, "maintenance": found, "imr": bench.amount(seen.initial_margin)}


def _moves(case: Case) -> list[Fraction]:
    """How far prices move in the scenarios that a vector gives, either way."""
    told = case.raw("moves", "shocks", "spot_shocks", "price_moves")
    moves = {abs(figure(one)) for one in told} if isinstance(told, list) else set()
    most = case.maybe("price_range", "scan_range")
    return sorted((moves | (set() if most is None else {most})) - {Fraction(0)})


def _charges(case: Case) -> dict[str, Fraction]:
    """A unit's charges by name: those of options, too, which are only put together here."""
    whole = case.maybe("mmr", "maintenance_margin")
    if whole is not None:  # what the charges come to is told
        return {**dict.fromkeys(CHARGES, Fraction(0)), "MR7": whole}
    if all(case.maybe(name) is None for name in CHARGES):
        raise MissingInputError(f"none of {', '.join(CHARGES)} was given")
    if case.number("MR8", default=0):
        raise UnsupportedError(f"MR8 {NO_OPTIONS}")
    return {name: case.number(name, default=0) for name in CHARGES}


def _grid(charges: dict[str, Fraction], value: Fraction) -> GridRules:
    """A grid that charges a position of this value so much."""
    rates = {name: rounded(charge / value) for name, charge in charges.items()}
    return GridRules(
        moves=tuple([text(rate) for rate in sorted({rates["MR1"], rates["MR2"]})]),
        extreme_move=text(rates["MR6"]),
        basis=text(rates["MR3"] + rates["MR4"] + rates["MR5"]),
        minimum=text(rates["MR7"]),
    )


def with_spot(case: Case) -> dict[str, Fraction]:
    """What a unified account in portfolio margin requires, with coins that stand against contracts.

    Grids are the rulebook's own, but for charges that the vector gives.
    """
    rules = rulebook_for(case).portfolio
    if not rules.unified or rules.grid is None:
        raise UnsupportedError(f"{case.venue} has no portfolio margin of unified accounts here")
    given = {name: case.maybe(name, *others) for name, others in GRID_RATES.items()}
    charges: dict[str, object] = {
        name: text(rounded(rate)) for name, rate in given.items() if rate is not None
    }
    moves = case.raw("moves")
    if isinstance(moves, list):
        charges["moves"] = tuple(text(rounded(figure(move))) for move in moves)
    grids = {name: replace(grid, **charges) for name, grid in rules.underlyings.items()}
    rules = replace(rules, grid=replace(rules.grid, **charges), underlyings=grids)
    bench, marks = unified(case, replace(rules, minimum_equity={}, with_positions=True))
    symbol = next((s for s, one in bench.contracts.items() if not one.base), "")
    if not symbol:
        raise MissingInputError("positions was not given, by name or as a list")
    mode = MarginMode.PORTFOLIO
    bench.do(SetMarginMode(at=bench.now(), account="ann", symbol=symbol, mode=mode))
    return _of_unified(bench, marks)


GRID_RATES = {
    "spot": ("spot_rate", "spot_charge"),
    "basis": ("basis_rate",),
    "offset": ("offset_rate",),
    "minimum": ("minimum_rate",),
}
"""Charges of a grid, and what else vectors call them."""


def _of_unified(bench: Bench, marks: dict[str, int]) -> dict[str, Fraction]:
    view = bench.venue.unified_view("ann", marks)
    if view is None:
        raise UnsupportedError("the account was not unified")
    units = bench.venue.portfolio_view("ann", view.currency, marks)
    parted = sum(unit.basis + unit.offset + unit.spot_charge for unit in units)
    mmr, in_use = bench.amount(view.maintenance_margin), Fraction(0)
    for unit in units:
        for leg in unit.spot:
            in_use += leg.amount * bench.asset_unit(leg.asset)
    return {
        "mmr": mmr,
        "maintenance": mmr,
        "imr": bench.amount(view.initial_margin),
        "equity": bench.amount(view.equity),
        "spot_in_use": in_use,
        "MR1": bench.amount(sum(unit.scan for unit in units)),
        "MR4": bench.amount(parted),
        "MR7": bench.amount(sum(unit.minimum for unit in units)),
    }


def volatility_shock(case: Case) -> Fraction:
    """How far implied volatility moves against a call that is sold, so many days before expiry."""
    days = case.number("days", "days_to_expiry", "dte")
    base, power = case.number("base", "volatility_base"), case.number("power", "volatility_power")
    told = {"volatility_base": text(rounded(base)), "volatility_power": text(rounded(power))}
    unit = _with_options(case, days, {}, told, {OptionRight.CALL: -Fraction(1)})
    return share(unit.contracts[0].volatility_shock)


def option_contingency(case: Case) -> dict[str, Fraction]:
    """The charge on options by their number, half of them bought calls and half sold puts."""
    half = case.number("options_btc", "options") / 2
    told = {
        "contingency": text(rounded(case.number("rate", "contingency"))),
        "volatility_base": "0",
    }
    held = {OptionRight.CALL: half, OptionRight.PUT: -half}
    unit = _with_options(case, Fraction(30), {"moves": ()}, told, held)
    return {"charge": unit.options * COIN_UNIT, "maintenance": unit.margin * COIN_UNIT}


def _with_options(
    case: Case,
    days: Fraction,
    grid: dict[str, object],
    options: dict[str, str],
    held: dict[OptionRight, Fraction],
) -> PortfolioUnit:
    """What holding so much of options at the money, paid in coin, is charged."""
    rulebook = rulebook_for(case)
    rules = rulebook.portfolio.grid
    if rules is None or rules.options is None:
        raise UnsupportedError(f"{rulebook.title} lists no options here")
    if days.denominator != 1 or days < 1:
        raise UnsupportedError(f"days were {float(days)}, expected whole ones, from 1 on")
    changed = replace(rules, options=replace(rules.options, **options), **grid)
    on = Contract("X", inverse=True, settle="BTC", tick=Fraction(1, 100), sizes=[Fraction(10)])
    contracts: list[Contract] = [on]
    for right, size in held.items():
        option = OptionContract(right, on, STRIKE, right)
        option.lot = step(abs(size))
        option.expiry = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(days))).isoformat()
        contracts.append(option)
    portfolio = replace(rulebook.portfolio, grid=changed, underlyings={}, minimum_equity={})
    bench = Bench(with_portfolio(rulebook, case, portfolio), *contracts, unit=COIN_UNIT)
    most = 10 * sum((abs(size) for size in held.values()), Fraction(0))
    bench.account("ann", on_unit(most, COIN_UNIT), asset="BTC")
    bench.mark("X", STRIKE)
    mode = MarginMode.PORTFOLIO
    bench.do(SetMarginMode(at=bench.now(), account="ann", symbol="X", mode=mode))
    for right, size in held.items():
        bench.trade("ann", right, size, Fraction(1, 20))
    (unit,) = bench.venue.portfolio_view("ann", "BTC")
    return unit


def futures_contingency(case: Case) -> dict[str, Fraction]:
    """The charge on futures that offset each other: a perpetual contract and a dated one."""
    long, short = case.number("long_btc", "long"), case.number("short_btc", "short")
    grid = GridRules(offset=text(rounded(case.number("rate", "contingency"))))
    rules = PortfolioRules(grid=grid)
    contracts = [
        Contract("X", sizes=[long, short], underlying="BTC"),
        Contract("Y", sizes=[long, short], underlying="BTC", expiry=YEAR),
    ]
    bench = Bench(with_portfolio(rulebook_for(case), case, rules), *contracts)
    _go_over(bench, 10 * (long + abs(short)))
    bench.trade("ann", "X", long, Fraction(1))
    bench.trade("ann", "Y", -abs(short), Fraction(1))
    return {"charge": bench.amount(bench.seen("ann").maintenance_margin)}


def with_portfolio(rulebook: Rulebook, case: Case, rules: PortfolioRules) -> Rulebook:
    """The rulebook with other terms of portfolio margin."""
    return replace(plain_fees(rulebook, case), portfolio=rules)


def _go_over(bench: Bench, deposit: Fraction, marks: dict[str, Fraction] | None = None) -> None:
    """Ann has money, marks are at 1 or as told, and her account is in portfolio margin."""
    bench.account("ann", deposit)
    for symbol in bench.contracts:
        bench.mark(symbol, (marks or {}).get(symbol, Fraction(1)))
    mode, symbol = MarginMode.PORTFOLIO, next(iter(bench.contracts))
    bench.do(SetMarginMode(at=bench.now(), account="ann", symbol=symbol, mode=mode))
