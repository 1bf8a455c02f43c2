"""The story of a liquidation for a person: what was held, each step, and where the money went."""

from collections.abc import Iterator
from fractions import Fraction

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exchange.core.messages import Closing, Side
from exchange.core.units import decimal
from tools.report import signed_text, table
from tools.stories import (
    Attempt,
    CancelledOrder,
    Counted,
    Held,
    RiskUnit,
    Step,
    Story,
    labelled,
)
from tools.text import clock, money, number, percent, price
from tools.upkeep import Exchanged

LISTED = 8
"""Rows of a list at most; what is beyond them is counted."""
INDENT = (0, 0, 0, 2)
LABEL = 20
CHOICES = {
    "largest_unrealised_loss": "unrealised_pnl",
    "most_margin_freed": "maintenance_margin",
    "largest_notional": "notional",
}
"""The figure that each policy of choice compares."""
BEHIND = {
    Closing.BOOK: "the bankruptcy price",
    Closing.INSURANCE_FUND: "where account and fund are used up",
    Closing.SOCIALISED: "the end of the venue's band",
}
"""What bounds an order of each kind."""
IN_MONEY = {"realised PnL", "left, to the fund", "insurance fund pays", "others bear"}
"""Lines of a step that are an amount and nothing else."""
PLAIN_AMOUNTS = {
    "whole_position": "the whole position",
    "down_one_tier": "down to the top of the next lower risk tier",
    "just_enough": "just enough to be safe again",
}


def tell_story(console: Console, story: Story, of: int, *, listed: int | None = LISTED) -> None:
    """The whole story of one liquidation, of so many in the run; None lists every counterparty."""
    heading = f"Liquidation {story.number:,} of {of:,}: {story.account}, {scope(story)}"
    console.print(heading, style="bold")
    console.print(f"{clock(story.at)} UTC, money in {story.asset}\n")
    console.print(_positions(story))
    console.print()
    if story.units:
        console.print(_risk_units(story.units))
        console.print()
    if story.counted:
        console.print(_counted(story.counted))
        console.print()
    console.print(_breach(story))
    _cancelled(console, story, listed)
    for place, step in enumerate(story.steps, start=1):
        _repaid(console, step.repaid)
        console.print()
        _step(console, story, step, place, listed)
    _repaid(console, story.repaid)
    _covers(console, story)
    console.print()
    console.print(_end(story))
    if story.end != "cut off":
        console.print()
        _money(console, story)


def pairs() -> Table:
    """Labels and what belongs to them, which may take several lines."""
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(min_width=LABEL, no_wrap=True)
    made.add_column()
    return made


def scope(story: Story) -> str:
    """What stands and falls together."""
    own = labelled(story.symbol, story.position_side)
    if story.symbol:
        return f"isolated {own}"
    return "unified account" if story.counted else f"{story.mode} account"


def purse(story: Story) -> str:
    """What the collateral is called."""
    if story.counted:
        return "balance"
    return "isolated margin" if story.symbol else "wallet balance"


def _positions(story: Story) -> Table:
    made = table(
        ("Held", "left"),
        ("size", "right"),
        ("entry\nprice", "right"),
        ("mark\nprice", "right"),
        ("notional", "right"),
        ("unrealised\nPnL", "right"),
        ("maintenance\nmargin", "right"),
    )
    for held in story.positions:
        made.add_row(
            held.label,
            number(held.size),
            price(held.entry_price),
            price(held.mark_price),
            number(held.notional, 0),
            signed_text(held.unrealised_pnl, money),
            money(held.maintenance_margin),
        )
    if len(story.positions) > 1:
        sums = (story.notional, story.unrealised_pnl, story.maintenance_margin)
        texts = (number(sums[0], 0), signed_text(sums[1], money), money(sums[2]))
        made.add_row("together", "", "", "", *texts, style="bold")
    return made


def _breach(story: Story) -> Table:
    """Where the equity comes from, and what it should have been."""
    made = pairs()
    if not story.counted:
        made.add_row(purse(story), money(story.collateral))
        made.add_row("unrealised PnL", money(story.unrealised_pnl, signed=True))
    made.add_row("equity", money(story.equity))
    needed = money(story.maintenance_margin)
    made.add_row("maintenance margin", Text(f"{needed}, more than the equity", style="red"))
    return made


