"""W2: a recorded market replayed, and a strategy that keeps one bid and one ask at the touch.

Called every 100 ms, or at every moment of the record; a unit of work is a row.  All get the same
rows and the same rules: post-only orders of one lot at the record's own best prices, each replaced
when that moves, none that would take the inventory beyond ten.  No latency, no fees.  Everybody's
strategy is called as often, and looks no further where bid, ask, position and fills are unchanged.

Orders, fills and the last position must equal hftbacktest's (its risk-averse queue model: what
leaves a queue leaves from behind).  It calls a strategy once for all events of a time, so that is
what 'every moment' is.  It leaves the market as recorded where an order trades with it; here a fill
takes from the book, so sizes in this market are such that one lot more or less decides nothing.
nautilus_trader has no queue: it fills what the market trades through, so its figures may differ,
and it is given a beginning of the market only.
"""

from typing import Any, Final

from exchange import Backtest, Columns, InstrumentRules, Rulebook, Tier, Venue
from exchange.core.columns import ASK, BID, BUY, MARK, SELL
from exchange.core.messages import Deposit, ListInstrument, OpenAccount
from exchange.core.rules import Fees
from tools.bench.market import MIDDLE, market
from tools.bench.measured import Engine, Measured, Missing, timed

PAUSE: Final = 100_000_000
INVENTORY: Final = 10
TICK: Final = 0.5
NAUTILUS_MOST: Final = 50_000
"""Rows for nautilus."""


# ------------------------------------------------------------------------------- plimsoll


def opened(rows: int) -> Backtest:
    """The market in a venue of full rules, and a trader with money."""
    venue = Venue(
        Rulebook(
            name="bench",
            title="One tier, no fees",
            fees=Fees(maker="0", taker="0"),
            tiers=(Tier(floor="0", maintenance="0.005", leverage_max=100),),
            leverage_default=100,
        )
    )
    rules = InstrumentRules(
        symbol="BTC", tick_size="0.5", lot_size="1", mark_unit="0.005", money_unit="0.005"
    )
    venue.apply(ListInstrument(at=0, rules=rules))
    venue.apply(OpenAccount(at=0, account="quoter"))
    venue.apply(Deposit(at=0, account="quoter", asset="USDT", amount=10**12))
    return Backtest(venue, "BTC", "quoter", Columns(*market(rows)))


def quote(market: Backtest, pause: int) -> None:
    """The strategy, as anybody would write it: keep one bid and one ask at the touch."""
    bid_id = ask_id = my_bid = my_ask = 0
    open_orders = market.open_orders
    before: tuple[int, ...] = ()
    for moment in market.moments(pause):
        if moment is before:
            continue
        before = moment
        bid, ask, held, _ = moment
        if bid_id and bid_id not in open_orders:
            bid_id = 0
        if ask_id and ask_id not in open_orders:
            ask_id = 0
        if bid_id and my_bid != bid:
            market.cancel(bid_id)
            bid_id = 0
        if ask_id and my_ask != ask:
            market.cancel(ask_id)
            ask_id = 0
        if not bid_id and held < INVENTORY:
            my_bid, bid_id = bid, market.buy(1, bid, post_only=True)
        if not ask_id and held > -INVENTORY:
            my_ask, ask_id = ask, market.sell(1, ask, post_only=True)


def plimsoll(rows: int, *, pause: int) -> Measured:
    """`Backtest` with a strategy in plain Python."""
    market = opened(rows)
    _, nanos = timed(lambda: quote(market, pause))
    market.venue.check()
    return measured(nanos, rows, market.calls, market.sent, market.fills, market.position)


def measured(nanos: int, rows: int, *results: float) -> Measured:
    """A measurement with what must be equal."""
    names = ("calls", "sent", "fills", "position")
    answers = dict(zip(names, map(int, results), strict=True))
    facts = {name: answers[name] for name in names[1:]}
    return Measured(nanos=nanos, count=rows, answers=answers, facts=facts)


# ---------------------------------------------------------------------------- hftbacktest


def hftbacktest(rows: int, *, pause: int, roi: bool) -> Measured:
    """Hftbacktest with a strategy compiled by numba, compiled before the clock starts."""
    try:
        import hftbacktest as hft  # type: ignore[import-not-found]

        from tools.bench.w2_numba import quote
    except ImportError as error:
        raise Missing(f"pip install hftbacktest ({error})") from None

    def tester(events: Any) -> Any:  # noqa: ANN401
        asset = (
            hft.BacktestAsset()
            .data(events)
            .linear_asset(1.0)
            .constant_order_latency(0, 0)
            .risk_adverse_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(0.0, 0.0)
            .tick_size(TICK)
            .lot_size(1.0)
        )
        if roi:
            asset = asset.roi_lb(MIDDLE * TICK - 5_000).roi_ub(MIDDLE * TICK + 5_000)
            return hft.ROIVectorMarketDepthBacktest([asset])
        return hft.HashMapMarketDepthBacktest([asset])

    events = hftbacktest_events(rows)
    warm = tester(events[:1_000])
    quote(warm, pause, INVENTORY)
    warm.close()
    ready = tester(events)
    results, nanos = timed(lambda: quote(ready, pause, INVENTORY))
    ready.close()
    return measured(nanos, rows, *results)


def hftbacktest_events(rows: int) -> Any:  # noqa: ANN401
    """The market in hftbacktest's format; marks are not for it."""
    import hftbacktest as hft
    import numpy as np
    from hftbacktest.types import event_dtype  # type: ignore[import-not-found]

    everywhere = hft.EXCH_EVENT | hft.LOCAL_EVENT
    flags = np.zeros(MARK + 1, dtype="u8")
    flags[BID] = hft.DEPTH_EVENT | hft.BUY_EVENT | everywhere
    flags[ASK] = hft.DEPTH_EVENT | hft.SELL_EVENT | everywhere
    flags[BUY] = hft.TRADE_EVENT | hft.BUY_EVENT | everywhere
    flags[SELL] = hft.TRADE_EVENT | hft.SELL_EVENT | everywhere
    at, kind, price, size = (np.array(column, dtype="i8") for column in market(rows))
    told = kind != MARK
    events = np.zeros(int(told.sum()), dtype=event_dtype)
    events["ev"] = flags[kind[told]]
    events["exch_ts"] = events["local_ts"] = at[told]
    events["px"] = price[told] * TICK
    events["qty"] = size[told]
    return events


def nautilus(rows: int, *, pause: int) -> Measured:
    """nautilus_trader with its data engine, book, risk engine (bypassed) and portfolio."""
    try:
        from tools.bench.w2_nautilus import prepared
    except ImportError as error:
        raise Missing(f"pip install nautilus_trader ({error})") from None
    rows = min(rows, NAUTILUS_MOST)
    engine, quoter = prepared(market(rows), pause, INVENTORY)
    _, nanos = timed(engine.run)
    facts = {"sent": quoter.sent, "fills": quoter.fills, "of rows": rows}
    engine.dispose()
    return Measured(nanos=nanos, count=rows, facts=facts)


def engines(pause: int) -> dict[str, Engine]:
    """Everybody, with a strategy that is called after a pause; 0: at every moment."""
    return {
        "hftbacktest, vector depth": lambda rows: hftbacktest(rows, pause=pause, roi=True),
        "hftbacktest, map depth": lambda rows: hftbacktest(rows, pause=pause, roi=False),
        "plimsoll": lambda rows: plimsoll(rows, pause=pause),
        "nautilus_trader": lambda rows: nautilus(rows, pause=pause),
    }


EVERY_PAUSE = engines(PAUSE)
EVERY_MOMENT = engines(0)
