"""Auto-deleveraging: who must close, in which order, at what price, and what becomes of them."""

from fractions import Fraction
from math import floor

import pytest
from msgspec import structs

from exchange.core.accounts import Position
from exchange.core.deleveraging import RANKS, price_for, queue, standing
from exchange.core.messages import (
    CancelReason,
    LiquidationStepTaken,
    MarginMode,
    OrderCancelled,
    OrderFilled,
    PositionDeleveraged,
    SetLeverage,
    Traded,
    TradeKind,
)
from exchange.core.rules import ContractKind, DeleveragingRules, Rank
from tests.stage import DOLLAR, SUBTICKS, Stage, only, rulebook


def crowd() -> Stage:
    """BTC falls from 100 to 80 for four shorts of 10 lots, against history's long."""
    it = Stage()
    it.mark("BTC", 100)
    for name, deposit, price in (
        ("calm", 10_000, 100),  # 200 of profit on much money
        ("bold", 150, 100),  # the same on little
        ("late", 150, 90),  # half of it on little
        ("wrong", 300, 75),  # a loss
    ):
        it.trader(name, deposit=deposit)
        if price == 75:
            it.mark("BTC", 80)
        elif price == 90:
            it.mark("BTC", 90)
        it.hold(name, "BTC", -10, price)
    return it


def ranked(it: Stage) -> list[str]:
    market = it.venue._state.market_of["BTC"]
    return [p.pool.account.name for p in queue(it.venue._state, market, long=False)]


# --------------------------------------------------------------------------- the queue


def test_profit_and_leverage_go_first_and_losses_last() -> None:
    assert ranked(crowd()) == ["bold", "late", "calm", "wrong"]


def test_the_score_is_profit_on_entry_times_effective_leverage() -> None:
    """Bold: 20% profit, and 800 of notional on 350 of equity."""
    it = crowd()
    state = it.venue._state
    bold, late, calm, wrong = queue(state, state.market_of["BTC"], long=False)

    assert standing(state, bold).score == 20 * 10**6 * 800 // 350
    assert standing(state, late).score == 100 * 800 * 10**8 // (900 * 250)
    assert standing(state, calm).score == 20 * 10**6 * 800 // 10_200
    assert standing(state, wrong).score == -50 * 250 * 10**8 // (750 * 800)


def test_an_isolated_position_is_measured_by_its_own_equity() -> None:
    """100 of profit on 1,000; 900 of notional on a bucket of 200 and the profit."""
    it = Stage()
    it.trader("ann", deposit=10_000)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=5))
    it.hold("ann", "BTC", -10, 100)
    it.mark("BTC", 90)
    state = it.venue._state
    (held,) = queue(state, state.market_of["BTC"], long=False)

    assert standing(state, held).score == 10 * 10**6 * 900 // 300


def test_of_losers_the_less_leveraged_lose_more_and_go_last() -> None:
    it = Stage()
    it.trader("rich", deposit=10_000)
    it.trader("poor", deposit=200)
    it.mark("BTC", 100)
    it.hold("rich", "BTC", -10, 99)
    it.hold("poor", "BTC", -10, 99)

    assert ranked(it) == ["poor", "rich"]


def test_equals_go_in_order_of_admission() -> None:
    it = Stage()
    it.trader("cat", "ann", "bob", deposit=200)
    it.mark("BTC", 100)
    for name in ("bob", "ann", "cat"):
        it.hold(name, "BTC", -10, 100)

    assert ranked(it) == ["cat", "ann", "bob"]


def test_an_isolated_position_is_as_leveraged_as_its_bucket_makes_it() -> None:
    """Rich in the wallet, and 10 times leveraged in the position."""
    it = Stage()
    it.trader("ann", "bob", deposit=1_000)
    it.mark("BTC", 100)
    it.isolate("bob", "BTC")
    it.hold("ann", "BTC", -10, 100)
    it.hold("bob", "BTC", -10, 100)
    it.mark("BTC", 90)

    assert ranked(it) == ["bob", "ann"]


# --------------------------------------------------------------------------- the ranks

COIN = {"kind": ContractKind.INVERSE, "settle": "COIN", "money_unit": "0.000001"}


def one_position(size: int, entry: int, mark: int, *, isolated: bool, inverse: bool) -> Stage:
    """Ann's position in BTC, or in coins, with numbers that do not come out even."""
    it = Stage(symbols="")
    it.enlist("BTC", **(COIN if inverse else {}))
    it.trader("ann")
    it.bring("ann", "COIN" if inverse else "USD", 207_431)
    it.mark("BTC", entry)
    if isolated:
        it.isolate("ann", "BTC")
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=3))
    it.hold("ann", "BTC", size, entry)
    it.mark("BTC", mark, 17)
    return it


