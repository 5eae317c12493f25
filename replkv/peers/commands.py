"""
The AMP commands between servers: L{Hello}, with which a connection begins, and one for each message of Raft.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, NamedTuple

from twisted.protocols import amp

from replkv.peers.argument import LargeBytes
from replkv.raft.entry import Batch
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    Message,
    RequestVote,
    RequestVoteReply,
)

PROTOCOL_VERSION: Final = 1
"""
Servers of different versions do not talk to each other.
"""


class Refused(Exception):
    """
    The other server does not want to talk to this one; its words say why.
    """


class NotIntroduced(Exception):
    """
    A connection has to begin with L{Hello}.
    """


class Hello(amp.Command):
    """
    Each side says which server of which cluster it is, and that it still has the data folder that it always had.
    """

    arguments: ClassVar = [
        (b"version", amp.Integer()),
        (b"cluster", amp.Unicode()),
        (b"members", amp.ListOf(amp.Integer())),
        (b"sender", amp.Integer()),
        (b"recipient", amp.Integer()),
        (b"incarnation", amp.Unicode()),
    ]
    response: ClassVar = [(b"incarnation", amp.Unicode())]
    errors: ClassVar = {Refused: b"REFUSED"}


class RequestVoteCommand(amp.Command):
    """
    L{RequestVote}, and L{RequestVoteReply}.
    """

    commandName = b"RequestVote"
    arguments: ClassVar = [
        (b"term", amp.Integer()),
        (b"lastLogIndex", amp.Integer()),
        (b"lastLogTerm", amp.Integer()),
        (b"preVote", amp.Boolean()),
    ]
    response: ClassVar = [(b"term", amp.Integer()), (b"granted", amp.Boolean()), (b"preVote", amp.Boolean())]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


class AppendEntriesCommand(amp.Command):
    """
    L{AppendEntries}, and L{AppendEntriesReply}.
    """

    commandName = b"AppendEntries"
    arguments: ClassVar = [
        (b"term", amp.Integer()),
        (b"prevLogIndex", amp.Integer()),
        (b"prevLogTerm", amp.Integer()),
        (b"leaderCommit", amp.Integer()),
        (b"readRound", amp.Integer()),
        (b"batch", LargeBytes()),
    ]
    response: ClassVar = [
        (b"term", amp.Integer()),
        (b"success", amp.Boolean()),
        (b"matchIndex", amp.Integer()),
        (b"prevLogIndex", amp.Integer()),
        (b"conflictIndex", amp.Integer()),
        (b"conflictTerm", amp.Integer()),
        (b"readRound", amp.Integer()),
    ]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


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


def remoteCall(request: Message) -> Remote:
    """
    Say how C{request} is asked over AMP.

    @raise TypeError: if it is a reply.
    """
    match request:
        case AppendEntries():
            arguments = request._asdict()
            arguments["batch"] = request.batch.encoded
            return Remote(AppendEntriesCommand, arguments, AppendEntriesReply)
        case RequestVote():
            return Remote(RequestVoteCommand, request._asdict(), RequestVoteReply)
    raise TypeError(f"{request!r} is no request")


def appendEntries(batch: bytes, **fields: int) -> AppendEntries:
    """
    Make the message from the arguments of L{AppendEntriesCommand}.

    @raise ValueError: if C{batch} is not the encoding of a batch that follows prevLogIndex.
    """
    decoded = Batch.decode(batch)
    if decoded.entries and decoded.entries[0].index != fields["prevLogIndex"] + 1:
        raise ValueError(f"the batch begins at {decoded.entries[0].index}, after {fields['prevLogIndex']}")
    return AppendEntries(batch=decoded, **fields)
