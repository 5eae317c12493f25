"""
Tests for L{replkv.bench.generator}.
"""

from __future__ import annotations

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from replkv.bench.commands import Commands
from replkv.bench.dialect import Hopeless
from replkv.bench.generator import LOST, REDIRECTED, UNANSWERED, UNSENT, Generator
from replkv.bench.load import Load
from replkv.bench.tally import Tally
from replkv.bench.text import TextDialect
from replkv.client.address import Address
from tests.bench.world import World

LEADER, OTHER = Address("kv0", 9000), Address("kv1", 9001)
DIALECT = TextDialect(b"probe")
HELLO = DIALECT.hello
SETS = Commands([b"set k%d 0 1\r\nx\r\n" % number for number in range(8)], [False] * 8)
MIXED = Commands([b"set k 0 1\r\nx\r\n", b"get k\r\n"], [False, True])


class GeneratorTests(SynchronousTestCase):
    """
    Tests for L{Generator}.
    """

    def setUp(self) -> None:
        """
        Have servers that answer each command after 10 ms.
        """
        self.world = World(DIALECT, self.respond)
        self.took = 0.01

    def respond(self, address: Address, data: bytes) -> tuple[bytes, float] | None:
        """
        What a healthy leader answers.
        """
        if data == HELLO:
            return b"ERRNOTFOUND\r\n", self.took
        return b"OK 1\r\n" * data.count(b"set ") + b"VALUE 1\r\nx\r\n" * data.count(b"get "), self.took

    def generator(self, load: Load, *servers: Address) -> Generator:
        """
        A generator whose clients are all connected.
        """
        generator = Generator(load, DIALECT, servers or (LEADER,), self.world.connect, self.world.clock, self.world)
        generator.prepare()
        return generator

    def measure(self, load: Load, commands: Commands = SETS, *servers: Address) -> Tally:
        """
        What comes of a load.
        """
        return self.generator(load, *servers).measure(load, commands, self.world.now, lambda done, wrong: None)

    def test_closed(self) -> None:
        """
        In a closed loop, each answer is followed by the next command. What is answered in the warm-up is not counted.
        """
        tally = self.measure(Load(clients=3, seconds=1.0, warmUp=0.5))
        self.assertEqual(tally.errors, Counter())
        self.assertApproximates(tally.answered, 300, 4)
        self.assertTrue(all(9_999 <= latency <= 10_001 for latency in tally.writes), tally)
        self.assertApproximates(tally.seconds, 1.0, 0.02)
        self.assertEqual(tally.reads, {})

    def test_kinds(self) -> None:
        """
        Reads and writes are counted apart.
        """
        tally = self.measure(Load(clients=1, seconds=1.0, warmUp=0.0), MIXED)
        self.assertApproximates(sum(tally.reads.values()), 50, 1)
        self.assertApproximates(sum(tally.writes.values()), 50, 1)

    def test_depth(self) -> None:
        """
        So many commands are under way on each connection, which begin with one piece, and go through all commands over
        and over.
        """
        tally = self.measure(Load(clients=1, depth=5, seconds=1.0, warmUp=0.0))
        self.assertApproximates(tally.answered, 500, 6)
        sent = [data for _, data in self.world.made[0].sent[1:]]
        self.assertEqual(sent[0], b"".join(SETS.encoded[:5]))
        self.assertEqual(b"".join(sent[:8]), b"".join(SETS.encoded * 5))

    def test_open(self) -> None:
        """
        In an open loop, commands are sent when they are due, and not before.
        """
        load = Load(clients=10, rate=100.0, seconds=1.0, warmUp=0.0)
        begin = self.world.now
        tally = self.measure(load)
        begin += self.took  # That of the greeting.
        sent = sorted(moment for made in self.world.made for moment, data in made.sent if data != HELLO)
        self.assertEqual((len(sent), tally.answered, tally.errors), (100, 100, Counter()))
        for number, moment in enumerate(sent):
            self.assertApproximates(moment - begin, number / 100, 1e-6)

    def test_coordinatedOmission(self) -> None:
        """
        If servers stand still, what was due meanwhile is late, each from when it was due, and not from when it could be
        sent.
        """
        stalled = [1.0]
        healthy = self.respond

        def respond(address: Address, data: bytes) -> tuple[bytes, float] | None:
            if data != HELLO and stalled:
                return b"OK 1\r\n", stalled.pop()
            return healthy(address, data)

        self.world.respond = respond
        self.took = 0.001
        tally = self.measure(Load(clients=1, rate=100.0, seconds=2.0, warmUp=0.0))
        self.assertEqual(tally.answered, 200)
        # A hundred were due within the second, 10 ms apart; then some more until it had caught up.
        late = sorted(latency for latency, count in tally.writes.items() for _ in range(count) if latency > 100_000)
        self.assertTrue(95 <= len(late) <= 105, len(late))
        self.assertApproximates(sum(late) / len(late), 540_000, 30_000)

    def test_unsent(self) -> None:
        """
        What could not even be sent by the end is not left out.
        """
        tally = self.measure(Load(clients=1, rate=1000.0, seconds=1.0, warmUp=0.0))
        self.assertEqual(tally.answered + tally.errors[UNSENT], 1000)
        self.assertApproximates(tally.answered, 100, 2)

    def test_redirect(self) -> None:
        """
        Who does not reach the leader goes where it is sent, and so do all that come later.
        """
        healthy = self.respond
        self.world.respond = lambda address, data: (
            (b"ERR_REDIRECT kv1 9001\r\n", 0.001) if address == LEADER else healthy(address, data)
        )
        tally = self.measure(Load(clients=100, seconds=0.5, warmUp=0.0))
        self.assertEqual(tally.errors, Counter())
        reached = Counter(made.address for made in self.world.made)
        self.assertEqual(reached[OTHER], 100)
        self.assertLess(reached[LEADER], 70)

    def test_anotherLeads(self) -> None:
        """
        A redirect in the middle is counted, for all that the client had under way, and followed.
        """
        deposed = self.world.now + 0.5
        healthy = self.respond

        def respond(address: Address, data: bytes) -> tuple[bytes, float] | None:
            if (address == LEADER) == (self.world.now < deposed):
                return healthy(address, data)
            other = OTHER if address == LEADER else LEADER
            return b"ERR_REDIRECT %b %d\r\n" % (other.host.encode(), other.port) * 2, 0.01

        self.world.respond = respond
        tally = self.measure(Load(clients=2, depth=2, seconds=1.0, warmUp=0.0), SETS, LEADER, OTHER)
        self.assertEqual(tally.errors, Counter({REDIRECTED: 4}))
        self.assertTrue(350 < tally.answered < 400, tally.answered)

    def test_lost(self) -> None:
        """
        A connection that is lost is counted, for all that was under way on it, and made again, to a server that is
        there.
        """
        ended = self.world.now + 0.5
        healthy = self.respond

        def respond(address: Address, data: bytes) -> tuple[bytes, float] | None:
            if self.world.now < ended or address == OTHER:
                return healthy(address, data)
            self.world.down.add(LEADER)
            return b"", 0.0

        self.world.respond = respond
        tally = self.measure(Load(clients=1, depth=3, seconds=1.0, warmUp=0.0), SETS, LEADER, OTHER)
        self.assertEqual(tally.errors, Counter({LOST: 3}))
        self.assertTrue(240 < tally.answered < 300, tally.answered)
        self.assertTrue(self.world.made[0].isClosed)

    def test_errors(self) -> None:
        """
        An error is counted by its name. The client waits for a moment, and goes on where it is.
        """
        wrong = [True]
        healthy = self.respond

        def respond(address: Address, data: bytes) -> tuple[bytes, float] | None:
            if data != HELLO and wrong:
                wrong.pop()
                return b"ERR_INTERNAL\r\n", 0.0
            return healthy(address, data)

        self.world.respond = respond
        tally = self.measure(Load(clients=1, seconds=1.0, warmUp=0.0))
        self.assertEqual(tally.errors, Counter(ERR_INTERNAL=1))
        self.assertTrue(80 < tally.answered < 97, tally.answered)
        self.assertEqual(len(self.world.made), 1)

    def test_unanswered(self) -> None:
        """
        What is not answered in time is counted, and its connection given up, also after the end.
        """
        silent = self.world.now + 0.5
        healthy = self.respond
        self.world.respond = lambda address, data: None if self.world.now > silent else healthy(address, data)
        tally = self.measure(Load(clients=4, seconds=1.0, warmUp=0.0, patience=2.0))
        self.assertEqual(tally.errors, Counter({UNANSWERED: 4}))
        self.assertTrue(all(made.isClosed for made in self.world.made[:4]))

    def test_hopeless(self) -> None:
        """
        Who may not do that is told so at once, and who reaches no server after a while, and why.
        """
        self.world.respond = lambda address, data: (b"ERR_AUTH\r\n", 0.0)
        error = self.assertRaises(Hopeless, self.generator, Load())
        self.assertIn("ERR_AUTH", str(error))
        self.setUp()
        self.world.down = {LEADER, OTHER}
        error = self.assertRaises(Hopeless, self.generator, Load(clients=7), LEADER, OTHER)
        self.assertIn("7 of 7 clients could not begin: kv", str(error))
        self.assertIn("Connection refused", str(error))

    def test_fill(self) -> None:
        """
        Each command is sent once; all of them again where one was not carried out.
        """
        generator = self.generator(Load(clients=3, depth=2))
        generator.fill(SETS)
        sent = [data for made in self.world.made for _, data in made.sent if data != HELLO]
        self.assertEqual(
            Counter(b"".join(sent).split(b" ")[1::3]), Counter({b"k%d" % number: 1 for number in range(8)})
        )
        wrong = [True]
        healthy = self.respond

        def respond(address: Address, data: bytes) -> tuple[bytes, float] | None:
            return (b"ERR_INTERNAL\r\n" * data.count(b"set "), 0.0) if wrong and wrong.pop() else healthy(address, data)

        self.world.respond = respond
        generator.fill(SETS)
        self.world.respond = lambda address, data: (b"ERR_INTERNAL\r\n" * data.count(b"set "), 0.01)
        self.assertIn("ERR_INTERNAL", str(self.assertRaises(Hopeless, generator.fill, SETS)))
        self.world.respond = lambda address, data: None
        self.assertIn("answer no more", str(self.assertRaises(Hopeless, generator.fill, SETS)))

    def test_report(self) -> None:
        """
        While it goes on, it tells how much was done; and in the end it closes what it has opened.
        """
        told: list[tuple[int, int]] = []
        load = Load(clients=1, seconds=1.0, warmUp=0.0)
        generator = self.generator(load)
        tally = generator.measure(load, SETS, self.world.now, lambda *figures: told.append(figures))
        self.assertTrue(5 <= len(told) <= 11, told)
        self.assertApproximates(sum(done for done, _ in told), tally.answered, 15)
        generator.close()
        self.assertTrue(all(made.isClosed for made in self.world.made))
