"""The code itself: who imports whom, what the core may not know, what nobody may leave behind."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from exchange.core import messages, rules
from exchange.core.messages import AnyCommand, AnyEvent, Command, Event

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("exchange", "feeds", "strategies", "tools")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
DATA = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*")
    if path.suffix in {".toml", ".sh", ".json", ".html", ".js", ".css"}
)
CORE = sorted((ROOT / "exchange" / "core").glob("*.py"))

MAY_IMPORT = {
    "exchange": {"exchange"},
    "feeds": {"exchange", "feeds"},
    "strategies": {"exchange", "strategies"},
    "tools": set(PACKAGES),
}
"""Arrows point inwards: tools -> strategies, feeds -> exchange."""

CORE_MAY_IMPORT = {
    "bisect", "collections", "enum", "fractions", "hashlib", "heapq", "typing",  # of Python
    "datetime",  # reads dates; what reads the clock is forbidden below
    "librt", "msgspec", "mypy_extensions", "sortedcontainers",
}  # fmt: skip

OUTSIDE_WORLD = {
    "open", "input", "print", "exec", "eval", "id", "hash",  # IO, and what differs between runs
}  # fmt: skip

READERS = {"__init__", "on_grid"}
"""Functions that turn decimal text into whole numbers."""

VENUE_NAMES = re.compile(
    r"binance|bybit|okx|bitmex|deribit|hyperliquid|dydx|kraken|coinbase|huobi|kucoin|bitfinex",
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(r"/(work|home|root|tmp|Users|mnt)/|[A-Z]:\\\\")
LEFT_BEHIND = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


each_source = pytest.mark.parametrize("path", SOURCES, ids=named)
each_core_file = pytest.mark.parametrize("path", CORE, ids=named)
each_file = pytest.mark.parametrize("path", SOURCES + DATA, ids=named)
each_python_file = pytest.mark.parametrize("path", SOURCES + TESTS, ids=named)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every import, inside functions too."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: a relative import"
            yield node.lineno, node.module or ""


def leaves(base: type) -> list[type]:
    """The classes below `base` that have none below themselves."""
    below = base.__subclasses__()
    return [leaf for kind in below for leaf in leaves(kind)] if below else [base]


# ------------------------------------------------------------------- who imports whom


@each_source
def test_arrows_point_inwards(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    outward = {*PACKAGES, "tests"} - MAY_IMPORT[package]

    for line, module in imports(path):
        assert module.split(".")[0] not in outward, f"{named(path)}:{line} imports {module}"


@each_core_file
def test_the_core_stands_alone(path: Path) -> None:
    """Without the shell around it, and without clock, chance, files and network."""
    for line, module in imports(path):
        inside = module == "exchange.core" or module.startswith("exchange.core.")
        allowed = inside or module.split(".")[0] in CORE_MAY_IMPORT
        assert allowed, f"{named(path)}:{line} imports {module}"


# ------------------------------------------------------------------------- the pure core


@each_core_file
def test_the_core_has_no_floats(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        where = f"{named(path)}:{getattr(node, 'lineno', 0)}"
        match node:
            case ast.Constant(value=float()):
                pytest.fail(f"{where}: a float literal")
            case ast.Name(id="float"):
                pytest.fail(f"{where}: a float")


@each_core_file
def test_only_what_is_read_from_text_is_divided(path: Path) -> None:
    """Grids are read as fractions, for which `/` is exact.  All else takes // or ceil_div."""
    tree = tree_of(path)
    readers = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in READERS]
    read = {id(node) for reader in readers for node in ast.walk(reader)}
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            assert id(node) in read, f"{named(path)}:{node.lineno}: {ast.unparse(node)}"


@each_core_file
def test_the_core_has_no_clock(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"today", "utcnow", "fromtimestamp"}, (
                f"{named(path)}:{node.lineno}"
            )
            asks = (
                node.attr == "now"
                and isinstance(node.value, ast.Name)
                and node.value.id == "datetime"
            )
            assert not asks, f"{named(path)}:{node.lineno} asks for the time"


@each_core_file
def test_the_core_does_not_touch_the_world(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            where = f"{named(path)}:{node.lineno}"
            assert node.func.id not in OUTSIDE_WORLD, f"{where} calls {node.func.id}()"


@each_core_file
def test_the_core_never_iterates_a_set(path: Path) -> None:
    """The order of a set of strings differs from run to run."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.For | ast.comprehension):
            called = isinstance(node.iter, ast.Call) and ast.unparse(node.iter.func)
            is_set = isinstance(node.iter, ast.Set | ast.SetComp) or called in {"set", "frozenset"}
            assert not is_set, f"{named(path)}: iterates {ast.unparse(node.iter)}"


@each_core_file
def test_the_core_knows_no_venue(path: Path) -> None:
    """Rules are data: a source may be cited in a docstring or comment, never named in code."""
    tree = tree_of(path)
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if id(node) in prose:
            continue
        text = " ".join(
            value
            for field in ("id", "attr", "arg", "name", "value")
            if isinstance(value := getattr(node, field, None), str)
        )
        assert not VENUE_NAMES.search(text), f"{named(path)}:{node.lineno} names a venue: {text}"


# ------------------------------------------------------------------------------ messages


def test_every_command_and_event_is_in_its_union() -> None:
    """What is not in the union can be sent and not be read back."""
    assert set(leaves(Command)) == set(get_args(AnyCommand))
    assert set(leaves(Event)) == set(get_args(AnyEvent))


@pytest.mark.parametrize("kind", leaves(Command) + leaves(Event), ids=lambda kind: kind.__name__)
def test_every_message_is_frozen_tagged_and_strict(kind: type[msgspec.Struct]) -> None:
    """The compiler drops these three without a word where it gets hold of a Struct."""
    config = kind.__struct_config__

    assert (config.frozen, config.tag, config.forbid_unknown_fields) == (True, kind.__name__, True)


def test_every_record_is_frozen() -> None:
    for module in (messages, rules):
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                assert kind.__struct_config__.frozen, f"{name} can be changed"


# ---------------------------------------------------------------------------- everywhere


@each_python_file
def test_every_module_says_what_it_is_about(path: Path) -> None:
    docstring = ast.get_docstring(tree_of(path))
    if path.name != "__init__.py" or path.read_text().strip():
        assert docstring, f"{named(path)} has no docstring"


@each_file
def test_nothing_knows_the_machine_it_was_written_on(path: Path) -> None:
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        found = MACHINE_PATHS.search(line) or re.search(r"\bshared/", line)
        assert not found, f"{named(path)}:{number} names a path: {line.strip()}"


@pytest.mark.parametrize("path", SOURCES + TESTS + DATA, ids=named)
def test_nothing_is_left_for_later(path: Path) -> None:
    if path == Path(__file__):
        return
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        assert not LEFT_BEHIND.search(line), f"{named(path)}:{number}: {line.strip()}"
