"""The policies that a rulebook chooses from, by name; what each does is where it is used.

Compiled, as the other `kinds` are.
"""

from enum import StrEnum


class MarginPrice(StrEnum):
    """The price at which maintenance margin is reckoned."""

    MARK = "mark"
    ENTRY = "entry"


class AutoMargin(StrEnum):
    """What an isolated position that has failed may be given from the wallet, if its trader asked.

    It is only given what could be withdrawn; where that is less than it should have, all of it.
    """

    NONE = "none"
    """The venue does not offer it."""
    TO_SAFETY = "to_safety"
    """As much as is lacking."""
    INITIAL_MARGIN = "initial_margin"
    """The position's initial margin at entry, as often as is needed."""


class Gains(StrEnum):
    """What counts of the unrealised PnL in an asset of a unified account."""

    ALL = "all"
    LOSSES = "losses"
    """Gains are not money yet."""


class Haircut(StrEnum):
    """What the collateral ratio of an asset is applied to, where it is above zero."""

    EQUITY = "equity"
    """Balance and unrealised PnL together."""
    BALANCE = "balance"
    """The balance alone; unrealised PnL counts in full."""


class Repay(StrEnum):
    """Which collateral is exchanged first to repay a negative balance."""

    LEAST_HAIRCUT = "least_haircut"
    AS_LISTED = "as_listed"
    """In the order of the rulebook, the accounting currency before all."""
    PROPORTIONAL = "proportional"
    """All of it, by value."""


class Contingency(StrEnum):
    """Which options of a portfolio are charged by their number."""

    ALL = "all"
    """Every one, long or short."""
    NET_SHORT = "net_short"
    """What is short of calls and puts together, strike by strike."""


class SpotHedge(StrEnum):
    """What coins that a unified account owns, or owes, do in the risk unit of their name."""

    NONE = "none"
    """Nothing: they are collateral alone."""
    HAIRCUT = "haircut"
    """As much of them as stands against contracts is a leg of the unit; its haircut stays."""
    IN_FULL = "in_full"
    """The same, and what is a leg counts in full as collateral."""


class ClosingFee(StrEnum):
    """Whether maintenance margin keeps a taker fee for the way out, and on which value."""

    NONE = "none"
    MARK = "mark"
    ENTRY = "entry"


class OrderFees(StrEnum):
    """Which taker fees an order at rest keeps beside its margin, as far as it opens."""

    NONE = "none"
    OPEN = "open"
    """That of its trade."""
    OPEN_AND_CLOSE = "open_and_close"
    """And that of the way out at the bankruptcy price which its leverage gives it, the price
    a leverage-th worse for it."""


class TierInput(StrEnum):
    """What tells the tier of a position."""

    NOTIONAL = "notional"
    SIZE = "size"


class TierCounts(StrEnum):
    """Whose size or notional tells the tier of a position in hedge mode."""

    POSITION = "position"
    """Its own."""
    BOTH_SIDES = "both_sides"
    """In cross margin, long and short together: each bears, for its own value, the rate that both
    of them come to."""


class MarkMethod(StrEnum):
    """How the venue arrives at a mark price."""

    RECORDED = "recorded"
    """As the feed says."""
    MEDIAN = "median"
    """The median of several prices."""


class MarkInput(StrEnum):
    """A price that the mark may be made of."""

    INDEX = "index"
    INDEX_WITH_FUNDING = "index_with_funding"
    """Index price x (1 + funding rate x share of the funding interval still to come)."""
    INDEX_WITH_BASIS = "index_with_basis"
    """Index price + average of the latest basis samples (middle of the best quotes - index)."""
    INDEX_WITH_BASIS_EMA = "index_with_basis_ema"
    """Index price + a moving average of the basis in which the past fades."""
    LAST = "last"
    """The contract's last price; without a trade, the index with its averaged basis."""
    BOOK = "book"
    """The median of best bid, best ask and last price; the index where one of them is missing."""


class SelfTrade(StrEnum):
    """What happens where an account's order would meet another of its own."""

    CANCEL_NEWEST = "cancel_newest"
    """The arriving order ends there."""
    CANCEL_OLDEST = "cancel_oldest"
    """The resting order is cancelled, and the arriving one goes on."""
    CANCEL_BOTH = "cancel_both"
    DECREMENT = "decrement"
    """Both shrink by the smaller size, without a trade."""


class Breach(StrEnum):
    """Where the line lies that liquidation starts at."""

    BELOW = "below"
    """Equity below maintenance margin; at equality the account is safe."""
    AT_OR_BELOW = "at_or_below"
    """Equality already fails: a margin ratio of 100% liquidates."""


class Cancel(StrEnum):
    """Which open orders a liquidation cancels before it closes anything."""

    ALL = "all"
    CONTRACT = "contract"
    NONE = "none"


class Select(StrEnum):
    """Which position of a cross account is closed first.  Ties go to the first symbol."""

    LARGEST_UNREALISED_LOSS = "largest_unrealised_loss"
    MOST_MARGIN_FREED = "most_margin_freed"
    LARGEST_NOTIONAL = "largest_notional"
    PSEUDO_RANDOM = "pseudo_random"
    """By a hash of account, symbol and time: no order that a trader could count on."""


class Amount(StrEnum):
    """How much of the chosen position one step closes."""

    WHOLE_POSITION = "whole_position"
    DOWN_ONE_TIER = "down_one_tier"
    """To the top of the tier below; in the lowest tier, all of it."""
    DOWN_TWO_TIERS = "down_two_tiers"
    """From the third tier up, to the top of the second below; in the lowest two, all of it."""
    TO_LOWEST_TIER = "to_lowest_tier"
    """To the top of the lowest tier; in the lowest two, all of it."""
    FRACTION = "fraction"
    """A fraction of a position that is large, all of one that is not."""
    CLIP = "clip"
    """A fixed size each time."""
    JUST_ENOUGH = "just_enough"
    """The fewest lots that, closed at the mark, make the account safe."""


