"""Everybody's account as events make it: money, positions, and what stands together."""

from collections.abc import Iterable, Mapping

from exchange.core.messages import (
    AccountMode,
    AccountModeChanged,
    Event,
    MarginMode,
    MarginModeChanged,
    PositionMargin,
)
from tests.models.naive_account import Held, Side, Standing
from tests.models.play import Lot, Moment, Play, Positions, margin_of
from tests.models.statement import Statement


class Accounts:
    """Followed event by event."""

    def __init__(self, play: Play) -> None:
        self.play, self.market = play, play.market
        self.positions, self.statement = Positions(play), Statement()
        self.unified: set[str] = set()
        self.portfolios: set[tuple[str, str]] = set()

    def note(self, event: Event) -> None:
        """Take in an event."""
        self.positions.note(event)
        self.statement.read([event])
        match event:
            case AccountModeChanged(mode=AccountMode.UNIFIED):
                self.unified.add(event.account)
            case AccountModeChanged():
                self.unified.discard(event.account)
            case MarginModeChanged() if event.mode is not MarginMode.ISOLATED:
                asset = self.play.contracts[event.symbol].asset
                pool = event.account, self.lead(event.account, asset)
                if event.mode is MarginMode.PORTFOLIO:
                    self.portfolios.add(pool)
                else:
                    self.portfolios.discard(pool)

    def lead(self, account: str, asset: str) -> str:
        """In which asset the account is reckoned."""
        together = account in self.unified and asset in self.market.assets()
        return self.market.currency if together else asset

    def assets(self, account: str, asset: str) -> list[str]:
        """What stands together with an asset."""
        if account not in self.unified or asset not in self.market.assets():
            return [asset]
        return sorted(self.market.assets() & self.play.assets)

    def lots(self, account: str, asset: str) -> dict[Side, Lot]:
        """Positions that are not isolated, in all that stands together with an asset."""
        assets = self.assets(account, asset)
        return {
            side: lot
            for one in assets
            for side, lot in self.positions.of(account, one).items()
            if not lot.isolated
        }

    def isolated(self, account: str, asset: str) -> dict[Side, Lot]:
        """Those that are."""
        return {
            side: lot
            for one in self.assets(account, asset)
            for side, lot in self.positions.of(account, one).items()
            if lot.isolated
        }

    def alone(self, account: str, side: Side, bucket: int) -> Standing:
        """An isolated position and its bucket."""
        lot, asset = self.positions.lots[account, *side], self.play.contracts[side[0]].asset
        return Standing(self.market, asset, {asset: bucket}, held(self.play, {side: lot}))

    def standing(
        self,
        account: str,
        asset: str,
        money: Mapping[str, int],
        lots: dict[Side, Lot] | None = None,
    ) -> Standing:
        """Its cross positions, or portfolio, or what `lots` says, and this money."""
        lots = self.lots(account, asset) if lots is None else lots
        assets = self.assets(account, asset)
        return Standing(
            self.market,
            self.lead(account, asset),
            {one: money[one] for one in assets},
            held(self.play, lots),
            unified=account in self.unified and asset in self.market.assets(),
            portfolio=(account, self.lead(account, asset)) in self.portfolios,
        )

    def as_seen(self, moment: Moment, account: str, asset: str) -> Standing:
        """With the wallets of a moment."""
        assets = self.assets(account, asset)
        wallets = {one: moment.views[account, one].wallet for one in assets}
        return self.standing(account, asset, wallets)

    def money(self, account: str, asset: str) -> dict[str, int] | None:
        """What events make of the wallets; None where buckets hold some of it."""
        if self.isolated(account, asset):
            return None
        return {one: self.statement.money[account, one] for one in self.assets(account, asset)}


def held(play: Play, lots: dict[Side, Lot]) -> dict[Side, Held]:
    """What positions have won, and each needs."""
    margins = margin_of(lots, play.contracts)
    return {
        side: Held(contract, lot.size, lot.gain(contract), margins[side])
        for side, lot in lots.items()
        if (contract := play.contracts[side[0]])
    }


def viewed(play: Play, moment: Moment, account: str, asset: str) -> Standing:
    """What is not isolated, as the views of a moment have it; at the marks as they are now."""
    together = account in moment.wholes and asset in play.market.assets()
    assets = sorted(play.market.assets() & play.assets) if together else [asset]
    views = {one: moment.views[account, one] for one in assets}
    lots = {
        (p.symbol, p.position_side): Lot(p.size, p.cost)
        for view in views.values()
        for p in view.positions
        if p.mode is not MarginMode.ISOLATED
    }
    return Standing(
        play.market,
        play.market.currency if together else asset,
        {one: view.wallet for one, view in views.items()},
        held(play, lots),
        unified=together,
        portfolio=views[asset].mode is MarginMode.PORTFOLIO,
    )


def told(positions: Iterable[PositionMargin]) -> dict[Side, Lot]:
    """Positions as an event tells them; not isolated."""
    return {(p.symbol, p.position_side): Lot(p.size, p.cost) for p in positions}
