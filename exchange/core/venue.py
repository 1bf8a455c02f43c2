"""The venue: commands in, events out.  The only door to the state of the exchange."""

from collections.abc import Callable
from hashlib import blake2b

from exchange.core import history, invariants, orders, terms, views
from exchange.core.accounts import Account
from exchange.core.admission import Refusal, trial_at, unaffordable
from exchange.core.book import Order
from exchange.core.instrument import Instrument
from exchange.core.ledger import Reason
from exchange.core.liquidation import settle_touched
from exchange.core.matching import cancel_all, fit_reduce_only, side_of
from exchange.core.messages import (
    HISTORY,
    AccountOpened,
    AccountView,
    AdjustMargin,
    AmendOrder,
    BlockTrade,
    BookView,
    CancelAll,
    CancelOrder,
    Command,
    CommandRejected,
    ComputeMarkPrice,
    Deposit,
    Deposited,
    Event,
    FundingRateChanged,
    IndexPriceChanged,
    InstrumentListed,
    ListInstrument,
    MarkPriceChanged,
    OpenAccount,
    OrderFilled,
    PlaceOrder,
    RecordedTrade,
    Reject,
    SetLeverage,
    SetMarginMode,
    Side,
    Traded,
    TradeKind,
    UpdateDepth,
    UpdateFundingRate,
    UpdateIndexPrice,
    UpdateMarkPrice,
    Withdraw,
    Withdrawn,
)
from exchange.core.replay import recorded_trade, update_depth
from exchange.core.rules import Rulebook
from exchange.core.settlement import settle
from exchange.core.state import Market, State
from exchange.core.units import Lots, MarkPrice, Money, Nanos, Ticks, UnitError


