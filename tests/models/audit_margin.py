"""Auditors of a recorded session: who is liquidated, what first, how, at whose cost."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from exchange.core.messages import (
    HISTORY,
    HOUSE,
    AccountView,
    CancelReason,
    Closing,
    CollateralCounted,
    CollateralExchanged,
    Event,
    FundingPaid,
    InsuranceFundPaid,
    InterestPaid,
    LeftoverTaken,
    LiquidationEnded,
    LiquidationFeeCharged,
    LiquidationPaused,
    LiquidationStarted,
    LiquidationStepTaken,
    LossSocialised,
    LossUncovered,
    MarginMode,
    OrderCancelled,
    OrderFilled,
    PositionDeleveraged,
    PositionMargin,
    PositionSide,
    PositionTakenOver,
    PositionView,
    TradeKind,
    UpdateMarkPrice,
)
from exchange.core.policies import (
    Amount,
    Backing,
    Breach,
    ClosingFee,
    DeleveragingPrice,
    FeeCap,
    Leftover,
    Limit,
    Rank,
    Select,
    Socialise,
    Unfilled,
)
from exchange.core.rules import LiquidationRules
from exchange.core.units import SECOND
from tests.models.accounts import Accounts, held, told, viewed
from tests.models.naive_account import Held, Standing, portfolio_margin
from tests.models.naive_contract import Contract, least, most
from tests.models.naive_ranking import Winner, standing
from tests.models.play import FORCED, Lot, Play, Turn, facing

Name = tuple[str, str, PositionSide, str]
"""What fails together: account, symbol and side of an isolated position, asset."""
SIDES = (PositionSide.NET, PositionSide.LONG, PositionSide.SHORT)
FEW_LOTS = 60
"""Of which every number is tried in a portfolio."""


def name_of(event: LiquidationStarted | LiquidationEnded | LiquidationPaused) -> Name:
    return event.account, event.symbol, event.position_side, event.asset


def line(rules: LiquidationRules) -> int:
    """What equity must have above the margin to be safe: nothing, or a unit."""
    return 1 if rules.trigger is Breach.AT_OR_BELOW else 0


def goes_with_all(rules: LiquidationRules, event: LiquidationStepTaken) -> bool:
    """Whether the venue takes everything over: no position goes before another, and none stays."""
    return rules.backstop != "0" and event.closing is Closing.TAKEOVER


class Trigger:
    """Whoever is below the margin is liquidated, and nobody else, and no longer than needed."""

    def __init__(self, play: Play) -> None:
        self.play, self.edge = play, line(play.rulebook.liquidation)
        self.accounts = Accounts(play)
        self.counted: dict[str, CollateralCounted] = {}
        """What each unified account consisted of, as told last."""
        self.under_way: dict[Name, int] = {}
        """And when its next round is."""

    def read(self, turn: Turn) -> None:
        last: dict[Name, LiquidationStepTaken] = {}
        for event in turn.events:
            match event:
                case CollateralCounted():
                    self.counted[event.account] = event
                case LiquidationStarted() if event.account != HOUSE:
                    self._started(event)
                    last.pop(name_of(event), None)
                case LiquidationStepTaken() if event.account != HOUSE:
                    name = self._whose(event)
                    if name in last and not goes_with_all(self.play.rulebook.liquidation, event):
                        self._still_needed(last[name])
                    last[name] = event
                case LiquidationPaused() if event.account != HOUSE:
                    assert event.until > event.at
                    self.under_way[name_of(event)] = event.until
                case LiquidationEnded() if event.account != HOUSE:
                    del self.under_way[name_of(event)]
                    self._ended(event)
            self.accounts.note(event)
        for account, asset in turn.after.views:
            self._safe(turn, account, asset)

    def _whose(self, event: LiquidationStepTaken) -> Name:
        asset = self.play.contracts[event.symbol].asset
        if event.mode is MarginMode.ISOLATED:
            return event.account, event.symbol, event.position_side, asset
        return event.account, "", PositionSide.NET, self.accounts.lead(event.account, asset)

    def _started(self, event: LiquidationStarted) -> None:
        """Its equity, reckoned anew, is below its margin, reckoned anew."""
        standing = self._standing(event)
        assert {(p.symbol, p.position_side) for p in event.positions} == set(standing.held)
        for p in event.positions:
            check_position(p, self.accounts, standing)
        equity, margin = standing.equity(), standing.maintenance()
        assert (event.equity, event.maintenance_margin) == (equity, margin)
        assert event.collateral == standing.collateral()
        assert equity < margin + self.edge, "liquidated with enough equity"
        assert name_of(event) not in self.under_way, "liquidated twice"
        self.under_way[name_of(event)] = 0

    def _standing(self, event: LiquidationStarted) -> Standing:
        """What failed, with the money that is told; as far as events tell that, it is theirs."""
        account, asset = event.account, event.asset
        if event.mode is MarginMode.ISOLATED:
            side = event.symbol, event.position_side
            return self.accounts.alone(account, side, event.collateral)
        assert asset == self.accounts.lead(account, asset)
        money = {asset: event.collateral}
        if account in self.accounts.unified and asset == self.accounts.market.currency:
            money = defaultdict(int, {a.asset: a.balance for a in self.counted[account].assets})
        reckoned = self.accounts.money(account, asset)
        assert reckoned is None or all(money[one] == reckoned[one] for one in reckoned)
        standing = self.accounts.standing(account, asset, money)
        expected = MarginMode.PORTFOLIO if standing.portfolio else MarginMode.CROSS
        assert event.mode is expected
        return standing

    def _still_needed(self, before: LiquidationStepTaken) -> None:
        """No step after one that left the account safe."""
        buffer = Fraction(self.play.rulebook.liquidation.exit_buffer)
        enough = ceil(before.maintenance_margin * (1 + buffer)) + self.edge
        assert before.equity < enough, "a step too many"

    def _ended(self, event: LiquidationEnded) -> None:
        whole = event.account in self.accounts.unified and not event.symbol
        owes = whole and any(one.balance < 0 for one in self.counted[event.account].assets)
        if event.closed_all:
            assert event.equity == event.collateral >= 0
        if not event.closed_all or owes:
            assert event.equity >= event.maintenance_margin + self.edge

    def _safe(self, turn: Turn, account: str, asset: str) -> None:
        """Nobody is left below the margin, but for who waits for a round."""
        if asset == self.accounts.lead(account, asset):
            name = account, "", PositionSide.NET, asset
            self._above(turn, name, self.accounts.as_seen(turn.after, account, asset))
        for p in turn.after.views[account, asset].positions:
            if p.mode is MarginMode.ISOLATED:
                name = account, p.symbol, p.position_side, asset
                side = p.symbol, p.position_side
                self._above(turn, name, self.accounts.alone(account, side, p.bucket))

    def _above(self, turn: Turn, name: Name, standing: Standing) -> None:
        until = self.under_way.get(name)
        if until is not None:
            assert until > turn.after.now, f"{name} is forgotten"
        elif standing.is_open():
            enough = standing.maintenance() + self.edge
            assert standing.equity() >= enough, f"{name} was missed"


def check_position(told: PositionMargin, accounts: Accounts, standing: Standing) -> None:
    """Size and cost as the fills made them; value rounded down, requirements up."""
    held = standing.held[told.symbol, told.position_side]
    contract, asset = held.contract, held.contract.asset
    margin = held.margin
    if standing.portfolio:
        margin = portfolio_margin(accounts.market, [held]).margin
    assert told.size == held.size
    assert told.cost == floor(contract.value(held.size)) - held.gain
    assert told.unrealised_pnl == standing.out_of(asset, held.gain)
    assert told.maintenance_margin == -standing.out_of(asset, -margin)
    assert told.notional == -standing.out_of(asset, -contract.notional(held.size))
    assert Fraction(told.mark_price, contract.subticks) == contract.mark


class Bankruptcy:
    """Nobody ends below zero; a shortfall is paid by the fund, then by others, to the unit."""

    def __init__(self, play: Play) -> None:
        self.play, self.rules = play, play.rulebook.liquidation
        self.accounts = Accounts(play)
        self.under_way: set[Name] = set()
        self.fund: dict[str, int] = {}
        self.has_house = self.rules.unfilled is Unfilled.TAKEOVER or self.rules.backstop != "0"
        self.pays_all = not self.has_house and self.rules.fund_drawdown_max == "1"
        """Whether the fund pays to its last unit, and nothing else is at its charge."""

    def read(self, turn: Turn) -> None:
        for asset, balances in turn.after.balances.items():
            self.fund.setdefault(asset, balances.get("insurance fund", 0))
        covered: dict[tuple[str, str], Event] = {}
        for event in turn.events:
            self._note(event, covered)
            self.accounts.note(event)
        for (account, asset), view in turn.after.views.items():
            lead = self.accounts.lead(account, asset)
            if (account, "", PositionSide.NET, lead) not in self.under_way:
                assert view.equity >= 0
            for p in view.positions:
                if (account, p.symbol, p.position_side, asset) not in self.under_way:
                    assert p.mode is not MarginMode.ISOLATED or p.bucket + p.unrealised_pnl >= 0
        if not self.has_house:
            for asset, balances in turn.after.balances.items():
                assert balances.get("insurance fund", 0) == self.fund[asset] >= 0

    def _note(self, event: Event, covered: dict[tuple[str, str], Event]) -> None:
        match event:
            case LiquidationStarted():
                self.under_way.add(name_of(event))
            case LiquidationStepTaken() | LiquidationFeeCharged() | LeftoverTaken():
                asset = self.play.contracts[event.symbol].asset
                for one in self.accounts.assets(event.account, asset):
                    covered.pop((event.account, one), None)
                if not isinstance(event, LiquidationStepTaken):
                    self.fund[asset] = event.insurance_fund
            case InsuranceFundPaid():
                assert event.amount > 0
                self.fund[event.asset] = event.insurance_fund
                covered[event.account, event.asset] = event
            case LossSocialised():
                assert self.rules.socialise is not Socialise.NONE
                self._spent(event.asset)
                covered[event.against, event.asset] = event
            case LossUncovered():
                self._spent(event.asset)
                covered[event.account, event.asset] = event
            case LiquidationEnded():
                self.under_way.remove(name_of(event))
                assets = self.accounts.assets(event.account, event.asset)
                if event.closed_all and any((event.account, one) in covered for one in assets):
                    # What one asset is too little for, in units of another, stays.
                    assert event.equity <= len(assets) - 1, "more was paid than the debt"

    def _spent(self, asset: str) -> None:
        assert not self.pays_all or self.fund[asset] == 0, "others pay before the fund"


class Buckets:
    """What an isolated position loses in liquidation is its own: the wallet is never poorer."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.seen = 0
        self.before: dict[tuple[str, str], AccountView] = {}

    def read(self, turn: Turn) -> None:
        lone = {
            (event.account, event.asset): event.symbol
            for event in turn.events
            if isinstance(event, LiquidationStarted) and event.mode is MarginMode.ISOLATED
        }
        for (account, asset), symbol in lone.items():
            before = self.before.get((account, asset))
            if before is not None and not self._else(turn, account, asset, symbol):
                assert turn.after.views[account, asset].wallet >= before.wallet
                self.seen += 1
        self.before = turn.after.views

    def _else(self, turn: Turn, account: str, asset: str, symbol: str) -> bool:
        """Whether anything else happened to the account's money in that asset."""
        if getattr(turn.command, "account", "") == account:
            return True
        for event in turn.events:
            if getattr(event, "account", "") != account:
                continue
            if isinstance(event, FundingPaid | LossSocialised | PositionDeleveraged):
                return True
            if isinstance(event, CollateralExchanged | InterestPaid):
                return True
            if isinstance(event, LiquidationStarted) and not event.symbol:
                return True
            if isinstance(event, OrderFilled) and event.kind not in FORCED:
                return True
        return False


