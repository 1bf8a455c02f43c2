"""From a run's events to the stories of its liquidations.

Nothing is computed again: the venue's own events are put in order.  A liquidation may wait between
its rounds, and others go on meanwhile; what an account trades within a round belongs to the step
that is announced next.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from exchange.core.instrument import Instrument
from exchange.core.messages import (
    CancelReason,
    Closing,
    CollateralBalance,
    CollateralCounted,
    CollateralExchanged,
    Event,
    InstrumentListed,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationPaused,
    LiquidationStarted,
    LiquidationStepTaken,
    LossSocialised,
    LossUncovered,
    MarginMode,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    PortfolioCounted,
    PortfolioUnit,
    PositionDeleveraged,
    PositionMargin,
    PositionSide,
    Side,
    TradeKind,
    Trigger,
)
from exchange.core.units import RATE_ONE, Ticks
from tools.stories import (
    Attempt,
    CancelledOrder,
    Counted,
    Cover,
    Deleveraging,
    Fill,
    Held,
    RiskContract,
    RiskUnit,
    Step,
    Story,
    labelled,
    total,
)
from tools.upkeep import Exchanged, Units, Upkeep

ScopeEvent: TypeAlias = (
    LiquidationStarted | LiquidationStepTaken | LiquidationPaused | LiquidationEnded
)
CLOSING: Final = {TradeKind.LIQUIDATION, TradeKind.ADL, TradeKind.TAKEOVER}
"""Trades by which a liquidation closes a position."""


class Scope(NamedTuple):
    """What stands and falls together: a cross account or portfolio, or one isolated position."""

    account: str
    asset: str
    """In which it is reckoned: each asset's cross positions fail by themselves."""
    symbol: str
    side: PositionSide


def scope_of(event: ScopeEvent, asset: str) -> Scope:
    """Whose liquidation an event belongs to."""
    if event.mode is not MarginMode.ISOLATED:
        return Scope(event.account, asset, "", PositionSide.NET)
    return Scope(event.account, asset, event.symbol, event.position_side)


class Pending(msgspec.Struct):
    """What has happened to an account since its last step."""

    fills: list[Fill] = []
    victims: list[Deleveraging] = []
    fee: Fraction = Fraction(0)
    leftover: Fraction = Fraction(0)


class Known(NamedTuple):
    """An order that rests or waits."""

    side: Side
    price: Ticks
    trigger: Trigger | None
    closes: bool
    """All that is held, when it is triggered."""


