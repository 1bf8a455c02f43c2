"""The README is true: its files exist, its code runs, and its output is what comes out today."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINKS = re.findall(r"\]\(([^)#:]+)\)", README)
WORDS = re.findall(r"`(\w+)`", README.partition("## Words")[2].partition("## What")[0])
CODE = "".join(
    path.read_text() for folder in ("exchange", "tools") for path in (ROOT / folder).rglob("*.py")
)
ANYTHING = "..."
"""A line that stands for any number of lines."""


def blocks(language: str) -> list[str]:
    return [text for kind, text in FENCED.findall(README) if kind == language]


def asked_and_answered(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block, and the lines that it is said to print."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *lines = part.rstrip("\n").split("\n")
        yield command, lines


def matches(said: list[str], found: list[str]) -> bool:
    if not said:
        return not found
    if said[0] == ANYTHING:
        return any(matches(said[1:], found[start:]) for start in range(len(found) + 1))
    return bool(found) and said[0] == found[0] and matches(said[1:], found[1:])


def printed(command: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a command of ours prints, without the blanks that pad its tables."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", shlex.split(command))
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert not ended.value.code, capsys.readouterr().err
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_every_output_in_it_is_what_comes_out_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for text in blocks("python") + blocks("toml"):
        name = text.partition("\n")[0].removeprefix("# ")
        (tmp_path / name).write_text(text)
    for block in blocks("console"):
        for command, said in asked_and_answered(block):
            found = printed(command, capsys)
            assert matches(said, found), "\n".join((f"$ {command}", *found))


def test_its_first_strategy_has_about_twenty_lines() -> None:
    (strategy,) = blocks("python")

    assert len(strategy.splitlines()) < 25


def test_the_stop_that_it_adds_to_its_strategy_saves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (strategy,), (market,) = blocks("python"), blocks("toml")
    without = "self.client.buy(mark.symbol, self.parameters.size)"
    (entry,) = re.findall(r"`(self\.client\.buy\(.*stop_loss=.*\))`", README)
    assert without in strategy
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dip.toml").write_text(market)
    (tmp_path / "dip_buyer.py").write_text(
        "from strategies import stop\n" + strategy.replace(without, entry)
    )

    (me,) = (line for line in printed("plimsoll run dip.toml", capsys) if line.startswith("me "))

    assert me.split()[:3] == ["me", "1", "0"]
    assert float(me.split()[-2].replace(",", "").replace("k", "e3")) > 0


@pytest.mark.parametrize("link", LINKS)
def test_what_it_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("word", WORDS)
def test_its_words_are_those_of_the_code(word: str) -> None:
    assert re.search(rf"\b{word}\b", CODE)
