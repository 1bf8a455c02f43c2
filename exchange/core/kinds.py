"""What can be one of several: sides, modes, reasons; policies are in their own file.

Compiled, unlike the messages and rules that are made of them: there, naming a member is a look-up
in two dictionaries; here it costs nothing.
"""

from enum import StrEnum


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"


class TimeInForce(StrEnum):
    """How long an order may rest."""

    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    GTD = "gtd"
    """Until a moment that its instructions name."""


class MarginMode(StrEnum):
    """What stands behind a position, and how its margin is reckoned."""

    CROSS = "cross"
    """All of a pool, with margin for each position by itself."""
    ISOLATED = "isolated"
    """Its own bucket."""
    PORTFOLIO = "portfolio"
    """All of a pool, with margin for the worst that could happen to all of it together."""


class PositionMode(StrEnum):
    """How many positions an account may hold in one instrument."""

    ONE_WAY = "one_way"
    """One, long or short by turns."""
    HEDGE = "hedge"
    """A long and a short, side by side."""


class PositionSide(StrEnum):
    """Which of an account's positions in an instrument is meant."""

    NET = "net"
    """The only one, in one-way mode."""
    LONG = "long"
    SHORT = "short"


class PriceSource(StrEnum):
    """Which price a trigger looks at."""

    LAST = "last"
    MARK = "mark"
    INDEX = "index"


class TriggerKind(StrEnum):
    """Which way the price must come."""

    STOP = "stop"
    """Against the position that it closes: a buy waits for a rise, a sell for a fall."""
    TAKE_PROFIT = "take_profit"
    """The other way round."""
    TRAILING_STOP = "trailing_stop"
    """A stop that follows the price at a distance, and never goes back."""


class Reject(StrEnum):
    """Why a command was refused.  In order of precedence: the first that applies is reported."""

    TIME_GOES_BACKWARDS = "time_goes_backwards"
    RESERVED_ACCOUNT = "reserved_account"
    UNKNOWN_ACCOUNT = "unknown_account"
    ACCOUNT_EXISTS = "account_exists"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    INSTRUMENT_EXISTS = "instrument_exists"
    BAD_INSTRUMENT = "bad_instrument"
    WRONG_POSITION_SIDE = "wrong_position_side"
    INSTRUMENT_CLOSED = "instrument_closed"
    MARKET_PAUSED = "market_paused"
    MARKET_CANCEL_ONLY = "market_cancel_only"
    MARKET_POST_ONLY = "market_post_only"
    BAD_PHASE = "bad_phase"
    BAD_BATCH = "bad_batch"
    UNKNOWN_ORDER = "unknown_order"
    DUPLICATE_REF = "duplicate_ref"
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    SIZE_NOT_POSITIVE = "size_not_positive"
    SIZE_ABOVE_MAX = "size_above_max"
    MARKET_SIZE_ABOVE_MAX = "market_size_above_max"
    PRICE_NOT_POSITIVE = "price_not_positive"
    PRICE_ABOVE_MAX = "price_above_max"
    BAD_ORDER_NUMBER = "bad_order_number"
    """Of an order that a record tells by itself."""
    BAD_FLAGS = "bad_flags"
    BAD_DISPLAY_SIZE = "bad_display_size"
    BAD_EXPIRY = "bad_expiry"
    BAD_TRIGGER = "bad_trigger"
    BAD_EXIT = "bad_exit"
    NOT_OFFERED = "not_offered"
    RATE_LIMITED = "rate_limited"
    TOO_MANY_ORDERS = "too_many_orders"
    TOO_MANY_TRIGGERS = "too_many_triggers"
    NO_MARK_PRICE = "no_mark_price"
    REDUCE_ONLY_WOULD_INCREASE = "reduce_only_would_increase"
    PRICE_OUTSIDE_BAND = "price_outside_band"
    NO_INDEX_PRICE = "no_index_price"
    WOULD_TRIGGER_AT_ONCE = "would_trigger_at_once"
    OPEN_ORDERS = "open_orders"
    OPEN_POSITIONS = "open_positions"
    NOT_ISOLATED = "not_isolated"
    NO_POSITION = "no_position"
    SIZE_BELOW_MIN = "size_below_min"
    NOTIONAL_BELOW_MIN = "notional_below_min"
    POST_ONLY_WOULD_TAKE = "post_only_would_take"
    CANNOT_FILL_WHOLE = "cannot_fill_whole"
    LEVERAGE_OUT_OF_RANGE = "leverage_out_of_range"
    INSUFFICIENT_MARGIN = "insufficient_margin"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    HISTORY_CROSSED = "history_crossed"


class CancelReason(StrEnum):
    """Why an order left the book, or never came to rest, with something unfilled."""

    CLIENT = "client"
    IOC = "ioc"
    EXPIRED = "expired"
    """Its time was over."""
    GROUP = "group"
    """Another order of its group traded."""
    POSITION_CLOSED = "position_closed"
    """It was to close a position that is gone."""
    REFUSED = "refused"
    """It was triggered, and could not be admitted."""
    COUNTDOWN = "countdown"
    """The dead man's switch."""
    REDUCE_ONLY = "reduce_only"
    SELF_TRADE = "self_trade"
    LIQUIDATION = "liquidation"
    DELEVERAGED = "deleveraged"
    STRATEGY_STOPPED = "strategy_stopped"
    INSTRUMENT_CLOSED = "instrument_closed"


class Closing(StrEnum):
    """How a liquidation step closes a position; each is tried when the one before found nobody."""

    BOOK = "book"
    """In the book, at a price that the account itself can pay."""
    INSURANCE_FUND = "insurance_fund"
    """In the book, at a price that the account and the insurance fund can pay."""
    ADL = "adl"
    """Against traders on the other side, at the bankruptcy price or the rulebook's."""
    TAKEOVER = "takeover"
    """By the venue's own account, at the bankruptcy price."""
    SOCIALISED = "socialised"
    """In the book, at any price in the venue's band; others bear what the fund cannot."""


class Phase(StrEnum):
    """What may be done in a market, from everything to nothing."""

    TRADING = "trading"
    POST_ONLY = "post_only"
    """Post-only orders may come to rest, and orders be cancelled; nothing trades."""
    CANCEL_ONLY = "cancel_only"
    PAUSED = "paused"
    """Nothing that a client asks of an order."""
    EXPIRED = "expired"
    """A dated future after its time, waiting for its settlement price."""
    SETTLED = "settled"
    """Closed for good."""


class TradeKind(StrEnum):
    """How a trade came about."""

    BOOK = "book"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    TAKEOVER = "takeover"
    BLOCK = "block"


class ContractKind(StrEnum):
    """What is traded, and what it pays in."""

    LINEAR = "linear"
    """Settled in the money it is quoted in: worth price times size."""
    INVERSE = "inverse"
    """Sized in the quote money and settled in the base asset: worth size over price."""
    SPOT = "spot"
    """The base asset itself, against the quote money: two assets change hands, on no margin."""


class OptionRight(StrEnum):
    """What its holder may do at expiry, at the strike."""

    CALL = "call"
    """Buy."""
    PUT = "put"
    """Sell."""


class AccountMode(StrEnum):
    """What stands behind the cross positions of an account."""

    SINGLE = "single"
    """Those that settle in an asset stand on that asset."""
    UNIFIED = "unified"
    """All of them on all assets."""


class Exchange(StrEnum):
    """Why collateral was exchanged."""

    LIMIT = "limit"
    """More was owed than the venue lends."""
    LIQUIDATION = "liquidation"
