"""A venue in round numbers, and short words to act on it: what most tests of the core begin with.

One lot at one dollar is worth one dollar, kept in cents; there are no fees, no insurance fund, and
one risk tier of 10% unless a test asks for them.  After every command all invariants are checked.
"""

from typing import TypeVar

from exchange import InstrumentRules, Rulebook, Tier, Venue
from exchange.core.accounts import Position
from exchange.core.liquidation import look_at_endangered
from exchange.core.messages import (
    HISTORY,
    AccountView,
    BlockTrade,
    Command,
    CommandRejected,
    Deposit,
    Event,
    ListInstrument,
    MarginMode,
    OpenAccount,
    OrderAccepted,
    PlaceOrder,
    PositionMode,
    PositionSide,
    PositionView,
    Reject,
    SetMarginMode,
    SetPositionMode,
    Side,
    TimeInForce,
    UpdateDepth,
    UpdateMarkPrice,
)
from exchange.core.rules import (
    Amount,
    Cancel,
    Fees,
    LimitRules,
    LiquidationRules,
    MarginRules,
    Select,
)
from exchange.core.state import State

CENT = 1
DOLLAR = 100
SUBTICKS = 100
"""Mark units in a tick: marks are in cents too."""

TEN_PERCENT = (Tier(floor="0", maintenance="0.1", leverage_max=100),)

E = TypeVar("E", bound=Event)


def rulebook(
    *,
    tiers: tuple[Tier, ...] = TEN_PERCENT,
    fund: str = "0",
    maker: str = "0",
    taker: str = "0",
    fee: str = "0",
    select: Select = Select.LARGEST_UNREALISED_LOSS,
    amount: Amount = Amount.WHOLE_POSITION,
    cancel: Cancel = Cancel.ALL,
    limits: LimitRules = LimitRules(market_band="0.5"),  # noqa: B008 (frozen)
    margin: MarginRules = MarginRules(),  # noqa: B008 (frozen)
    liquidation: LiquidationRules | None = None,
    **others: object,
) -> Rulebook:
    """Rules that charge nothing and stop at nothing, but for what the test is about."""
    return Rulebook(
        name="stage",
        title="Round numbers",
        fees=Fees(maker=maker, taker=taker),
        tiers=tiers,
        margin=margin,
        liquidation=liquidation
        or LiquidationRules(cancel=cancel, select=select, amount=amount, fee=fee),
        limits=limits,
        insurance_fund={"USD": fund},
        leverage_default=10,
        **others,  # type: ignore[arg-type]
    )


def contract(symbol: str, **changes: str) -> InstrumentRules:
    """A linear contract: tick 1, lot 1, money and marks in cents."""
    rules = {"settle": "USD", "tick_size": "1", "lot_size": "1", "mark_unit": "0.01"}
    return InstrumentRules(symbol=symbol, **(rules | {"money_unit": "0.01"} | changes))  # type: ignore[arg-type]


def position(
    size: int,
    price: int,
    symbol: str = "BTC",
    *,
    leverage: int = 10,
    tiers: tuple[Tier, ...] = TEN_PERCENT,
    margin: MarginRules = MarginRules(),  # noqa: B008 (frozen)
    **changes: str,
) -> Position:
    """A position that belongs to no venue, bought (or sold) at a price in ticks."""
    state = State(rulebook(tiers=tiers, margin=margin))
    market = state.list_instrument(contract(symbol, **changes))
    held = state.position(state.open_account("ann"), market.instrument)
    held.leverage = leverage
    held.trade(size, market.instrument.value(price, size))
    return held


def only(events: list[Event], kind: type[E]) -> list[E]:
    """The events of one kind."""
    return [event for event in events if isinstance(event, kind)]


