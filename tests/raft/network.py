"""
A network of cores that does what a test says and nothing else: messages lie in a list until they are delivered or
lost, and a write to a disk is finished when the test finishes it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import NamedTuple

from replkv.raft.config import RaftConfig
from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations
from replkv.raft.core import Raft
from replkv.raft.entry import Batch, Entry
from replkv.raft.leader import Leader
from replkv.raft.limits import RAFT_LIMITS, RaftLimits
from replkv.raft.log import RaftLog
from replkv.raft.membership import configurationsIn
from replkv.raft.messages import REQUESTS, Message
from replkv.raft.outputs import Fetch, Install, Load, Persist, ReadReady, Send, Token
from replkv.raft.repair import Repair
from tests.patience import patiently

ELECTION_TICKS = 10
HEARTBEAT_TICKS = 2

THREE = Configuration.ofVoters(range(3))
"""
The configuration of a cluster of three, where a test says nothing else.
"""


def entriesOf(*terms: int) -> list[Entry]:
    """
    The entries of a log that has these terms, as the Raft paper draws them.
    """
    return [Entry(index, term, b"%d@%d" % (index, term)) for index, term in enumerate(terms, 1)]


class FixedTimeouts(Random):
    """
    Draws long election timeouts, so that a test decides who times out first; where it does not, the server with the
    largest id does.
    """

    def __init__(self, server: int) -> None:
        super().__init__(server)
        self._server = server

    def randint(self, a: int, b: int) -> int:
        """
        The largest number that could be drawn, less the id.
        """
        return b - self._server


class Disk:
    """
    A server's disk.

    @ivar currentTerm: as synced.
    @ivar votedFor: as synced.
    @ivar entries: the log as synced.
    @ivar firstIndex: the index of the first of them.
    @ivar prevTerm: the term of the entry before that.
    @ivar repair: what the log had before it lost entries; C{None} if it lacks nothing.
    @ivar unsynced: what was given to the disk since: lost in a crash.
    """

    def __init__(self, entries: Iterable[Entry] = (), currentTerm: int | None = None, votedFor: int | None = None):
        self.entries = list(entries)
        lastTerm = self.entries[-1].term if self.entries else 0
        self.currentTerm = lastTerm if currentTerm is None else currentTerm
        self.votedFor = votedFor
        self.firstIndex = 1
        self.prevTerm = 0
        self.repair: Repair | None = None
        self.unsynced: deque[Persist | Install] = deque()

    @property
    def persists(self) -> list[Persist]:
        """
        What of it is entries, terms and votes.
        """
        return [write for write in self.unsynced if isinstance(write, Persist)]

    def sync(self, count: int | None = None) -> int | None:
        """
        Finish writes.

        @param count: how many; all where there is none.
        @return: the number of the last one, if there was any.
        """
        seq = None
        for _ in range(len(self.unsynced) if count is None else min(count, len(self.unsynced))):
            write = self.unsynced.popleft()
            seq = write.seq
            if isinstance(write, Install):
                if not write.keepsLog:
                    self.entries = []
                    self.firstIndex, self.prevTerm = write.index + 1, write.term
                continue
            _, self.currentTerm, self.votedFor, batch = write
            if batch.entries:
                del self.entries[batch.entries[0].index - self.firstIndex :]
                self.entries += batch.entries
        return seq

    def compact(self, index: int) -> None:
        """
        Forget the entries up to C{index}.
        """
        self.prevTerm = self.entries[index - self.firstIndex].term
        del self.entries[: index + 1 - self.firstIndex]
        self.firstIndex = index + 1

    def recover(self, config: RaftConfig, configuration: Configuration, random: Random, lastApplied: int) -> Raft:
        """
        The core of a server that starts from what this disk has.

        @param configuration: what a snapshot has that this log begins after.
        """
        runs: list[tuple[int, int]] = []
        for entry in self.entries:
            if not runs or runs[-1][1] != entry.term:
                runs.append((entry.index, entry.term))
        last = self.firstIndex - 1 + len(self.entries)
        recent = self.entries[lastApplied + 1 - self.firstIndex :]
        log = RaftLog(runs, last, recent, self.firstIndex, self.prevTerm, config.limits)
        configurations = Configurations(configuration, self.firstIndex - 1, configurationsIn(self.entries))
        return Raft(config, random, log, configurations, self.currentTerm, self.votedFor, lastApplied, self.repair)


class Server:
    """
    A core with its disk and its state machine.

    @ivar configuration: the one with which the cluster begins.
    @ivar applied: what the state machine was given, from index 1 on.
    @ivar reads: reads that were answered.
    @ivar droppedReads: tokens of reads that were not.
    @ivar loads: reads of the disk that are under way.
    @ivar fetches: snapshots that are wanted.
    @ivar regressed: peers that were found to lack what they had acknowledged.
    @ivar mayWait: whether what is proposed can wait.
    """

    def __init__(
        self,
        config: RaftConfig,
        disk: Disk,
        random: Random | None = None,
        configuration: Configuration = THREE,
    ) -> None:
        self.config = config
        self.configuration = configuration
        self.disk = disk
        self.random = random or FixedTimeouts(config.id)
        self.applied: list[Entry] = []
        self.reads: list[ReadReady] = []
        self.droppedReads: list[Token] = []
        self.loads: deque[Load] = deque()
        self.fetches: list[Fetch] = []
        self.regressed: list[int] = []
        self.mayWait = False
        self.raft = disk.recover(config, configuration, self.random, 0)

    @property
    def terms(self) -> list[int]:
        """
        The terms of the log, as the Raft paper draws them.
        """
        log = self.raft.log
        return [log.term(index) for index in range(log.firstIndex, log.lastIndex + 1)]

    @property
    def answeredReads(self) -> list[Token]:
        """
        The tokens of the reads that were answered.
        """
        return [token for read in self.reads for token in read.tokens]

    @property
    def leads(self) -> bool:
        """
        Whether it believes to be the leader.
        """
        return isinstance(self.raft.role, Leader)

    def restart(self, lastApplied: int = 0) -> None:
        """
        Lose what was not synced, and start again.

        @param lastApplied: how much the state machine remembers of what it was given.
        """
        lastApplied = max(lastApplied, self.disk.firstIndex - 1)
        assert lastApplied <= len(self.applied), "the state machine was never given so much"
        self.disk.unsynced.clear()
        self.loads.clear()
        del self.applied[lastApplied:]
        self.raft = self.disk.recover(
            self.config, self._configurationAt(self.disk.firstIndex - 1), self.random, lastApplied
        )

    def _configurationAt(self, index: int) -> Configuration:
        """
        The configuration that is in force after an entry which the state machine was given.
        """
        found = configurationsIn(self.applied[:index])
        return found[-1][1] if found else self.configuration

    def pump(self) -> list[Send]:
        """
        Take what the core asks for. It has said so, if there is something.

        @return: what it sends.
        """
        hasMore = self.raft.hasMore(self.mayWait)
        ready = self.raft.ready(mayWait=self.mayWait)
        assert hasMore or ready.isEmpty, f"there was nothing to be done, and now there is {ready}"
        self.disk.unsynced += ready.persists
        self.applied += ready.entries
        self.reads += ready.reads
        self.droppedReads += ready.droppedReads
        self.loads += ready.loads
        self.regressed += ready.regressed
        if ready.fetch is not None:
            self.fetches.append(ready.fetch)
        return ready.sends

    def receive(self, sender: int, message: Message, token: Token = None) -> list[Send]:
        """
        Give the core a message.

        @return: what it sends at once.
        """
        self.raft.step(sender, message, token)
        return self.pump()

    def sync(self, count: int | None = None) -> list[Send]:
        """
        Finish writes to the disk.

        @param count: how many; all where there is none.
        @return: what the core sends then.
        """
        seq = self.disk.sync(count)
        if seq is not None:
            self.raft.persisted(seq)
        return self.pump()

    def compact(self, index: int) -> None:
        """
        Make the log begin after C{index}.
        """
        self.raft.compact(index)
        self.disk.compact(index)

    def install(self, applied: Sequence[Entry]) -> list[Send]:
        """
        Have a snapshot put in place.

        @param applied: what it includes.
        @return: what the core sends at once.
        """
        before, self.applied = self.applied, list(applied)
        if not self.raft.install(applied[-1].index, applied[-1].term, self._configurationAt(applied[-1].index)):
            self.applied = before
        return self.pump()

    def finishLoad(self, most: int = 3) -> list[Send]:
        """
        Finish reading entries for a peer.

        @param most: how many entries are read at once.
        @return: what the core sends then.
        """
        load = self.loads.popleft()
        first = load.first - self.disk.firstIndex
        stop = min(load.last + 1 - self.disk.firstIndex, first + most)
        self.raft.loaded(load, Batch(self.disk.entries[first:stop]))
        return self.pump()

    def tick(self, count: int = 1) -> list[Send]:
        """
        Let time pass.

        @return: what the core sends meanwhile.
        """
        sends = []
        for _ in range(count):
            self.raft.tick()
            sends += self.pump()
        return sends


class Envelope(NamedTuple):
    """
    A message on its way.
    """

    sender: int
    to: int
    message: Message


class Network:
    """
    Servers and the links between them.

    @ivar servers: all servers; a server's place is its id.
    @ivar onTheWay: messages that have left and have not arrived.
    @ivar hold: messages of which this is true stay on their way.
    @ivar down: the ids of servers that do not run.
    """

    def __init__(
        self,
        *disks: Disk,
        random: Callable[[int], Random] = FixedTimeouts,
        limits: RaftLimits = RAFT_LIMITS,
        members: int | None = None,
    ) -> None:
        """
        @param disks: one for each server.
        @param random: makes the source of timeouts of the server with this id.
        @param members: how many of the servers are members at first; all, if C{None}. The others know of these and of
            themselves.
        """
        first = range(len(disks) if members is None else members)
        self.servers = [
            Server(
                RaftConfig(server, ELECTION_TICKS, HEARTBEAT_TICKS, limits=limits),
                disk,
                random(server),
                Configuration.ofVoters({*first, server}),
            )
            for server, disk in enumerate(disks)
        ]
        self.onTheWay: list[Envelope] = []
        self.hold: Callable[[Envelope], bool] = lambda envelope: False
        self.down: set[int] = set()
        self._cut: set[frozenset[int]] = set()

    @classmethod
    def fresh(cls, members: int, others: int = 0) -> Network:
        """
        Servers that have never run.

        @param others: how many there are beside the members.
        """
        return cls(*(Disk() for _ in range(members + others)), members=members)

    @property
    def up(self) -> list[Server]:
        """
        The servers that run.
        """
        return [server for server in self.servers if server.config.id not in self.down]

    def partition(self, *groups: Iterable[int]) -> None:
        """
        Cut all links but those inside of C{groups}.
        """
        members = range(len(self.servers))
        inside = [set(group) for group in groups]
        self._cut = {
            frozenset((one, other))
            for one in members
            for other in range(one)
            if not any(one in group and other in group for group in inside)
        }

    def heal(self) -> None:
        """
        Mend all links.
        """
        self._cut = set()

    def crash(self, server: int) -> None:
        """
        Stop a server; what its disk has not synced is lost.
        """
        self.down.add(server)

    def wipe(self, server: int) -> None:
        """
        A server loses all that it had, and is started with an empty disk.
        """
        self.servers[server].disk = Disk()
        self.restart(server)

    def restart(self, server: int, lastApplied: int = 0) -> None:
        """
        Start a server from its disk.
        """
        self.down.discard(server)
        self.servers[server].restart(lastApplied)

    def post(self, sender: int, sends: Iterable[Send]) -> None:
        """
        Put messages on their way.
        """
        self.onTheWay += [Envelope(sender, to, message) for to, message, _ in sends]

    def deliver(self, envelope: Envelope) -> None:
        """
        Have a message arrive, where there is a way.
        """
        sender, to, message = envelope
        if to in self.down or frozenset((sender, to)) in self._cut:
            self.lose(envelope)
        else:
            self.post(to, self.servers[to].receive(sender, message))

    def lose(self, envelope: Envelope) -> None:
        """
        Lose a message. Who asked, or would have been answered, is told so.
        """
        isRequest = isinstance(envelope.message, REQUESTS)
        asked, other = (envelope.sender, envelope.to) if isRequest else (envelope.to, envelope.sender)
        if asked not in self.down:
            self.servers[asked].raft.unreachable(other)
            self.post(asked, self.servers[asked].pump())

    def settle(self) -> None:
        """
        Finish all writes and deliver all messages, until nothing is left to do. No time passes.
        """
        for _ in patiently("all is settled"):
            busy = False
            for server in self.up:
                busy = busy or bool(server.disk.unsynced or server.loads or server.raft.hasMore())
                self.post(server.config.id, server.sync())
                for _ in patiently("all is read that peers need"):
                    if not server.loads:
                        break
                    self.post(server.config.id, server.finishLoad())
            arriving = [envelope for envelope in self.onTheWay if not self.hold(envelope)]
            self.onTheWay = [envelope for envelope in self.onTheWay if self.hold(envelope)]
            for envelope in arriving:
                busy = True
                self.deliver(envelope)
            if not busy:
                return

    def tick(self, count: int = 1) -> None:
        """
        Let time pass for all servers that run, and do all that is to be done after each tick.
        """
        for _ in range(count):
            for server in self.up:
                self.post(server.config.id, server.tick())
            self.settle()

    def elect(self, server: int) -> Server:
        """
        Let a server time out first, after the others have heard nothing of a leader for long enough to vote.
        """
        for other in self.up:
            if other.config.id != server and not other.leads:
                self.post(other.config.id, other.tick(ELECTION_TICKS))
        candidate = self.servers[server]
        before = candidate.raft.role
        for _ in patiently(f"server {server} times out"):
            if candidate.raft.role is not before:
                break
            self.post(server, candidate.tick())
        self.settle()
        return candidate

    def propose(self, server: int, *commands: bytes) -> None:
        """
        Have a leader append commands, and send what comes of it.
        """
        for command in commands:
            self.servers[server].raft.propose(command)
        self.post(server, self.servers[server].pump())
