"""How the report counts trading: round trips, fees in another asset, what expires."""

from collections.abc import Iterable

from exchange import Instrument, InstrumentRules, Tier
from exchange.core.messages import (
    Event,
    FundingPaid,
    MarkPriceChanged,
    OrderFilled,
    PositionDeleveraged,
    PositionSettled,
    PositionSide,
    Side,
    TradeKind,
)
from exchange.core.rules import ContractKind
from tools.report_page.trading import LARGEST, Traded, Trading

TIERS = (Tier(floor="0", maintenance="0.005", leverage_max=100),)
BTC = Instrument(
    0,
    InstrumentRules(symbol="BTC", settle="USD", tick_size="1", lot_size="1", money_unit="1"),
    TIERS,
)
SPOT = Instrument(
    1,
    InstrumentRules(
        symbol="ETH-SPOT", kind=ContractKind.SPOT, settle="USD", base="ETH", base_unit="0.01",
        tick_size="1", lot_size="1", money_unit="1",
    ),
    TIERS,
)  # fmt: skip


def counted(events: Iterable[Event]) -> Traded:
    """What anna did, in dollars."""
    trading = Trading({"BTC": BTC, "ETH-SPOT": SPOT}, ["anna"], first=0, last=100)
    for event in events:
        trading.observe(event)
    return trading.traded("anna", "USD")


def fill(
    size: int,
    price: int,
    position: int,
    *,
    pnl: int = 0,
    fee: int = 0,
    at: int = 1,
    maker: bool = False,
    kind: TradeKind = TradeKind.BOOK,
    side: PositionSide = PositionSide.NET,
    account: str = "anna",
) -> OrderFilled:
    """A fill; `size` below zero sells."""
    return OrderFilled(
        at=at, account=account, order_id=1, symbol="BTC", side=Side.BUY if size > 0 else Side.SELL,
        price=price, size=abs(size), open_size=0, maker=maker, fee=fee, realised_pnl=pnl,
        position=position, position_side=side, kind=kind,
    )  # fmt: skip


def test_a_round_trip_goes_from_flat_to_flat() -> None:
    """Bought in two parts, sold in two, with a fee of 1 each: 30 - 4."""
    trips = counted(
        [
            fill(1, 100, 1, fee=1),
            fill(1, 110, 2, fee=1),
            fill(-1, 120, 1, pnl=15, fee=1),
            fill(-1, 120, 0, pnl=15, fee=1),
        ]
    ).trips

    assert (trips.won, trips.lost, trips.profit, trips.best) == (1, 0, 26, 26)


def test_a_turn_to_the_other_side_ends_one_and_begins_another() -> None:
    trips = counted([fill(1, 100, 1), fill(-3, 90, -2, pnl=-10), fill(2, 85, 0, pnl=10)]).trips

    assert (trips.won, trips.lost) == (1, 1)
    assert (trips.best, trips.worst) == (10, -10)


def test_what_costs_as_much_as_it_brings_is_not_won() -> None:
    trips = counted([fill(1, 100, 1), fill(-1, 105, 0, pnl=5, fee=5)]).trips

    assert (trips.won, trips.lost) == (0, 1)


def test_an_open_position_is_no_round_trip_yet() -> None:
    trips = counted([fill(2, 100, 2), fill(-1, 90, 1, pnl=-10)]).trips

    assert (trips.won, trips.lost, trips.worst) == (0, 0, None)


def test_both_sides_of_a_hedge_are_trips_of_their_own() -> None:
    trips = counted(
        [
            fill(1, 100, 1, side=PositionSide.LONG),
            fill(-1, 100, -1, side=PositionSide.SHORT),
            fill(-1, 110, 0, pnl=10, side=PositionSide.LONG),
            fill(1, 110, 0, pnl=-10, side=PositionSide.SHORT),
        ]
    ).trips

    assert (trips.won, trips.lost) == (1, 1)


def test_auto_deleveraging_ends_a_trip_by_the_venues_force() -> None:
    adl = PositionDeleveraged(
        at=2, account="anna", symbol="BTC", against="bert", size=1, price=90, realised_pnl=10,
        rank=1, position=0,
    )  # fmt: skip
    traded = counted([fill(-1, 100, -1), adl])

    assert (traded.trips.won, traded.forced.count, traded.forced.notional) == (1, 1, 90)


def test_expiry_ends_a_trip() -> None:
    settled = PositionSettled(
        at=2, account="anna", symbol="BTC", size=1, price=0, realised_pnl=-7, fee=1
    )
    trips = counted([fill(1, 100, 1), settled]).trips

    assert (trips.lost, trips.worst) == (1, -8)


def test_a_position_that_was_brought_in_was_not_traded() -> None:
    traded = counted([fill(5, 100, 5, kind=TradeKind.BLOCK)])

    assert (traded.taker.count, traded.maker.count, traded.forced.count) == (0, 0, 0)


def test_a_maker_in_a_liquidation_was_not_forced() -> None:
    traded = counted([fill(1, 100, 1, maker=True, kind=TradeKind.LIQUIDATION)])

    assert (traded.maker.count, traded.forced.count) == (1, 0)


def test_slippage_costs_where_one_buys_above_the_mark_or_sells_below() -> None:
    mark = MarkPriceChanged(at=0, symbol="BTC", price=100 * BTC.subticks)

    assert counted([mark, fill(2, 103, 2)]).taker.slipped == 6
    assert counted([mark, fill(-2, 103, -2)]).taker.slipped == -6


def test_a_fee_in_the_asset_bought_is_counted_at_the_price_paid() -> None:
    """0.02 ETH, of which a hundredth is the unit, at 50 dollars."""
    bought = OrderFilled(
        at=1, account="anna", order_id=1, symbol="ETH-SPOT", side=Side.BUY, price=50, size=4,
        open_size=0, maker=False, fee=2, fee_asset="ETH", realised_pnl=0, position=4,
    )  # fmt: skip

    assert counted([bought]).taker.fees == 50 * 2 // 100


def test_funding_belongs_to_the_trip_that_it_was_paid_in() -> None:
    """Won 5, paid 7 of funding."""
    paid = FundingPaid(
        at=2, account="anna", symbol="BTC", size=1, rate=1, price=1, amount=7, collateral=0
    )
    traded = counted([fill(1, 100, 1), paid, fill(-1, 105, 0, pnl=5)])

    assert (traded.funding, traded.trips.lost, traded.trips.worst) == (-7, 1, -2)


def test_others_are_not_counted() -> None:
    assert counted([fill(1, 100, 1, account="bert")]).taker.count == 0


def test_only_the_largest_fills_are_listed() -> None:
    traded = counted([fill(1, price, price, at=price) for price in range(1, 2 * LARGEST + 1)])

    assert sorted(row["price"] for *_, row in traded.largest) == [
        float(price) for price in range(LARGEST + 1, 2 * LARGEST + 1)
    ]
