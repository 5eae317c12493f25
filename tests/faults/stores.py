"""
What servers have in their stores, when they do not run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from replkv.kv.rocks import RocksEngine
from replkv.testing.outcome import Violation

Contents = dict[bytes, bytes]


def contents(store: Path) -> Contents:
    """
    All that is in a store.
    """
    engine = RocksEngine(str(store))
    try:
        found: Contents = {}
        start = b""
        while rows := engine.scan(start, b"\xff" * 300, 1000):
            found.update(rows)
            start = rows[-1][0] + b"\0"
        return found
    finally:
        engine.close()


def checkSame(stores: Mapping[int, Contents]) -> None:
    """
    All stores have the same, byte for byte.

    @param stores: the contents of each, by server.
    @raise Violation: if one has something else.
    """
    (first, expected), *others = stores.items()
    for server, found in others:
        different = [key for key in _keys(expected, found) if expected.get(key) != found.get(key)]
        if different:
            key = different[0]
            raise Violation(
                f"the stores of servers {first} and {server} differ in {len(different)} keys, of which one is {key!r}: "
                f"{expected.get(key)!r:.100} and {found.get(key)!r:.100}"
            )


def _keys(*stores: Contents) -> Iterable[bytes]:
    return sorted(set().union(*stores))
