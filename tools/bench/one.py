"""One measurement in a process of its own: `python -m tools.bench.one W1 "C++ std::map" 200000`."""

import sys
from contextlib import suppress

import msgspec

from tools.bench.measured import Missing


def main() -> None:
    """Print the measurement as JSON, or why there is none."""
    work, engine, size = sys.argv[1:]
    if "lrvx" in engine:
        # Its C++ library finds no room for thread-local storage once Arrow's is there.
        with suppress(ImportError):
            import lrvx  # type: ignore[import-not-found]  # noqa: F401
    from tools.bench.works import WORKS

    try:
        found: object = WORKS[work].engines[engine](int(size))
    except Missing as missing:
        found = {"missing": str(missing)}
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


if __name__ == "__main__":
    main()
