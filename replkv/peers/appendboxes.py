"""
L{AppendEntries} and L{AppendEntriesReply} as AMP's boxes, made and read by hand.

There is one of each for every batch and every round of reads, and AMP's own machinery takes ten times as long: for each
it makes a list of arguments, several closures and Deferreds. The boxes are the very same that it would make of an
C{amp.Command} with these arguments, and it answers them; so servers that have it do are talked to like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from twisted.protocols import amp

from replkv.peers.argument import gather, spread
from replkv.peers.boxes import string
from replkv.peers.number import INDEX, ROUND, TERM, TERM_OR_NONE, TIME
from replkv.peers.receiver import Timed
from replkv.raft.entry import Batch
from replkv.raft.messages import AppendEntries, AppendEntriesReply
from replkv.raft.validity import MAX_ENTRIES, check

COMMAND_NAME: Final = b"AppendEntries"

_BOOLEAN: Final = amp.Boolean()


def _format(keys: Iterable[bytes]) -> bytes:
    """
    What is to be formatted with a value for each key, as L{string} or L{_number} makes them.
    """
    return b"".join([string(key) + b"%b" for key in keys])


# AMP has the keys of a box in order.
_BEFORE_BATCH: Final = _format([amp.ASK]) + string(amp.COMMAND) + string(COMMAND_NAME)
_BEHIND_BATCH: Final = (
    _format([b"leaderCommit", b"prevLogIndex", b"prevLogTerm", b"readRound", b"term", b"time"]) + b"\0\0"
)
_REPLY: Final = (
    _format([amp.ANSWER, b"conflictIndex", b"conflictTerm"])
    + b"%b"
    + _format([b"matchIndex", b"prevLogIndex", b"readRound", b"success", b"term", b"time"])
    + b"\0\0"
)
_TRUE, _FALSE = string(_BOOLEAN.toString(True)), string(_BOOLEAN.toString(False))
_FULL: Final = string(b"full") + _TRUE
_LOST_INDEX: Final = _format([b"lostIndex"])


def _number(value: int) -> bytes:
    digits = b"%d" % value
    return b"\0%c%b" % (len(digits), digits)


def isRequest(box: dict[bytes, bytes]) -> bool:
    """
    Whether this asks for entries to be appended, and wants an answer.
    """
    return box.get(amp.COMMAND) == COMMAND_NAME and amp.ASK in box and amp.ANSWER not in box and amp.ERROR not in box


def encodeRequest(tag: bytes, message: AppendEntries, time: int) -> bytes:
    """
    Make the box of a request.

    @param tag: what its answer is to be known by.
    @param time: see L{Timed}.
    @raise amp.TooLong: if its batch is longer than L{MAX_BYTES<replkv.peers.argument.MAX_BYTES>}.
    """
    term, prevLogIndex, prevLogTerm, leaderCommit, readRound, batch = message
    pieces = [_BEFORE_BATCH % string(tag)]
    for key, part in sorted(spread(b"batch", batch.encoded)):
        pieces += [string(key), len(part).to_bytes(2, "big"), part]
    pieces.append(
        _BEHIND_BATCH
        % (
            _number(leaderCommit),
            _number(prevLogIndex),
            _number(prevLogTerm),
            _number(readRound),
            _number(term),
            _number(time),
        )
    )
    return b"".join(pieces)


def decodeRequest(box: dict[bytes, bytes]) -> Timed:
    """
    Read a request.

    @raise KeyError: if it lacks something.
    @raise ValueError: if it makes no sense.
    """
    message = AppendEntries(
        term=TERM.fromString(box[b"term"]),
        prevLogIndex=INDEX.fromString(box[b"prevLogIndex"]),
        prevLogTerm=TERM_OR_NONE.fromString(box[b"prevLogTerm"]),
        leaderCommit=INDEX.fromString(box[b"leaderCommit"]),
        readRound=ROUND.fromString(box[b"readRound"]),
        batch=Batch.decode(gather(b"batch", box), MAX_ENTRIES),
    )
    time = TIME.fromString(box[b"time"])
    check(message)
    return Timed(message, time)


def encodeReply(tag: bytes, message: AppendEntriesReply, time: int, isFull: bool) -> bytes:
    """
    Make the box of an answer. That the sender's disk is nearly full is left out where it is not; so is lostIndex where
    it is 0.

    @param tag: that of the request.
    @param time: see L{Timed}.
    @param isFull: that too.
    """
    term, success, matchIndex, prevLogIndex, conflictIndex, conflictTerm, readRound, lostIndex = message
    optional = _FULL if isFull else b""
    if lostIndex:
        optional += _LOST_INDEX % _number(lostIndex)
    return _REPLY % (
        string(tag),
        _number(conflictIndex),
        _number(conflictTerm),
        optional,
        _number(matchIndex),
        _number(prevLogIndex),
        _number(readRound),
        _TRUE if success else _FALSE,
        _number(term),
        _number(time),
    )


def decodeReply(box: dict[bytes, bytes]) -> Timed:
    """
    Read an answer.

    @raise KeyError: if it lacks something.
    @raise TypeError: if what is yes or no is neither.
    @raise ValueError: if it makes no sense.
    """
    full, lostIndex = box.get(b"full"), box.get(b"lostIndex")
    message = AppendEntriesReply(
        term=TERM_OR_NONE.fromString(box[b"term"]),
        success=_BOOLEAN.fromString(box[b"success"]),
        matchIndex=INDEX.fromString(box[b"matchIndex"]),
        prevLogIndex=INDEX.fromString(box[b"prevLogIndex"]),
        conflictIndex=INDEX.fromString(box[b"conflictIndex"]),
        conflictTerm=TERM_OR_NONE.fromString(box[b"conflictTerm"]),
        readRound=ROUND.fromString(box[b"readRound"]),
        lostIndex=0 if lostIndex is None else INDEX.fromString(lostIndex),
    )
    time = TIME.fromString(box[b"time"])
    isFull = full is not None and _BOOLEAN.fromString(full)
    check(message)
    return Timed(message, time, isFull)
