"""How venues name and size their contracts, where a file leaves it to the reader to know.

Each row: venues, symbols, what kind of market that is, what a size of 1 stands for in our unit of
size (the base asset; for inverse contracts, the quote money), and the settlement asset.  Groups
`base` and `quote` of a symbol may be used in the last column.  The first row that fits holds.
"""

import re
from typing import NamedTuple

from feeds.listing import Carries, Listing, Market


class Terms(NamedTuple):
    """What a contract is."""

    market: Market
    contract: str
    settle: str


LINEAR, INVERSE, SPOT = Market.LINEAR, Market.INVERSE, Market.SPOT
BASE_QUOTE = r"(?P<base>\w+?)(?P<quote>USDT|USDC|USD1|FDUSD|BUSD|TUSD|USD|EUR|BTC|ETH)"
CONVENTIONS = (
    # https://www.binance.com/en/futures/trading-rules/quarterly: 100 USD for BTC, 10 for the rest
    ("binance.*", r"(?P<base>BTC)USD_\w+", INVERSE, "100", "{base}"),
    ("binance.*", r"(?P<base>\w+)USD_\w+", INVERSE, "10", "{base}"),
    ("binance-(futures|usdm)", BASE_QUOTE + r"(_\d+)?", LINEAR, "1", "{quote}"),
    ("binance(-us|-spot)?", BASE_QUOTE, SPOT, "1", "{quote}"),
    # https://www.bybit.com/en/help-center: inverse contracts are of 1 USD
    ("bybit-spot", BASE_QUOTE, SPOT, "1", "{quote}"),
    ("bybit", r"(?P<base>\w+)USD([HMUZ]\d\d)?", INVERSE, "1", "{base}"),
    ("bybit", r"(?P<base>\w+)PERP", LINEAR, "1", "USDC"),
    ("bybit", BASE_QUOTE, LINEAR, "1", "{quote}"),
    # https://www.bitmex.com/app/contract: XBTUSD is of 1 USD; quanto contracts pay a fixed part of
    # a bitcoin for each dollar of price, which is linear, and settled in bitcoin
    ("bitmex", r"(?P<base>XBT)(USD|[FGHJKMNQUVXZ]\d\d)", INVERSE, "1", "{base}"),
    ("bitmex", r"(?P<base>XBT)USDT", LINEAR, "0.000001", "USDT"),
    ("bitmex", r"(ETH|BCH)USD", LINEAR, "0.000001", "XBT"),
    ("bitmex", r"LTCUSD", LINEAR, "0.000002", "XBT"),
    ("bitmex", r"XRPUSD", LINEAR, "0.0002", "XBT"),
    ("bitmex", r"[A-Z]+[FGHJKMNQUVXZ]\d\d", LINEAR, "1", "XBT"),
    ("bitmex", r"(?P<base>\w+)USDT", LINEAR, "1", "USDT"),
    # https://docs.deribit.com: amounts of inverse contracts are in USD
    ("deribit", r"(?P<base>\w+)_(?P<quote>USDC|USDT)-\w+", LINEAR, "1", "{quote}"),
    ("deribit", r"(?P<base>\w+)-\w+", INVERSE, "1", "{base}"),
    # https://www.okx.com/trade-market/info/swap: contract values
    ("ok(ex|x).*", r"(?P<base>BTC)-USD-\w+", INVERSE, "100", "{base}"),
    ("ok(ex|x).*", r"(?P<base>\w+)-USD-\w+", INVERSE, "10", "{base}"),
    ("ok(ex|x).*", r"(BTC)-(?P<quote>USDT)-\w+", LINEAR, "0.01", "{quote}"),
    ("ok(ex|x).*", r"(ETH|BCH)-(?P<quote>USDT)-\w+", LINEAR, "0.1", "{quote}"),
    ("ok(ex|x).*", r"(XRP|ADA)-(?P<quote>USDT)-\w+", LINEAR, "100", "{quote}"),
    ("ok(ex|x).*", r"(DOGE|TRX)-(?P<quote>USDT)-\w+", LINEAR, "1000", "{quote}"),
    ("ok(ex|x).*", r"(\w+)-(?P<quote>USDT|USDC)-\w+", LINEAR, "1", "{quote}"),
    ("ok(ex|x).*", r"(?P<base>\w+)-(?P<quote>\w+)", SPOT, "1", "{quote}"),
    # https://support.kraken.com/hc/en-us/articles/360022835771: PI and FI are of 1 USD
    ("kraken-futures|cryptofacilities", r"(PI|FI)_(?P<base>\w+)USD(_\d+)?", INVERSE, "1", "{base}"),
    ("kraken-futures|cryptofacilities", r"PF_\w+", LINEAR, "1", "USD"),
    ("kraken", r"(?P<base>\w+)/(?P<quote>\w+)", SPOT, "1", "{quote}"),
    # https://www.htx.com/support: coin-margined swaps are of 100 USD for BTC, 10 for the rest
    ("huobi-dm(-swap)?", r"(?P<base>BTC)-?\w*", INVERSE, "100", "{base}"),
    ("huobi-dm(-swap)?", r"(?P<base>[A-Z]+)-?\w*", INVERSE, "10", "{base}"),
    ("coinbase|bitstamp|bitfinex|gemini|huobi|kucoin|gate-io|upbit", r".*", SPOT, "1", ""),
    # CME Globex: dollars for one point of the index
    ("glbx.*", r"ES[FGHJKMNQUVXZ]\d+", LINEAR, "50", "USD"),
    ("glbx.*", r"(MES|NQ)[FGHJKMNQUVXZ]\d+", LINEAR, "5", "USD"),
    ("glbx.*|xnas.*|nasdaq.*|lobster", r".*", LINEAR, "1", "USD"),
)  # fmt: skip
_COMPILED = tuple((re.compile(row[0]), re.compile(row[1]), Terms(*row[2:])) for row in CONVENTIONS)
OTHERWISE = Terms(LINEAR, "1", "USDT")
"""A contract of one of the base asset, settled in USDT."""


def terms(venue: str, symbol: str) -> Terms:
    """What a venue means by a symbol.

    >>> terms("binance", "BTCUSD_PERP")
    Terms(market=<Market.INVERSE: 'inverse'>, contract='100', settle='BTC')
    """
    for venues, symbols, what in _COMPILED:
        found = symbols.fullmatch(symbol) if venues.fullmatch(venue) else None
        if found is not None:
            return what._replace(settle=what.settle.format(**found.groupdict()) or "USD")
    return OTHERWISE


def listing(venue: str, symbol: str, *carries: Carries) -> Listing:
    """A market in a file, as its venue means it."""
    what = terms(venue, symbol)
    return Listing(
        symbol=symbol,
        market=what.market,
        carries=carries,
        settle=what.settle,
        contract=what.contract,
    )


def pair(symbol: str) -> str:
    """The pair behind a name: what a contract has in common with the spot market of its index.

    A dollar is a dollar, whoever issued it.

    >>> pair("BTC-USDT-SWAP"), pair("BTCUSD_PERP"), pair("XBTUSD"), pair("PI_ETHUSD")
    ('BTCUSD', 'BTCUSD', 'BTCUSD', 'ETHUSD')
    """
    text = re.sub(r"^(PI|PF|FI)_", "", symbol.upper()).replace("XBT", "BTC")
    text = re.sub(r"[-_](PERP(ETUAL)?|SWAP|\d{6,8})$", "", text)
    return re.sub(r"USD[TC]$", "USD", re.sub(r"[-_/]", "", text))