# ------------------------------------------------------------------------------- steps


@dataclass
class Step:
    """A step of a liquidation, and what there was before it, as reckoned from the events."""

    event: LiquidationStepTaken
    fills: list[OrderFilled]
    victims: list[PositionDeleveraged]
    taken: int
    """Fee and leftover that went to the fund."""
    fee: int
    traded: int
    """What its fills in the book were worth."""
    equity: int
    """Before."""
    left: int
    """What stood behind it all afterwards, in the asset that the position settles in."""
    needed: int
    """Maintenance margin before."""
    others: dict[str, int]
    """Traders' sizes in the contract afterwards, that of the account apart."""
    fund: int
    """What the fund had before."""
    over: list[PositionTakenOver]
    standing: Standing
    """Before, but for the money of an isolated position, or beside one: that is in `equity`."""

    @property
    def held(self) -> Held:
        """The chosen position, in its settlement asset."""
        return self.standing.held[self.event.symbol, self.event.position_side]

    @property
    def backing(self) -> int:
        """What stood behind it all before, in that asset."""
        if not self.standing.unified:
            return self.equity
        return self.standing.backing(self.held.contract.asset)

    @property
    def chosen(self) -> PositionMargin:
        key = self.event.symbol, self.event.position_side
        (found,) = [p for p in self.event.positions if (p.symbol, p.position_side) == key]
        return found


