"""What the tests of the core are worth: small faults are put into it, and each must be noticed.

    python -m tests.mutation                    all that decides about money
    python -m tests.mutation monitor terms      these files of the core
    python -m tests.mutation tiers tests/core   by these tests only, which begins sooner
    python -m tests.mutation --only survivors tiers     those that no test has killed yet

In process: a mutant is a file of the core with one place changed; its functions get the changed
code while those tests run that call them, and their own back afterwards.  The first test that
fails kills it.  Survivors are named, with the reason where nothing could notice them.

Who killed whom is noted in runs/mutants, and tried first the next time: a run that was broken
off, or is made again after a change, soon comes to where it was.
"""
# ruff: noqa: T201

import ast
import copy
import importlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType

os.environ["HYPOTHESIS_PROFILE"] = "mutation"
os.environ["PLIMSOLL_SEEDS"] = "2"

import pytest

CORE = Path(__file__).resolve().parent.parent / "exchange" / "core"
MODULES = (
    "margin", "scope", "lines", "liquidation", "selection", "steps", "insurance",
    "deleveraging", "ranking", "off_book", "socialise", "house", "reserves", "settlement", "tiers",
    "funding", "funding_rate",
)  # fmt: skip
"""Who is liquidated, what first, how much, at what price, against whom, and who pays."""
WANTED = (
    "not worth_telling and not reaches_most and not order_of_hashes"  # about the tests themselves
    " and not (rulebook_invariants and not many_more)"  # one of them asks for all
)
TESTS = ("tests/core", "tests/properties/test_margin.py", "tests/properties/test_venue.py",
         "tests/properties/test_monitor.py", "tests/properties/test_rulebook_invariants.py",
         "tests/vectors")  # fmt: skip
SECONDS_MAX = 2
"""A test that takes so much longer than a few times its own time hangs: that is noticed too."""

KILLERS = Path("runs/mutants")
"""A file for each module: by name of a mutant, the test that killed it last."""

SECONDS_FOR_ONE = int(os.environ.get("PLIMSOLL_MUTATION_SECONDS", "8"))
"""So much processor time is spent on a mutant, the quickest tests first; it is a survivor then."""

