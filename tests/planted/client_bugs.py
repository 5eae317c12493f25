"""
Bugs of whole servers towards their clients, and of the client library.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final
from weakref import WeakKeyDictionary

from twisted.python.failure import Failure

from replkv.client.dispatcher import Dispatcher
from replkv.client.errors import Unavailable
from replkv.commands import results
from replkv.commands.cas import Cas
from replkv.commands.command import Command
from replkv.commands.delete import Delete
from replkv.commands.extras import Quit
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.frontends.connection import ClientConnection
from replkv.frontends.replies import Replies
from replkv.frontends.request import Request
from replkv.node.executor import Executor
from replkv.node.pending import Deadlines, Proposals
from replkv.raft.core import Raft
from replkv.raft.entry import Entry
from replkv.raft.member import Address
from replkv.raft.outputs import Token
from tests.planted.bug import Bug, Patch

_applied = Proposals.applied
_carryOut = Executor._carryOut
_commandReceived = ClientConnection._commandReceived
_failed = Dispatcher._failed
_init = Dispatcher.__init__
_read = Raft.read
_submit = Executor.submit
_sweep = Deadlines.sweep
_writeReplies = ClientConnection.writeReplies
_cut = Replies._cut
_forget = Replies.forget


def _appliedByIndex(proposals: Proposals, entries: list[Entry], told: list[results.Result | None]) -> None:
    terms = {index: term for index, (term, _) in proposals._requests.items()}
    _applied(proposals, [entry._replace(term=terms.get(entry.index, entry.term)) for entry in entries], told)


def _sweepWithoutBytes(deadlines: Deadlines, now: float) -> None:
    held = deadlines._bytes
    _sweep(deadlines, now)
    deadlines._bytes = held


def _abandonSilently(proposals: Proposals, commitIndex: int) -> None:
    proposals._requests.clear()
    proposals._bytes = 0


def _appliedInVain(proposals: Proposals, entries: list[Entry], told: list[results.Result | None]) -> None:
    """
    It does not know what came of some of them.
    """
    for entry in entries:
        _, request = proposals._requests.get(entry.index, (0, None))
        if request is not None and not request.isAnswered and entry.index % 50 == 0:
            request.answer(results.Unavailable())
    _applied(proposals, entries, told)


def _redirectTaken(proposals: Proposals, commitIndex: int) -> None:
    for _, request in proposals._requests.values():
        if not request.isAnswered:
            request.answer(results.Redirected("server0", 9000))
    proposals._requests.clear()


def _answeredFirst(connection: ClientConnection) -> None:
    requests: deque[Any] = connection._asked
    ordered = sorted(requests, key=lambda request: not request.isAnswered)
    requests.clear()
    requests.extend(ordered)
    _writeReplies(connection)


def _forgetAtQuit(connection: ClientConnection, command: Command) -> None:
    if isinstance(command, Quit):
        connection.transport.unregisterProducer()
        connection.transport.loseConnection()
    else:
        _commandReceived(connection, command)


_written: WeakKeyDictionary[Any, dict[bytes, int]] = WeakKeyDictionary()


def _carryOutNoting(executor: Executor, request: Request) -> None:
    """
    It notes where its session has written a key.
    """
    _carryOut(executor, request)
    if isinstance(request.command, Set | Cas | Delete):
        _written.setdefault(request.session, {})[request.command.key] = request.session.lastIndex


def _readOwnKey(raft: Raft, token: Token, atLeast: int = 0) -> None:
    """
    It waits for what its session wrote to this key alone.
    """
    request = token.request  # type: ignore[attr-defined]
    if isinstance(request.command, Get | Getm):
        atLeast = _written.get(request.session, {}).get(request.command.key, 0)
    _read(raft, token, atLeast)


def _refuseSome(executor: Executor, request: Request) -> bool:
    if request.session.submitted % 3 != 2:
        return _submit(executor, request)
    request.session.submitted += 1
    request.number = request.session.submitted
    request.answer(results.Unavailable())
    return False


def _redirectToSelf(executor: Executor, request: Request, leader: Address | None) -> None:
    request.answer(_redirectedTo(executor, executor._id))


def _redirectElsewhere(executor: Executor, request: Request, leader: Address | None) -> None:
    """
    It names the server after the one that leads.
    """
    ids, leaderId = executor._raft.configuration.ids, executor._raft.leaderId
    other = ids[0] if leaderId is None else ids[(ids.index(leaderId) + 1) % len(ids)]
    request.answer(_redirectedTo(executor, other))


def _redirectedTo(executor: Executor, server: int) -> results.Redirected:
    address = executor._roster.addressOf(server)
    assert address is not None
    return results.Redirected(address.host, address.clientPort)


def _sweepAnswered(deadlines: Deadlines, now: float) -> None:
    """
    It forgets what was answered, and answers nothing itself.
    """
    while deadlines._queue and deadlines._queue[0][1].isAnswered:
        _, request = deadlines._queue.popleft()
        deadlines._bytes -= request.size


def _sendAgain(dispatcher: Dispatcher, failure: Failure, call: Any) -> None:
    call.changes = False
    _failed(dispatcher, failure, call)


def _guess(dispatcher: Dispatcher, *args: Any, **options: Any) -> None:
    _init(dispatcher, *args, **options)
    dispatcher._knowsLeader = True


def _expireAsUnsent(dispatcher: Dispatcher, call: Any) -> None:
    dispatcher._takeBack(call)
    call.fail(Unavailable("not carried out"))


def _keepCounting(replies: Replies) -> None:
    """
    It gives back what it was to be given, and not what it was given.
    """
    replies._held -= replies._given
    _forget(replies)


def _skipPiece(replies: Replies) -> bytes:
    """
    It gives out the third piece in the place of the second one.
    """
    if replies._offset == replies._pieceBytes:
        replies._offset += replies._pieceBytes
    return _cut(replies)


BUGS: Final = (
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
        (Patch(Proposals, "abandon", lambda *_: None), Patch(Proposals, "applied", _appliedByIndex)),
    ),
    Bug("failure told for a write that commits", "cluster", 100, (Patch(Proposals, "abandon", _redirectTaken),)),
    Bug(
        "replies out of order on one connection",
        "cluster",
        50,
        (Patch(ClientConnection, "writeReplies", _answeredFirst),),
    ),
    Bug(
        "quit drops pending replies",
        "cluster",
        20,
        (Patch(ClientConnection, "_commandReceived", _forgetAtQuit),),
    ),
    Bug(
        "a client that has shut down its writing side is forgotten",
        "cluster",
        20,
        (Patch(ClientConnection, "readConnectionLost", lambda connection: connection.transport.loseConnection()),),
    ),
    Bug(
        "the bytes of commands whose time is up stay counted",
        "cluster",
        10,
        (Patch(Deadlines, "sweep", _sweepWithoutBytes),),
    ),
    Bug(
        "what a client that is gone did not read stays counted",
        "cluster",
        20,
        (Patch(Replies, "forget", _keepCounting),),
    ),
    Bug("a large reply without a piece of it", "cluster", 20, (Patch(Replies, "_cut", _skipPiece),)),
    Bug("a deposed leader lets its clients wait", "cluster", 50, (Patch(Proposals, "abandon", _abandonSilently),)),
    Bug("commands refused without a reason", "cluster", 20, (Patch(Executor, "submit", _refuseSome),)),
    Bug("a redirect to the one who redirects", "cluster", 20, (Patch(Executor, "_redirect", _redirectToSelf),)),
    Bug("a client that sends a write again", "cluster", 200, (Patch(Dispatcher, "_failed", _sendAgain),)),
    Bug(
        "a client that takes the first server for the leader", "cluster", 100, (Patch(Dispatcher, "__init__", _guess),)
    ),
    Bug("a client that takes late for not done", "cluster", 200, (Patch(Dispatcher, "expire", _expireAsUnsent),)),
    Bug("a write carried out, and not told", "cluster", 20, (Patch(Proposals, "applied", _appliedInVain),)),
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