def steps(play: Play) -> Iterator[tuple[Turn, Step]]:  # noqa: C901 (a table of cases)
    """Every step of every liquidation, the venue's own too."""
    accounts = Accounts(play)
    fund: dict[str, int] = {}
    fills: dict[str, list[OrderFilled]] = defaultdict(list)
    victims: list[PositionDeleveraged] = []
    over: list[PositionTakenOver] = []
    taken: dict[str, int] = defaultdict(int)
    fee: dict[str, int] = defaultdict(int)
    before: dict[str, int] = {}
    for turn in play.turns:
        for asset, balances in turn.after.balances.items():
            fund.setdefault(asset, balances.get("insurance fund", 0))
        for event in turn.events:
            accounts.note(event)
            match event:
                case OrderFilled() if event.kind in FORCED and not _sells_off(event):
                    fills[event.account].append(event)
                case PositionDeleveraged():
                    victims.append(event)
                case PositionTakenOver():
                    over.append(event)
                case LiquidationFeeCharged():
                    taken[event.account] += event.fee
                    fee[event.account] += event.fee
                    before.setdefault(event.asset, fund[event.asset])
                    fund[event.asset] = event.insurance_fund
                case LeftoverTaken():
                    taken[event.account] += event.amount
                    before.setdefault(event.asset, fund[event.asset])
                    fund[event.asset] = event.insurance_fund
                case InsuranceFundPaid():
                    fund[event.asset] = event.insurance_fund
                case LiquidationStepTaken():
                    asset = play.contracts[event.symbol].asset
                    mine = fills.pop(event.account, [])
                    step = _step(play, accounts, event, mine)
                    step.victims, victims = victims, []
                    mixed = _meets_itself(step)
                    step.over, over = over, []
                    step.taken = taken.pop(event.account, 0)
                    step.fee = fee.pop(event.account, 0)
                    step.fund = before.pop(asset, fund[asset])
                    if not mixed and _stand_before(accounts, step):
                        yield turn, step
                case LiquidationEnded():
                    taken.pop(event.account, None)  # the rest, after a takeover of everything