NUMBERED = "numbers of entries are only told apart"
OPEN = "no open position has a size of zero"
NOTHING = "nothing is paid, and nothing told, where nothing is owed"
TRADED = "no trade is of zero lots"
QUICKER = "the same found in less time"
CLOSER = "a closer look finds nothing to do"
COMPILED = "only compiled numbers have 64 bits, and mutants run as plain Python"
EQUALS = "equal edges are in no order"
OWED = "nobody owes an asset that no contract settles in"
DEALT = "who owes an asset has traded a contract that settles in it"
LIGHT = "what weighs a cent, or nothing, can be lost whole"
LOOKED = "the account is being looked at already, or again at the end"
FLAT = "of a flat position both ways come to the same"
SEARCH = "another way to the same number"
EQUIVALENT: dict[str, str] = {
    "house.house_position: market.insurance != position.pool.wallet and (not position.isolated)"
    "  ->  market.insurance != position.pool.wallet": "what is isolated is only isolated again",
    "house.work_off: position.size < 0  ->  position.size <= 0": OPEN,
    "house.work_off: 0  ->  1": OPEN,
    "ranking.Ranking.__init__: self.seen = 0  ->  nothing": "it is set before it is read",
    "ranking.Ranking.__init__: 0  ->  1": NUMBERED,
    "ranking.Ranking.put: 1  ->  2": NUMBERED,
    "reserves.Reserves.spendable: self.drawdown == RATE_ONE  ->  False": "a fund that may lose all"
    " keeps nothing, by the other way too",
    "steps.through_book: position.size < 0  ->  position.size <= 0": OPEN,
    "steps.through_book: 0  ->  1": OPEN,
    "steps.worst_price: position.size < 0  ->  position.size <= 0": OPEN,
    "steps.worst_price: 0  ->  1": OPEN,
    "margin.maintenance_margin: 0 if position.opposite is None else beside(position, mark)"
    "  ->  beside(position, mark)": QUICKER,
    "margin.Sides.__init__: 0  ->  1  (2)": "without lots, their cost is not asked for",
    "margin.Sides.maintenance: not self.other_size  ->  False": QUICKER,
    "margin.opening_value: open_lots <= closing_lots  ->  open_lots < closing_lots": QUICKER,
    "margin.opening_value: closing_lots == 0  ->  False": QUICKER,
    "margin.exposure: position.size > 0  ->  position.size >= 0": FLAT,
    "margin.exposed_lots: position.size > 0  ->  position.size >= 0": FLAT,
    "margin.CrossMargin.__init__: 0  ->  1  (3)": CLOSER,
    "margin.CrossMargin.__init__: position.isolated or not position.size"
    "  ->  position.isolated": QUICKER,
    "margin.CrossMargin.__init__: not pool.is_house  ->  True": "the venue's own positions are"
    " looked at more often, and nothing is found",
    "margin.CrossMargin.__init__: 0 if position.opposite is None else beside(position, mark)"
    "  ->  beside(position, mark)": QUICKER,
    "margin.bankruptcy_price: worth > 0  ->  worth >= 0": "nothing has no fee",
    "margin.fillable_price: 0  ->  1": "a part of a rate's square is less than a unit",
    "margin.fillable_price: 1  ->  2": "where no margin is needed, nothing is divided",
    "margin.liquidation_price: sum((leg.size for leg in legs)) > 0"
    "  ->  sum((leg.size for leg in legs)) >= 0": "an even hedge fails on one side at most",
    "margin.last_failing: abs(span) // (left - lacking)"
    "  ->  -(-abs(span) // (left - lacking))": SEARCH,
    "margin.last_failing: span * lacking // (lacking - left)"
    "  ->  -(-(span * lacking) // (lacking - left))": SEARCH,
    "margin.last_failing: span // 2  ->  -(-span // 2)": SEARCH,
    "selection.lots_below: 1  ->  2": "of a cost of one, nothing is below",
    "selection.just_enough: (low + high) // 2  ->  -(-(low + high) // 2)": SEARCH,
    "selection.peak: high - low > FEW  ->  high - low >= FEW": SEARCH,
    "selection.peak: (high - low) // 3  ->  -(-(high - low) // 3)": SEARCH,
    "selection.peak: 3  ->  4": SEARCH,
    "monitor.Monitor.watch: position.size > 0  ->  position.size >= 0": OPEN,
    "monitor.Monitor.watch_isolated: position.size > 0  ->  position.size >= 0": OPEN,
    "monitor.Monitor.watch: slack if value == margin.value else slack * value // margin.value"
    "  ->  slack * value // margin.value": QUICKER,
    "insurance.cover: market is not None  ->  True": OWED,
    "insurance._cover_debts: market is not None  ->  True": OWED,
    "insurance._cover: scope.is_unified  ->  False": LOOKED,
    "insurance.make_good: -stake.left_of(closed) if closed else 0"
    "  ->  -stake.left_of(closed)": "closing nothing has cost nothing",
    "insurance._first_market_in: held is not None  ->  True": DEALT,
    "insurance._first_market_in: m.instrument.settle == pool.asset"
    "  ->  m.instrument.settle != pool.asset": DEALT,
    "insurance._first_market_in: others[0] if others else None  ->  others[0]": DEALT,
    "insurance._first_market_in: others[0] if others else None  ->  None": DEALT,
    "insurance._first_market_in: 0  ->  1": DEALT,
    "guarding.Sway.of: not self.rate  ->  False": QUICKER,
    "guarding.bounds_of: 1  ->  2": LIGHT,
    "guarding._keep: size > 0  ->  size >= 0": OPEN,
    "guarding._set_positions: position.size > 0  ->  position.size >= 0": OPEN,
    "guarding.bounds_of: 1  ->  2  (2)": LIGHT,
    "guarding.Sway.__init__: grid is not None  ->  True": "what is in a portfolio has a grid",
    "insurance._cover: state.touch(scope.pool)  ->  nothing": LOOKED,
    "average.TimeAverage.__init__: 0  ->  1  (2)": "it is set before it is read",
    "units.cut_div: numerator > 0  ->  numerator >= 0": "of nothing, both are nothing",
    "units.times: -WIDE < wide < WIDE and -NARROW < narrow < NARROW  ->  False": QUICKER,
    "units.times: -NARROW < (long >> 31) * short < NARROW  ->  False": QUICKER,
    "units.times: -WIDE < wide < WIDE and -NARROW < narrow < NARROW  ->  True": COMPILED,
    "units.times: -WIDE < wide < WIDE and -NARROW < narrow < NARROW"
    "  ->  -WIDE < wide < WIDE or -NARROW < narrow < NARROW": COMPILED,
    "units.times: -WIDE < wide < WIDE and -NARROW < narrow < NARROW"
    "  ->  -WIDE < wide < WIDE": COMPILED,
    "units.times: -WIDE < wide < WIDE and -NARROW < narrow < NARROW"
    "  ->  -NARROW < narrow < NARROW": COMPILED,
    "units.times: -NARROW < (long >> 31) * short < NARROW  ->  True": COMPILED,
    "units.times: 31  ->  32": COMPILED,
    "units.times: -WIDE  ->  WIDE": QUICKER,
    "units.times: -NARROW  ->  NARROW": QUICKER,
    "units.times: -NARROW  ->  NARROW  (2)": QUICKER,
    "units.share: -WIDE < amount < WIDE and -NARROW < rate < NARROW  ->  False": QUICKER,
    "units.share: -NARROW < (long >> 31) * short < NARROW  ->  False": QUICKER,
    "units.share: -WIDE < amount < WIDE and -NARROW < rate < NARROW  ->  True": COMPILED,
    "units.share: -WIDE < amount < WIDE and -NARROW < rate < NARROW"
    "  ->  -WIDE < amount < WIDE or -NARROW < rate < NARROW": COMPILED,
    "units.share: -WIDE < amount < WIDE and -NARROW < rate < NARROW"
    "  ->  -WIDE < amount < WIDE": COMPILED,
    "units.share: -WIDE < amount < WIDE and -NARROW < rate < NARROW"
    "  ->  -NARROW < rate < NARROW": COMPILED,
    "units.share: -NARROW < (long >> 31) * short < NARROW  ->  True": COMPILED,
    "units.share: 31  ->  32": COMPILED,
    "units.share: -WIDE  ->  WIDE": QUICKER,
    "units.share: -NARROW  ->  NARROW": QUICKER,
    "units.share: -NARROW  ->  NARROW  (2)": QUICKER,
    "units.fee_of: notional < WIDE  ->  False": QUICKER,
    "units.fee_of: notional < WIDE  ->  True": COMPILED,
    "units.fee_of: notional < WIDE  ->  notional <= WIDE": COMPILED,
    "units.fee_of: notional < WIDE  ->  notional >= WIDE": COMPILED,
    "units.fee_of: -NARROW < (long >> 31) * rate < NARROW  ->  False": QUICKER,
    "units.fee_of: -NARROW < (long >> 31) * rate < NARROW  ->  True": COMPILED,
    "units.fee_of: -NARROW  ->  NARROW": QUICKER,
    "units.fee_of: 31  ->  32": COMPILED,
    "units.part: -WIDE < amount < WIDE and -NARROW < lots < NARROW  ->  False": QUICKER,
    "units.part: -WIDE < amount < WIDE and -NARROW < lots < NARROW  ->  True": COMPILED,
    "units.part: -WIDE < amount < WIDE and -NARROW < lots < NARROW"
    "  ->  -WIDE < amount < WIDE or -NARROW < lots < NARROW": COMPILED,
    "units.part: -WIDE < amount < WIDE and -NARROW < lots < NARROW"
    "  ->  -WIDE < amount < WIDE": COMPILED,
    "units.part: -WIDE < amount < WIDE and -NARROW < lots < NARROW"
    "  ->  -NARROW < lots < NARROW": COMPILED,
    "units.part: -WIDE  ->  WIDE": QUICKER,
    "units.part: -NARROW  ->  NARROW": QUICKER,
    "units.part: -NARROW < (long >> 31) * lots < NARROW  ->  False": QUICKER,
    "units.part: -NARROW < (long >> 31) * lots < NARROW  ->  True": COMPILED,
    "units.part: -NARROW  ->  NARROW  (2)": QUICKER,
    "units.part: 31  ->  32": COMPILED,
    "units.magnitude: number >= 0  ->  number > 0": "nothing has no sign",
    "units.magnitude: 0  ->  1": "nothing has no sign",
    "units.moment: since // timedelta(microseconds=1)"
    "  ->  -(-since // timedelta(microseconds=1))": "a moment is of whole microseconds",
    "edges.Watched.__init__: self.row = 0  ->  nothing": "it is set before it is read",
    "edges.Watched.__init__: 0  ->  1": "it is set before it is read",
    "edges.Edges.put: thing.edges is not self  ->  True": QUICKER,
    "edges.Edges.put: self.sign > 0  ->  self.sign >= 0": "a sign is 1 or -1",
    "edges.Edges.remove: last != row  ->  True": "the last is put where it was",
    "edges.Edges._take_row: 0  ->  1": "it is set before it is read",
    "edges.Edges._take_row: 0  ->  1  (2)": "it is set before it is read",
    "edges.Edges._settle: at > 0 and heap[2 * ((at - 1) // FAN)] < key  ->  at > 0": QUICKER,
    "edges.Edges._settle: heap[2 * ((at - 1) // FAN)] < key"
    "  ->  heap[2 * ((at - 1) // FAN)] <= key": EQUALS,
    "edges.Edges._settle: heap[2 * child] > key  ->  heap[2 * child] >= key": EQUALS,
    "edges.Edges._highest_below: heap[2 * child] > heap[2 * highest]"
    "  ->  heap[2 * child] >= heap[2 * highest]": EQUALS,
    "tiers.Tiers.__init__: self.growth > 0  ->  self.growth >= 0": QUICKER,
    "tiers.Tiers.initial: not self._has_initial  ->  False": QUICKER,
    "tiers.Tiers._compare_amounts: True  ->  False": "there is an amount for every row",
    "tiers.Tiers._margin: self.growth  ->  True": "a growth of zero adds nothing, by the other way",
    "insurance._cover: debt <= 0  ->  debt < 0": NOTHING,
    "insurance._cover: debt > paid  ->  debt >= paid": NOTHING,
    "insurance._cover: scope.is_unified  ->  True": CLOSER,
    "insurance._cover: debt > paid and (not scope.positions())  ->  not scope.positions()": NOTHING,
    "insurance._cover: 0 if scope.pool.is_house else min(debt, spendable(state, market))"
    "  ->  min(debt, spendable(state, market))": "a fund that is its own debtor has nothing to pay",
    "deleveraging.profit_and_leverage: pnl > 0  ->  pnl >= 0": "nothing, either way",
    "deleveraging.price_gain_and_leverage: position.size > 0  ->  position.size >= 0": OPEN,
    "deleveraging.ranking: made is None  ->  True": QUICKER,
    "deleveraging.ranking: made.seen = len(rankings.changes)  ->  nothing": QUICKER,
    "deleveraging.ranking: position.size > 0  ->  position.size >= 0": OPEN,
    "deleveraging.queue: p.size > 0  ->  p.size >= 0": OPEN,
    "deleveraging.price_for: position.size > 0  ->  position.size >= 0": OPEN,
    "deleveraging.deleverage: bankrupt.size < 0  ->  bankrupt.size <= 0": OPEN,
    "deleveraging.deleverage: 0  ->  1": OPEN,
    "settlement._move_bucket: lots > 0  ->  lots >= 0": TRADED,
    "settlement._move_bucket: held > 0  ->  held >= 0": "of nothing held, nothing is closed",
    "settlement._move_bucket: opening  ->  True": "what nothing needs is not taken",
    "settlement._spare: state.margin(pool) if pool.is_unified else state.cross(pool)"
    "  ->  state.margin(pool)": QUICKER,
    "settlement.settle: value >= 0  ->  value > 0": "nothing has no sign",
    "settlement.settle: 0  ->  1  (2)": "nothing has no sign",
    "settlement.settle: lots > 0  ->  lots >= 0": TRADED,
    "settlement.settle: lots > 0  ->  lots >= 0  (2)": TRADED,
    "settlement.settle: held == 0 or after == 0 or market.instrument.crowded_to  ->  True": QUICKER,
    "settlement.fee_asset: lots > 0  ->  lots >= 0": TRADED,
    "settlement._settle_spot: lots > 0  ->  lots >= 0": TRADED,
    "settlement._settle_spot: lots > 0  ->  lots >= 0  (2)": TRADED,
    "unwinding.chosen: scope.out_of if scope.is_unified else None  ->  scope.out_of": "an account"
    " of one asset counts in that asset already",
    "unwinding.chosen: 3  ->  4": "no two positions have the same symbol and side",
    "unwinding.freeing: 1  ->  2": "leverage is nothing to a portfolio's maintenance margin",
    "unwinding.freeing: position.size > 0  ->  position.size >= 0": OPEN,
    "unwinding._enough: (low + high) // 2  ->  -(-(low + high) // 2)": "the same number is found by"
    " other steps",
    "repaying._balances: 0  ->  1": "seen and present balances are only told apart",
    "repaying._repay: True  ->  False": "there is a value for every source",
    "repaying._repay: 1  ->  2": "what is worth one unit repays one, either way",
    "repaying._exchange: amount > have  ->  amount >= have": "just all of it fetches just what is"
    " wanted",
    "liquidation.look_at_endangered: pool.is_unified or not rests(state, pool, margin)"
    "  ->  True": CLOSER,
    "liquidation.rests: pool.is_house or pool.distress.failing  ->  True": CLOSER,
    "liquidation.rests: margin.value  ->  True": CLOSER,
    "liquidation.rests: margin.wallet >= 0  ->  margin.wallet > 0": CLOSER,
    "liquidation.rests: 0  ->  1": CLOSER,
    "liquidation._rests_alone: position.distress.failing  ->  True": CLOSER,
    "liquidation.look_apart: not rests(state, pool, margin)  ->  True": CLOSER,
    "liquidation.most_endangered_first.place: 0  ->  1": "the same for all that are safe",
}
"""Mutants that change nothing anybody could see, by their name, and why."""