class Venue:
    """A derivatives venue under one rulebook.

    State is a pure function of the commands applied: same commands, same events, to the byte.
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self._state = State(rulebook)
        self._handlers: dict[type[Command], Callable[[Command], Refusal | None]] = {
            ListInstrument: self._list_instrument,
            OpenAccount: self._open_account,
            Deposit: self._deposit,
            Withdraw: self._withdraw,
            PlaceOrder: self._place,
            AmendOrder: self._amend,
            CancelOrder: self._cancel,
            CancelAll: self._cancel_all,
            SetLeverage: self._set_leverage,
            SetMarginMode: self._set_margin_mode,
            AdjustMargin: self._adjust_margin,
            BlockTrade: self._block_trade,
            UpdateMarkPrice: self._update_mark,
            UpdateIndexPrice: self._update_index,
            UpdateFundingRate: self._update_funding,
            ComputeMarkPrice: self._compute_mark,
            UpdateDepth: self._update_depth,
            RecordedTrade: self._recorded_trade,
        }

    # ------------------------------------------------------------------------ the door

    def apply(self, command: Command) -> list[Event]:
        """Carry out one command and whatever follows from it, liquidations included.

        A refused command answers CommandRejected and changes nothing.
        """
        state = self._state
        events: list[Event] = []
        state.events = events
        if command.at < state.now:
            detail = f"at was {command.at}, expected {state.now} or later"
            events.append(
                rejection(command, Refusal(Reject.TIME_GOES_BACKWARDS, detail), state.now)
            )
            return events
        before, state.now = state.now, command.at
        refusal = self._handlers[type(command)](command)
        if refusal is not None:
            state.now = before
            events.append(rejection(command, refusal, command.at))
            return events
        if state.touched:
            settle_touched(state)
        for market in state.markets:
            state.publish_quote(market)
        return events

    # -------------------------------------------------------------------------- views

    @property
    def now(self) -> Nanos:
        """Venue time: that of the last command carried out."""
        return self._state.now

    @property
    def instruments(self) -> dict[str, Instrument]:
        """Listed contracts by symbol."""
        return {m.instrument.symbol: m.instrument for m in self._state.markets}

    def account_names(self) -> list[str]:
        """Traders, in order of admission; HISTORY is not among them."""
        return list(self._state.account_of)

    def account_view(self, account: str, asset: str) -> AccountView:
        """An account's margin in one settlement asset.  KeyError where there is no such account."""
        return views.account_view(self._state, self._state.account_of[account], asset)

    def book_view(self, symbol: str, depth: int) -> BookView:
        """The best `depth` levels of each side."""
        return views.book_view(self._state.market_of[symbol], depth)

    def history_quote(self, symbol: str) -> tuple[Ticks, Lots, Ticks, Lots]:
        """History's own best bid and ask (price, size, price, size); zeros where it shows none."""
        book = self._state.market_of[symbol].book
        bid, ask = history.best(book.bids), history.best(book.asks)
        return (
            bid.price if bid else 0,
            bid.history if bid else 0,
            ask.price if ask else 0,
            ask.history if ask else 0,
        )

    def mark_price(self, symbol: str) -> MarkPrice | None:
        """The mark price in force."""
        return views.mark_view(self._state, self._state.market_of[symbol])

    def open_interest(self, symbol: str) -> Lots:
        """The sum of all long positions, history's included; that of the shorts is the same."""
        market = self._state.market_of[symbol]
        longs = sum(p.size for p in market.holders.values() if p.size > 0)
        return longs + max(0, market.history_size)

    def balances(self, asset: str) -> dict[str, Money]:
        """Every ledger account of one asset by name; they sum to zero."""
        return self._state.ledger.of(asset)

    def fund_balances(self, asset: str) -> dict[str, Money]:
        """The venue's own ledger accounts of an asset by name; none where nothing settles in it."""
        funds = self._state.funds.get(asset)
        return {} if funds is None else funds.balances(self._state.ledger)

    def moved(self, asset: str) -> dict[str, Money]:
        """Net money moved so far, by reason."""
        moved = self._state.ledger.moved
        return {str(reason): amount for (owned, reason), amount in moved.items() if owned == asset}

    def check(self) -> None:
        """Assert every invariant of the state: money, positions, books, orders, margin."""
        invariants.check(self._state)

    def check_money(self) -> None:
        """Assert that no money was made or lost."""
        self._state.ledger.check_total()

    def digest(self) -> str:
        """A hash of the whole state: equal states, equal digests."""
        digest = blake2b(digest_size=16)
        for line in views.lines(self._state):
            digest.update(line.encode())
            digest.update(b"\n")
        return digest.hexdigest()

    # ---------------------------------------------------------------------- finding

    def _account(self, name: str) -> Account | Refusal:
        if name == HISTORY:
            return Refusal(Reject.RESERVED_ACCOUNT, f"{HISTORY} belongs to the venue")
        account = self._state.account_of.get(name)
        if account is None:
            return Refusal(Reject.UNKNOWN_ACCOUNT, f"there is no account {name!r}")
        return account

    def _market(self, symbol: str) -> Market | Refusal:
        market = self._state.market_of.get(symbol)
        if market is None:
            return Refusal(Reject.UNKNOWN_INSTRUMENT, f"there is no instrument {symbol!r}")
        return market

    # ------------------------------------------------------------ instruments, money

    def _list_instrument(self, command: Command) -> Refusal | None:
        assert isinstance(command, ListInstrument)
        state, rules = self._state, command.rules
        if rules.symbol in state.market_of:
            return Refusal(Reject.INSTRUMENT_EXISTS, f"{rules.symbol} is listed already")
        unit = state.units.get(rules.settle, rules.money_unit)
        if unit != rules.money_unit:
            detail = f"{rules.symbol} money_unit was {rules.money_unit}, expected {unit} as before"
            return Refusal(Reject.BAD_INSTRUMENT, detail)
        try:
            state.list_instrument(rules)
        except UnitError as error:
            return Refusal(Reject.BAD_INSTRUMENT, str(error))
        state.emit(InstrumentListed(at=state.now, symbol=rules.symbol, rules=rules))
        return None

    def _open_account(self, command: Command) -> Refusal | None:
        assert isinstance(command, OpenAccount)
        state, name = self._state, command.account
        if name == HISTORY or not name:
            return Refusal(Reject.RESERVED_ACCOUNT, f"account was {name!r}, which is reserved")
        if name in state.account_of:
            return Refusal(Reject.ACCOUNT_EXISTS, f"account {name!r} is open already")
        state.open_account(name)
        state.emit(AccountOpened(at=state.now, account=name))
        return None

    def _deposit(self, command: Command) -> Refusal | None:
        assert isinstance(command, Deposit)
        state = self._state
        account = self._account(command.account)
        refusal = self._bad_amount(command.asset, command.amount)
        if isinstance(account, Refusal) or refusal is not None:
            return account if isinstance(account, Refusal) else refusal
        pool = state.pool(account, command.asset)
        outside = state.funds[command.asset].outside
        state.ledger.transfer(outside, pool.wallet, command.amount, Reason.DEPOSIT)
        state.touch(pool)
        state.emit(
            Deposited(
                at=state.now,
                account=command.account,
                ref=command.ref,
                asset=command.asset,
                amount=command.amount,
                wallet=state.wallet(pool),
            )
        )
        return None

    def _withdraw(self, command: Command) -> Refusal | None:
        assert isinstance(command, Withdraw)
        state = self._state
        account = self._account(command.account)
        refusal = self._bad_amount(command.asset, command.amount)
        if isinstance(account, Refusal) or refusal is not None:
            return account if isinstance(account, Refusal) else refusal
        pool = account.pools.get(command.asset)
        free = state.margin(pool).withdrawable if pool is not None else 0
        if pool is None or command.amount > free:
            detail = f"amount was {command.amount} units, expected {free} at most"
            return Refusal(Reject.INSUFFICIENT_MARGIN, detail)
        outside = state.funds[command.asset].outside
        state.ledger.transfer(pool.wallet, outside, command.amount, Reason.WITHDRAWAL)
        state.touch(pool)
        state.emit(
            Withdrawn(
                at=state.now,
                account=command.account,
                ref=command.ref,
                asset=command.asset,
                amount=command.amount,
                wallet=state.wallet(pool),
            )
        )
        return None

    def _bad_amount(self, asset: str, amount: Money) -> Refusal | None:
        if asset not in self._state.funds:
            return Refusal(Reject.UNKNOWN_INSTRUMENT, f"no instrument settles in {asset!r}")
        if amount <= 0:
            return Refusal(
                Reject.AMOUNT_NOT_POSITIVE, f"amount was {amount} units, expected 1 or more"
            )
        return None

    # ------------------------------------------------------------------------- orders

    def _place(self, command: Command) -> Refusal | None:
        assert isinstance(command, PlaceOrder)
        account, market = self._account(command.account), self._market(command.symbol)
        if isinstance(account, Refusal):
            return account
        if isinstance(market, Refusal):
            return market
        return orders.place(self._state, account, market, command)

    def _amend(self, command: Command) -> Refusal | None:
        assert isinstance(command, AmendOrder)
        account = self._account(command.account)
        if isinstance(account, Refusal):
            return account
        return orders.amend(self._state, account, command)

    def _cancel(self, command: Command) -> Refusal | None:
        assert isinstance(command, CancelOrder)
        account = self._account(command.account)
        if isinstance(account, Refusal):
            return account
        return orders.cancel_one(self._state, account, command)

    def _cancel_all(self, command: Command) -> Refusal | None:
        assert isinstance(command, CancelAll)
        account = self._account(command.account)
        if isinstance(account, Refusal):
            return account
        market = self._market(command.symbol) if command.symbol else None
        if isinstance(market, Refusal):
            return market
        cancel_all(self._state, account, market, command.reason)
        return None

    def _block_trade(self, command: Command) -> Refusal | None:
        assert isinstance(command, BlockTrade)
        market = self._market(command.symbol)
        if isinstance(market, Refusal):
            return market
        if command.size <= 0:
            return Refusal(
                Reject.SIZE_NOT_POSITIVE, f"size was {command.size} lots, expected 1 or more"
            )
        if command.price <= 0:
            return Refusal(
                Reject.PRICE_NOT_POSITIVE, f"price was {command.price} ticks, expected 1 or more"
            )
        buys = command.side is Side.BUY
        sides = ((command.account, buys), (command.counterparty, not buys))
        if command.account == command.counterparty:
            return Refusal(Reject.RESERVED_ACCOUNT, f"{command.account!r} cannot be both sides")
        for name, buy in sides:
            refusal = self._refuse_block(name, market, command, buy=buy)
            if refusal is not None:
                return refusal
        self._carry_out_block(market, command, sides)
        return None

    def _refuse_block(
        self, name: str, market: Market, command: BlockTrade, *, buy: bool
    ) -> Refusal | None:
        if name == HISTORY:
            return None
        state = self._state
        account = self._account(name)
        if isinstance(account, Refusal):
            return account
        position = state.position(account, market.instrument)
        if state.mark_of(position) == 0:
            return Refusal(Reject.NO_MARK_PRICE, f"{command.symbol} has no mark price yet")
        order = Order(0, account.index, market.instrument.index, buy, command.price, command.size)
        trial = trial_at(position, command.size, command.price, buy=buy)
        return unaffordable(state, position, order, trial, fee_rate=0, agreed=True)

    def _carry_out_block(
        self, market: Market, command: BlockTrade, sides: tuple[tuple[str, bool], ...]
    ) -> None:
        state = self._state
        state.emit(
            Traded(
                at=state.now,
                symbol=command.symbol,
                side=command.side,
                price=command.price,
                size=command.size,
                kind=TradeKind.BLOCK,
            )
        )
        for name, buy in sides:
            account = state.accounts[0] if name == HISTORY else state.account_of[name]
            lots = command.size if buy else -command.size
            settled = settle(state, market, account, lots, command.price, 0)
            if name == HISTORY:
                continue
            state.emit(
                OrderFilled(
                    at=state.now,
                    account=name,
                    order_id=0,
                    symbol=command.symbol,
                    side=side_of(buy=buy),
                    price=command.price,
                    size=command.size,
                    open_size=0,
                    maker=False,
                    fee=settled.fee,
                    realised_pnl=settled.realised,
                    position=settled.position,
                    kind=TradeKind.BLOCK,
                )
            )
            fit_reduce_only(state, market, account)

    # -------------------------------------------------------------------------- terms

    def _set_leverage(self, command: Command) -> Refusal | None:
        assert isinstance(command, SetLeverage)
        account, market = self._account(command.account), self._market(command.symbol)
        if isinstance(account, Refusal):
            return account
        if isinstance(market, Refusal):
            return market
        return terms.set_leverage(self._state, account, market, command)

    def _set_margin_mode(self, command: Command) -> Refusal | None:
        assert isinstance(command, SetMarginMode)
        account, market = self._account(command.account), self._market(command.symbol)
        if isinstance(account, Refusal):
            return account
        if isinstance(market, Refusal):
            return market
        return terms.set_margin_mode(self._state, account, market, command)

    def _adjust_margin(self, command: Command) -> Refusal | None:
        assert isinstance(command, AdjustMargin)
        account, market = self._account(command.account), self._market(command.symbol)
        if isinstance(account, Refusal):
            return account
        if isinstance(market, Refusal):
            return market
        return terms.adjust_margin(self._state, account, market, command)

    # ------------------------------------------------------------------------- prices

    def _update_mark(self, command: Command) -> Refusal | None:
        assert isinstance(command, UpdateMarkPrice)
        market = self._market(command.symbol)
        if isinstance(market, Refusal):
            return market
        if command.price <= 0:
            return not_a_price(command.price)
        self._set_mark(market, command.price)
        return None

    def _set_mark(self, market: Market, mark: MarkPrice) -> None:
        """Measure margin at a new mark: whoever it endangers is looked at."""
        state, number = self._state, market.instrument.index
        if mark == state.marks.prices[number]:
            return
        state.marks.prices[number] = mark
        state.emit(MarkPriceChanged(at=state.now, symbol=market.instrument.symbol, price=mark))
        for pool in state.monitor.endangered(number, mark):
            state.touch(pool)

    def _update_index(self, command: Command) -> Refusal | None:
        assert isinstance(command, UpdateIndexPrice)
        market = self._market(command.symbol)
        if isinstance(market, Refusal):
            return market
        if command.price <= 0:
            return not_a_price(command.price)
        model = market.model
        model.index_at = self._state.now
        if command.price != model.index:
            model.index = command.price
            self._state.emit(
                IndexPriceChanged(at=self._state.now, symbol=command.symbol, price=command.price)
            )
        return None

    def _update_funding(self, command: Command) -> Refusal | None:
        assert isinstance(command, UpdateFundingRate)
        market = self._market(command.symbol)
        if isinstance(market, Refusal):
            return market
        model = market.model
        model.rate, model.next_at, model.interval = command.rate, command.next_at, command.interval
        self._state.emit(
            FundingRateChanged(
                at=self._state.now,
                symbol=command.symbol,
                rate=command.rate,
                next_at=command.next_at,
            )
        )
        return None

    def _compute_mark(self, command: Command) -> Refusal | None:
        assert isinstance(command, ComputeMarkPrice)
        market = self._market(command.symbol)
        if isinstance(market, Refusal):
            return market
        model, now = market.model, self._state.now
        if model.is_stale(now):
            return Refusal(
                Reject.NO_INDEX_PRICE, f"{command.symbol} has no index price, or only a stale one"
            )
        bid, _, ask, _ = market.book.top()
        model.sample(bid, ask, market.instrument.subticks)
        self._set_mark(market, model.price(now, market.last_mark()))
        return None

    # ------------------------------------------------------------------------ history

    def _update_depth(self, command: Command) -> Refusal | None:
        assert isinstance(command, UpdateDepth)
        market = self._market(command.symbol)
        if isinstance(market, Refusal):
            return market
        for price, size in command.bids + command.asks:
            if price <= 0:
                return not_a_price(price)
            if size < 0:
                return Refusal(
                    Reject.SIZE_NOT_POSITIVE, f"size was {size} lots, expected 0 or more"
                )
        crossing = history.crossed(
            market.book, command.bids, command.asks, snapshot=command.snapshot
        )
        if crossing is not None:
            bid, ask = (market.instrument.price_text(price) for price in crossing)
            detail = f"best bid would be {bid}, best ask {ask}"
            return Refusal(Reject.HISTORY_CROSSED, detail)
        update_depth(self._state, market, command)
        return None

    def _recorded_trade(self, command: Command) -> Refusal | None:
        assert isinstance(command, RecordedTrade)
        market = self._market(command.symbol)
        if isinstance(market, Refusal):
            return market
        if command.price <= 0:
            return not_a_price(command.price)
        if command.size <= 0:
            return Refusal(
                Reject.SIZE_NOT_POSITIVE, f"size was {command.size} lots, expected 1 or more"
            )
        recorded_trade(self._state, market, command)
        return None


def not_a_price(price: int) -> Refusal:
    """The refusal of a price of nothing or less."""
    return Refusal(Reject.PRICE_NOT_POSITIVE, f"price was {price}, expected more than 0")


def rejection(command: Command, refusal: Refusal, at: Nanos) -> CommandRejected:
    """A refusal as the event that answers the command."""
    return CommandRejected(
        at=at,
        command=type(command).__name__,
        reason=refusal.reason,
        detail=refusal.detail,
        account=getattr(command, "account", ""),
        ref=getattr(command, "ref", 0),
        symbol=getattr(command, "symbol", ""),
    )
