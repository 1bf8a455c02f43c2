"""W2's market and strategy for nautilus_trader, whose events are objects of its own."""

from collections.abc import Iterator
from typing import Any

import pandas as pd  # type: ignore[import-untyped]
from nautilus_trader.backtest.engine import (  # type: ignore[import-not-found]
    BacktestEngine,
    BacktestEngineConfig,
)
from nautilus_trader.config import (  # type: ignore[import-not-found]
    LoggingConfig,
    RiskEngineConfig,
    StrategyConfig,
)
from nautilus_trader.model.currencies import USDT  # type: ignore[import-not-found]
from nautilus_trader.model.data import (  # type: ignore[import-not-found]
    BookOrder,
    OrderBookDelta,
    TradeTick,
)
from nautilus_trader.model.enums import (  # type: ignore[import-not-found]
    AccountType,
    AggressorSide,
    BookAction,
    BookType,
    OmsType,
    OrderSide,
)
from nautilus_trader.model.identifiers import TradeId, Venue  # type: ignore[import-not-found]
from nautilus_trader.model.objects import Money, Price, Quantity  # type: ignore[import-not-found]
from nautilus_trader.test_kit.providers import (  # type: ignore[import-not-found]
    TestInstrumentProvider,
)
from nautilus_trader.trading.strategy import Strategy  # type: ignore[import-not-found]

from exchange.core.columns import ASK, BID, BUY, MARK
from tools.bench.market import Rows

TICK = 0.5
MONEY = 1_000_000
LAST = 128
"""Flag of a delta that ends its update."""


class Quoter(Strategy):  # type: ignore[misc]
    """Keep one bid and one ask at the touch."""

    def __init__(self, instrument: Any, pause: int, inventory: int) -> None:  # noqa: ANN401
        super().__init__(StrategyConfig(strategy_id="Q-1"))
        self.instrument, self.pause, self.inventory = instrument, pause, inventory
        self.bid: Any = None
        self.ask: Any = None
        self.before: Any = None
        self.calls = self.sent = self.fills = 0

    def on_start(self) -> None:
        """Ask for what a strategy needs."""
        self.subscribe_order_book_deltas(self.instrument.id, BookType.L2_MBP)
        self.subscribe_trade_ticks(self.instrument.id)
        if self.pause:
            every = pd.Timedelta(self.pause, unit="ns")
            self.clock.set_timer("quote", every, callback=lambda _: self.quote())

    def on_order_book_deltas(self, _deltas: object) -> None:
        """The book changed."""
        if not self.pause:
            self.quote()

    def on_order_filled(self, _event: object) -> None:
        """An order traded."""
        self.fills += 1

    def quote(self) -> None:
        """Replace what no longer stands at the touch."""
        self.calls += 1
        book = self.cache.order_book(self.instrument.id)
        bid, ask = book.best_bid_price(), book.best_ask_price()
        held = self.portfolio.net_position(self.instrument.id)
        moment = (bid, ask, held, self.fills)
        if bid is None or ask is None or moment == self.before:
            return
        self.before = moment
        self.bid = self.kept(self.bid, OrderSide.BUY, bid, may=held < self.inventory)
        self.ask = self.kept(self.ask, OrderSide.SELL, ask, may=held > -self.inventory)

    def kept(self, order: Any, side: Any, price: Any, *, may: bool) -> Any:  # noqa: ANN401
        """The order of a side: as it is, or a new one."""
        if order is not None and not order.is_closed:
            if order.price == price:
                return order
            self.cancel_order(order)
        if not may:
            return None
        self.sent += 1
        order = self.order_factory.limit(
            self.instrument.id, side, Quantity(1, 3), price, post_only=True
        )
        self.submit_order(order)
        return order


def prepared(rows: Rows, pause: int, inventory: int) -> tuple[Any, Quoter]:
    """An engine with its data, and the strategy in it."""
    config = BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True)
    )
    engine, instrument = BacktestEngine(config), TestInstrumentProvider.btcusdt_perp_binance()
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(MONEY, USDT)],
        book_type=BookType.L2_MBP,
        trade_execution=True,
    )
    engine.add_instrument(instrument)
    engine.add_data(list(events(rows, instrument.id)))
    quoter = Quoter(instrument, pause, inventory)
    engine.add_strategy(quoter)
    return engine, quoter


def events(rows: Rows, instrument_id: Any) -> Iterator[Any]:  # noqa: ANN401
    """The market's rows; marks are not for it."""
    for number, (at, kind, ticks, lots) in enumerate(zip(*rows, strict=True)):
        price, size = Price(ticks * TICK, 1), Quantity(lots, 3)
        if kind in (BID, ASK):
            side = OrderSide.BUY if kind == BID else OrderSide.SELL
            action = BookAction.UPDATE if lots else BookAction.DELETE
            order = BookOrder(side, price, size, ticks)
            yield OrderBookDelta(instrument_id, action, order, LAST, number, at, at)
        elif kind != MARK:
            taker = AggressorSide.BUYER if kind == BUY else AggressorSide.SELLER
            yield TradeTick(instrument_id, price, size, taker, TradeId(str(number)), at, at)
