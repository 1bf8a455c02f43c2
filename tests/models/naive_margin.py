"""Margin and liquidation written from the documents, slow and plain, in exact fractions.

It is the oracle of who is liquidated, which position goes first, how much of it, at what price and
against whom.  Nothing of the venue's arithmetic or waterfall is used or copied: prices are searched
for, sizes tried one by one, tiers added up piece by piece.  Clients have no orders here: the book
is what history shows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from exchange.core.rules import Amount, Select

NO_PRICE = 10**18


@dataclass
class Contract:
    """What a lot is worth: a money amount for each tick, or (inverse) that over the price."""

    symbol: str
    asset: str
    worth: int
    tiers: list[tuple[int, Fraction]]
    """(notional at which it begins, maintenance rate), the lowest first."""
    inverse: bool = False
    mark: Fraction = Fraction(0)
    """In ticks."""
    bids: dict[int, int] = field(default_factory=dict)
    asks: dict[int, int] = field(default_factory=dict)

    def cash(self, lots: int, price: int) -> int:
        """What taking `lots` (signed) at a price costs; less than nothing is received."""
        if self.inverse:
            coins = floor(Fraction(abs(lots) * self.worth, price))
            return -coins if lots > 0 else coins
        return lots * self.worth * price

    def margin(self, lots: int) -> int:
        """Maintenance margin: each rate on its own part of the notional, rounded up in the end."""
        total, notional = Fraction(0), self.notional(lots)
        tops = [start for start, _ in self.tiers[1:]] + [notional]
        for (start, rate), top in zip(self.tiers, tops, strict=True):
            total += rate * max(0, min(notional, top) - start)
        return ceil(total)

    def tier(self, lots: int) -> int:
        """Its number; what just fills a tier is still in it."""
        notional = self.notional(lots)
        return max(n for n, (start, _) in enumerate(self.tiers) if n == 0 or notional > start)

    def notional(self, lots: int) -> int:
        """The absolute value at the mark, rounded up."""
        return ceil(abs(self.value(lots)))

    def value(self, lots: int) -> Fraction:
        """What `lots` (signed) are worth at the mark, unrounded."""
        return -lots * self.worth / self.mark if self.inverse else lots * self.worth * self.mark


@dataclass
class Held:
    """A position, and the money behind it if it is isolated."""

    name: str
    contract: Contract
    side: str
    rank: int
    """Tells positions of equal standing apart: by admission, then net, long, short."""
    size: int = 0
    cost: int = 0
    isolated: bool = False
    bucket: int = 0
    leverage: int = 10
    failing: bool = False

    def gain(self) -> int:
        """Unrealised PnL, rounded down."""
        return floor(self.contract.value(self.size)) - self.cost


@dataclass
class Scope:
    """What fails together: the cross positions of a name in an asset, or one isolated position."""

    name: str
    asset: str
    alone: Held | None


Told = tuple[object, ...]


class NaiveMargin:
    """All accounts of a venue, their positions and the insurance fund."""

    def __init__(
        self,
        select: Select,
        amount: Amount,
        fee: Fraction,
        funds: dict[str, int],
    ) -> None:
        self.select, self.amount, self.fee = select, amount, fee
        self.funds = funds
        self.uncovered: dict[str, int] = dict.fromkeys(funds, 0)
        self.names: list[str] = []
        self.wallets: dict[tuple[str, str], int] = {}
        self.positions: list[Held] = []
        self.told: list[Told] = []
        self.waiting: list[tuple[str, str]] = []
        """Whose money or positions changed and who must be looked at, by name and asset."""

    # --------------------------------------------------------------------- what is asked

    def trade(self, held: Held, lots: int, price: int) -> int:
        """Settle a trade without a fee; returns what it realises."""
        before, closed = abs(held.size), 0
        if held.size * lots < 0:
            closed = min(abs(held.size), abs(lots))
        cash = held.contract.cash(lots, price)
        closing = floor(Fraction(cash * closed, abs(lots)))
        leaving = ceil(Fraction(held.cost * closed, before)) if closed else 0
        realised = -closing - leaving
        held.size += lots
        held.cost += cash - closing - leaving
        opened = floor(Fraction(abs(cash) * (abs(lots) - closed), abs(lots)))
        self._settle(held, closed, before, realised, opened)
        self._touch(held.name, held.contract.asset)
        return realised

    def _settle(self, held: Held, closed: int, before: int, realised: int, opened: int) -> None:
        key = held.name, held.contract.asset
        if not held.isolated:
            self.wallets[key] += realised
            return
        share = floor(Fraction(held.bucket * closed, before)) + realised if closed else 0
        held.bucket += realised
        if closed and not held.failing:
            back = held.bucket if closed == before else min(share, held.bucket)
            self._pour(held, -max(back, 0))
        if opened:
            cross = Scope(*key, None)
            spare = max(0, self.equity(cross) - self.maintenance(cross))
            self._pour(held, min(ceil(Fraction(opened, held.leverage)), spare))

    def _pour(self, held: Held, amount: int) -> None:
        """From the wallet into the bucket, or back."""
        held.bucket += amount
        self.wallets[held.name, held.contract.asset] -= amount

    def move_mark(self, contract: Contract, mark: Fraction) -> list[Told]:
        """A new mark, and everything that follows from it."""
        contract.mark = mark
        self.told = []
        failed = [
            (self._ratio(name, contract.asset), number, name)
            for number, name in enumerate(self.names)
            if self._ratio(name, contract.asset) < 1
        ]
        self.waiting = [(name, contract.asset) for _, _, name in sorted(failed)]
        return self.settle()

    def settle(self) -> list[Told]:
        """Look at those who wait, and at those that this touches, until all are safe."""
        while self.waiting:
            self._look_at(*self.waiting.pop(0))
        return self.told

    # ------------------------------------------------------------------- what is measured

    def of(self, scope: Scope) -> list[Held]:
        """The open positions that stand or fall together, in order of symbol and side."""
        if scope.alone is not None:
            return [scope.alone] if scope.alone.size else []
        mine = [
            p
            for p in self.positions
            if p.size and not p.isolated and (p.name, p.contract.asset) == (scope.name, scope.asset)
        ]
        return sorted(mine, key=lambda p: (p.contract.symbol, p.side))

    def money(self, scope: Scope) -> int:
        return scope.alone.bucket if scope.alone else self.wallets[scope.name, scope.asset]

    def equity(self, scope: Scope) -> int:
        return self.money(scope) + sum(p.gain() for p in self.of(scope))

    def maintenance(self, scope: Scope) -> int:
        return sum(p.contract.margin(p.size) for p in self.of(scope))

    def _scopes(self, name: str, asset: str) -> list[Scope]:
        """Isolated positions first, in order of symbol and side, then the cross account."""
        alone = [
            p for p in self.positions if p.isolated and (p.name, p.contract.asset) == (name, asset)
        ]
        alone.sort(key=lambda p: (p.contract.symbol, _SIDES.index(p.side)))
        return [*(Scope(name, asset, p) for p in alone), Scope(name, asset, None)]

    def _ratio(self, name: str, asset: str) -> Fraction:
        """Equity for a unit of maintenance margin, where it is lowest."""
        margins = [
            (self.equity(scope), self.maintenance(scope)) for scope in self._scopes(name, asset)
        ]
        return min((Fraction(e, m) for e, m in margins if m), default=Fraction(1))

    # ---------------------------------------------------------------------- the waterfall

    def _touch(self, name: str, asset: str) -> None:
        if (name, asset) not in self.waiting:
            self.waiting.append((name, asset))

    def _look_at(self, name: str, asset: str) -> None:
        for scope in self._scopes(name, asset):
            if self.of(scope) and self.equity(scope) < self.maintenance(scope):
                self._liquidate(scope)
            if not self.of(scope):
                self._cover(scope)
                if scope.alone is not None:
                    self._pour(scope.alone, -scope.alone.bucket)

    def _liquidate(self, scope: Scope) -> None:
        symbol = scope.alone.contract.symbol if scope.alone else ""
        told = scope.name, symbol, self.equity(scope), self.maintenance(scope)
        self.told.append(("started", *told))
        if scope.alone is not None:
            scope.alone.failing = True
        while self.of(scope) and self.equity(scope) < self.maintenance(scope):
            self._step(scope, self._first(self.of(scope)))
        if scope.alone is not None:
            scope.alone.failing = False
        if not self.of(scope):
            self._cover(scope)
        told = scope.name, symbol, self.equity(scope), self.maintenance(scope)
        self.told.append(("ended", *told))

    def _first(self, positions: Iterable[Held]) -> Held:
        """The one to close; of equals, the first."""
        worst: dict[Select, Callable[[Held], int]] = {
            Select.LARGEST_UNREALISED_LOSS: lambda p: -p.gain(),
            Select.MOST_MARGIN_FREED: lambda p: p.contract.margin(p.size),
            Select.LARGEST_NOTIONAL: lambda p: p.contract.notional(p.size),
        }
        return max(positions, key=worst[self.select])

    def _how_much(self, scope: Scope, held: Held) -> int:
        size, contract = abs(held.size), held.contract
        if self.amount is Amount.DOWN_ONE_TIER:
            tier = contract.tier(size)
            lower = [n for n in range(1, size) if contract.tier(size - n) < tier]
            return min(lower, default=size)
        if self.amount is Amount.JUST_ENOUGH:
            missing = self.maintenance(scope) - self.equity(scope)
            enough = [
                n
                for n in range(1, size)
                if contract.margin(size)
                - contract.margin(size - n)
                - self._charge(contract.notional(n))
                >= missing
            ]
            return min(enough, default=size)
        return size

    def _charge(self, notional: int) -> int:
        return ceil(notional * self.fee)

    def _step(self, scope: Scope, held: Held) -> None:
        lots = self._how_much(scope, held)
        if self._sell(scope, held, lots, self.equity(scope), charged=True):
            return
        if self.funds[scope.asset] > 0:
            backing = self.equity(scope) + self.funds[scope.asset]
            filled = self._sell(scope, held, abs(held.size), backing, charged=False)
            self._draw_on_fund(scope)
            if filled:
                return
        self._deleverage(held, self._last_price(held, self.equity(scope)))
        self._draw_on_fund(scope)

    def _last_price(self, held: Held, backing: int) -> int:
        """The worst price at which closing all of it costs no more than `backing`."""
        now = floor(held.contract.value(held.size))

        def affordable(price: int) -> bool:
            return backing + -held.contract.cash(-held.size, price) - now >= 0

        return _least(affordable) if held.size > 0 else _most(affordable)

    def _sell(self, scope: Scope, held: Held, lots: int, backing: int, *, charged: bool) -> int:
        """Close in the book, at the last price or better; returns how much."""
        limit, contract, sign = self._last_price(held, backing), held.contract, 1
        levels, best_first = contract.bids, sorted(contract.bids, reverse=True)
        if held.size < 0:
            levels, best_first, sign = contract.asks, sorted(contract.asks), -1
        filled = notional = 0
        for price in best_first:
            size = min(levels[price], lots - filled)
            if size == 0 or (price - limit) * sign < 0:
                break
            levels[price] -= size
            filled += size
            notional += abs(contract.cash(size, price))
            realised = self.trade(held, -sign * size, price)
            self.told.append(
                ("closed", held.name, contract.symbol, held.side, size, price, realised)
            )
        self._drop_empty(levels)
        fee = max(0, min(self._charge(notional), self.equity(scope))) if charged else 0
        if fee:
            self._pay(scope, -fee)
            self.funds[scope.asset] += fee
            self.told.append(("fee", held.name, fee))
        return filled

    def _drop_empty(self, levels: dict[int, int]) -> None:
        for price in [price for price, size in levels.items() if size == 0]:
            del levels[price]

    def _pay(self, scope: Scope, amount: int) -> None:
        if scope.alone is not None:
            scope.alone.bucket += amount
        else:
            self.wallets[scope.name, scope.asset] += amount

    def _draw_on_fund(self, scope: Scope) -> None:
        """The fund pays a negative equity, as far as it goes."""
        paid = min(max(0, -self.equity(scope)), self.funds[scope.asset])
        if paid:
            self.funds[scope.asset] -= paid
            self._pay(scope, paid)
            self.told.append(("fund", scope.name, paid))

    def _cover(self, scope: Scope) -> None:
        self._draw_on_fund(scope)
        debt = max(0, -self.equity(scope))
        if debt:
            self.uncovered[scope.asset] -= debt
            self._pay(scope, debt)
            self.told.append(("uncovered", scope.name, debt))

    # ------------------------------------------------------------------ auto-deleveraging

    def _deleverage(self, bankrupt: Held, price: int) -> None:
        """Against the most profitable and leveraged on the other side; then against history."""
        sign = 1 if bankrupt.size > 0 else -1
        others = [
            p
            for p in self.positions
            if p.contract is bankrupt.contract and p.size * bankrupt.size < 0
        ]
        for victim in sorted(others, key=lambda p: (-self._standing(p), p.rank)):
            size = min(abs(bankrupt.size), abs(victim.size))
            if size == 0:
                break
            realised = self.trade(bankrupt, -sign * size, price)
            lost = self.trade(victim, sign * size, price)
            key = bankrupt.contract.symbol, bankrupt.side
            self.told.append(("closed", bankrupt.name, *key, size, price, realised))
            key = victim.contract.symbol, victim.side
            self.told.append(("deleveraged", victim.name, *key, size, price, lost))
        if bankrupt.size:
            size = abs(bankrupt.size)
            realised = self.trade(bankrupt, -bankrupt.size, price)
            key = bankrupt.contract.symbol, bankrupt.side
            self.told.append(("closed", bankrupt.name, *key, size, price, realised))

    def _standing(self, held: Held) -> Fraction:
        """Profit for the money put in, times leverage; a loss counts less the more leverage."""
        if held.isolated:
            behind = held.bucket + held.gain()
        else:
            behind = self.equity(Scope(held.name, held.contract.asset, None))
        leverage = Fraction(held.contract.notional(held.size), max(1, behind))
        profit = Fraction(held.gain(), max(1, abs(held.cost)))
        return profit * leverage if profit > 0 else profit / leverage


_SIDES = ("net", "long", "short")


def _least(affordable: Callable[[int], bool]) -> int:
    """The lowest price that is; all above it are too."""
    high = 1
    while not affordable(high):
        high *= 2
        if high > NO_PRICE:
            return NO_PRICE
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        if affordable(middle):
            high = middle
        else:
            low = middle
    return high


def _most(affordable: Callable[[int], bool]) -> int:
    """The highest price that is, or the least there is; all below it are too."""
    low, high = 1, 2
    if not affordable(low):
        return low
    while affordable(high):
        low, high = high, high * 2
        if high > NO_PRICE:
            return NO_PRICE
    while high - low > 1:
        middle = (low + high) // 2
        if affordable(middle):
            low = middle
        else:
            high = middle
    return low
