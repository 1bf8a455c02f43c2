"""The tutorials, carried out as a reader would: files written, commands run, output compared.

In docs/*.md, a `{code-block}` with a caption is a file of that name; a `python` block is run, all
blocks of a page in one namespace; a `console` block has commands after "$ ", and what they print.
A `text` block after a `python` block is what that prints.  A line of "..." stands for any lines.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
FENCE = re.compile(r"```(\S+)(?: .*)?")
CAPTION = re.compile(r"\A:caption: (\S+)\n(?::.*\n)*\n?")
COMMANDS = {"plimsoll": [sys.executable, "-m", "tools.cli"]}
"""What a reader may type."""


class Block(NamedTuple):
    """A fenced block of a page."""

    line: int
    kind: str
    text: str
    file: str = ""


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    lines = iter(enumerate(page.read_text().splitlines(keepends=True), start=1))
    for number, line in lines:
        fence = FENCE.fullmatch(line.rstrip())
        if fence is None:
            continue
        text = body(lines)
        caption = CAPTION.match(text) if fence[1] == "{code-block}" else None
        if caption is not None:
            yield Block(number, "file", text[caption.end() :], caption[1])
        else:
            yield Block(number, fence[1], text)


def body(lines: Iterator[tuple[int, str]]) -> str:
    """The lines up to the fence that closes a block."""
    found = []
    for _, line in lines:
        if line.rstrip() == "```":
            break
        found.append(line)
    return "".join(found)


def pages() -> list[Path]:
    return sorted(page for page in DOCS.glob("*.md") if any(runs(block) for block in blocks(page)))


def runs(block: Block) -> bool:
    return block.kind in {"file", "python"} or (
        block.kind == "console" and "$ plimsoll" in block.text
    )


def same(shown: str, printed: str) -> bool:
    """Whether the lines shown are those printed, spaces aside; "..." stands for any lines."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line.strip() == "..." else words(line) + r"\n"
        for line in shown.strip("\n").splitlines()
    )
    squeezed = "".join(f"{' '.join(line.split())}\n" for line in printed.strip("\n").splitlines())
    return re.fullmatch(pattern, squeezed) is not None


def words(line: str) -> str:
    """A line as a pattern; "..." inside it stands for anything."""
    return re.sub(r"(?:\\ )?\\\.\\\.\\\.(?:\\ )?", ".*", re.escape(" ".join(line.split())))


class Reader:
    """Someone who does what a page says, in a folder of their own."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.names: dict[str, object] = {"__name__": "__main__"}

    def read(self) -> None:
        told = list(blocks(self.page))
        following = [*told[1:], Block(0, "", "")]
        for block, after in zip(told, following, strict=True):
            if block.kind == "file":
                (self.folder / block.file).write_text(block.text)
            elif block.kind == "python":
                printed = self.run(block)
                if after.kind == "text":
                    self.compare(after, after.text, printed)
            elif block.kind == "console" and runs(block):
                for command, shown in typed(block.text):
                    self.compare(block, shown, self.type(block, command))

    def run(self, block: Block) -> str:
        printed = io.StringIO()
        code = compile("\n" * block.line + block.text, str(self.page), "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, self.names)  # noqa: S102 (that is what a tutorial is for)
        return printed.getvalue()

    def type(self, block: Block, command: str) -> str:
        word, *rest = shlex.split(command)
        done = subprocess.run(  # noqa: S603 (commands of our own pages)
            [*COMMANDS[word], *rest],
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=300,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"},
        )  # fmt: skip
        assert done.returncode == 0, f"{self.where(block)}: {command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def compare(self, block: Block, shown: str, printed: str) -> None:
        assert not shown.strip() or same(shown, printed), (
            f"{self.where(block)} shows\n{shown}\nbut what came was\n{printed}"
        )

    def where(self, block: Block) -> str:
        return f"docs/{self.page.name}:{block.line}"


def typed(text: str) -> Iterator[tuple[str, str]]:
    """Each command, and what is shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_a_reader_gets_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Reader(page, tmp_path).read()


@pytest.mark.parametrize(
    ("shown", "printed", "equal"),
    [
        ("a  b\n", "a b\n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("at ... o'clock\n", "at 5 o'clock\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\nc\n", "a\nb\n", False),
    ],
)
def test_output_is_compared_line_by_line(shown: str, printed: str, *, equal: bool) -> None:
    assert same(shown, printed) is equal
