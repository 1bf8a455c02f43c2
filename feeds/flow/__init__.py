"""Synthetic order flow, seeded, for those who have no tick files.

The models send orders to the venue's own book as ordinary accounts do, so that liquidations meet
them there.  See docs/flow_models.md for what each shows of a real market, and what not.
"""

from feeds.flow.chiarella import Chiarella
from feeds.flow.flow import Flow, FlowModel
from feeds.flow.hawkes import Hawkes
from feeds.flow.retail import Retail
from feeds.flow.seat import Seat
from feeds.flow.zero_intelligence import ZeroIntelligence

__all__ = ["Chiarella", "Flow", "FlowModel", "Hawkes", "Retail", "Seat", "ZeroIntelligence"]
