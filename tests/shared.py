"""Where the recordings lie that are too large for the project, and a mark for tests of them."""

from pathlib import Path

import pytest

_root = Path(__file__).resolve().parents[1]
_places = (_root.parent / "shared", _root.parent.parent / "shared")
SHARED = next((place for place in _places if place.is_dir()), _places[0])

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the recordings (../shared/data) are not here"
)
