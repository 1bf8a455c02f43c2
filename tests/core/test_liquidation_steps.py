"""What a liquidation step says about itself, and what stays in an isolated bucket meanwhile."""

from exchange.core.messages import Closing, LiquidationEnded, LiquidationStepTaken, SetLeverage
from exchange.core.rules import Amount, Tier
from tests.stage import DOLLAR, Stage, only, rulebook

TWO_TIERS = (
    Tier(floor="0", maintenance="0.1", leverage_max=100),
    Tier(floor="500", maintenance="0.2", leverage_max=10),
)


def ways(stage: Stage, mark: int) -> list[tuple[Closing, int, int]]:
    """How each step that a mark leads to closed, its price limit, and what was filled."""
    steps = only(stage.mark("BTC", mark), LiquidationStepTaken)
    assert {step.sized_by for step in steps} == {"whole_position"}
    return [(step.closing, step.bankruptcy_price, step.filled) for step in steps]


def test_book_then_fund_then_deleveraging_each_at_its_price() -> None:
    """Ann's equity at 99 is 90: she can pay down to 90, and with the fund's 50 down to 85."""
    stage = Stage(rulebook(fund="50"))
    stage.trader("ann", deposit=100)
    stage.trader("bob", deposit=1000)
    stage.mark("BTC", 100)
    stage.hold("ann", "BTC", 10, 100, other="bob")

    assert ways(stage, 99) == [
        (Closing.BOOK, 90, 0),
        (Closing.INSURANCE_FUND, 85, 0),
        (Closing.ADL, 90, 10),
    ]


def test_without_a_fund_the_book_is_asked_once() -> None:
    stage = Stage(rulebook(fund="0"))
    stage.trader("ann", deposit=100)
    stage.trader("bob", deposit=1000)
    stage.mark("BTC", 100)
    stage.hold("ann", "BTC", 10, 100, other="bob")

    assert ways(stage, 99) == [(Closing.BOOK, 90, 0), (Closing.ADL, 90, 10)]


def test_a_step_names_what_it_was_chosen_from() -> None:
    """ETH has lost 60 and goes first; then BTC, which has lost 50."""
    stage = Stage()
    stage.trader("ann", deposit=250)
    stage.marks(BTC=100, ETH=100)
    stage.hold("ann", "BTC", 10, 100)
    stage.hold("ann", "ETH", 10, 100)
    stage.show("ETH", bids={94: 5})
    stage.show("BTC", bids={94: 20})
    stage.mark("BTC", 95)

    first, again, *_ = only(stage.mark("ETH", 94), LiquidationStepTaken)

    assert first.symbol == "ETH"
    losses = {p.symbol: (p.size, p.unrealised_pnl) for p in first.positions}
    assert losses == {"BTC": (10, -50 * DOLLAR), "ETH": (10, -60 * DOLLAR)}
    left = {p.symbol: (p.size, p.unrealised_pnl) for p in again.positions}
    assert left == {"BTC": (10, -50 * DOLLAR), "ETH": (5, -30 * DOLLAR)}
    assert again.symbol == "BTC"


def test_an_isolated_position_pays_its_liquidation_fee() -> None:
    """Bucket 100, loss 10, fee 1% of 990: 80.10 go back to the 900 in the wallet."""
    stage = Stage(rulebook(fee="0.01"))
    stage.trader("ann", deposit=1000)
    stage.mark("BTC", 100)
    stage.isolate("ann", "BTC")
    stage.hold("ann", "BTC", 10, 100)
    stage.show("BTC", bids={99: 10})

    (ended,) = only(stage.mark("BTC", 99), LiquidationEnded)

    assert ended.collateral == 8010
    assert stage.account("ann").wallet == 98010


def test_an_isolated_position_closed_in_part_keeps_its_bucket() -> None:
    """Half is closed at a loss of 35: of the bucket's 200, 165 stay behind the other half."""
    stage = Stage(rulebook(tiers=TWO_TIERS, amount=Amount.DOWN_ONE_TIER))
    stage.trader("ann", deposit=1000)
    stage.mark("BTC", 100)
    stage.isolate("ann", "BTC")
    stage.do(SetLeverage(at=stage.now(), account="ann", symbol="BTC", leverage=5))
    stage.hold("ann", "BTC", 10, 100)
    stage.show("BTC", bids={93: 20})

    events = stage.mark("BTC", 93)

    (step,) = only(events, LiquidationStepTaken)
    assert (step.size, step.sized_by) == (5, "down_one_tier")
    (ended,) = only(events, LiquidationEnded)
    assert not ended.closed_all
    held = stage.position("ann", "BTC")
    assert held is not None
    assert (held.size, held.bucket) == (5, 165 * DOLLAR)
    assert stage.account("ann").wallet == 800 * DOLLAR
