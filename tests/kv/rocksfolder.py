"""
A RocksDB store for one test.
"""

from __future__ import annotations

import os
import shutil
import tempfile

from replkv.kv.rocks import RocksEngine


class RocksFolder:
    """
    A folder in which a store lives, loses the power, and lives on.
    """

    def __init__(self) -> None:
        self._root = tempfile.mkdtemp(prefix="replkv-kv-")
        self._crashes = 0

    @property
    def path(self) -> str:
        """
        Where the store is now.
        """
        return os.path.join(self._root, f"store{self._crashes}")

    def open(self) -> RocksEngine:
        """
        Open the store.
        """
        return RocksEngine(self.path)

    def crash(self, engine: RocksEngine) -> RocksEngine:
        """
        Lose the power: go on with what the files have now, before C{engine}, which would flush as it closes, is closed.
        """
        before = self.path
        self._crashes += 1
        shutil.copytree(before, self.path)
        engine.close()
        return self.open()

    def remove(self) -> None:
        """
        Remove it all.
        """
        shutil.rmtree(self._root)
