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
from exchange.core.policies import Gains, Haircut, SpotHedge
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
        hedging = self._required().hedging if self._spares_spot() else {}
        return sum(self._counts(asset, hedging.get(asset, 0)) for asset in self.money)

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
        needed = self._required().margin if self.portfolio else 0
        if not self.unified:
            return needed if self.portfolio else self.margin(self.asset)
        rate = Fraction(self.market.rulebook.collateral.borrow_maintenance)
        for asset, amount in self.money.items():
            price = self.market.price(asset)
            if not self.portfolio:
                needed += ceil(self.margin(asset) * price)
            needed += ceil(ceil(max(0, -amount) * price) * rate)
        return needed

    def _required(self) -> "Required":
        """Of a portfolio."""
        coins = {}
        if self.unified:
            coins = {asset: self.money[asset] + self._gain_counted(asset) for asset in self.money}
        return portfolio_margin(self.market, list(self.held.values()), coins)

    def _spares_spot(self) -> bool:
        """Whether coins that hedge contracts have no haircut."""
        spot = self.market.rulebook.portfolio.spot
        return self.portfolio and spot is SpotHedge.IN_FULL

    def gain(self, asset: str) -> int:
        """Unrealised PnL in an asset."""
        return sum(one.gain for one in self.held.values() if one.contract.asset == asset)

    def margin(self, asset: str) -> int:
        """Maintenance margin of the positions in an asset, each for itself."""
        return sum(one.margin for one in self.held.values() if one.contract.asset == asset)

    def _gain_counted(self, asset: str) -> int:
        losses_only = self.market.rulebook.collateral.unrealised is Gains.LOSSES
        return min(0, self.gain(asset)) if losses_only else self.gain(asset)

    def _counts(self, asset: str, hedging: int) -> int:
        """`hedging`: of so much nothing is cut."""
        market, gain = self.market, self._gain_counted(asset)
        apart = market.rulebook.collateral.haircut is Haircut.BALANCE
        amount, price = self.money[asset] + (0 if apart else gain), market.price(asset)
        whole = min(max(hedging, 0), max(amount, 0))
        counted = floor((whole + market.after_haircut(asset, amount - whole)) * price)
        return counted + (floor(gain * price) if apart else 0)

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
    hedging: int = 0
    """Coins (signed) that stand against its contracts."""


@dataclass
class Required:
    """What a portfolio needs, and the coins (signed) that are legs of it, by asset."""

    margin: int
    hedging: dict[str, int]


def portfolio_margin(
    market: Market, held: list[Held], coins: Mapping[str, int] | None = None
) -> Required:
    """What the worst moves of all underlyings cost together, and the charges besides.

    `coins`: what a unified account has of each asset, all of which is one portfolio then.
    """
    names = sorted({market.underlying(one.contract.symbol) for one in held})
    units = {name: unit(market, name, held, coins) for name in names}
    left = {name: one.direction for name, one in units.items()}
    for rule in market.rulebook.portfolio.credits:
        pair = rule.first, rule.second
        if not set(pair) <= set(names) or left[rule.first] * left[rule.second] >= 0:
            continue
        spread = min(abs(left[name]) for name in pair)
        for name in pair:
            units[name].credit += floor(spread * Fraction(rule.rate))
            left[name] += -spread if left[name] > 0 else spread
    margin = sum(max(one.gross - one.credit, one.minimum) for one in units.values())
    return Required(margin, {name: one.hedging for name, one in units.items()})


def unit(market: Market, name: str, held: list[Held], coins: Mapping[str, int] | None) -> Unit:
    """All positions on one underlying, and the coins that stand against them."""
    sizes: dict[str, int] = {}
    for one in held:
        if market.underlying(one.contract.symbol) == name:
            symbol = one.contract.symbol
            sizes[symbol] = sizes.get(symbol, 0) + one.size
    grid, contracts = market.grid(name), market.contracts
    moves = [(Fraction(move), Fraction(1)) for move in grid.moves]
    if grid.extreme_move != "0":
        moves.append((Fraction(grid.extreme_move), Fraction(grid.extreme_share)))

    def price(symbol: str, move: Fraction = Fraction(0)) -> Fraction:
        """Of the contract's money, which may be what moves."""
        asset = contracts[symbol].asset
        if not coins:
            return Fraction(1)
        moved = 1 + move if asset == name != market.currency else 1
        return market.price(asset) * moved

    values = {s: ceil(contracts[s].notional(size) * price(s)) for s, size in sizes.items()}
    long = sum(value for symbol, value in values.items() if sizes[symbol] > 0)
    short = sum(value for symbol, value in values.items() if sizes[symbol] < 0)
    hedging = against(market, name, long - short, coins or {})
    coin = market.price(name) if hedging else Fraction(0)

    def lost(move: Fraction) -> int:
        contracts_lose = sum(
            ceil(loss(contracts[s], n, move) * price(s, move)) for s, n in sizes.items()
        )
        return contracts_lose + ceil(-hedging * coin * move)

    def worst(sign: int) -> int:
        return max((ceil(share * lost(sign * move)) for move, share in moves), default=0)

    years = sum(
        Fraction(value * market.days(symbol), 365) * (1 if sizes[symbol] > 0 else -1)
        for symbol, value in values.items()
    )
    down, up = max(worst(-1), 0), max(worst(1), 0)
    gross = max(down, up) + ceil(abs(years) * Fraction(grid.basis))
    gross += ceil(min(long, short) * Fraction(grid.offset))
    gross += ceil(ceil(abs(hedging) * coin) * Fraction(grid.spot))
    minimum = ceil((long + short) * Fraction(grid.minimum))
    if grid.by_tiers:
        tiered = {
            s: ceil(contracts[s].by_tiers_at_mark(size) * price(s)) for s, size in sizes.items()
        }
        for longs in (True, False):
            minimum = max(minimum, sum(tiered[s] for s in sizes if (sizes[s] > 0) is longs))
    return Unit(gross, minimum, down - up, hedging=hedging)


def against(market: Market, name: str, exposure: int, coins: Mapping[str, int]) -> int:
    """How many coins of an underlying stand against contracts that are worth so much."""
    amount, counts = coins.get(name, 0), market.rulebook.portfolio.spot is not SpotHedge.NONE
    if not counts or name == market.currency or amount * exposure >= 0:
        return 0
    most = min(abs(amount), floor(abs(exposure) / market.price(name)))
    return most if amount > 0 else -most


def loss(contract: Contract, size: int, move: Fraction) -> int:
    """What a position loses when its price moves by a part of itself, rounded up."""
    worth, mark = contract.worth, contract.mark
    if contract.inverse:
        return ceil(size * worth * (1 / (mark * (1 + move)) - 1 / mark))
    return ceil(-size * worth * mark * move)