class Limit(StrEnum):
    """The worst price at which a liquidation order may trade."""

    BANKRUPTCY_PRICE = "bankruptcy_price"
    """Where closing uses up what stands behind the position."""
    MARKET_BAND = "market_band"
    """That of a market order, and no worse than the bankruptcy price."""
    FILLABLE_PRICE = "fillable_price"
    """As far from the mark as the account is from its margin, and no worse than bankruptcy."""


class Unfilled(StrEnum):
    """What happens with a position that the book does not take."""

    ADL = "adl"
    """Auto-deleveraging, at once."""
    WAIT_THEN_ADL = "wait_then_adl"
    """It stays with the account until the next round; deleveraging when the equity is gone."""
    TAKEOVER = "takeover"
    """The venue's own account takes it over at the bankruptcy price, and works it off."""
    SOCIALISE = "socialise"
    """The book is asked at any price in the band, and others bear the loss; the rest waits."""


class Leftover(StrEnum):
    """Whose what is left is, where a position was closed better than at its bankruptcy price."""

    TRADER = "trader"
    FUND = "fund"


class FeeCap(StrEnum):
    """What a liquidation fee may take at most."""

    EQUITY = "equity"
    LEFTOVER = "leftover"
    """What the fills brought beyond the bankruptcy price."""
    EASED = "eased"
    """A share of what the fills have eased the shortage of margin by, beyond the part of it that is
    theirs by size: so that closing all of the position still makes up for it."""


class Backing(StrEnum):
    """What stands behind one position of a cross account, and so sets its bankruptcy price."""

    WHOLE_ACCOUNT = "whole_account"
    BY_MAINTENANCE = "by_maintenance"
    """A share of the equity, or of what is owed, in proportion to maintenance margin; what closing
    costs beyond it is the insurance fund's at once, and no other position's."""


class FundScope(StrEnum):
    """How insurance funds are divided."""

    SHARED = "shared"
    """One for each settlement asset."""
    PER_CONTRACT = "per_contract"


class Rank(StrEnum):
    """Who is deleveraged first: a measure of profit times one of leverage."""

    PROFIT_AND_LEVERAGE = "profit_and_leverage"
    """PnL over entry value, times notional over equity; a loser's loss is divided by it."""
    WALLET_PROFIT_AND_MARGIN_RATIO = "wallet_profit_and_margin_ratio"
    """Unrealised profit over wallet balance, times maintenance margin over equity."""
    PRICE_GAIN_AND_LEVERAGE = "price_gain_and_leverage"
    """Mark over entry price (for a short, entry over mark), times notional over equity."""
    LEVERAGED_RETURN = "leveraged_return"
    """PnL over entry value, times the position's own leverage."""
    PSEUDO_RANDOM = "pseudo_random"


class DeleveragingPrice(StrEnum):
    """At which price auto-deleveraging closes."""

    BANKRUPTCY = "bankruptcy"
    """That of the account in liquidation: it ends with nothing, and owes nothing."""
    MARK = "mark"
    """The insurance fund pays what the account lacks there."""


class Quantile(StrEnum):
    """What the five lights of the deleveraging queue count."""

    SIZE = "size"
    """A fifth of the open contracts each."""
    POSITIONS = "positions"
    """A fifth of the positions each."""


class Socialise(StrEnum):
    """Who bears a loss that nothing else covers."""

    NONE = "none"
    """The venue, for ever in its books as uncovered."""
    WINNERS = "winners"
    """Positions in profit, in proportion to it and never beyond it; then the venue."""
    OPEN_INTEREST = "open_interest"
    """Every position in the contract, in proportion to size, as far as it stays above water."""


class QueueModel(StrEnum):
    """From where in a queue history's size leaves, when a depth update only tells that it did."""

    PESSIMISTIC = "pessimistic"
    """From the end: only trades bring a client forward (hftbacktest's RiskAdverseQueueModel)."""
    PROPORTIONAL = "proportional"
    """Evenly: f(x) = x."""
    POWER = "power"
    """f(x) = x ** n (hftbacktest's PowerProbQueueFunc); the higher n, the more from the longer
    side."""
    LOGARITHMIC = "logarithmic"
    """f(x) = log(1 + x) (Rigtorp; hftbacktest's LogProbQueueFunc)."""


class FundingMethod(StrEnum):
    """Where a perpetual contract's funding rate comes from."""

    NONE = "none"
    """Nobody pays; a rate that is told still enters the mark price."""
    TOLD = "told"
    """As the feed says; nobody pays before it has."""
    COMPUTED = "computed"
    """By formula from premium and interest, until the feed tells a rate."""


class Premium(StrEnum):
    """What is held against the index price."""

    IMPACT = "impact"
    """Average prices at which a stated notional would trade at once."""
    MIDDLE = "middle"
    """The middle of the best quotes."""
    MARK = "mark"
    TIME_AVERAGE = "time_average"
    """The mark averaged over time, against the index averaged alike."""


class Averaging(StrEnum):
    """How premium samples of one interval are averaged."""

    EVEN = "even"
    RISING = "rising"
    """The n-th sample counts n times."""


class FundingPrice(StrEnum):
    """What a position is worth when it pays funding."""

    MARK = "mark"
    INDEX = "index"


class FundingRounding(StrEnum):
    """Which way a payment that is no whole unit goes."""

    AGAINST_TRADERS = "against_traders"
    """Who pays, pays more; who receives, receives less."""
    TOWARDS_ZERO = "towards_zero"
