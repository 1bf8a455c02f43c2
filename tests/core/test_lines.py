"""The lines drawn under an account: where it is safe, liquidated, safe again, taken over."""

import pytest
from msgspec import structs

from exchange.core.lines import Lines
from exchange.core.rules import Breach
from tests.stage import rulebook


def lines(**choices: object) -> Lines:
    rules = rulebook()
    return Lines(structs.replace(rules, liquidation=structs.replace(rules.liquidation, **choices)))


@pytest.mark.parametrize(
    ("breach", "equity", "safe"),
    [
        (Breach.BELOW, 101, True),
        (Breach.BELOW, 100, True),
        (Breach.BELOW, 99, False),
        (Breach.AT_OR_BELOW, 101, True),
        (Breach.AT_OR_BELOW, 100, False),
        (Breach.AT_OR_BELOW, 99, False),
    ],
)
def test_at_equality_the_rulebook_decides(breach: Breach, equity: int, *, safe: bool) -> None:
    assert lines(trigger=breach).is_safe(equity, 100) is safe


def test_what_is_lacking_is_what_would_make_it_safe() -> None:
    for breach in Breach:
        drawn = lines(trigger=breach)
        lacking = drawn.lacking(90, 100)

        assert drawn.is_safe(90 + lacking, 100)
        assert not drawn.is_safe(90 + lacking - 1, 100)


def test_the_way_out_lies_a_buffer_above_and_rounds_up() -> None:
    assert lines(exit_buffer="0.1").exit(1_000) == 1_100
    assert lines(exit_buffer="0.1").exit(1_001) == 1_102
    assert lines().exit(1_001) == 1_001


@pytest.mark.parametrize(
    ("equity", "beyond"),
    [
        (67, False),
        (66, True),  # two thirds of 100 are a little more
        (1, True),
        (0, True),
        (-1, False),  # no equity: nothing to be taken over
    ],
)
def test_the_backstop_takes_accounts_with_little_equity(equity: int, *, beyond: bool) -> None:
    assert lines(backstop="0.66666667").is_beyond_backstop(equity, 100) is beyond


def test_at_the_backstops_own_line_the_account_is_still_worked_with() -> None:
    assert not lines(backstop="0.5").is_beyond_backstop(50, 100)
    assert lines(backstop="0.5").is_beyond_backstop(49, 100)


def test_without_a_backstop_nobody_is_taken_over() -> None:
    assert not lines().is_beyond_backstop(0, 100)
