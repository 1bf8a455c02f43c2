"""An engine with the core interpreted, where what is installed has it compiled."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

import exchange
from tools.bench.measured import Engine, Measured, Missing
from tools.run_folder import core_kind

PACKAGES = ("exchange", "feeds", "strategies", "tools")


def interpreted(work: str, engine: str) -> Engine:
    """The same engine, from a copy of the packages without what was compiled."""

    def measure(size: int) -> Measured:
        if core_kind() == "interpreted":
            raise Missing("the core is not compiled here")
        installed = Path(exchange.__file__).parent.parent
        with tempfile.TemporaryDirectory() as folder:
            for package in PACKAGES:
                left_out = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__")
                shutil.copytree(installed / package, Path(folder) / package, ignore=left_out)
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-P", "-m", "tools.bench.one", work, engine, str(size)],
                env=os.environ | {"PYTHONPATH": folder},
                capture_output=True,
                check=True,
            )
        return msgspec.json.decode(done.stdout, type=Measured)

    return measure
