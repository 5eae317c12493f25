"""
A server that other servers have let in, and that then says what it likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory
from twisted.protocols import amp
from xxhash import xxh3_128

from replkv.peers.commands import Hello, InstallSnapshotCommand, RequestVoteCommand
from replkv.peers.identity import Identity
from replkv.peers.quiet import QuietAMP
from replkv.peers.roll import Roll
from replkv.peers.snapshots import Piece
from replkv.raft.configuration import Configuration
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.storage.snapshot import Manifest, SnapshotFile
from replkv.testing import SimulatedServer
from replkv.testing.cluster.cluster import LOG_PORT
from tests.network import dial
from tests.node.cluster import Cluster
from tests.peers.ampappend import AppendEntriesCommand
from tests.peers.listening import Caller
from tests.peers.peer import Disk, MemoryFolder

Box = Mapping[bytes, bytes]

NOW: Final = b"1700000000000"
"""
The time, as it tells it.
"""

_FILE: Final = b"no store"
_DESCRIBED: Final = Manifest(1, 2**61, (SnapshotFile("CURRENT", len(_FILE), xxh3_128(_FILE).hexdigest()),)).encode()
_MANIFEST: Final = {b"manifest": b"%d" % len(_DESCRIBED), b"manifest.0": _DESCRIBED}
_PIECE: Final = {b"data": b"%d" % len(_FILE), b"data.0": _FILE, b"checksum": b"%d" % Piece.of(_FILE).checksum}


class HostileCluster(Cluster):
    """
    A cluster of which one server is hostile: it is not started, and L{Hostile} takes its place. What judges know of the
    others does not hold where one lies, so nothing but an error that is logged with a traceback is held against them.
    """

    def __init__(
        self,
        size: int,
        hostile: int,
        electionTimeout: float = 0.25,
        limits: ServerLimits = SERVER_LIMITS,
    ) -> None:
        """
        @param hostile: the id of the hostile server.
        @param electionTimeout: the shortest, in seconds.
        """
        super().__init__(size, limits, started=())
        self.config = replace(self.config, electionTimeout=electionTimeout)
        self.segmentBytes = 1 << 13
        self._logWatch._broken = super().fail
        for server in self.servers:
            server.hasForgotten = True
        for server in self.servers:
            if server.id != hostile:
                server.start()
        self.settle()

    def fail(self, what: str) -> None:
        """
        A judge has found something.
        """


class Asker(Caller):
    """
    The end of a connection that asks. Of what it has not asked for in the usual way, it takes no notice.
    """

    def ampBoxReceived(self, box: amp.AmpBox) -> None:
        """
        An answer came.
        """
        if box.get(b"_answer", box.get(b"_error")) in self._outstandingRequests:
            super().ampBoxReceived(box)


class _Answers(QuietAMP):
    """
    The end of a connection that answers.
    """

    def __init__(self, hostile: Hostile) -> None:
        super().__init__()
        self._hostile = hostile

    def ampBoxReceived(self, box: amp.AmpBox) -> None:
        """
        Say who it is, or what it likes.
        """
        if box[b"_command"] == b"Hello":
            answer: Box | None = Hello.makeResponse(self._hostile.identity.introduction(), self)
        else:
            answer = self._hostile.answer(box)
        if answer is not None:
            amp.AmpBox({**answer, b"_answer": box[b"_ask"]})._sendTo(self)


class Hostile(ServerFactory):
    """
    The hostile server: what it asks is any box, and so is what it answers.

    @ivar identity: who it says that it is.
    @ivar answer: makes an answer of a request; C{None} if it gives none.
    """

    noisy = False

    def __init__(
        self,
        cluster: Cluster,
        serverId: int,
        host: str | None = None,
        answer: Callable[[Box], Box | None] | None = None,
    ) -> None:
        """
        @param host: where it runs; where the server should, if C{None}.
        @param answer: what it answers; as a server in its right mind does, if C{None}.
        """
        members = Roll(Configuration.ofVoters(server.id for server in cluster.servers))
        self.identity = Identity(serverId, "simulated", members, MemoryFolder("hostile"), Disk().run)
        self.answer = answer or honest
        self._cluster = cluster
        self._process = cluster.process(host or f"server{serverId}")
        self._process.listenTCP(LOG_PORT, self)

    def buildProtocol(self, addr: IAddress | None) -> _Answers:
        """
        A server connects.
        """
        return _Answers(self)

    def connect(self, server: SimulatedServer) -> Asker:
        """
        Connect to a server, and be let in.
        """
        caller = Asker()
        dial(caller, self._process, server.name, LOG_PORT)
        self._cluster.settle()
        caller.ask(Hello, **self.identity.hello(server.id)).addErrback(lambda failure: None)
        self._cluster.settle()
        return caller

    def send(self, caller: Caller, command: type[amp.Command], **arguments: Any) -> Deferred[Any]:
        """
        Ask something, and let all happen that comes of it.

        @return: what came of it, an error too.
        """
        outcome = caller.ask(command, **arguments)
        self._cluster.settle()
        return outcome.addErrback(lambda failure: failure.value)


def honest(request: Box) -> Box | None:
    """
    The answer of a server that has all, and votes for everyone. Its snapshots are no stores.
    """
    name = request[b"_command"]
    answer = {b"term": request.get(b"term", b"1"), b"time": NOW}
    if name == RequestVoteCommand.commandName:
        return {**answer, b"granted": b"True", b"preVote": request[b"preVote"]}
    if name == AppendEntriesCommand.commandName:
        before = int(request[b"prevLogIndex"])
        count = int.from_bytes(request[b"batch.0"][8:12], "big") if b"batch.0" in request else 0
        return {
            **answer,
            b"success": b"True",
            b"matchIndex": b"%d" % (before + count),
            b"prevLogIndex": request[b"prevLogIndex"],
            b"conflictIndex": b"0",
            b"conflictTerm": b"0",
            b"readRound": request[b"readRound"],
        }
    if name == InstallSnapshotCommand.commandName:
        return {**answer, b"matchIndex": request[b"lastIncludedIndex"], b"readRound": request[b"readRound"]}
    others = {b"TimeoutNow": answer, b"StateHash": {}, b"TakeSnapshot": _MANIFEST, b"ReadSnapshot": _PIECE}
    return others.get(name)


def sendBox(caller: Caller, box: Box) -> None:
    """
    Send a box as it is.
    """
    caller.transport.write(cast(bytes, amp.AmpBox(box).serialize()))
