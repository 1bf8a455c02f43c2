"""Margin by itself: tiers and their amounts, initial margin of orders, rates, several positions."""

from fractions import Fraction

from msgspec.structs import replace

from exchange import Tier
from exchange.core.messages import PlaceOrder, PositionSide, RecordedTrade, Side
from exchange.core.policies import TierInput
from tools.vectors.bench import (
    LEVERAGE_MAX,
    Bench,
    Contract,
    fine_tick,
    plain_fees,
    rulebook_for,
    share,
    tiers,
    whole,
)
from tools.vectors.cases import Case, MissingInputError, UnsupportedError
from tools.vectors.figures import figure, rounded, text
from tools.vectors.positions import (
    CUMS,
    ENTRIES,
    MARKS,
    NOTIONALS,
    RATES,
    SIZES,
    isolated_position,
    side_of,
    size_of,
)

PPM = 1_000_000
LASTS = ("last", "last_price", "last_traded_price")
FLOORS = ("floor", "notionalFloor", "lower", "min", "minNotional", "from", "lowerBound", "above")
CAPS = (
    "cap",
    "notionalCap",
    "upper",
    "max",
    "maxNotional",
    "up_to",
    "to",
    "risk_limit",
    "limit",
    "risk_limit_value",
)
LADDERS = ("tiers", "brackets", "levels", "risk_limits", "schedule", "discount_tiers")
INITIALS = (
    "im",
    "imr",
    "imf",
    "initial_rate",
    "base_rate",
    "base_im",
    "initial_margin_rate",
    "initial_margin_fraction",
)
MOST = ("maxLeverage", "leverage_max")
GROWTHS = (
    "rate_growth",
    "increase_factor",
    "increase",
    "per_unit",
    "increase_per_btc",
    "increase_per_coin",
)


def given_tiers(case: Case) -> tuple[Tier, ...]:
    """The risk tiers that a vector gives: floors and rates, or rows of them.

    Where a row has only a highest leverage, its rate is half of the initial margin there, as
    Hyperliquid has it.
    """
    floors, rates = case.raw("floors"), case.raw("mmr", "rates", "maintenance")
    if floors and isinstance(rates, list):
        pairs = [(figure(f), figure(r)) for f, r in zip(floors, rates, strict=True)]
    else:
        rows = [case.within(row) for row in case.rows(*LADDERS).values()]
        pairs = list(zip(floors_of(rows), [_rate_of(row) for row in rows], strict=True))
    if not pairs:
        raise MissingInputError("neither floors and mmr nor tiers were given")
    return tuple(
        [
            Tier(floor=text(floor), maintenance=text(rounded(rate)), leverage_max=LEVERAGE_MAX)
            for floor, rate in pairs
        ]
    )


def floors_of(rows: list[Case]) -> list[Fraction]:
    """Where tiers begin: as they say, or where the one before ends."""
    floors, end = [], Fraction(0)
    for row in rows:
        told = row.maybe(*FLOORS)
        # "5,001 to 7,500" after "to 5,000", as sizes in whole contracts are written.
        floors.append(end if told is None or (end and told - 1 == end) else told)
        end = row.maybe(*CAPS) or end
    return floors


def _rate_of(row: Case) -> Fraction:
    leverage = row.maybe(*MOST)
    return 1 / (2 * leverage) if row.maybe(*RATES) is None and leverage else row.number(*RATES)


def tier_amounts(case: Case) -> list[Fraction]:
    """The maintenance amount of each tier."""
    rows = given_tiers(case)
    rulebook = rulebook_for(case)
    margin = replace(rulebook.margin, rate_growth="0", tier_input=TierInput.NOTIONAL)
    rulebook = replace(rulebook, instrument_tiers={"X": rows}, margin=margin)
    contract = Contract(tick=Fraction(1, 100), sizes=[Fraction(1)])
    bench = Bench(rulebook, contract, amounts=[figure(row.floor) for row in rows])
    made = bench.venue.instruments["X"].tiers
    return [share(cum) * bench.unit for cum in made.maintenance_schedule.cums]


