"""
Tests for connections that speak memcached's protocol: what they share with the others, and what holds up what.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv import __version__
from replkv.commands.delete import Delete
from replkv.commands.gets import Gets
from replkv.commands.results import Items, Unavailable
from replkv.frontends.limits import IntakeLimits, MemoryLimits
from replkv.wire.memcached.words import NOT_SURE
from tests.frontends.text.session import MEMCACHED_PORT, PORT, TIMEOUT, Served, protocolOf
from tests.network import FarEnd

MIB = 1 << 20
BUSY = b"SERVER_ERROR busy: nothing was done\r\n"


def connect(served: Served) -> FarEnd:
    """
    Connect a client of memcached's.
    """
    return served.connect(port=MEMCACHED_PORT)


class SharingTests(SynchronousTestCase):
    """
    Tests for what both ports share.
    """

    def test_places(self) -> None:
        """
        The places are those of all clients, and who gets none is told so in its own words.
        """
        served = Served(maxConnections=2)
        first, second = served.connect("a"), served.connect("b", MEMCACHED_PORT)
        third, fourth = served.connect("c", MEMCACHED_PORT), served.connect("d")
        self.assertEqual((third.taken(), fourth.taken()), (BUSY, b"ERR_INTERNAL\r\n"))
        first.close()
        self.assertEqual(served.connect("c", MEMCACHED_PORT).taken(), b"")
        self.assertTrue(second.isUp)

    def test_stats(self) -> None:
        """
        The clients of both are counted, by both.
        """
        served = Served()
        text, client = served.connect(), connect(served)
        client.send(b"stats\r\n")
        self.assertIn(b"STAT curr_connections 2\r\n", client.taken())
        text.send(b"stats\r\n")
        self.assertIn(f"STAT connections 2\r\nSTAT version {__version__}\r\n".encode(), text.taken())

    def test_counts(self) -> None:
        """
        What clients of memcached's ask for is counted, as far as it was answered.
        """
        client = connect(Served())
        client.send(b"set k 0 0 1\r\nx\r\nadd k 0 0 1\r\ny\r\nappend k 0 0 1\r\nz\r\nget k l m\r\nget k\r\nmg l\r\n")
        client.taken()
        client.send(b"stats\r\n")
        told = client.taken()
        for line in (b"cmd_get 5", b"get_hits 2", b"get_misses 3", b"cmd_set 3"):
            self.assertIn(b"STAT " + line + b"\r\n", told)

    def test_sameKeys(self) -> None:
        """
        What one client stores, the others find.
        """
        served = Served()
        text, client = served.connect(), connect(served)
        text.send(b"put k 5 0 any 5\r\nhello\r\n")
        client.send(b"get k\r\nset k 7 0 2\r\nhi\r\n")
        self.assertEqual(client.taken(), b"VALUE k 5 5\r\nhello\r\nEND\r\nSTORED\r\n")
        text.send(b"gets k\r\n")
        self.assertIn(b"ITEM k 7 2 0 2\r\nhi\r\n", text.taken())

    def test_drain(self) -> None:
        """
        When the server stops, what was taken is answered, also what takes several steps, and then all are closed.
        """
        served = Served()
        text, client = served.connect(), connect(served)
        served.backend.holding = True
        client.send(b"ma n N0 J5 v\r\nget k\r\n")
        drained = served.clients.drain()
        self.assertNoResult(drained)
        while served.backend.held:
            served.backend.carryOut(served.backend.held.popleft())
            served.outbox.flush()
        self.assertEqual(client.taken(), b"VA 1\r\n5\r\n")
        text.close()
        client.close()
        self.successResultOf(drained)

    def test_abort(self) -> None:
        """
        When its time is over, all are cut off.
        """
        served = Served()
        clients = [served.connect(), connect(served)]
        served.clients.abortAll()
        self.assertEqual([client.isReset for client in clients], [True, True])

    def test_values(self) -> None:
        """
        Values that have not arrived whole are refused where there are too many of all; of C{noreply}, nothing is said.
        """
        served = Served(memory=MemoryLimits(arrivingBytes=MIB))
        loud, quiet, other = connect(served), connect(served), served.connect()
        for client, line in (
            (loud, b"set k 0 0 1000000\r\n"),
            (quiet, b"set k 0 0 1000000 noreply\r\n"),
            (other, b"set k 0 1000000\r\n"),
        ):
            client.send(line + b"x" * 900_000)
            served.network.advance(1)
        for client in (loud, quiet):
            client.send(b"x" * 100_000 + b"\r\nmn\r\n")
        self.assertEqual((loud.taken(), quiet.taken()), (BUSY + b"MN\r\n", b"MN\r\n"))

    def test_unread(self) -> None:
        """
        Where clients have left too much unread, a long reply is refused; what was written is not said to be undone.
        """
        served = Served(memory=MemoryLimits(unreadBytes=1000))
        client = connect(served)
        client.send(b"set k 0 0 1000\r\n" + bytes(1000) + b"\r\nmg k v\r\ngat 5 k\r\n")
        self.assertEqual(client.taken(), b"STORED\r\n" + BUSY + NOT_SURE)

    def test_longLine(self) -> None:
        """
        A line that names many keys counts as a value does, and is refused as one.
        """
        served = Served(memory=MemoryLimits(arrivingBytes=100_000))
        client = connect(served)
        client.send(b"get" + b" k" * 40_000)
        self.assertEqual(served.clients.arrivals.total, 80_003)
        client.send(b" k" * 20_000)
        self.assertEqual(served.clients.arrivals.total, 0)
        client.send(b" k\r\nmn\r\n")
        self.assertEqual(client.taken(), BUSY + b"MN\r\n")

    def test_manyKeys(self) -> None:
        """
        So do the keys that a line has named and that are still to be asked for: of such lines, some are cut short.
        """
        served = Served(memory=MemoryLimits(arrivingBytes=100_000))
        served.backend.holding = True
        reader, toucher = connect(served), connect(served)
        reader.send(b"get" + b" k" * 10_000 + b"\r\nmn\r\n")
        toucher.send(b"gat 5" + b" k" * 10_000 + b"\r\nmn\r\n")
        self.assertEqual(served.clients.arrivals.total, 2 * (10_000 - 128) - 1 + 2 * 9_999 - 1)
        served.network.advance(1)
        third = connect(served)
        third.send(b"get" + b" k" * 16_000 + b"\r\nget" + b" k" * 16_000 + b"\r\n")
        other = connect(served)
        other.send(b"set k 0 0 90000\r\n" + bytes(50_000))
        self.assertLess(served.clients.arrivals.total, 100_000)
        served.backend.holding = False
        served.answer()
        ends = b"SERVER_ERROR no answer from the cluster: nothing was read\r\nMN\r\n", NOT_SURE + b"MN\r\n"
        self.assertEqual((reader.taken(), toucher.taken()), ends)
        other.send(bytes(40_000) + b"\r\n")
        self.assertEqual((third.taken(), other.taken()), (b"END\r\n" * 2, b"STORED\r\n"))
        self.assertEqual(served.clients.arrivals.total, 0)

    def test_keptValue(self) -> None:
        """
        So does a value that is to be appended once the version is known.
        """
        served = Served(memory=MemoryLimits(arrivingBytes=1000))
        client, other = connect(served), connect(served)
        client.send(b"set k 0 0 1\r\nx\r\n")
        served.backend.holding = True
        client.send(b"ms k 900 MA C1\r\n" + bytes(900) + b"\r\nget k\r\n")
        self.assertEqual(served.clients.arrivals.total, 900)
        served.network.advance(1)
        other.send(b"set k 0 0 900\r\n" + bytes(200))
        self.assertEqual(served.clients.arrivals.total, 200)
        served.backend.holding = False
        served.answer()
        self.assertEqual(client.taken(), b"STORED\r\n" + BUSY + b"VALUE k 0 1\r\nx\r\nEND\r\n")


class Reactor(Clock):
    """
    A clock whose turns the test begins.
    """


class IntakeTests(SynchronousTestCase):
    """
    Tests for lines that have waited for too long.
    """

    def test_refused(self) -> None:
        """
        They are refused, those with C{noreply} without a word; what needs nobody is answered.
        """
        turns = Reactor()
        served = Served(limits=IntakeLimits(turnCommands=2, takenPerRefusal=0), turns=turns)
        client = connect(served)
        client.send(b"get a\r\nget a\r\nget a\r\ndelete a noreply\r\nset a 0 0 1 noreply\r\nx\r\nmn\r\nget a b\r\n")
        self.assertEqual(client.taken(), b"END\r\n" * 2)
        turns.advance(TIMEOUT)
        self.assertEqual(client.taken(), BUSY + b"MN\r\n" + BUSY)
        self.assertEqual(served.backend.seen, [Gets((b"a",))] * 2)


class StepTests(SynchronousTestCase):
    """
    Tests for what takes several steps.
    """

    def test_holdsUp(self) -> None:
        """
        Nothing is read behind it until it is over; what came before it goes out.
        """
        served = Served()
        served.backend.holding = True
        client = connect(served)
        keys = b" ".join(b"%d" % number for number in range(300))
        client.send(b"get a\r\nget " + keys + b"\r\nget z\r\n")
        protocol = protocolOf(client)
        sizes = []
        while served.backend.held:
            sizes.append([len(request.command.keys) for request in served.backend.held])  # type: ignore[attr-defined]
            self.assertEqual(protocol._reading, sizes[-1] == [1])
            served.answer()
        self.assertEqual(sizes, [[1, 128], [128], [44], [1]])
        self.assertEqual(client.taken(), b"END\r\n" * 3)

    def test_fails(self) -> None:
        """
        Where a step fails, there is one line that says so, and the next line is answered as if nothing had happened.
        """
        served = Served()
        served.backend.holding = True
        client = connect(served)
        client.send(b"get " + b"k " * 300 + b"\r\nmn\r\n")
        served.backend.held.popleft().answer(Items(()))
        served.outbox.flush()
        served.backend.held.popleft().answer(Unavailable())
        served.outbox.flush()
        self.assertEqual(client.taken(), b"SERVER_ERROR no answer from the cluster: nothing was read\r\nMN\r\n")

    def test_goneMeanwhile(self) -> None:
        """
        Where the client has gone, there is no next step, and nothing is kept for one.
        """
        served = Served()
        served.backend.holding = True
        client = connect(served)
        client.send(b"get " + b"k " * 300 + b"\r\n")
        lasting = protocolOf(client)._lasting
        assert lasting is not None
        self.assertEqual((lasting.kept, served.clients.arrivals.total), (343, 343))
        client.abort()
        self.assertEqual((lasting.kept, served.clients.arrivals.total), (0, 0))
        served.answer()
        self.assertEqual(len(served.backend.held), 0)

    def test_slowReader(self) -> None:
        """
        A client that reads nothing is asked for no more than it has room for, however many keys it has named.
        """
        served = Served()
        client = connect(served)
        client.send(b"set k 0 0 %d\r\n" % MIB + b"x" * MIB + b"\r\n")
        client.transport.pauseProducing()
        served.backend.holding = True
        client.send(b"get" + b" k" * 200 + b"\r\n")
        while served.backend.held:
            served.answer()
        self.assertLess(served.budget.unread, 20 * MIB)
        client.transport.resumeProducing()
        served.backend.holding = False
        replies = client.taken()
        self.assertTrue(replies.startswith(b"STORED\r\nVALUE k"))
        self.assertEqual((replies.count(b"VALUE k"), replies[-5:]), (200, b"END\r\n"))

    def test_pipelined(self) -> None:
        """
        Thousands of lines of all kinds may come at once.
        """
        served = Served()
        client = connect(served)
        client.send((b"set k 0 0 1 noreply\r\nx\r\nget k z k\r\nma n N0 J0\r\ngat 0 k k\r\n") * 2000)
        one = b"VALUE k 0 1\r\nx\r\n" * 2 + b"END\r\n"
        self.assertEqual(client.taken(), (one + b"HD\r\n" + one) * 2000)


class QuietTests(SynchronousTestCase):
    """
    Tests for C{noreply} and what comes after it on other connections.
    """

    def test_seen(self) -> None:
        """
        A read sees what was written so before, wherever that came from; what is written with a reply is none of that.
        """
        served = Served()
        served.backend.holding = True
        first, second, third = connect(served), connect(served), connect(served)
        first.send(b"set a 0 0 1 noreply\r\nx\r\nset a 0 0 1\r\nx\r\n")
        second.send(b"delete b noreply\r\n")
        third.send(b"get a\r\n")
        served.connect().send(b"get a\r\nset a 0 1 noreply\r\nx\r\n")
        *memcacheds, text, other = [request.quiet for request in served.backend.held]
        self.assertEqual((text, other), (None, None))
        quiet, loud, *others = memcacheds
        self.assertIsNotNone(quiet)
        self.assertIsNone(loud)
        self.assertEqual(others, [quiet] * 2)

    def test_closedBehind(self) -> None:
        """
        A client may close as soon as it has sent it.
        """
        served = Served()
        client = connect(served)
        client.transport.write(b"delete k noreply\r\n")
        client.close()
        self.assertEqual(served.backend.seen, [Delete(b"k")])

    def test_forwarded(self) -> None:
        """
        All that these clients ask may be passed on to the server that leads: they do not know where that is.
        """
        served = Served()
        served.backend.holding = True
        connect(served).send(b"get a\r\nset a 0 0 1\r\nx\r\nmg a\r\nma a N0\r\n")
        self.assertEqual([request.mayForward for request in served.backend.held], [True] * 4)
        served.connect(port=PORT).send(b"get a\r\n")
        self.assertFalse(served.backend.held[-1].mayForward)


wholes = [b"incr n 1", b"touch k -1", b"gat 5 k n", b"stats", b"quit", b"set k 0 0 99999999", b"get " + b"k " * 200]
shreds = [b"get ", b"set k 0 0 3", b"set k 0 0 3 noreply", b"mg k v t", b"ma n N0 J1 t", b"ms k 3 MA N0", b"abc", b"k "]
pieces = st.lists(
    st.sampled_from([line + b"\r\n" for line in wholes])
    | st.sampled_from([*shreds, b" ", b"\r\n", b"\r\n", b"\n", b"\x80"])
    | st.binary(max_size=6),
    max_size=40,
)


class FuzzTests(SynchronousTestCase):
    """
    Whatever comes.
    """

    @settings(derandomize=True, deadline=None, max_examples=150)
    @given(pieces)
    def test_anything(self, sent: list[bytes]) -> None:
        """
        The connection goes on, or is closed in order; and nothing is left of it in the end.
        """
        served = Served(maxValueBytes=1000)
        client = connect(served)
        for piece in sent:
            client.send(piece)
        client.endWriting()
        replies = client.taken()
        self.assertTrue(not replies or replies.endswith(b"\r\n"), replies)
        self.assertFalse(client.isUp)
        budget = served.budget
        self.assertEqual((budget.reserved, budget.unread, served.clients.arrivals.total), (0, 0, 0))
        self.assertEqual(self.flushLoggedErrors(), [])
