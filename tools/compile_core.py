"""Compile the core with mypyc in a copy, and see that it answers to the byte as it does here.

`python -m tools.compile_core` builds in a temporary folder as setup.py does, runs the core's tests
there, and a shipped scenario compiled and interpreted, and compares the digests.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("exchange", "feeds", "strategies", "tools", "tests")
SCENARIO = ("october", "--until", "+1560")
"""To 21:16, with the first minute of the fall in it."""


def build(folder: Path) -> None:
    """Copy the project into `folder`, and compile its core there.  Raises CalledProcessError."""
    for package in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(ROOT / package, folder / package, ignore=ignore)
    for name in ("setup.py", "pyproject.toml", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder)
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    insist = os.environ | {"PLIMSOLL_COMPILE": "1"}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=insist)  # noqa: S603


def test(folder: Path) -> None:
    """Run the core's tests there: a number beyond 64 bits goes wrong in compiled code alone."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "auto", "tests/core"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603


def run(folder: Path, out: Path) -> tuple[dict[str, str], float]:
    """Run the scenario with the packages in `folder`: its summary, and the seconds it took."""
    command = [sys.executable, "-m", "tools.cli", "run", *SCENARIO, "--json", "--out", str(out)]
    began = time.monotonic()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True)  # noqa: S603
    return json.loads(done.stdout), time.monotonic() - began


def main() -> None:
    """Compile, test, run twice, compare.  Exits with 1 where the digests differ or one fails."""
    if shutil.which("cc") is None:
        sys.exit("compiling needs a C compiler; on Debian: apt-get install gcc python3-dev")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "copy"
        try:
            build(folder)
            test(folder)
            here, slow = run(ROOT, Path(temporary) / "here")
            there, fast = run(folder, Path(temporary) / "there")
        except subprocess.CalledProcessError as error:
            sys.exit(f"{error.cmd} failed:\n{error.stdout.decode()}{error.stderr.decode()}")
    if (here["core"], there["core"]) != ("interpreted", "compiled"):
        sys.exit(f"cores were {here['core']} and {there['core']}, expected one of each")
    if here["digest"] != there["digest"]:
        sys.exit(f"digests differ: interpreted {here['digest']}, compiled {there['digest']}")
    print("compiled core: its tests pass")
    print(f"compiled core: same digest {here['digest']}, {slow / fast:.1f} times as fast in all")


if __name__ == "__main__":
    main()
