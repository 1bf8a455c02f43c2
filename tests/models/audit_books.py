"""Auditors of a recorded session: money, positions, the book and its orders.

Each reads turn after turn and fails at the first that breaks its rule.  Nothing is computed as the
venue does.
"""

from collections import defaultdict
from fractions import Fraction
from math import floor

from exchange.core.messages import (
    HOUSE,
    CollateralExchanged,
    CommandRejected,
    Deposited,
    Event,
    FundingPaid,
    InstrumentListed,
    InsuranceFundPaid,
    InterestPaid,
    LeftoverTaken,
    LiquidationFeeCharged,
    LossUncovered,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    PlaceOrder,
    PositionDeleveraged,
    PositionSide,
    Side,
    TradeKind,
    Withdrawn,
)
from exchange.core.policies import FundScope
from tests.models.follower import Follower
from tests.models.play import Play, Positions, Turn
from tests.models.statement import Statement

FUND = "insurance fund"


class Money:
    """All that there is, is what was brought in and not taken out."""

    def __init__(self, play: Play) -> None:
        self.play, self.positions = play, Positions(play)
        self.brought: dict[str, int] = defaultdict(int)
        self.funds: dict[str, int] = defaultdict(int)
        self.fees: dict[str, int] = defaultdict(int)
        self.exchanged: dict[str, int] = defaultdict(int)
        self.interest: dict[str, int] = defaultdict(int)

    def read(self, turn: Turn) -> None:
        for event in turn.events:
            self.positions.note(event)
            self._note(event)
        for asset, balances in turn.after.balances.items():
            inside = sum(amount for name, amount in balances.items() if name != "outside")
            assert inside == self.brought[asset] == -balances["outside"]
            assert balances["fees"] == self.fees[asset]
            assert balances.get("conversion", 0) == self.exchanged[asset]
            assert balances.get("interest", 0) == self.interest[asset]
            self._held(turn, asset, balances)
            fund = sum(amount for name, amount in balances.items() if name.startswith(FUND))
            assert fund == self.funds[asset] + self.positions.taken_over[asset]

    def _list(self, event: InstrumentListed) -> None:
        """A fund is opened with the first contract of an asset, or with each contract."""
        rules, asset = self.play.rulebook.liquidation, event.rules.settle
        apart = rules.fund_scope is FundScope.PER_CONTRACT
        if apart or asset not in self.funds:
            opening = Fraction(self.play.rulebook.insurance_fund[asset])
            units = int(opening / Fraction(event.rules.money_unit))
            self.brought[asset] += units
            self.funds[asset] += units

    def _note(self, event: Event) -> None:  # noqa: C901 (a table of cases)
        match event:
            case InstrumentListed():
                self._list(event)
            case Deposited():
                self.brought[event.asset] += event.amount
            case Withdrawn():
                self.brought[event.asset] -= event.amount
            case OrderFilled():
                asset = self.play.contracts[event.symbol].asset
                self.fees[asset] += event.fee
                self.funds[asset] += event.realised_pnl if event.account == HOUSE else 0
            case LossUncovered() if event.account == HOUSE:
                self.funds[event.asset] += event.amount  # a unit of rounding, where it fails itself
            case PositionDeleveraged() if event.account == HOUSE:
                self.funds[self.play.contracts[event.symbol].asset] += event.realised_pnl
            case FundingPaid() if event.account == HOUSE:
                self.funds[self.play.contracts[event.symbol].asset] -= event.amount
            case LiquidationFeeCharged():
                self.funds[event.asset] += event.fee
            case LeftoverTaken():
                self.funds[event.asset] += event.amount
            case InsuranceFundPaid():
                self.funds[event.asset] -= event.amount
            case CollateralExchanged():
                self.exchanged[event.sold] += event.amount - event.fee
                self.fees[event.sold] += event.fee
                self.exchanged[event.bought] -= event.repaid
            case InterestPaid():
                self.interest[event.asset] += event.amount

    def _held(self, turn: Turn, asset: str, balances: dict[str, int]) -> None:
        """Wallets and buckets are the traders'; what clearing paid out, open positions cost."""
        views = [view for (_, settle), view in turn.after.views.items() if settle == asset]
        theirs = sum(v.wallet + v.reserved + sum(p.bucket for p in v.positions) for v in views)
        names = {name for name, _ in turn.after.views}
        assert theirs == sum(
            amount for name, amount in balances.items() if name.split(" ")[0] in names
        )
        costs = sum(p.cost for v in views for p in v.positions)
        for symbol, (_, history, _, own) in turn.after.apart.items():
            costs += history + own if self.play.contracts[symbol].asset == asset else 0
        assert balances["open positions"] == -costs


