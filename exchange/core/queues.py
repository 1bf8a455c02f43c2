"""Who leaves a queue when history shrinks at a level, and clients stand among its orders.

A depth update tells how much less there is, and not from where.  A model says what share of it
left from ahead of each client: it is f(ahead) / (f(ahead) + f(behind)), where the two are history's
own sizes.  Rigtorp (2013), "Estimating order queue position",
https://rigtorp.se/2013/06/08/estimating-order-queue-position; the names are hftbacktest's.
"""

from exchange.core.policies import QueueModel
from exchange.core.units import Lots

LOG_BITS = 16


class Queue:
    """A model of the queue.  It is asked only where clients and history stand at one level."""

    def __init__(self, model: QueueModel, power: int) -> None:
        self.model = model
        self.power = power

    def leaving(self, shown: list[Lots], less: Lots) -> list[Lots]:
        """How much of each of history's orders, oldest first, is gone when `less` of all is.

        Every boundary between two orders is a place where a client may stand; what leaves ahead
        of it is the model's share, rounded down, and never more than there is on either side.
        """
        total = sum(shown)
        gone: list[Lots] = []
        ahead = left = 0
        for size in shown:
            ahead += size
            share = self._share(ahead, total - ahead, less)
            share = max(share, less - (total - ahead))
            part = min(share - left, size)
            gone.append(part)
            left += part
        return gone

    def _share(self, ahead: Lots, behind: Lots, less: Lots) -> Lots:
        if self.model is QueueModel.PESSIMISTIC:
            return 0
        if self.model is QueueModel.LOGARITHMIC:
            front, back = logarithm(1 + ahead), logarithm(1 + behind)
        else:
            power = 1 if self.model is QueueModel.PROPORTIONAL else self.power
            front, back = int(ahead**power), int(behind**power)
        return less * front // (front + back)


def logarithm(number: int) -> int:
    """The binary logarithm of a number of 1 or more, in parts of 2**LOG_BITS, rounded down.

    >>> [logarithm(n) for n in (1, 2, 3, 1024)]
    [0, 65536, 103872, 655360]
    """
    whole = number.bit_length() - 1
    # The number as a fraction in [1, 2), with 32 bits behind the point.
    part = (number << 32) >> whole
    result = whole
    for _ in range(LOG_BITS):
        part = part * part >> 32
        result <<= 1
        if part >= 2 << 32:
            part >>= 1
            result += 1
    return result
