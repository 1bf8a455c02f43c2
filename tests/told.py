"""A stage that keeps what happened on it, and the stories in that."""

from collections.abc import Iterable

from exchange import Rulebook
from exchange.core.messages import Command, Event
from tests.stage import Stage, rulebook
from tools.stories import Story
from tools.telling import Teller

SYMBOLS = ("BTC", "ETH", "SOL")


class ToldStage(Stage):
    """A stage whose events are kept."""

    def __init__(self, rules: Rulebook | None = None, symbols: str = "BTC ETH SOL") -> None:
        self.events: list[Event] = []
        super().__init__(rules, symbols)

    def do(self, command: Command) -> list[Event]:
        events = super().do(command)
        self.events += events
        return events

    def story(self) -> Story:
        """The only one."""
        (story,) = self.stories()
        return story

    def stories(self) -> list[Story]:
        """Of all liquidations so far."""
        return stories_of(self.events)


def stories_of(events: Iterable[Event]) -> list[Story]:
    """The stories that end in these events."""
    teller = Teller()
    return [story for event in events if (story := teller.observe(event)) is not None]


def three_losers() -> ToldStage:
    """Ann has 400; BTC, ETH and SOL lose her 50, 200 and 20.

    Equity 130 against 10% of 950 + 800 + 980.  Without ETH, and then BTC, it is 130 against 98.
    """
    stage = ToldStage(rulebook(fee="0.001"))
    stage.trader("ann", deposit=400)
    stage.marks(BTC=100, ETH=100, SOL=100)
    for symbol in SYMBOLS:
        stage.hold("ann", symbol, 10, 100)
    stage.place("ann", "SOL", -4, 120)
    stage.show("BTC", bids={95: 20})
    stage.show("ETH", bids={81: 4, 80: 20})
    stage.show("SOL", bids={98: 20})
    stage.marks(SOL=98, BTC=95, ETH=80)
    return stage
