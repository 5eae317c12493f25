"""
C{kill -9} in the middle of what cuts a log or replaces a state, under load.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Final

from twisted.internet.task import deferLater

from replkv.service.inspection import inspect
from replkv.storage.start import readStart
from replkv.storage.survey import UnchangedFiles, survey
from tests.processes.cluster import TWISTD, ServerProcess, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.load import Load
from tests.processes.small import program

KILLS: Final = int(os.environ.get("SNAPSHOT_KILLS", "1"))
"""
How often a server is killed in the middle of a compaction, and how often in the middle of an installation.
"""

_VALUE_BYTES: Final = 1 << 13
_KEYS: Final = 200


def stamp(path: Path) -> tuple[int, int]:
    """
    What tells one version of a file from the next.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


def isCompacting(server: ServerProcess) -> Callable[[], bool]:
    """
    Make what tells whether a server's log begins later than it did just now.
    """
    start = server.data / "log" / "start"
    before = stamp(start)
    return lambda: stamp(start) != before


def lacksEntries(server: ServerProcess, others: Sequence[ServerProcess]) -> Callable[[], bool]:
    """
    Make what tells whether the others' logs begin after the end of a server's, which is down.
    """
    last = survey(str(server.data / "log")).outline.lastIndex
    files = UnchangedFiles()
    return lambda: all(readStart(files, str(other.data / "log")).firstIndex > last + 1 for other in others)


def isInstalling(server: ServerProcess) -> Callable[[], bool]:
    """
    Make what tells whether a server is fetching a store, or is about to have it take the place of the one it has.
    """
    return lambda: len(list(server.data.glob("store*"))) > 1


async def killed(server: ServerProcess, seconds: float) -> None:
    """
    Kill a server, after so many seconds.
    """
    from twisted.internet import reactor

    await deferLater(reactor, seconds)
    server.kill()


@onReactor
async def test_killedInTheMiddle(makeCluster: MakeCluster) -> None:
    """
    Whenever a server is killed while its log is compacted, or while it fetches a snapshot and has that take the place
    of its state, it comes back, and in the end all servers hold the same.
    """
    random = Random(KILLS)
    cluster = makeCluster(3)
    for server in cluster.servers.values():
        server.program = program(TWISTD)
    cluster.start()
    await cluster.leader()
    load = Load(cluster, _KEYS, _VALUE_BYTES)
    told: Counter[str] = Counter()
    for _ in range(KILLS):
        server = cluster.servers[random.randrange(3)]
        await until(isCompacting(server), f"server {server.id} compacts its log")
        await killed(server, random.uniform(0.0, 0.02))
        told["in a compaction"] += 1
        others = [other for other in cluster.servers.values() if other is not server]
        await until(lacksEntries(server, others), f"what server {server.id} lacks goes from the others' logs")
        server.start()
        await until(isInstalling(server), f"server {server.id} fetches a snapshot")
        await killed(server, random.uniform(0.0, 1.0))
        told["in an installation" if isInstalling(server)() else "after one"] += 1
        server.start()
        await server.listening()
    await load.end()
    await until(load.areAlike, "all servers hold the same")
    print(f"killed {dict(told)}, {load.written} writes")
    for server in cluster.servers.values():
        assert inspect(str(server.data), isThorough=True).findings == ()
