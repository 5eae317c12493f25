"""
The AMP commands between servers: L{Hello}, with which a connection begins, and one for each request of Raft but
AppendEntries (L{replkv.peers.appendboxes}).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, NamedTuple

from twisted.protocols import amp

from replkv.peers.argument import LargeBytes
from replkv.peers.number import HASH, INDEX, ROUND, TERM, TERM_OR_NONE, TIME, Number
from replkv.peers.receiver import Timed
from replkv.peers.snapshots import NoSnapshot, NotYet
from replkv.raft.messages import (
    InstallSnapshot,
    InstallSnapshotReply,
    Message,
    RequestVote,
    RequestVoteReply,
    TimeoutNow,
    TimeoutNowReply,
)
from replkv.raft.validity import GREATEST


class Refused(Exception):
    """
    The other server does not want to talk to this one; its words say why.
    """


class NotMember(Refused):
    """
    It does not, since this one is no member, as it is: it comes with another data folder, or was never added, or was
    removed.
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

    C{configuration} is who the members are in the sender's log, as it stands there, and C{index} up to where it knows
    that: see L{replkv.peers.roll}. As long as no data folder was named, both are left out.
    """

    arguments: ClassVar = [
        (b"version", amp.Integer()),
        (b"cluster", amp.Unicode()),
        (b"members", amp.ListOf(amp.Integer())),
        (b"sender", amp.Integer()),
        (b"recipient", amp.Integer()),
        (b"folders", amp.ListOf(amp.Unicode())),
        (b"configuration", amp.String(optional=True)),
        (b"index", Number(1, GREATEST, optional=True)),
        *_INTRODUCTION,
    ]
    response: ClassVar = _INTRODUCTION
    # AMP takes the first that fits. A server that does not know the first is told in words.
    errors: ClassVar = {NotMember: b"NOT_MEMBER", Refused: b"REFUSED"}


class RequestVoteCommand(amp.Command):
    """
    L{RequestVote}, and L{RequestVoteReply}. C{handOver} is left out where it is not true, as it was before there was
    any.
    """

    commandName = b"RequestVote"
    arguments: ClassVar = [
        (b"term", TERM),
        (b"lastLogIndex", INDEX),
        (b"lastLogTerm", TERM_OR_NONE),
        (b"preVote", amp.Boolean()),
        (b"handOver", amp.Boolean(optional=True)),
        (b"time", TIME),
    ]
    response: ClassVar = [
        (b"term", TERM_OR_NONE),
        (b"granted", amp.Boolean()),
        (b"preVote", amp.Boolean()),
        (b"time", TIME),
    ]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class TimeoutNowCommand(amp.Command):
    """
    L{TimeoutNow}, and L{TimeoutNowReply}.
    """

    commandName = b"TimeoutNow"
    arguments: ClassVar = [(b"term", TERM), (b"time", TIME)]
    response: ClassVar = [(b"term", TERM_OR_NONE), (b"time", TIME)]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class InstallSnapshotCommand(amp.Command):
    """
    L{InstallSnapshot}, and L{InstallSnapshotReply}.
    """

    commandName = b"InstallSnapshot"
    arguments: ClassVar = [
        (b"term", TERM),
        (b"lastIncludedIndex", INDEX),
        (b"lastIncludedTerm", TERM_OR_NONE),
        (b"readRound", ROUND),
        (b"time", TIME),
    ]
    response: ClassVar = [
        (b"term", TERM_OR_NONE),
        (b"matchIndex", INDEX),
        (b"readRound", ROUND),
        (b"time", TIME),
    ]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class TakeSnapshotCommand(amp.Command):
    """
    A server that needs a snapshot asks another one for it: see L{replkv.peers.snapshots.SnapshotSource.take}.
    """

    commandName = b"TakeSnapshot"
    arguments: ClassVar = [(b"least", INDEX)]
    response: ClassVar = [(b"manifest", LargeBytes())]
    # AMP takes the first that fits.
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED", NotYet: b"NOT_YET", NoSnapshot: b"NO_SNAPSHOT"}


class ReadSnapshotCommand(amp.Command):
    """
    It asks for a piece of it: see L{replkv.peers.snapshots.SnapshotSource.read}.
    """

    commandName = b"ReadSnapshot"
    arguments: ClassVar = [
        (b"number", HASH),
        (b"file", INDEX),
        (b"offset", INDEX),
    ]
    response: ClassVar = [(b"data", LargeBytes()), (b"checksum", HASH)]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED", NoSnapshot: b"NO_SNAPSHOT"}


class StateHashCommand(amp.Command):
    """
    A leader asks for the hash of a server's state: see L{replkv.peers.states.StateSource.stateHash}. C{hash} is left
    out where there is none.
    """

    commandName = b"StateHash"
    arguments: ClassVar = [(b"index", INDEX)]
    response: ClassVar = [(b"hash", Number(0, 2**64 - 1, optional=True))]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class CompareStateCommand(amp.Command):
    """
    It says what that is on a majority: see L{replkv.peers.states.StateSource.compareState}.
    """

    commandName = b"CompareState"
    arguments: ClassVar = [(b"index", INDEX), (b"hash", HASH)]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class ForwardCommand(amp.Command):
    """
    A server that does not lead has commands for the one that does: see L{replkv.peers.forwards}.
    """

    commandName = b"Forward"
    arguments: ClassVar = [
        (b"term", TERM),
        (b"number", INDEX),
        (b"logins", LargeBytes()),
        (b"commands", LargeBytes()),
    ]
    response: ClassVar = [(b"replies", LargeBytes()), (b"isWhole", amp.Boolean())]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


SINCE: Final[Mapping[type[amp.Command], int]] = {
    RequestVoteCommand: 3,
    TimeoutNowCommand: 4,
    InstallSnapshotCommand: 4,
    TakeSnapshotCommand: 4,
    ReadSnapshotCommand: 4,
    StateHashCommand: 4,
    CompareStateCommand: 4,
    ForwardCommand: 4,
}
"""
The version that has brought each request: it is sent only where the other side speaks that one, and answered only then.
AppendEntries is in all of them.
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

    @raise TypeError: if it is a reply, or has no AMP command.
    """
    message, time, _ = request
    arguments = {**message._asdict(), "time": time}
    match message:
        case RequestVote():
            arguments["handOver"] = message.handOver or None
            return Remote(RequestVoteCommand, arguments, RequestVoteReply)
        case TimeoutNow():
            return Remote(TimeoutNowCommand, arguments, TimeoutNowReply)
        case InstallSnapshot():
            return Remote(InstallSnapshotCommand, arguments, InstallSnapshotReply)
    raise TypeError(f"{message!r} is no request that AMP has a command for")
