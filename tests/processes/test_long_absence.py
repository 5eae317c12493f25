"""
A server that was away for longer than the others' logs go back, and comes back under load.
"""

from __future__ import annotations

import os
import re
from typing import Final

from replkv.node.limits import NODE_LIMITS
from tests.processes.cluster import TWISTD, onReactor, until
from tests.processes.conftest import MakeCluster
from tests.processes.load import Load
from tests.processes.small import program

WRITES: Final = int(os.environ.get("AWAY_WRITES", "2000"))
"""
For how many writes it is away.
"""

_VALUE_BYTES: Final = 512

_LONG: Final = 3 * NODE_LIMITS.retainedBytes
"""
How many bytes of values have the logs begin after what a server has that was away: what is retained, what the stores
have not flushed yet, and some more. With fewer of them, servers have small stores and logs.
"""


@onReactor
async def test_longAway(makeCluster: MakeCluster) -> None:
    """
    It gets a snapshot while all goes on, and has then what the others have.
    """
    from twisted.internet import reactor

    cluster = makeCluster(3)
    if WRITES * _VALUE_BYTES < _LONG:
        for server in cluster.servers.values():
            server.program = program(TWISTD)
    cluster.start()
    leader = await cluster.leader()
    away = cluster.servers[(leader + 1) % 3]
    load = Load(cluster, keys=10_000, size=_VALUE_BYTES)
    await load.more(200)
    away.kill()
    await load.more(WRITES)
    before = load.written
    began = reactor.seconds()
    away.start()
    there = await cluster.number(leader, "applied_index")
    await cluster.applied(away.id, there)
    took = reactor.seconds() - began
    meanwhile = load.written - before
    await load.end()
    await until(load.areAlike, "all servers hold the same")
    snapshot = re.search(r"goes on from a snapshot of server \d, up to entry \d+: \d+ keys, (\d+) bytes", away.logged())
    assert snapshot is not None, "it needed none"
    print(f"away for {WRITES} writes, back after {took:.1f} s and {snapshot[1]} bytes; {meanwhile} writes meanwhile")