def measures(it: Stage, rank: Rank) -> tuple[Fraction, Fraction]:
    """Profit and leverage as the ranking measures them."""
    listed = it.venue.instruments["BTC"]
    asset, one = listed.settle, 1 / Fraction(listed.money_unit)
    account = it.venue.account_view("ann", asset)
    (held,) = account.positions
    isolated = held.mode is MarginMode.ISOLATED
    wallet = held.bucket if isolated else account.wallet
    equity = held.bucket + held.unrealised_pnl if isolated else account.equity
    ratio = Fraction(held.maintenance_margin, equity) if equity > 0 else Fraction(0)
    equity = max(1, equity)
    value, entry, gain = Fraction(held.notional), abs(held.cost), held.unrealised_pnl
    match rank:
        case Rank.PROFIT_AND_LEVERAGE:
            return Fraction(gain, entry), value / equity
        case Rank.WALLET_PROFIT_AND_MARGIN_RATIO:
            return Fraction(max(0, gain), max(one, wallet)), ratio
        case Rank.PRICE_GAIN_AND_LEVERAGE:
            rises = (held.size > 0) != (asset == "COIN")
            return (value / entry if rises else entry / value), value / equity
        case Rank.LEVERAGED_RETURN:
            return Fraction(gain, entry), Fraction(held.leverage)
        case _:
            raise AssertionError(rank)


@pytest.mark.parametrize("rank", [rank for rank in RANKS if rank is not Rank.PSEUDO_RANDOM])
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize("size", [7, -7])
@pytest.mark.parametrize("mark", [93, 103])
def test_each_ranking_measures_profit_and_leverage(
    rank: Rank, size: int, mark: int, *, isolated: bool, inverse: bool
) -> None:
    it = one_position(size, 97, mark, isolated=isolated, inverse=inverse)
    state = it.venue._state
    (held,) = queue(state, state.market_of["BTC"], long=size > 0)

    check_standing(it, rank, held)


def check_standing(it: Stage, rank: Rank, held: Position) -> None:
    """In hundred-millionths, rounded down; so is the product of both."""
    profit, leverage = measures(it, rank)

    found = RANKS[rank](it.venue._state, held)

    assert (found.profit, found.leverage) == (floor(profit * 10**8), floor(leverage * 10**8))
    if rank is not Rank.PROFIT_AND_LEVERAGE:
        assert found.score == found.profit * found.leverage // 10**8
    elif profit > 0:
        assert found.score == floor(profit * leverage * 10**8)
    else:
        assert found.score == floor(profit / leverage * 10**8)


def test_a_wallet_counts_as_one_whole_dollar_at_least() -> None:
    """Ann's is empty: all of her money is unrealised gain."""
    it = Stage()
    it.trader("ann", deposit=100)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", -10, 100)
    it.mark("BTC", 50)
    it.hold("ann", "BTC", -10, 50)
    it.mark("ETH", 100)
    it.hold("ann", "ETH", 10, 100)
    it.mark("ETH", 90)
    it.hold("ann", "ETH", -10, 90)
    state = it.venue._state
    (held,) = queue(state, state.market_of["BTC"], long=False)
    assert it.account("ann").wallet == 0

    assert RANKS[Rank.WALLET_PROFIT_AND_MARGIN_RATIO](state, held).profit == 500 * 10**8


@pytest.mark.parametrize(
    ("size", "entry", "mark", "deposit"),
    [
        (1, 1, 2, 1),  # costs a dollar, and has won one
        (-1, 2, 1, 2),
        (1, 2, 1, 2),  # is worth a dollar, and a dollar is left behind it
        (1, 2, 1, 1),  # nothing is left
        (-1, 2, 4, 1),  # a dollar is missing
    ],
)
@pytest.mark.parametrize("rank", [rank for rank in RANKS if rank is not Rank.PSEUDO_RANDOM])
def test_the_smallest_positions_and_the_emptiest_accounts_have_a_rank(
    rank: Rank, size: int, entry: int, mark: int, deposit: int
) -> None:
    """Money is kept in whole dollars.  Whoever has none is measured as if there were one."""
    it = Stage(symbols="")
    it.enlist("BTC", money_unit="1")
    it.trader("ann")
    it.bring("ann", "USD", deposit)
    it.mark("BTC", entry)
    it.do(SetLeverage(at=it.now(), account="ann", symbol="BTC", leverage=3))
    it.hold("ann", "BTC", size, entry)
    state = it.venue._state
    state.marks.prices[0] = mark * SUBTICKS
    (held,) = queue(state, state.market_of["BTC"], long=size > 0)

    check_standing(it, rank, held)


