"""The terms a position is held on: leverage, margin mode, and the money in an isolated bucket."""

from exchange.core.accounts import Pool, Position
from exchange.core.admission import capped_refused, options_refused
from exchange.core.finding import Refusal, account_named, margined_position
from exchange.core.grid import Terms
from exchange.core.ledger import Reason, transfer
from exchange.core.margin import (
    initial_margin,
    leverage_allowed,
    margin_held,
    order_margin,
    safe_margin,
    unrealised_pnl,
)
from exchange.core.messages import (
    AdjustMargin,
    LeverageChanged,
    MarginAdjusted,
    MarginMode,
    MarginModeChanged,
    PositionMode,
    PositionModeChanged,
    Reject,
    SetLeverage,
    SetMarginMode,
    SetPositionMode,
)
from exchange.core.portfolio import together
from exchange.core.state import State
from exchange.core.units import Money


def set_position_mode(state: State, command: SetPositionMode) -> Refusal | None:
    """Go over to one position in each instrument, or to a long and a short side by side."""
    account = account_named(state, command.account)
    if isinstance(account, Refusal):
        return account
    hedges = command.mode is PositionMode.HEDGE
    if hedges and not state.rulebook.hedge_mode:
        return Refusal(Reject.NOT_OFFERED, f"{state.rulebook.title} has no hedge mode")
    if len(account.orders):
        return Refusal(Reject.OPEN_ORDERS, f"{len(account.orders)} orders were open, expected none")
    held = [p for pool in account.pools.values() for p in pool.listed if p.size]
    if held:
        symbols = ", ".join(p.instrument.symbol for p in held)
        return Refusal(Reject.OPEN_POSITIONS, f"{symbols} had positions, expected none")
    account.hedges = hedges
    state.emit(
        PositionModeChanged(
            at=state.now, account=command.account, ref=command.ref, mode=command.mode
        )
    )
    return None


def set_leverage(state: State, command: SetLeverage) -> Refusal | None:
    """Compute initial margin with a new leverage.

    An isolated bucket is filled up to its new initial margin; it is never drained by this.
    """
    position = margined_position(state, command.account, command.symbol, command.position_side)
    if isinstance(position, Refusal):
        return position
    mark = state.mark_of(position)
    refusal = _fixed_leverage(state, position, command.leverage)
    if refusal is not None:
        return refusal
    allowed = leverage_allowed(position, mark)
    if not 1 <= command.leverage <= allowed:
        return Refusal(
            Reject.LEVERAGE_OUT_OF_RANGE,
            f"leverage was {command.leverage}, expected 1 to {allowed} for this position",
        )
    margin = state.margin(position.pool)
    before, found = position.leverage, margin.for_bucket if position.isolated else margin.available
    needed = -_taken(position, mark)
    position.lever(command.leverage)
    missing = _missing(state, position)
    needed += _taken(position, mark) + missing
    if needed > max(found, 0):
        position.lever(before)
        return _short(position, found, needed)
    transfer(position.pool.wallet, position.bucket, missing, Reason.ISOLATED_MARGIN)
    state.touch(position.pool)
    state.emit(
        LeverageChanged(
            at=state.now,
            account=command.account,
            ref=command.ref,
            symbol=command.symbol,
            position_side=command.position_side,
            leverage=command.leverage,
        )
    )
    return None


def _has_orders(position: Position) -> bool:
    return bool(position.buy_lots or position.sell_lots or position.reduce_only_lots)


def _fixed_leverage(state: State, position: Position, leverage: int) -> Refusal | None:
    """Why the rulebook does not let leverage change now, or None."""
    rules, symbol = state.rulebook.switching, position.instrument.symbol
    if not rules.leverage_with_orders and _has_orders(position):
        return Refusal(
            Reject.OPEN_ORDERS, f"{symbol} had open orders, expected none when changing leverage"
        )
    if not rules.leverage_with_position and position.size:
        return Refusal(
            Reject.OPEN_POSITIONS, f"{symbol} had a position, expected none when changing leverage"
        )
    lowers = position.size and position.isolated and leverage < position.leverage
    if lowers and not rules.lower_isolated_leverage:
        return Refusal(
            Reject.OPEN_POSITIONS,
            f"leverage was {leverage}, expected {position.leverage} or more with an isolated "
            f"position in {symbol}",
        )
    return None


