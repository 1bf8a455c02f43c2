"""Prices averaged over time: in whole units of both, over a stretch from 10 to 20."""

from exchange.core.average import TimeAverage


def test_a_price_counts_for_as_long_as_it_is_in_force() -> None:
    """100 for 4 and 200 for 6; half way it was 100 for 4 and 200 for 1."""
    average = TimeAverage(10, 20)
    average.note(10, 100)
    average.note(14, 200)

    assert average.value() == 160
    assert average.value(15) == 120


def test_what_came_before_the_stretch_counts_from_its_beginning() -> None:
    average = TimeAverage(10, 20)
    average.note(3, 100)
    average.note(15, 200)
    average.note(25, 900)

    assert average.value() == 150


def test_before_the_first_price_nothing_counts() -> None:
    average = TimeAverage(10, 20)
    assert average.value() is None

    average.note(18, 100)

    assert average.value() == 100


def test_an_average_is_rounded_down() -> None:
    """1 for 4 and 2 for 6 are 16 for 10; and 19 for 10 are 1 still."""
    for change, expected in ((14, 1), (11, 1), (10, 2)):
        average = TimeAverage(10, 20)
        average.note(10, 1)
        average.note(change, 2)

        assert average.value() == expected


def test_the_next_stretch_begins_with_the_price_in_force() -> None:
    average = TimeAverage(10, 20)
    average.note(10, 100)

    following = average.following(30)
    following.note(25, 200)

    assert following.value() == 150