def _sells_off(event: OrderFilled) -> bool:
    """Whether the venue sells in the book what it has taken over, between two steps."""
    return event.account == HOUSE and event.kind is TradeKind.LIQUIDATION


def _meets_itself(step: Step) -> bool:
    """Whether its own other side, with other money behind it, was deleveraged against it.

    What that leaves comes to this money in the middle of the step: nothing tells how much.
    """
    told = {(p.symbol, p.position_side) for p in step.event.positions}
    own = [v for v in step.victims if v.account == step.event.account]
    return any((v.symbol, v.position_side) not in told for v in own)


def _stand_before(accounts: Accounts, step: Step) -> bool:
    """How the account stood before the step: what it is left with, and what the step took.

    Whether that can be told: not of assets that stand together, and buckets beside them.
    """
    event, contract = step.event, accounts.play.contracts[step.event.symbol]
    asset, account = contract.asset, event.account
    own = [v for v in step.victims if v.account == account]
    moved = sum(one.realised_pnl for one in [*step.fills, *own]) - step.taken
    if account not in accounts.unified or event.mode is MarginMode.ISOLATED:
        # Equity is money and gains: what the one and the others of it were before.
        step.equity = event.equity - moved
        for key, before in step.standing.held.items():
            left = accounts.positions.lots[account, *key]
            step.equity += before.gain - left.gain(before.contract)
        step.needed = step.standing.maintenance()
        return True
    money = accounts.money(account, asset)
    if money is None:
        return False
    after = accounts.standing(account, asset, money)
    assert (event.equity, event.maintenance_margin) == (after.equity(), after.maintenance())
    step.standing.money = money | {asset: money[asset] - moved}
    step.equity, step.needed = step.standing.equity(), step.standing.maintenance()
    step.left = after.backing(asset)
    return True


