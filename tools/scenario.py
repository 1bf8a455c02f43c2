"""The scenario file: the one input of every tool, from an exact case in steps to a day of ticks.

TOML, decoded and validated by msgspec; numbers are decimal text and read exactly.  What the types
cannot say (a symbol that is not listed, a price off its tick) is checked when it is built.
"""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from exchange.core.messages import MarginMode
from exchange.core.rules import InstrumentRules, Rulebook
from exchange.toml_file import FieldError, convert, decode
from feeds import AroundLaw, OnDefect
from feeds.bridge import Minute
from feeds.flow import Chiarella, Hawkes, Retail, ZeroIntelligence
from feeds.synthetic import Follow
from feeds.synthetic_book import BookLaw
from tools.part import Account, Decimal, Part, Symbol, Time
from tools.step_parts import Step


class ScenarioError(ValueError):
    """A scenario that cannot be read or does not fit together: file, field, found, expected."""


class Position(Part, frozen=True, kw_only=True):
    """A position brought in from before the scenario, by a trade with history."""

    symbol: Symbol
    size: Annotated[Decimal, Meta(description="In the base asset; short below zero.")]
    price: Annotated[Decimal, Meta(description="Entry price; the mark, to the tick, if empty.")] = (
        ""
    )


class AccountPart(Part, frozen=True, kw_only=True):
    """A trader."""

    name: str
    """Its name, which no other account has."""
    hedge: Annotated[
        bool, Meta(description="Longs and shorts of an instrument are held side by side.")
    ] = False
    deposits: Annotated[dict[str, str], Meta(description="Amount for each asset.")] = {}
    mode: Annotated[
        dict[str, MarginMode], Meta(description="Margin mode by symbol; cross if not said.")
    ] = {}
    leverage: Annotated[
        dict[str, int], Meta(description="By symbol; the venue's default else.")
    ] = {}
    unified: Annotated[
        bool, Meta(description="All assets stand together behind all cross positions.")
    ] = False
    auto_margin: Annotated[
        tuple[str, ...],
        Meta(description="Symbols whose isolated position draws on the wallet when it fails."),
    ] = ()
    positions: Annotated[
        tuple[Position, ...], Meta(description="Brought in once the instruments have marks.")
    ] = ()


class Population(Part, frozen=True, kw_only=True):
    """Many accounts, drawn from stated laws by the scenario's seed.  Each holds one position.

    The position is brought in once its instrument has a mark.  With `distance`, it was opened
    earlier and the market has moved since: its entry price is such that its liquidation price lies
    that far from the mark.  With `entry_spread`, entry prices lie around the mark.  Without either,
    it is opened at the mark.  The deposit is the notional at entry over leverage, times `cushion`.
    """

    name: Annotated[str, Meta(description="Accounts are called NAME-1, NAME-2, ...")]
    count: Annotated[int, Meta(ge=1, le=1_000_000)]
    """How many accounts."""
    symbols: Annotated[dict[str, int], Meta(description="Weight of each instrument.")]
    leverage: Annotated[dict[str, int], Meta(description="Weight of each leverage.")]
    long_percent: Annotated[int, Meta(ge=0, le=100)] = 50
    """How many of a hundred are long."""
    isolated_percent: Annotated[int, Meta(ge=0, le=100)] = 50
    """How many of a hundred are in isolated margin."""
    portfolio: Annotated[
        bool, Meta(description="The others are in portfolio margin, with what leverage it allows.")
    ] = False
    notional_least: Decimal = "1000"
    notional_most: Decimal = "1000000"
    notional_alpha: Annotated[
        Decimal, Meta(description="Exponent of the Pareto law of notionals; smaller, fatter tail.")
    ] = "1.2"
    cushion: Decimal = "1.05"
    distance_least: Annotated[Decimal, Meta(description="As a part of the mark.")] = ""
    distance_most: Decimal = ""
    entry_spread: Annotated[
        Decimal,
        Meta(
            description="Standard deviation of entry prices around the mark, as a part of it; who "
            "would be liquidated already stands as far on the other side of that line."
        ),
    ] = ""
    strategy: Annotated[str, Meta(description="That each of them trades; none if empty.")] = ""
    parameters: Annotated[dict[str, Any], Meta(description="The strategy's own.")] = {}


