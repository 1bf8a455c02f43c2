"""An auditor of losses that neither account nor book pays: to the unit, and who bears how much."""

from dataclasses import dataclass, field
from fractions import Fraction

from exchange.core.messages import (
    HISTORY,
    HOUSE,
    Event,
    InsuranceFundPaid,
    LiquidationStepTaken,
    LossSocialised,
    LossUncovered,
    MarginMode,
)
from exchange.core.policies import Backing, Socialise
from tests.models.accounts import Accounts
from tests.models.play import Play, Turn

Payment = InsuranceFundPaid | LossSocialised | LossUncovered


@dataclass
class Loss:
    """What an account has lost beyond what it had, and who paid for that, one after the other."""

    account: str
    asset: str
    debt: int | None
    """None where events do not tell it."""
    is_final: bool
    """Whether its positions are gone: while some are left, only the fund pays."""
    paid: list[Payment] = field(default_factory=list)

    def borne(self) -> list[LossSocialised]:
        return [event for event in self.paid if isinstance(event, LossSocialised)]

    def uncovered(self) -> int:
        return sum(event.amount for event in self.paid if isinstance(event, LossUncovered))


class Losses:
    """Fund, others and venue pay together what the account owes, no unit more or less.

    Winners bear in proportion to what they have won, rounded down; what is left over the first of
    them who can; and nobody more than that.  The venue owes what is left when all have none.
    """

    def __init__(self, play: Play) -> None:
        self.play, self.accounts = play, Accounts(play)
        self.shares = play.rulebook.liquidation.socialise is Socialise.WINNERS
        self.parts = play.rulebook.liquidation.backing is Backing.BY_MAINTENANCE
        self.seen = {"paid": 0, "shared": 0, "uncovered": 0}

    def read(self, turn: Turn) -> None:
        loss: Loss | None = None
        before: Event | None = None
        for event in turn.events:
            if isinstance(event, Payment):
                name = event.against if isinstance(event, LossSocialised) else event.account
                if loss is None or (loss.account, loss.asset) != (name, event.asset):
                    self._check(loss)
                    loss = self._begun(name, event, before)
                loss.paid.append(event)
            else:
                self._check(loss)
                loss = None
            if not isinstance(event, LossSocialised):
                self.accounts.note(event)
                before = event
        self._check(loss)

    def _begun(self, name: str, event: Payment, before: Event | None) -> Loss:
        """Before the first of its payments."""
        accounts = self.accounts
        last = before if isinstance(before, LiquidationStepTaken) else None
        if last is not None and last.account != name:
            last = None
        if last is not None and last.mode is MarginMode.ISOLATED:
            lot = accounts.positions.lots[name, last.symbol, last.position_side]
            return Loss(name, event.asset, -last.equity, is_final=not lot.size)
        money = accounts.money(name, event.asset)
        # Of a bucket, or of whom the loss is, nothing is told where no step comes before.
        alone = event.symbol if not isinstance(event, LossSocialised) else last is None
        if money is None or alone or name in accounts.unified or name == HOUSE:
            debt = None
        else:
            debt = -accounts.standing(name, event.asset, money).equity()
        return Loss(name, event.asset, debt, is_final=not accounts.lots(name, event.asset))

    def _check(self, loss: Loss | None) -> None:
        if loss is None:
            return
        for event in loss.borne():
            self.accounts.note(event)
        if loss.debt is not None:
            paid = sum(event.amount for event in loss.paid)
            # By maintenance margin it is what one position had too little of, others apart.
            assert paid == loss.debt if loss.is_final else self.parts or paid <= loss.debt
            self.seen["paid"] += 1
        self.seen["uncovered"] += loss.uncovered() > 0
        if self.shares and loss.borne():
            self._shared(loss, loss.borne())

    def _shared(self, loss: Loss, borne: list[LossSocialised]) -> None:
        """One part of what each has won, or all that it can."""
        won = {
            (name, symbol): lot.gain(self.play.contracts[symbol])
            for (name, symbol, _), lot in self.accounts.positions.lots.items()
            if lot.size and self.play.contracts[symbol].asset == loss.asset
        }
        hedges = {name for name, _, side in self.accounts.positions.lots if side != "net"}
        low, high, seen = Fraction(0), Fraction(1), set[tuple[str, str]]()
        for event in borne:
            key = event.account, event.symbol
            if event.account == HISTORY or event.account in hedges or key in seen:
                continue
            seen.add(key)
            total = sum(e.amount for e in borne if (e.account, e.symbol) == key)
            assert total <= won[key], "it bears more than it has won"
            if total < won[key] and self._has_equity(event.account, loss.asset):
                low = max(low, Fraction(event.amount, won[key]))
                high = min(high, Fraction(event.amount + 1, won[key]))
        assert low < high, "one bears another part than another"
        self.seen["shared"] += len(seen) > 1

    def _has_equity(self, account: str, asset: str) -> bool:
        """Whether something is left, as far as events tell."""
        money = self.accounts.money(account, asset)
        if money is None or account in self.accounts.unified:
            return False
        return self.accounts.standing(account, asset, money).equity() > 0
