"""The pieces of work, their sizes, and what is asked of them."""

from typing import NamedTuple

from tools.bench import memory, w1_matching, w2_replay, w3_monitor, w4_burst, w5_files, w6_streaming
from tools.bench.interpreted import interpreted
from tools.bench.measured import Engine
from tools.bench.targets import INTERPRETED, PLIMSOLL


class Work(NamedTuple):
    """One piece of work."""

    title: str
    unit: str
    sizes: tuple[int, ...]
    engines: dict[str, Engine]
    long: tuple[int, ...] = ()
    """Sizes that take minutes, for those who ask."""


WORKS: dict[str, Work] = {
    "W1": Work("Matching one stream of orders", "operation", (200_000, 1_000_000),
               w1_matching.ENGINES),
    "W2a": Work("Replay, quoting every 100 ms", "row", (200_000, 2_000_000),
                w2_replay.EVERY_PAUSE),
    "W2b": Work("Replay, quoting every moment", "row", (200_000, 2_000_000),
                w2_replay.EVERY_MOMENT),
    "W3": Work("One mark price over cross accounts of three positions", "mark",
               (1_000, 10_000, 100_000), w3_monitor.ENGINES, (1_000_000,)),
    "W4": Work("A burst of liquidations with deleveraging", "liquidation",
               (1_000, w4_burst.BURST), w4_burst.ENGINES),
    "W5": Work("Recorded ticks from file to events", "row", (50_000, 200_000),
               w5_files.ENGINES | {INTERPRETED: interpreted("W5", PLIMSOLL)}),
    "W6": Work("A long packed file, streamed", "row", (500_000, 5_000_000), w6_streaming.ENGINES),
    "M1": Work("Memory of resting orders", "order", (20_000, 200_000), memory.ORDERS),
    "M2": Work("Memory of accounts with three positions", "account", (10_000, 100_000),
               memory.ACCOUNTS),
    "M3": Work("A journal on disk, and its run in memory", "event", (50_000, 200_000),
               memory.JOURNAL),
}  # fmt: skip
