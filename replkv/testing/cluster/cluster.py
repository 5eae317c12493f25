"""
A cluster in one process, on simulated time, network and disks.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from replkv.client.client import Client
from replkv.config import Config, ServerConfig
from replkv.raft.member import Member
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.testing.chance import chance
from replkv.testing.cluster.availability import LOOK_SECONDS
from replkv.testing.cluster.blind import Blind
from replkv.testing.cluster.leadership import Leadership
from replkv.testing.cluster.logwatch import LogWatch
from replkv.testing.cluster.network import Network
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.cluster.statehash import StateHashes
from replkv.testing.health import Health
from replkv.testing.judge import Judge
from replkv.testing.outcome import NotInTime, Violation
from replkv.testing.quorums import Quorums
from replkv.testing.rare import CRASH_BEFORE_SYNC, CRASH_IN_COMPACTION, REGRESSED
from replkv.testing.timeline import Timeline
from replkv.testing.trace import Trace
from replkv.versions import VERSIONS, Versions

_T = TypeVar("_T")

PATIENCE: Final = 60.0
"""
For how many simulated seconds is waited for something that is sure to happen.
"""

RESTART_SECONDS: Final = 0.3
"""
A server that has stopped itself is started again after so many simulated seconds, as an operator's tools would do it.
"""

CLIENT_PORT: Final = 9000
LOG_PORT: Final = 10000


class SimulatedCluster:
    """
    Real servers, all but the system under them: what runs in production, the log on its disk, the protocols and their
    bytes, on a clock that goes from one thing that happens to the next. All of it is drawn from one seed, so that what
    happens once happens again. While it goes on, a judge looks at all servers, and raises L{Violation} at the first
    thing that no replicated store may do.

    C{with} starts it, and closes it at the end, so that nobody watches any more what is logged::

        with SimulatedCluster(3, seed=7) as cluster:
            client = cluster.client()
            version = cluster.result(client.set(b"color", b"green"))
            cluster.leader().kill()
            assert cluster.result(client.get(b"color")) == b"green"

    @ivar seed: what all randomness is drawn from.
    @ivar servers: the servers; the place of each is its id.
    @ivar clientHosts: the hosts that are no server's.
    @ivar reactor: a reactor on a host of its own, to run what uses the cluster.
    @ivar network: the network.
    @ivar timeline: the time.
    @ivar trace: what has happened so far.
    @ivar judge: looks at the servers.
    @ivar health: which of them are well, as far as the faults of a plan know.
    @ivar blind: when none of them could measure time.
    @ivar clones: how many servers run twice.
    @ivar quorums: knows who may be lost.
    @ivar rare: how often each rare thing has happened.
    """

    def __init__(
        self,
        size: int = 3,
        seed: int = 0,
        tell: Callable[[str], None] | None = None,
        heartbeat: float = 0.05,
        electionTimeout: float = 0.25,
        leaderWait: float = 2.0,
        requestTimeout: float = 5.0,
        segmentBytes: int = 1 << 14,
        exited: Callable[[SimulatedServer], None] = lambda server: None,
        limits: ServerLimits = SERVER_LIMITS,
        versions: Versions = VERSIONS,
        comers: Sequence[Sequence[int]] = (),
        replaceAfter: float | None = None,
    ) -> None:
        """
        @param tell: is given the story, line by line.
        @param segmentBytes: how large a file of the log is.
        @param exited: called when a server's process has ended by itself.
        @param limits: how much the servers do and keep at once.
        @param versions: the versions that they speak at first.
        @param comers: for each server that is no member at first, those of the first ones that its servers file names
            beside itself. It is not started with the others.
        @param replaceAfter: after how many seconds a spare takes the place of a server that is gone; C{None} is never.
        """
        if size < 1:
            raise ValueError(f"a cluster has at least one server, not {size}")
        self.seed = seed
        self.trace = Trace(tell)
        self.timeline = Timeline()
        self.network = Network(self.timeline, chance(seed, "network"), self.trace)
        self.rare: Counter[str] = Counter()
        self.segmentBytes = segmentBytes
        self.limits = limits
        self.versions = versions
        servers = [
            ServerConfig(number, f"server{number}", CLIENT_PORT, LOG_PORT) for number in range(size + len(comers))
        ]
        self.config = Config(
            "var",
            "simulated",
            tuple(servers[:size]),
            heartbeat,
            electionTimeout,
            leaderWait,
            requestTimeout,
            1 << 20,
            1000,
            replaceAfter=replaceAfter,
        )
        self.servers = [SimulatedServer(self, server, self.config) for server in servers[:size]]
        for server, named in zip(servers[size:], comers, strict=True):
            file = replace(self.config, servers=(*(servers[other] for other in named), server))
            self.servers.append(SimulatedServer(self, server, file))
        self.health = Health(len(servers), self.timeline.seconds)
        self.judge = Judge(self.servers, self.rare, self.health, self.timeline.seconds)
        beginning, hasAutopilot = self.servers[0].beginning, replaceAfter is not None
        self.quorums = Quorums(self.servers, beginning, self.judge, self._isWhole, hasAutopilot)
        self.blind = Blind(self.servers, self.quorums)
        self.clones = 0
        self.clientHosts: list[str] = []
        self.reactor = self.process("client")
        self._violation: str | None = None
        self._nextLook = 0.0
        self._leadership = Leadership(size, self.health, lambda: self._leader() is not None, self.timeline.seconds)
        self._stateHashes = StateHashes(self.servers)
        self._cut: list[tuple[str, str]] = []
        self._logWatch = LogWatch(self._logged, self.fail)
        self._logWatch.install()
        self._exited = exited

    def start(self) -> None:
        """
        Start the servers with which the cluster begins.
        """
        for server in self.servers[: len(self.config.servers)]:
            server.start()

    def __enter__(self) -> SimulatedCluster:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """
        Watch no more what is logged.
        """
        self._logWatch.remove()

    # What runs beside it.

    def process(self, host: str) -> Process:
        """
        A reactor on another host.
        """
        self.clientHosts.append(host)
        return Process(self.timeline, self.network, host)

    def client(self, process: Process | None = None, timeout: float = 10.0) -> Client:
        """
        A client of the cluster.

        @param process: where it is, if not on L{reactor}.
        @param timeout: for how many seconds it tries to have a command carried out.
        """
        return Client(process or self.reactor, self.addresses, timeout)

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """
        Where the servers take clients: hosts and ports.
        """
        return [(server.config.hostname, server.config.clientPort) for server in self.servers]

    # Time.

    def step(self) -> None:
        """
        Let the next thing happen.

        @raise Violation: if something happened that must not happen.
        """
        timeline = self.timeline
        timeline.stirred.clear()
        timeline.step()
        now = timeline.seconds()
        # What happens on a host changes nothing on another one until that hears of it. What happens on none is a fault.
        stirred = [server for server in self.servers if server.name in timeline.stirred]
        if not timeline.stirred:
            stirred = self.servers
        for server in stirred:
            self.judging(server.observe)
        if stirred:
            self.blind.look(now)
        if now >= self._nextLook:
            self._nextLook = now + LOOK_SECONDS
            for server in self.servers:
                self.judging(server.awaitAnswers)
            self.judging(self._leadership.look)
            self.judging(self._stateHashes.look)
        self.check()

    def run(self, seconds: float) -> None:
        """
        Let so much time pass.

        @raise Violation: see L{step}.
        """
        end = self.timeline.seconds() + seconds
        while (due := self.timeline.next) is not None and due <= end:
            self.step()
        self.timeline.advance(max(0.0, end - self.timeline.seconds()))

    def until(self, condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        """
        Let time pass until C{condition} is true.

        @param what: what is waited for.
        @raise NotInTime: if it does not come true within C{patience} seconds.
        @raise Violation: see L{step}.
        """
        deadline = self.timeline.seconds() + patience
        while not condition():
            due = self.timeline.next
            if due is None or due > deadline:
                raise NotInTime(f"in {patience:g} s it did not happen: {what}")
            self.step()

    def result(self, waiting: Deferred[_T] | Coroutine[Any, Any, _T], patience: float = PATIENCE) -> _T:
        """
        Let time pass until there is a result.

        @return: the result; if it is a failure, its error is raised.
        @raise NotInTime: if there is none within C{patience} seconds.
        @raise Violation: see L{step}.
        """
        results: list[_T | Failure] = []
        deferred = waiting if isinstance(waiting, Deferred) else Deferred.fromCoroutine(waiting)
        deferred.addBoth(results.append)
        self.until(lambda: results, "there is a result", patience)
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]

    def leader(self, patience: float = PATIENCE) -> SimulatedServer:
        """
        Let time pass until a server leads that a majority follows.

        @raise NotInTime: if none does within C{patience} seconds.
        @raise Violation: see L{step}.
        """
        self.until(lambda: self._leader() is not None, "a server leads", patience)
        leader = self._leader()
        assert leader is not None
        return leader

    def _isWhole(self, member: Member) -> bool:
        server = self.servers[member.id]
        return server.isSound and server.fits(member)

    def _leader(self) -> SimulatedServer | None:
        for server in self.servers:
            if server.leads and not server.isPaused:
                term = server.raft.currentTerm
                serving = [other for other in self.servers if other.isServing]
                followers = {
                    other.id for other in serving if (other.raft.currentTerm, other.raft.leaderId) == (term, server.id)
                }
                if server.raft.configuration.isQuorum(followers):
                    return server
        return None

    # What can be done to the network.

    def partition(self, *groups: Collection[int]) -> None:
        """
        Let servers reach only those of their own group; one in no group reaches none. Clients reach all.

        @raise ValueError: if there is no such server.
        """
        for number in sorted({number for group in groups for number in group}):
            if not 0 <= number < len(self.servers):
                raise ValueError(f"there is no server {number}; there are servers 0 to {len(self.servers) - 1}")
        self.heal()
        hosts = [server.name for server in self.servers]
        together = [{self.servers[number].name for number in group} for group in groups]
        self._block(
            (sender, to)
            for sender in hosts
            for to in hosts
            if sender != to and not any(sender in group and to in group for group in together)
        )

    def heal(self) -> None:
        """
        Undo L{partition}.
        """
        for sender, to in self._cut:
            self.network.unblock(sender, to)
        self._cut = []

    def _block(self, ways: Iterable[tuple[str, str]]) -> None:
        for sender, to in ways:
            self._cut.append((sender, to))
            self.network.block(sender, to)

    # What is found.

    def isCommitted(self, index: int, term: int) -> bool:
        """
        Whether the judge has seen the entry C{index} of C{term} be committed.
        """
        return self.judge.isCommitted(index, term)

    def tell(self, who: str, what: str) -> None:
        """
        Add to the story.
        """
        self.trace.tell(self.timeline.seconds(), who, what)

    def remark(self, what: str) -> None:
        """
        Add to the story what somebody says who looks on.
        """
        self.trace.remark(self.timeline.seconds(), "judge", what)

    def check(self) -> None:
        """
        @raise Violation: if something happened that must not happen.
        """
        if self._violation is not None:
            raise Violation(self._violation)

    def fail(self, what: str) -> None:
        """
        Something happened that must not happen.
        """
        if self._violation is None:
            self._violation = what
            self.remark(what)

    def judging(self, look: Callable[[], None]) -> None:
        """
        Look at a server, from within it or not.
        """
        try:
            look()
        except Violation as violation:
            self.fail(str(violation))

    def exited(self, serverId: int) -> None:
        """
        A server's process has ended by itself.
        """
        server = self.servers[serverId]
        self.tell(server.name, f"ends with status {server.status}{': ' * bool(server.complaint)}{server.complaint}")
        self._exited(server)
        if server.status:
            self.timeline.callLater(RESTART_SECONDS, server.revive)

    def condemned(self, by: int, peer: int) -> None:
        """
        A leader has found a server to lack what it had acknowledged, and says so: its operator stops that server for
        good.
        """
        server = self.servers[peer]
        if server.isIntact and not server.hasGoneBack:
            self.fail(f"server {by} takes server {peer} for one that has lost entries, and it has all of them")
        self.rare[REGRESSED] += 1
        server.condemned = True
        self.timeline.callLater(RESTART_SECONDS, self._retire, server)

    def _retire(self, server: SimulatedServer) -> None:
        if server.isRunning:
            server.kill()

    def interrupted(self, operation: str, path: str) -> None:
        """
        A process ended in the middle of something that it did to its disk.
        """
        if os.path.basename(path) in ("start", "start.new"):
            self.rare[CRASH_IN_COMPACTION] += 1
        elif operation == "sync":
            self.rare[CRASH_BEFORE_SYNC] += 1

    def _logged(self, line: str) -> None:
        self.tell(self.timeline.actor or "cluster", line)
