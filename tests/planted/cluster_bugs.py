"""
Bugs that whole servers can have, around their cores.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from weakref import WeakKeyDictionary

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

import replkv.peers.identity
import replkv.storage.log
import replkv.storage.segment
from replkv.client.dispatcher import Dispatcher
from replkv.client.errors import Unavailable
from replkv.executor import Executor
from replkv.kv.engine import Engine
from replkv.kv.machine import Outcome, StateMachine
from replkv.lives import Life, Past, contradiction
from replkv.names import Names, NoAddress
from replkv.peers.argument import PART_BYTES, LargeBytes, nativeName
from replkv.peers.identity import Identity
from replkv.peers.link import OutgoingConnection, PeerLink
from replkv.pending import Deadlines, Proposals
from replkv.protocol.commands import Cas, Command, Delete, Quit, Set
from replkv.protocol.connection import ClientProtocol
from replkv.protocol.request import Request
from replkv.raft.core import Raft
from replkv.raft.entry import Entry
from replkv.raft.follower import Follower
from replkv.raft.messages import AppendEntries
from replkv.raft.outputs import Persist, Token
from replkv.server import Server
from replkv.storage.folder import DataFolder
from replkv.storage.record import encodeFrame
from replkv.storage.segment import Segment
from tests.planted.bug import Bug, Patch
from tests.planted.core_bugs import campaignAtOnce

_addresses = Names.addresses
_appendEntries = Follower.appendEntries
_apply = StateMachine.apply
_applied = Proposals.applied
_carryOut = Executor._carryOut
_commandReceived = ClientProtocol._commandReceived
_disconnected = PeerLink.disconnected
_contradiction = contradiction
_fail = Server._fail
_failed = Dispatcher._failed
_init = Dispatcher.__init__
_fromBox = LargeBytes.fromBox
_read = Raft.read
_recover = Server._recover
_submit = Executor.submit
_sweep = Deadlines.sweep
_toBox = LargeBytes.toBox
_writeReplies = ClientProtocol.writeReplies


def _appendUnsynced(segment: Segment, parts: Sequence[Persist]) -> None:
    frame = encodeFrame(parts, segment.header.marker, segment.end)
    segment._file.write(segment.end, frame)
    segment.end += len(frame)


def _appendSynced(segment: Segment, parts: Sequence[Persist]) -> None:
    """
    It ignores what the sync says.
    """
    frame = encodeFrame(parts, segment.header.marker, segment.end)
    segment._file.write(segment.end, frame)
    with suppress(OSError):
        segment._file.sync()
    segment.end += len(frame)


class _Never(Exception):
    """
    Is never raised.
    """


def _recoverWithClock(server: Server, machine: StateMachine) -> Raft:
    machine.localClock = server._host.wallClock  # type: ignore[attr-defined]
    return _recover(server, machine)


def _applyByLocalClock(machine: StateMachine, entries: Sequence[Entry]) -> list[Outcome]:
    machine.clock = max(machine.clock, int(machine.localClock() * 1000))  # type: ignore[attr-defined]
    return _apply(machine, entries)


class _InTwoSteps:
    """
    An engine that gets the data first, and then how much of the log that is.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """
        Write.
        """
        data = dict(changes)
        last = data.popitem()
        self._engine.write(data)
        self._engine.write(dict([last]))


def _applyInTwoSteps(machine: StateMachine, entries: Sequence[Entry]) -> list[Outcome]:
    engine = machine._engine
    machine._engine = _InTwoSteps(engine)
    try:
        return _apply(machine, entries)
    finally:
        machine._engine = engine


def _appliedByIndex(proposals: Proposals, entries: list[Entry], outcomes: list[Outcome]) -> None:
    terms = {index: term for index, (term, _) in proposals._requests.items()}
    _applied(proposals, [entry._replace(term=terms.get(entry.index, entry.term)) for entry in entries], outcomes)


