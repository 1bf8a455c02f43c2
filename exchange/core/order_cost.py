"""What an open order costs, where the venue reckons it at another price than its own."""

from typing import TYPE_CHECKING

from exchange.core.units import RATE_ONE, Lots, MarkPrice, Money, Ticks, ceil_div, magnitude

if TYPE_CHECKING:  # orders know their cost
    from exchange.core.instrument import Instrument


class OrderCost:
    """The prices that an order is reckoned at as long as it rests: those of when it was placed."""

    def __init__(self, assumed: MarkPrice, mark: MarkPrice) -> None:
        self.assumed = assumed
        """What it is taken to trade at; 0: its limit."""
        self.mark = mark
        """What its open loss is measured against; 0: it has none."""
        self.held: Money = 0
        """What its position counts of its open loss."""

    def value(self, instrument: "Instrument", price: Ticks, lots: Lots) -> Money:
        """What `lots` (positive) of an order with a limit at `price` are worth."""
        if self.assumed:
            return instrument.notional(self.assumed, lots)
        return magnitude(instrument.value(price, lots))

    def open_loss(self, instrument: "Instrument", price: Ticks, lots: Lots) -> Money:
        """What `lots` (signed), traded at `price`, would lose at once against the mark."""
        if not self.mark or not lots:
            return 0
        cost = instrument.value(price, lots)
        return max(0, -instrument.unrealised_pnl(self.mark, lots, cost))


def cost_of(
    instrument: "Instrument", price: Ticks, mark: MarkPrice, last: Ticks, *, buy: bool
) -> OrderCost:
    """What an order costs that is placed now, with a limit at `price`.

    A sell of a linear contract is reckoned at the highest of its limit, the mark and the last price
    raised by a rate, where the rulebook says by how much.  Where there is a highest price, an order
    costs what it may lose: a sell what its limit is below that.
    """
    if instrument.cap:
        return OrderCost(0 if buy else max(1, instrument.cap - price * instrument.subticks), 0)
    assumed = 0
    if instrument.raises_sells and not buy and not instrument.is_inverse:
        raised = last * instrument.subticks * (RATE_ONE + instrument.sell_over_last)
        assumed = max(price * instrument.subticks, mark, ceil_div(raised, RATE_ONE))
    return OrderCost(assumed, mark if instrument.charges_open_loss else 0)
