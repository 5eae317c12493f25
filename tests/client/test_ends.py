"""
Tests for L{replkv.client.dispatcher}: how calls end that are not answered, and how a client ends.
"""

from __future__ import annotations

import gc

from twisted.internet.defer import CancelledError, ensureDeferred

from replkv.client.client import Client
from replkv.client.errors import Closed, OutcomeUnknown, Unavailable
from tests.client.many import WINDOW, ManyCase, keys
from tests.client.network import CLIENT, HOST


def calls() -> list[object]:
    """
    All calls that there are in this process.
    """
    return [each for each in gc.get_objects() if type(each).__name__ == "_Call"]


class TimeoutTests(ManyCase):
    """
    How long a call takes at the most.
    """

    def test_waiting(self) -> None:
        """
        A call that is never sent in its time was certainly not carried out, and never will be.
        """
        results = self.writes(WINDOW)
        waiting = self.client.set(b"1", b"v", timeout=1)
        wire = self.connected()
        wire.taken()
        self.network.advance(1)
        error = self.failureResultOf(waiting, Unavailable).value
        self.assertEqual(str(error), "not carried out within 1 s: too many others were before it")
        wire.send(b"OK 1\r\n" * WINDOW)
        self.assertEqual(wire.taken(), b"")
        for result in results:
            self.successResultOf(result)

    def test_counted(self) -> None:
        """
        Time counts from when the call is made, on however many servers it is spent.
        """
        short, long = self.client.get(b"k", timeout=3), self.client.get(b"k", timeout=30)
        self.connected()
        self.network.advance(2)
        self.connected(2)
        self.network.advance(0.9)
        self.assertNoResult(short)
        self.network.advance(0.1)
        self.failureResultOf(short, Unavailable)
        for _ in range(26):
            self.network.advance(1)
        self.assertNoResult(long)
        self.network.advance(1)
        self.failureResultOf(long, Unavailable)

    def test_underWay(self) -> None:
        """
        What was sent and not answered in time is unknown, if it is a write; the reply that comes later is no other's.
        """
        read, write = self.client.get(b"1", timeout=1), self.client.set(b"2", b"v", timeout=1)
        after = self.client.get(b"3")
        wire = self.connected()
        self.network.advance(1)
        self.assertEqual(str(self.failureResultOf(read, Unavailable).value), "db:1: no reply within 1 s")
        self.assertEqual(str(self.failureResultOf(write, OutcomeUnknown).value), "db:1: no reply within 1 s")
        wire.send(b"VALUE 1\r\na\r\nOK 5\r\nVALUE 1\r\nb\r\n")
        self.assertEqual(self.successResultOf(after), b"b")
        self.assertEqual(self.network.asked(), [])

    def test_causes(self) -> None:
        """
        A call that was not carried out tells what was wrong with each server, in words.
        """
        stored = self.client.set(b"k", b"v", timeout=1)
        self.network.refuse(1)
        two = self.connected(2)
        self.network.slow(CLIENT, HOST, 60)
        two.send(b"ERR_REDIRECT db 3\r\n")
        self.assertEqual(self.network.asked(), [3])
        self.network.advance(1)
        self.assertEqual(
            str(self.failureResultOf(stored, Unavailable).value),
            "not carried out within 1 s: db:1: connection refused; db:2: it says that db:3 leads",
        )

    def test_causesAreForgotten(self) -> None:
        """
        What was wrong is of no interest any more once a server has answered.
        """
        self.client.get(b"k")
        self.network.refuse(1)
        wire = self.connected(2)
        wire.send(b"ERRNOTFOUND\r\n")
        self.writes(WINDOW)
        late = self.client.get(b"k", timeout=1)
        self.network.advance(1)
        self.assertIn("too many others", str(self.failureResultOf(late, Unavailable).value))

    def test_noConnection(self) -> None:
        """
        A server that cannot be reached is told with the time that it was given, and not with what was left of it.
        """
        self.network.block(CLIENT, HOST)
        stored = self.client.set(b"k", b"v", timeout=2.0902238)
        self.network.advance(2)
        self.network.advance(0.1)
        error = self.failureResultOf(stored, Unavailable).value
        self.assertIn("db:1: no answer in 2 s", str(error))

    def test_times(self) -> None:
        """
        Times are told with one decimal: how they were reckoned is nobody's business.
        """
        self.client = Client(self.reactor, ["db:1", "nowhere:2"], timeout=3.38414)
        self.network.block(CLIENT, "nowhere")
        stored = self.client.set(b"k", b"v")
        self.network.advance(1.7)
        self.network.advance(1.7)
        error = str(self.failureResultOf(stored, Unavailable).value)
        self.assertIn("db:1: no reply in 1.7 s", error)
        self.assertIn("nowhere:2: no answer in 1.7 s", error)


