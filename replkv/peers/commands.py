"""
The AMP commands between servers: L{Hello}, with which a connection begins, and one for each message of Raft.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, NamedTuple

from twisted.protocols import amp

from replkv.peers.argument import LargeBytes
from replkv.peers.receiver import Timed
from replkv.peers.snapshots import NoSnapshot, NotYet
from replkv.raft.entry import Batch
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
    Message,
    RequestVote,
    RequestVoteReply,
    TimeoutNow,
    TimeoutNowReply,
)
from replkv.times import FAR_FUTURE


class ClusterTime(amp.Argument):
    """
    The sender's time: see L{Timed}.
    """

    def toString(self, inObject: int) -> bytes:
        """
        Put it into the box.
        """
        return b"%d" % inObject

    def fromString(self, inString: bytes) -> int:
        """
        Take it out of the box.

        @raise ValueError: if it is no time.
        """
        if not inString.isdigit() or len(inString) > 19 or int(inString) > FAR_FUTURE:
            raise ValueError(f"{inString[:32]!r} is no time")
        return int(inString)


class Refused(Exception):
    """
    The other server does not want to talk to this one; its words say why.
    """


class NotIntroduced(Exception):
    """
    A connection has to begin with L{Hello}.
    """


_INTRODUCTION: Final = [
    (b"incarnation", amp.Unicode()),
    (b"starts", amp.Integer()),
    (b"names", amp.ListOf(amp.Unicode())),
    (b"newest", amp.Integer(optional=True)),
]


class Hello(amp.Command):
    """
    Each side says which server of which cluster it is, that it still has the data folder that it always had, and which
    versions it speaks: C{version} is the oldest, and C{newest} what it says. Servers of version 3 do not know
    C{newest}, as AMP lets them, do not say it, and let in whose C{version} is 3.
    """

    arguments: ClassVar = [
        (b"version", amp.Integer()),
        (b"cluster", amp.Unicode()),
        (b"members", amp.ListOf(amp.Integer())),
        (b"sender", amp.Integer()),
        (b"recipient", amp.Integer()),
        (b"folders", amp.ListOf(amp.Unicode())),
        *_INTRODUCTION,
    ]
    response: ClassVar = _INTRODUCTION
    errors: ClassVar = {Refused: b"REFUSED"}


class RequestVoteCommand(amp.Command):
    """
    L{RequestVote}, and L{RequestVoteReply}. C{handOver} is left out where it is not true, as it was before there was
    any.
    """

    commandName = b"RequestVote"
    arguments: ClassVar = [
        (b"term", amp.Integer()),
        (b"lastLogIndex", amp.Integer()),
        (b"lastLogTerm", amp.Integer()),
        (b"preVote", amp.Boolean()),
        (b"handOver", amp.Boolean(optional=True)),
        (b"time", ClusterTime()),
    ]
    response: ClassVar = [
        (b"term", amp.Integer()),
        (b"granted", amp.Boolean()),
        (b"preVote", amp.Boolean()),
        (b"time", ClusterTime()),
    ]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class AppendEntriesCommand(amp.Command):
    """
    L{AppendEntries}, and L{AppendEntriesReply}. C{full} says that the disk of who answers is nearly full; where it is
    not, it is left out. So is C{lostIndex} where it is 0.
    """

    commandName = b"AppendEntries"
    arguments: ClassVar = [
        (b"term", amp.Integer()),
        (b"prevLogIndex", amp.Integer()),
        (b"prevLogTerm", amp.Integer()),
        (b"leaderCommit", amp.Integer()),
        (b"readRound", amp.Integer()),
        (b"batch", LargeBytes()),
        (b"time", ClusterTime()),
    ]
    response: ClassVar = [
        (b"term", amp.Integer()),
        (b"success", amp.Boolean()),
        (b"matchIndex", amp.Integer()),
        (b"prevLogIndex", amp.Integer()),
        (b"conflictIndex", amp.Integer()),
        (b"conflictTerm", amp.Integer()),
        (b"readRound", amp.Integer()),
        (b"time", ClusterTime()),
        (b"full", amp.Boolean(optional=True)),
        (b"lostIndex", amp.Integer(optional=True)),
    ]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class TimeoutNowCommand(amp.Command):
    """
    L{TimeoutNow}, and L{TimeoutNowReply}.
    """

    commandName = b"TimeoutNow"
    arguments: ClassVar = [(b"term", amp.Integer()), (b"time", ClusterTime())]
    response: ClassVar = [(b"term", amp.Integer()), (b"time", ClusterTime())]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class InstallSnapshotCommand(amp.Command):
    """
    L{InstallSnapshot}, and L{InstallSnapshotReply}.
    """

    commandName = b"InstallSnapshot"
    arguments: ClassVar = [
        (b"term", amp.Integer()),
        (b"lastIncludedIndex", amp.Integer()),
        (b"lastIncludedTerm", amp.Integer()),
        (b"readRound", amp.Integer()),
        (b"time", ClusterTime()),
    ]
    response: ClassVar = [
        (b"term", amp.Integer()),
        (b"matchIndex", amp.Integer()),
        (b"readRound", amp.Integer()),
        (b"time", ClusterTime()),
    ]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class TakeSnapshotCommand(amp.Command):
    """
    A server that needs a snapshot asks another one for it: see L{replkv.peers.snapshots.SnapshotSource.take}.
    """

    commandName = b"TakeSnapshot"
    arguments: ClassVar = [(b"least", amp.Integer())]
    response: ClassVar = [(b"manifest", LargeBytes())]
    # AMP takes the first that fits.
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED", NotYet: b"NOT_YET", NoSnapshot: b"NO_SNAPSHOT"}


class ReadSnapshotCommand(amp.Command):
    """
    It asks for a piece of it: see L{replkv.peers.snapshots.SnapshotSource.read}.
    """

    commandName = b"ReadSnapshot"
    arguments: ClassVar = [
        (b"number", amp.Integer()),
        (b"file", amp.Integer()),
        (b"offset", amp.Integer()),
    ]
    response: ClassVar = [(b"data", LargeBytes()), (b"checksum", amp.Integer())]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED", NoSnapshot: b"NO_SNAPSHOT"}


class StateHashCommand(amp.Command):
    """
    A leader asks for the hash of a server's state: see L{replkv.peers.states.StateSource.stateHash}. C{hash} is left
    out where there is none.
    """

    commandName = b"StateHash"
    arguments: ClassVar = [(b"index", amp.Integer())]
    response: ClassVar = [(b"hash", amp.Integer(optional=True))]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class CompareStateCommand(amp.Command):
    """
    It says what that is on a majority: see L{replkv.peers.states.StateSource.compareState}.
    """

    commandName = b"CompareState"
    arguments: ClassVar = [(b"index", amp.Integer()), (b"hash", amp.Integer())]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


SINCE: Final[Mapping[type[amp.Command], int]] = {
    RequestVoteCommand: 3,
    AppendEntriesCommand: 3,
    TimeoutNowCommand: 4,
    InstallSnapshotCommand: 4,
    TakeSnapshotCommand: 4,
    ReadSnapshotCommand: 4,
    StateHashCommand: 4,
    CompareStateCommand: 4,
}
"""
The version that has brought each request: it is sent only where the other side speaks that one, and answered only then.
An argument that is added to one of them, or to its response, is optional, and needs no version: others ignore it.
"""

_SINCE_BY_NAME: Final = {command.commandName: version for command, version in SINCE.items()}


def isKnown(name: bytes, version: int) -> bool:
    """
    Whether the AMP command of this name was there in C{version} already.
    """
    return version >= _SINCE_BY_NAME.get(name, 0)


class Remote(NamedTuple):
    """
    How a request of Raft is asked over AMP.

    @ivar command: the AMP command.
    @ivar arguments: its arguments.
    @ivar reply: makes the reply from the command's response.
    """

    command: type[amp.Command]
    arguments: Mapping[str, Any]
    reply: Callable[..., Message]


def remoteCall(request: Timed) -> Remote:
    """
    Say how C{request} is asked over AMP.

    @raise TypeError: if it is a reply.
    """
    message, time, _ = request
    arguments = {**message._asdict(), "time": time}
    match message:
        case AppendEntries():
            arguments["batch"] = message.batch.encoded
            return Remote(AppendEntriesCommand, arguments, _appendEntriesReply)
        case RequestVote():
            arguments["handOver"] = message.handOver or None
            return Remote(RequestVoteCommand, arguments, RequestVoteReply)
        case TimeoutNow():
            return Remote(TimeoutNowCommand, arguments, TimeoutNowReply)
        case InstallSnapshot():
            return Remote(InstallSnapshotCommand, arguments, InstallSnapshotReply)
    raise TypeError(f"{message!r} is no request")


def _appendEntriesReply(lostIndex: int | None, **fields: Any) -> AppendEntriesReply:
    return AppendEntriesReply(lostIndex=lostIndex or 0, **fields)


def appendEntries(batch: bytes, **fields: int) -> AppendEntries:
    """
    Make the message from the arguments of L{AppendEntriesCommand}.

    @raise ValueError: if C{batch} is not the encoding of a batch that follows prevLogIndex.
    """
    decoded = Batch.decode(batch)
    if decoded.entries and decoded.entries[0].index != fields["prevLogIndex"] + 1:
        raise ValueError(f"the batch begins at {decoded.entries[0].index}, after {fields['prevLogIndex']}")
    return AppendEntries(batch=decoded, **fields)
