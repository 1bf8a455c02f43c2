"""W2's strategy for hftbacktest, which takes none but those that numba compiles."""

from typing import Any

from hftbacktest import GTX, LIMIT  # type: ignore[import-not-found]
from numba import njit  # type: ignore[import-not-found]

END = 1
FOREVER = 1 << 60


@njit  # type: ignore[untyped-decorator]
def quote(hbt: Any, pause: int, inventory: int) -> tuple[int, int, int, float]:  # noqa: ANN401
    """Keep one bid and one ask at the touch; calls, orders sent, fills and the last position."""
    calls, sent = 0, 0
    bid_id, ask_id, bid, ask = 0, 0, 0, 0
    before = (0, 0, 0.0, 0)
    while True:
        code = hbt.elapse(pause) if pause else hbt.wait_next_feed(False, FOREVER)  # noqa: FBT003
        if code == END:
            break
        calls += 1
        depth = hbt.depth(0)
        best_bid, best_ask, held = depth.best_bid_tick, depth.best_ask_tick, hbt.position(0)
        moment = (best_bid, best_ask, held, hbt.state_values(0).num_trades)
        if moment == before:
            continue
        before = moment
        hbt.clear_inactive_orders(0)
        orders = hbt.orders(0)
        if bid_id and bid_id not in orders:
            bid_id = 0
        if ask_id and ask_id not in orders:
            ask_id = 0
        if bid_id and bid != best_bid:
            hbt.cancel(0, bid_id, False)  # noqa: FBT003
            bid_id = 0
        if ask_id and ask != best_ask:
            hbt.cancel(0, ask_id, False)  # noqa: FBT003
            ask_id = 0
        if not bid_id and held < inventory:
            sent += 1
            bid, bid_id = best_bid, sent
            hbt.submit_buy_order(0, sent, bid * depth.tick_size, 1.0, GTX, LIMIT, False)  # noqa: FBT003
        if not ask_id and held > -inventory:
            sent += 1
            ask, ask_id = best_ask, sent
            hbt.submit_sell_order(0, sent, ask * depth.tick_size, 1.0, GTX, LIMIT, False)  # noqa: FBT003
    return calls, sent, hbt.state_values(0).num_trades, hbt.position(0)