class TravelPart(Part, frozen=True, kw_only=True):
    """A travel time that is drawn for each message by the scenario's seed, or that was measured.

    No message overtakes the one before it in its direction: it arrives with it.
    """

    median_ms: Annotated[Decimal, Meta(description="Log-normal around this, with `spread`.")] = ""
    spread: Annotated[Decimal, Meta(description="Standard deviation of the logarithm.")] = "0.5"
    quantiles_ms: Annotated[
        tuple[Decimal, ...], Meta(description="At even steps, from the least to the most.")
    ] = ()
    file: Annotated[
        str,
        Meta(description="CSV with the columns sent, entry, response and market_data, in ns."),
    ] = ""


class LatencyPart(Part, frozen=True, kw_only=True):
    """Travel times: to the venue, back from it, and of market data; each constant or drawn."""

    entry_ms: Decimal = "0"
    response_ms: Decimal = "0"
    market_data_ms: Decimal = "0"
    entry: TravelPart | None = None
    response: TravelPart | None = None
    market_data: TravelPart | None = None


class StrategyPart(Part, frozen=True, kw_only=True):
    """A strategy and the account that it trades."""

    strategy: Annotated[
        str, Meta(description="A name of the gallery or of a plug-in, or file.py:ClassName.")
    ]
    account: Account
    name: Annotated[str, Meta(description="For reports; the account's if empty.")] = ""
    symbols: Annotated[tuple[str, ...], Meta(description="What it hears of; empty: all.")] = ()
    parameters: Annotated[dict[str, Any], Meta(description="The strategy's own.")] = {}
    latency: Annotated[
        LatencyPart | None, Meta(description="Of its line, if not as the scenario's.")
    ] = None


class FeedPart(Part, frozen=True, kw_only=True):
    """A tick file, as the market of an instrument or as its index price."""

    file: Annotated[str, Meta(description="From the scenario's folder.")]
    symbol: Symbol
    index: Annotated[bool, Meta(description="A spot recording that is the index of `symbol`.")] = (
        False
    )
    called: Annotated[str, Meta(description="What the file calls it, if not the same.")] = ""
    contract: Annotated[
        Decimal, Meta(description="What a size of 1 in the file stands for, if not one.")
    ] = ""
    columns: Annotated[
        dict[str, str],
        Meta(description="What columns of a table mean, as MEANING = COLUMN: price = px."),
    ] = {}
    on_defect: OnDefect = OnDefect.STOP
    around: AroundLaw | None = None
    """A book made up behind recorded quotes, or around trades, where the file has no levels."""
    start: Annotated[Time, Meta(description="Begin here, with the market as it stood; in UTC.")] = (
        ""
    )
    end: Annotated[Time, Meta(description="End before this moment, in UTC.")] = ""


class SyntheticPart(Part, frozen=True, kw_only=True):
    """A synthetic market through published minutes; the path has the scenario's seed."""

    symbol: Symbol
    minutes: Annotated[
        tuple[Minute, ...],
        Meta(description="[time, open, high, low, close, volume, depth]; empty with `follow`."),
    ] = ()
    day: Annotated[str, Meta(description='UTC date of the minutes, "2025-10-10".')] = ""
    leader: Annotated[
        Symbol, Meta(description="The market whose minutes this one has; needs `follow`.")
    ] = ""
    follow: Follow | None = None
    book: BookLaw
    step_seconds: Decimal = "1"
    trades_per_step: Decimal = "1"
    traded_share: Decimal = "0.01"


FlowPart: TypeAlias = ZeroIntelligence | Hawkes | Chiarella | Retail
"""A synthetic flow of orders, by its `model`."""


class Reported(Part, frozen=True, kw_only=True):
    """What was published of the day that a scenario rebuilds, to be held against the run.

    Money is in the quote currency.
    """

    symbols: Annotated[
        tuple[str, ...], Meta(description="Markets that it is about; empty: all.")
    ] = ()
    scale: Annotated[
        Decimal, Meta(description="How many of the day's contracts one of the scenario is for.")
    ] = "1"
    open_interest: Annotated[
        Decimal, Meta(description="Of one side, at the beginning; not published if empty.")
    ] = ""
    liquidated: Annotated[
        Decimal, Meta(description="Longs and shorts; not published if empty.")
    ] = ""
    steps_are: Annotated[
        str,
        Meta(description='What the steps bring about, such as "the halt": the day without it.'),
    ] = ""
    remark: Annotated[str, Meta(description="How the run compares, and why.")] = ""
    sources: tuple[str, ...] = ()
    """Where the figures were published."""


