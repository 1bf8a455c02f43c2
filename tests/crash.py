"""A small crash in round numbers, run into a folder: what tests of run folders begin with.

00:00:00  mark 60,000; anna buys 1 BTC at 60,000 in isolated margin with leverage 10,
          carl sells 1 in cross, a crowd of 20 longs is there
00:00:10  mark 57,000
00:01:10  mark 53,000: anna fails, the book pays 53,500, her bankruptcy price is 54,000
"""

from pathlib import Path

import msgspec

from tools.build import Run
from tools.running import Done, carry_out
from tools.scenario import Scenario

CRASH = """
name = "crash"
title = "A small crash"
rulebook = "general"
start = "2025-01-01T00:00:00"
recorded_marks = true

[rules.insurance_fund]
USDT = "100000"

[[instruments]]
symbol = "BTC"
tick_size = "10"
lot_size = "0.001"

[[accounts]]
name = "anna"
deposits = { USDT = "10000" }
mode = { BTC = "isolated" }
leverage = { BTC = 10 }

[[accounts]]
name = "carl"
deposits = { USDT = "50000" }

[[populations]]
name = "crowd"
count = 20
symbols = { BTC = 1 }
leverage = { 10 = 1, 20 = 1 }
long_percent = 100
notional_least = "1000"
notional_most = "10000"

[[steps]]
mark = { BTC = "60000" }

[[steps]]
at = "+0"
index = { BTC = "60010" }

[[steps]]
at = "+0"
book = { symbol = "BTC", bids = [["59990", "5"]], asks = [["60000", "1"]] }

[[steps]]
at = "+0"
order = { account = "anna", symbol = "BTC", side = "buy", size = "1", ref = 1 }

[[steps]]
at = "+0"
book = { symbol = "BTC", bids = [["60000", "5"], ["59990", "5"]], asks = [["60010", "5"]] }

[[steps]]
at = "+0"
order = { account = "carl", symbol = "BTC", side = "sell", size = "1", price = "60000" }

[[steps]]
at = "+10"
mark = { BTC = "57000" }

[[steps]]
at = "+70"
book = { symbol = "BTC", bids = [["53500", "20"], ["50000", "50"]], asks = [["53510", "20"]] }

[[steps]]
at = "+70"
mark = { BTC = "53000" }

[[steps]]
at = "+75"
mark = { BTC = "53600" }
"""


def ran(scenario: str, folder: Path, *, until: str = "") -> Done:
    """Run a scenario, told in TOML, into a new folder below `folder`."""
    decoded = msgspec.toml.decode(scenario, type=Scenario)
    return carry_out(Run(decoded, folder / "told.toml", until=until), folder, quiet=True)


def crash(folder: Path, *, extra: str = "") -> Done:
    """Run the crash into a new folder below `folder`; `extra` is more TOML."""
    return ran(CRASH + extra, folder)
