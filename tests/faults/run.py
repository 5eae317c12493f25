"""
One run: a cluster under load while things go wrong, then well again, then judged.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from replkv.commands.getm import Getm
from replkv.testing.history import Answer, Told
from replkv.testing.jsonlines import jsonLines
from replkv.testing.linear.check import check
from replkv.testing.linear.clocks import ClockBound
from tests.faults.cluster import ProxiedCluster
from tests.faults.stores import checkSame, contents
from tests.faults.workload import KEYS, Load, Workload
from tests.processes.cluster import until

SETTINGS: Final = {"LeaderWaitMs": 200, "RequestTimeoutMs": 500}
"""
Settings with which clients soon hear that something is wrong.
"""

SLACK: Final = 0.05
"""
The cluster's time goes on by the boot time of this one host, which nobody sets. So each stamp is that of the moment at
which a leader took the command, but for the milliseconds that its time was under way to it before it led, and the
command within it.
"""

SLOW_SLACK: Final = 1.0
"""
Where messages take long, a server may be elected that was started again just before, and has heard nothing but those.
"""


class Run:
    """
    @ivar workload: the load.
    @ivar story: what happened, line by line.
    """

    def __init__(self, reactor: Any, cluster: ProxiedCluster, seed: int, load: Load, slack: float = SLACK) -> None:
        """
        @param slack: by how many seconds two leaders' times may differ.
        """
        self.story: list[str] = []
        self._cluster = cluster
        self._seed = seed
        self._slack = slack
        self._start = time.monotonic()
        self.workload = Workload(reactor, self.seconds, seed, cluster.addresses, load)

    def seconds(self) -> float:
        """
        Tell the seconds since the beginning, by a clock that nobody sets.
        """
        return time.monotonic() - self._start

    def tell(self, what: str) -> None:
        """
        Take note of something for the story.
        """
        self.story.append(f"{self.seconds():8.3f} s  {what}")

    async def go(self, disturb: Callable[[], Awaitable[None]]) -> None:
        """
        Do everything.

        @param disturb: makes things go wrong, and leaves all well again.
        @raise Violation: if the cluster broke a promise.
        """
        self.tell(f"it is {time.strftime('%H:%M:%S', time.gmtime())} UTC")
        try:
            self._cluster.start()
            await self._cluster.leader()
            self.tell("the clients begin")
            self.workload.start()
            await disturb()
            self.tell("all is well again")
            await self._recover()
            judge(self.workload, self._slack)
            await self._compare()
        except Exception as error:
            self._keep()
            error.add_note(f"seed {self._seed}; logs, story.txt and history.jsonl are in {self._cluster.folder}")
            raise
        finally:
            self.workload.close()

    async def _recover(self) -> None:
        """
        The cluster comes to rest: it has a leader, has answered all that it was asked, and holds everywhere the same.
        """
        cluster, workload = self._cluster, self.workload
        leader = await cluster.leader()
        self.tell(f"server {leader} leads")
        workload.stop()
        await until(lambda: workload.isAnswered, "all clients are answered")
        workload.close()
        lasting = await self._readAll()

        async def atRest() -> bool:
            answers = [await cluster.stats(serverId) for serverId in cluster.servers]
            names = ("leader", "term", "last_log_index", "commit_index", "applied_index", "keys")
            same = len({tuple(answer.get(name) for name in names) for answer in answers}) == 1
            return same and answers[0].get("keys") == str(lasting)

        await until(atRest, f"all servers hold the same, and nothing but the {lasting} keys that do not expire")
        self.tell("all servers hold the same")

    async def _compare(self) -> None:
        """
        Stop all servers: their stores hold the same, byte for byte.
        """
        servers = self._cluster.servers.values()
        for server in servers:
            server.signal(signal.SIGTERM)
        for server in servers:
            await server.ended()
        checkSame({server.id: contents(server.data / "store") for server in servers})
        self.tell("all stores are the same")

    async def _readAll(self) -> int:
        """
        Read all keys once more.

        @return: how many of them do not expire.
        """
        lasting = 0
        history = self.workload.history
        client = self._cluster.client()
        for key in KEYS:
            operation = history.invoke(Getm(key), self.seconds())
            found = await client.getm(key)
            answer = Answer(Told.NOT_FOUND)
            if found is not None:
                answer = Answer(Told.FOUND, found.version, found.value, found.exptime)
                lasting += not found.exptime
            history.answered(operation, answer, self.seconds())
        return lasting

    def _keep(self) -> None:
        """
        Keep what shows how it came to a failure.
        """
        folder = self._cluster.folder
        for name, lines in (("story.txt", self.story), ("history.jsonl", jsonLines(self.workload.history))):
            (folder / name).write_text("".join(f"{line}\n" for line in lines))


def judge(workload: Workload, slack: float = SLACK) -> None:
    """
    Judge what clients saw.

    @param slack: by how many seconds two leaders' times may differ.
    @raise Violation: if it is not what was promised.
    """
    workload.check()
    check(workload.history, ClockBound.exact(slack))
