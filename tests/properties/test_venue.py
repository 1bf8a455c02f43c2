"""The whole venue under everything that can be sent to it: what must hold whatever happens.

Plain seeds give volume (the environment variable PLIMSOLL_SEEDS says how many, for a long run),
and Hypothesis shrinks.
"""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.core.messages import (
    HOUSE,
    AnyCommand,
    AnyEvent,
    Closing,
    Command,
    CommandRejected,
    Event,
    InsuranceFundPaid,
    LeftoverTaken,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationStarted,
    LiquidationStepTaken,
    LossSocialised,
    LossUncovered,
    OrderFilled,
    PassTime,
    PositionDeleveraged,
    PositionSide,
    Reject,
    Side,
    TradeKind,
    UpdateVolatility,
    VolatilityChanged,
)
from exchange.core.policies import Breach, Unfilled
from exchange.core.rules import LiquidationRules
from exchange.core.venue import Venue
from tests.holdings import check_view, money, orders, sizes, waiting
from tests.models.statement import Statement
from tests.traffic import DRAW, Traffic

SEEDS = int(os.environ.get("PLIMSOLL_SEEDS", "12"))
COMMANDS = 300
VIEWED = 10
"""After so many commands everybody's views are looked at, which takes longer than all else."""
FORCED = (TradeKind.LIQUIDATION, TradeKind.ADL, TradeKind.TAKEOVER)
ROOT = Path(__file__).resolve().parents[2]

seeds = pytest.mark.parametrize("seed", range(SEEDS))


def session(random: Random, count: int) -> tuple[Venue, list[Command], list[list[Event]]]:
    """A venue after `count` commands, the commands, and what it answered to each."""
    traffic = Traffic(random)
    venue = Venue(traffic.rulebook)
    commands: list[Command] = []
    answers: list[list[Event]] = []
    for command in traffic.commands(venue, count):
        commands.append(command)
        answers.append(venue.apply(command))
    return venue, commands, answers


def rejected(command: Command, events: list[Event]) -> bool:
    """Whether a command (not one of a batch) was refused, and nothing else was due at its time."""
    (first, *others) = events or [None]
    refused = isinstance(first, CommandRejected) and first.command == type(command).__name__
    return refused and not others


# ---------------------------------------------------------------------------- wholeness


def play(random: Random, count: int) -> None:
    """Check everything after every command."""
    traffic, statement = Traffic(random), Statement()
    venue = Venue(traffic.rulebook)
    digest, at = venue.digest(), 0
    for number, command in enumerate(traffic.commands(venue, count), start=1):
        nothing_due = venue.next_due > command.at
        events = venue.apply(command)
        venue.check()
        if rejected(command, events) and nothing_due:
            assert venue.digest() == digest, f"{command} was refused and changed the venue"
        else:
            statement.read(events)
            check_statement(statement, venue)
            digest = venue.digest()
        assert venue.now >= at, "time went backwards"
        at = venue.now
        if number % VIEWED == 0 or number == count:
            check_views(venue)


def check_statement(statement: Statement, venue: Venue) -> None:
    """Everybody has what can be reckoned from the events."""
    for name in venue.account_names():
        held: dict[object, int] = {}
        of_order = {number: size for number, size in waiting(venue, name).items() if size}
        for asset in ("USD", "COIN"):
            assert money(venue, name, asset) == statement.money[name, asset], f"{name}'s {asset}"
            held.update({(name, *side): size for side, size in sizes(venue, name, asset).items()})
            of_order.update({o.order_id: o.open_size for o in orders(venue, name, asset)})
        assert held == {k: size for k, size in statement.sizes.items() if size and k[0] == name}
        assert of_order == statement.open[name]
    for asset in ("USD", "COIN"):
        assert sum(venue.balances(asset).values()) == 0


def check_views(venue: Venue) -> None:
    """Views say the same, and can say where every position ends."""
    for name in venue.account_names():
        for asset in ("USD", "COIN"):
            check_view(venue, venue.account_view(name, asset))


@seeds
def test_the_venue_stays_whole(seed: int) -> None:
    play(Random(seed), COMMANDS)


@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_the_venue_stays_whole_however_short_the_story(random: Random, count: int) -> None:
    play(random, count)


def test_the_traffic_has_every_command() -> None:
    """But for options, which have traffic of their own (test_options)."""
    assert set(DRAW) == set(get_args(AnyCommand)) - {UpdateVolatility}


def test_the_traffic_reaches_most_of_the_venue() -> None:
    """Else the properties above would hold of an empty room."""
    happened: set[type[Event]] = set()
    refused: set[Reject] = set()
    for seed in range(20):
        _, _, answers = session(Random(seed), COMMANDS)
        for event in (event for events in answers for event in events):
            happened.add(type(event))
            if isinstance(event, CommandRejected):
                refused.add(event.reason)

    # How much of it, and who bears that, is told by a model where it happens often: in crises.
    takes_luck = {LossUncovered, LossSocialised}
    assert set(get_args(AnyEvent)) - happened <= takes_luck | {VolatilityChanged}
    assert len(refused) >= 25


# -------------------------------------------------------------------------- determinism


@seeds
def test_the_journal_of_commands_leads_to_the_same_events(seed: int) -> None:
    """Written as bytes and read back, as a replay does."""
    venue, commands, answers = session(Random(seed), COMMANDS)
    encode, decode = msgspec.json.Encoder().encode, msgspec.json.Decoder(AnyCommand).decode

    again = Venue(venue.rulebook)
    replayed = [again.apply(decode(encode(command))) for command in commands]

    assert replayed == answers
    assert again.digest() == venue.digest()


