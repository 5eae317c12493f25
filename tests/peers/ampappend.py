"""
AppendEntries and its answer as servers have them that leave all of it to AMP: what is made by hand has to be the same.
"""

from __future__ import annotations

from typing import Any, ClassVar

from twisted.protocols import amp

from replkv.peers.argument import LargeBytes
from replkv.peers.commands import NotIntroduced
from replkv.peers.number import INDEX, ROUND, TERM, TERM_OR_NONE, TIME, Number
from replkv.peers.receiver import Timed
from replkv.raft.messages import AppendEntries
from replkv.raft.validity import GREATEST


class AppendEntriesCommand(amp.Command):
    """
    L{AppendEntries}, and L{AppendEntriesReply<replkv.raft.messages.AppendEntriesReply>}. C{full} says that the disk of
    who answers is nearly full; where it is not, it is left out. So is C{lostIndex} where it is 0.
    """

    commandName = b"AppendEntries"
    arguments: ClassVar = [
        (b"term", TERM),
        (b"prevLogIndex", INDEX),
        (b"prevLogTerm", TERM_OR_NONE),
        (b"leaderCommit", INDEX),
        (b"readRound", ROUND),
        (b"batch", LargeBytes()),
        (b"time", TIME),
    ]
    response: ClassVar = [
        (b"term", TERM_OR_NONE),
        (b"success", amp.Boolean()),
        (b"matchIndex", INDEX),
        (b"prevLogIndex", INDEX),
        (b"conflictIndex", INDEX),
        (b"conflictTerm", TERM_OR_NONE),
        (b"readRound", ROUND),
        (b"time", TIME),
        (b"full", amp.Boolean(optional=True)),
        (b"lostIndex", Number(0, GREATEST, optional=True)),
    ]
    errors: ClassVar = {NotIntroduced: b"NOT_INTRODUCED"}


def argumentsOf(request: Timed) -> dict[str, Any]:
    """
    The arguments of L{AppendEntriesCommand} for a request.
    """
    message = request.message
    assert isinstance(message, AppendEntries)
    return {**message._asdict(), "batch": message.batch.encoded, "time": request.time}


def responseOf(reply: Timed) -> dict[str, Any]:
    """
    What L{AppendEntriesCommand} is answered with.
    """
    fields = reply.message._asdict()
    return {**fields, "time": reply.time, "full": reply.isFull or None, "lostIndex": fields["lostIndex"] or None}