def _taken(position: Position, mark: int) -> Money:
    """What the position's terms take of the cross pool's equity.

    In a portfolio leverage takes nothing.
    """
    if position.pool.portfolio is not None and not position.isolated:
        return 0
    return order_margin(position) if position.isolated else initial_margin(position, mark)


def _missing(state: State, position: Position) -> Money:
    """What an isolated bucket lacks to initial margin."""
    if not position.isolated or not position.size:
        return 0
    return max(0, margin_held(position, state.mark_of(position)) - position.bucket.balance)


def set_margin_mode(state: State, command: SetMarginMode) -> Refusal | None:
    """Move a position between cross, isolated and portfolio margin.

    Into isolated it takes its initial margin, and its unrealised loss, along from the wallet; into
    the others it brings its bucket.  Entry, size and leverage stay as they are.  Cross or portfolio
    margin is of the whole pool: all positions that are not isolated go along.
    """
    position = margined_position(state, command.account, command.symbol, command.position_side)
    if isinstance(position, Refusal):
        return position
    isolated = command.mode is MarginMode.ISOLATED
    refusal = _fixed_mode(state, position, command.mode)
    if refusal is None and isolated != position.isolated and isolated:
        refusal = _isolate(state, position)
    elif refusal is None and not isolated:
        terms = state.portfolio if command.mode is MarginMode.PORTFOLIO else None
        refusal = _join(state, position, terms)
    if refusal is not None:
        return refusal
    state.touch(position.pool)
    state.emit(
        MarginModeChanged(
            at=state.now,
            account=command.account,
            ref=command.ref,
            symbol=command.symbol,
            position_side=command.position_side,
            mode=command.mode,
            bucket=position.bucket.balance,
        )
    )
    return None


def _not_offered(state: State, position: Position, mode: MarginMode) -> Refusal | None:
    """Why the venue has no such mode for the position, or None."""
    option, title = _option_among(position, mode), state.rulebook.title
    if option is not None:
        return options_refused(option)
    capped = _capped_among(position, mode)
    if capped is not None:
        return capped_refused(capped)
    if mode is MarginMode.PORTFOLIO and not state.portfolio.offered:
        return Refusal(Reject.NOT_OFFERED, f"{title} has no portfolio margin")
    if mode is MarginMode.PORTFOLIO and position.pool.is_unified and not state.portfolio.unified:
        return Refusal(Reject.NOT_OFFERED, f"{title} has no portfolio margin of unified accounts")
    return None


def _fixed_mode(state: State, position: Position, mode: MarginMode) -> Refusal | None:
    """Why the rulebook does not let the margin mode change now, or None."""
    rules, pool = state.rulebook.switching, position.pool
    moved = [position]
    refusal = _not_offered(state, position, mode)
    if refusal is not None:
        return refusal
    switches = (pool.portfolio is not None) != (mode is MarginMode.PORTFOLIO)
    with_positions, with_orders = rules.mode_with_position, rules.mode_with_orders
    if mode is not MarginMode.ISOLATED and switches:
        moved = [position, *[p for member in pool.lead.members for p in together(member)]]
        portfolio = state.rulebook.portfolio
        with_positions, with_orders = portfolio.with_positions, portfolio.with_orders
    for one in moved:
        symbol = one.instrument.symbol
        if _has_orders(one) and not with_orders:
            return Refusal(
                Reject.OPEN_ORDERS, f"{symbol} had open orders, expected none when switching"
            )
        if one.size and not with_positions:
            return Refusal(
                Reject.OPEN_POSITIONS, f"{symbol} had a position, expected none when switching"
            )
    asset = pool.lead.asset
    least = state.minimum_equity(asset) if mode is MarginMode.PORTFOLIO and switches else 0
    found = state.margin(pool.lead).equity
    if found < least:
        has, needs = state.money_text(asset, found), state.money_text(asset, least)
        detail = f"equity was {has} {asset}, expected {needs} or more to switch"
        return Refusal(Reject.INSUFFICIENT_MARGIN, detail)
    return None


