"""Several assets as one: what collateral is worth in the accounting currency of a unified account.

Every rounding is against the account: what it has down, what it owes and needs up.
"""

from fractions import Fraction
from typing import Final

from exchange.core.accounts import Account, Held, Pool
from exchange.core.grid import Terms
from exchange.core.instrument import Instrument
from exchange.core.lines import Lines
from exchange.core.margin import Marks, PoolMargin, edge_among
from exchange.core.policies import Gains, Haircut
from exchange.core.portfolio import Requirement, Spot, Worth, instead_of, together
from exchange.core.rules import CollateralAsset, CollateralRules, ContractKind, InstrumentRules
from exchange.core.units import (
    RATE_ONE,
    MarkPrice,
    Money,
    Rate,
    UnitError,
    ceil_div,
    exact,
    rate,
)

UNBOUNDED: Final = 10**40
"""Of a limit that there is not."""


class Priced:
    """An asset that counts as collateral: its price, and what the rulebook says of it."""

    def __init__(self, asset: str, rules: CollateralAsset, all_of_them: CollateralRules) -> None:
        what, currency = f"collateral.assets.{asset}", all_of_them.currency
        self.asset = asset
        self.is_currency = asset == currency
        self.market: str = "" if self.is_currency else rules.market or f"{asset}{currency}"
        """Symbol of the market that prices it."""
        self.rank = 0
        """Its place in the rulebook; the currency's is first."""
        tiers = [(tier.floor, tier.ratio) for tier in rules.tiers] or [("0", rules.ratio)]
        self._floors = [exact(floor, f"{what} floor") for floor, _ in tiers]
        self.ratios: list[Rate] = [rate(ratio, f"{what} ratio") for _, ratio in tiers]
        rising = all(low < high for low, high in zip(self._floors, self._floors[1:], strict=False))
        if self._floors[0] != 0 or not rising:
            raise UnitError(f"{what} floors were {tiers}, expected to rise from 0")
        if not all(0 <= ratio <= RATE_ONE for ratio in self.ratios):
            raise UnitError(f"{what} ratios were {tiers}, expected 0 to 1")
        fee = rules.conversion_fee or ("0" if self.is_currency else all_of_them.conversion_fee)
        self.fee: Rate = rate(fee, f"{what} conversion_fee")
        if not 0 <= self.fee < RATE_ONE:
            raise UnitError(f"{what} conversion_fee was {fee}, expected 0 or more, less than 1")
        self.interest: Rate = rate(rules.interest, f"{what} interest")
        self._limit = exact(rules.borrow_limit, f"{what} limit") if rules.borrow_limit else None
        self.limit: Money = UNBOUNDED
        self.floors: list[Money] = [0] * len(tiers)
        self.instrument: Instrument | None = None
        """That of the market, once it is listed."""
        self.numerator = 1
        self.denominator = 1
        """A unit at a mark of one unit is worth so many units of the currency."""

    def open(self, unit: Fraction) -> None:
        """The asset's unit is known."""
        self.floors = [floor // unit for floor in self._floors]
        if self._limit is not None:
            self.limit = self._limit // unit

    def list(self, instrument: Instrument, unit: Fraction) -> None:
        """Its market is open."""
        self.instrument = instrument
        factor, money = unit * instrument.mark_unit, instrument.money_unit
        self.numerator = factor.numerator * money.denominator
        self.denominator = factor.denominator * money.numerator

    def price(self, marks: Marks) -> MarkPrice:
        """Its mark; 0 where there is none yet."""
        if self.is_currency:
            return 1
        return 0 if self.instrument is None else marks.prices[self.instrument.index]

    def counted(self, amount: Money) -> int:
        """What counts of an amount, in parts of RATE_ONE of a unit; of what is owed, all."""
        if amount <= 0 or len(self.floors) == 1:
            return amount * (RATE_ONE if amount < 0 else self.ratios[0])
        counted, left = 0, amount
        for floor, ratio in zip(reversed(self.floors), reversed(self.ratios), strict=True):
            part = max(0, left - floor)
            counted += part * ratio
            left -= part
        return counted

    def worth(self, amount: Money, price: MarkPrice) -> Money:
        """An amount in the currency, rounded down, in full."""
        return amount * price * self.numerator // self.denominator

    def cost(self, amount: Money, price: MarkPrice) -> Money:
        """An amount that is needed, in the currency, rounded up."""
        return ceil_div(amount * price * self.numerator, self.denominator)

    def collateral(self, amount: Money, price: MarkPrice) -> Money:
        """An amount in the currency after the haircut, rounded down."""
        return self.valued(self.counted(amount), price)

    def valued(self, counted: int, price: MarkPrice) -> Money:
        """Parts of RATE_ONE of a unit in the currency, rounded down."""
        return counted * price * self.numerator // (self.denominator * RATE_ONE)

    def bought_with(self, value: Money, price: MarkPrice) -> Money:
        """A value of the currency in the asset, rounded down; nothing without a price."""
        return value * self.denominator // (price * self.numerator) if price else 0

    def count(self, amount: Money, hedging: Money) -> int:
        """What counts of an amount of which some needs no haircut; see `counted`."""
        whole = min(max(hedging, 0), max(amount, 0))
        return whole * RATE_ONE + self.counted(amount - whole)

    def worth_at(self, price: MarkPrice) -> Worth:
        """What the asset comes to in the currency."""
        name = "" if self.is_currency else self.asset
        return Worth(price * self.numerator, self.denominator, name)

    def needed_for(self, value: Money, price: MarkPrice) -> Money:
        """A value of the currency in the asset, rounded up; nothing without a price."""
        return ceil_div(value * self.denominator, price * self.numerator) if price else 0


class Collateral:
    """The assets that stand together under a rulebook."""

    def __init__(self, rules: CollateralRules, *, equality_fails: bool) -> None:
        self.edge: Money = 1 if equality_fails else 0
        """What an account that owes must have above its maintenance margin."""
        self.currency: str = rules.currency
        self.optional = rules.optional
        self.losses_only = rules.unrealised is Gains.LOSSES
        self.on_balance = rules.haircut is Haircut.BALANCE
        """Whether unrealised PnL is spared the haircut."""
        self.repay = rules.repay
        self.borrow_maintenance: Rate = rate(rules.borrow_maintenance, "borrow_maintenance")
        initial = rate(rules.borrow_initial or rules.borrow_maintenance, "borrow_initial")
        self.borrow_initial: Rate = max(initial, self.borrow_maintenance)
        self.markets: dict[str, Instrument] = {}
        """What prices each asset, as far as it is listed."""
        self.is_interest_due = False
        """Whether an alarm is set for the hour's interest."""
        self.assets: dict[str, Priced] = {}
        if not rules.currency:
            return
        own = CollateralAsset(borrow_limit=rules.borrow_limit, interest=rules.interest)
        listed = {rules.currency: own, **rules.assets}
        for asset, each in listed.items():
            priced = Priced(asset, each, rules)
            priced.rank = len(self.assets)
            self.assets[asset] = priced

    def price_of(self, rules: InstrumentRules) -> Priced | None:
        """The asset that a market prices; it must be quoted in the accounting currency."""
        if rules.settle != self.currency or rules.kind is ContractKind.INVERSE:
            return None
        return next((p for p in self.assets.values() if p.market == rules.symbol), None)

    def fee_between(self, sold: Priced, bought: Priced) -> Rate:
        """The conversion fee: that of what is sold, or of what is bought with the currency."""
        return bought.fee if sold.is_currency else sold.fee

    def converted(
        self, sold: Priced, bought: Priced, amount: Money, marks: Marks, fee: Rate
    ) -> Money:
        """What an amount of one asset fetches of another, less a fee, rounded down."""
        price = bought.price(marks) * bought.numerator * sold.denominator * RATE_ONE
        value = amount * sold.price(marks) * sold.numerator * bought.denominator
        return value * (RATE_ONE - fee) // price if price else 0

    def needed(self, sold: Priced, bought: Priced, amount: Money, marks: Marks, fee: Rate) -> Money:
        """How much of one asset fetches an amount of another, rounded up; it must have a price."""
        value = amount * bought.price(marks) * bought.numerator * sold.denominator * RATE_ONE
        price = sold.price(marks) * sold.numerator * bought.denominator * (RATE_ONE - fee)
        return ceil_div(value, price)


class Holding:
    """One asset of a unified account: what it adds and what it needs, in the currency.

    In portfolio margin it needs something for what is borrowed alone; see `Whole.required`.
    """

    def __init__(
        self, collateral: Collateral, pool: Pool, wallet: Money, marks: Marks, *, careful: bool
    ) -> None:
        self.pool = pool
        self.hedging: Money = 0
        """How much of it (signed) is a leg of a portfolio."""
        self.priced = collateral.assets[pool.asset]
        self.price = self.priced.price(marks)
        self.margin = PoolMargin(pool, wallet, marks)
        priced, price, unrealised = self.priced, self.price, self.margin.unrealised
        self.full = priced.worth(wallet + unrealised, price)
        """Balance and unrealised PnL without a haircut."""
        if careful or collateral.losses_only:
            unrealised = min(0, unrealised)
        self.unrealised = unrealised
        """What counts of the unrealised PnL."""
        self.on_balance = collateral.on_balance
        self.value = self.value_with(0)
        """What it adds to equity."""
        self.borrowed = max(0, -wallet)
        owed = priced.cost(self.borrowed, price)
        self.owed = owed
        self.maintenance = priced.cost(self.margin.maintenance, price)
        self.maintenance += ceil_div(owed * collateral.borrow_maintenance, RATE_ONE)
        self.initial = priced.cost(self.margin.initial, price)
        self.initial += ceil_div(owed * collateral.borrow_initial, RATE_ONE)

    def value_with(self, hedging: Money) -> Money:
        """What it adds where so much of it needs no haircut, rounded down."""
        wallet, priced, price = self.margin.wallet, self.priced, self.price
        if not self.on_balance:
            return priced.valued(priced.count(wallet + self.unrealised, hedging), price)
        value = priced.valued(priced.count(wallet, hedging), price)
        return value + priced.worth(self.unrealised, price)

    @property
    def ratio(self) -> Rate:
        """What counts of it: value over full value, rounded down; one where it is owed."""
        return self.value * RATE_ONE // self.full if self.full > 0 else RATE_ONE


class Whole:
    """A unified account at given marks, in its accounting currency."""

    def __init__(
        self,
        collateral: Collateral,
        lead: Pool,
        marks: Marks,
        changed: Pool | None = None,
        more: Money = 0,
        *,
        careful: bool = False,
        instead: Held | None = None,
    ) -> None:
        """`more`: as if that much more were in the wallet of `changed`.

        `careful`: unrealised gains do not count, whatever the rulebook says.  `instead`: a
        portfolio's margin as if this were held in place of its like.
        """
        self.holdings: list[Holding] = []
        self.equity: Money = 0
        self.maintenance: Money = 0
        self.initial: Money = 0
        self.worth: Money = 0
        """In full, without haircuts."""
        self.collateral: Money = 0
        """Balances alone, after haircuts."""
        self.owed: Money = 0
        for pool in lead.members:
            wallet = pool.wallet.balance + (more if pool is changed else 0)
            holding = Holding(collateral, pool, wallet, marks, careful=careful)
            self.holdings.append(holding)
            self.equity += holding.value
            self.maintenance += holding.maintenance
            self.initial += holding.initial
            self.worth += holding.full
            self.owed += holding.owed
            self.collateral += holding.priced.collateral(wallet, holding.price)
        self.required: Requirement | None = None
        """What its positions need as one portfolio; None in cross margin."""
        if lead.portfolio is not None:
            self._count_portfolio(lead.portfolio, marks, instead)
        if self.owed:
            self.initial += collateral.edge

    def _count_portfolio(self, terms: Terms, marks: Marks, instead: Held | None) -> None:
        """Add what all positions need together, and let what hedges count for more."""
        assets = {
            holding.pool.asset: Spot(
                holding.margin.wallet + holding.unrealised, holding.priced.worth_at(holding.price)
            )
            for holding in self.holdings
        }
        positions = [p for holding in self.holdings for p in together(holding.pool)]
        held = instead_of(positions, instead)
        self.required = required = Requirement(terms, held, marks.prices, assets)
        self.maintenance += required.maintenance
        self.initial += max(required.initial, required.maintenance + edge_among(held))
        for holding in self.holdings:
            holding.hedging = required.hedging(holding.pool.asset)
            if terms.spares_spot:
                self.equity -= holding.value
                holding.value = holding.value_with(holding.hedging)
                self.equity += holding.value


def backing(collateral: Collateral, whole: Whole, asset: str, marks: Marks) -> Money:
    """What a unified account is worth in one asset, were all else exchanged for it or repaid.

    Without haircuts, but with the fees for exchanging: a position that loses so much uses it up.
    """
    wanted, total = collateral.assets[asset], 0
    for holding in whole.holdings:
        margin, priced = holding.margin, holding.priced
        amount = margin.wallet + margin.unrealised
        if priced is wanted:
            total += amount
        elif amount > 0:
            fee = collateral.fee_between(priced, wanted)
            total += collateral.converted(priced, wanted, amount, marks, fee)
        elif amount < 0 and wanted.price(marks):
            fee = collateral.fee_between(wanted, priced)
            total -= collateral.needed(wanted, priced, -amount, marks, fee)
    return total


class UnifiedMargin(PoolMargin):
    """A unified account's margin as one of its pools sees it: in that pool's asset.

    `wallet` and `unrealised` are the pool's own.
    """

    def __init__(
        self,
        collateral: Collateral,
        pool: Pool,
        marks: Marks,
        more: Money = 0,
        instead: Held | None = None,
    ) -> None:
        super().__init__(pool, pool.wallet.balance + more, marks)
        self._collateral = collateral
        self._pool = pool
        self._marks = marks
        self._more = more
        self._priced = collateral.assets[pool.asset]
        self._price = self._priced.price(marks)
        self.whole = Whole(collateral, pool.lead, marks, pool, more, instead=instead)
        self.maintenance = self._priced.needed_for(self.whole.maintenance, self._price)
        self.initial = self._priced.needed_for(self.whole.initial, self._price)

    @property
    def equity(self) -> Money:
        """The account's equity, after haircuts."""
        return self._priced.bought_with(self.whole.equity, self._price)

    @property
    def available(self) -> Money:
        """What could be taken as margin in this asset."""
        return self._priced.bought_with(self.whole.equity - self.whole.initial, self._price)

    @property
    def backing(self) -> Money:
        """What the account can lose in this asset."""
        return backing(self._collateral, self.whole, self._pool.asset, self._marks)

    @property
    def withdrawable(self) -> Money:
        """What may leave of this asset: nobody borrows to withdraw, nor leaves margin uncovered."""
        low, high = 0, max(0, min(self.wallet, self.wallet + self.unrealised) + 1)
        while high - low > 1:
            middle = (low + high) // 2
            if self._covers(middle):
                low = middle
            else:
                high = middle
        return low

    def _covers(self, gone: Money) -> bool:
        """Whether what is left without `gone` of the pool covers initial margin."""
        left = Whole(
            self._collateral,
            self._pool.lead,
            self._marks,
            self._pool,
            self._more - gone,
            careful=True,
        )
        return left.equity >= left.initial

    def spare(self, lines: Lines) -> Money:
        """What the wallet can give to a bucket; never what would have to be borrowed."""
        return max(0, min(super().spare(lines), self.wallet))

    @property
    def for_bucket(self) -> Money:
        """What an isolated position may take: money that is there."""
        return min(self.available, max(0, self.wallet))


def stand_together(collateral: Collateral, account: Account) -> None:
    """Let the account's pools of collateral be one, led by that of the accounting currency."""
    account.is_unified = True
    lead = account.pools[collateral.currency]
    ordered = sorted(account.pools.items())
    lead.members = [pool for asset, pool in ordered if asset in collateral.assets]
    for pool in lead.members:
        pool.lead = lead
        pool.is_unified = True
        pool.portfolio = lead.portfolio


def stand_alone(account: Account) -> None:
    """Let each pool stand by itself again."""
    account.is_unified = False
    for pool in account.pools.values():
        pool.lead, pool.members, pool.is_unified = pool, [pool], False