class Sizes:
    """Every lot that one has, another is short of; open interest is what the fills make it."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.positions = Positions(play)

    def read(self, turn: Turn) -> None:
        for event in turn.events:
            self.positions.note(event)
        for symbol, (history, _, own, _) in turn.after.apart.items():
            held = self.positions.sizes(symbol)
            viewed = {
                (name, symbol, p.position_side): p.size
                for (name, _), view in turn.after.views.items()
                for p in view.positions
                if p.symbol == symbol
            }
            assert sum(viewed.values()) + history + own == 0
            traders = {k: size for k, size in held.items() if k[0] in {k[0] for k in viewed}}
            assert traders == viewed
            assert held.get((HOUSE, symbol, PositionSide.NET), 0) == own


class OpenInterest:
    """The sum of all longs, which is that of all shorts."""

    def __init__(self, play: Play) -> None:
        self.positions = Positions(play)

    def read(self, turn: Turn) -> None:
        for event in turn.events:
            self.positions.note(event)
        for symbol, interest in turn.after.interest.items():
            sizes = self.positions.sizes(symbol).values()
            longs, shorts = sum(s for s in sizes if s > 0), -sum(s for s in sizes if s < 0)
            assert longs == shorts == interest


class Books:
    """At rest nobody bids what another asks; a level holds its orders, and none is empty."""

    def __init__(self, play: Play) -> None:
        self.followers = {symbol: Follower(symbol) for symbol in play.contracts}

    def read(self, turn: Turn) -> None:
        for symbol, book in turn.after.books.items():
            follower = self.followers[symbol]
            follower.read(turn.events)
            for side, rows in ((Side.BUY, book.bids), (Side.SELL, book.asks)):
                assert list(rows) == sorted(rows, reverse=side is Side.BUY)
                assert all(size > 0 for _, size in rows)
                if follower.order_sequence >= 0:
                    assert list(rows) == [(p, sum(q)) for p, q in follower.queues(side)]
                    assert list(rows) == follower.side(side)
            if book.bids and book.asks:
                assert book.bids[0][0] < book.asks[0][0]


class Queues:
    """Of clients' orders at one price, the one that came first trades first.

    A change of price, or a larger size, goes to the end; a smaller size keeps its place.
    """

    def __init__(self, play: Play) -> None:
        self.places: dict[tuple[str, Side, int | None], list[int]] = defaultdict(list)
        self.of: dict[int, tuple[str, Side, int | None]] = {}
        self.sizes: dict[int, int] = {}

    def read(self, turn: Turn) -> None:
        for event in turn.events:
            match event:
                case OrderAccepted():
                    self._join(event.order_id, (event.symbol, event.side, event.price))
                    self.sizes[event.order_id] = event.size
                case OrderFilled() if event.kind is TradeKind.BOOK and event.order_id in self.of:
                    queue = self.places[self.of[event.order_id]]
                    assert not event.maker or queue[0] == event.order_id, f"{event} came later"
                    self.sizes[event.order_id] = event.open_size
                    if event.open_size == 0:
                        self._leave(event.order_id)
                case OrderCancelled():
                    self._leave(event.order_id)
                case OrderAmended():
                    self._amend(event)

    def _amend(self, event: OrderAmended) -> None:
        symbol, side, price = self.of[event.order_id]
        keeps = event.price == price and event.size <= self.sizes[event.order_id]
        assert event.kept_place is keeps
        self.sizes[event.order_id] = event.size
        if not keeps:
            self._leave(event.order_id)
            self._join(event.order_id, (symbol, side, event.price))

    def _join(self, order_id: int, place: tuple[str, Side, int | None]) -> None:
        self.of[order_id] = place
        self.places[place].append(order_id)

    def _leave(self, order_id: int) -> None:
        self.places[self.of.pop(order_id)].remove(order_id)


class Orders:
    """What was ordered is filled, open or cancelled; every order is answered once and ends once."""

    def __init__(self, play: Play) -> None:
        self.open: dict[int, int] = {}
        self.ended: set[int] = set()

    def read(self, turn: Turn) -> None:
        answers = 0
        for event in turn.events:
            match event:
                case OrderAccepted():
                    assert event.order_id not in {*self.open, *self.ended}
                    self.open[event.order_id] = event.size
                    answers += 1
                case CommandRejected():
                    answers += event.command == "PlaceOrder"
                case OrderFilled() if event.kind is TradeKind.BOOK:
                    self._filled(event)
                case OrderAmended():
                    self.open[event.order_id] = event.size
                case OrderCancelled():
                    assert self.open[event.order_id] == event.open_size > 0
                    self._end(event.order_id)
        assert answers == isinstance(turn.command, PlaceOrder)
        viewed = {o.order_id: o.open_size for v in turn.after.views.values() for o in v.orders}
        assert viewed == self.open

    def _filled(self, event: OrderFilled) -> None:
        if event.order_id not in self.open:
            return  # a block trade, which no order came before
        self.open[event.order_id] -= event.size
        assert self.open[event.order_id] == event.open_size >= 0
        if event.open_size == 0:
            self._end(event.order_id)

    def _end(self, order_id: int) -> None:
        del self.open[order_id]
        self.ended.add(order_id)


class Equity:
    """Deposits, realised and unrealised PnL, less fees and funding: from the events alone."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.statement, self.positions = Statement(), Positions(play)

    def read(self, turn: Turn) -> None:
        for event in turn.events:
            realised = self.positions.note(event)
            assert realised in {None, getattr(event, "realised_pnl", None)}, f"{event}: {realised}"
        self.statement.read(turn.events)
        for (name, asset), view in turn.after.views.items():
            held = self.positions.of(name, asset)
            gains = sum(lot.gain(self.play.contracts[s]) for (s, _), lot in held.items())
            assert view.total == self.statement.money[name, asset] + gains
            costs = {(p.symbol, p.position_side): p.cost for p in view.positions}
            assert costs == {key: lot.cost for key, lot in held.items()}
            for p in view.positions:
                value = self.play.contracts[p.symbol].value(p.size)
                assert p.unrealised_pnl == floor(Fraction(value)) - p.cost