# ------------------------------------------------------------------------------- mutants


class Mutant:
    """One file with one place changed."""

    def __init__(self, module: str, where: str, line: int, change: str, tree: ast.Module) -> None:
        self.module = module
        self.where = where
        self.line = line
        self.name = f"{module}.{where}: {change}"
        self.tree = tree


COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.FloorDiv: (ast.Mult,),
}
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}


def changes(node: ast.AST) -> Iterator[ast.AST | None]:  # noqa: C901, PLR0912 (a table of cases)
    """What might stand in a node's place; None: nothing, of a statement."""
    match node:
        case ast.Compare(ops=[op], left=left, comparators=right):
            for other in COMPARISONS[type(op)]:
                yield ast.Compare(left=left, ops=[other()], comparators=right)
        case ast.BinOp(left=left, op=op, right=right):
            for kind in OPERATORS.get(type(op), ()):
                yield ast.BinOp(left=left, op=kind(), right=right)
            if isinstance(op, ast.FloorDiv):
                yield ceiling(left, right)
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(op=ast.Or() if isinstance(op, ast.And) else ast.And(), values=values)
            yield from values
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield body
            yield orelse
        case ast.Call(func=ast.Name(id="ceil_div"), args=[top, bottom]):
            yield ast.BinOp(left=top, op=ast.FloorDiv(), right=bottom)
        case ast.Call(func=ast.Name(id=name), args=args) if name in CALLS:
            yield ast.Call(func=ast.Name(id=CALLS[name], ctx=ast.Load()), args=args, keywords=[])
        case ast.Constant(value=bool(value)):
            yield ast.Constant(value=not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value=value + 1)
        case ast.If(body=body, orelse=orelse):
            yield ast.If(test=ast.Constant(value=False), body=body, orelse=orelse)
            yield ast.If(test=ast.Constant(value=True), body=body, orelse=orelse)
        case ast.Expr(value=ast.Call()) | ast.AugAssign() | ast.Break() | ast.Continue():
            yield None
        case ast.Return(value=None):
            yield None
        case ast.Assign(targets=[ast.Attribute()]):
            yield None