def all_tier_amounts(case: Case) -> dict[str, Fraction]:
    """How many amounts, of those a venue prints, are not what its floors and rates give.

    The rulebook's own tables: listing a contract compares every amount in them.
    """
    rulebook, wrong = rulebook_for(case), 0
    tables = rulebook.instrument_tiers
    if not tables:
        raise UnsupportedError(f"the rulebook {rulebook.name} has no tables of contracts")
    for symbol in tables:
        try:
            Bench(rulebook, Contract(symbol, sizes=[Fraction(1)]), unit=Fraction(1, 10**10))
        except UnsupportedError:
            wrong += 1
    return {"mismatches": Fraction(wrong)}


def order_margin(case: Case) -> dict[str, Fraction]:
    """What an order at rest takes of the account's equity: initial margin, open loss, fees."""
    sell = side_of(case) < 0
    value = case.maybe(*NOTIONALS)
    price = case.number(
        "order_price", "limit_price", "limit", *ENTRIES, *MARKS, default=value and 1
    )
    size = abs(size_of(case)) if case.maybe(*SIZES) else abs(value or price) / price
    inverse = "inverse" in case.topic or case.raw("contracts") is not None
    inverse = inverse and "quanto" not in case.topic
    leverage = case.number("leverage", "lever", default=1 if "value" in case.topic else None)
    value = size / price if inverse else size * price
    last = case.maybe(*LASTS)
    contract = Contract(sizes=[size], tick=fine_tick(price, last or price), inverse=inverse)
    rulebook = plain_fees(rulebook_for(case), case)
    # Without a last price an order can be reckoned at nothing but its own.
    rules = rulebook.margin if last else replace(rulebook.margin, sell_order_over_last="")
    rulebook = replace(rulebook, instrument_tiers={"X": tiers(Fraction(0))}, margin=rules)
    bench = Bench(rulebook, contract)
    bench.account("ann", Fraction(int(4 * value) + 4))
    bench.mark("X", case.number("mark", "mark_price", default=price))
    if last:
        ticks = whole(last / contract.tick, "last")
        trade = RecordedTrade(at=bench.now(), symbol="X", side=Side.BUY, size=1, price=ticks)
        bench.do(trade)
    bench.leverage("ann", "X", whole(leverage, "leverage"))
    bench.do(
        PlaceOrder(
            at=bench.now(),
            account="ann",
            symbol="X",
            side=Side.SELL if sell else Side.BUY,
            size=whole(size / contract.lot, "size"),
            price=whole(price / contract.tick, "price"),
        )
    )
    seen = bench.seen("ann")
    cost, lost = bench.amount(seen.initial_margin), bench.amount(seen.orders[0].open_loss)
    fees = bench.amount(seen.orders[0].fees)
    margin = cost - lost - fees
    return {
        "initial_margin": margin,
        "im": margin,
        "value": margin * leverage,
        "open_loss": lost,
        "fees": fees,
        "cost": cost,
        "order_cost": cost,
    }


def full_collateral(case: Case) -> Fraction:
    """What a position and orders take where there is a highest price: all that they may lose.

    Positions are `long` or `short` at `avg`; orders, each a size and a price, `buy` and `sell`.
    """
    highest = case.number("max_price", "price_max", "cap")
    orders = {1: case.raw("buy", "buy_order"), -1: case.raw("sell", "sell_order")}
    told = {sign: [figure(one) for one in order] for sign, order in orders.items() if order}
    long, short = case.maybe("long") or Fraction(0), case.maybe("short") or Fraction(0)
    entry = case.number("avg", *ENTRIES) if long or short else highest / 2
    prices = [highest, entry, *[order[1] for order in told.values()]]
    sizes = [size for size in (long, short, *[order[0] for order in told.values()]) if size]
    contract = Contract(sizes=sizes, tick=fine_tick(*prices), highest=highest)
    bench = Bench(plain_fees(rulebook_for(case), case), contract)
    bench.account("ann", 4 * highest * sum(sizes))
    bench.mark("X", entry)
    if long or short:
        bench.trade("ann", "X", long - short, entry)
    for sign, (size, price) in told.items():
        bench.do(
            PlaceOrder(
                at=bench.now(),
                account="ann",
                symbol="X",
                side=Side.BUY if sign > 0 else Side.SELL,
                size=whole(size / contract.lot, "size"),
                price=whole(price / contract.tick, "price"),
            )
        )
    return bench.amount(bench.seen("ann").initial_margin)


