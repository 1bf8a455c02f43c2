"""The venue: commands in, events out.  The only door to the state of the exchange."""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from exchange.core import (
    amending,
    auto_margin,
    blocks,
    borrowing,
    by_order,
    cancelling,
    expiry,
    firing,
    funding,
    funds,
    halts,
    history,
    invariants,
    liquidation,
    listing,
    orders,
    prices,
    prospects,
    replay,
    tape,
    terms,
    views,
)
from exchange.core.accounts import Position
from exchange.core.alarms import Alarm, Due
from exchange.core.breakdown import breakdown
from exchange.core.digest import lines
from exchange.core.finding import Refusal, account_named
from exchange.core.instrument import Instrument
from exchange.core.margin import Marks
from exchange.core.messages import (
    AccountView,
    AdjustMargin,
    AmendOrder,
    Batch,
    BlockTrade,
    BookView,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    ClosingView,
    Command,
    CommandRejected,
    ComputeMarkPrice,
    Deposit,
    Event,
    FundingView,
    FundView,
    ListInstrument,
    MarketView,
    OpenAccount,
    PassTime,
    PlaceOrder,
    PortfolioUnit,
    PositionSide,
    PublishBook,
    QueueView,
    RecordedTrade,
    Reject,
    SetAccountMode,
    SetAutoMargin,
    SetLeverage,
    SetMarginMode,
    SetPhase,
    SetPositionMode,
    SettleInstrument,
    Side,
    UnifiedView,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    UpdateOrders,
    UpdateVolatility,
    Withdraw,
)
from exchange.core.rules import Rulebook
from exchange.core.scope import Scope
from exchange.core.state import State
from exchange.core.units import Lots, MarkPrice, Money, Nanos, Rate, Ticks


def pass_time(state: State, command: PassTime) -> Refusal | None:  # noqa: ARG001
    """What is due has happened before any command is carried out; nothing else is asked for."""
    return None


def ring(state: State, due: Due) -> None:
    """Let happen what is due now."""
    if due.alarm is Alarm.EXPIRY:
        expiry.expire(state, state.markets[due.subject])
    elif due.alarm is Alarm.FUNDING:
        funding.settle_funding(state, state.markets[due.subject])
    elif due.alarm is Alarm.PREMIUM:
        funding.sample(state, state.markets[due.subject])
    elif due.alarm is Alarm.DAY:
        expiry.pass_day(state, state.markets[due.subject])
    elif due.alarm is Alarm.ROUND:
        liquidation.resume(state, state.accounts[due.subject])
    elif due.alarm is Alarm.STALE:
        halts.mark_may_be_stale(state, state.markets[due.subject])
    elif due.alarm is Alarm.INTEREST:
        borrowing.charge_interest(state)
    elif due.alarm is Alarm.ORDER:
        cancelling.expire_order(state, state.accounts[due.owner], due.subject)
    else:
        cancelling.count_down(state, state.accounts[due.owner])


def finish(state: State) -> None:
    """What follows from what was done: liquidations first, then what was triggered, in turn."""
    if state.touched.first is not None or state.fired:
        _follow_up(state)
    if state.followed:
        for market in state.followed:
            state.publish(market)


def _follow_up(state: State) -> None:
    while state.touched.first is not None or state.fired:
        if state.touched.first is not None:
            liquidation.settle_touched(state)
        else:
            firing.fire(state, state.fired.pop(0))
    state.rankings = None


def let_pass(state: State, at: Nanos) -> None:
    """Time passes to `at`, whatever becomes of the command that says so."""
    while state.alarms.next <= at:
        due = state.alarms.take()
        state.now = due.at
        ring(state, due)
        finish(state)


Handler: TypeAlias = Callable[[State, Any], Refusal | None]
"""What carries a command out, or says why not and changes nothing."""

HANDLERS: Final[dict[type[Command], Handler]] = {
    ListInstrument: listing.list_instrument,
    OpenAccount: funds.open_account,
    Deposit: funds.deposit,
    Withdraw: funds.withdraw,
    PlaceOrder: orders.place,
    AmendOrder: amending.amend,
    CancelOrder: cancelling.cancel_one,
    CancelAll: cancelling.cancel_many,
    CancelAllAfter: cancelling.cancel_all_after,
    SetPositionMode: terms.set_position_mode,
    SetLeverage: terms.set_leverage,
    SetMarginMode: terms.set_margin_mode,
    AdjustMargin: terms.adjust_margin,
    SetAutoMargin: auto_margin.set_auto_margin,
    SetAccountMode: borrowing.set_account_mode,
    BlockTrade: blocks.block_trade,
    UpdateMarkPrice: prices.update_mark,
    UpdateVolatility: prices.update_volatility,
    UpdateIndexPrice: prices.update_index,
    UpdateFundingRate: funding.update_funding,
    ComputeMarkPrice: prices.compute_mark,
    SettleInstrument: expiry.settle_instrument,
    SetPhase: halts.set_phase,
    PublishBook: tape.publish_book,
    PassTime: pass_time,
    UpdateDepth: replay.update_depth,
    UpdateOrders: by_order.update_orders,
    RecordedTrade: replay.recorded_trade,
}


