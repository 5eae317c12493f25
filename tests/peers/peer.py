"""
What the tests of the connections between servers stand on: the servers at their ends, on the simulated network.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random
from typing import Any, Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IListeningPort
from twisted.python.failure import Failure

from replkv.lives import Life, Past
from replkv.peers.forwards import Forward, ForwardReplies
from replkv.peers.identity import Identity
from replkv.peers.link import PeerLink
from replkv.peers.listener import PeerListener
from replkv.peers.receiver import Timed
from replkv.peers.roll import Roll
from replkv.peers.security import UNPROTECTED, PeerSecurity
from replkv.peers.snapshots import NoSnapshot, Piece
from replkv.raft.configuration import Configuration
from replkv.raft.entry import NO_ENTRIES
from replkv.raft.member import Address
from replkv.raft.messages import AppendEntries, AppendEntriesReply, RequestVote, RequestVoteReply
from replkv.storage.snapshot import Manifest
from replkv.versions import VERSIONS, Versions
from tests.network import Network

PORT: Final = 10000

VOTE = Timed(RequestVote(term=3, lastLogIndex=7, lastLogTerm=2, preVote=False), 1_700_000_000_001)
VOTED = Timed(RequestVoteReply(term=3, granted=True, preVote=False), 0)
HEARTBEAT = Timed(
    AppendEntries(term=3, prevLogIndex=7, prevLogTerm=2, leaderCommit=5, readRound=4, batch=NO_ENTRIES),
    1_700_000_000_002,
)
HEARD = Timed(AppendEntriesReply.accepted(term=3, matchIndex=7, prevLogIndex=7, readRound=4), 1_700_000_000_003)
FULL = HEARD._replace(isFull=True)


def fields(timed: Timed) -> dict[str, Any]:
    """
    What a message has in AMP's boxes.
    """
    return {**timed.message._asdict(), "time": timed.time}


class MemoryFolder:
    """
    A data folder that remembers as long as the test runs.

    @ivar past: this server's.
    @ivar known: the servers that were met.
    """

    def __init__(self, incarnation: str) -> None:
        self.past = Past(incarnation, 1, ("first",))
        self.known: dict[int, Life] = {}

    def restart(self, name: str) -> None:
        """
        A process is started on it.
        """
        self.past = Past(self.past.incarnation, self.past.starts + 1, (name, *self.past.names))

    def peer(self, serverId: int) -> Life | None:
        """
        See L{replkv.peers.acquaintances.Memory.peer}.
        """
        return self.known.get(serverId)

    def rememberPeer(self, serverId: int, life: Life, among: Collection[int]) -> None:
        """
        See L{replkv.peers.acquaintances.Memory.rememberPeer}.
        """
        self.known = {peer: known for peer, known in self.known.items() if peer in among}
        self.known[serverId] = life


class Recorder:
    """
    Takes note of what other servers ask.

    @ivar asked: the requests, with what fires with their replies.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[int, Timed, Deferred[Timed]]] = []

    def requested(self, sender: int, request: Timed) -> Deferred[Timed]:
        """
        See L{replkv.peers.receiver.Receiver.requested}.
        """
        reply: Deferred[Timed] = Deferred()
        self.asked.append((sender, request, reply))
        return reply


class Snapshots:
    """
    What a server has to give.

    @ivar manifest: of the one that there is; C{None} if there is none.
    @ivar refusal: what is said then.
    @ivar pieces: what is given of it.
    @ivar asked: what was asked.
    """

    def __init__(self) -> None:
        self.manifest: Manifest | None = None
        self.refusal: type[NoSnapshot] = NoSnapshot
        self.pieces: list[Piece] = []
        self.asked: list[tuple[int, ...]] = []

    def take(self, sender: int, least: int) -> Deferred[Manifest]:
        """
        See L{replkv.peers.snapshots.SnapshotSource.take}.
        """
        self.asked.append((sender, least))
        return fail(self.refusal("not now")) if self.manifest is None else succeed(self.manifest)

    def read(self, sender: int, number: int, file: int, offset: int) -> Deferred[Piece]:
        """
        See L{replkv.peers.snapshots.SnapshotSource.read}.
        """
        self.asked.append((sender, number, file, offset))
        return succeed(self.pieces.pop(0)) if self.pieces else fail(NoSnapshot("no more"))