class Teller:
    """Puts stories together as events come."""

    def __init__(self, instruments: Mapping[str, Instrument] | None = None) -> None:
        """`instruments` need not be known beforehand: the journal lists them."""
        self.count = 0
        self._units = Units(instruments)
        self._instruments = self._units.instruments
        self._upkeep = Upkeep(self._units)
        self._counted: dict[str, list[Counted]] = {}
        """What each unified account consists of: told before its liquidation starts and ends."""
        self._risks: dict[str, list[RiskUnit]] = {}
        """The risk units of each portfolio, told before its liquidation starts."""
        self._orders: dict[int, Known] = {}
        """Side and price of every open order of a trader."""
        self._open: dict[Scope, Story] = {}
        """The stories that are being told."""
        self._pending: dict[str, Pending] = {}
        """What has happened to each account since its last step."""
        self._takers: dict[type[Event], Callable[[Any], Story | None]] = {
            InstrumentListed: self._units.list,
            CollateralCounted: self._count_collateral,
            CollateralExchanged: self._exchanged,
            PortfolioCounted: self._count_portfolio,
            OrderAccepted: self._accepted,
            OrderAmended: self._amended,
            OrderFilled: self._filled,
            OrderCancelled: self._cancelled,
            LiquidationStarted: self._started,
            LiquidationFeeCharged: self._fee_charged,
            LiquidationStepTaken: self._step_taken,
            LeftoverTaken: self._leftover_taken,
            PositionDeleveraged: self._deleveraged,
            InsuranceFundPaid: self._fund_paid,
            LossSocialised: self._loss_socialised,
            LossUncovered: self._loss_uncovered,
            LiquidationPaused: self._paused,
            LiquidationEnded: self._ended,
        }

    @property
    def unfinished(self) -> Story | None:
        """The first story that was still being told when events stopped."""
        return next(iter(self._open.values()), None)

    def observe(self, event: Event) -> Story | None:
        """Take an event; returns the story that ends with it."""
        take = self._takers.get(type(event))
        return None if take is None else take(event)

    # -------------------------------------------------------------- collateral, orders

    def _count_collateral(self, event: CollateralCounted) -> None:
        unit = self._units.of(event.currency)
        self._counted[event.account] = [self._counted_asset(one, unit) for one in event.assets]

    def _count_portfolio(self, event: PortfolioCounted) -> None:
        unit = self._units.of(event.asset)
        self._risks[event.account] = [self._risk_unit(one, unit) for one in event.units]

    def _exchanged(self, event: CollateralExchanged) -> None:
        # Beyond what the venue lends it is exchanged without a liquidation, too.
        story = self._whole_of(event.account)
        record = self._upkeep.observe(event)
        if story is not None and isinstance(record, Exchanged):
            story.repaid.append(record)

    def _accepted(self, event: OrderAccepted) -> None:
        # One without a price, a market order, never rests: it is gone before anyone asks for it.
        told = event.instructions
        trigger, closes = (told.trigger, told.close_position) if told else (None, False)
        self._orders[event.order_id] = Known(event.side, event.price or 0, trigger, closes)

    def _amended(self, event: OrderAmended) -> None:
        known = self._orders[event.order_id]
        trigger = event.trigger or known.trigger
        self._orders[event.order_id] = known._replace(price=event.price or 0, trigger=trigger)

    def _filled(self, event: OrderFilled) -> None:
        if event.open_size == 0:
            self._orders.pop(event.order_id, None)
        if event.maker or event.kind not in CLOSING or not self._is_told(event.account):
            return
        own = self._instruments[event.symbol]
        self._since_step(event.account).fills.append(
            Fill(
                price=event.price * own.tick_size,
                size=event.size * own.lot_size,
                notional=abs(own.value(event.price, event.size)) * own.money_unit,
                realised_pnl=event.realised_pnl * own.money_unit,
            )
        )

    def _cancelled(self, event: OrderCancelled) -> None:
        order = self._orders.pop(event.order_id, None)
        if order is None or event.reason is not CancelReason.LIQUIDATION:
            return
        story = self._latest_of(event.account)
        if story is None:
            return
        own, trigger = self._instruments[event.symbol], order.trigger
        story.cancelled.append(
            CancelledOrder(
                order_id=event.order_id,
                symbol=event.symbol,
                side=order.side,
                price=order.price * own.tick_size,
                open_size=event.open_size * own.lot_size,
                waits_for=str(trigger.kind) if trigger else "",
                trigger_by=str(trigger.by) if trigger else "",
                trigger_price=trigger.price * own.tick_size if trigger else Fraction(0),
                close_position=order.closes,
            )
        )

    # ---------------------------------------------------------------------- liquidation

    def _started(self, event: LiquidationStarted) -> None:
        self.count += 1
        unit = self._units.of(event.asset)
        counted = self._counted.pop(event.account, []) if not event.symbol else []
        self._open[scope_of(event, event.asset)] = Story(
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
            positions=[self._held(one, event.asset) for one in event.positions],
            quote_notional=total(
                one.notional * unit if counted else quoted(self._instruments[one.symbol], one)
                for one in event.positions
            ),
            counted=counted,
            units=self._risks.pop(event.account, []) if not event.symbol else [],
        )
        self._pending.pop(event.account, None)

    def _is_told(self, account: str) -> bool:
        return any(scope.account == account for scope in self._open)

    def _latest_of(self, account: str) -> Story | None:
        """The story of an account that began last."""
        own = [story for scope, story in self._open.items() if scope.account == account]
        return own[-1] if own else None

    def _whole_of(self, account: str) -> Story | None:
        """The story of a unified account, that of its isolated positions apart."""
        own = [s for scope, s in self._open.items() if scope.account == account and s.counted]
        return own[0] if own else None

    def _since_step(self, account: str) -> "Pending":
        return self._pending.setdefault(account, Pending())

    def _fee_charged(self, event: LiquidationFeeCharged) -> None:
        self._since_step(event.account).fee += event.fee * self._units.of(event.asset)

    def _leftover_taken(self, event: LeftoverTaken) -> None:
        self._since_step(event.account).leftover += event.amount * self._units.of(event.asset)

    def _deleveraged(self, event: PositionDeleveraged) -> None:
        own = self._instruments[event.symbol]
        self._since_step(event.against).victims.append(
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
        settle = self._instruments[event.symbol].settle
        # A unified account is reckoned in its own currency, whatever its positions settle in.
        story = self._open.get(scope_of(event, settle)) or self._whole_of(event.account)
        assert story is not None, "a step of a liquidation that did not start"
        label = labelled(event.symbol, event.position_side)
        if (
            event.closing is Closing.BOOK
            or not story.steps
            or story.steps[-1].chosen.label != label
        ):
            story.steps.append(
                Step(
                    symbol=event.symbol,
                    position_side=event.position_side,
                    asset=settle,
                    repaid=story.repaid,
                    chosen_by=event.chosen_by,
                    positions=[self._held(one, story.asset) for one in event.positions],
                    attempts=[],
                )
            )
            story.repaid = []
        chosen, unit = story.steps[-1].chosen, self._units.of(story.asset)
        story.steps[-1].attempts.append(self._attempt(event, chosen, unit))

    def _attempt(self, event: LiquidationStepTaken, chosen: Held, unit: Fraction) -> Attempt:
        own = self._instruments[event.symbol]
        since = self._pending.pop(event.account, Pending())
        return Attempt(
            closing=event.closing,
            side=Side.SELL if chosen.size > 0 else Side.BUY,
            size=event.size * own.lot_size,
            sized_by=event.sized_by,
            bankruptcy_price=event.bankruptcy_price * own.tick_size,
            fills=since.fills,
            deleveraged=since.victims,
            liquidation_fee=since.fee,
            leftover=since.leftover,
            equity=event.equity * unit,
            maintenance_margin=event.maintenance_margin * unit,
        )

    def _payee(self, account: str, symbol: str | None, asset: str) -> Attempt | Cover | None:
        """What a payment in an asset was for; None where there is no story of it.

        An account that owed money may have closed its last position itself.  `symbol`: of the
        isolated position; None where that is not told.
        """
        told = [
            story
            for scope, story in self._open.items()
            if scope.account == account
            and (story.steps or story.counted)
            and (symbol is None or scope.symbol == symbol)
            and (scope.asset == asset or story.counted)
        ]
        if not told:
            return None
        story = told[-1]
        if story.steps and story.steps[-1].asset == asset:
            return story.steps[-1].attempts[-1]
        found = next((cover for cover in story.covers if cover.asset == asset), None)
        if found is None:
            found = Cover(asset=asset)
            story.covers.append(found)
        return found

    def _fund_paid(self, event: InsuranceFundPaid) -> None:
        payee = self._payee(event.account, event.symbol, event.asset)
        if payee is not None:
            payee.fund_paid += event.amount * self._units.of(event.asset)

    def _loss_socialised(self, event: LossSocialised) -> None:
        payee = self._payee(event.against, None, event.asset)
        if payee is not None:
            payee.socialised += event.amount * self._units.of(event.asset)

    def _loss_uncovered(self, event: LossUncovered) -> None:
        payee = self._payee(event.account, event.symbol, event.asset)
        if payee is not None:
            payee.uncovered += event.amount * self._units.of(event.asset)

    def _paused(self, event: LiquidationPaused) -> None:
        # The venue's own account waits, too, without a liquidation: it works its positions off.
        story = self._open.get(scope_of(event, event.asset))
        if story is not None:
            story.pauses += 1

    def _ended(self, event: LiquidationEnded) -> Story | None:
        story = self._open.pop(scope_of(event, event.asset), None)
        assert story is not None, "the end of a liquidation that did not start"
        self._take_rest(story, event.account)
        story.collateral_after = event.collateral * self._units.of(event.asset)
        if story.counted:
            story.counted_after = self._counted.pop(event.account)
        story.end = "closed" if event.closed_all else "safe again"
        return story

    def _take_rest(self, story: Story, account: str) -> None:
        """What came after the last step was announced belongs to it."""
        since = self._pending.pop(account, None)
        if since is not None and story.steps:
            story.steps[-1].attempts[-1].liquidation_fee += since.fee
            story.steps[-1].attempts[-1].leftover += since.leftover

    # ---------------------------------------------------------------------------- units

    def _risk_unit(self, one: PortfolioUnit, unit: Fraction) -> RiskUnit:
        """`unit`: of the asset."""
        return RiskUnit(
            underlying=one.underlying,
            move=Fraction(one.move, RATE_ONE),
            share=Fraction(one.share, RATE_ONE),
            scan=one.scan * unit,
            basis=one.basis * unit,
            offset=one.offset * unit,
            credit=one.credit * unit,
            minimum=one.minimum * unit,
            margin=one.margin * unit,
            contracts=[
                RiskContract(
                    symbol=own.symbol,
                    size=own.size * self._instruments[own.symbol].lot_size,
                    notional=own.notional * unit,
                    loss=own.loss * unit,
                    volatility=Fraction(own.volatility_shock, RATE_ONE),
                )
                for own in one.contracts
            ],
            coins=[
                RiskContract(
                    symbol=own.asset,
                    size=own.amount * self._units.of(own.asset),
                    notional=own.value * unit,
                    loss=own.loss * unit,
                )
                for own in one.spot
            ],
            spot=one.spot_charge * unit,
            options=one.options * unit,
        )

    def _counted_asset(self, one: CollateralBalance, unit: Fraction) -> Counted:
        """`unit`: of the accounting currency."""
        return Counted(
            asset=one.asset,
            balance=one.balance * self._units.of(one.asset),
            unrealised_pnl=one.unrealised_pnl * self._units.of(one.asset),
            price=self._units.price(one.market, one.price),
            ratio=Fraction(one.ratio, RATE_ONE),
            value=one.value * unit,
        )

    def _held(self, position: PositionMargin, asset: str) -> Held:
        """Its margin is in the money of the whole scope, in `asset`."""
        own, unit = self._instruments[position.symbol], self._units.of(asset)
        return Held(
            symbol=position.symbol,
            position_side=position.position_side,
            size=position.size * own.lot_size,
            entry_price=entry_price(own, position),
            mark_price=position.mark_price * own.mark_unit,
            notional=position.notional * unit,
            unrealised_pnl=position.unrealised_pnl * unit,
            maintenance_margin=position.maintenance_margin * unit,
        )


def entry_price(own: Instrument, position: PositionMargin) -> Fraction:
    """The average price that a position was opened at."""
    worth = Fraction(position.cost, position.size * own.multiplier)
    return own.tick_size * (-1 / worth if own.is_inverse else worth)


def quoted(own: Instrument, position: PositionMargin) -> Fraction:
    """The notional in the quote currency, whatever asset the contract settles in."""
    notional = position.notional * own.money_unit
    return notional * position.mark_price * own.mark_unit if own.is_inverse else notional
