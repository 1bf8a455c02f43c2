"""Every format that a tick file may have: one file and one line for each."""

from feeds.format import Format
from feeds.formats import (
    binance_public,
    bybit_public,
    databento,
    hftbacktest,
    lean,
    lobster,
    nautilus,
    okx_public,
    recording,
    store,
    table,
    tardis,
)

FORMATS: tuple[Format, ...] = (
    tardis.FORMAT,
    recording.FORMAT,
    binance_public.FORMAT,
    bybit_public.FORMAT,
    okx_public.FORMAT,
    lean.FORMAT,
    databento.FORMAT,
    lobster.FORMAT,
    hftbacktest.FORMAT,
    nautilus.FORMAT,
    store.FORMAT,
    table.FORMAT,
)

__all__ = ["FORMATS"]
