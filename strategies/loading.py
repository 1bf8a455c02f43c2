"""Strategies by name: those of the gallery, plug-ins that are installed, and anyone's own file."""

import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Final

from strategies.base import Strategy
from strategies.gallery import GALLERY

PLUG_INS: Final = "plimsoll.strategies"
"""The group of entry points of a distribution that brings strategies:

    [project.entry-points."plimsoll.strategies"]
    my_strategy = "my_package.my_module:MyStrategy"
"""


class StrategyError(ValueError):
    """A strategy that cannot be found or loaded."""


def load(name: str, folder: Path | None = None) -> type[Strategy]:
    """A strategy's class: a name of the gallery, a plug-in's, or "path/to/file.py:ClassName".

    `folder`: where the path begins.  Raises StrategyError, saying what was found and expected.
    """
    if name in GALLERY:
        return GALLERY[name]
    file, colon, class_name = name.rpartition(":")
    if colon and file.endswith(".py"):
        return _from_file((folder or Path()) / file, class_name)
    return _from_plug_in(name)


def plug_ins() -> list[str]:
    """The strategies that installed distributions bring."""
    return sorted(point.name for point in entry_points(group=PLUG_INS))


def _from_plug_in(name: str) -> type[Strategy]:
    for point in entry_points(group=PLUG_INS, name=name):
        try:
            found = point.load()
        except Exception as error:
            raise StrategyError(f"{name} ({point.value}): {told(error)}") from error
        return _strategy(found, f"{name} ({point.value})")
    known = ", ".join([*GALLERY, *plug_ins()])
    raise StrategyError(
        f"strategy was {name!r}, expected one of {known}, or path/to/file.py:ClassName"
    )


def _from_file(path: Path, class_name: str) -> type[Strategy]:
    if not path.is_file():
        raise StrategyError(f"{path}: no such strategy file")
    module = _executed(path.resolve())
    if not hasattr(module, class_name):
        own = [
            name
            for name, found in vars(module).items()
            if isinstance(found, type) and issubclass(found, Strategy) and found is not Strategy
        ]
        there = f"there is {', '.join(own)}" if own else "there is none"
        raise StrategyError(f"{path}: has no strategy {class_name}, {there}")
    return _strategy(getattr(module, class_name), f"{path}: {class_name}")


def _executed(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"plimsoll_strategy_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise StrategyError(f"{path}: {told(error)}") from error
    return module


def _strategy(found: object, what: str) -> type[Strategy]:
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        raise StrategyError(f"{what} was {found!r}, expected a subclass of Strategy")
    return found


def told(error: Exception) -> str:
    """What went wrong, as one line."""
    return f"{type(error).__name__}: {error}"
