"""The funding harvest is paid for being short, and does not care where the price goes."""

from exchange.core.messages import FundingPaid, FundingSettled
from tests.played import played


def test_it_is_paid_each_time_and_leaves_when_the_rate_has_gone() -> None:
    run = played("gallery/funding-harvester")

    paid = run.only(FundingPaid, "harvester")
    assert len(paid) >= 2
    assert all(event.amount < 0 for event in paid), "it receives"
    assert run.position("harvester") == 0
    assert run.total("harvester") > 200_000


def test_what_it_received_is_the_rate_of_its_position_each_time() -> None:
    run = played("gallery/funding-harvester")

    settled = {event.at: event for event in run.only(FundingSettled)}
    instrument = run.run.instruments["BTCUSDT"]
    for event in run.only(FundingPaid, "harvester"):
        assert event.size == -2_000
        notional = instrument.notional(settled[event.at].price, event.size)
        assert abs(event.amount + notional * 2 // 1_000) <= 1


def test_a_rate_that_is_not_worth_it_is_let_be() -> None:
    assert played("gallery/funding-harvester", enter="0.01").positions("harvester") == []
