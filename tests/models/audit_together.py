"""Auditors of accounts whose assets or positions stand together: what counts, what is exchanged."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor

from exchange.core.messages import (
    CollateralExchanged,
    Exchange,
    InsuranceFundPaid,
    InterestPaid,
    LiquidationEnded,
    LiquidationStarted,
    LossSocialised,
    LossUncovered,
)
from tests.models.accounts import Accounts, viewed
from tests.models.naive_account import Market
from tests.models.play import Play, Turn


class Figures:
    """Equity and maintenance margin that a view tells are those of the rulebook's text."""

    def __init__(self, play: Play) -> None:
        self.play, self.accounts = play, Accounts(play)

    def read(self, turn: Turn) -> None:
        for event in turn.events:
            self.accounts.note(event)
        for name, whole in turn.after.wholes.items():
            assert name in self.accounts.unified
            standing = self.accounts.as_seen(turn.after, name, whole.currency)
            assert whole.equity == standing.equity()
            assert whole.maintenance_margin == standing.maintenance()
        for (name, asset), view in turn.after.views.items():
            if name not in turn.after.wholes:
                standing = self.accounts.as_seen(turn.after, name, asset)
                assert standing == viewed(self.play, turn.after, name, asset)
                assert view.equity == standing.equity()
                assert view.maintenance_margin == standing.maintenance()


class Exchanges:
    """What is owed is repaid at the mark, for the fee, out of what is there, and only when it must.

    Nobody else pays while the account has anything to repay with.
    """

    def __init__(self, play: Play) -> None:
        self.play, self.accounts = play, Accounts(play)
        self.market: Market = play.market
        self.failing: set[str] = set()

    def read(self, turn: Turn) -> None:
        for event in turn.events:
            match event:
                case LiquidationStarted() if not event.symbol:
                    self.failing.add(event.account)
                case LiquidationEnded() if not event.symbol:
                    self.failing.discard(event.account)
                case CollateralExchanged():
                    self._exchanged(event)
                case InterestPaid():
                    self._interest(event)
            self.accounts.note(event)
            match event:
                case InsuranceFundPaid() | LossUncovered() if not event.symbol:
                    self._last_resort(event.account, event.asset)
                case LossSocialised():
                    self._last_resort(event.against, event.asset)

    def _exchanged(self, event: CollateralExchanged) -> None:
        market, sold, bought = self.market, event.sold, event.bought
        owed = event.owed + event.repaid
        assert event.owed >= 0
        assert event.left >= 0
        assert event.repaid > 0
        limit = market.limit(bought)
        if event.cause is Exchange.LIMIT:
            assert event.account not in self.failing
            assert limit is not None
            assert owed > limit
        else:
            assert event.account in self.failing, "exchanged without need"
        price, fee = market.price(sold) / market.price(bought), market.fee(sold, bought)
        # As little as fetches it, or all there is: nothing worth a unit of either is lost.
        assert 0 <= event.amount * price * (1 - fee) - event.repaid < max(1, price)
        at_mark = ceil(event.repaid / price)
        assert event.amount - event.fee == min(event.amount, at_mark)

    def _interest(self, event: InterestPaid) -> None:
        rules = self.play.rulebook.collateral
        own = rules.assets.get(event.asset)
        rate = Fraction(own.interest if own else rules.interest)
        assert event.borrowed == -event.wallet - event.amount > 0
        assert event.amount == ceil(event.borrowed * rate)

    def _last_resort(self, account: str, asset: str) -> None:
        """Once its positions are gone: what else it had has been exchanged, to the unit."""
        money = self.accounts.money(account, asset)
        if account not in self.accounts.unified or money is None:
            return
        if self.accounts.lots(account, asset):
            return
        for other in self._other_assets(money, asset):
            price = self.market.price(other) / self.market.price(asset)
            fee = self.market.fee(other, asset)
            left = floor(money[other] * price * (1 - fee))
            assert left < 1, f"{account} kept {money[other]} of {other}, and others paid"

    def _other_assets(self, money: Mapping[str, int], asset: str) -> list[str]:
        return [other for other, amount in money.items() if other != asset and amount > 0]
