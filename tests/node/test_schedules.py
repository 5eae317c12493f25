"""
Whole clusters under random schedules: cut off, killed and slow servers, and clients that see it all. What the clients
were told has to fit into one order of all that was done.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from twisted.trial.unittest import SynchronousTestCase

from replkv.protocol.request import Request
from tests.node.cluster import YEAR, Client, Cluster

NOT_FOUND = b"ERRNOTFOUND\r\n"

SCHEDULES = 30

STEPS = 120


class Asked(NamedTuple):
    """
    Something that a client asked.

    @ivar kind: what it was.
    @ivar value: what it was to store.
    @ivar begun: at which step it was asked.
    @ivar number: counts what was asked.
    """

    kind: str
    value: bytes
    begun: int
    number: int
    request: Request


class Told(NamedTuple):
    """
    What a client was told of the key.

    @ivar version: the version that the key had or got; C{None} where it was not there.
    @ivar begun: at which step it was asked.
    @ivar ended: at which step it was answered.
    @ivar number: counts what was asked.
    @ivar connection: the connection by which it was asked.
    """

    kind: str
    version: int | None
    begun: int
    ended: int
    number: int
    connection: object

    def isBefore(self, other: Told) -> bool:
        """
        Whether this takes effect before C{other}: it was answered before that was asked, or the same connection asked
        for the one and then for the other.
        """
        return self.ended < other.begun or (self.connection is other.connection and self.number < other.number)


class Schedule:
    """
    One cluster, one key, and chance.

    @ivar told: what clients were told.
    @ivar stored: the value that each version is known to have.
    """

    def __init__(self, seed: int, exptime: int) -> None:
        self.told: list[Told] = []
        self.stored: dict[int, bytes] = {}
        self._random = Random(seed)
        self._exptime = exptime
        self._cluster = Cluster(self._random.choice([3, 3, 5]), requestTimeout=1.0)
        for server in self._cluster.servers:
            server.wrong = self._random.choice([0.0, 0.0, YEAR, -YEAR])
        self._waiting: list[Asked] = []
        self._step = 0
        self._asked = 0

    def run(self) -> None:
        """
        Let chance reign, then mend all and read once more.
        """
        for _ in range(STEPS):
            self._step += 1
            self._disturb()
            for server in self._cluster.servers:
                if self._random.random() < 0.4:
                    self._ask(Client(server))
            self._cluster.run(self._random.choice([0.01, 0.01, 0.03, 0.1]))
            self._listen()
        self._mend()
        self._cluster.run(2)
        self._listen()
        self._step += 1
        client = Client(self._cluster.leader())
        self._await("getm", b"", client.getm(b"k"))
        self._cluster.run(0.2)
        self._listen()

    def stores(self) -> list[dict[bytes, bytes]]:
        """
        What the state machines hold.
        """
        return [server.engine._values for server in self._cluster.servers]

    def _disturb(self) -> None:
        random, servers = self._random, self._cluster.servers
        chance = random.random()
        if chance < 0.06:
            self._cluster.apart = set(random.sample(range(len(servers)), random.randint(0, len(servers) // 2)))
        elif chance < 0.12:
            self._cluster.hold(servers, False)
            self._cluster.hold(random.sample(servers, random.randint(0, len(servers) // 2)))
        elif chance < 0.15:
            server = random.choice(servers)
            server.crash(random if random.random() < 0.5 else None)
            server.start()
        elif chance < 0.17:
            # Its process is stopped, as far as its own part goes: it does not notice that others have gone on.
            server = random.choice(servers)
            server.pause()
            self._cluster.apart = {server.id}
        elif chance < 0.22:
            self._mend()

    def _mend(self) -> None:
        self._cluster.apart = set()
        self._cluster.hold(self._cluster.servers, False)
        for server in self._cluster.servers:
            server.resume()

    def _ask(self, client: Client) -> None:
        value = b"%d" % self._random.getrandbits(40)
        for _ in range(self._random.randint(1, 3)):
            kind = self._random.choice(["set", "getm", "getm", "cas"])
            if kind == "set":
                request = client.set(b"k", value, self._exptime)
            elif kind == "cas":
                request = client.cas(b"k", max(self.stored, default=1), value, self._exptime)
            else:
                request = client.getm(b"k")
            self._await(kind, value, request)

    def _await(self, kind: str, value: bytes, request: Request) -> None:
        self._asked += 1
        self._waiting.append(Asked(kind, value, self._step, self._asked, request))

    def _listen(self) -> None:
        waiting, self._waiting = self._waiting, []
        for asked in waiting:
            reply = asked.request.reply
            if reply is None:
                self._waiting.append(asked)
            elif reply == NOT_FOUND:
                self._tell(asked, None)
            elif reply.startswith(b"OK "):
                self._learn(asked, int(reply.split()[1]), asked.value)
            elif reply.startswith(b"VALUE "):
                self._learn(asked, int(reply.split()[1]), reply.split(b"\r\n")[1])

    def _learn(self, asked: Asked, version: int, value: bytes) -> None:
        assert self.stored.setdefault(version, value) == value, f"version {version} has two values"
        self._tell(asked, version)

    def _tell(self, asked: Asked, version: int | None) -> None:
        connection = asked.request.connection
        self.told.append(Told(asked.kind, version, asked.begun, self._step, asked.number, connection))


class ScheduleTests(SynchronousTestCase):
    """
    Tests for any schedule.
    """

    def assertLinear(self, told: list[Told]) -> None:
        """
        Of two things of which one is before the other, the second finds what the first left, or something later; and
        a write leaves a version that is larger than all before it.
        """
        found = [(each, each.version) for each in told if each.version is not None]
        for first, version in found:
            for second, later in found:
                if first.isBefore(second):
                    least = version if second.kind == "getm" else version + 1
                    self.assertGreaterEqual(later, least, f"{first}, then {second}")

    def assertGoneForGood(self, told: list[Told]) -> None:
        """
        What was gone for one who asked does not come back: who asks later finds nothing, or a version that nobody had
        been told of when it was gone.
        """
        for gone in [each for each in told if each.version is None]:
            before = max([each.version or 0 for each in told if each.isBefore(gone)], default=0)
            for later in told:
                if gone.isBefore(later) and later.version is not None:
                    self.assertGreater(later.version, before, f"{gone}, then {later}")

    def test_linear(self) -> None:
        """
        Nothing that was answered is lost, versions only grow, no read is stale, and all servers come to hold the same.
        """
        answered = 0
        for seed in range(SCHEDULES):
            schedule = Schedule(seed, 0)
            schedule.run()
            self.assertLinear(schedule.told)
            stored = [each for each in schedule.told if each.version is not None]
            last = schedule.told[-1]
            self.assertEqual(last.version, max([each.version or 0 for each in schedule.told]), f"seed {seed}")
            gone = [each for each in schedule.told if each.version is None]
            for each in gone:
                self.assertFalse([other for other in stored if other.isBefore(each)], f"seed {seed}: {each}")
            self.assertEqual(schedule.stores(), [schedule.stores()[0]] * len(schedule.stores()), f"seed {seed}")
            answered += len(stored)
        self.assertGreater(answered, 30 * SCHEDULES)

    def test_expiry(self) -> None:
        """
        So it is where the key expires; and once it is gone, it does not come back.
        """
        gone = 0
        for seed in range(SCHEDULES):
            schedule = Schedule(seed, 1)
            schedule.run()
            self.assertLinear(schedule.told)
            self.assertGoneForGood(schedule.told)
            gone += sum(each.version is None for each in schedule.told)
        self.assertGreater(gone, SCHEDULES)
