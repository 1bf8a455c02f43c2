"""One measurement in a process of its own: `python -m tools.bench.one W1 "C++ std::map" 200000`."""

import sys

import msgspec

from tools.bench.measured import Missing
from tools.bench.works import WORKS


def main() -> None:
    """Print the measurement as JSON, or why there is none."""
    work, engine, size = sys.argv[1:]
    try:
        found: object = WORKS[work].engines[engine](int(size))
    except Missing as missing:
        found = {"missing": str(missing)}
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


if __name__ == "__main__":
    main()
