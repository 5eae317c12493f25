"""
What must hold in every state of a cluster, and on every step: figure 3 of the Raft paper, and what this project
promises beyond it.
"""

from __future__ import annotations

from replkv.raft.entry import Entry
from replkv.raft.messages import AppendEntriesReply, RequestVote, RequestVoteReply
from replkv.raft.outputs import Ready, Token
from replkv.raft.quorum import majority
from tests.raft.network import Server


class Invariants:
    """
    Looks at all that the cores of one cluster ask for, before it is done, and knows all that was ever true.
    """

    def __init__(self) -> None:
        self.servers: list[Server] = []
        self._leaders: dict[int, int] = {}
        self._written: dict[tuple[int, int], tuple[bytes, int]] = {}  # (index, term): data, term of the one before
        self._committed: dict[int, int] = {}  # index: term
        self._applied: dict[int, Entry] = {}
        self._before: dict[object, tuple[int, int, int, int]] = {}
        self._reads: dict[Token, tuple[int, int]] = {}

    def read(self, server: Server, token: Token) -> None:
        """
        A read is about to be asked of a server that believes to lead.
        """
        committed = max(self._committed, default=0)
        self._reads[token] = (committed, server.raft.log.lastIndex)

    def check(self, server: Server, ready: Ready) -> None:
        """
        Check what C{server} asks for.

        @raise AssertionError: if it must not.
        """
        self._forward(server)
        self._electionSafety(server)
        self._logMatching(server, ready)
        self._commitment(server)
        self._stateMachineSafety(server, ready)
        self._durability(server, ready)
        self._linearizability(server, ready)

    def _forward(self, server: Server) -> None:
        """
        Within one run of a server, terms and commitIndex never go back, and a leader never removes from its log.
        """
        raft = server.raft
        term, commitIndex, ledTerm, lastIndex = self._before.get(raft, (0, 0, 0, 0))
        assert raft.currentTerm >= term, f"term {raft.currentTerm} after {term}"
        assert raft.commitIndex >= commitIndex, f"commitIndex {raft.commitIndex} after {commitIndex}"
        leads = raft.currentTerm if server.leads else 0
        if leads and leads == ledTerm:
            assert raft.log.lastIndex >= lastIndex, "a leader removed entries"
        self._before[raft] = (raft.currentTerm, raft.commitIndex, leads, raft.log.lastIndex)

    def _electionSafety(self, server: Server) -> None:
        """
        At most one leader in a term; and a leader has all that was committed in earlier terms (leader completeness).
        """
        if not server.leads:
            return
        term = server.raft.currentTerm
        if term not in self._leaders:
            log = server.raft.log
            for index, committedIn in self._committed.items():
                assert committedIn >= term or log.matches(index, committedIn), f"leader {term} lacks entry {index}"
        leader = self._leaders.setdefault(term, server.config.id)
        assert leader == server.config.id, f"two leaders in term {term}"

    def _logMatching(self, server: Server, ready: Ready) -> None:
        """
        Index and term name an entry, and all entries before it: by induction, since each names the one before.
        """
        log = server.raft.log
        for persist in ready.persists:
            for entry in persist.batch.entries:
                if log.matches(entry.index, entry.term):
                    known = (entry.data, log.term(entry.index - 1))
                    assert self._written.setdefault((entry.index, entry.term), known) == known, f"two entries {entry}"

    def _commitment(self, server: Server) -> None:
        """
        What a leader commits is on a majority of disks, and everybody commits the same.
        """
        raft = server.raft
        for index in range(raft.commitIndex, 0, -1):
            term = raft.log.term(index)
            if self._committed.get(index) == term:
                break  # And so are all before it.
            assert index not in self._committed, f"two entries committed at {index}"
            assert server.leads, f"entry {index} was committed by a follower"
            disks = [other.disk.entries for other in self.servers]
            held = sum(len(entries) >= index and entries[index - 1].term == term for entries in disks)
            assert held >= majority(len(disks)), f"entry {index} is committed and on {held} disks only"
            self._committed[index] = term

    def _stateMachineSafety(self, server: Server, ready: Ready) -> None:
        """
        All servers apply the same, without gaps, and nothing that their own disk does not hold.
        """
        for position, entry in enumerate(ready.entries, len(server.applied) + 1):
            assert entry.index == position, f"entry {entry.index} applied at {position}"
            assert self._applied.setdefault(entry.index, entry) == entry, f"two entries applied at {entry.index}"
            assert server.disk.entries[position - 1 : position] == [entry], f"{entry} applied but not on the disk"

    def _durability(self, server: Server, ready: Ready) -> None:
        """
        What a message promises is on the disk when it leaves, or the disk has gone on to a later term.
        """
        disk = server.disk
        for to, message, _ in ready.sends:
            if isinstance(message, RequestVote | RequestVoteReply) and message.preVote:
                continue  # It promises nothing.
            assert disk.currentTerm >= message.term, f"the term of {message} is not on the disk"
            if disk.currentTerm > message.term:
                continue
            if isinstance(message, RequestVote):
                assert disk.votedFor == server.config.id, f"the vote of {message} is not on the disk"
            if isinstance(message, RequestVoteReply) and message.granted:
                assert disk.votedFor == to, f"{message} to {to} is not on the disk"
            if isinstance(message, AppendEntriesReply) and message.success:
                assert len(disk.entries) >= message.matchIndex, f"{message} is not on the disk"

    def _linearizability(self, server: Server, ready: Ready) -> None:
        """
        A read sees all that was committed when it arrived; and a write that was proposed to the leader after it is
        not given out to be applied before it.
        """
        for read in ready.reads:
            for token in read.tokens:
                committed, lastIndex = self._reads.pop(token)
                assert read.index >= committed, f"a read of {read.index} misses {committed}"
                assert len(server.applied) <= lastIndex, "a read sees a write that was proposed after it"
                assert read.index <= len(server.applied) + len(ready.entries), "a read is ahead of the state machine"
        for token in ready.droppedReads:
            del self._reads[token]
