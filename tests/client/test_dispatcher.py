"""
Tests for L{replkv.client.dispatcher}: how many calls are under way, and in which order they are carried out.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from replkv.client.client import Client
from replkv.client.errors import OutcomeUnknown
from replkv.client.limits import CLIENT_LIMITS
from tests.client.many import WINDOW, ManyCase, keys


class WindowTests(ManyCase):
    """
    How many calls are under way.
    """

    def test_many(self) -> None:
        """
        Any number of calls can be made at once: all are carried out, in their order, and never more than so many are
        under way.
        """
        results: list[Deferred[Any]] = [*self.writes(500), *self.reads(500, first=500)]
        wire = self.connected()
        self.assertEqual(len(keys(wire.value())), WINDOW)
        self.assertEqual(self.carryOut(wire), list(range(1000)))
        for result in results:
            self.successResultOf(result)
        self.assertEqual(self.reactor.getDelayedCalls()[1:], [])

    def test_oneForOne(self) -> None:
        """
        As many as are answered are sent.
        """
        self.reads(WINDOW + 5)
        wire = self.connected()
        wire.taken()
        wire.send(b"ERRNOTFOUND\r\n" * 3)
        self.assertEqual(keys(wire.taken()), [WINDOW, WINDOW + 1, WINDOW + 2])

    def test_bytes(self) -> None:
        """
        Large values count for many commands, and one that is larger than all that may be under way goes alone.
        """
        large = bytes(CLIENT_LIMITS.sentBytes // 2)
        for number in range(4):
            self.client.set(b"%d" % number, large)
        wire = self.connected()
        self.assertEqual(wire.taken().count(b"set "), 2)
        wire.send(b"OK 1\r\n")
        self.assertEqual(wire.taken().count(b"set "), 1)

    def test_slowServer(self) -> None:
        """
        A server that answers slowly is not left, however long a read takes: what was sent last waits for what was sent
        before it.
        """
        results = self.reads(20)
        wire = self.connected()
        for _ in range(20):
            self.network.advance(0.45)
            wire.send(b"ERRNOTFOUND\r\n")
        for result in results:
            self.assertIsNone(self.successResultOf(result))
        self.assertEqual(self.network.asked(), [])

    def test_writesOnSilentServer(self) -> None:
        """
        When a server falls silent with writes on it, those are waited for, and what waits goes to another server.
        """
        results = self.writes(WINDOW + 1)
        silent = self.connected()
        self.network.advance(Client.PATIENCE)
        other = self.connected(2)
        self.assertEqual(self.carryOut(other), [WINDOW])
        self.assertEqual(self.successResultOf(results[WINDOW]), 1)
        self.assertNoResult(results[0])
        silent.send(b"OK 1\r\n")
        self.assertEqual(self.successResultOf(results[0]), 1)
        self.network.advance(10)
        for result in results[1:WINDOW]:
            self.failureResultOf(result, OutcomeUnknown)
        self.assertTrue(silent.isReset)

    def test_silentConnectionsAreBounded(self) -> None:
        """
        Of the silent connections that are kept for their writes, the oldest end when there are too many.
        """
        self.client = Client(self.reactor, ["db:1"], timeout=1000)
        wires, writes = [], []
        for _ in range(CLIENT_LIMITS.left + 2):
            writes += self.writes(1)
            wires.append(self.connected())
            self.network.advance(Client.PATIENCE)
            self.network.advance(Client.RETRY_DELAY)
        self.assertEqual([wire.isReset for wire in wires], [True] + [False] * (CLIENT_LIMITS.left + 1))
        self.failureResultOf(writes[0], OutcomeUnknown)
        self.client.close()
        for wire, write in zip(wires, writes[1:], strict=False):
            self.assertTrue(wire.isReset)
            self.failureResultOf(write, OutcomeUnknown)

    def test_shortTimeout(self) -> None:
        """
        A client whose time is short does not spend all of it on one server.
        """
        self.client = Client(self.reactor, ["db:1", "db:2"], timeout=1.0)
        got = self.client.get(b"k")
        self.connected()
        self.network.advance(0.5)
        self.connected(2).send(b"ERRNOTFOUND\r\n")
        self.assertIsNone(self.successResultOf(got))


class OrderTests(ManyCase):
    """
    In which order calls are carried out.
    """

    def test_redirected(self) -> None:
        """
        When many are redirected, they go to the other server in their order, and before what waits and what is asked
        only now.
        """
        self.writes(WINDOW + 10)
        wire = self.connected()
        wire.taken()
        wire.send(b"ERR_REDIRECT db 2\r\n")
        self.writes(3, first=WINDOW + 10)
        self.assertEqual(self.network.asked(), [])
        for _ in range(WINDOW - 1):
            wire.send(b"ERR_REDIRECT db 2\r\n")
        self.assertEqual(wire.taken(), b"")
        other = self.connected(2)
        self.assertEqual(self.carryOut(other), list(range(WINDOW + 13)))

    def test_redirectedAndSilent(self) -> None:
        """
        A server that redirects some and then is silent does not hold up the others for ever.
        """
        self.writes(3)
        wire = self.connected()
        wire.send(b"ERR_REDIRECT db 3\r\n" * 2)
        self.network.advance(1.9)
        self.assertEqual(self.network.asked(), [])
        self.network.advance(0.1)
        self.assertEqual(keys(self.connected(3).taken()), [0, 1])

    def test_redirectedAndLost(self) -> None:
        """
        Nor does one whose connection is lost then. What it had not answered is tried again, reads alone.
        """
        writes = self.writes(2)
        reads = self.reads(2, first=2)
        wire = self.connected()
        wire.send(b"ERR_REDIRECT db 3\r\n")
        wire.close()
        self.failureResultOf(writes[1], OutcomeUnknown)
        self.assertEqual(keys(self.connected(3).taken()), [0, 2, 3])
        self.assertNoResult(reads[0])

    def test_redirectedAndNonsense(self) -> None:
        """
        Nor does one that redirects the last and then sends what is no reply.
        """
        self.writes(1)
        self.connected().send(b"ERR_REDIRECT db 3\r\nOK 1\r\n")
        self.assertEqual(keys(self.connected(3).taken()), [0])

    def test_redirectedAndCancelled(self) -> None:
        """
        Nor is a call waited for that the caller has cancelled meanwhile.
        """
        results = self.writes(2)
        self.connected().send(b"ERR_REDIRECT db 3\r\n")
        results[1].cancel()
        self.failureResultOf(results[1], CancelledError)
        self.assertEqual(keys(self.connected(3).taken()), [0])

    def test_readsAgain(self) -> None:
        """
        Reads of a lost connection are asked again in their order, and before what waits.
        """
        self.reads(WINDOW + 5)
        self.connected().close()
        self.assertEqual(self.carryOut(self.connected(2)), list(range(WINDOW + 5)))

    def test_askedInAnAnswer(self) -> None:
        """
        What is asked while replies are handed out waits in its turn.
        """
        results = self.reads(WINDOW + 2)
        results[0].addCallback(lambda _: self.client.get(b"9999"))
        self.assertEqual(self.carryOut(self.connected()), [*range(WINDOW + 2), 9999])

    def test_lateRedirect(self) -> None:
        """
        A redirect from a server that was left says nothing of who leads now; what it had kept is carried out.
        """
        [late] = self.writes(1)
        silent = self.connected()
        self.network.advance(Client.PATIENCE)
        self.reads(1, first=1)
        other = self.connected(2)
        self.assertEqual(self.carryOut(other), [1])
        silent.send(b"ERR_REDIRECT db 3\r\n")
        self.assertEqual(self.carryOut(other), [0])
        self.assertEqual(self.successResultOf(late), 1)
        self.assertEqual(self.client.leader, ("db", 2))

    def test_readsOfServerThatWasLeft(self) -> None:
        """
        Reads on a server that was left for another reason are asked again as well when its connection is lost.
        """
        reads = self.reads(2)
        wire = self.connected()
        wire.send(b"ERR_INTERNAL\r\n")
        other = self.connected(2)
        self.assertEqual(self.carryOut(other), [0])
        wire.close()
        self.assertEqual(self.carryOut(other), [1])
        self.assertEqual([self.successResultOf(read) for read in reads], [None, None])
