"""
A network of cores that a judge looks at.
"""

from __future__ import annotations

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.messages import Message
from replkv.raft.outputs import Persist, ReadReady, Ready, Send, Token
from replkv.testing.health import Health
from replkv.testing.judge import Judge
from replkv.testing.judges.view import DurableLog
from replkv.testing.outcome import Violation
from replkv.testing.watch import watch
from tests.raft.network import Disk, Network, Server


class SeenDisk:
    """
    A disk as a judge sees it.
    """

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    @property
    def term(self) -> int:
        """
        See L{replkv.testing.judges.view.DurableLog.term}.
        """
        return self._disk.currentTerm

    @property
    def votedFor(self) -> int | None:
        """
        See L{replkv.testing.judges.view.DurableLog.votedFor}.
        """
        return self._disk.votedFor

    @property
    def lastIndex(self) -> int:
        """
        See L{replkv.testing.judges.view.DurableLog.lastIndex}.
        """
        return self._disk.firstIndex - 1 + len(self._disk.entries)

    def has(self, index: int, term: int) -> bool:
        """
        See L{replkv.testing.judges.view.DurableLog.has}.
        """
        return self.holds(index, term)

    def holds(self, index: int, term: int) -> bool:
        """
        See L{replkv.testing.judges.view.DurableLog.holds}.
        """
        disk = self._disk
        if index < disk.firstIndex:
            return index > 0
        return index <= self.lastIndex and disk.entries[index - disk.firstIndex].term == term


class Seen:
    """
    A server as a judge sees it.
    """

    def __init__(self, server: Server) -> None:
        self.id = server.config.id
        self.folder = f"folder {self.id}"
        self.disks: dict[str, DurableLog] = {self.folder: SeenDisk(server.disk)}
        self.beginning = server.configuration
        self._server = server

    @property
    def raft(self) -> Raft:
        """
        Its core.
        """
        return self._server.raft


class JudgedNetwork(Network):
    """
    @ivar judge: looks at all servers.
    @ivar health: what it knows of who is well.
    @ivar now: the time that it has.
    @ivar rare: what it has counted.
    @ivar seen: the servers as it sees them.
    """

    def __init__(self, *disks: Disk, limits: RaftLimits = RAFT_LIMITS) -> None:
        super().__init__(*disks, limits=limits)
        self.rare: Counter[str] = Counter()
        self.seen = [Seen(server) for server in self.servers]
        self.now = 0.0
        self.health = Health(len(disks), lambda: self.now)
        self.judge = Judge(self.seen, self.rare, self.health, lambda: self.now)
        for seen in self.seen:
            self._watch(seen)

    def restart(self, server: int, lastApplied: int = 0) -> None:
        """
        Start a server from its disk.
        """
        super().restart(server, lastApplied)
        self._watch(self.seen[server])

    def read(self, server: int, token: Token) -> None:
        """
        Ask a server for a read.
        """
        self.servers[server].raft.read(token)
        self.post(server, self.servers[server].pump())

    def _watch(self, seen: Seen) -> None:
        watch(seen.raft, seen, self.judge, lambda look: look())


class JudgeTests(SynchronousTestCase):
    """
    Tests of what a judge says.

    @ivar network: three servers, of which server 0 leads term 1 and has committed an entry; all have applied it.
    """

    def setUp(self) -> None:
        """
        Elect server 0.
        """
        self.network = JudgedNetwork(Disk(), Disk(), Disk())
        self.network.elect(0)
        self.network.tick(2)

    def raft(self, server: int) -> Raft:
        """
        A server's core.
        """
        return self.network.servers[server].raft

    def assertViolation(self, server: int, ready: Ready, pattern: str) -> None:
        """
        The judge finds something wrong with a server that wants C{ready}, and says so.
        """
        error = self.assertRaises(Violation, self.network.judge.check, self.network.seen[server], ready)
        self.assertRegex(str(error), pattern)

    def assertWrongState(self, server: int, pattern: str) -> None:
        """
        The judge finds something wrong with what a server is.
        """
        self.assertViolation(server, Ready(), pattern)

    def assertWrongMessage(self, server: int, to: int, message: Message, pattern: str) -> None:
        """
        The judge finds that a server must not send C{message}.
        """
        self.assertViolation(server, Ready(sends=[Send(to, message, None)]), pattern)

    def assertWrongWrite(self, server: int, pattern: str, *entries: Entry) -> None:
        """
        The judge finds that a server must not write these entries.
        """
        raft = self.raft(server)
        persist = Persist(99, raft.currentTerm, raft.votedFor, Batch(entries))
        self.assertViolation(server, Ready(persists=[persist]), pattern)

    def assertWrongRead(self, server: int, index: int, token: Token, pattern: str) -> None:
        """
        The judge finds that a server must not answer a read.
        """
        self.assertViolation(server, Ready(reads=[ReadReady(index, (token,))]), pattern)
