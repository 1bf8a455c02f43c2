"""A crisis in which much stands together: some accounts are unified, some in portfolio margin.

The venue's own rules of either where the rulebook has them; where it has none, drawn ones.
"""

from collections.abc import Iterator
from random import Random

from msgspec.structs import replace

from exchange import Rulebook, Venue
from exchange.core.messages import (
    HISTORY,
    AccountMode,
    BlockTrade,
    Command,
    MarginMode,
    SetAccountMode,
    SetMarginMode,
    Side,
)
from exchange.core.policies import Amount, Gains, Haircut, Repay, Select, SpotHedge
from exchange.core.rules import (
    CollateralAsset,
    CollateralRules,
    CollateralTier,
    CreditRules,
    GridRules,
    InstrumentRules,
    PortfolioRules,
)
from exchange.core.units import SECOND
from tests.crisis import DRAW, FAIR, LOTS, SUBTICKS, TRADERS, Crisis, rulebook_of, worth

COIN = "COINUSD"
"""A contract on the coin, and its price: about a dollar.  A lot of it is worth no more."""
DATED = "BTC-JUL"
EXPIRY, DAYS = "1970-07-01T00:00:00", 181
START = 3560 * SECOND
"""Shortly before the hour at which interest is due."""


def together(name: str, random: Random, fund: int = 1) -> Rulebook:
    """A shipped rulebook with unified accounts and portfolio margin, on the crisis' contracts."""
    rulebook = rulebook_of(name, fund)
    return replace(
        rulebook, collateral=collateral(rulebook, random), portfolio=portfolio(rulebook, random)
    )


def collateral(rulebook: Rulebook, random: Random) -> CollateralRules:
    """How assets count: as the rulebook has it, but for the names of assets and for amounts."""
    own, lot = rulebook.collateral, worth(rulebook) // LOTS
    tiers = tuple(
        CollateralTier(floor=str(floor * lot), ratio=ratio)
        for floor, ratio in ((0, "0.95"), (1, "0.8"), (4, "0"))
    )
    coin = CollateralAsset(
        market=COIN,
        ratio=random.choice(("1", "0.95", "0.7")),
        tiers=random.choice(((), (), tiers)),
        borrow_limit=random.choice(("", str(lot))),
        interest="0.001",
        conversion_fee=random.choice(("", "0.02")),
    )
    if not own.currency:
        own = CollateralRules(
            unrealised=random.choice(list(Gains)),
            haircut=random.choice(list(Haircut)),
            borrow_maintenance=random.choice(("0", "0.05")),
            conversion_fee=random.choice(("0", "0.01")),
            repay=random.choice(list(Repay)),
        )
    return replace(
        own,
        currency="USD",
        optional=True,
        assets={"COIN": coin},
        borrow_limit=random.choice(("", "0", str(lot))),
        interest="0.002",
    )


def portfolio(rulebook: Rulebook, random: Random) -> PortfolioRules:
    """The scenario grid: the rulebook's for all that is on one underlying, or a drawn one."""
    own = rulebook.portfolio
    if own.grid is None:
        grid = GridRules(
            moves=random.choice((("0.1",), ("0.05", "0.15"))),
            extreme_move=random.choice(("0", "0.3")),
            extreme_share="0.3333",
            basis=random.choice(("0", "0.05")),
            offset=random.choice(("0", "0.02")),
            minimum=random.choice(("0", "0.01")),
            spot=random.choice(("0", "0.02")),
        )
        credit = CreditRules(first="BTC", second="ETH", rate="0.2")
        own = PortfolioRules(
            grid=grid,
            credits=random.choice(((), (credit,))),
            initial_factor="1.2",
            select=random.choice((Select.MOST_MARGIN_FREED, Select.LARGEST_UNREALISED_LOSS)),
            amount=random.choice((Amount.JUST_ENOUGH, Amount.WHOLE_POSITION, Amount.CLIP)),
        )
    spot = random.choice(list(SpotHedge))
    return replace(own, with_orders=True, minimum_equity={}, unified=True, spot=spot)


