"""What recorded trades took from history's own levels, until the next update."""

from exchange.core.worn import Worn


def test_what_trades_took_of_a_level_is_added_up_and_the_sides_are_apart() -> None:
    worn = Worn()
    worn.add(100, 2, buy=True)
    worn.add(100, 5, buy=False)
    worn.add(100, 3, buy=True)
    assert list(worn.sizes().items()) == [((True, 100), 5), ((False, 100), 5)]


def test_a_level_told_anew_is_forgotten_and_the_others_stay_in_their_order() -> None:
    worn = Worn()
    for price in (101, 102, 103):
        worn.add(price, price - 100, buy=False)
    worn.forget(101, buy=False)
    worn.forget(102, buy=True)
    assert worn.sizes() == {(False, 102): 2, (False, 103): 3}
    worn.add(101, 7, buy=False)
    assert list(worn.sizes()) == [(False, 102), (False, 103), (False, 101)]


def test_nothing_is_left_when_all_is_told_anew() -> None:
    worn = Worn()
    worn.add(100, 1, buy=True)
    worn.clear()
    assert worn.sizes() == {}
    worn.add(99, 4, buy=True)
    assert worn.sizes() == {(True, 99): 4}