def test_by_chance_the_queue_is_another_at_another_time() -> None:
    it = crowd()
    state = it.venue._state
    rank = RANKS[Rank.PSEUDO_RANDOM]
    holders = list(state.market_of["BTC"].holders.values())
    orders = set()
    for now in range(30):
        state.now = now
        found = [rank(state, held) for held in holders]
        assert {(standing.profit, standing.leverage) for standing in found} == {(0, 0)}
        orders.add(tuple(sorted(range(4), key=lambda i: found[i].score)))

    assert len(orders) > 10


@pytest.mark.parametrize(
    ("size", "bankruptcy", "mark", "found"),
    [
        (1, 90, 94_50, 90),  # 4.76% off
        (1, 90, 95_00, 95),  # 5.26%
        (1, 95, 100_00, 95),  # 5%, which is not more
        (1, 90, 95_70, 95),  # the mark, down to a tick for who sells
        (-1, 110, 105_00, 110),
        (-1, 110, 104_30, 105),  # and up to a tick for who buys
        (1, 5, 40, 1),
    ],
)
def test_a_bankruptcy_price_too_far_from_the_mark_gives_way_to_it(
    size: int, bankruptcy: int, mark: int, found: int
) -> None:
    assert deleveraging_price("0.05", size, bankruptcy, mark) == found


def test_the_price_may_be_bound_to_the_mark_as_closely_as_can_be() -> None:
    """Within a hundred-millionth."""
    assert deleveraging_price("0.00000001", 1, bankruptcy=90, mark=100_00) == 100


def deleveraging_price(deviation_max: str, size: int, bankruptcy: int, mark: int) -> int:
    """In ticks, of a position with a bankruptcy price in ticks, at a mark in cents."""
    rules = DeleveragingRules(deviation_max=deviation_max)
    liquidation = structs.replace(rulebook().liquidation, deleveraging=rules)
    it = Stage(structs.replace(rulebook(), liquidation=liquidation), "BTC")
    it.trader("ann", deposit=1_000)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", size, 100)
    it.mark("BTC", 0, mark)
    state = it.venue._state
    (held,) = queue(state, state.market_of["BTC"], long=size > 0)

    return price_for(state, held, bankruptcy)


# ----------------------------------------------------------------------------- closing


def bankruptcy(*shorts: tuple[str, int], lots: int = 10) -> Stage:
    """Ann is long with 10 dollars for each lot; others are short, history for the rest."""
    it = Stage()
    it.trader("ann", deposit=10 * lots)
    it.mark("BTC", 100)
    for name, size in shorts:
        it.trader(name, deposit=10_000)
        it.hold("ann", "BTC", size, 100, other=name)
    rest = lots - sum(size for _, size in shorts)
    if rest:
        it.hold("ann", "BTC", rest, 100)
    return it


def test_the_queue_is_worked_off_until_the_position_is_closed() -> None:
    it = bankruptcy(("bob", 4), ("cat", 6))

    events = it.mark("BTC", 85)

    victims = only(events, PositionDeleveraged)
    assert [(v.rank, v.account, v.size, v.position) for v in victims] == [
        (1, "cat", 6, 0),
        (2, "bob", 4, 0),
    ]
    assert {(v.against, v.price) for v in victims} == {("ann", 90)}


def test_the_last_of_the_queue_keeps_what_is_not_needed() -> None:
    it = bankruptcy(("bob", 10))
    it.hold("bob", "BTC", -5, 100)

    (victim,) = only(it.mark("BTC", 85), PositionDeleveraged)

    assert (victim.size, victim.position) == (10, -5)
    assert it.size("bob", "BTC") == -5


def test_who_is_behind_those_that_are_needed_is_left_alone() -> None:
    """Bob has won 150 with 10,000, cat 150 with 1,000; of dan's 20 none are needed."""
    it = bankruptcy(("bob", 10))
    it.trader("cat", deposit=1_000)
    it.trader("dan", deposit=100_000)
    it.hold("cat", "BTC", -10, 100)
    it.hold("dan", "BTC", -20, 100)

    events = it.mark("BTC", 85)

    assert [(v.account, v.size) for v in only(events, PositionDeleveraged)] == [("cat", 10)]
    assert [it.size(name, "BTC") for name in ("bob", "dan")] == [-10, -20]


