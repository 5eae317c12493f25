"""
A process that writes a store and dies. Run with the store's folder as its argument.
"""

from __future__ import annotations

import os
import sys

from replkv.kv.rocks import RocksEngine

STEPS = 1000


def write(path: str) -> None:
    """
    Write numbered steps of two keys each, many times what the memtables hold, and die without closing the store. Each
    step overwrites C{last} with its number and adds a key of its own.
    """
    engine = RocksEngine(path, memtableBytes=64 * 1024)
    for step in range(1, STEPS + 1):
        engine.write({b"last": b"%d" % step, b"step%06d" % step: os.urandom(4096)})
    os._exit(0)


if __name__ == "__main__":
    write(sys.argv[1])
