"""Which liquidations of a run are listed, and which are told: what `plimsoll explain` says."""

from collections.abc import Iterable
from typing import Any

import msgspec

from exchange.core.messages import AccountOpened
from exchange.journal import TornJournalError
from tools.runs import RunError, RunRecord
from tools.stories import Deleveraging, Story
from tools.story_facts import deleveraging_facts, facts, overview, row_text, totals
from tools.telling import Teller
from tools.text import plural
from tools.times import utc
from tools.upkeep import Record, Upkeep, is_told_by_a_story, record_facts

LISTED = 20
"""Liquidations that are listed where nobody says how many."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to know."""

    account: str = ""
    number: int = 0
    """Of one liquidation; 0: any."""
    limit: int | None = LISTED
    """None: no limit."""


class Explanation(msgspec.Struct, kw_only=True):
    """The liquidations of a run, and those that were asked for."""

    run: RunRecord
    asked: Asked
    stories: list[Story]
    """All of them."""
    records: list[Record] = []
    """What happened to accounts' money beside trades and liquidations."""
    unfinished: Story | None = None
    torn: str = ""
    """Why the journal stops where it does, if not because the run ended there."""

    @property
    def concerned(self) -> list[Story]:
        """Those that the question is about."""
        named = self.asked.account
        return [one for one in self.stories if not named or one.account == named]

    @property
    def listed(self) -> list[Story]:
        """The largest of them, in order of time."""
        return sorted(self._largest(self.asked.limit), key=lambda one: one.number)

    @property
    def told(self) -> list[Story]:
        """Those told in full: of an account all that are listed, else the largest."""
        if self.asked.number:
            return [self.stories[self.asked.number - 1]]
        return self.listed if self.asked.account else self._largest(1)

    @property
    def deleveraged(self) -> list[tuple[Story, str, Deleveraging]]:
        """When the account's own position was closed against somebody else's liquidation."""
        return [
            (story, step.symbol, one)
            for story in self.stories
            for step in story.steps
            for attempt in step.attempts
            for one in attempt.deleveraged
            if one.account == self.asked.account
        ]

    @property
    def asked_about(self) -> set[str]:
        """The accounts that are told of."""
        return {self.asked.account, *(story.account for story in self.told)}

    def before(self, story: Story) -> list[Record]:
        """What happened to a story's account since its liquidation before that."""
        earlier = [one.at for one in self.stories if one.account == story.account]
        since = max((at for at in earlier if at < story.at), default=-1)
        return [one for one in self._records(story.account) if since < one.at <= story.at]

    @property
    def afterwards(self) -> list[Record]:
        """What happened to the account since its last liquidation, or at all."""
        last = max((one.at for one in self.concerned), default=-1)
        return [one for one in self._records(self.asked.account) if one.at > last]

    def _records(self, account: str) -> list[Record]:
        return [one for one in self.records if one.account == account]

    def _largest(self, limit: int | None) -> list[Story]:
        by_size = sorted(self.concerned, key=lambda one: (-one.quote_notional, one.number))
        return by_size[:limit]


def explain(run: RunRecord, asked: Asked) -> Explanation:
    """Read a run's journal.  Raises RunError for an account or number that is not in it."""
    teller, upkeep, torn = Teller(), Upkeep(), ""
    records = []
    accounts: dict[str, None] = {}
    stories = []
    try:
        for event in run.events():
            if type(event) is AccountOpened:
                accounts[event.account] = None
            story = teller.observe(event)
            if story is not None:
                stories.append(story)
            record = upkeep.observe(event)
            if record is not None and not is_told_by_a_story(record):
                records.append(record)
    except TornJournalError as error:
        torn = str(error)
    if asked.account and asked.account not in accounts:
        raise RunError(f"account was {asked.account!r}, expected {one_of(accounts)}")
    if asked.number > len(stories):
        were = plural(len(stories), "liquidation")
        raise RunError(f"number was {asked.number}, but there were {were}")
    return Explanation(
        run=run,
        asked=asked,
        stories=stories,
        records=records,
        unfinished=teller.unfinished,
        torn=torn,
    )


def one_of(names: Iterable[str]) -> str:
    """Names to choose from, the first few of many."""
    known = list(names)
    if not known:
        return "one of this run's, which has none"
    more = f" or {len(known) - 5:,} more" if len(known) > 5 else ""  # noqa: PLR2004 (a handful)
    return f"one of {', '.join(known[:5])}{more}"


def explanation_facts(it: Explanation) -> dict[str, Any]:
    """The same for machines."""
    return {
        "run": str(it.run.folder),
        "scenario": it.run.scenario["name"],
        "torn": it.torn,
        "liquidations": len(it.stories),
        "totals": {asset: row_text(one) for asset, one in totals(it.stories).items()},
        "listed": [row_text(overview(one) | {"at": utc(one.at)}) for one in it.listed],
        "stories": [facts(one) for one in it.told],
        "deleveraged": [deleveraging_facts(*one) for one in it.deleveraged],
        "upkeep": [record_facts(one) for one in it.records if one.account in it.asked_about],
    }