class States:
    """
    Tells the hash of a state.

    @ivar hash: what it tells.
    @ivar asked: what was asked, and told.
    """

    def __init__(self) -> None:
        self.hash: Deferred[int | None] = succeed(None)
        self.asked: list[tuple[int, ...]] = []

    def stateHash(self, sender: int, index: int) -> Deferred[int | None]:
        """
        See L{replkv.peers.states.StateSource.stateHash}.
        """
        self.asked.append((sender, index))
        return self.hash

    def compareState(self, sender: int, index: int, stateHash: int) -> None:
        """
        See L{replkv.peers.states.StateSource.compareState}.
        """
        self.asked.append((sender, index, stateHash))


class Forwards:
    """
    Takes commands.

    @ivar replies: what it tells.
    @ivar taken: what it was given, and by whom.
    @ivar closed: how many connections of those who did are lost.
    """

    def __init__(self) -> None:
        self.replies: Deferred[ForwardReplies] = succeed(ForwardReplies(b"", True))
        self.taken: list[tuple[int, Forward]] = []
        self.closed = 0

    def open(self, sender: int) -> ForwardingOf:
        """
        See L{replkv.peers.forwards.Forwards.open}.
        """
        return ForwardingOf(self, sender)


class ForwardingOf:
    """
    One connection of those.
    """

    def __init__(self, forwards: Forwards, sender: int) -> None:
        self._forwards = forwards
        self._sender = sender

    def take(self, forward: Forward) -> Deferred[ForwardReplies]:
        """
        See L{replkv.peers.forwards.Forwarding.take}.
        """
        self._forwards.taken.append((self._sender, forward))
        return self._forwards.replies

    def close(self) -> None:
        """
        See L{replkv.peers.forwards.Forwarding.close}.
        """
        self._forwards.closed += 1


class Disk:
    """
    The thread in which folders are written.

    @ivar holding: whether calls wait for the test.
    """

    def __init__(self) -> None:
        self.holding = False
        self._held: list[tuple[Callable[[], None], Deferred[None]]] = []

    def run(self, function: Callable[[], None]) -> Deferred[None]:
        """
        Call C{function} when it is its turn.
        """
        if not self.holding:
            try:
                function()
            except OSError:
                result: Deferred[None] = Deferred()
                result.errback(Failure())
                return result
            return succeed(None)
        self._held.append((function, Deferred()))
        return self._held[-1][1]

    def finish(self) -> None:
        """
        Make the calls that wait; their callers learn of it when all are made.
        """
        held, self._held = self._held, []
        for function, _ in held:
            function()
        for _, result in held:
            result.callback(None)


class Peer:
    """
    A server as the others see it.

    @ivar process: where it runs.
    """

    def __init__(
        self,
        network: Network,
        serverId: int,
        cluster: str = "replkv",
        members: tuple[int, ...] = (0, 1, 2),
        folder: MemoryFolder | None = None,
        versions: Versions = VERSIONS,
        security: PeerSecurity = UNPROTECTED,
    ) -> None:
        self.process = network.process(hostOf(serverId))
        self.folder = folder or MemoryFolder(f"folder {serverId}")
        self.disk = Disk()
        self.identity = Identity(
            serverId, cluster, Roll(Configuration.ofVoters(members)), self.folder, self.disk.run, versions
        )
        self.receiver = Recorder()
        self.snapshots = Snapshots()
        self.states = States()
        self.forwards = Forwards()
        self.security = security
        self.listener = PeerListener(
            self.process, self.identity, self.receiver, self.snapshots, self.states, self.forwards, security
        )

    def way(self, to: int, address: Address) -> PeerLink:
        """
        Make this server's way to another one.
        """
        endpoint = self.security.connect(TCP4ClientEndpoint(self.process, address.host, address.logPort), to)
        return PeerLink(self.process, Random(1), endpoint, to, address, self.identity, self.security)

    def link(self, to: int) -> PeerLink:
        """
        Make its way to another one where that is, and start it.
        """
        link = self.way(to, addressOf(to))
        link.startService()
        return link

    def listen(self) -> IListeningPort:
        """
        Take the connections of other servers.
        """
        return self.process.listenTCP(PORT, self.security.serve(self.listener))


def addressOf(serverId: int) -> Address:
    """
    Where a server is.
    """
    return Address(hostOf(serverId), PORT - 1, PORT)


def hostOf(serverId: int) -> str:
    """
    The host of a server.
    """
    return f"server{serverId}"