def ceiling(top: ast.expr, bottom: ast.expr) -> ast.expr:
    """The quotient rounded up."""
    negative = ast.UnaryOp(op=ast.USub(), operand=top)
    return ast.UnaryOp(
        op=ast.USub(), operand=ast.BinOp(left=negative, op=ast.FloorDiv(), right=bottom)
    )


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a file of the core."""
    source = (CORE / f"{module}.py").read_text()
    tree = ast.parse(source)
    seen: Counter[str] = Counter()
    for number, (node, where) in enumerate(places(tree)):
        for change in changes(node):
            mutated = copy.deepcopy(tree)
            original = next(n for i, (n, _) in enumerate(places(mutated)) if i == number)
            put(mutated, original, copy.deepcopy(change))
            text = told(node, change)
            seen[f"{where}: {text}"] += 1
            if (nth := seen[f"{where}: {text}"]) > 1:
                text += f"  ({nth})"
            yield Mutant(module, where, getattr(node, "lineno", 0), text, mutated)


def told(node: ast.AST, change: ast.AST | None) -> str:
    """A change as text, on one line."""
    before = " ".join(ast.unparse(_head(node)).split())
    after = "nothing" if change is None else " ".join(ast.unparse(_head(change)).split())
    return f"{before}  ->  {after}"


def _head(node: ast.AST) -> ast.AST:
    """Of an `if`, only its condition."""
    return node.test if isinstance(node, ast.If) else node


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every node inside a function or lambda, and the function's name; assertions are left out."""
    stack: list[tuple[ast.AST, str, bool]] = [(tree, "", False)]
    while stack:
        node, where, inside = stack.pop()
        if isinstance(node, ast.Assert | ast.arguments | ast.JoinedStr):
            continue
        if inside:
            yield node, where
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            where = f"{where}.{node.name}" if where else node.name
            inside = inside or isinstance(node, ast.FunctionDef)
        elif isinstance(node, ast.Lambda):
            inside = True
        apart = (*node.decorator_list, node.returns) if isinstance(node, ast.FunctionDef) else ()
        children = [child for child in ast.iter_child_nodes(node) if child not in apart]
        stack += [(child, where, inside) for child in reversed(children)]


