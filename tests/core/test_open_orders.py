"""An account's orders at rest, held against dictionaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.book import Order
from exchange.core.open_orders import OpenOrders

REFS = st.one_of(
    st.integers(0, 40),
    st.integers(0, 40).map(lambda n: n << 31),
    st.integers(-3, -1),
    st.just(1 << 70),
)
"""The client's, so they may be any: many that begin in one place, some below 0, one beyond 64
bits."""


def order(order_id: int, ref: int = 0) -> Order:
    made = Order(order_id, 1, 0, True, 100, 5)  # noqa: FBT003
    made.ref = ref
    return made


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 200), REFS), max_size=120))
def test_orders_are_found_by_both_names_and_listed_oldest_first(
    changes: list[tuple[bool, int, int]],
) -> None:
    orders, by_id, by_ref = OpenOrders(), dict[int, Order](), dict[int, Order]()
    for number, (comes, which, ref) in enumerate(changes, 1):
        if comes and ref not in by_ref:
            # Every 64th: as ids are where 64 accounts trade in turn.
            made = order(number * 64, ref)
            orders.add(made)
            by_id[made.order_id] = made
            if ref:
                by_ref[ref] = made
        elif by_id:
            gone = list(by_id.values())[which % len(by_id)]
            orders.remove(gone)
            del by_id[gone.order_id]
            by_ref.pop(gone.ref, None)
        orders.check()
        assert len(orders) == len(by_id)
        assert orders.listed() == list(by_id.values())
        assert all(orders.of(n * 64) is by_id.get(n * 64) for n in range(number + 1))
        assert ref == 0 or orders.named(ref) is by_ref.get(ref)


def test_an_order_that_is_mislaid_is_noticed() -> None:
    orders = OpenOrders()
    orders.add(order(1, ref=7))
    orders.add(order(2, ref=8))
    orders.listed()[0].word = 0

    with pytest.raises(AssertionError, match="order 1 is mislaid"):
        orders.check()


def test_an_order_that_is_renamed_is_noticed() -> None:
    orders = OpenOrders()
    orders.add(order(1, ref=7))
    orders.listed()[0].ref = 10

    with pytest.raises(AssertionError, match="order 1 has another ref"):
        orders.check()


def test_two_orders_that_came_at_once_are_noticed() -> None:
    orders = OpenOrders()
    orders.add(order(1))
    orders.add(order(2))
    orders.listed()[0].place = 1

    with pytest.raises(AssertionError, match="two orders came at once"):
        orders.check()


def test_the_first_order_of_an_account_is_no_other_accounts() -> None:
    one, other = OpenOrders(), OpenOrders()
    one.add(order(1, ref=7))
    assert (other.of(1), other.named(7)) == (None, None)
