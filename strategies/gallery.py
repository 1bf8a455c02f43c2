"""Strategies by name: those that come with the project, and anyone's own from a file."""

import importlib.util
import sys
from pathlib import Path

from strategies.base import Strategy
from strategies.hedged_holder import HedgedHolder
from strategies.market_maker import MarketMaker
from strategies.trend_follower import TrendFollower

GALLERY: dict[str, type[Strategy]] = {
    "market_maker": MarketMaker,
    "trend_follower": TrendFollower,
    "hedged_holder": HedgedHolder,
}


class StrategyError(ValueError):
    """A strategy that cannot be found or loaded."""


def load(name: str, folder: Path | None = None) -> type[Strategy]:
    """A strategy's class: a gallery name, or "path/to/file.py:ClassName" (from `folder`).

    Raises StrategyError, saying what was found and expected.
    """
    if name in GALLERY:
        return GALLERY[name]
    file, colon, class_name = name.rpartition(":")
    if not colon or not file.endswith(".py"):
        known = ", ".join(GALLERY)
        raise StrategyError(
            f"strategy was {name!r}, expected one of {known}, or path/to/file.py:ClassName"
        )
    path = (folder or Path()) / file
    if not path.is_file():
        raise StrategyError(f"{path}: no such strategy file")
    return _from_file(path.resolve(), class_name)


def _from_file(path: Path, class_name: str) -> type[Strategy]:
    spec = importlib.util.spec_from_file_location(f"plimsoll_strategy_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise StrategyError(f"{path}: {type(error).__name__}: {error}") from error
    found = getattr(module, class_name, None)
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        raise StrategyError(f"{path}: has no class {class_name} that is a Strategy")
    return found
