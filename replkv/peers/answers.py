"""
What is made of the answers of other servers, where they make sense.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from replkv.peers.receiver import Timed
from replkv.peers.snapshots import Piece
from replkv.raft.messages import Message
from replkv.raft.validity import Impossible, check
from replkv.storage.snapshot import LaterFormat, Manifest


def makeReply(answer: dict[str, Any], reply: Callable[..., Message]) -> Timed:
    """
    Make the reply to a request of Raft.

    @param reply: makes its message.
    @raise Impossible: if that makes no sense.
    """
    time = answer.pop("time")
    message = reply(**answer)
    check(message)
    return Timed(message, time)


def makeManifest(answer: dict[str, Any], least: int) -> Manifest | LaterFormat:
    """
    Make the description of a snapshot.

    @param least: the entry that it must have.
    @return: why there is none, where the other server is of a later version, and so in its right mind.
    @raise ValueError: if it makes no sense.
    """
    try:
        manifest = Manifest.decode(answer["manifest"])
    except LaterFormat as error:
        return error
    if manifest.index < least:
        raise Impossible(f"a snapshot up to entry {manifest.index}, where one up to {least} was asked for")
    return manifest


def manifestOf(found: Manifest | LaterFormat) -> Manifest:
    """
    Take what L{makeManifest} has made.

    @raise LaterFormat: if it is of a later version.
    """
    if isinstance(found, LaterFormat):
        raise found
    return found


def makePiece(answer: dict[str, Any]) -> Piece:
    """
    Make a piece of a snapshot.

    @raise Impossible: if it has nothing in it.
    """
    piece = Piece(**answer)
    if not piece.data:
        raise Impossible("a piece of a snapshot without a byte")
    return piece
