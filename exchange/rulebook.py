"""Rulebook files: a venue's rules read from TOML, by shipped name or by path."""

from importlib.resources import files
from pathlib import Path

from exchange.core.rules import Rulebook
from exchange.toml_file import FieldError, decode


class RulebookError(ValueError):
    """A rulebook that cannot be found or read."""


def shipped() -> list[str]:
    """Names of the rulebooks that come with the package."""
    folder = files("exchange") / "rulebooks"
    return sorted(
        p.name.removesuffix(".toml") for p in folder.iterdir() if p.name.endswith(".toml")
    )


def load(name: str) -> Rulebook:
    """Read a rulebook.  `name` is a shipped one ("general") or a path that ends in .toml.

    Raises RulebookError, naming the file and the field.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise RulebookError(f"{name}: no such rulebook file")
        data = path.read_bytes()
    elif name in shipped():
        data = (files("exchange") / "rulebooks" / f"{name}.toml").read_bytes()
    else:
        raise RulebookError(
            f"rulebook was {name!r}, expected one of {', '.join(shipped())} or a path"
        )
    try:
        return decode(data, Rulebook)
    except FieldError as error:
        raise RulebookError(f"{name}: {error}") from None