class Outputs(Part, frozen=True, kw_only=True):
    """What a run leaves behind besides its tables."""

    quotes: Annotated[bool, Meta(description="Keep every change of quote in the journal.")] = False
    sample_seconds: Annotated[
        Decimal,
        Meta(description='How often accounts, markets and funds are written down; "0": never.'),
    ] = "1"
    crowd_seconds: Annotated[
        Decimal,
        Meta(description='How often populations and liquidation prices are; "0": never.'),
    ] = "30"


class Scenario(Part, frozen=True, kw_only=True):
    """Everything a run needs."""

    name: str
    """What run folders are called."""
    title: str = ""
    """What reports are headed with."""
    notes: Annotated[str, Meta(description="What it shows, and where figures come from.")] = ""
    rulebook: Annotated[
        str, Meta(description='A shipped rulebook, or a path ending in ".toml".')
    ] = "general"
    rules: Annotated[
        dict[str, Any], Meta(description="Fields of the rulebook that are different here.")
    ] = {}
    seed: Annotated[int, Meta(description="Of everything drawn by chance.")] = 1
    start: Annotated[
        Time, Meta(description="Where no feed tells; empty: the first dated step.")
    ] = ""
    until: Annotated[Time, Meta(description="When to end; empty: with feed and steps.")] = ""
    recorded_marks: Annotated[
        bool, Meta(description="The marks come with the feed or the steps; none is computed.")
    ] = False
    instruments: tuple[InstrumentRules, ...]
    accounts: tuple[AccountPart, ...] = ()
    populations: tuple[Population, ...] = ()
    strategies: tuple[StrategyPart, ...] = ()
    feeds: tuple[FeedPart, ...] = ()
    synthetic: tuple[SyntheticPart, ...] = ()
    flows: Annotated[
        tuple[FlowPart, ...],
        Meta(description="Made-up traders, who go on until `until`; by their `model`."),
    ] = ()
    steps: tuple[Step, ...] = ()
    latency: LatencyPart = LatencyPart()
    reported: Reported | None = None
    outputs: Outputs = Outputs()


def shipped() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(_names(Path(str(files("tools") / "scenarios"))))


def _names(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.toml"):
        yield path.relative_to(folder).with_suffix("").as_posix()


def find(name: str) -> Path:
    """The file of a scenario: a shipped name, or a path.  Raises ScenarioError."""
    path = Path(name)
    if path.is_dir():
        raise ScenarioError(f"{name}: was a folder, expected a scenario file")
    if path.suffix != ".toml":
        path = Path(str(files("tools") / "scenarios")) / f"{name}.toml"
    if not path.is_file():
        raise ScenarioError(
            f"{name}: no such scenario, expected a .toml file or a name of `plimsoll scenarios`"
        )
    return path


def read(path: Path) -> Scenario:
    """Decode a scenario file.  Raises ScenarioError, naming the field."""
    try:
        return decode(path.read_bytes(), Scenario)
    except (FieldError, OSError) as error:
        raise ScenarioError(f"{path}: {error}") from None


def text(scenario: Scenario) -> str:
    """A scenario as TOML, without what it leaves as it is anyway."""
    return msgspec.toml.encode(_said(scenario)).decode()


def _said(value: object) -> object:
    if isinstance(value, msgspec.Struct):
        config = value.__struct_config__
        tag = {config.tag_field: config.tag} if config.tag_field else {}
        fields = [(field, getattr(value, field.name)) for field in msgspec.structs.fields(value)]
        return tag | {field.name: _said(own) for field, own in fields if own != _default(field)}
    if isinstance(value, tuple):
        return [_said(one) for one in value]
    return value


def _default(field: msgspec.structs.FieldInfo) -> object:
    factory = field.default_factory
    return factory() if callable(factory) else field.default


def overridden(rulebook: Rulebook, changes: dict[str, Any]) -> Rulebook:
    """A rulebook with some fields different.  Raises ScenarioError, naming the field."""
    try:
        return convert(merged(msgspec.to_builtins(rulebook), changes), Rulebook)
    except FieldError as error:
        raise ScenarioError(f"rules: {error}") from None


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """`old` with what `new` says, table by table; lists are replaced whole."""
    both = dict(old)
    for key, value in new.items():
        inner = both.get(key)
        is_table = isinstance(inner, dict) and isinstance(value, dict)
        both[key] = merged(inner, value) if is_table else value  # type: ignore[arg-type]
    return both
