"""Margin and liquidation written from the documents, slow and plain, in exact fractions.

It is the oracle of who is liquidated, which position goes first, how much of it, at what price and
against whom.  Nothing of the venue's arithmetic or waterfall is used or copied: prices are searched
for, sizes tried one by one, tiers added up piece by piece.  Clients have no orders here: the book
is what history shows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from exchange.core.rules import (
    Amount,
    Backing,
    Breach,
    DeleveragingPrice,
    FeeCap,
    Leftover,
    Limit,
    LiquidationRules,
    Rank,
    Select,
)
from tests.models.naive_contract import Contract, Held
from tests.models.naive_ranking import Winner, standing


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
        self, rules: LiquidationRules, band: Fraction, funds: dict[str, int], one: dict[str, int]
    ) -> None:
        self.rules = rules
        self.band = band
        self.funds = funds
        self.one = one
        """Units of money in one of each asset."""
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
            (min(ratios), number, name)
            for number, name in enumerate(self.names)
            if (ratios := self._failed_ratios(name, contract.asset))
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
        return sum(p.margin() for p in self.of(scope))

    def fails(self, equity: int, needed: int) -> bool:
        """Whether the line is passed; where it lies is the rulebook's choice."""
        at_the_line = equity == needed and self.rules.trigger is Breach.AT_OR_BELOW
        return equity < needed or at_the_line

    def way_out(self, scope: Scope) -> int:
        """Maintenance margin and the buffer above it that ends a liquidation."""
        needed = self.maintenance(scope)
        return needed + ceil(needed * Fraction(self.rules.exit_buffer))

    def recovered(self, scope: Scope) -> bool:
        return not self.fails(self.equity(scope), self.way_out(scope))

    def _scopes(self, name: str, asset: str) -> list[Scope]:
        """Isolated positions first, in order of symbol and side, then the cross account."""
        alone = [
            p for p in self.positions if p.isolated and (p.name, p.contract.asset) == (name, asset)
        ]
        alone.sort(key=lambda p: (p.contract.symbol, _SIDES.index(p.side)))
        return [*(Scope(name, asset, p) for p in alone), Scope(name, asset, None)]

    def _failed_ratios(self, name: str, asset: str) -> list[Fraction]:
        """Equity for a unit of maintenance margin, of all that has failed."""
        return [
            Fraction(self.equity(scope), self.maintenance(scope))
            for scope in self._scopes(name, asset)
            if self.of(scope) and self.fails(self.equity(scope), self.maintenance(scope))
        ]

    # ---------------------------------------------------------------------- the waterfall

    def _touch(self, name: str, asset: str) -> None:
        if (name, asset) not in self.waiting:
            self.waiting.append((name, asset))

    def _look_at(self, name: str, asset: str) -> None:
        for scope in self._scopes(name, asset):
            if self.of(scope) and self.fails(self.equity(scope), self.maintenance(scope)):
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
        while self.of(scope) and not self.recovered(scope):
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
            Select.MOST_MARGIN_FREED: lambda p: p.freed(abs(p.size)),
            Select.LARGEST_NOTIONAL: lambda p: p.contract.notional(p.size),
        }
        return max(positions, key=worst[self.rules.select])

    def _how_much(self, scope: Scope, held: Held) -> int:
        size = abs(held.size)
        tier = held.tier(size)
        goal = {
            Amount.DOWN_ONE_TIER: tier - 1,
            Amount.DOWN_TWO_TIERS: tier - 2,
            Amount.TO_LOWEST_TIER: 0 if tier > 1 else -1,
        }
        if self.rules.amount is Amount.CLIP:
            return min(int(self.rules.clip), size)
        if self.rules.amount is Amount.FRACTION:
            large = (
                held.contract.notional(size)
                > int(self.rules.fraction_above) * self.one[scope.asset]
            )
            return ceil(size * Fraction(self.rules.fraction)) if large else size
        if self.rules.amount is Amount.JUST_ENOUGH:
            enough = [n for n in range(1, size) if self._is_enough(scope, held, n)]
        elif self.rules.amount in goal:
            wanted = goal[self.rules.amount]
            enough = [n for n in range(1, size) if held.tier(size - n) <= wanted]
        else:
            enough = []
        return min(enough, default=size)

    def _is_enough(self, scope: Scope, held: Held, lots: int) -> bool:
        """Whether closing them at the mark frees what is missing, fee and buffer included."""
        missing = self.way_out(scope) - self.equity(scope)
        missing += 1 if self.rules.trigger is Breach.AT_OR_BELOW else 0
        freed = floor(held.freed(lots) * (1 + Fraction(self.rules.exit_buffer)))
        return freed - self._charge(held.contract.notional(lots)) >= missing

    def _charge(self, notional: int) -> int:
        return ceil(notional * Fraction(self.rules.fee))

    def _step(self, scope: Scope, held: Held) -> None:
        lots = self._how_much(scope, held)
        if self._sell(scope, held, lots, 0, charged=True):
            return
        fund = self.funds[scope.asset]
        before, size = self.equity(scope), abs(held.size)
        behind = [self._behind(scope, held, n) for n in range(size + 1)]
        if fund > 0 and self.rules.fund_in_book:
            filled = self._sell(scope, held, abs(held.size), fund, charged=False)
            self._make_good(scope, before, behind[filled])
            if filled:
                return
        self._deleverage(scope, held)
        self._make_good(scope, before, behind[size - abs(held.size)])

    def _make_good(self, scope: Scope, before: int, behind: int) -> None:
        """The fund pays what a step cost beyond what stood behind it."""
        if self.rules.backing is Backing.BY_MAINTENANCE and scope.alone is None:
            self._draw_on_fund(scope, before - self.equity(scope) - behind)
        else:
            self._draw_on_fund(scope, -self.equity(scope))

    def _behind(self, scope: Scope, held: Held, lots: int) -> int:
        """What stands behind so many lots: all of the equity, or a share by maintenance margin."""
        equity, needed = self.equity(scope), self.maintenance(scope)
        shared = self.rules.backing is Backing.BY_MAINTENANCE and scope.alone is None and needed > 0
        if not shared:
            return equity
        return floor(Fraction(equity * held.freed(lots), needed))

    def _sell(self, scope: Scope, held: Held, lots: int, extra: int, *, charged: bool) -> int:
        """Close in the book, at the last price or better; returns how much."""
        contract, before, size_before = held.contract, self.equity(scope), abs(held.size)
        lacked = self.maintenance(scope) - before
        behind = [self._behind(scope, held, n) for n in range(lots + 1)]
        whole = self._behind(scope, held, abs(held.size)) + extra
        bankrupt = held.last_price(whole, keeps_fee=self.rules.bankruptcy_keeps_fee)
        buys, sign = held.size < 0, 1 if held.size > 0 else -1
        rule = self.rules.fund_limit if extra and self.rules.fund_limit else self.rules.limit
        limit = self._limit(rule, scope, held, bankrupt, buys=buys)
        levels = contract.asks if buys else contract.bids
        offered = sum(size for price, size in levels.items() if (price - limit) * sign >= 0)
        if self.rules.fill_or_kill and offered < lots:
            return 0
        filled = notional = 0
        for price in sorted(levels, reverse=not buys):
            size = min(levels[price], lots - filled)
            if size == 0 or (price - limit) * sign < 0:
                break
            levels[price] -= size
            filled += size
            notional += abs(contract.cash(size, price))
            realised = self.trade(held, -sign * size, price)
            what = contract.symbol, held.side, size, price, realised
            self.told.append(("closed", held.name, *what))
        self._drop_empty(levels)
        if charged and filled:
            left = behind[filled] + self.equity(scope) - before
            if self.rules.fee_cap is FeeCap.EASED:
                # What is still lacking beyond the part that has not been closed yet.
                lacks = self.maintenance(scope) - self.equity(scope)
                spared = floor(Fraction(lacked * (size_before - filled), size_before)) - lacks
                left = floor(spared * Fraction(self.rules.fee_cap_share))
            self._take_fee(scope, held, self._charge(notional), left)
            if held.size == 0:
                self._take_leftover(scope, held, behind[filled] + self.equity(scope) - before)
        return filled

    def _limit(self, rule: Limit, scope: Scope, held: Held, bankrupt: int, *, buys: bool) -> int:
        """The worst price of an order: where it bankrupts, or nearer, as the rulebook says."""
        mark = held.contract.mark
        if rule is Limit.BANKRUPTCY_PRICE:
            return bankrupt
        if rule is Limit.FILLABLE_PRICE:
            nearer = self._fillable(scope, held)
        else:
            nearer = floor(mark * (1 + self.band)) if buys else ceil(mark * (1 - self.band))
        return min(max(1, nearer), bankrupt) if buys else max(1, nearer, bankrupt)

    def _fillable(self, scope: Scope, held: Held) -> int:
        """As far from the mark as the account is below its margin, at most a share of that."""
        equity, needed = self.equity(scope), self.maintenance(scope)
        far = Fraction(self.rules.bankruptcy_adjustment) * (1 - Fraction(equity, needed))
        moved = min(max(far, 0), 1) * Fraction(self.rules.spread_to_maintenance) * held.margin()
        return held.last_price(floor(moved))

    def _take_fee(self, scope: Scope, held: Held, charge: int, left: int) -> None:
        cap = self.equity(scope)
        if self.rules.fee_cap is not FeeCap.EQUITY:
            cap = min(cap, left)
        fee = max(0, min(charge, cap))
        if fee:
            self._pay(scope, -fee)
            self.funds[scope.asset] += fee
            self.told.append(("fee", held.name, fee))

    def _take_leftover(self, scope: Scope, held: Held, left: int) -> None:
        """What a position closed whole leaves of its backing, if the fund is to have it."""
        left = min(left, self.equity(scope))
        if self.rules.leftover is Leftover.FUND and left > 0:
            self._pay(scope, -left)
            self.funds[scope.asset] += left
            self.told.append(("leftover", held.name, left))

    def _drop_empty(self, levels: dict[int, int]) -> None:
        for price in [price for price, size in levels.items() if size == 0]:
            del levels[price]

    def _pay(self, scope: Scope, amount: int) -> None:
        if scope.alone is not None:
            scope.alone.bucket += amount
        else:
            self.wallets[scope.name, scope.asset] += amount

    def _draw_on_fund(self, scope: Scope, debt: int) -> None:
        """The fund pays a debt, as far as it goes."""
        paid = min(max(0, debt), self.funds[scope.asset])
        if paid:
            self.funds[scope.asset] -= paid
            self._pay(scope, paid)
            self.told.append(("fund", scope.name, paid))

    def _cover(self, scope: Scope) -> None:
        self._draw_on_fund(scope, -self.equity(scope))
        debt = max(0, -self.equity(scope))
        if debt:
            self.uncovered[scope.asset] -= debt
            self._pay(scope, debt)
            self.told.append(("uncovered", scope.name, debt))

    # ------------------------------------------------------------------ auto-deleveraging

    def _deleverage(self, scope: Scope, bankrupt: Held) -> None:
        """Against the first in the queue on the other side, then the next; then history."""
        before, behind = self.equity(scope), self._behind(scope, bankrupt, abs(bankrupt.size))
        last = bankrupt.last_price(behind, keeps_fee=self.rules.bankruptcy_keeps_fee)
        price = self._adl_price(bankrupt, last)
        others = [
            p
            for p in self.positions
            if p.contract is bankrupt.contract and p.size * bankrupt.size < 0
        ]
        ranking = self.rules.deleveraging.rank
        for victim in sorted(others, key=lambda p: (-self._standing(p, ranking), p.rank)):
            size = min(abs(bankrupt.size), abs(victim.size))
            if size == 0:
                break
            self._pass_on(bankrupt, victim, size, price)
        if bankrupt.size:
            self._pass_on(bankrupt, None, abs(bankrupt.size), price)
        self._take_leftover(scope, bankrupt, behind + self.equity(scope) - before)

    def _adl_price(self, held: Held, bankrupt: int) -> int:
        rules, mark = self.rules.deleveraging, held.contract.mark
        deviation = Fraction(rules.deviation_max)
        far = deviation > 0 and abs(bankrupt - mark) > mark * deviation
        if rules.price is DeleveragingPrice.BANKRUPTCY and not far:
            return bankrupt
        return max(1, floor(mark)) if held.size > 0 else ceil(mark)

    def _pass_on(self, loser: Held, victim: Held | None, size: int, price: int) -> None:
        sign, symbol = (1 if loser.size > 0 else -1), loser.contract.symbol
        realised = self.trade(loser, -sign * size, price)
        self.told.append(("closed", loser.name, symbol, loser.side, size, price, realised))
        if victim is not None:
            realised = self.trade(victim, sign * size, price)
            what = symbol, victim.side, size, price, realised
            self.told.append(("deleveraged", victim.name, *what))

    def _standing(self, held: Held, ranking: Rank) -> Fraction:
        """Who is deleveraged first: a measure of profit times one of leverage."""
        alone = held if held.isolated else None
        scope = Scope(held.name, held.contract.asset, alone)
        return standing(
            ranking,
            Winner(
                gain=held.gain(),
                cost=abs(held.cost),
                value=held.contract.notional(held.size),
                rises=(held.size > 0) != held.contract.inverse,
                leverage=held.leverage,
                money=self.money(scope),
                equity=self.equity(scope),
                maintenance=self.maintenance(scope),
                one=self.one[scope.asset],
            ),
        )


_SIDES = ("net", "long", "short")