def _option_among(position: Position, mode: MarginMode) -> Position | None:
    """An option that would go along to a mode in which none is held."""
    if mode is MarginMode.PORTFOLIO:
        return None
    if position.instrument.is_option:
        return position
    for one in together(position.pool) if mode is MarginMode.CROSS else []:
        if one.instrument.is_option and (one.size or _has_orders(one)):
            return one
    return None


def _capped_among(position: Position, mode: MarginMode) -> Position | None:
    """A contract with a highest price that would go along to a mode in which none is held."""
    if mode is MarginMode.ISOLATED:
        return position if position.instrument.cap else None
    if mode is MarginMode.PORTFOLIO:
        for member in position.pool.lead.members:
            for one in together(member):
                if one.instrument.cap and (one.size or _has_orders(one)):
                    return one
    return None


def _isolate(state: State, position: Position) -> Refusal | None:
    pool, mark = position.pool, state.mark_of(position)
    pnl = unrealised_pnl(position, mark) if position.size else 0
    margin = margin_held(position, mark) if position.size else 0
    bucket = margin + max(0, -pnl)
    position.isolated = True
    after = state.margin(pool, -bucket)
    left = min(after.available, after.wallet) if bucket else 0
    if left < 0 or bucket + pnl < safe_margin(position, mark):
        position.isolated = False
        return _short(position, bucket + left, bucket)
    transfer(pool.wallet, position.bucket, bucket, Reason.ISOLATED_MARGIN)
    return None


def _join(state: State, position: Position, terms: Terms | None) -> Refusal | None:
    """Let a position, isolated or not, be one of its pool, and that be on these terms."""
    pool, bucket = position.pool, position.bucket.balance
    before, was_isolated = pool.portfolio, position.isolated
    if terms is before and not was_isolated:
        return None
    position.isolated = False
    _reckon_on(pool, terms)
    after = state.margin(pool, bucket)
    moves = position.size if terms is before else after.initial
    if moves and after.available < 0:
        position.isolated = was_isolated
        _reckon_on(pool, before)
        return _short(position, after.equity, after.initial)
    transfer(position.bucket, pool.wallet, bucket, Reason.ISOLATED_MARGIN)
    return None


def _reckon_on(pool: Pool, terms: Terms | None) -> None:
    """Let margin be of all positions together, or of each by itself; with all pools beside it."""
    for member in pool.lead.members:
        member.portfolio = terms


def adjust_margin(state: State, command: AdjustMargin) -> Refusal | None:
    """Move money between the wallet and an isolated bucket.

    Into the bucket goes what could be withdrawn; out of it what its initial margin, at the mark
    and after unrealised losses, does not need.
    """
    position = margined_position(state, command.account, command.symbol, command.position_side)
    if isinstance(position, Refusal):
        return position
    if command.amount == 0:
        return Refusal(Reject.AMOUNT_NOT_POSITIVE, "amount was 0, expected one to add or remove")
    if not position.isolated:
        return Refusal(Reject.NOT_ISOLATED, f"{command.symbol} was in cross margin")
    if position.size == 0:
        return Refusal(Reject.NO_POSITION, f"{command.symbol} had no position to add margin to")
    found = _removable(state, position) if command.amount < 0 else _free(state, position)
    if abs(command.amount) > found:
        return _short(position, found, abs(command.amount))
    transfer(position.pool.wallet, position.bucket, command.amount, Reason.ISOLATED_MARGIN)
    state.touch(position.pool)
    state.emit(
        MarginAdjusted(
            at=state.now,
            account=command.account,
            ref=command.ref,
            symbol=command.symbol,
            position_side=command.position_side,
            amount=command.amount,
            bucket=position.bucket.balance,
        )
    )
    return None


def _free(state: State, position: Position) -> Money:
    return state.margin(position.pool).withdrawable


def _removable(state: State, position: Position) -> Money:
    mark = state.mark_of(position)
    margin = margin_held(position, mark)
    return max(0, position.bucket.balance + min(0, unrealised_pnl(position, mark)) - margin)


def _short(position: Position, found: Money, expected: Money) -> Refusal:
    text = position.instrument.money_text
    return Refusal(
        Reject.INSUFFICIENT_MARGIN,
        f"margin was {text(found)} {position.instrument.settle}, expected {text(expected)} or more",
    )