class Stage:
    """A venue, its clock, and what traders do on it.  Prices and amounts are in whole dollars."""

    def __init__(self, rules: Rulebook | None = None, symbols: str = "BTC ETH SOL") -> None:
        self.venue = Venue(rules or rulebook())
        self.at = 0
        for symbol in symbols.split():
            self.do(ListInstrument(at=0, rules=contract(symbol)))

    def do(self, command: Command) -> list[Event]:
        """Apply a command, and check that the venue is whole afterwards."""
        events = self.venue.apply(command)
        self.venue.check()
        return events

    def now(self) -> int:
        """The next moment."""
        self.at += 1
        return self.at

    def refusal(self, command: Command) -> Reject:
        """Why a command is refused; it must leave the venue as it was."""
        before = self.venue.digest()
        events = self.do(command)
        assert self.venue.digest() == before, "a refused command changed the venue"
        (event,) = events
        assert isinstance(event, CommandRejected), f"{command} was carried out"
        assert event.detail, "a refusal must say what was found"
        return event.reason

    def trader(self, *names: str, deposit: int = 0) -> None:
        """Admit traders, each with some dollars."""
        for name in names:
            self.do(OpenAccount(at=self.now(), account=name))
            if deposit:
                self.deposit(name, deposit)

    def deposit(self, name: str, dollars: int) -> list[Event]:
        """Bring in money."""
        return self.bring(name, "USD", dollars * DOLLAR)

    def bring(self, name: str, asset: str, amount: int) -> list[Event]:
        """Bring in units of any asset."""
        return self.do(Deposit(at=self.now(), account=name, asset=asset, amount=amount))

    def enlist(self, symbol: str, **changes: str) -> list[Event]:
        """List one more instrument, in the stage's round numbers but for the changes."""
        return self.do(ListInstrument(at=self.at, rules=contract(symbol, **changes)))

    def mark(self, symbol: str, dollars: int, cents: int = 0) -> list[Event]:
        """Move the mark price."""
        price = dollars * SUBTICKS + cents
        return self.do(UpdateMarkPrice(at=self.now(), symbol=symbol, price=price))

    def marks(self, **dollars: int) -> None:
        """Move several mark prices, one after the other."""
        for symbol, price in dollars.items():
            self.mark(symbol, price)

    def show(
        self, symbol: str, bids: dict[int, int] | None = None, asks: dict[int, int] | None = None
    ) -> list[Event]:
        """Let history show these levels and no others."""
        rows = tuple((bids or {}).items()), tuple((asks or {}).items())
        events = self.do(
            UpdateDepth(at=self.now(), symbol=symbol, bids=rows[0], asks=rows[1], snapshot=True)
        )
        assert not only(events, CommandRejected), events
        return events

    def hedge(self, *names: str) -> None:
        """Let traders hold longs and shorts side by side."""
        for name in names:
            mode = PositionMode.HEDGE
            events = self.do(SetPositionMode(at=self.now(), account=name, mode=mode))
            assert not only(events, CommandRejected), events

    def hold(
        self,
        name: str,
        symbol: str,
        size: int,
        price: int,
        other: str = HISTORY,
        side_held: PositionSide = PositionSide.NET,
    ) -> list[Event]:
        """Give a trader a position (negative: short), by a block trade with `other`."""
        side = Side.BUY if size > 0 else Side.SELL
        events = self.do(
            BlockTrade(
                at=self.now(),
                symbol=symbol,
                account=name,
                position_side=side_held,
                counterparty=other,
                side=side,
                size=abs(size),
                price=price,
            )
        )
        assert not only(events, CommandRejected), events
        return events

    def order(
        self,
        name: str,
        symbol: str,
        size: int,
        price: int | None = None,
        *,
        tif: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        position_side: PositionSide = PositionSide.NET,
        ref: int = 0,
    ) -> PlaceOrder:
        """An order as a command; a negative size sells."""
        return PlaceOrder(
            at=self.now(),
            account=name,
            ref=ref,
            symbol=symbol,
            side=Side.BUY if size > 0 else Side.SELL,
            size=abs(size),
            price=price,
            time_in_force=tif,
            post_only=post_only,
            reduce_only=reduce_only,
            position_side=position_side,
        )

    def place(self, name: str, symbol: str, size: int, price: int | None = None, **flags) -> int:  # type: ignore[no-untyped-def]
        """Send an order that is accepted; returns its id."""
        (accepted,) = only(self.do(self.order(name, symbol, size, price, **flags)), OrderAccepted)
        return accepted.order_id

    def isolate(
        self, name: str, symbol: str, position_side: PositionSide = PositionSide.NET
    ) -> None:
        """Put a trader's position into isolated margin."""
        events = self.do(
            SetMarginMode(
                at=self.now(),
                account=name,
                symbol=symbol,
                position_side=position_side,
                mode=MarginMode.ISOLATED,
            )
        )
        assert not only(events, CommandRejected), events

    def account(self, name: str) -> AccountView:
        """An account in dollars' cents."""
        return self.venue.account_view(name, "USD")

    def position(
        self, name: str, symbol: str, side: PositionSide = PositionSide.NET
    ) -> PositionView | None:
        """An open position, or None."""
        held = self.account(name).positions
        return next((p for p in held if (p.symbol, p.position_side) == (symbol, side)), None)

    def size(self, name: str, symbol: str, side: PositionSide = PositionSide.NET) -> int:
        """What a trader holds, in lots."""
        position = self.position(name, symbol, side)
        return position.size if position else 0

    def balance(self, name: str, asset: str = "USD") -> int:
        """A ledger account in cents, or in another asset's units."""
        return self.venue.balances(asset)[name]

    def look(self) -> None:
        """Let the monitor look at all that it let be until the next mark."""
        state = self.venue._state
        look_at_endangered(state, state.monitor.unseen())

    def calm(self, symbol: str) -> tuple[int | None, int | None]:
        """The lowest and the highest mark, in cents, at which the monitor looks at nobody.

        None where nobody is watched against a fall, or a rise.
        """
        self.look()
        watch = self.venue._state.monitor.watches[self.venue.instruments[symbol].index]
        low = int(watch.longs.heap[0]) + 1 if watch.longs.count else None
        high = -int(watch.shorts.heap[0]) - 1 if watch.shorts.count else None
        return low, high