class Together(Crisis):
    """Traders of every kind: each asset by itself, all assets as one, portfolios."""

    def __init__(self, random: Random, rulebook: Rulebook) -> None:
        super().__init__(random, rulebook)
        linear = self.instruments[0]
        coin = replace(linear, symbol=COIN, tick_size=f"1/{FAIR}", mark_unit=f"1/{FAIR * SUBTICKS}")
        self.instruments = (*self.instruments, coin, dated(linear))
        self.symbols = [rules.symbol for rules in self.instruments]
        self.settle = {rules.symbol: rules.settle for rules in self.instruments}
        self.draw = DRAW | {Together.terms: 8}
        self.unified = [name for name in TRADERS if random.random() < 0.5]
        self.portfolios = [n for n in TRADERS if n not in self.unified and random.random() < 0.7]

    def opening(self) -> Iterator[Command]:
        yield from super().opening()
        for name in self.unified:
            yield self.unify(name)
            if self.random.random() < 0.4:
                yield from self.losing(name)
            if self.random.random() < 0.4:
                yield self.join(name, "BTC", MarginMode.PORTFOLIO)
                yield from self.hedged(name)
        for name in self.portfolios:
            for symbol in ("BTC", "XBT"):
                yield self.join(name, symbol, MarginMode.PORTFOLIO)
            yield from self.hedged(name)
        self.at = START

    def losing(self, name: str) -> Iterator[Command]:
        """What loses a lot's worth in dollars, of which there may be less."""
        for side, price in ((Side.BUY, FAIR + FAIR // 80), (Side.SELL, FAIR - FAIR // 80)):
            yield self.traded(name, "BTC", side, 2 * LOTS, price)

    def hedged(self, name: str) -> Iterator[Command]:
        """As much as may be of two contracts on one underlying, of one a little more."""
        sides = [Side.BUY, Side.SELL]
        self.random.shuffle(sides)
        for size in (6 * LOTS, 4 * LOTS, 2 * LOTS, LOTS):
            more = self.random.randint(-LOTS, LOTS) // 4
            for side, symbol, lots in zip(sides, ("BTC", DATED), (size, size + more), strict=True):
                yield self.traded(name, symbol, side, lots, FAIR)

    def traded(self, name: str, symbol: str, side: Side, size: int, price: int) -> Command:
        """With the rest of the market, before anything else happens."""
        return BlockTrade(
            at=0,
            symbol=symbol,
            account=name,
            position_side=self.sides(name)[0] if side is Side.BUY else self.sides(name)[-1],
            counterparty=HISTORY,
            side=side,
            size=size,
            price=price,
        )

    def symbol(self) -> str:
        """A position in the coin itself is small: seldom that."""
        return self.random.choice((*self.symbols * 2, *self.symbols[:3]))

    def unify(self, name: str, mode: AccountMode = AccountMode.UNIFIED) -> Command:
        return SetAccountMode(at=self.at, account=name, mode=mode)

    def join(self, name: str, symbol: str, mode: MarginMode) -> Command:
        """Its side is drawn: in hedge mode each has its own terms."""
        side = self.side_of(name)
        return SetMarginMode(at=self.at, account=name, symbol=symbol, position_side=side, mode=mode)

    def terms(self, venue: Venue) -> Command:
        """Mostly everybody stays what it is."""
        name, change = self.random.choice(TRADERS), self.random.random()
        if change < 0.1:
            return self.unify(name, self.random.choice(list(AccountMode)))
        if change < 0.3:
            return super().terms(venue)
        return self.join(name, self.symbol(), MarginMode.PORTFOLIO)


def dated(linear: InstrumentRules) -> InstrumentRules:
    """A future on the same underlying."""
    return replace(linear, symbol=DATED, underlying=linear.symbol, expiry=EXPIRY)
