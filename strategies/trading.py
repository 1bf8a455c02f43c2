"""The part of a client that trades: orders, one by one or in batches."""

from typing import Any, Never, Unpack

from exchange.core.messages import (
    AccountCommand,
    AmendOrder,
    Batch,
    BatchItem,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    CommandRejected,
    Event,
    PlaceOrder,
    PositionSide,
    Side,
)
from exchange.core.units import Nanos
from exchange.gateway import Gateway
from strategies.numbers import Price, Size, lots, ticks
from strategies.orders import Order, Rejection, placed_order, refusal
from strategies.placing import Terms, check_terms, place_order
from strategies.streams import Seconds, Streams, nanos
from strategies.triggers import When, trigger
from strategies.waiting import Wait


class Trading(Streams):
    """Sends commands, and answers with what the venue has said to them."""

    def __init__(self, gateway: Gateway, symbols: frozenset[str] | None) -> None:
        super().__init__(gateway, symbols)
        self._ref = self._groups = 0

    @property
    def account(self) -> str:
        """The name of the account."""
        return self._gateway.account

    async def buy(
        self, symbol: str, size: Size, price: Price | None = None, **terms: Unpack[Terms]
    ) -> Order | Rejection:
        """Buy; at the market where no price is given.  Answers once the venue has.

        Size: lots as an int (5 is 5 lots), or text in the base asset ("5" is 5 BTC).
        Price: ticks as an int, or text.  Both exact, never floats.

        Terms, as keywords:
        time_in_force   a TimeInForce: GTC (rests), IOC, FOK, GTD
        post_only       only as a maker; refused where it would take
        reprice         with post_only: rest a tick away instead of being refused
        reduce_only     only make the position smaller
        position_side   a PositionSide: of hedge mode, which of the two positions
        self_trade      a SelfTrade: what happens where it would meet an order of one's own
        when            wait for a price: `stop`, `take_profit` or `trailing_stop`
        close_position  with `when` and a size of 0: close all that is held then
        take_profit     close what this opens at a gain: a price, or a `take_profit`
        stop_loss       close what this opens at a loss: a price, or a `stop`
        expires_at      rest until then at the latest, in ns since 1970
        display_size    iceberg: show so much at a time
        group           a number of `new_group`: of its orders one cancels the others
        """
        return await self._place(self.to_buy(symbol, size, price, **terms))

    async def sell(
        self, symbol: str, size: Size, price: Price | None = None, **terms: Unpack[Terms]
    ) -> Order | Rejection:
        """Sell; at the market where no price is given.  Size, price and terms as of `buy`."""
        return await self._place(self.to_sell(symbol, size, price, **terms))

    async def close(
        self,
        symbol: str,
        side: PositionSide = PositionSide.NET,
        when: When | None = None,
        **unknown: Never,
    ) -> Order | Rejection | None:
        """Close the position at the market, now or when a price has come; None where flat."""
        check_terms(unknown, ("side", "when"))
        held = self.position(symbol, side)
        if held == 0:
            return None
        terms: Terms = {"position_side": side, "reduce_only": side is PositionSide.NET}
        if when is not None:
            terms |= {"when": when, "close_position": True}
        order = self.to_sell if held > 0 else self.to_buy
        return await self._place(order(symbol, 0 if when else abs(held), **terms))

    async def amend(
        self,
        order: Order,
        *,
        size: Size | None = None,
        price: Price | None = None,
        display_size: Size | None = None,
        expires_at: Nanos | None = None,
        when: When | None = None,
        **unknown: Never,
    ) -> Order | Rejection:
        """Change an order that rests or waits.  In the book, it keeps its place if it shrinks."""
        check_terms(unknown, ("size", "price", "display_size", "expires_at", "when"))
        own = self.instrument(order.symbol)
        command = AmendOrder(
            at=0,
            account=self.account,
            ref=self._next_ref(),
            order_id=order.order_id,
            size=None if size is None else lots(own, size),
            price=None if price is None else ticks(own, price),
            display_size=None if display_size is None else lots(own, display_size),
            expires_at=expires_at,
            trigger=None if when is None else trigger(own, when),
        )
        return refusal(await self._send(command)) or order

    async def cancel(self, order: Order) -> Rejection | None:
        """Cancel an order; a refusal usually means that it was filled before."""
        return refusal(await self._send(self.to_cancel(order)))

    async def cancel_all(self, symbol: str = "") -> Rejection | None:
        """Cancel every open order, or those of one instrument."""
        return await self._command(CancelAll, symbol=symbol)

    async def cancel_all_after(self, seconds: Seconds) -> Rejection | None:
        """The dead man's switch: cancel all orders then, unless told again before; 0: never."""
        return await self._command(CancelAllAfter, timeout=nanos(seconds))

    # ------------------------------------------------------------------------- batches

    async def batch(self, *items: BatchItem) -> list[Order | Rejection | None]:
        """Several commands at once, each with its own answer; a refused one stops no other.

        bid, ask = await client.batch(client.to_buy("BTCUSDT", 1, 600000), client.to_sell(...))
        """
        events = await self._send(
            Batch(at=0, account=self.account, ref=self._next_ref(), items=items)
        )
        refused = refusal(events)
        if refused is not None and events[0].ref not in {item.ref for item in items}:  # type: ignore[attr-defined]
            return [refused] * len(items)
        return [self._answer(item, events) for item in items]

    def to_buy(
        self, symbol: str, size: Size, price: Price | None = None, **terms: Unpack[Terms]
    ) -> PlaceOrder:
        """An order to buy, for a batch; size, price and terms as of `buy`."""
        own = self.instrument(symbol)
        return place_order(self.account, self._next_ref(), own, Side.BUY, size, price, terms)

    def to_sell(
        self, symbol: str, size: Size, price: Price | None = None, **terms: Unpack[Terms]
    ) -> PlaceOrder:
        """An order to sell, for a batch; size, price and terms as of `buy`."""
        own = self.instrument(symbol)
        return place_order(self.account, self._next_ref(), own, Side.SELL, size, price, terms)

    def to_cancel(self, order: Order) -> CancelOrder:
        """A cancellation, for a batch."""
        return CancelOrder(
            at=0, account=self.account, ref=self._next_ref(), order_id=order.order_id
        )

    def new_group(self) -> int:
        """A number for orders of which one cancels the others."""
        self._groups += 1
        return self._groups

    def _answer(self, item: BatchItem, events: list[Event]) -> Order | Rejection | None:
        own = [e for e in events if isinstance(e, CommandRejected) and e.ref == item.ref]
        if own or not isinstance(item, PlaceOrder):
            return refusal(own)  # type: ignore[arg-type]
        return placed_order(events, self._orders, item.ref)

    # ------------------------------------------------------------------------- sending

    async def _place(self, command: PlaceOrder) -> Order | Rejection:
        events = await self._send(command)
        return refusal(events) or placed_order(events, self._orders, command.ref)

    async def _command(self, kind: type[AccountCommand], **fields: Any) -> Rejection | None:  # noqa: ANN401
        """Send a command of which only a refusal is worth telling."""
        if fields.get("symbol"):
            self.instrument(fields["symbol"])
        return refusal(
            await self._send(kind(at=0, account=self.account, ref=self._next_ref(), **fields))
        )

    async def _send(self, command: AccountCommand) -> list[Event]:
        wait: Wait[list[Event]] = Wait()
        self._gateway.send(command, wait.resolve)
        return await wait

    def _next_ref(self) -> int:
        self._ref += 1
        return self._ref
