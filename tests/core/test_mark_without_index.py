"""A contract that never had an index price: no mark at all, or what its own book says."""

from msgspec.structs import replace

from exchange.core.messages import (
    ComputeMarkPrice,
    MarkPriceChanged,
    RecordedTrade,
    Reject,
    Side,
    UpdateIndexPrice,
)
from exchange.core.rules import MarkRules, WithoutIndex
from tests.stage import SUBTICKS, Stage, only, rulebook

BY_BOOK = replace(rulebook(), mark=MarkRules(without_index=WithoutIndex.OWN_BOOK))


def computed(stage: Stage) -> list[int]:
    """The mark that the clock's command makes, in cents."""
    events = stage.do(ComputeMarkPrice(at=stage.now(), symbol="BTC"))
    return [event.price for event in only(events, MarkPriceChanged)]


def trade(stage: Stage, price: int) -> None:
    command = RecordedTrade(at=stage.now(), symbol="BTC", side=Side.BUY, price=price, size=1)
    stage.do(command)


def test_unless_the_rulebook_says_so_it_has_no_mark() -> None:
    stage = Stage()
    stage.show("BTC", {100: 1}, {103: 1})

    command = ComputeMarkPrice(at=stage.now(), symbol="BTC")

    assert stage.refusal(command) is Reject.NO_INDEX_PRICE


def test_it_is_marked_at_the_middle_of_its_book() -> None:
    stage = Stage(BY_BOOK)
    stage.show("BTC", {100: 1}, {103: 1})

    assert computed(stage) == [10_150]


def test_with_a_side_missing_it_is_marked_at_its_last_price() -> None:
    stage = Stage(BY_BOOK)
    stage.show("BTC", {100: 1})
    assert stage.refusal(ComputeMarkPrice(at=stage.now(), symbol="BTC")) is Reject.NO_INDEX_PRICE

    trade(stage, 104)

    assert computed(stage) == [10_400]


def test_from_its_first_index_on_the_index_counts() -> None:
    stage = Stage(BY_BOOK)
    stage.show("BTC", {100: 1}, {102: 2})
    trade(stage, 102)
    computed(stage)

    stage.do(UpdateIndexPrice(at=stage.now(), symbol="BTC", price=103 * SUBTICKS))

    assert computed(stage) == [10_200], "the median of 103, 103 - 2 and 102"
