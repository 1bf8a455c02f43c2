"""What a run is watched by: tables of accounts, markets and funds over time.

A sampler only looks.  It sends no command, so a run has the same digest with and without it.
"""

from tools.samples.sampler import Sampler

__all__ = ["Sampler"]