def never(statement: ast.AST) -> ast.AST:
    """A statement where it is never come to: a method that has lost its `super` cannot be put in
    the place of one that has it.
    """
    assert isinstance(statement, ast.stmt)
    body = [copy.deepcopy(statement)]
    return ast.If(test=ast.Constant(value=False), body=body, orelse=[])


def put(tree: ast.Module, old: ast.AST, new: ast.AST | None) -> None:
    """Put a node in another's place."""
    placed = new or never(old)
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, placed)
            elif isinstance(value, list) and any(item is old for item in value):
                value[next(i for i, item in enumerate(value) if item is old)] = placed
    ast.copy_location(placed, old)
    for node in ast.walk(placed):
        if "lineno" in node._attributes and not hasattr(node, "lineno"):
            ast.copy_location(node, old)
    ast.fix_missing_locations(tree)


# ------------------------------------------------------------------------- code in place


def functions(module: ModuleType) -> dict[tuple[str, int], FunctionType]:
    """The functions, methods and lambdas that a module defines, by name and line."""
    found: dict[tuple[str, int], FunctionType] = {}
    stack: list[object] = list(vars(module).values())
    while stack:
        item = stack.pop()
        if isinstance(item, property):
            stack.append(item.fget)
        elif isinstance(item, dict):
            stack += item.values()
        elif isinstance(item, type) and item.__module__ == module.__name__:
            stack += vars(item).values()
        elif isinstance(item, FunctionType) and item.__module__ == module.__name__:
            found[item.__qualname__, item.__code__.co_firstlineno] = item
    return found