def _sweepWithoutBytes(deadlines: Deadlines, now: float) -> None:
    held = deadlines._bytes
    _sweep(deadlines, now)
    deadlines._bytes = held


def _abandonSilently(proposals: Proposals) -> None:
    proposals._requests.clear()
    proposals._bytes = 0


def _appliedInVain(proposals: Proposals, entries: list[Entry], outcomes: list[Outcome]) -> None:
    """
    It does not know what came of some of them.
    """
    for entry in entries:
        _, request = proposals._requests.get(entry.index, (0, None))
        if request is not None and request.reply is None and entry.index % 50 == 0:
            request.unavailable()
    _applied(proposals, entries, outcomes)


def _redirectTaken(proposals: Proposals) -> None:
    for _, request in proposals._requests.values():
        if request.reply is None:
            request.redirect("server0", 9000)
    proposals._requests.clear()


def _answeredFirst(connection: ClientProtocol) -> None:
    requests: deque[Any] = connection._requests
    ordered = sorted(requests, key=lambda request: request.reply is None)
    requests.clear()
    requests.extend(ordered)
    _writeReplies(connection)


def _forgetAtQuit(connection: ClientProtocol, command: Command) -> None:
    if isinstance(command, Quit):
        connection.transport.loseConnection()
    else:
        _commandReceived(connection, command)


_written: WeakKeyDictionary[Any, dict[bytes, int]] = WeakKeyDictionary()


def _carryOutNoting(executor: Executor, request: Request) -> None:
    """
    It notes where its connection has written a key.
    """
    _carryOut(executor, request)
    if isinstance(request.command, Set | Cas | Delete):
        _written.setdefault(request.connection, {})[request.command.key] = request.connection.lastIndex


def _readOwnKey(raft: Raft, token: Token, atLeast: int = 0) -> None:
    """
    It waits for what its connection wrote to this key alone.
    """
    request = token.request  # type: ignore[attr-defined]
    _read(raft, token, _written.get(request.connection, {}).get(request.command.key, 0))


def _cut(argument: LargeBytes, name: bytes, strings: Any, objects: dict[str, Any], proto: Any) -> None:
    objects[nativeName(name)] = objects[nativeName(name)][:PART_BYTES]
    _toBox(argument, name, strings, objects, proto)