def position_value(case: Case) -> dict[str, Fraction]:
    """What a position is worth at its entry and needs there; its end, too, where a rate is told."""
    return (order_margin if case.maybe(*RATES) is None else isolated_position)(case)


def initial(case: Case) -> dict[str, Fraction]:
    """Initial margin of an order at a leverage, or of a position at a rate."""
    by_rate = case.maybe(*INITIALS) is not None or case.maybe("leverage", "lever") is None
    return (maintenance_of_notional if by_rate else order_margin)(case)


def maintenance_of_notional(case: Case) -> dict[str, Fraction]:
    """Maintenance and initial margin of a position by its size or notional.

    At the vector's own rate and maintenance amount, or in its tiers; where it gives neither, in the
    rulebook's table of the symbol.
    """
    price = abs(case.number(*MARKS, "index", "index_price", *ENTRIES, default=0))
    size = case.maybe(*NOTIONALS)
    if size is None:
        told = case.maybe("position_btc", "position", "capital", *SIZES)
        told = Fraction(100) if told is None and case.maybe(*RATES, *MOST) else told
        size = size_of(case) * price if price else told
    if size is None:
        raise MissingInputError("neither notional nor size was given")
    # As many of a coin as there are, at a price of one where none is told, are worth themselves.
    price, size = price or Fraction(1), abs(size)
    rate, growth = case.maybe(*RATES, "rf"), case.number(*GROWTHS, default=0)
    most = case.maybe(*MOST)
    if rate is None and most is not None:
        rate = 1 / (2 * most)  # half the initial margin at the highest leverage
    initial = case.maybe(*INITIALS)
    if rate is not None and initial is not None:
        rows = tiers(rate, initial=initial)
    elif rate is not None:
        rows = tiers(rate + case.number("slippage", default=0), case.maybe(*CUMS) or Fraction(0))
    elif case.raw(*LADDERS, "floors") is not None:
        rows = given_tiers(case)
    elif initial is not None:
        rows = tiers(Fraction(0), initial=initial)
    else:
        rows, growth = _own_tiers(case, growth)
    rulebook = replace(rulebook_for(case), instrument_tiers={"X": rows})
    leverage = case.maybe("leverage") or Fraction(rows[-1].leverage_max)
    # Nothing is liquidated: the size of a clip is of no concern, but it has to fit the lots.
    rulebook = replace(
        rulebook,
        # A growth for each coin is, in money, one for each price of it.
        margin=replace(
            rulebook.margin, rate_growth=text(growth / price), tier_input=TierInput.NOTIONAL
        ),
        liquidation=replace(rulebook.liquidation, clip=text(size / price)),
    )
    contract = Contract(sizes=[size / price], tick=fine_tick(price))
    bench = Bench(plain_fees(rulebook, case), contract, amounts=[figure(row.floor) for row in rows])
    bench.account("ann", Fraction(int(size) + 1))
    bench.mark("X", price)
    bench.leverage("ann", "X", whole(leverage, "leverage"))
    bench.trade("ann", "X", size / price, price)
    found = bench.held("ann", "X")
    maintenance = bench.amount(found.maintenance_margin)
    margin = bench.amount(found.initial_margin)
    return {
        "maintenance": maintenance,
        "mm": maintenance,
        "maintenance_margin": maintenance,
        "initial": margin,
        "im": margin,
        "initial_margin": margin,
        "maintenance_margin_rate": maintenance / size,
        "maintenance_rate": maintenance / size,
        "initial_margin_rate": margin / size,
        "initial_rate": margin / size,
        "notional": bench.amount(found.notional),
        "value": bench.amount(found.notional),
    }