def _step(
    play: Play, accounts: Accounts, event: LiquidationStepTaken, fills: list[OrderFilled]
) -> Step:
    contract = play.contracts[event.symbol]
    own = (event.account, event.symbol, event.position_side)
    asset, lots = contract.asset, told(event.positions)
    if event.mode is MarginMode.ISOLATED:
        (lot,) = lots.values()
        lot.isolated = True
        standing = Standing(play.market, asset, {asset: 0}, held(play, lots))
    else:
        standing = accounts.standing(event.account, asset, defaultdict(int), lots)
    return Step(
        event=event,
        fills=fills,
        victims=[],
        taken=0,
        fee=0,
        traded=sum(abs(contract.cash(fill.size, fill.price)) for fill in fills),
        equity=0,
        left=event.equity,
        needed=0,
        others={
            name: size
            for (name, symbol, side), size in accounts.positions.sizes(event.symbol).items()
            if (name, symbol, side) != own
        },
        fund=0,
        over=[],
        standing=standing,
    )


class Deleveraging:
    """What nobody buys is closed against the other side: in rank order, whole, at one price."""

    def __init__(self, play: Play) -> None:
        self.play, self.rules = play, play.rulebook.liquidation
        self.seen = 0
        self.ranked = 0
        self.before = dict(zip(map(id, play.turns[1:]), play.turns, strict=False))
        """The turn before each."""

    def all(self) -> None:
        """Every step of the session."""
        for turn, step in steps(self.play):
            event = step.event
            if event.closing is not Closing.ADL:
                assert not step.victims
                continue
            self.seen += 1
            held = step.chosen.size
            assert event.filled == event.size == abs(held)
            taken = sum(victim.size for victim in step.victims)
            assert taken <= event.size
            assert [v.rank for v in step.victims] == list(range(1, len(step.victims) + 1))
            for victim in step.victims[:-1]:
                assert victim.position == 0, "one is spared, and the next is not"
            for victim in step.victims:
                assert (victim.against, victim.price) == (event.account, event.bankruptcy_price)
                # What is left is on the other side than what was held, as all of it was.
                assert victim.position * held <= 0
            if taken < event.size:
                on_the_other_side = [
                    name
                    for name, size in step.others.items()
                    if size * held < 0 and name != HISTORY
                ]
                assert not on_the_other_side, "history comes last"
            assert all(fill.price == event.bankruptcy_price for fill in step.fills)
            assert event.bankruptcy_price == self._price(step)
            self._untouched(turn)
            if id(turn) in self.before and _is_first(turn, event):
                self._in_rank_order(self.before[id(turn)], step)

    def _in_rank_order(self, before: Turn, step: Step) -> None:
        """Where nothing has happened to anybody else yet: by the rulebook's ranking, reckoned anew.

        Scores are compared to a millionth: the venue's are whole hundred-millionths.
        """
        if self.rules.deleveraging.rank is Rank.PSEUDO_RANDOM or not step.victims:
            return
        scores = {
            (name, p.position_side): self._score(before, view, p)
            for (name, _), view in before.after.views.items()
            for p in view.positions
            if p.symbol == step.event.symbol and p.size * step.chosen.size < 0
        }
        others = [v for v in step.victims if v.account != HOUSE]  # of which no view tells
        taken = [scores.pop((v.account, v.position_side)) for v in others]
        close = Fraction(1, 1_000_000)
        for first, second in pairwise([*taken, *([max(scores.values())] if scores else [])]):
            assert first >= second - close * (1 + abs(second)), "another is ahead in the queue"
        self.ranked += len(taken) + len(scores) > 1

    def _score(self, before: Turn, view: AccountView, p: PositionView) -> Fraction:
        """As the marks are now."""
        contract, asset = self.play.contracts[p.symbol], view.asset
        behind = viewed(self.play, before.after, view.account, asset)
        if p.mode is MarginMode.ISOLATED:
            lots = {(p.symbol, p.position_side): Lot(p.size, p.cost, isolated=True)}
            behind = Standing(self.play.market, asset, {asset: p.bucket}, held(self.play, lots))
        winner = Winner(
            gain=Lot(p.size, p.cost).gain(contract),
            cost=abs(p.cost),
            value=contract.notional(p.size),
            rises=(p.size > 0) != contract.inverse,
            leverage=p.leverage,
            money=behind.money[asset],
            equity=behind.into(asset, behind.equity()),
            maintenance=behind.into(asset, behind.maintenance()),
            one={"USD": 10_000, "COIN": 1_000_000}[view.asset],
        )
        return standing(self.rules.deleveraging.rank, winner)

    def _price(self, step: Step) -> int:
        contract, size = self.play.contracts[step.event.symbol], step.chosen.size
        bankrupt = bankruptcy_price(self.rules, contract, step, 0)
        if step.event.account == HOUSE:
            return bankrupt  # it has no fund to fall back on
        deviation = Fraction(self.rules.deleveraging.deviation_max)
        mark = Fraction(step.chosen.mark_price, contract.subticks)
        far = deviation > 0 and abs(bankrupt - mark) > mark * deviation
        if self.rules.deleveraging.price is DeleveragingPrice.BANKRUPTCY and not far:
            return bankrupt
        return max(1, floor(mark)) if size > 0 else ceil(mark)

    def _untouched(self, turn: Turn) -> None:
        """Who holds nothing shares no loss (Hyperliquid's promise, kept under every rulebook)."""
        idle = [name for (name, _), view in turn.after.views.items() if name == "ivy"]
        assert idle
        for event in turn.events:
            assert getattr(event, "account", "") != "ivy" or not isinstance(
                event, PositionDeleveraged | LossSocialised
            )


