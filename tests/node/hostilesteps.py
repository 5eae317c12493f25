"""
What a hostile server may do, as hypothesis draws it: mostly what a server in its right mind would say, with something
changed, so that it gets far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from hypothesis import strategies as st

from replkv.commands.cas import Cas
from replkv.commands.delete import Delete
from replkv.commands.grant import GrantRight
from replkv.commands.logged import encodeClock
from replkv.commands.passwd import Passwd
from replkv.commands.revoke import RevokeRight
from replkv.commands.set import Set
from replkv.commands.useradd import UserAdd
from replkv.commands.userdel import UserDel
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.users.rights import Right
from tests.node.hostile import NOW, Box
from tests.users.people import secretOf

_STAMP: Final = int(NOW)

DATA: Final = (
    b"",
    Set(b"k", 0, b"v", False).encode(_STAMP),
    Set(b"other", 1, b"", False).encode(_STAMP),
    Cas(b"k", 0, 2, b"w", False).encode(_STAMP),
    Delete(b"k").encode(_STAMP),
    UserAdd(b"root", secretOf(b"root")).encode(_STAMP),
    GrantRight(b"root", Right.ADMIN, b"").encode(_STAMP),
    RevokeRight(b"root", Right.ADMIN, b"").encode(_STAMP),
    Passwd(b"root", secretOf(b"other")).encode(_STAMP)[:-1],
    GrantRight(b"root", Right.READ, b"k").encode(_STAMP).replace(b"\0\x04root", b"\x09\x04root"),
    UserDel(b"root").encode(_STAMP) + b"x",
    UserDel(b"root").encode(_STAMP),
    encodeClock(_STAMP),
    encodeClock(2**63 - 1),
    encodeClock(1) + b"x",
    b"\x00",
    b"\x01",
    b"\xc8" + bytes(20),
    b"\x03" + b"\xff" * 8 + b"\x01k",
    b"\x03" + bytes(8) + b"\x00",
)
"""
What may stand in the log, and what may not.
"""

EXTREMES: Final = (
    b"",
    b"-1",
    b"0",
    b"1",
    b"9" * 19,
    b"%d" % 2**32,
    b"%d" % (2**62 - 1),
    b"%d" % 2**62,
    b"%d" % (2**62 + 1),
    b"%d" % 2**63,
    b"%d" % (2**64 - 1),
    b"%d" % 2**64,
    b"9" * 21,
    b"1_0",
    b" 1",
    b"True",
    b"False",
    b"\xff\x00",
)
"""
Values of fields that are at the end of something, or nothing.
"""

COMMANDS: Final = (
    b"AppendEntries",
    b"AppendEntries",
    b"AppendEntries",
    b"RequestVote",
    b"InstallSnapshot",
    b"TimeoutNow",
    b"StateHash",
    b"CompareState",
    b"TakeSnapshot",
    b"ReadSnapshot",
    b"Hello",
    b"Nothing",
)


class Change(NamedTuple):
    """
    One field is another one than it would be.

    @ivar field: which one: it counts from the first, and around.
    @ivar value: what it is; by how much it is larger, if it is an C{int}; left out, if C{None}.
    """

    field: int
    value: bytes | int | None

    def of(self, box: Box) -> Box:
        """
        The box with that field changed.
        """
        if not box:
            return box
        name = list(box)[self.field % len(box)]
        if self.value is None:
            return {key: value for key, value in box.items() if key != name}
        if isinstance(self.value, int):
            found = box[name]
            return {**box, name: b"%d" % (int(found) + self.value) if found.isdigit() else found}
        return {**box, name: self.value}


class Asks(NamedTuple):
    """
    It asks something.

    @ivar later: by how many terms its term is later than that of whom it asks.
    @ivar before: so many entries before the end of the log, it begins.
    @ivar entries: by how many terms each entry is later than the one before it, and what of L{DATA} it is.
    """

    command: bytes
    later: int
    before: int
    entries: Sequence[tuple[int, int]]
    changes: Sequence[Change]

    def box(self, raft: Raft) -> Box:
        """
        What it sends to a server.
        """
        term, log = raft.currentTerm + self.later, raft.log
        prev = max(log.firstIndex - 1, log.lastIndex - self.before)
        prevTerm = log.term(prev)
        said = {
            b"term": b"%d" % term,
            b"time": NOW,
            b"prevLogIndex": b"%d" % prev,
            b"prevLogTerm": b"%d" % prevTerm,
            b"lastLogIndex": b"%d" % prev,
            b"lastLogTerm": b"%d" % prevTerm,
            b"lastIncludedIndex": b"%d" % (prev + len(self.entries)),
            b"lastIncludedTerm": b"%d" % prevTerm,
            b"leaderCommit": b"%d" % raft.commitIndex,
            b"readRound": b"0",
            b"preVote": b"False",
            b"least": b"1",
            b"number": b"1",
            b"file": b"0",
            b"offset": b"0",
            b"index": b"%d" % raft.lastApplied,
            b"hash": b"1",
            **self._batch(prev, prevTerm),
        }
        box: Box = {name: said[name] for name in _FIELDS.get(self.command, ()) if name in said}
        for change in self.changes:
            box = change.of(box)
        return {**box, b"_command": self.command, b"_ask": b"1"}

    def _batch(self, prev: int, term: int) -> Box:
        entries = []
        for index, (later, data) in enumerate(self.entries, prev + 1):
            term = max(0, term + later)
            entries.append(Entry(index, term, DATA[data]))
        encoded = Batch(entries).encoded
        return {b"batch": b"%d" % len(encoded), b"batch.0": encoded}


class Answers(NamedTuple):
    """
    From now on, it changes what it answers.
    """

    changes: Sequence[Change]


class Waits(NamedTuple):
    """
    Time passes.
    """

    seconds: float


class Reconnects(NamedTuple):
    """
    It connects anew.
    """


class Writes(NamedTuple):
    """
    A client writes something.
    """


Step: TypeAlias = Asks | Answers | Waits | Reconnects | Writes

_TERM_AND_TIME: Final = (b"term", b"time")
_FIELDS: Final = {
    b"AppendEntries": (
        *_TERM_AND_TIME,
        b"prevLogIndex",
        b"prevLogTerm",
        b"leaderCommit",
        b"readRound",
        b"batch",
        b"batch.0",
    ),
    b"RequestVote": (*_TERM_AND_TIME, b"lastLogIndex", b"lastLogTerm", b"preVote"),
    b"InstallSnapshot": (*_TERM_AND_TIME, b"lastIncludedIndex", b"lastIncludedTerm", b"readRound"),
    b"TimeoutNow": _TERM_AND_TIME,
    b"StateHash": (b"index",),
    b"CompareState": (b"index", b"hash"),
    b"TakeSnapshot": (b"least",),
    b"ReadSnapshot": (b"number", b"file", b"offset"),
}

_changes = st.lists(
    st.builds(Change, st.integers(0, 9), st.one_of(st.integers(-3, 3), st.sampled_from((None, *EXTREMES)))),
    max_size=2,
)

STEPS: Final[st.SearchStrategy[list[Step]]] = st.lists(
    st.one_of(
        st.builds(
            Asks,
            st.sampled_from(COMMANDS),
            st.integers(-1, 2),
            st.integers(0, 3),
            st.lists(st.tuples(st.sampled_from((0, 0, 0, 1, 2, -1)), st.integers(0, len(DATA) - 1)), max_size=3),
            _changes,
        ),
        st.builds(Answers, _changes),
        st.builds(Waits, st.sampled_from((0.02, 0.25))),
        st.sampled_from((Reconnects(), Writes())),
    ),
    min_size=1,
    max_size=4,
)
"""
What it does, one thing after the other.
"""