def _risk_units(units: list[RiskUnit]) -> Table:
    """What a portfolio's maintenance margin is made of, and each contract's part in it."""
    made = table(
        ("Risk unit", "left"),
        ("worst\nmove", "right"),
        ("loss", "right"),
        ("basis", "right"),
        ("offset", "right"),
        ("credit", "right"),
        ("least", "right"),
        ("margin", "right"),
    )
    for unit in units:
        charges = (unit.scan, unit.basis, unit.offset, -unit.credit, unit.minimum, unit.margin)
        move = f"{number(unit.move * 100, signed=True)}%"
        made.add_row(unit.underlying, move, *map(_charge, charges))
        for own in unit.contracts:
            side = "long" if own.size > 0 else "short"
            shock = f"IV {number(own.volatility * 100, 1, signed=True)}%" if own.volatility else ""
            made.add_row(
                f"  {own.symbol}, {side} {number(abs(own.size))}", shock, _charge(own.loss)
            )
        for own in unit.coins:
            held = "owned" if own.size > 0 else "owed"
            row = f"  {own.symbol}, {held} {number(abs(own.size))}"
            made.add_row(row, "", _charge(own.loss), "", _charge(unit.spot))
        if unit.options:
            made.add_row("  options, by number", "", _charge(unit.options))
        if unit.share != 1:
            made.add_row(f"  of which {percent(unit.share, 1, 0)} counts")
    return made


def _charge(value: Fraction) -> str:
    """A part of a margin: to two places, or to four where those would show nothing of it.

    More, as of a few satoshis, would push the columns beside it out of a narrow terminal.
    """
    shows = value == 0 or abs(value) >= Fraction(1, 100)
    return number(value, 2 if shows else 4)


def _counted(counted: list[Counted]) -> Table:
    """The assets of a unified account, and what each adds to equity."""
    made = table(
        ("Collateral", "left"),
        ("balance", "right"),
        ("unrealised\nPnL", "right"),
        ("price", "right"),
        ("of which\ncounts", "right"),
        ("adds to\nequity", "right"),
    )
    for one in counted:
        if one.balance or one.unrealised_pnl:
            pnl = signed_text(one.unrealised_pnl, money)
            worth = "1" if one.price == 1 else price(one.price)
            figures = (number(one.balance), pnl, worth, percent(one.ratio, 1))
            made.add_row(one.asset, *figures, money(one.value))
    return made


def _repaid(console: Console, exchanges: list[Exchanged]) -> None:
    """What was owed, and what it was repaid with."""
    if not exchanges:
        return
    console.print()
    console.print("Repaid out of other collateral", style="bold")
    made = pairs()
    for one in exchanges:
        made.add_row(f"{number(one.repaid)} {one.bought}", exchanged_text(one))
    console.print(Padding(made, INDENT))


def exchanged_text(one: Exchanged) -> str:
    """What an exchange cost, and what it left."""
    rate = price(one.price / one.bought_price)
    fee = f", {number(one.fee)} of it a fee" if one.fee else ""
    left = f"{number(one.left)} {one.sold} left"
    owed = f", {number(one.owed)} {one.bought} still owed" if one.owed else ""
    return f"with {number(one.amount)} {one.sold} at {rate}{fee}; {left}{owed}"


def _covers(console: Console, story: Story) -> None:
    """What was paid for an account that had nothing left to repay with."""
    if not story.covers:
        return
    console.print()
    console.print("Still owed, with nothing left to repay it", style="bold")
    made = pairs()
    for one in story.covers:
        for label, amount in (
            ("insurance fund pays", one.fund_paid),
            ("others bear", one.socialised),
            ("uncovered loss", one.uncovered),
        ):
            if amount:
                made.add_row(label, f"{money(amount)} {one.asset}")
    console.print(Padding(made, INDENT))


def _cancelled(console: Console, story: Story, listed: int | None) -> None:
    made = pairs()
    made.add_row("open orders", _orders(story, listed) if story.cancelled else "none to cancel")
    console.print(made)


def _what(order: CancelledOrder) -> str:
    if order.close_position:
        verb = "buy back" if order.side is Side.BUY else "sell"
        return f"{verb} all {order.symbol}"
    return f"{order.side} {number(order.open_size)} {order.symbol}"


