"""What a file is, what its instruments look like, and the file as a feed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from exchange.core.instrument import Instrument
from exchange.core.units import Nanos, UnitError
from feeds.around import AroundLaw
from feeds.defects import OnDefect, TickFileError
from feeds.format import Format, Opening
from feeds.formats import FORMATS
from feeds.listing import Carries, FileKind, Listing
from feeds.market import AsIndex, Finish, finish_for
from feeds.measure import Measured, Measuring
from feeds.sample import SHOWN, Sample
from feeds.scale import Scale, index_scale, instrument_scale
from feeds.source import FileSource, Source
from feeds.window import Window

KNOWN = (
    "Tardis, Binance, Bybit, OKX, LOBSTER, Databento, hftbacktest, Nautilus, cryptofeed or Lean "
    "file, or a table with a price in it"
)


def describe(path: str | Path, columns: Mapping[str, str] | None = None) -> FileKind:
    """Tell what a tick file is.  Raises TickFileError, saying what was found, where unsure.

    `columns`: what columns of a table mean, where their names do not tell (see `formats.table`).
    """
    return _recognised(Sample(Path(path), columns))[1]


def measure(
    path: str | Path, listing: Listing, columns: Mapping[str, str] | None = None
) -> Measured:
    """Tick size and lot size of a market, as the greatest steps that its figures lie on.

    In the file's own units, which may be contracts.  Taken down to 1, 5 or 25 times a power of
    ten, as venues choose them; with few different numbers, the decimals that they are written
    with.  Raises TickFileError where the file has no prices or no sizes.
    """
    sample = Sample(Path(path), columns)
    entry, kind = _recognised(sample)
    if entry.measured is not None:
        return Measured(*entry.measured(sample))
    scale = Measuring(listing.symbol)
    opening = Opening(sample, kind, listing, scale, listing.symbol, OnDefect.SKIP)
    try:
        return scale.measure(entry.open(opening).begin())
    except UnitError as error:
        raise TickFileError(f"{path}: {error}") from None


def open_market(
    path: str | Path,
    listing: Listing,
    scale: Scale,
    *,
    on_defect: OnDefect | str = OnDefect.STOP,
    columns: Mapping[str, str] | None = None,
) -> FileSource:
    """One market of a file on a grid of its own, for those who look at all that it tells.

    `scale.mark_unit` and the grids decide the units.  Raises TickFileError.
    """
    sample = Sample(Path(path), columns)
    entry, kind = _recognised(sample)
    source = entry.open(Opening(sample, kind, listing, scale, listing.symbol, OnDefect(on_defect)))
    source.finish = finish_for(listing)
    return source


def open_feed(
    path: str | Path,
    instrument: Instrument | None = None,
    *,
    index_for: Instrument | None = None,
    on_defect: OnDefect | str = OnDefect.STOP,
    start: Nanos | None = None,
    end: Nanos | None = None,
    symbol: str = "",
    contract: str = "",
    columns: Mapping[str, str] | None = None,
    around: AroundLaw | None = None,
) -> Source:
    """A file as the market of `instrument`, or as the index price of the perpetual `index_for`.

    `symbol` is what the file calls the market, where that differs from the instrument's name;
    `contract` what a size of 1 in the file stands for, where that is not what the venue's
    convention says.
    `around` makes up a book behind quotes, or around trades, where the file has no levels.
    `start` and `end` (exclusive) are in ns; a book that was built before `start` opens the window.
    Raises TickFileError for a file that cannot be read as that.
    """
    sample = Sample(Path(path), columns)
    if start is not None:
        sample.skip_before(start)
    entry, kind = _recognised(sample)
    own = instrument or index_for
    if own is None:
        raise TypeError("open_feed needs an instrument, or index_for")
    called = symbol or own.symbol
    listing = kind.find(sample.path, called, spot=instrument is None)
    policy = OnDefect(on_defect)
    if instrument is None:
        listing = _told_of_index(listing)
        scale = index_scale(own, called)
        finish: Finish = AsIndex(listing, own, scale)
    else:
        scale = instrument_scale(own, contract or listing.contract)
        finish = finish_for(listing, around)
    source = entry.open(Opening(sample, kind, listing, scale, called, policy))
    source.finish = finish
    return source if start is None and end is None else Window(source, start, end)


def _told_of_index(listing: Listing) -> Listing:
    """Where a market's quotes are told, its book need not be read to make an index of it."""
    if Carries.QUOTES not in listing.carries:
        return listing
    return Listing(symbol=listing.symbol, market=listing.market, carries=(Carries.QUOTES,))


def _recognised(sample: Sample) -> tuple[Format, FileKind]:
    path = sample.path
    if not sample.head:
        damage = f"compressed data ends here: {sample.damage}"
        raise TickFileError(f"{path}:1: {damage if sample.damage else 'the file is empty'}")
    twice = next((name for name in sample.names if sample.names.count(name) > 1), None)
    if twice is not None:
        raise TickFileError(f"{path}:1: column {twice[:SHOWN]!r} is there twice")
    for guesses in (False, True):
        found = _claims(sample, [entry for entry in FORMATS if entry.guesses is guesses])
        if len(found) > 1:
            titles = " or ".join(kind.title for _, kind in found)
            raise TickFileError(f"{path}: could be {titles}; a file's name can tell them apart")
        if found:
            return found[0]
    if sample.names:
        names = ",".join(sample.names)[:100]
        raise TickFileError(f"{path}:1: columns were {names}, expected those of a {KNOWN}")
    start = ascii(sample.first)[: SHOWN + 2]
    raise TickFileError(f"{path}:1: begins with {start}, expected a {KNOWN}")


def _claims(sample: Sample, entries: Sequence[Format]) -> list[tuple[Format, FileKind]]:
    claims = ((entry, entry.sniff(sample)) for entry in entries)
    return [(entry, kind) for entry, kind in claims if kind is not None]
