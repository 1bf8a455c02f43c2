"""What a compiler learns by where it is asked for a profile: a little of all that is done often.

`python -m tools.bench.training`, as setup.py calls it between its two builds; some ten seconds.
"""

import asyncio

from exchange.journal import Journal
from tools.bench.targets import INTERPRETED, PLIMSOLL
from tools.bench.works import WORKS
from tools.demo import demo_run

ROWS = {
    "W1": 20_000,
    "W2a": 50_000,
    "W2b": 50_000,
    "W3": 1_000,
    "W4": 1_000,
    "W5": 20_000,
    "W6": 50_000,
}
"""How much of each: enough that what is hot stands out."""


def main() -> None:
    """The pieces of work that are measured, and a whole day with its cascade."""
    for name, rows in ROWS.items():
        for engine, measure in WORKS[name].engines.items():
            if engine.startswith(PLIMSOLL) and engine != INTERPRETED:
                measure(rows)
    asyncio.run(demo_run().go(Journal()))


if __name__ == "__main__":
    main()
