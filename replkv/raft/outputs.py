"""
What the core asks to have done: values that a test can assert exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from replkv.raft.entry import Batch, Entry
from replkv.raft.messages import Message

Token = object
"""
What a caller gives with a request or a read to know its answer by; the core only hands it back.
"""


class Persist(NamedTuple):
    """
    One thing to bring to the disk. Persists are written in the order in which they were given out.

    @ivar seq: counts up from 1; the core is told of it when the write is synced.
    @ivar term: currentTerm.
    @ivar votedFor: the id of the server that has this server's vote in C{term}, or C{None}.
    @ivar batch: entries to append. Where they begin at or before the end of the log, the log is first cut there.
    """

    seq: int
    term: int
    votedFor: int | None
    batch: Batch


class Install(NamedTuple):
    """
    A snapshot to be put in place of the state machine, and of the log or of its beginning: all at once, so that after a
    crash there is the old state or the new one. It has its place among the L{Persist}s.

    @ivar seq: as in L{Persist}.
    @ivar index: index of the last entry that the snapshot includes.
    @ivar term: term of that entry.
    @ivar keepsLog: whether the log stays as it is. Else all of it goes, and it begins anew after C{index}.
    """

    seq: int
    index: int  # type: ignore[assignment]  # Hides tuple.index, which nobody needs.
    term: int
    keepsLog: bool


class Send(NamedTuple):
    """
    A message that may leave now: all that it tells is on the disk already.

    @ivar to: the id of the server that it is for.
    @ivar token: for a reply, what came with the request; C{None} for a request.
    """

    to: int
    message: Message
    token: Token


class ReadReady(NamedTuple):
    """
    Reads that may be answered, from the state in which just the entries up to C{index} or later ones are applied;
    where entries beyond C{index} are given out beside it, before those are applied.
    """

    index: int  # type: ignore[assignment]  # Hides tuple.index, which nobody needs.
    tokens: tuple[Token, ...]


class Load(NamedTuple):
    """
    Entries that are no longer in memory, and that a peer needs or this server itself is to apply: to be read from the
    disk, any number of them from C{first} on, and given to L{replkv.raft.core.Raft.loaded}.

    @ivar peer: the id of whoever needs them; that of this server where it is to apply them.
    """

    peer: int
    term: int
    first: int
    last: int


class Fetch(NamedTuple):
    """
    The log lacks entries that the leader no longer has, or the state machine is distrusted: a snapshot is to be fetched
    from the leader, and given to L{replkv.raft.core.Raft.install} when it is whole and on the disk. It is asked for
    again and again; whoever fetches one already goes on with that.

    @ivar leader: the id of the leader.
    @ivar index: up to here, or further, the snapshot has to go.
    """

    leader: int
    index: int  # type: ignore[assignment]  # Hides tuple.index, which nobody needs.


class DiskTrouble(Enum):
    """
    Why a leader steps down for its own disk, as its operator is told.
    """

    HANGS = "its disk has been at one write, or one read, for too long"
    IS_SLOW = "its disk takes many times as long for a write as those of the others: all clients have waited for it"


@dataclass(slots=True)
class Ready:
    """
    All that is to be done now. The parts may be carried out side by side, but each in its own order, and C{entries}
    and C{reads} merged by index.

    @ivar persists: to be written and synced; snapshots, to be put in place.
    @ivar sends: to be sent.
    @ivar entries: committed entries to apply to the state machine; they are on this server's disk.
    @ivar reads: reads that may be answered, by ascending index.
    @ivar droppedReads: tokens of reads that will get no answer, since this server leads no longer.
    @ivar loads: to be read from the disk.
    @ivar fetch: the snapshot to be fetched; C{None} where none is needed.
    @ivar regressed: peers that lack entries which they had acknowledged to this leader: they have lost part of their
        disk, and had better be kept out. Sure only where answers do not overtake each other.
    @ivar diskTrouble: what is wrong with this server's disk, where that is why it has stepped down.
    """

    persists: list[Persist | Install] = field(default_factory=list)
    sends: list[Send] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    reads: list[ReadReady] = field(default_factory=list)
    droppedReads: list[Token] = field(default_factory=list)
    loads: list[Load] = field(default_factory=list)
    fetch: Fetch | None = None
    regressed: list[int] = field(default_factory=list)
    diskTrouble: DiskTrouble | None = None

    @property
    def isEmpty(self) -> bool:
        """
        Whether nothing is to be done.
        """
        tasks = self.persists or self.sends or self.entries or self.reads or self.droppedReads or self.loads
        return not (tasks or self.fetch or self.regressed or self.diskTrouble)