def _when(order: CancelledOrder) -> str:
    """At which price, or what it waits for."""
    at = f"at {price(order.price)}" if order.price else ""
    if not order.waits_for:
        return at
    told = order.waits_for.replace("_", " ")
    # A trailing stop may follow at once, from no price.
    waits = f"{told} at {order.trigger_by} {price(order.trigger_price)}"
    return ", ".join(filter(None, (waits if order.trigger_price else told, at)))


def _orders(story: Story, listed: int | None) -> Table:
    made = table((f"{len(story.cancelled):,} cancelled", "left"), ("", "right"), ("", "left"))
    made.columns[1].no_wrap = False  # what an order waits for may be long
    for order in story.cancelled[:listed]:
        made.add_row(_what(order), _when(order), f"order {order.order_id}")
    if listed is not None and len(story.cancelled) > listed:
        made.add_row(f"and {len(story.cancelled) - listed:,} more")
    return made


def _step(console: Console, story: Story, step: Step, place: int, listed: int | None) -> None:
    console.print(f"Step {place}: {named(step.chosen)}, {_why(story, step)}", style="bold")
    made = pairs()
    if len(step.positions) > 1 and step.chosen_by in CHOICES:
        figure = CHOICES[step.chosen_by]
        made.add_row(figure.replace("_", " ").replace("pnl", "PnL"), _alternatives(step, figure))
    for attempt in step.attempts:
        for label, value in _lines(attempt, step.chosen, listed):
            # Where a contract settles in another asset than the account is counted in.
            other = label in IN_MONEY and step.asset != story.asset
            made.add_row(label, f"{value} {step.asset}" if other else value)
    made.add_row("equity afterwards", _recheck(step.attempts[-1]))
    console.print(Padding(made, INDENT))


def named(held: Held) -> str:
    """A position in words."""
    return f"{'long' if held.size > 0 else 'short'} {number(abs(held.size))} {held.symbol}"


def _why(story: Story, step: Step) -> str:
    if len(step.positions) > 1:
        return f"the {step.chosen_by.replace('_', ' ')}"
    return "the only position" if len(story.positions) == 1 else "the last position"


def _alternatives(step: Step, figure: str) -> Table:
    """The figures that the choice was made by, the chosen position's first."""
    signed = figure == "unrealised_pnl"
    made = table(("", "left"), ("", "right"), ("", "left"))
    made.show_header = False
    figures = [(getattr(held, figure), held) for held in step.positions]
    for value, held in sorted(figures, key=lambda one: one[0] if signed else -one[0]):
        mark = "closed first" if held is step.chosen else ""
        made.add_row(held.label, money(value, signed=signed), mark)
    return made


def _lines(attempt: Attempt, chosen: Held, listed: int | None) -> Iterator[tuple[str, str | Table]]:
    """What one way of closing came to."""
    limit = price(attempt.bankruptcy_price)
    if attempt.closing is Closing.TAKEOVER:
        yield "taken over", f"{number(attempt.size)} by the venue itself, at {limit}"
    elif attempt.closing is Closing.ADL:
        yield "auto-deleveraging", f"{number(attempt.size)} at {limit}, the bankruptcy price"
        yield "", _deleveraged(attempt, listed)
    else:
        yield f"{attempt.side} in the book", _how_much(attempt, chosen)
        yield "limit", f"{limit}, {BEHIND[attempt.closing]}"
        yield "filled", _filled(attempt)
    if attempt.fills:
        yield "realised PnL", money(attempt.realised_pnl, signed=True)
    if attempt.liquidation_fee:
        yield "liquidation fee", _fee(attempt)
    if attempt.leftover:
        yield "left, to the fund", money(attempt.leftover)
    if attempt.fund_paid:
        yield "insurance fund pays", money(attempt.fund_paid)
    if attempt.socialised:
        yield "others bear", money(attempt.socialised)
    if attempt.uncovered:
        yield "uncovered loss", f"{money(attempt.uncovered)}, owed by the venue"


def _fee(attempt: Attempt) -> str:
    rate = percent(attempt.liquidation_fee, attempt.notional, 2)
    text = f"{money(attempt.liquidation_fee)}, {rate} of {money(attempt.notional)}"
    return text if attempt.equity else f"{text}, as much as was left"