class Venue:
    """A derivatives venue under one rulebook.

    State is a pure function of the commands applied: same commands, same events, to the byte.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self._state = State(rulebook)

    # ------------------------------------------------------------------------ the door

    def apply(self, command: Command) -> list[Event]:
        """Carry out one command and whatever follows from it, liquidations included.

        A refused command answers CommandRejected and changes nothing.  What is due by its time
        (see `next_due`) happens first, even so.
        """
        state = self._state
        events: list[Event] = []
        state.events, state.is_heard = events, True
        if command.at < state.now:
            detail = f"at was {command.at}, expected {state.now} or later"
            events.append(
                rejection(command, Refusal(Reject.TIME_GOES_BACKWARDS, detail), state.now)
            )
            return events
        if command.at >= state.alarms.next:
            let_pass(state, command.at)
        before, state.now = state.now, command.at
        refusal = HANDLERS[type(command)](state, command)
        if refusal is not None:
            state.now = before
            events.append(rejection(command, refusal, command.at))
            return events
        finish(state)
        return events

    def quote_only(self, symbols: Iterable[str]) -> None:
        """From now on make QuoteChanged of these instruments alone, of their later changes."""
        state = self._state
        before, state.quoted = state.quoted, set(symbols)
        for market in state.markets:
            if before is not None and market.instrument.symbol in state.quoted - before:
                market.top = market.book.top()

    # -------------------------------------------------------------------------- views

    @property
    def now(self) -> Nanos:
        """Venue time: that of the last command carried out."""
        return self._state.now

    @property
    def next_due(self) -> Nanos:
        """When something happens by itself, if time passes; `NEVER` if nothing is due."""
        return self._state.alarms.next

    @property
    def instruments(self) -> dict[str, Instrument]:
        """Listed contracts by symbol."""
        return {m.instrument.symbol: m.instrument for m in self._state.markets}

    def account_names(self) -> list[str]:
        """Traders, in order of admission; HISTORY is not among them."""
        return list(self._state.account_of)

    def account_view(
        self, account: str, asset: str, marks: dict[str, MarkPrice] | None = None
    ) -> AccountView:
        """An account's margin in one settlement asset.  KeyError where there is no such account.

        `marks`: as it would stand at these mark prices, by symbol, if nothing else happened.
        """
        state = self._state
        return views.account_view(state, state.account_of[account], asset, self._as_if(marks))

    def house_view(self, asset: str) -> AccountView | None:
        """The venue's own account: the insurance fund, and what it has taken over with it.

        None where it has never taken anything over.
        """
        house = self._state.house_account
        return None if house is None else views.account_view(self._state, house, asset)

    def unified_view(
        self, account: str, marks: dict[str, MarkPrice] | None = None
    ) -> UnifiedView | None:
        """A unified account as a whole; None of one whose assets stand each by itself."""
        state = self._state
        return views.unified_view(state, state.account_of[account], self._as_if(marks))

    def portfolio_view(
        self, account: str, asset: str, marks: dict[str, MarkPrice] | None = None
    ) -> tuple[PortfolioUnit, ...]:
        """What maintenance margin of a portfolio is made of; empty in another mode.

        Of a unified account it is the whole account's, in its accounting currency.
        """
        pool = self._state.account_of[account].pools.get(asset)
        if pool is None or pool.portfolio is None:
            return ()
        return breakdown(Scope(self._state, pool, None, self._as_if(marks)))

    def common_move(self, account: str, asset: str) -> tuple[Rate | None, Rate | None]:
        """How far all marks must fall, or rise, together to liquidate the cross positions.

        As parts of the marks; None where no such move does.
        """
        pool = self._state.account_of[account].pools.get(asset)
        if pool is None:
            return None, None
        scope = Scope(self._state, pool, None)
        fall, rise = (
            prospects.common_move(scope, rise=False),
            prospects.common_move(scope, rise=True),
        )
        return fall, rise

    def order_max(
        self,
        account: str,
        symbol: str,
        side: Side,
        price: Ticks | None = None,
        position_side: PositionSide = PositionSide.NET,
    ) -> Lots:
        """The largest order that margin allows now, at a limit or (without one) at the market."""
        state = self._state
        market = state.market_of[symbol]
        position = state.position(state.account_of[account], market.instrument, position_side)
        return prospects.order_max(state, market, position, price, buy=side is Side.BUY)

    def closing_view(
        self,
        account: str,
        symbol: str,
        lots: Lots,
        marks: dict[str, MarkPrice] | None = None,
        position_side: PositionSide = PositionSide.NET,
    ) -> ClosingView:
        """What closing `lots` of a position comes to at its bankruptcy price.  See account_view."""
        position = self._held(account, symbol, position_side)
        return prospects.closing_view(self._state, position, lots, self._as_if(marks))

    def queue_view(
        self, account: str, symbol: str, position_side: PositionSide = PositionSide.NET
    ) -> QueueView:
        """An open position's place in the deleveraging queue.  KeyError where there is none."""
        position = self._held(account, symbol, position_side)
        return prospects.queue_view(self._state, self._state.market_of[symbol], position)

    def market_view(self, symbol: str) -> MarketView:
        """A contract's prices, and what it asks as margin now."""
        return prospects.market_view(self._state, self._state.market_of[symbol])

    def funding_view(self, symbol: str) -> FundingView:
        """A contract's funding in the interval under way."""
        return prospects.funding_view(self._state, self._state.market_of[symbol])

    def fund_view(self, symbol: str) -> FundView:
        """The insurance fund that stands behind a contract, and how it fared."""
        return prospects.fund_view(self._state, self._state.market_of[symbol].insurance)

    def _as_if(self, marks: dict[str, MarkPrice] | None) -> Marks | None:
        if marks is None:
            return None
        numbers = {self._state.market_of[s].instrument.index: price for s, price in marks.items()}
        return self._state.marks.changed(numbers)

    def _held(self, account: str, symbol: str, side: PositionSide) -> Position:
        settle = self._state.market_of[symbol].instrument.settle
        position = self._state.account_of[account].pools[settle].position(symbol, side)
        if position is None or position.size == 0:
            raise KeyError(f"{account} holds no {symbol}")
        return position

    def book_view(self, symbol: str, depth: int, earlier: BookView | None = None) -> BookView:
        """The best `depth` levels of each side.

        `earlier`: a view from before, to share what has not changed with.
        """
        return views.book_view(self._state.market_of[symbol], depth, earlier)

    def book_changes(self, symbol: str) -> int:
        """A number that stays the same as long as the book does."""
        return int(self._state.market_of[symbol].book.changes)

    def history_quote(self, symbol: str) -> tuple[Ticks, Lots, Ticks, Lots]:
        """History's own best bid and ask (price, size, price, size); zeros where it shows none."""
        book = self._state.market_of[symbol].book
        bid, ask = history.quote(book, book.bids), history.quote(book, book.asks)
        return (*bid, *ask)

    def mark_price(self, symbol: str) -> MarkPrice | None:
        """The mark price in force."""
        return views.mark_view(self._state, self._state.market_of[symbol])

    def open_interest(self, symbol: str) -> Lots:
        """The sum of all long positions, history's included; that of the shorts is the same."""
        return self._state.market_of[symbol].open_interest

    def balances(self, asset: str) -> dict[str, Money]:
        """Every ledger account of one asset by name; they sum to zero."""
        return self._state.ledger.of(asset)

    def fund_balances(self, asset: str) -> dict[str, Money]:
        """The venue's own ledger accounts of an asset by name; none where nothing settles in it."""
        funds = self._state.funds.get(asset)
        return {} if funds is None else funds.balances()

    def moved(self, asset: str) -> dict[str, Money]:
        """Net money moved so far, by reason."""
        return self._state.ledger.moved(asset)

    def check(self) -> None:
        """Assert every invariant of the state: money, positions, books, orders, margin."""
        invariants.check(self._state)

    def check_money(self) -> None:
        """Assert that no money was made or lost."""
        self._state.ledger.check_total()

    def digest(self) -> str:
        """A hash of the whole state: equal states, equal digests."""
        digest = blake2b(digest_size=16)
        for line in lines(self._state):
            digest.update(line.encode())
            digest.update(b"\n")
        return digest.hexdigest()


