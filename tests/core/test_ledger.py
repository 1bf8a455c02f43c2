"""Money moves between named accounts, and none is made or lost on the way."""

import pytest

from exchange.core.ledger import Funds, Ledger, Purse, Reason, transfer
from exchange.core.messages import OpenAccount, Reject
from tests.stage import DOLLAR, Stage, rulebook


def two_purses() -> tuple[Ledger, Purse, Purse]:
    ledger = Ledger()
    return ledger, ledger.open("outside", "USD"), ledger.open("ann", "USD")


def test_a_transfer_takes_here_what_it_gives_there() -> None:
    ledger, outside, ann = two_purses()

    transfer(outside, ann, 30, Reason.DEPOSIT)

    assert ledger.of("USD") == {"outside": -30, "ann": 30}


def test_a_negative_amount_flows_back() -> None:
    ledger, outside, ann = two_purses()
    transfer(outside, ann, 30, Reason.DEPOSIT)

    transfer(outside, ann, -10, Reason.DEPOSIT)

    assert ledger.of("USD") == {"outside": -20, "ann": 20}
    assert ledger.moved("USD") == {"deposit": 20}


def test_money_cannot_change_its_asset() -> None:
    ledger, outside, _ = two_purses()
    coins = ledger.open("ann", "BTC")

    with pytest.raises(AssertionError, match="cannot change its asset"):
        transfer(outside, coins, 1, Reason.DEPOSIT)


def test_a_trade_moves_what_two_transfers_would() -> None:
    ledger = Ledger()
    funds, ann = Funds(ledger, "USD"), ledger.open("ann", "USD")

    funds.settle(ann, realised=30, fee=2)
    funds.settle(ann, realised=-7, fee=-1)

    assert (ann.balance, funds.clearing.balance, funds.fees.balance) == (22, -23, 1)
    assert ledger.moved("USD") == {"realised_pnl": 23, "trading_fee": 1}
    with pytest.raises(AssertionError, match="cannot change its asset"):
        funds.settle(ledger.open("ann", "BTC"), realised=0, fee=1)


def test_a_unit_that_comes_from_nowhere_is_noticed() -> None:
    ledger, _, ann = two_purses()
    ann.balance += 1

    with pytest.raises(AssertionError, match="USD is off by 1"):
        ledger.check()
    with pytest.raises(AssertionError, match="off by 1"):
        ledger.check_total()


def test_two_assets_that_are_off_do_not_make_up_for_each_other() -> None:
    ledger, _, ann = two_purses()
    coins = ledger.open("ann", "BTC")
    ann.balance += 1
    coins.balance -= 1

    with pytest.raises(AssertionError, match="USD is off by 1"):
        ledger.check()


@pytest.mark.parametrize(
    "name", ["outside", "fees", "insurance fund", "open positions", "uncovered loss", "rounding"]
)
def test_a_trader_cannot_have_the_name_of_a_venues_account(name: str) -> None:
    it = Stage(rulebook(fund="5"))

    assert name in it.venue.balances("USD")
    assert it.refusal(OpenAccount(at=it.now(), account=name)) is Reject.RESERVED_ACCOUNT


def test_a_trader_called_like_anothers_bucket_hides_no_money() -> None:
    """The bucket of ann's position in BTC is named so as well."""
    it = Stage()
    it.trader("ann", "ann BTC", deposit=100)
    it.mark("BTC", 100)
    it.isolate("ann", "BTC")
    it.hold("ann", "BTC", 10, 100)

    assert sum(it.venue.balances("USD").values()) == 0
    assert it.balance("ann BTC") == 200 * DOLLAR
