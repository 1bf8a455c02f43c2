"""The build: the core, and what is hot around it, compiled by mypyc where there is a C compiler.

PLIMSOLL_COMPILE=0 leaves it interpreted, PLIMSOLL_COMPILE=1 insists on compiling, and with =profile
gcc compiles twice, the second time by what was seen in a training run.  Everything else about the
package is in pyproject.toml.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

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
INSISTED = ASKED in {"1", "profile"}
COMPILER = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
LINKED_AS_ONE = ["-flto=auto", "-fvisibility=hidden", "-O3"]
"""The link sees the whole core, to inline across its modules, on every processor there is."""


def wanted() -> bool:
    """Whether to compile: as asked, and else where there is a compiler."""
    return INSISTED or (ASKED != "0" and shutil.which(COMPILER[0]) is not None)


def is_gcc() -> bool:
    """Whether the compiler is gcc; clang keeps its profiles in another way."""
    if shutil.which(COMPILER[0]) is None:
        return False
    command = [*COMPILER, "--version"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return "Free Software Foundation" in told.stdout


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
    as_one = LINKED_AS_ONE if links_as_one() else []
    # Nobody replaces functions of the core as it is loaded: calls in it may be inlined.
    bound = [] if sys.platform.startswith("win") else ["-fno-semantic-interposition"]
    made: list[Extension] = mypycify([*asked, *files], opt_level="3", multi_file=bool(as_one))
    for extension in made:
        extension.optional = not INSISTED
        extension.extra_compile_args = [*extension.extra_compile_args, *bound, *as_one]
        extension.extra_link_args = [*extension.extra_link_args, *as_one]
    return made


class ByProfile(build_ext):
    """Extensions compiled once to be watched, and once more by what was seen in a training run."""

    def build_extensions(self) -> None:
        """Build, train, build: gcc notes for each branch and call how often it is taken."""
        with tempfile.TemporaryDirectory() as profile:
            self.compile_with(f"-fprofile-generate={profile}", "-fprofile-update=single")
            self.train()
            # What training leaves out is taken to be rare, and compiled to be small.
            self.compile_with(f"-fprofile-use={profile}", "-Wno-missing-profile")

    def compile_with(self, *flags: str) -> None:
        """Build everything anew, with these flags beside the usual ones."""
        usual = [(e, e.extra_compile_args, e.extra_link_args) for e in self.extensions]
        for extension, compiling, linking in usual:
            extension.extra_compile_args = [*compiling, *flags]
            extension.extra_link_args = [*linking, *flags]
        self.force = True
        super().build_extensions()
        for extension, compiling, linking in usual:
            extension.extra_compile_args, extension.extra_link_args = compiling, linking

    def train(self) -> None:
        """Do a little of every piece of work with what was built."""
        with tempfile.TemporaryDirectory() as folder:
            for package in ("exchange", "feeds", "strategies", "tools"):
                left_out = shutil.ignore_patterns("*.so", "__pycache__")
                shutil.copytree(package, Path(folder) / package, ignore=left_out)
            shutil.copytree(self.build_lib, folder, dirs_exist_ok=True)
            command = [sys.executable, "-m", "tools.bench.training"]
            subprocess.run(command, cwd=folder, check=True)  # noqa: S603


IS_ASKING = "egg_info" in sys.argv
"""The first pass of a build asks what the build needs; the tools it names are not there yet."""
TOOLS = [
    "mypy[mypyc]>=2.1",
    "msgspec>=0.19",
    "sortedcontainers-stubs>=2.4",
    "structlog>=24.1",
]

TRAINED_WITH = tomllib.loads(Path("pyproject.toml").read_text())["project"]["dependencies"]
"""Training runs the whole package."""
BY_PROFILE = ASKED == "profile" and is_gcc()
if ASKED == "profile" and not BY_PROFILE:
    sys.stderr.write(f"no profile, which takes gcc: the compiler is {COMPILER[0]}\n")

setup(
    ext_modules=extensions() if wanted() and not IS_ASKING else [],
    setup_requires=TOOLS + TRAINED_WITH * BY_PROFILE if wanted() else [],
    cmdclass={"build_ext": ByProfile} if BY_PROFILE else {},
)