def batch(state: State, command: Batch) -> Refusal | None:
    """Carry out several commands of one account in turn, each with all that follows from it."""
    account, most = account_named(state, command.account), state.rulebook.limits.batch_max
    if isinstance(account, Refusal):
        return account
    count = len(command.items)
    if not 1 <= count <= most:
        return Refusal(Reject.BAD_BATCH, f"items were {count}, expected 1 to {most}")
    for item in command.items:
        if item.account != command.account:
            detail = f"account of an item was {item.account!r}, expected {command.account!r}"
            return Refusal(Reject.BAD_BATCH, detail)
    for item in command.items:
        refusal = HANDLERS[type(item)](state, item)
        if refusal is not None:
            state.emit(rejection(item, refusal, state.now))
        finish(state)
    return None


HANDLERS[Batch] = batch


def rejection(command: Command, refusal: Refusal, at: Nanos) -> CommandRejected:
    """A refusal as the event that answers the command."""
    return rejected(
        at,
        type(command).__name__,
        refusal,
        getattr(command, "account", ""),
        getattr(command, "ref", 0),
        getattr(command, "symbol", ""),
    )


def rejected(
    at: Nanos, command: str, refusal: Refusal, account: str, ref: int = 0, symbol: str = ""
) -> CommandRejected:
    """The same, of a command of which only this is known."""
    return CommandRejected(
        at=at,
        command=command,
        reason=refusal.reason,
        detail=refusal.detail,
        account=account,
        ref=ref,
        symbol=symbol,
    )
