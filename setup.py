"""The build: the core, and what is hot around it, compiled by mypyc where there is a C compiler.

PLIMSOLL_COMPILE=0 leaves it interpreted, PLIMSOLL_COMPILE=1 insists on compiling.  Everything else
about the package is in pyproject.toml.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from setuptools import Extension, setup

NOT_COMPILED = {"__init__.py", "rules.py", "messages.py"}
"""mypyc drops the class keywords of msgspec Structs (frozen, tag), so they stay as they are."""
FEEDS_COMPILED = [
    "feeds/book_checks.py",
    "feeds/defects.py",
    "feeds/formats/recording.py",
    "feeds/head.py",
    "feeds/known_lines.py",
    "feeds/level_text.py",
    "feeds/line_shape.py",
    "feeds/market.py",
]
"""What every byte of a recording, or every item of a feed, goes through."""
SHELL_COMPILED = [
    "exchange/clocks.py",
    "exchange/comparison.py",
    "exchange/gateway.py",
    "exchange/journal.py",
    "exchange/market_data.py",
    "exchange/runtime.py",
    "exchange/scheduler.py",
    "strategies/session.py",
    "strategies/waiting.py",
    "strategies/watchdog.py",
]
"""What every command, every event and every step of a strategy goes through."""
ASKED = os.environ.get("PLIMSOLL_COMPILE", "")
COMPILER = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
LINKED_AS_ONE = ["-flto=auto", "-fvisibility=hidden"]
"""The link sees the whole core, to inline across its modules, on every processor there is."""


def wanted() -> bool:
    """Whether to compile: as asked, and else where there is a compiler."""
    return ASKED == "1" or (ASKED != "0" and shutil.which(COMPILER[0]) is not None)


def links_as_one() -> bool:
    """Whether the compiler can optimise as it links; one that cannot is given one C file."""
    if sys.platform.startswith("win") or shutil.which(COMPILER[0]) is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "probe.c", Path(folder) / "probe.so"
        source.write_text("int probe(void) { return 0; }\n")
        command = [*COMPILER, *LINKED_AS_ONE, "-fPIC", "-shared", str(source), "-o", str(made)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def extensions() -> list[Extension]:
    """The extension modules; one that does not build is left out, unless asked for."""
    from mypyc.build import mypycify  # noqa: PLC0415 (there only when compiling)

    core = sorted(p for p in Path("exchange/core").glob("*.py") if p.name not in NOT_COMPILED)
    files = [*map(str, core), *FEEDS_COMPILED, *SHELL_COMPILED]
    # What these import is read for its types alone; some of it needs what a build does not have.
    asked = ["--strict", "--follow-imports=silent"]
    as_one = links_as_one()
    made: list[Extension] = mypycify([*asked, *files], opt_level="3", multi_file=as_one)
    for extension in made:
        extension.optional = ASKED != "1"
        if not sys.platform.startswith("win"):
            # Nobody replaces functions of the core as it is loaded: calls in it may be inlined.
            extension.extra_compile_args.append("-fno-semantic-interposition")
        if as_one:
            extension.extra_compile_args += LINKED_AS_ONE
            extension.extra_link_args += [*LINKED_AS_ONE, "-O3"]
    return made


IS_ASKING = "egg_info" in sys.argv
"""The first pass of a build asks what the build needs; the tools it names are not there yet."""
TOOLS = [
    "mypy[mypyc]>=2.1",
    "msgspec>=0.19",
    "sortedcontainers-stubs>=2.4",
    "structlog>=24.1",
]

setup(
    ext_modules=extensions() if wanted() and not IS_ASKING else [],
    setup_requires=TOOLS if wanted() else [],
)