def _how_much(attempt: Attempt, chosen: Held) -> str:
    if attempt.closing is Closing.INSURANCE_FUND:
        return f"{number(attempt.size)} again, with the insurance fund behind it"
    if attempt.closing is Closing.SOCIALISED:
        return f"{number(attempt.size)} again, whatever it costs others"
    if attempt.size == abs(chosen.size):
        return f"{number(attempt.size)}, the whole position"
    reason = PLAIN_AMOUNTS.get(attempt.sized_by, attempt.sized_by.replace("_", " "))
    return f"{number(attempt.size)}, {reason}"


def _filled(attempt: Attempt) -> str:
    if not attempt.fills:
        return "nothing: the book has nobody at that price or better"
    prices = [fill.price for fill in attempt.fills]
    best, worst = (max, min) if attempt.side is Side.SELL else (min, max)
    text = f"{number(attempt.filled)} at {price(attempt.average_price)}"
    if len(prices) == 1:
        return text
    return (
        f"{text} on average, in {len(prices):,} trades "
        f"from {price(best(prices))} to {price(worst(prices))}"
    )


def _deleveraged(attempt: Attempt, listed: int | None) -> Table:
    made = table(
        ("rank", "right"), ("against", "left"), ("size", "right"), ("realised PnL", "right"),
        ("left open", "right"),
    )  # fmt: skip
    for one in attempt.deleveraged[:listed]:
        pnl = signed_text(one.realised_pnl, money)
        made.add_row(f"{one.rank:,}", one.account, number(one.size), pnl, number(one.left))
    rest = attempt.deleveraged[listed:] if listed is not None else []
    if rest:
        size = sum((one.size for one in rest), Fraction(0))
        made.add_row("", f"{len(rest):,} more", number(size))
    if attempt.against_history:
        made.add_row("", "the market", number(attempt.against_history))
    return made


def _recheck(last: Attempt) -> Text:
    """Whether the account is safe after a step, all that was paid to it included."""
    equity = last.equity + last.fund_paid + last.socialised + last.uncovered
    needed = last.maintenance_margin
    if needed == 0:
        return Text(f"{money(equity)}, and no position left")
    sign, verdict, style = (
        (">=", "safe", "green") if equity >= needed else ("<", "not yet safe", "red")
    )
    text = Text(f"{money(equity)} {sign} maintenance margin {money(needed)}: ")
    return text.append(verdict, style=style)


def _end(story: Story) -> Text:
    if story.end == "cut off":
        return Text("The journal stops here, before the end of this liquidation.", style="yellow")
    left = [
        f"{'long' if size > 0 else 'short'} {number(abs(size))} {label.partition(' ')[0]}"
        for label, size in story.left.items()
    ]
    if left:
        return Text(f"It ended safe again.  Still open: {', '.join(left)}.")
    back = f"; {money(story.released)} go back to the wallet" if story.released else ""
    return Text(f"It ended with every position closed{back}.")


def _money(console: Console, story: Story) -> None:
    """The account of the money, to the last unit, and whether it adds up."""
    purses = [one for one in story.purses if one.before or one.after or any(one.flows.values())]
    purses = purses or story.purses[:1]
    name, first = purse(story), f"The money, in {purses[0].asset}"
    columns = [("The money", "left"), *[(one.asset, "right") for one in purses]]
    made = table(*columns) if len(purses) > 1 else table((first, "left"), ("", "right"))
    places = [
        max(decimals(amount) for amount in (one.before, *one.flows.values(), one.after))
        for one in purses
    ]

    def row(amounts: list[Fraction], *, signed: bool = False) -> list[str]:
        pairs_ = zip(amounts, places, strict=True)
        return [number(v, p, signed=signed) if v or not signed else "" for v, p in pairs_]

    made.add_row(f"{name} before", *row([one.before for one in purses]))
    for label in purses[0].flows:
        amounts = [one.flows[label] for one in purses]
        if any(amounts):
            made.add_row(label, *row(amounts, signed=True))
    made.add_row(f"{name} afterwards", *row([one.after for one in purses]), style="bold")
    console.print(made)
    if not story.differences:
        console.print("It adds up, to the last unit.", style="green")
        return
    off = ", ".join(f"{number(v, signed=True)} {k}" for k, v in story.differences.items())
    console.print(f"It does not add up: {off} too much at the end.", style="red")


def decimals(amount: Fraction) -> int:
    """Decimal places that an amount needs, two at least."""
    return max(2, len(decimal(amount).partition(".")[2]))
