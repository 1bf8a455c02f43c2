"""The bench: a venue under a rulebook, with the contracts, accounts and positions of a vector.

Everything goes through the venue's own door and is read from its views and events.  Grids are made
as fine as the vector's figures need, so that nothing is rounded but where the rulebook says so.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import TypeVar

from msgspec.structs import replace

from exchange import InstrumentRules, Rulebook, Tier, Venue, load_rulebook
from exchange.core.messages import (
    HISTORY,
    AccountView,
    AdjustMargin,
    BlockTrade,
    Command,
    CommandRejected,
    Deposit,
    Event,
    ListInstrument,
    MarginMode,
    OpenAccount,
    PassTime,
    PositionMode,
    PositionSide,
    PositionView,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
    Side,
    UpdateDepth,
    UpdateIndexPrice,
    UpdateMarkPrice,
    Withdraw,
)
from exchange.core.rules import ContractKind, Fees, OptionRight
from exchange.core.units import RATE_ONE, Money
from exchange.rulebook import shipped
from tools.vectors.cases import Case, UnsupportedError
from tools.vectors.figures import rounded, step, text

E = TypeVar("E", bound=Event)

FINE = Fraction(1, 10**9)
"""The tick where the vector names none, and prices are not too high for it."""
TICKS_MAX = 10**14
SUBTICKS = 1_000
COIN = Fraction(1, 10**12)
"""Units of an asset that is traded in a spot market."""
MONEY = Fraction(1, 10**15)
"""The money unit, unless some amount needs a finer one."""
LEVERAGE_MAX = 1_000_000
STAND_INS = {
    "gate": "okx",  # the same published formula: one taker fee inside the trigger
    "kucoin": "bitmex",  # the same fields, by the same rules, in its position messages
    "edgex": "textbook",  # the whole account behind one position, maintenance at the mark
    "jesse(bybit formula)": "bybit",
    "binance_usdm (third-party)": "binance_usdm",
    "vega": "textbook",
    "drift": "textbook",
    "generic": "textbook",
    "binance": "binance_usdm",
    "binance_usd_m": "binance_usdm",
    "binance_futures": "binance_usdm",
    "bybit_linear": "bybit",
    "bybit_inverse": "bybit",
    "okex": "okx",
    "okx_swap": "okx",
    "dydx": "dydx_v4",
    "kraken": "kraken_futures",
}
"""Venues without a rulebook here, and the one whose published rule they share."""


def rulebook_for(case: Case) -> Rulebook:
    """The rulebook that a vector is about.  Raises UnsupportedError where there is none."""
    plain = case.venue.replace("-", "_").replace(" ", "_")
    name = STAND_INS.get(case.venue) or STAND_INS.get(plain, plain)
    if name not in shipped():
        names = ", ".join(sorted(shipped()))
        raise UnsupportedError(f"there is no rulebook for {case.vector.venue!r}; there are {names}")
    return load_rulebook(name)


def plain_fees(rulebook: Rulebook, case: Case) -> Rulebook:
    """The fees that the vector names; where it names none, none are charged."""
    taker = case.maybe("taker", "taker_fee", "taker_rate") or Fraction(0)
    fees = Fees(maker="0", taker=text(rounded(taker)))
    return replace(rulebook, fees=fees, liquidation=replace(rulebook.liquidation, fee="0"))


def tiers(
    maintenance: Fraction, cum: Fraction = Fraction(0), initial: Fraction | None = None
) -> tuple[Tier, ...]:
    """A rate, and the amount that lower rates below have saved, as risk tiers."""
    top = Tier(
        floor=text(cum / maintenance) if cum else "0",
        maintenance=text(rounded(maintenance)),
        initial=text(rounded(initial)) if initial is not None else "",
        leverage_max=LEVERAGE_MAX,
    )
    below = Tier(floor="0", maintenance="0", leverage_max=LEVERAGE_MAX)
    return (below, top) if cum else (top,)


def fine_tick(*prices: Fraction) -> Fraction:
    """A tick that every one of these prices lies on, as fine as may be."""
    tick = step(FINE, *prices)
    while max(prices) > TICKS_MAX * tick:
        tick *= 10
        if any((price / tick).denominator != 1 for price in prices):
            raise UnsupportedError(f"{float(max(prices))} has more digits than the venue's prices")
    return tick


def step_of(price: Fraction) -> Fraction:
    """A tick for a price that may have no end."""
    return Fraction(1, price.denominator)


VOLATILITY = "0.6"
"""Of options: any would do."""


class Contract:
    """A contract to be listed: its symbol and grids."""

    def __init__(
        self,
        symbol: str = "X",
        *,
        sizes: Iterable[Fraction] = (),
        tick: Fraction = FINE,
        inverse: bool = False,
        settle: str = "USD",
        by_lot: bool = False,
        expiry: str = "",
        underlying: str = "",
        base: str = "",
        highest: Fraction | None = None,
    ) -> None:
        """`base`: of a spot market, the asset that is traded; a contract has none.

        `highest`: a price that it never goes beyond.
        """
        self.symbol = symbol
        self.base = base
        self.highest = highest
        self.expiry = expiry
        self.underlying = underlying
        self.tick = tick
        self.lot = Fraction(1) if by_lot else step(*sizes)
        self.inverse = inverse
        self.settle = settle
        self.by_lot = by_lot

    def money_step(self) -> Fraction:
        """What a money unit must divide."""
        return self.lot / self.tick if self.inverse else self.lot * self.tick

    @property
    def kind(self) -> ContractKind:
        """What is listed."""
        if self.base:
            return ContractKind.SPOT
        return ContractKind.INVERSE if self.inverse else ContractKind.LINEAR

    def rules(self, unit: Fraction) -> InstrumentRules:
        """As the venue lists it."""
        return InstrumentRules(
            symbol=self.symbol,
            kind=self.kind,
            base=self.base,
            base_unit=text(step(COIN, self.lot)),
            settle=self.settle,
            tick_size=text(self.tick),
            lot_size=text(self.lot),
            mark_unit=text(self.tick / SUBTICKS),
            money_unit=text(unit),
            whole_value_per_lot=self.by_lot,
            expiry=self.expiry,
            underlying=self.underlying,
            price_max="" if self.highest is None else text(self.highest),
        )


class OptionContract(Contract):
    """An option at the money on an inverse contract of the bench."""

    def __init__(self, symbol: str, on: Contract, strike: Fraction, right: OptionRight) -> None:
        super().__init__(symbol, settle=on.settle, tick=on.tick, sizes=[Fraction(1)])
        self.on, self.strike, self.right = on, strike, right

    @property
    def kind(self) -> ContractKind:
        """That of what it is on."""
        return self.on.kind

    def rules(self, unit: Fraction) -> InstrumentRules:
        """As the venue lists it."""
        return replace(
            super().rules(unit),
            on=self.on.symbol,
            right=self.right,
            strike=text(self.strike),
            expiry=self.expiry,
            volatility=VOLATILITY,
        )


class Bench:
    """A venue at work on one vector."""

    def __init__(
        self,
        rulebook: Rulebook,
        *contracts: Contract,
        amounts: Iterable[Fraction] = (),
        unit: Fraction | None = None,
    ) -> None:
        """`amounts`: money that must be exact.  `unit`: the money unit itself, where it matters."""
        self.unit = unit or step(MONEY, *amounts, *[one.money_step() for one in contracts])
        self.venue = Venue(rulebook)
        self.contracts = {one.symbol: one for one in contracts}
        self.at = 0
        for one in contracts:
            self.enlist(one)

    # --------------------------------------------------------------------------- doing

    def do(self, command: Command) -> list[Event]:
        """Carry out a command that must not be refused."""
        events = self.venue.apply(command)
        for event in events:
            if isinstance(event, CommandRejected):
                raise UnsupportedError(f"{event.command} was refused: {event.detail}")
        self.venue.check()
        return events

    def enlist(self, contract: Contract) -> None:
        """List a contract, or a spot market."""
        self.contracts[contract.symbol] = contract
        self.do(ListInstrument(at=self.at, rules=contract.rules(self.unit)))

    def bring(self, name: str, asset: str, amount: Fraction) -> None:
        """Let a trader bring in some of an asset."""
        lots = whole(amount / self.asset_unit(asset), f"{asset} amount")
        if not lots:
            return
        self.do(Deposit(at=self.now(), account=name, asset=asset, amount=lots))

    def withdraw(self, name: str, amount: Fraction) -> None:
        """Let a trader take money out."""
        if amount > 0:
            units = self.money(amount)
            self.do(Withdraw(at=self.now(), account=name, asset="USD", amount=units))

    def now(self) -> int:
        """The next moment."""
        self.at += 1
        return self.at

    def wait(self, until: int) -> list[Event]:
        """Let time pass."""
        self.at = until
        return self.do(PassTime(at=until))

    def account(self, name: str, deposit: Fraction = Fraction(0), *, asset: str = "USD") -> None:
        """Admit a trader with money."""
        self.do(OpenAccount(at=self.now(), account=name))
        if deposit:
            amount = self.money(deposit)
            self.do(Deposit(at=self.now(), account=name, asset=asset, amount=amount))

    def hedge(self, name: str) -> None:
        """Let a trader hold longs and shorts side by side."""
        self.do(SetPositionMode(at=self.now(), account=name, mode=PositionMode.HEDGE))

    def mark(self, symbol: str, price: Fraction) -> list[Event]:
        """Set a mark price."""
        units = self.mark_units(symbol, price)
        return self.do(UpdateMarkPrice(at=self.now(), symbol=symbol, price=units))

    def index(self, symbol: str, price: Fraction) -> list[Event]:
        """Set an index price."""
        units = self.mark_units(symbol, price)
        return self.do(UpdateIndexPrice(at=self.now(), symbol=symbol, price=units))

    def leverage(self, name: str, symbol: str, leverage: int) -> None:
        """Choose a leverage."""
        self.do(SetLeverage(at=self.now(), account=name, symbol=symbol, leverage=leverage))

    def isolate(self, name: str, symbol: str) -> None:
        """Put a position into isolated margin."""
        mode = MarginMode.ISOLATED
        self.do(SetMarginMode(at=self.now(), account=name, symbol=symbol, mode=mode))

    def add_margin(self, name: str, symbol: str, amount: Fraction) -> None:
        """Move money into an isolated bucket, or (negative) out of it."""
        if amount:
            units = self.money(amount)
            self.do(AdjustMargin(at=self.now(), account=name, symbol=symbol, amount=units))

    def trade(
        self,
        name: str,
        symbol: str,
        size: Fraction,
        price: Fraction,
        side: PositionSide = PositionSide.NET,
        other: str = HISTORY,
    ) -> list[Event]:
        """Let a trader take `size` (signed) at a price, agreed with the rest of the market."""
        contract = self.contracts[symbol]
        return self.do(
            BlockTrade(
                at=self.now(),
                symbol=symbol,
                account=name,
                position_side=side,
                counterparty=other,
                side=Side.BUY if size > 0 else Side.SELL,
                size=whole(abs(size) / contract.lot, f"{symbol} size"),
                price=whole(price / contract.tick, f"{symbol} price"),
            )
        )

    def show(self, symbol: str, bids: dict[Fraction, int], asks: dict[Fraction, int]) -> None:
        """Let the rest of the market show these prices, with sizes in lots."""
        tick = self.contracts[symbol].tick
        rows = [
            tuple((whole(price / tick, "price"), lots) for price, lots in side.items())
            for side in (bids, asks)
        ]
        self.do(
            UpdateDepth(at=self.now(), symbol=symbol, bids=rows[0], asks=rows[1], snapshot=True)
        )

    # -------------------------------------------------------------------------- seeing

    def seen(
        self, name: str, marks: dict[str, Fraction] | None = None, asset: str = "USD"
    ) -> AccountView:
        """The account, as it would stand at these marks."""
        at = {symbol: self.mark_units(symbol, price) for symbol, price in (marks or {}).items()}
        return self.venue.account_view(name, asset, at or None)

    def held(
        self,
        name: str,
        symbol: str,
        marks: dict[str, Fraction] | None = None,
        side: PositionSide = PositionSide.NET,
    ) -> PositionView:
        """A position, as it would stand at these marks."""
        view = self.seen(name, marks, self.contracts[symbol].settle)
        found = [p for p in view.positions if (p.symbol, p.position_side) == (symbol, side)]
        if not found:
            raise UnsupportedError(f"{name} holds no {symbol}")
        return found[0]

    # --------------------------------------------------------------------------- units

    def asset_unit(self, asset: str) -> Fraction:
        """The smallest unit of an asset."""
        units = {c.base: step(COIN, c.lot) for c in self.contracts.values() if c.base}
        return units.get(asset, self.unit)

    def money(self, amount: Fraction) -> Money:
        """Money in the venue's units."""
        return whole(amount / self.unit, "amount")

    def amount(self, money: Money) -> Fraction:
        """Money as the vector writes it."""
        return money * self.unit

    def mark_units(self, symbol: str, price: Fraction) -> int:
        """A mark price in the venue's units, to the nearest."""
        return max(1, round(price * SUBTICKS / self.contracts[symbol].tick))

    def mark_price(self, symbol: str, units: int) -> Fraction:
        """A mark price as the vector writes it."""
        return Fraction(units, SUBTICKS) * self.contracts[symbol].tick

    def tick_price(self, symbol: str, ticks: int) -> Fraction:
        """A price on the tick as the vector writes it."""
        return ticks * self.contracts[symbol].tick

    def size(self, symbol: str, lots: int) -> Fraction:
        """A size as the vector writes it."""
        return lots * self.contracts[symbol].lot


def share(rate: int) -> Fraction:
    """A rate of the venue's as a figure."""
    return Fraction(rate, RATE_ONE)


def whole(value: Fraction, what: str) -> int:
    """A figure that lies on its grid.  Raises UnsupportedError where it does not."""
    if value.denominator != 1:
        raise UnsupportedError(f"{what} lies off its grid by {float(value % 1):.3g} of a step")
    return value.numerator


def on_unit(amount: Fraction, unit: Fraction) -> Fraction:
    """An amount of at least so much, in whole money units."""
    return -(-amount // unit) * unit


def only(events: Iterable[Event], kind: type[E]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]