class CancelTests(ManyCase):
    """
    What it means to cancel a call.
    """

    def test_waiting(self) -> None:
        """
        A call that is cancelled while it waits is never sent.
        """
        self.reads(WINDOW)
        waiting = self.writes(3, first=WINDOW)
        wire = self.connected()
        wire.taken()
        waiting[1].cancel()
        self.failureResultOf(waiting[1], CancelledError)
        wire.send(b"ERRNOTFOUND\r\n" * WINDOW)
        self.assertEqual(keys(wire.taken()), [WINDOW, WINDOW + 2])

    def test_returned(self) -> None:
        """
        Nor is one that was redirected, and not yet sent again.
        """
        results = self.writes(3)
        wire = self.connected()
        self.network.slow(CLIENT, HOST, 0.1)
        wire.send(b"ERR_REDIRECT db 2\r\n" * 3)
        results[1].cancel()
        self.failureResultOf(results[1], CancelledError)
        self.network.advance(0.3)
        self.assertEqual(keys(self.connected(2).taken()), [0, 2])

    def test_redirected(self) -> None:
        """
        Nor is one that was redirected, while others are still waited for.
        """
        results = self.writes(2)
        wire = self.connected()
        wire.send(b"ERR_REDIRECT db 2\r\n")
        results[0].cancel()
        self.failureResultOf(results[0], CancelledError)
        wire.send(b"ERR_REDIRECT db 2\r\n")
        self.assertEqual(keys(self.connected(2).taken()), [1])

    def test_underWay(self) -> None:
        """
        One that was sent takes up no room any more once it is answered, though all calls were cancelled.
        """
        for result in self.writes(WINDOW):
            result.addErrback(lambda _: None)
            if len(self.reactor.getDelayedCalls()) > 0:
                result.cancel()
        self.network.asked()
        sent = self.writes(WINDOW)
        wire = self.connected()
        self.assertEqual(len(keys(wire.taken())), WINDOW)
        for result in sent:
            result.cancel()
            self.failureResultOf(result, CancelledError)
        self.reads(2, first=7)
        self.assertEqual(wire.taken(), b"")
        wire.send(b"OK 1\r\n")
        self.assertEqual(keys(wire.taken()), [7])
        self.assertIn("1 calls under way, 1 waiting", repr(self.client))

    def test_nothingIsKept(self) -> None:
        """
        Of calls that have come to their end, however they did, nothing is left: no timers, no values and no cycles for
        the garbage collector.
        """

        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        before = calls()
        self.client.get(b"k").addErrback(lambda _: None)
        wire = self.connected()
        results = [self.client.set(b"k", b"v", timeout=1) for _ in range(4)]
        results[0].cancel()
        wire.send(b"ERRNOTFOUND\r\nOK 1\r\nOK 2\r\n")
        self.network.advance(1)
        wire.send(b"OK 3\r\nOK 4\r\n")
        self.failureResultOf(results[0], CancelledError)
        self.assertEqual(self.successResultOf(results[1]), 2)
        self.failureResultOf(results[2], OutcomeUnknown)
        self.failureResultOf(results[3], OutcomeUnknown)
        del results
        self.assertEqual([call for call in calls() if call not in before], [])
        self.assertIn("0 calls under way, 0 waiting", repr(self.client))
        self.network.advance(10)
        self.assertEqual(self.reactor.getDelayedCalls(), [])


class EndTests(ManyCase):
    """
    How a client ends.
    """

    def test_close(self) -> None:
        """
        What waits at the end is closed, and was not carried out; what is under way is unknown, if it is a write.
        """
        writes = self.writes(WINDOW + 2)
        reads = self.reads(1)
        self.connected()
        self.client.close()
        for write in writes[:WINDOW]:
            self.failureResultOf(write, OutcomeUnknown)
        for call in (*writes[WINDOW:], *reads):
            self.failureResultOf(call, Closed)
        self.client.close()
        self.network.advance(0)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_closeWhileResting(self) -> None:
        """
        A client that is closed while all is not well waits for nothing.
        """
        got = self.client.get(b"k")
        for _ in range(4):
            self.connected().close()
        self.client.close()
        self.failureResultOf(got, Closed)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_closeInAnAnswer(self) -> None:
        """
        A client can be closed by whoever gets an answer, or an error.
        """
        reads = self.reads(WINDOW + 2)
        reads[0].addCallback(lambda _: self.client.close())
        reads[1].addErrback(lambda _: reads[WINDOW].cancel())
        self.connected().send(b"ERRNOTFOUND\r\n" * WINDOW)
        self.assertIsNone(self.successResultOf(reads[0]))
        for read in (*reads[2:WINDOW], reads[WINDOW + 1]):
            self.failureResultOf(read, Closed)
        self.failureResultOf(reads[WINDOW], CancelledError)

    def test_context(self) -> None:
        """
        C{async with} closes the client in the end, whatever happens.
        """

        async def use() -> None:
            async with self.client as client:
                self.assertIs(client, self.client)
                self.assertIsNone(await client.get(b"k"))
                raise KeyError

        used = ensureDeferred(use())
        wire = self.connected()
        wire.send(b"ERRNOTFOUND\r\n")
        self.failureResultOf(used, KeyError)
        self.assertTrue(wire.isReset)
        self.failureResultOf(self.client.get(b"k"), Closed)

    def test_forgotten(self) -> None:
        """
        A client that nobody holds carries out what it was asked for.
        """
        client, self.client = self.client, Client(self.reactor, ["db:9"])
        got = client.get(b"k")
        del client
        gc.collect()
        self.connected().send(b"VALUE 1\r\nv\r\n")
        self.assertEqual(self.successResultOf(got), b"v")

    def test_repr(self) -> None:
        """
        A client shows its servers, whom it asks, how much is under way, and that it is closed.
        """
        for result in self.writes(WINDOW + 3):
            result.addErrback(lambda _: None)
        servers = "<Client of db:1, db:2, db:3: "
        self.assertEqual(repr(self.client), f"{servers}knows no leader, 0 calls under way, {WINDOW + 3} waiting>")
        self.connected()
        self.assertEqual(repr(self.client), f"{servers}asks db:1, {WINDOW} calls under way, 3 waiting>")
        self.client.close()
        self.assertEqual(repr(self.client), f"{servers}closed>")