def _is_first(turn: Turn, step: LiquidationStepTaken) -> bool:
    """Whether the turn began with this, and nothing has happened to others before it."""
    if not isinstance(turn.command, UpdateMarkPrice):
        return False
    for event in turn.events[: turn.events.index(step)]:
        if isinstance(event, PositionDeleveraged):
            continue
        if getattr(event, "account", step.account) != step.account:
            return isinstance(event, OrderCancelled) and event.reason is CancelReason.DELEVERAGED
    return True


def bankruptcy_price(rules: LiquidationRules, contract: Contract, step: Step, extra: int) -> int:
    """The last price at which closing the chosen position costs no more than what backs it."""
    held, cost, backing = step.held, step.chosen.cost, step.backing
    now = held.gain + cost
    if rules.backing is Backing.BY_MAINTENANCE and step.event.mode is MarginMode.CROSS:
        needed = -step.standing.into(contract.asset, -step.needed)
        backing = floor(Fraction(backing * held.margin, needed)) if needed else backing
    backing += extra
    fee = contract.taker if rules.bankruptcy_keeps_fee else Fraction(0)
    kept = ceil(fee * abs(cost)) if contract.formula.closing_fee is ClosingFee.ENTRY else 0
    if contract.formula.closing_fee is not ClosingFee.MARK:
        fee = Fraction(0)

    def affordable(price: int) -> bool:
        proceeds = -contract.cash(-held.size, price)
        return backing + proceeds - now - kept - fee * abs(proceeds) >= 0

    return least(affordable) if held.size > 0 else most(affordable)


