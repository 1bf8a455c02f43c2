"""A file that only begins like Databento's ends in one clear error, whatever its decoder raises."""

from pathlib import Path

import pytest

from feeds import TickFileError, describe


@pytest.mark.parametrize("after", [b"\x31" + bytes(200), b"\x03" + b"\xff" * 200, b""])
def test_a_false_beginning_is_one_error(tmp_path: Path, after: bytes) -> None:
    path = tmp_path / "trades.dbn"
    path.write_bytes(b"DBN" + after)
    with pytest.raises(TickFileError, match=r"trades\.dbn"):
        describe(path)
