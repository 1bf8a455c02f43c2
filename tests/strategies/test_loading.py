"""Strategies by name: the gallery's, plug-ins', and anyone's own file."""

from pathlib import Path

import pytest

from strategies import GALLERY, StrategyError, load
from strategies.gallery.grid import Grid
from strategies.loading import plug_ins

OWN = """
from strategies import Strategy

class Mine(Strategy):
    pass

class Yours(Strategy):
    pass

number = 7
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


def test_a_strategy_of_the_gallery_has_a_name() -> None:
    assert load("grid") is Grid


def test_every_strategy_of_the_gallery_says_what_it_is() -> None:
    for name, kind in GALLERY.items():
        assert kind.__doc__, name
        assert kind.takes.__doc__, name


def test_a_file_holds_as_many_as_it_likes(folder: Path) -> None:
    assert load("own.py:Mine", folder).__name__ == "Mine"
    assert load(f"{folder}/own.py:Yours").__name__ == "Yours"


def test_an_installed_plug_in_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution is a module beside its metadata."""
    (tmp_path / "plug.py").write_text(OWN)
    info = tmp_path / "plug-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[plimsoll.strategies]\nmine = plug:Mine\nbroken = plug:Absent\nnumber = plug:number\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert plug_ins() == ["broken", "mine", "number"]
    assert load("mine").__name__ == "Mine"
    with pytest.raises(StrategyError, match=r"broken \(plug:Absent\): AttributeError"):
        load("broken")
    with pytest.raises(StrategyError, match=r"number \(plug:number\) was 7, expected a subclass"):
        load("number")


BAD = [
    ("gird", "strategy was 'gird', expected one of market_maker, "),
    ("own.py", "strategy was 'own.py', expected one of "),
    ("absent.py:Mine", "absent.py: no such strategy file"),
    ("own.py:Theirs", "own.py: has no strategy Theirs, there is Mine, Yours"),
    ("own.py:number", "own.py: number was 7, expected a subclass of Strategy"),
    ("broken.py:Mine", "broken.py: SyntaxError: "),
    ("typo.py:Mine", "typo.py: TypeError: Mine.on_qoute is no hook, expected one of on_start"),
    ("empty.py:Mine", "empty.py: has no strategy Mine, there is none"),
]


@pytest.mark.parametrize(("name", "complaint"), BAD)
def test_what_cannot_be_loaded_is_told(name: str, complaint: str, folder: Path) -> None:
    (folder / "broken.py").write_text("class Mine(\n")
    (folder / "empty.py").write_text("")
    typo = OWN.replace("pass", "async def on_qoute(self, quote): pass", 1)
    (folder / "typo.py").write_text(typo)

    with pytest.raises(StrategyError) as caught:
        load(name, folder)

    assert complaint in str(caught.value)
