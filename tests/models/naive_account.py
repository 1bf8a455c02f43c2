"""What stands behind positions, from the rulebook's text: one asset, a portfolio, or all assets.

In whole units, rounded against the account where the documents say so: what it has down, what it
needs or owes up.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from exchange import Rulebook
from exchange.core.messages import PositionSide
from exchange.core.policies import Gains, Haircut
from exchange.core.rules import CollateralAsset, ContractKind, GridRules, InstrumentRules
from tests.models.naive_contract import Contract

DAY = 24 * 3600
Side = tuple[str, PositionSide]
"""A symbol and a side."""


@dataclass
class Held:
    """A position, as far as its account's margin goes by it."""

    contract: Contract
    size: int
    gain: int
    margin: int
    """Alone, in its settlement asset."""


@dataclass
class Standing:
    """Positions that fail together, and the money behind them."""

    market: "Market"
    asset: str
    """The accounting currency."""
    money: dict[str, int]
    """By asset; more than one only of a unified account."""
    held: dict[Side, Held]
    unified: bool = False
    portfolio: bool = False

    def is_open(self) -> bool:
        """Whether there is anything that may have to be closed or repaid."""
        return bool(self.held) or any(amount < 0 for amount in self.money.values())

    def equity(self) -> int:
        """What it counts, after haircuts."""
        if not self.unified:
            return self.money[self.asset] + self.gain(self.asset)
        return sum(self._counts(asset) for asset in self.money)

    def collateral(self) -> int:
        """The same of balances alone."""
        if not self.unified:
            return self.money[self.asset]
        return sum(
            floor(self.market.after_haircut(asset, amount) * self.market.price(asset))
            for asset, amount in self.money.items()
        )

    def maintenance(self) -> int:
        """What positions and debts need."""
        if self.portfolio:
            return portfolio_margin(self.market, list(self.held.values()))
        if not self.unified:
            return self.margin(self.asset)
        needed, rate = 0, Fraction(self.market.rulebook.collateral.borrow_maintenance)
        for asset, amount in self.money.items():
            price = self.market.price(asset)
            needed += ceil(self.margin(asset) * price)
            needed += ceil(ceil(max(0, -amount) * price) * rate)
        return needed

    def gain(self, asset: str) -> int:
        """Unrealised PnL in an asset."""
        return sum(one.gain for one in self.held.values() if one.contract.asset == asset)

    def margin(self, asset: str) -> int:
        """Maintenance margin of the positions in an asset, each for itself."""
        return sum(one.margin for one in self.held.values() if one.contract.asset == asset)

    def _counts(self, asset: str) -> int:
        market, rules = self.market, self.market.rulebook.collateral
        amount, gain, price = self.money[asset], self.gain(asset), market.price(asset)
        if rules.unrealised is Gains.LOSSES:
            gain = min(0, gain)
        if rules.haircut is Haircut.BALANCE:
            return floor(market.after_haircut(asset, amount) * price) + floor(gain * price)
        return floor(market.after_haircut(asset, amount + gain) * price)

    def into(self, asset: str, amount: int) -> int:
        """An amount of its own money in an asset, rounded down."""
        return floor(amount / self.market.price(asset)) if self.unified else amount

    def out_of(self, asset: str, amount: int) -> int:
        """An amount of an asset in its own money, rounded down."""
        return floor(amount * self.market.price(asset)) if self.unified else amount

    def backing(self, asset: str) -> int:
        """What it can lose in an asset, all else exchanged for that, fees included."""
        if not self.unified:
            return self.equity()
        market, total = self.market, 0
        for other, balance in self.money.items():
            amount = balance + self.gain(other)
            ratio = market.price(other) / market.price(asset)
            if other == asset:
                total += amount
            elif amount > 0:
                total += floor(amount * ratio * (1 - market.fee(other, asset)))
            else:
                total -= ceil(-amount * ratio / (1 - market.fee(asset, other)))
        return total


