"""
A server of PySyncObj, which makes the load itself, for its library is made to be called within the process that it
replicates: C{python -m benchmarks.systems.pysyncobjserver FOLDER ADDRESS PARTNER...}

It writes a line when all is ready, C{leader} or C{follower}. Then each line that it reads is a load, and each line that
it writes what came of it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from pysyncobj import SyncObj, SyncObjConf, replicated


class Store(SyncObj):  # type: ignore[misc]
    """
    Keys and values.
    """

    def __init__(self, folder: Path, address: str, partners: list[str]) -> None:
        settings = SyncObjConf(journalFile=str(folder / "journal"), fullDumpFile=str(folder / "dump"), useFork=True)
        super().__init__(address, partners, settings)
        self._data: dict[str, str] = {}

    @replicated  # type: ignore[untyped-decorator]
    def set(self, key: str, value: str) -> None:
        """
        Store a value.
        """
        self._data[key] = value


class Clients:
    """
    Clients, each of which waits for the answer to its write before it sends the next one.
    """

    def __init__(self, store: Store, asked: dict[str, Any]) -> None:
        self._store = store
        self._asked = asked
        self._value = "x" * int(asked["ValueBytes"])
        self._left = int(asked["Clients"])
        self._key = 0
        self._done = threading.Event()
        self._latencies: Counter[int] = Counter()
        self._errors: Counter[str] = Counter()
        self._until = 0.0

    def run(self) -> dict[str, Any]:
        """
        Have them write for as long as was asked for.
        """
        began, used = time.monotonic(), time.process_time()
        self._until = began + self._asked["Seconds"]
        for _ in range(self._left):
            self._send()
        self._done.wait()
        seconds = time.monotonic() - began
        told = {"Latencies": self._latencies, "Errors": self._errors, "Seconds": seconds}
        return {**told, "Busy": (time.process_time() - used) / seconds}

    def _send(self) -> None:
        self._key = (self._key + 7919) % int(self._asked["Keys"])
        sent = time.monotonic()

        def answered(result: object, error: object) -> None:
            now = time.monotonic()
            if error:
                self._errors[str(error)] += 1
            else:
                self._latencies[int((now - sent) * 1e6)] += 1
            if now < self._until:
                self._send()
            else:
                self._left -= 1
                if not self._left:
                    self._done.set()

        self._store.set(f"bench/{self._key:010}", self._value, callback=answered)


def main(folder: str, address: str, *partners: str) -> None:
    """
    Serve until the standard input ends.
    """
    store = Store(Path(folder), address, list(partners))
    while not store.isReady() or store._getLeader() is None:
        time.sleep(0.02)
    print("leader" if store._isLeader() else "follower", flush=True)
    for line in sys.stdin:
        print(json.dumps(Clients(store, json.loads(line)).run()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
