"""The invariants I1 to I11 of accounts whose assets, or positions, stand together.

As `test_rulebook_invariants`, with unified accounts, portfolios, and unified portfolios among the
traders.
"""

import os
from collections import Counter
from itertools import product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange import Venue
from exchange.core.messages import (
    CollateralExchanged,
    Exchange,
    InsuranceFundPaid,
    InterestPaid,
    LiquidationEnded,
    LiquidationStarted,
    LiquidationStepTaken,
    PositionDeleveraged,
)
from exchange.rulebook import shipped
from tests.crisis_together import Together, together
from tests.models.accounts import Accounts
from tests.models.audit_books import Books, Equity, Money, OpenInterest, Orders, Queues, Sizes
from tests.models.audit_losses import Losses
from tests.models.audit_margin import Bankruptcy, Buckets, Deleveraging, Policy, Trigger
from tests.models.audit_together import Exchanges, Figures
from tests.models.play import Play, played

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "2"))
"""Sessions under each rulebook."""
COMMANDS = 120
FUNDS = (0, 1, 2, 50)
READERS = (
    Money,
    Sizes,
    OpenInterest,
    Books,
    Queues,
    Orders,
    Equity,
    Figures,
    Trigger,
    Bankruptcy,
    Losses,
    Buckets,
    Exchanges,
)


def crisis(name: str, random: Random, count: int) -> Play:
    rulebook = together(name, random, random.choice(FUNDS))
    venue = Venue(rulebook)
    commands = Together(random, rulebook).commands(venue, count)
    return played(rulebook, venue, commands, afresh=False)


def audit(play: Play) -> None:
    for make in READERS:
        auditor = make(play)
        for turn in play.turns:
            auditor.read(turn)
    Deleveraging(play).all()
    Policy(play).all()


def walked(play: Play) -> Counter[str]:
    """The paths that its unified accounts and portfolios took."""
    found: Counter[str] = Counter()
    accounts = Accounts(play)
    for event in play.events():
        accounts.note(event)
        name = getattr(event, "account", "")
        kind = "unified" if name in accounts.unified else "else"
        match event:
            case LiquidationStarted():
                found[f"{kind} liquidated {event.mode}"] += 1
            case LiquidationStepTaken():
                found[f"{kind} closed by {event.closing}"] += 1
            case LiquidationEnded():
                found[f"{kind} {'closed' if event.closed_all else 'safe again'}"] += 1
            case CollateralExchanged():
                found["repaid" if event.cause is Exchange.LIQUIDATION else "limit"] += 1
            case InterestPaid():
                found["interest"] += 1
            case InsuranceFundPaid():
                found[f"{kind} paid for"] += 1
            case PositionDeleveraged():
                found[f"{kind} deleveraged"] += 1
    return found


WALKED: dict[tuple[str, int], Counter[str]] = {}
"""What happened in the sessions below, by rulebook and seed."""
PATHS = (
    "else liquidated portfolio",
    "unified liquidated portfolio",
    "unified liquidated cross",
    "unified liquidated isolated",
    "unified safe again",
    "unified closed",
    "unified closed by book",
    "unified closed by adl",
    "unified closed by takeover",
    "unified deleveraged",
    "unified paid for",
    "repaid",
    "limit",
    "interest",
)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", shipped())
def test_every_invariant_holds_where_things_stand_together(name: str, seed: int) -> None:
    """I1 to I11."""
    play = crisis(name, Random(seed), COMMANDS)
    WALKED[name, seed] = walked(play)

    audit(play)


def test_those_sessions_walked_every_path() -> None:
    """Else they would hold of an empty room.  Those that ran in other processes are played here."""
    found: Counter[str] = Counter()
    for name, seed in product(shipped(), range(SEEDS)):
        one = WALKED.get((name, seed))
        found += walked(crisis(name, Random(seed), COMMANDS)) if one is None else one

    assert [path for path in PATHS if not found[path]] == []


@given(st.sampled_from(shipped()), st.randoms(use_true_random=False), st.integers(1, 30))
def test_every_invariant_holds_however_short_the_story(
    name: str, random: Random, count: int
) -> None:
    """I1 to I11, where a failure shrinks to the shortest session that shows it."""
    audit(crisis(name, random, count))