@seeds
def test_refused_commands_might_as_well_never_have_been_sent(seed: int) -> None:
    venue, commands, answers = session(Random(seed), COMMANDS)

    again = Venue(venue.rulebook)
    for command, events in zip(commands, answers, strict=True):
        if not rejected(command, events):
            assert again.apply(command) == events
    again.apply(PassTime(at=venue.now))  # something due may have passed unheard with a refused one

    assert again.digest() == venue.digest()


def test_nothing_hangs_on_the_order_of_hashes() -> None:
    """Sets and dicts of strings come in another order in every process, unless told otherwise."""
    ends = set()
    for hash_seed in ("0", "1", "random"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.traffic", "7", "400"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        )
        ends.add(done.stdout)

    assert len(ends) == 1, ends


# ------------------------------------------------------------------------------- margin


def caused_by(command: Command, events: list[Event]) -> bool:
    """Whether a command put its own account into liquidation, with nobody else's doing."""
    victims = {e.account for e in events if isinstance(e, PositionDeleveraged)}
    started = [e.account for e in events if isinstance(e, LiquidationStarted)]
    own = getattr(command, "account", "")
    return started[:1] == [own] and own not in victims


def closes(command: Command, events: list[Event]) -> bool:
    """Whether the command closed something: that needs no margin, only money for the loss."""
    own = getattr(command, "account", "")
    fills = [e for e in events if isinstance(e, OrderFilled) and e.account == own]
    return any(e.realised_pnl for e in fills)


@seeds
def test_no_command_is_accepted_only_to_be_liquidated(seed: int) -> None:
    """An order that opens, a withdrawal, a transfer, a leverage: each leaves its account safe."""
    _, commands, answers = session(Random(seed), COMMANDS)
    for command, events in zip(commands, answers, strict=True):
        if caused_by(command, events):
            assert closes(command, events), f"{command} led to {events}"


@seeds
def test_every_liquidation_is_told_so_that_it_adds_up(seed: int) -> None:
    """It begins below the line and ends above it or with nothing; each step closes what it says,
    at no worse than its price; a fund that never took a position over is never in debt.
    """
    venue, _, answers = session(Random(seed), COMMANDS)
    rules = venue.rulebook.liquidation
    story = Story(equality=rules.trigger is Breach.AT_OR_BELOW, takes_over=takes_over(rules))
    for events in answers:
        for event in events:
            story.read(event)
        story.end_of_command()


def takes_over(rules: LiquidationRules) -> bool:
    """Whether the venue's own account may come to hold positions."""
    return rules.unfilled is Unfilled.TAKEOVER or rules.backstop != "0"


class Story:
    """Liquidations as they are told, each event held against those before it."""

    def __init__(self, *, equality: bool, takes_over: bool) -> None:
        self.edge = 1 if equality else 0
        self.takes_over = takes_over
        self.under_way: set[tuple[str, str, PositionSide, str]] = set()
        self.fills: dict[str, list[OrderFilled]] = defaultdict(list)
        self.victims: list[PositionDeleveraged] = []

    def read(self, event: Event) -> None:
        match event:
            case LiquidationStarted():
                self.start(event)
            case LiquidationStepTaken():
                check_step(event, self.fills.pop(event.account, []), self.victims)
                self.victims = []
            case LiquidationEnded():
                self.end(event)
            case OrderFilled() if event.kind in FORCED and event.account != HOUSE:
                self.fills[event.account].append(event)
            case PositionDeleveraged():
                self.victims.append(event)
            case InsuranceFundPaid() | LiquidationFeeCharged() | LeftoverTaken():
                assert event.insurance_fund >= 0 or self.takes_over

    def start(self, event: LiquidationStarted) -> None:
        assert event.equity < event.maintenance_margin + self.edge
        key = event.account, event.symbol, event.position_side, event.asset
        assert key not in self.under_way, f"{key} was started twice"
        self.under_way.add(key)

    def end(self, event: LiquidationEnded) -> None:
        self.under_way.remove((event.account, event.symbol, event.position_side, event.asset))
        if event.closed_all:
            assert event.equity == event.collateral >= 0
        else:
            assert event.equity >= event.maintenance_margin + self.edge

    def end_of_command(self) -> None:
        assert not any(self.fills.values()), "something was closed, and no step says so"


def check_step(
    step: LiquidationStepTaken, filled: list[OrderFilled], victims: list[PositionDeleveraged]
) -> None:
    key = step.symbol, step.position_side
    held = {(p.symbol, p.position_side): p.size for p in step.positions}[key]
    if step.account != HOUSE:
        assert step.filled == sum(fill.size for fill in filled) <= step.size <= abs(held)
    for fill in filled:
        assert (fill.symbol, fill.position_side) == key
        assert fill.side is (Side.SELL if held > 0 else Side.BUY)
        better = fill.price - step.bankruptcy_price
        assert better >= 0 if held > 0 else better <= 0
    assert [victim.rank for victim in victims] == list(range(1, len(victims) + 1))
    for victim in victims:
        assert (victim.against, victim.price) == (step.account, step.bankruptcy_price)
    if step.closing is not Closing.ADL:
        assert not victims
    else:
        assert step.filled == step.size == abs(held)