class Policy:
    """Which position is closed first, how much of it, at what limit, for what fee."""

    def __init__(self, play: Play) -> None:
        self.play, self.rules = play, play.rulebook.liquidation
        self.edge = line(self.rules)
        self.whole_until: dict[Name, int] = {}
        self.seen: dict[str, int] = defaultdict(int)

    def all(self) -> None:
        """Every step of the session."""
        for _, step in steps(self.play):
            if step.event.account == HOUSE:
                continue
            self._first(step)
            self._needed(step)
            if step.event.closing is not Closing.BOOK:
                assert step.event.size == abs(step.chosen.size)
            elif step.standing.portfolio:
                self._portfolio_amount(step)
            else:
                self._amount(step)
            self._limit(step)
            self._fee(step)
            self._taken_over(step)

    def _first(self, step: Step) -> None:
        chosen, candidates = step.chosen, step.event.positions
        worst = {
            Select.LARGEST_UNREALISED_LOSS: lambda p: -p.unrealised_pnl,
            Select.MOST_MARGIN_FREED: lambda p: p.maintenance_margin,
            Select.LARGEST_NOTIONAL: lambda p: p.notional,
        }.get(self.rules.select)
        with_all = goes_with_all(self.rules, step.event)
        if worst is None or with_all or step.standing.portfolio:
            return
        rows = sorted(candidates, key=lambda p: (p.symbol, SIDES.index(p.position_side)))
        assert max(rows, key=worst) == chosen, "another should have gone first"
        self.seen["first of several"] += len(rows) > 1

    def _needed(self, step: Step) -> None:
        """Never a step for an account that is safe: not one too many, not one too early."""
        enough = step.needed + ceil(step.needed * Fraction(self.rules.exit_buffer))
        if not goes_with_all(self.rules, step.event):
            assert step.equity < enough + self.edge, "a safe account was reduced"

    def _portfolio_amount(self, step: Step) -> None:
        """Never past the point where closing more frees less, if that frees anything at all."""
        event, contract = step.event, step.held.contract
        rules, standing = self.play.rulebook.portfolio, step.standing
        held, sign = abs(step.held.size), 1 if step.held.size > 0 else -1
        key = event.symbol, event.position_side
        if held > FEW_LOTS or standing.unified:
            return  # of what hedges, more counts then

        def freed(lots: int) -> int:
            left = Held(contract, step.held.size - sign * lots, 0, 0)
            rest = list((standing.held | {key: left}).values())
            after = portfolio_margin(self.play.market, rest).margin
            buffer = 1 + Fraction(self.rules.exit_buffer)
            fee = ceil(contract.notional(lots) * Fraction(self.rules.fee))
            return floor((step.needed - after) * buffer) - fee

        table = {lots: freed(lots) for lots in range(1, held + 1)}
        most = max(table, key=lambda lots: table[lots])
        lacking = step.needed + ceil(step.needed * Fraction(self.rules.exit_buffer)) + self.edge
        lacking -= step.equity
        if table[most] <= 0:
            self.seen["even hedge"] += 1
            return
        expected = most
        if rules.amount is Amount.CLIP:
            expected = min(int(self.rules.clip), most)
        if rules.amount is Amount.FRACTION:
            expected = min(ceil(held * Fraction(self.rules.fraction)), most)
        if rules.amount is Amount.JUST_ENOUGH:
            expected = min((n for n in table if table[n] >= lacking), default=most)
        assert event.size == expected
        self.seen["of a portfolio"] += 1

    def _amount(self, step: Step) -> None:
        event, chosen = step.event, step.chosen
        contract, held = self.play.contracts[event.symbol], abs(chosen.size)
        contract.mark = Fraction(chosen.mark_price, contract.subticks)

        lots = told(event.positions)
        if event.mode is MarginMode.ISOLATED:
            for lot in lots.values():
                lot.isolated = True
        key = event.symbol, event.position_side
        beside = lots[key].beside(contract, facing(key, lots))

        def tier(lots: int) -> int:
            return contract.tier(lots, Fraction(abs(chosen.cost) * lots, held), beside)

        goals = {Amount.DOWN_ONE_TIER: tier(held) - 1, Amount.DOWN_TWO_TIERS: tier(held) - 2}
        match self.rules.amount:
            case Amount.WHOLE_POSITION:
                expected = held
            case Amount.CLIP:
                expected = min(int(self.rules.clip), held)
            case Amount.FRACTION:
                expected = self._fraction(step)
            case amount:
                expected = fewest(held, lambda left: tier(left) <= goals[amount])
        assert event.size == expected
        self.seen["in part"] += expected < held

    def _fraction(self, step: Step) -> int:
        event, contract, held = step.event, step.held.contract, abs(step.chosen.size)
        alone = event.mode is MarginMode.ISOLATED
        symbol, side = (event.symbol, event.position_side) if alone else ("", PositionSide.NET)
        name = (event.account, symbol, side, step.standing.asset)
        unit = {"USD": 10_000, "COIN": 1_000_000}[contract.asset]
        large = contract.notional(held) > int(self.rules.fraction_above) * unit
        if event.at < self.whole_until.get(name, 0) or not large:
            return held
        self.whole_until[name] = event.at + int(self.rules.cooldown_seconds) * SECOND
        return ceil(held * Fraction(self.rules.fraction))

    def _limit(self, step: Step) -> None:
        """In the book and in a takeover: bankruptcy, or a better price by the rule."""
        event, contract = step.event, self.play.contracts[step.event.symbol]
        long = step.chosen.size > 0
        for fill in step.fills:
            assert (
                fill.price >= event.bankruptcy_price
                if long
                else fill.price <= event.bankruptcy_price
            )
        if event.closing is Closing.TAKEOVER:
            assert event.bankruptcy_price == bankruptcy_price(self.rules, contract, step, 0)
        if event.closing not in (Closing.BOOK, Closing.INSURANCE_FUND):
            return
        with_fund = event.closing is Closing.INSURANCE_FUND
        bound = bankruptcy_price(self.rules, contract, step, step.fund if with_fund else 0)
        rule = (with_fund and self.rules.fund_limit) or self.rules.limit
        if rule is Limit.BANKRUPTCY_PRICE:
            assert event.bankruptcy_price == bound
        else:
            worse = bound - event.bankruptcy_price
            assert worse <= 0 if long else worse >= 0

    def _fee(self, step: Step) -> None:
        event = step.event
        if event.closing is not Closing.BOOK or not step.fills:
            assert step.fee == 0
            return
        asked = ceil(step.traded * Fraction(self.rules.fee))
        assert 0 <= step.fee <= asked
        if self.rules.fee_cap is FeeCap.EQUITY and step.fee < asked:
            # A fee is cut only to what was left; the leftover may have gone as well.
            assert step.left <= 0 or step.taken > step.fee
        if self.rules.leftover is Leftover.TRADER:
            assert step.taken == step.fee

    def _taken_over(self, step: Step) -> None:
        if step.event.closing is Closing.TAKEOVER:
            (over,) = step.over
            assert (over.size, over.price) == (abs(step.chosen.size), step.event.bankruptcy_price)
            self.seen["taken over"] += 1
        else:
            assert not step.over


def fewest(held: int, enough) -> int:  # type: ignore[no-untyped-def]
    """The fewest lots that leave what is enough; all where none does."""
    return next((n for n in range(1, held) if enough(held - n)), held)