def test_who_is_on_the_same_side_or_flat_is_left_alone() -> None:
    it = bankruptcy(("bob", 10))
    it.trader("cat", deposit=10_000)
    it.trader("dan", deposit=10_000)
    it.hold("cat", "BTC", 10, 100)

    events = it.mark("BTC", 85)

    assert [v.account for v in only(events, PositionDeleveraged)] == ["bob"]
    assert it.size("cat", "BTC") == 10


def test_history_comes_last_and_takes_what_traders_do_not_hold() -> None:
    it = bankruptcy(("bob", 4))

    events = it.mark("BTC", 85)

    assert [(v.account, v.size) for v in only(events, PositionDeleveraged)] == [("bob", 4)]
    trades = [(t.size, t.price) for t in only(events, Traded) if t.kind is TradeKind.ADL]
    assert trades == [(4, 90), (6, 90)]
    assert it.venue.open_interest("BTC") == 0


def test_a_bankrupt_short_is_closed_against_longs() -> None:
    it = Stage()
    it.trader("ann", deposit=100)
    it.trader("bob", deposit=10_000)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", -10, 100, other="bob")

    (victim,) = only(it.mark("BTC", 115), PositionDeleveraged)

    assert (victim.account, victim.price, victim.realised_pnl) == ("bob", 110, 100 * DOLLAR)


def test_nobody_pays_a_fee_for_it() -> None:
    it = bankruptcy(("bob", 10))

    events = it.mark("BTC", 85)

    (fill,) = [f for f in only(events, OrderFilled) if f.account == "ann"]
    assert (fill.kind, fill.fee, fill.realised_pnl) == (TradeKind.ADL, 0, -100 * DOLLAR)
    assert it.balance("fees") == 0


def test_the_orders_of_a_deleveraged_position_are_cancelled() -> None:
    it = bankruptcy(("bob", 10))
    it.mark("ETH", 100)
    it.place("bob", "BTC", 5, 50)
    it.place("bob", "ETH", 5, 50)

    events = it.mark("BTC", 85)

    (cancelled,) = only(events, OrderCancelled)
    assert (cancelled.account, cancelled.reason) == ("bob", CancelReason.DELEVERAGED)
    assert [o.symbol for o in it.account("bob").orders] == ["ETH"]


def test_the_orders_may_stay_in_the_book() -> None:
    """As on dYdX."""
    rules = DeleveragingRules(cancels_orders=False)
    liquidation = structs.replace(rulebook().liquidation, deleveraging=rules)
    it = Stage(structs.replace(rulebook(), liquidation=liquidation))
    it.trader("ann", deposit=100)
    it.trader("bob", deposit=10_000)
    it.mark("BTC", 100)
    it.hold("ann", "BTC", 10, 100, other="bob")
    it.place("bob", "BTC", 5, 50)

    events = it.mark("BTC", 85)

    assert only(events, PositionDeleveraged)
    assert [o.symbol for o in it.account("bob").orders] == ["BTC"]


def test_a_step_of_the_liquidation_tells_of_it() -> None:
    it = bankruptcy(("bob", 10))

    steps = only(it.mark("BTC", 85), LiquidationStepTaken)

    assert (steps[-1].filled, steps[-1].bankruptcy_price, steps[-1].equity) == (10, 90, 0)


def test_an_isolated_victim_gets_its_bucket_back_with_its_gain() -> None:
    it = Stage()
    it.trader("ann", deposit=100)
    it.trader("bob", deposit=1_000)
    it.mark("BTC", 100)
    it.isolate("bob", "BTC")
    it.do(SetLeverage(at=it.now(), account="bob", symbol="BTC", leverage=5))
    it.hold("ann", "BTC", 10, 100, other="bob")

    it.mark("BTC", 85)

    assert it.balance("bob BTC") == 0
    assert it.account("bob").wallet == 1_100 * DOLLAR


@pytest.mark.parametrize("mark", [89, 70, 1])
def test_the_price_is_the_bankrupts_own_however_far_the_mark_has_gone(mark: int) -> None:
    it = bankruptcy(("bob", 10))

    (victim,) = only(it.mark("BTC", mark), PositionDeleveraged)

    assert victim.price == 90
    assert it.account("ann").total == 0
