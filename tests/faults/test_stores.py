"""
Tests of the comparison of stores.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from replkv.kv.rocks import RocksEngine
from replkv.testing.outcome import Violation
from tests.faults.stores import checkSame, contents


def test_contents(tmp_path: Path) -> None:
    """
    All that is in a store is found, however much it is.
    """
    engine = RocksEngine(str(tmp_path / "store"))
    written = {b"%d" % number: b"value" for number in range(2500)}
    engine.write(written)
    engine.flush()
    engine.close()
    assert contents(tmp_path / "store") == written


def test_same() -> None:
    """
    Stores that have the same are in order; whatever else one has is found, in whichever it is.
    """
    checkSame({0: {b"k": b"v"}, 1: {b"k": b"v"}, 2: {b"k": b"v"}})
    for other in ({b"k": b"w"}, {}, {b"k": b"v", b"l": b""}):
        with pytest.raises(Violation, match=r"the stores of servers 0 and 2 differ in 1 keys, of which one is b'[kl]'"):
            checkSame({0: {b"k": b"v"}, 1: {b"k": b"v"}, 2: other})