def codes(code: CodeType) -> Iterator[CodeType]:
    """The code of every function in a module's."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from codes(constant)


class Swapped:
    """A module with a mutant's code in its functions, for as long as it is held."""

    def __init__(self, mutant: Mutant) -> None:
        module = importlib.import_module(f"exchange.core.{mutant.module}")
        compiled = compile(mutant.tree, str(module.__file__), "exec", dont_inherit=True)
        live = functions(module)
        self.changed = [
            (live[key], code)
            for code in codes(compiled)
            if (key := (code.co_qualname, code.co_firstlineno)) in live
        ]
        self.original = [function.__code__ for function, _ in self.changed]

    def __enter__(self) -> None:
        for function, code in self.changed:
            function.__code__ = code

    def __exit__(self, *_: object) -> None:
        for (function, _), code in zip(self.changed, self.original, strict=True):
            function.__code__ = code


# --------------------------------------------------------------------------------- tests


class Hunt:
    """Runs inside pytest: collects once, then runs the tests against one mutant after another."""

    def __init__(self, modules: tuple[str, ...], *, only_survivors: bool = False) -> None:
        self.modules = modules
        self.only_survivors = only_survivors
        """Of the last run; those that nobody could notice are not hunted again."""
        self.failed = ""
        self.until = 0.0
        self.has_limit = False
        """Not as long as tests are only watched, which takes its time."""
        self.took: dict[pytest.Item, float] = {}
        """Processor time of each test, in seconds."""
        self.called: dict[pytest.Item, set[str]] = {}
        """The functions that each test calls, as "module.function"."""
        self.survivors: list[Mutant] = []
        self.killed = 0

    def pytest_configure(self, config: pytest.Config) -> None:
        """Failures are told without their source: it is parsed for that, and the alarm may hit."""
        config.option.tbstyle = "native"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of pytest's own loop."""
        signal.signal(signal.SIGPROF, _hangs)
        items = list(session.items)
        self.took = {item: self.watched(item) for item in items}
        print(f"{len(items)} tests, {sum(self.took.values()):.0f} s for all", flush=True)
        items.sort(key=lambda item: self.took[item])
        self.has_limit = True
        for module in self.modules:
            before = self.killed, len(self.survivors)
            self.hunt(module, items)
            killed, left = self.killed - before[0], len(self.survivors) - before[1]
            print(f"{module}: {killed} of {killed + left} killed", flush=True)
        return True

    def watched(self, item: pytest.Item) -> float:
        """Run a test without a mutant, and note what it calls; returns the seconds it took."""
        calls: set[str] = set()
        files = {str(CORE / f"{module}.py"): module for module in self.modules}

        def note(frame: FrameType, event: str, _: object) -> None:
            module = files.get(frame.f_code.co_filename)
            if event == "call" and module is not None:
                calls.add(f"{module}.{frame.f_code.co_qualname}".replace("<locals>.", ""))

        began = time.process_time()
        sys.setprofile(note)
        failure = self.first_failure([item])
        sys.setprofile(None)
        if failure:
            pytest.exit(f"{self.failed} fails without a mutant")
        self.called[item] = calls
        return time.process_time() - began

    def hunt(self, module: str, items: list[pytest.Item]) -> None:
        """Every mutant of one file.  Who killed it before goes first, then who killed others."""
        note = KILLERS / f"{module}.json"
        note.parent.mkdir(parents=True, exist_ok=True)
        killers: dict[str, str] = json.loads(note.read_text()) if note.exists() else {}
        for mutant in mutants(module):
            before = killers.get(mutant.name)
            if self.only_survivors and (before or mutant.name in EQUIVALENT):
                continue
            name = f"{module}.{mutant.where}"
            concerned = [item for item in items if not mutant.where or name in self.called[item]]
            concerned.sort(key=lambda item: item.nodeid != before)
            self.until = time.process_time() + SECONDS_FOR_ONE
            with Swapped(mutant):
                killer = self.first_failure(concerned)
            if killer is None:
                killers.pop(mutant.name, None)
                self.survivors.append(mutant)
                print(f"survived  {mutant.name}  (line {mutant.line})", flush=True)
            else:
                self.killed += 1
                killers[mutant.name] = killer.nodeid
                items.remove(killer)
                items.insert(0, killer)
            note.write_text(json.dumps(killers, indent=1))

    def first_failure(self, items: list[pytest.Item]) -> pytest.Item | None:
        """The first test that fails."""
        self.failed = ""
        for item in items:
            if self.has_limit and time.process_time() > self.until:
                return None
            if self.has_limit:
                # Of the processor, which others may keep busy; again, for whoever tries again.
                signal.setitimer(signal.ITIMER_PROF, SECONDS_MAX + 5 * self.took[item], 1)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            signal.setitimer(signal.ITIMER_PROF, 0)
            if self.failed:
                return item
        return None

    def report(self) -> str:
        """The score, and who survived."""
        known = [mutant for mutant in self.survivors if mutant.name in EQUIVALENT]
        total = max(1, self.killed + len(self.survivors) - len(known))
        lines = [f"{self.killed} of {total} mutants killed: {100 * self.killed / total:.1f} %"]
        lines += [f"  not noticeable: {m.name}: {EQUIVALENT[m.name]}" for m in known]
        lines += [f"  survived: {m.name}" for m in self.survivors if m.name not in EQUIVALENT]
        return "\n".join(lines)


def _hangs(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    raise TimeoutError("a test took far longer than without a mutant")


def main() -> None:
    """Hunt the mutants of the files named, or of those that decide about money."""
    words = sys.argv[1:]
    only_survivors = words[:2] == ["--only", "survivors"]
    names = words[2:] if only_survivors else words
    tests = [name for name in names if "/" in name] or TESTS
    modules = tuple(name for name in names if "/" not in name) or MODULES
    hunt = Hunt(modules, only_survivors=only_survivors)
    options = [
        "-o",
        "addopts=--import-mode=importlib",
        "-p",
        "no:terminal",
        "-p",
        "no:cacheprovider",
    ]
    pytest.main([*options, "-k", WANTED, *tests], plugins=[hunt])
    print(hunt.report())


if __name__ == "__main__":
    main()
