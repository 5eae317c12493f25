"""
What a message can be at all, whatever the server that it comes to is in.

A server that is in its right mind sends nothing else. So who sends something else is sick, or no server, and no word of
it is believed: the message is refused before it changes anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from replkv.raft.entry import Entry
from replkv.raft.messages import AppendEntries, AppendEntriesReply, InstallSnapshot, Message, RequestVote

GREATEST: Final = 2**62
"""
No term, no index and no round of reads is greater. A million entries in each second take 146,000 years to get there.
"""

MAX_ENTRIES: Final = 2**17
"""
How many entries a batch has at the most. A leader puts no more than L{RaftLimits.batchEntries
<replkv.raft.limits.RaftLimits>} into one. Earlier versions counted their bytes alone: 1 MiB of data is 116,509 entries
of 9 bytes, which is the shortest that there is but for the no-ops, and of these each term has one.
"""


class Impossible(ValueError):
    """
    No server that is in its right mind sends this; the words say why.
    """


def check(message: Message) -> None:
    """
    Make sure that C{message} makes sense by itself. That its numbers are within L{GREATEST}, and that no request has
    term 0, is made sure where each of them is decoded.

    @raise Impossible: if it makes none.
    """
    match message:
        case AppendEntries():
            _checkAppend(message)
        case AppendEntriesReply():
            # Of the entries before prevLogIndex + 1, which a log that begins later may not have.
            if message.conflictIndex > message.prevLogIndex + 1:
                raise Impossible(f"a conflict at entry {message.conflictIndex}, after entry {message.prevLogIndex}")
        case RequestVote():
            _checkEntry(message.lastLogIndex, message.lastLogTerm)
        case InstallSnapshot():
            _checkEntry(message.lastIncludedIndex, message.lastIncludedTerm)
            if message.lastIncludedTerm > message.term or not message.lastIncludedIndex:
                raise Impossible(
                    f"a snapshot up to entry {message.lastIncludedIndex} of term {message.lastIncludedTerm}, in term "
                    f"{message.term}"
                )


def _checkAppend(message: AppendEntries) -> None:
    """
    Terms do not go down along a log, and none is later than that of the leader whose log it is (section 5.3 of the
    paper).
    """
    prevLogIndex, prevLogTerm = message.prevLogIndex, message.prevLogTerm
    _checkEntry(prevLogIndex, prevLogTerm)
    entries = message.batch.entries
    last = prevLogTerm
    if entries:
        if entries[0].index != prevLogIndex + 1 or entries[-1].index > GREATEST:
            raise Impossible(f"{len(entries)} entries that begin at {entries[0].index}, after entry {prevLogIndex}")
        last = _lastTerm(entries, prevLogTerm)
    if last > message.term:
        raise Impossible(f"an entry of term {last}, from the leader of term {message.term}")


def _lastTerm(entries: Sequence[Entry], term: int) -> int:
    """
    The last term of some entries.

    @param term: that of the entry before them.
    @raise Impossible: if terms go down, or one is 0.
    """
    if not entries[0].term:
        raise Impossible("an entry of term 0")
    for entry in entries:
        if entry.term != term:
            if entry.term < term:
                raise Impossible(f"entry {entry.index} has term {entry.term}, after an entry of term {term}")
            term = entry.term
    return term


def _checkEntry(index: int, term: int) -> None:
    """
    Make sure that an entry is named which can be, or the place before the first one, which has no term.
    """
    if (index == 0) != (term == 0):
        raise Impossible(f"no entry {index} has term {term}")
