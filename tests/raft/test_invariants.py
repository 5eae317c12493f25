"""
Random schedules: whatever is delayed, reordered, repeated, lost, cut off, slow, or crashed, the invariants hold after
each step; and when all is well again the cluster goes on.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

import replkv.raft.log
from tests.raft.invariants import Invariants
from tests.raft.network import ELECTION_TICKS, Disk, Network, Server

SEEDS = 300
STEPS = 1500


class Schedule:
    """
    One random run. All of it follows from its seed.
    """

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.invariants = Invariants()
        members = random.choice((1, 2, 3, 3, 3, 4, 5, 5))
        self.network = Network(
            *(Disk() for _ in range(members)),
            random=lambda server: Random(seed * 10 + server),
            watch=self.invariants.check,
        )
        self.invariants.servers = self.network.servers
        self._asked = 0
        # How trying the run is: some are calm, so that long logs come about, others are all trouble.
        trouble = random.choice((0.5, 2, 5))
        self._steps = (self.deliver, self.sync, self.tick, self.load, self.ask, self.trouble)
        self._weights = (50, random.choice((4, 15, 30)), random.choice((5, 15)), 5, random.choice((5, 15)), trouble)

    def run(self, steps: int) -> None:
        """
        Take random steps.
        """
        for step in self.random.choices(self._steps, self._weights, k=steps):
            step()

    def deliver(self) -> None:
        """
        A message arrives, seldom out of order or twice.
        """
        network, random = self.network, self.random
        if network.onTheWay:
            place = 0 if random.random() < 0.9 else random.randrange(len(network.onTheWay))
            envelope = network.onTheWay[place] if random.random() < 0.02 else network.onTheWay.pop(place)
            network.deliver(envelope)

    def server(self) -> Server | None:
        """
        Some server that runs.
        """
        return self.random.choice(self.network.up) if self.network.up else None

    def sync(self) -> None:
        """
        Some writes of some disk are finished.
        """
        if server := self.server():
            self.network.post(server.config.id, server.sync(self.random.choice((1, 1, 2, None))))

    def tick(self) -> None:
        """
        Time passes for some server.
        """
        if server := self.server():
            self.network.post(server.config.id, server.tick(self.random.choice((1, 1, 1, ELECTION_TICKS))))

    def load(self) -> None:
        """
        Entries for a peer were read from a disk.
        """
        if (server := self.server()) and server.loads:
            self.network.post(server.config.id, server.finishLoad(self.random.choice((1, 3, 100))))

    def ask(self) -> None:
        """
        Writes and reads are asked of all that believe to lead, in any order.
        """
        for server in self.network.up:
            if not server.leads:
                continue
            for _ in range(self.random.randrange(1, 4)):
                self._asked += 1
                if self.random.random() < 0.6:
                    server.raft.propose(b"w%d" % self._asked)
                else:
                    self.invariants.read(server, self._asked)
                    atLeast = self.random.choice((0, server.raft.log.lastIndex))
                    server.raft.read(self._asked, atLeast)
            if self.random.random() < 0.7:
                self.network.post(server.config.id, server.pump())

    def trouble(self) -> None:
        """
        Something goes wrong, or is mended.
        """
        network, random = self.network, self.random
        members = range(len(network.servers))
        some = {member for member in members if random.random() < 0.5}
        match random.randrange(8):
            case 0:
                network.partition(some, set(members) - some)
            case 1:
                network.heal()
            case 2:
                network.crash(random.choice(members))
            case 3 | 4:
                for member in list(network.down) or [random.choice(members)]:
                    network.restart(member, random.randint(0, len(network.servers[member].applied)))
            case 5:
                lost = [envelope for envelope in network.onTheWay if random.random() < 0.5]
                network.onTheWay = [envelope for envelope in network.onTheWay if envelope not in lost]
                for envelope in lost:
                    network.lose(envelope)
            case _:
                # Nothing moves for long, and then several servers want to lead.
                for server in network.up:
                    network.post(server.config.id, server.tick(random.randrange(2 * ELECTION_TICKS)))

    def recover(self) -> None:
        """
        Mend all, and wait until all servers have applied what a client asks for now.

        @raise AssertionError: if that does not come about.
        """
        network = self.network
        network.heal()
        for member in list(network.down):
            network.restart(member)
        network.settle()
        network.tick(8 * ELECTION_TICKS)
        leaders = [server for server in network.servers if server.leads]
        assert len(leaders) == 1, f"{len(leaders)} leaders"
        self.invariants.read(leaders[0], "last")
        leaders[0].raft.read("last")
        network.propose(leaders[0].config.id, b"last")
        network.tick(ELECTION_TICKS)
        assert "last" in leaders[0].answeredReads, "a read is stuck"
        for server in network.servers:
            assert server.applied[-1].data == b"last", "a write is stuck"
            assert server.applied == leaders[0].applied, "the state machines differ"


class ScheduleTests(SynchronousTestCase):
    """
    Figure 3 of the Raft paper, under everything that may happen.
    """

    def test_randomSchedules(self) -> None:
        """
        The invariants hold in all random schedules, and each cluster recovers.
        """
        self.patch(replkv.raft.log, "MAX_BATCH_BYTES", 8)
        entries = terms = reads = 0
        for seed in range(SEEDS):
            # In every other run, what is applied is no longer in memory.
            self.patch(replkv.raft.log, "CACHE_BYTES", 0 if seed % 2 else 1024 * 1024)
            schedule = Schedule(seed)
            try:
                schedule.run(STEPS)
                schedule.recover()
            except Exception as error:
                raise self.failureException(f"seed {seed}: {error}") from error
            entries += len(schedule.network.servers[0].applied)
            terms += schedule.network.servers[0].raft.currentTerm
            reads += sum(len(server.answeredReads) for server in schedule.network.servers)
        # The schedules are worth something: they get somewhere, in spite of many elections.
        self.assertGreater(entries, 15 * SEEDS)
        self.assertGreater(terms, 4 * SEEDS)
        self.assertGreater(reads, 10 * SEEDS)