class Market:
    """Contracts, their texts, and what assets are worth."""

    def __init__(self, rulebook: Rulebook, contracts: Mapping[str, Contract]) -> None:
        self.rulebook, self.contracts = rulebook, contracts
        self.texts: dict[str, InstrumentRules] = {}
        self.units: dict[str, Fraction] = {}

    def list(self, rules: InstrumentRules) -> None:
        """A contract is listed; its asset's unit is known."""
        self.texts[rules.symbol] = rules
        self.units[rules.settle] = Fraction(rules.money_unit)

    @property
    def currency(self) -> str:
        """That of unified accounts."""
        return self.rulebook.collateral.currency

    def assets(self) -> set[str]:
        """Those that stand together in a unified account."""
        return {self.currency, *self.rulebook.collateral.assets}

    def price(self, asset: str) -> Fraction:
        """Of a unit, in units of the accounting currency."""
        if asset == self.currency:
            return Fraction(1)
        symbol = self.rulebook.collateral.assets[asset].market
        mark = self.contracts[symbol].mark * Fraction(self.texts[symbol].tick_size)
        return mark * self.units[asset] / self.units[self.currency]

    def fee(self, sold: str, bought: str) -> Fraction:
        """For exchanging: that of what is sold, or of what is bought with the currency."""
        rules, other = self.rulebook.collateral, bought if sold == self.currency else sold
        return Fraction(rules.assets[other].conversion_fee or rules.conversion_fee)

    def limit(self, asset: str) -> int | None:
        """How far a balance may be below zero."""
        rules = self.rulebook.collateral
        own: CollateralAsset = rules.assets.get(asset) or CollateralAsset(
            borrow_limit=rules.borrow_limit
        )
        return floor(Fraction(own.borrow_limit) / self.units[asset]) if own.borrow_limit else None

    def after_haircut(self, asset: str, amount: int) -> Fraction:
        """Each part of an amount by its tier; what is owed, in full."""
        if amount <= 0 or asset == self.currency:
            return Fraction(amount)
        own = self.rulebook.collateral.assets[asset]
        tiers = [(Fraction(0), Fraction(own.ratio))]
        if own.tiers:
            unit = self.units[asset]
            tiers = [(Fraction(t.floor) / unit, Fraction(t.ratio)) for t in own.tiers]
        tops = [start for start, _ in tiers[1:]] + [Fraction(amount)]
        return sum(
            (
                max(Fraction(0), min(amount, top) - start) * ratio
                for (start, ratio), top in zip(tiers, tops, strict=True)
            ),
            Fraction(0),
        )

    def underlying(self, symbol: str) -> str:
        """What a contract of the crisis is on."""
        rules = self.texts[symbol]
        if rules.underlying:
            return rules.underlying
        if rules.kind is ContractKind.INVERSE:
            return rules.settle
        return symbol.split("-", maxsplit=1)[0].removesuffix(rules.settle)

    def days(self, symbol: str) -> int:
        """To expiry, on the first day of all."""
        months = {"": 0, "1970-07-01T00:00:00": 181}
        return months[self.texts[symbol].expiry]

    def grid(self, underlying: str) -> GridRules:
        """What portfolio margin expects of it."""
        rules = self.rulebook.portfolio
        found = rules.underlyings.get(underlying, rules.grid)
        assert found is not None
        return found


# -------------------------------------------------------------------------- portfolio margin


@dataclass
class Unit:
    """What a risk unit comes to."""

    gross: int
    minimum: int
    direction: int
    """The loss of a fall beyond that of a rise, or (below zero) the other way round."""
    credit: int = 0


def portfolio_margin(market: Market, held: list[Held]) -> int:
    """What the worst moves of all underlyings cost together, and the charges besides."""
    names = sorted({market.underlying(one.contract.symbol) for one in held})
    units = {name: unit(market, name, held) for name in names}
    left = {name: one.direction for name, one in units.items()}
    for rule in market.rulebook.portfolio.credits:
        pair = rule.first, rule.second
        if not set(pair) <= set(names) or left[rule.first] * left[rule.second] >= 0:
            continue
        spread = min(abs(left[name]) for name in pair)
        for name in pair:
            units[name].credit += floor(spread * Fraction(rule.rate))
            left[name] += -spread if left[name] > 0 else spread
    return sum(max(one.gross - one.credit, one.minimum) for one in units.values())


def unit(market: Market, name: str, held: list[Held]) -> Unit:
    """All positions on one underlying."""
    sizes: dict[str, int] = {}
    for one in held:
        if market.underlying(one.contract.symbol) == name:
            symbol = one.contract.symbol
            sizes[symbol] = sizes.get(symbol, 0) + one.size
    grid, contracts = market.grid(name), market.contracts
    moves = [(Fraction(move), Fraction(1)) for move in grid.moves]
    if grid.extreme_move != "0":
        moves.append((Fraction(grid.extreme_move), Fraction(grid.extreme_share)))

    def worst(sign: int) -> int:
        return max(
            ceil(share * sum(loss(contracts[s], n, sign * move) for s, n in sizes.items()))
            for move, share in moves
        )

    values = {symbol: contracts[symbol].notional(size) for symbol, size in sizes.items()}
    long = sum(value for symbol, value in values.items() if sizes[symbol] > 0)
    short = sum(value for symbol, value in values.items() if sizes[symbol] < 0)
    years = sum(
        Fraction(value * market.days(symbol), 365) * (1 if sizes[symbol] > 0 else -1)
        for symbol, value in values.items()
    )
    down, up = max(worst(-1), 0), max(worst(1), 0)
    basis = ceil(abs(years) * Fraction(grid.basis))
    offset = ceil(min(long, short) * Fraction(grid.offset))
    minimum = ceil((long + short) * Fraction(grid.minimum))
    return Unit(max(down, up) + basis + offset, minimum, down - up)


def loss(contract: Contract, size: int, move: Fraction) -> int:
    """What a position loses when its price moves by a part of itself, rounded up."""
    worth, mark = contract.worth, contract.mark
    if contract.inverse:
        return ceil(size * worth * (1 / (mark * (1 + move)) - 1 / mark))
    return ceil(-size * worth * mark * move)