def _own_tiers(case: Case, growth: Fraction) -> tuple[tuple[Tier, ...], Fraction]:
    """The rulebook's table of the symbol; its one for all where its rates grow with size."""
    rulebook, symbol = rulebook_for(case), str(case.raw("symbol", "contract", "coin") or "")
    rows = rulebook.instrument_tiers.get(symbol, ())
    if not rows and figure(rulebook.margin.rate_growth):
        return rulebook.tiers, growth or figure(rulebook.margin.rate_growth)
    if not rows:
        raise MissingInputError("neither mmr nor tiers nor a symbol with a table was given")
    return rows, growth


def riskiest_side(case: Case) -> dict[str, Fraction]:
    """Margin of a position and its open orders, on the side where they could be largest.

    Vega counts open orders in maintenance margin.  Here it is initial margin that does, at the same
    rate: what it is called is another matter than how much it is.
    """
    mark, held = case.number("mark", "price"), case.number("open", "position", "size")
    buys, sells = case.number("buys", default=0), case.number("sells", default=0)
    rate = case.number("rf_long", "rf_short", "rf", "mmr") + case.number("slippage", default=0)
    rulebook = plain_fees(rulebook_for(case), case)
    table = {"X": tiers(Fraction(0), initial=rounded(rate))}
    rulebook = replace(rulebook, instrument_tiers=table)
    contract = Contract(sizes=[held, buys, sells], tick=fine_tick(mark))
    bench = Bench(rulebook, contract)
    bench.account("ann", Fraction(int(4 * mark * (abs(held) + buys + sells)) + 4))
    bench.mark("X", mark)
    bench.leverage("ann", "X", LEVERAGE_MAX)
    if held:
        bench.trade("ann", "X", held, mark)
    # The riskier side's orders are at the mark, the others a tick away from them.
    bid = whole(mark / contract.tick, "mark") - (sells - held > held + buys)
    for side, size, price in ((Side.BUY, buys, bid), (Side.SELL, sells, bid + 1)):
        if size:
            bench.do(
                PlaceOrder(
                    at=bench.now(),
                    account="ann",
                    symbol="X",
                    side=side,
                    size=whole(size / contract.lot, "size"),
                    price=price,
                )
            )
    found = bench.amount(bench.seen("ann").initial_margin)
    return {"maintenance": found, "mm": found}


def maintenance_rate(case: Case) -> Fraction:
    """A maintenance rate that is a share of the initial one, in parts per million."""
    row = Tier(
        floor="0",
        initial=text(case.number("initial_ppm") / PPM),
        maintenance_share=text(case.number("fraction_ppm") / PPM),
        leverage_max=LEVERAGE_MAX,
    )
    rulebook = replace(rulebook_for(case), instrument_tiers={"X": (row,)})
    bench = Bench(rulebook, Contract(sizes=[Fraction(1)]))
    return share(bench.venue.market_view("X").maintenance_rate) * PPM


def crowded_initial_rate(case: Case) -> Fraction:
    """The initial rate as open interest makes it, in whole parts per million."""
    base, interest = case.number("base_ppm") / PPM, case.number("oi", "open_interest")
    rulebook = rulebook_for(case)
    margin = replace(
        rulebook.margin,
        open_interest_lower=text(case.number("lower")),
        open_interest_upper=text(case.number("upper")),
    )
    table = {"X": tiers(Fraction(0), initial=base)}
    rulebook = replace(plain_fees(rulebook, case), margin=margin, instrument_tiers=table)
    contract = Contract(sizes=[interest or Fraction(1)], tick=Fraction(1))
    bench = Bench(rulebook, contract)
    bench.account("ann", interest + 1)
    bench.mark("X", Fraction(1))
    if interest:
        bench.trade("ann", "X", interest, Fraction(1))
    return Fraction(int(share(bench.venue.market_view("X").initial_rate) * PPM))