def _leaveOutShortPart(argument: LargeBytes, name: bytes, strings: Any, objects: dict[str, Any], proto: Any) -> None:
    size = len(objects[nativeName(name)])
    _toBox(argument, name, strings, objects, proto)
    if size % PART_BYTES == 1:
        del strings[b"%b.%d" % (name, size // PART_BYTES)]


def _wantEmptyPart(argument: LargeBytes, name: bytes, strings: Any, objects: dict[str, Any], proto: Any) -> None:
    size = int(strings[name])
    _fromBox(argument, name, strings, objects, proto)
    if size and size % PART_BYTES == 0:
        raise ValueError("a part is missing")


def _refuseSome(executor: Executor, request: Request) -> None:
    if request.connection.submitted % 3 == 2:
        request.connection.submitted += 1
        request.number = request.connection.submitted
        request.unavailable()
    else:
        _submit(executor, request)


def _redirectToSelf(executor: Executor, request: Request, leaderId: int) -> None:
    request.redirect(executor._server.hostname, executor._server.clientPort)


def _redirectElsewhere(executor: Executor, request: Request, leaderId: int) -> None:
    """
    It names the server after the one that leads.
    """
    servers = executor._config.servers
    other = servers[(leaderId + 1) % len(servers)]
    request.redirect(other.hostname, other.clientPort)


def _sweepAnswered(deadlines: Deadlines, now: float) -> None:
    """
    It forgets what was answered, and answers nothing itself.
    """
    while deadlines._queue and deadlines._queue[0][1].reply is not None:
        _, request = deadlines._queue.popleft()
        deadlines._bytes -= request.size


def _failUnnoticed(server: Server, status: int, reason: str) -> None:
    _fail(server, status, reason)
    server.exitStatus = 0


def _appendWithoutReset(follower: Follower, sender: int, message: AppendEntries, token: Token) -> None:
    elapsed = follower._elapsed
    _appendEntries(follower, sender, message, token)
    follower._elapsed = elapsed


def _anyFolder(server: int, known: Life | None, told: Past) -> str | None:
    return _contradiction(server, known, told) if known and known.incarnation == told.incarnation else None


def _sameFolder(server: int, known: Life | None, told: Past) -> str | None:
    return "another folder" if known is not None and known.incarnation != told.incarnation else None


def _rememberForNow(folder: DataFolder, serverId: int, life: Life) -> None:
    folder._peers = {**folder._peers, serverId: life}


def _sendAgain(dispatcher: Dispatcher, failure: Failure, call: Any) -> None:
    call.changes = False
    _failed(dispatcher, failure, call)


def _guess(dispatcher: Dispatcher, *args: Any) -> None:
    _init(dispatcher, *args)
    dispatcher._knowsLeader = True


def _expireAsUnsent(dispatcher: Dispatcher, call: Any) -> None:
    dispatcher._takeBack(call)
    call.fail(Unavailable("not carried out"))


def _addressesForGood(names: Names, name: str) -> Deferred[list[str]]:
    """
    A name that was not found once is not looked up again.
    """
    missing: dict[str, Failure] = vars(names).setdefault("missing", {})
    if name in missing:
        return fail(missing[name])

    def remember(failure: Failure) -> Failure:
        if failure.check(NoAddress):
            missing[name] = failure
        return failure

    return _addresses(names, name).addErrback(remember)


def _neverDialAgain(link: PeerLink, connection: OutgoingConnection) -> None:
    _disconnected(link, connection)
    link._client.stopService()


def _tellNobody(link: PeerLink, connection: OutgoingConnection) -> None:
    if connection is link._connection:
        link._connection = None
        link.isUp = False


BUGS: Final = (
    Bug("acknowledged before the fsync", "cluster", 100, (Patch(Segment, "append", _appendUnsynced),)),
    Bug(
        "a system without descriptors taken for a failed disk",
        "cluster",
        100,
        (Patch(replkv.storage.log, "Exhausted", _Never),),
    ),
    Bug("a failed fsync ignored", "cluster", 200, (Patch(Segment, "append", _appendSynced),)),
    Bug(
        "damage in the middle of a log taken for a torn tail",
        "cluster",
        100,
        (Patch(replkv.storage.segment, "findFrame", lambda data, marker, offset: None),),
    ),
    Bug(
        "expiry by the local clock",
        "cluster",
        20,
        (Patch(Server, "_recover", _recoverWithClock), Patch(StateMachine, "apply", _applyByLocalClock)),
    ),
    Bug("applied index and data not in one write", "cluster", 300, (Patch(StateMachine, "apply", _applyInTwoSteps),)),
    Bug(
        "a pipelined read that misses the write before it",
        "cluster",
        100,
        (Patch(Raft, "read", lambda raft, token, atLeast=0: _read(raft, token)),),
    ),
    Bug(
        "a read that does not wait for its connection's writes to other keys",
        "cluster",
        100,
        (Patch(Executor, "_carryOut", _carryOutNoting), Patch(Raft, "read", _readOwnKey)),
    ),
    Bug(
        "a pending reply found by index alone",
        "cluster",
        200,
        (Patch(Proposals, "abandon", lambda proposals: None), Patch(Proposals, "applied", _appliedByIndex)),
    ),
    Bug("failure told for a write that commits", "cluster", 100, (Patch(Proposals, "abandon", _redirectTaken),)),
    Bug(
        "replies out of order on one connection",
        "cluster",
        50,
        (Patch(ClientProtocol, "writeReplies", _answeredFirst),),
    ),
    Bug(
        "quit drops pending replies",
        "cluster",
        20,
        (Patch(ClientProtocol, "_commandReceived", _forgetAtQuit),),
    ),
    Bug(
        "a client that has shut down its writing side is forgotten",
        "cluster",
        20,
        (Patch(ClientProtocol, "readConnectionLost", lambda connection: connection.transport.loseConnection()),),
    ),
    Bug(
        "the bytes of commands whose time is up stay counted",
        "cluster",
        10,
        (Patch(Deadlines, "sweep", _sweepWithoutBytes),),
    ),
    Bug("a deposed leader lets its clients wait", "cluster", 50, (Patch(Proposals, "abandon", _abandonSilently),)),
    Bug("commands refused without a reason", "cluster", 20, (Patch(Executor, "submit", _refuseSome),)),
    Bug("a redirect to the one who redirects", "cluster", 20, (Patch(Executor, "_redirect", _redirectToSelf),)),
    Bug("a failed disk not told by the exit status", "cluster", 50, (Patch(Server, "_fail", _failUnnoticed),)),
    Bug(
        "heartbeats that do not reset the election timeout",
        "cluster",
        50,
        (Patch(Follower, "appendEntries", _appendWithoutReset),),
    ),
    Bug(
        "a name that was not found is not looked up again",
        "cluster",
        100,
        (Patch(Names, "addresses", _addressesForGood),),
    ),
    Bug("there is no pre-vote among whole servers", "cluster", 100, (Patch(Raft, "campaign", campaignAtOnce),)),
    Bug("a lost server is never dialled again", "cluster", 50, (Patch(PeerLink, "disconnected", _neverDialAgain),)),
    Bug(
        "a connection without answers is never given up",
        "cluster",
        100,
        (Patch(PeerLink, "_checkAnswers", lambda link: None),),
    ),
    Bug("a lost connection is not told to the core", "cluster", 200, (Patch(PeerLink, "disconnected", _tellNobody),)),
    Bug("a client that sends a write again", "cluster", 200, (Patch(Dispatcher, "_failed", _sendAgain),)),
    Bug(
        "a client that takes the first server for the leader", "cluster", 100, (Patch(Dispatcher, "__init__", _guess),)
    ),
    Bug("a client that takes late for not done", "cluster", 200, (Patch(Dispatcher, "expire", _expireAsUnsent),)),
    Bug("a value cut at 65,535 bytes", "cluster", 50, (Patch(LargeBytes, "toBox", _cut),)),
    Bug("a last part of one byte is left out", "cluster", 100, (Patch(LargeBytes, "toBox", _leaveOutShortPart),)),
    Bug("an empty part is wanted after full ones", "cluster", 100, (Patch(LargeBytes, "fromBox", _wantEmptyPart),)),
    Bug(
        "a wiped data folder let in",
        "cluster",
        100,
        (
            Patch(replkv.peers.identity, "contradiction", _anyFolder),
            Patch(Identity, "_incarnation", lambda identity, peer: ""),
        ),
    ),
    Bug(
        "an older copy of a data folder let in",
        "cluster",
        100,
        (Patch(replkv.peers.identity, "contradiction", _sameFolder),),
    ),
    Bug(
        "other servers remembered in memory only", "cluster", 20, (Patch(DataFolder, "rememberPeer", _rememberForNow),)
    ),
    Bug("a write carried out, and not told", "cluster", 20, (Patch(Proposals, "applied", _appliedInVain),)),
    Bug(
        "elections that begin late",
        "cluster",
        20,
        (Patch(Raft, "randomElectionTimeout", lambda raft: 20 * raft.config.electionTicks),),
    ),
    Bug("a request's time never is up", "cluster", 20, (Patch(Deadlines, "sweep", _sweepAnswered),)),
    Bug(
        "a read without a quorum is forgotten",
        "cluster",
        20,
        (Patch(Executor, "readAgain", lambda executor, read: None),),
    ),
    Bug("what waited for a leader is left to wait", "cluster", 20, (Patch(Executor, "resume", lambda executor: None),)),
    Bug("a redirect to a server that never led", "cluster", 20, (Patch(Executor, "_redirect", _redirectElsewhere),)),
)
