"""
What a server has in every role: the state on all servers of the paper's figure 2, and what waits for the disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Final

from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations
from replkv.raft.entry import NO_ENTRIES, Batch, Entry, beginning
from replkv.raft.invariants import InvariantViolation
from replkv.raft.log import RaftLog
from replkv.raft.membership import configurationsIn
from replkv.raft.messages import Message
from replkv.raft.outputs import DiskTrouble, Fetch, Install, Load, Persist, Ready, Send, Token
from replkv.raft.readback import ReadBack
from replkv.raft.repair import Repair
from replkv.raft.writes import Held, Write

SLOW_STRETCH: Final = 4
"""
How many times longer a server waits before it stands for election, once it has stepped down since its disk is slow, and
until it finds its disk fast again.
"""


class ServerState:
    """
    The roles read it, and change it by its methods; they know nothing of each other, nor of the core that makes them.
    What they want done is gathered here, and messages are held until the disk has what they tell of.

    @ivar config: what the server was told.
    @ivar log: the log.
    @ivar configurations: those that stand in it.
    @ivar configuration: the one that is in force: who decides.
    @ivar peers: the ids of all other members.
    @ivar currentTerm: the latest term that this server has seen.
    @ivar votedFor: the candidate that has its vote in that term, or C{None}.
    @ivar commitIndex: index of the last entry known to be committed.
    @ivar lastApplied: index of the last entry that was given out to be applied.
    @ivar diskIsSlow: whether this server led, and stepped down since its own disk was so much slower than the others'
        (L{replkv.raft.pace}), and has not been fast since.
    @ivar isDistrusted: whether the state machine is not what it should be.
    @ivar isStopping: whether this server is about to stop.
    @ivar repair: what the log had before it lost entries, until it is repaired; C{None} if it lacks nothing.
    """

    def __init__(
        self,
        config: RaftConfig,
        random: Random,
        log: RaftLog,
        configurations: Configurations,
        currentTerm: int,
        votedFor: int | None,
        lastApplied: int,
        repair: Repair | None = None,
    ) -> None:
        self.config = config
        self.log = log
        self.configurations = configurations
        self._configure()
        self.currentTerm = currentTerm
        self.votedFor = votedFor
        self.commitIndex = lastApplied
        self.lastApplied = lastApplied
        self.diskIsSlow = False
        self.isDistrusted = False
        self.isStopping = False
        self.repair = repair
        self._repairedIndex: int | None = None  # The repair is over when this entry is on the disk.
        self._random = random
        self._readBack = ReadBack()
        self._ready = Ready()
        self._nextSeq = 1
        self._syncedSeq = 0
        self._voteSeq = 0  # The write that has currentTerm and votedFor.
        self._installSeq = 0  # The write that puts the last snapshot in place.
        self._writeTicks = 0  # Since the disk last finished something, where it has something to do.
        self._applyTicks = 0  # Since there is something to apply.
        self._writing: deque[Write] = deque()
        self._held: list[Held] = []

    # What happens.

    def tick(self) -> None:
        """
        One tick passed.
        """
        self._writeTicks = self._writeTicks + 1 if self._writing else 0
        self._readBack.tick()
        self._applyTicks = self._applyTicks + 1 if self.durableCommit > self.lastApplied else 0

    def persisted(self, seq: int) -> None:
        """
        The L{Persist} numbered C{seq}, and all before it, are synced.
        """
        self._syncedSeq = seq
        if self._writeTicks < max(1, self.config.electionTicks // 8):
            self.diskIsSlow = False
        self._writeTicks = 0
        while self._writing and self._writing[0].seq <= seq:
            self.log.stableIndex = max(self.log.stableIndex, self._writing.popleft().lastIndex)
        self._lookAtRepair()
        self._ready.sends.extend(held.send for held in self._held if held.seq <= seq)
        self._held = [held for held in self._held if held.seq > seq]

    def takeReady(self, mayApply: bool) -> Ready:
        """
        Take what is to be done now.

        @param mayApply: whether there may be entries to apply.
        """
        self._persistVote()
        ready, self._ready = self._ready, Ready()
        if mayApply and self.hasMoreToApply:
            self._giveOut(ready)
        # Applied or not: what is on the disk can be read again.
        self.log.forget(self.durableCommit)
        self.log.releaseBatches()
        return ready

    # What is so.

    @property
    def hasOutputs(self) -> bool:
        """
        Whether something is to be done beside what there is to apply.
        """
        return self._voteSeq == self._nextSeq or not self._ready.isEmpty

    @property
    def hasMoreToApply(self) -> bool:
        """
        Whether there are entries to apply which are not being read from the disk, and a state machine that they can be
        applied to.
        """
        return self.durableCommit > self.lastApplied and not (
            self.isDistrusted or self._readBack.isUnderWay or self.isInstalling
        )

    @property
    def isPressed(self) -> bool:
        """
        Whether what is to be applied has waited for long enough, or is much.
        """
        config, waiting = self.config, self.durableCommit - self.lastApplied
        return self._applyTicks >= config.applyTicks or waiting >= config.limits.patientEntries

    @property
    def isInstalling(self) -> bool:
        """
        Whether a snapshot is being put in place: until then there is no state machine that is as far as this says.
        """
        return self._installSeq > self._syncedSeq

    @property
    def durableCommit(self) -> int:
        """
        Up to here entries are known to be committed, and are on the disk.
        """
        return min(self.commitIndex, self.log.stableIndex)

    @property
    def voteIsDurable(self) -> bool:
        """
        Whether currentTerm and votedFor are on the disk.
        """
        return self._voteSeq <= self._syncedSeq

    @property
    def diskHangs(self) -> bool:
        """
        Whether the disk has been at one write, or at reading what is to be applied, for so long that another server had
        better lead: this one can apply nothing, and so answer nothing.
        """
        ticks = max(self._writeTicks, self._readBack.ticks)
        return bool(self.peers) and ticks >= self.config.limits.diskPatience * self.config.electionTicks

    @property
    def isBehind(self) -> bool:
        """
        Whether it has so much to apply that not all of that is in memory: if it led now, all clients would wait for it.
        """
        return self.durableCommit > self.lastApplied and self.lastApplied + 1 < self.log.inMemory

    @property
    def waitsForDisk(self) -> bool:
        """
        Whether the disk has something to do, so that it is counted how long that takes.
        """
        return bool(self._writing) or self._readBack.isUnderWay

    @property
    def isLeaving(self) -> bool:
        """
        Whether this server has no vote any more, or none yet, and that is committed. As long as it is not, it may be
        needed to have it committed (Ongaro's thesis, section 4.2.2).
        """
        isVoter = self.config.id in self.configuration.voters
        return not isVoter and self.configurations.latestIndex <= self.commitIndex

    @property
    def mayLead(self) -> bool:
        """
        Whether this server could do what a leader does, and the others let it.
        """
        isHindered = self.diskHangs or self.isDistrusted or self.isInstalling or self.repair is not None
        return not isHindered and not self.isLeaving and not self.isStopping

    def randomElectionTimeout(self) -> int:
        """
        An election timeout in ticks, random so that split votes are rare (section 5.2).
        """
        shortest = self.config.electionTicks * (self.config.firstElectionFactor if self.currentTerm == 0 else 1)
        if self.diskIsSlow:
            shortest *= SLOW_STRETCH
        return self._random.randint(shortest, 2 * shortest)

    # What is to be done.

    def vote(self, term: int, candidate: int | None) -> None:
        """
        Begin C{term}, or vote in it.
        """
        self.currentTerm = term
        self.votedFor = candidate
        self._voteSeq = self._nextSeq

    def send(self, to: int, message: Message, token: Token = None, ackIndex: int = 0) -> None:
        """
        Send C{message} when the disk has what it tells of.

        @param ackIndex: up to here it says that this server's disk has the log.
        """
        needed = self._voteSeq
        if ackIndex > self.log.stableIndex:
            needed = max(needed, self._writing[-1].seq)
        if needed <= self._syncedSeq:
            self._ready.sends.append(Send(to, message, token))
        else:
            self._held.append(Held(needed, Send(to, message, token)))

    def persist(self, batch: Batch) -> None:
        """
        Bring C{batch}, which was appended to the log, to the disk, with currentTerm and votedFor.
        """
        seq = self._nextSeq
        self._nextSeq += 1
        self._ready.persists.append(Persist(seq, self.currentTerm, self.votedFor, batch))
        self._writing.append(Write(seq, batch.entries[-1].index if batch.entries else 0))

    def append(self, entries: Sequence[Entry]) -> None:
        """
        Append entries to the log. A configuration among them is in force from now on (section 6).
        """
        for entry in entries:
            self.log.append(entry)
        for index, configuration in configurationsIn(entries):
            self.configurations.append(index, configuration)
            self._configure()

    def install(self, index: int, term: int, configuration: Configuration) -> None:
        """
        Go on from a snapshot. Where the log has its last entry, what comes after that stays (figure 13): it may have
        been acknowledged, and be committed. Else nothing of the log is committed that the snapshot does not include,
        and all of it goes.

        @param index: index of the last entry that the snapshot includes.
        @param term: term of that entry.
        @param configuration: the one that is in force after it.
        """
        self._persistVote()
        keepsLog = self.log.matches(index, term)
        if not keepsLog and index < self.commitIndex:
            raise InvariantViolation(f"a snapshot up to entry {index} of term {term} would undo what is committed")
        seq = self._nextSeq
        self._nextSeq += 1
        self._installSeq = seq
        self._ready.persists.append(Install(seq, index, term, keepsLog))
        if keepsLog:
            self._writing.append(Write(seq, 0))
        else:
            self.log.restart(index, term)
            self.configurations.restart(configuration, index)
            self._configure()
            self._repairedIndex = None
            self._writing = deque(Write(write.seq, 0) for write in self._writing)
            self._writing.append(Write(seq, index))
        self.commit(index)
        self.lastApplied = index
        self.isDistrusted = False
        self.matched(index)

    def truncate(self, index: int) -> None:
        """
        Remove the entries from C{index} on, which conflict with the leader's. Writes of them that are under way
        count for nothing any more.
        """
        if index <= self.commitIndex:
            raise InvariantViolation(f"entry {index} is committed and must not be removed")
        self.log.truncate(index)
        self.configurations.truncate(index)
        self._configure()
        self._writing = deque(Write(write.seq, min(write.lastIndex, index - 1)) for write in self._writing)
        if self._repairedIndex is not None and self._repairedIndex >= index:
            self._repairedIndex = None

    def matched(self, index: int) -> None:
        """
        The log matches that of the leader of this term up to C{index}: where it has lost entries, it may be repaired.
        """
        if self.repair is None or not self.repair.isOver(index, self.log.term(index)):
            return
        # The first such entry is enough: where more comes all the time, the disk never has the last.
        if self._repairedIndex is None:
            self._repairedIndex = index
        self._lookAtRepair()

    def commit(self, index: int) -> None:
        """
        Entries up to C{index} are committed.
        """
        self.commitIndex = max(self.commitIndex, index)

    def load(self, load: Load) -> None:
        """
        Have entries read from the disk.
        """
        self._ready.loads.append(load)

    def loaded(self, batch: Batch) -> None:
        """
        Entries that this server is to apply were read from the disk.
        """
        self._readBack.loaded(batch.entries)

    def fetch(self, fetch: Fetch) -> None:
        """
        Have a snapshot fetched.
        """
        self._ready.fetch = fetch

    def regressed(self, peer: int) -> None:
        """
        C{peer} lacks what it had acknowledged.
        """
        self._ready.regressed.append(peer)

    def deposed(self, reads: list[Token], trouble: DiskTrouble | None) -> None:
        """
        This server leads no longer.

        @param reads: the tokens of the reads that will not be answered.
        @param trouble: what is wrong with its disk, where that is why.
        """
        self._ready.droppedReads.extend(reads)
        self._ready.diskTrouble = trouble

    def _configure(self) -> None:
        """
        Go by the configuration that is in force.
        """
        self.configuration = self.configurations.latest
        self.peers = self.configuration.peersOf(self.config.id)

    def _persistVote(self) -> None:
        """
        Bring a vote to the disk by itself, where no entries have taken it there: what comes next does not.
        """
        if self._voteSeq == self._nextSeq:
            self.persist(NO_ENTRIES)

    def _lookAtRepair(self) -> None:
        if self._repairedIndex is not None and self._repairedIndex <= self.log.stableIndex:
            self.repair = self._repairedIndex = None

    def _giveOut(self, ready: Ready) -> None:
        """
        Give out the next entries to be applied, or have them read from the disk first.
        """
        log, limits = self.log, self.config.limits
        first = self.lastApplied + 1
        last = min(self.durableCommit, self.lastApplied + limits.readyEntries)
        if first < log.inMemory:
            found = self._readBack.entries(first, last)
        else:
            self._readBack.forget()
            found = log.entries(first, last)
        if not found:
            self._readBack.isUnderWay = True
            last = min(self.durableCommit, log.inMemory - 1, self.lastApplied + limits.batchEntries)
            ready.loads.append(Load(self.config.id, self.currentTerm, first, last))
            return
        ready.entries = beginning(found, limits.readyBytes)
        self.lastApplied = ready.entries[-1].index
        if self.lastApplied == self.durableCommit:
            self._applyTicks = 0
