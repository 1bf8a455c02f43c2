"""Hypothesis profiles: a short run by default, a longer one with HYPOTHESIS_PROFILE=ci.

"mutation" is for tests/mutation.py: the same few examples for every mutant, and no shrinking.
"""

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "default",
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile("ci", settings.get_profile("default"), max_examples=400)
settings.register_profile(
    "mutation",
    settings.get_profile("default"),
    max_examples=15,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def _logs_as_at_first() -> Iterator[None]:
    """A test of the command line sends logs to an output that is closed after it."""
    yield
    structlog.reset_defaults()