def gross_tier_size(case: Case) -> Fraction:
    """The size that tells the tier of a long and a short side by side in cross margin."""
    long = case.number("long", "long_contracts", "long_qty", "long_size")
    short = abs(case.number("short", "short_contracts", "short_qty", "short_size"))
    rulebook = plain_fees(rulebook_for(case), case)
    # A tier that only both together reach into shows whether they are added up.
    rows = (
        Tier(floor="0", maintenance="0", leverage_max=LEVERAGE_MAX),
        Tier(floor=text(max(long, short)), maintenance="0.5", leverage_max=LEVERAGE_MAX),
    )
    margin = replace(rulebook.margin, tier_input=TierInput.SIZE)
    rulebook = replace(rulebook, margin=margin, instrument_tiers={"X": rows})
    bench = Bench(rulebook, Contract(sizes=[long, short], tick=Fraction(1, 100)))
    bench.account("ann", 4 * (long + short))
    bench.hedge("ann")
    bench.mark("X", Fraction(1))
    bench.trade("ann", "X", long, Fraction(1), PositionSide.LONG)
    bench.trade("ann", "X", -short, Fraction(1), PositionSide.SHORT)
    above = bench.amount(bench.seen("ann").maintenance_margin) * 2
    return max(long, short) + above


def equity_of_positions(case: Case) -> dict[str, Fraction]:
    """Equity of a cross account with a long and a short, after both have moved."""
    deposit = case.number("deposit", "wallet", "cash")
    legs = {
        "btc": (case.number("btc_long_notional"), case.number("btc_move")),
        "eth": (-case.number("eth_short_notional"), case.number("eth_move")),
    }
    rulebook = plain_fees(rulebook_for(case), case)
    contracts = [Contract(name, sizes=[abs(notional)]) for name, (notional, _) in legs.items()]
    bench = Bench(rulebook, *contracts, amounts=[deposit])
    bench.account("ann", deposit)
    for name, (notional, _) in legs.items():
        bench.mark(name, Fraction(1))
        bench.trade("ann", name, notional, Fraction(1))
    for name, (_, move) in legs.items():
        bench.mark(name, 1 + move)
    found = {name: bench.amount(bench.held("ann", name).unrealised_pnl) for name in legs}
    return {**found, "equity": bench.amount(bench.seen("ann").equity)}


def equity_and_maintenance(case: Case) -> dict[str, Fraction]:
    """A position on a deposit: maintenance at its entry, PnL and equity at a price."""
    sold = case.maybe("short")
    size = case.number("long", "size") if sold is None else -abs(sold)
    entry = case.number("entry", default=1)
    deposit, price = case.number("deposit"), case.number("price", "mark")
    rulebook = plain_fees(rulebook_for(case), case)
    rulebook = replace(rulebook, instrument_tiers={"X": tiers(rounded(case.number("mmf", "mmr")))})
    bench = Bench(rulebook, Contract(sizes=[abs(size)]), amounts=[deposit])
    bench.account("ann", deposit)
    bench.mark("X", entry)
    bench.trade("ann", "X", size, entry)
    maintenance = bench.amount(bench.seen("ann", {"X": entry}).maintenance_margin)
    at = bench.seen("ann", {"X": price})
    return {
        "mmr_at_1": maintenance,
        "mmr": bench.amount(at.maintenance_margin),
        "pnl": bench.amount(at.positions[0].unrealised_pnl),
        "equity": bench.amount(at.equity),
    }
