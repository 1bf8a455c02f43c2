"""From a run's events to the stories of its liquidations.

Nothing is computed again: the venue's own events are put in order.  One liquidation is carried out
within one command, so what lies between its start and its end in the journal belongs to it.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    CancelReason,
    Closing,
    Event,
    InstrumentListed,
    InsuranceFundPaid,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationStarted,
    LiquidationStepTaken,
    LossUncovered,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    PositionDeleveraged,
    PositionMargin,
    Side,
    TradeKind,
)
from exchange.core.rules import Tier
from exchange.core.units import Ticks
from tools.stories import Attempt, CancelledOrder, Deleveraging, Fill, Held, Step, Story, total

NO_TIERS: Final = (Tier(floor="0", maintenance="0", leverage_max=1),)
"""A journal does not name risk tiers, and its margins are already computed."""


class Teller:
    """Puts stories together as events come."""

    def __init__(self, instruments: Mapping[str, Instrument] | None = None) -> None:
        """`instruments` need not be known beforehand: the journal lists them."""
        self.count = 0
        self._instruments = dict(instruments or {})
        self._units = {own.settle: own.money_unit for own in self._instruments.values()}
        self._orders: dict[int, tuple[Side, Ticks]] = {}
        """Side and price of every open order of a trader."""
        self._story: Story | None = None
        self._fills: list[Fill] = []
        self._victims: list[Deleveraging] = []
        self._fee = Fraction(0)
        self._takers: dict[type[Event], Callable[[Any], Story | None]] = {
            InstrumentListed: self._listed,
            OrderAccepted: self._accepted,
            OrderAmended: self._amended,
            OrderFilled: self._filled,
            OrderCancelled: self._cancelled,
            LiquidationStarted: self._started,
            LiquidationFeeCharged: self._fee_charged,
            LiquidationStepTaken: self._step_taken,
            PositionDeleveraged: self._deleveraged,
            InsuranceFundPaid: self._fund_paid,
            LossUncovered: self._loss_uncovered,
            LiquidationEnded: self._ended,
        }

    @property
    def unfinished(self) -> Story | None:
        """The story that was being told when events stopped."""
        return self._story

    def observe(self, event: Event) -> Story | None:
        """Take an event; returns the story that ends with it."""
        take = self._takers.get(type(event))
        return None if take is None else take(event)

    # -------------------------------------------------------------- instruments, orders

    def _listed(self, event: InstrumentListed) -> None:
        own = Instrument(len(self._instruments), event.rules, NO_TIERS)
        self._instruments.setdefault(event.symbol, own)
        self._units[own.settle] = own.money_unit

    def _accepted(self, event: OrderAccepted) -> None:
        # One without a price, a market order, never rests: it is gone before anyone asks for it.
        self._orders[event.order_id] = (event.side, event.price or 0)

    def _amended(self, event: OrderAmended) -> None:
        self._orders[event.order_id] = (self._orders[event.order_id][0], event.price or 0)

    def _filled(self, event: OrderFilled) -> None:
        if event.open_size == 0:
            self._orders.pop(event.order_id, None)
        if self._story is None or event.kind not in (TradeKind.LIQUIDATION, TradeKind.ADL):
            return
        own = self._instruments[event.symbol]
        self._fills.append(
            Fill(
                price=event.price * own.tick_size,
                size=event.size * own.lot_size,
                notional=abs(own.value(event.price, event.size)) * own.money_unit,
                realised_pnl=event.realised_pnl * own.money_unit,
            )
        )

    def _cancelled(self, event: OrderCancelled) -> None:
        order = self._orders.pop(event.order_id, None)
        if self._story is None or order is None or event.reason is not CancelReason.LIQUIDATION:
            return
        own, (side, price) = self._instruments[event.symbol], order
        self._story.cancelled.append(
            CancelledOrder(
                order_id=event.order_id,
                symbol=event.symbol,
                side=side,
                price=price * own.tick_size,
                open_size=event.open_size * own.lot_size,
            )
        )

    # ---------------------------------------------------------------------- liquidation

    def _started(self, event: LiquidationStarted) -> None:
        self.count += 1
        unit = self._units[event.asset]
        self._story = Story(
            number=self.count,
            at=event.at,
            account=event.account,
            mode=event.mode,
            symbol=event.symbol,
            position_side=event.position_side,
            asset=event.asset,
            collateral=event.collateral * unit,
            equity=event.equity * unit,
            maintenance_margin=event.maintenance_margin * unit,
            positions=[self._held(one) for one in event.positions],
            quote_notional=total(
                quoted(self._instruments[one.symbol], one) for one in event.positions
            ),
        )
        self._begin_attempt()

    def _begin_attempt(self) -> None:
        """Nothing has been traded yet."""
        self._fills, self._victims, self._fee = [], [], Fraction(0)

    def _fee_charged(self, event: LiquidationFeeCharged) -> None:
        self._fee += event.fee * self._units[event.asset]

    def _deleveraged(self, event: PositionDeleveraged) -> None:
        own = self._instruments[event.symbol]
        self._victims.append(
            Deleveraging(
                account=event.account,
                rank=event.rank,
                size=event.size * own.lot_size,
                price=event.price * own.tick_size,
                realised_pnl=event.realised_pnl * own.money_unit,
                left=event.position * own.lot_size,
            )
        )

    def _step_taken(self, event: LiquidationStepTaken) -> None:
        assert self._story is not None, "a step of a liquidation that did not start"
        if event.closing is Closing.BOOK:
            self._story.steps.append(
                Step(
                    symbol=event.symbol,
                    position_side=event.position_side,
                    chosen_by=event.chosen_by,
                    positions=[self._held(one) for one in event.positions],
                    attempts=[],
                )
            )
        self._story.steps[-1].attempts.append(self._attempt(event))
        self._begin_attempt()

    def _attempt(self, event: LiquidationStepTaken) -> Attempt:
        own = self._instruments[event.symbol]
        assert self._story is not None, "an attempt of a liquidation that did not start"
        return Attempt(
            closing=event.closing,
            side=Side.SELL if self._story.steps[-1].chosen.size > 0 else Side.BUY,
            size=event.size * own.lot_size,
            sized_by=event.sized_by,
            bankruptcy_price=event.bankruptcy_price * own.tick_size,
            fills=self._fills,
            deleveraged=self._victims,
            liquidation_fee=self._fee,
            equity=event.equity * own.money_unit,
            maintenance_margin=event.maintenance_margin * own.money_unit,
        )

    def _fund_paid(self, event: InsuranceFundPaid) -> None:
        paid = event.amount * self._units[event.asset]
        # Without a story, an account that owed money had closed its last position itself.
        if self._story is not None:
            self._story.steps[-1].attempts[-1].fund_paid += paid

    def _loss_uncovered(self, event: LossUncovered) -> None:
        paid = event.amount * self._units[event.asset]
        if self._story is not None:
            self._story.steps[-1].attempts[-1].uncovered += paid

    def _ended(self, event: LiquidationEnded) -> Story | None:
        story, self._story = self._story, None
        assert story is not None, "the end of a liquidation that did not start"
        story.collateral_after = event.collateral * self._units[event.asset]
        story.end = "closed" if event.closed_all else "safe again"
        return story

    # ---------------------------------------------------------------------------- units

    def _held(self, position: PositionMargin) -> Held:
        own = self._instruments[position.symbol]
        return Held(
            symbol=position.symbol,
            position_side=position.position_side,
            size=position.size * own.lot_size,
            entry_price=entry_price(own, position),
            mark_price=position.mark_price * own.mark_unit,
            notional=position.notional * own.money_unit,
            unrealised_pnl=position.unrealised_pnl * own.money_unit,
            maintenance_margin=position.maintenance_margin * own.money_unit,
        )


def entry_price(own: Instrument, position: PositionMargin) -> Fraction:
    """The average price that a position was opened at."""
    worth = Fraction(position.cost, position.size * own.multiplier)
    return own.tick_size * (-1 / worth if own.is_inverse else worth)


def quoted(own: Instrument, position: PositionMargin) -> Fraction:
    """The notional in the quote currency, whatever asset the contract settles in."""
    notional = position.notional * own.money_unit
    return notional * position.mark_price * own.mark_unit if own.is_inverse else notional
