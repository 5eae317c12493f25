"""
Tests for L{replkv.client.search}: a client that does not know who leads.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from replkv.client.client import Client
from replkv.client.errors import Closed, OutcomeUnknown, Unavailable
from replkv.client.search import Search
from tests.client.connected import SEARCH, ClientCase, searched
from tests.client.network import CLIENT
from tests.network import FarEnd

NONE_KNOWN = searched("follower", leader="none")


class SearchCase(ClientCase):
    """
    A client that is asked for a write, and searches for the leader.
    """

    def setUp(self) -> None:
        """
        Ask for the write, and see that all servers are asked at once, and for nothing that changes anything.
        """
        super().setUp()
        self.stored = self.client.set(b"k", b"v")
        self.assertEqual(self.network.asked(), [1, 2, 3])

    def asked(self, port: int) -> FarEnd:
        """
        Let the search reach a server.
        """
        wire = self.network.accept(port)
        self.assertEqual(wire.taken(), SEARCH)
        return wire

    def assertLeads(self, port: int, stored: Deferred[int] | None = None) -> FarEnd:
        """
        Assert that the write is carried out there now.
        """
        self.assertEqual(self.network.asked(), [port])
        wire = self.network.accept(port)
        self.assertEqual(wire.taken(), b"set k 0 1\r\nv\r\n")
        wire.send(b"OK 5\r\n")
        self.assertEqual(self.successResultOf(self.stored if stored is None else stored), 5)
        return wire


class SearchTests(SearchCase):
    """
    How the leader is found.
    """

    def test_first(self) -> None:
        """
        The one that leads gets the write, and the connections to the others are closed.
        """
        other = self.asked(2)
        one = self.asked(1)
        one.send(searched("leader"))
        self.assertTrue(one.isReset)
        self.assertTrue(other.isReset)
        self.assertLeads(1)
        self.assertEqual(self.client.leader, ("db", 1))

    def test_firstIsSilent(self) -> None:
        """
        A first server that says nothing is not waited for.
        """
        self.asked(1)
        self.asked(3).send(searched("leader"))
        self.assertLeads(3)

    def test_firstIsUnreachable(self) -> None:
        """
        Nor is one that is not reached.
        """
        self.network.block(CLIENT, "nowhere")
        stored = Client(self.reactor, ["nowhere:1", "db:3"]).set(b"k", b"v")
        self.assertEqual(self.network.asked(), [1, 3])
        self.asked(3).send(searched("leader"))
        self.assertLeads(3, stored)

    def test_firstIsRefused(self) -> None:
        """
        A first server that refuses the connection is no hindrance.
        """
        self.network.refuse(1)
        self.network.advance(Search.PAUSE)
        self.assertEqual(self.network.asked(), [1])
        self.asked(2).send(searched("leader"))
        self.assertLeads(2)

    def test_firstKnowsNone(self) -> None:
        """
        A first server that the others keep out, and which would answer C{ERR_INTERNAL}, never gets the write.
        """
        sick = self.asked(1)
        sick.send(NONE_KNOWN)
        self.assertEqual(sick.taken(), b"")
        self.asked(2).send(searched("leader"))
        self.assertLeads(2)
        self.assertEqual(sick.taken(), b"")

    def test_firstHasNoStatistics(self) -> None:
        """
        One that knows no statistics, or sends what is no reply, is not believed to lead.
        """
        self.asked(1).send(b"ERRCMDERR\r\n" * 2)
        self.asked(2).send(b"ERRCMDERR\r\nEND\r\n")
        self.asked(3).send(b"ERRCMDERR\r\nSTAT role leader\r\nSTAT term x\r\nEND\r\n")
        self.assertEqual(self.network.asked(), [])
        self.network.advance(10)
        self.failureResultOf(self.stored, Unavailable)

    def test_onceKnown(self) -> None:
        """
        Once it is known, nobody is asked any more.
        """
        self.asked(2).send(searched("leader"))
        wire = self.assertLeads(2)
        again = self.client.set(b"k", b"v")
        self.assertEqual(wire.taken(), b"set k 0 1\r\nv\r\n")
        wire.send(b"OK 6\r\n")
        self.assertEqual(self.successResultOf(again), 6)
        self.assertEqual(self.network.asked(), [])

    def test_untilOneLeads(self) -> None:
        """
        While none leads, those that answer are asked again, after pauses that grow up to a bound.
        """
        wires = [self.asked(port) for port in (1, 2, 3)]
        for pause in (Search.PAUSE, 0.2, 0.4, 0.8, Search.MAX_PAUSE, Search.MAX_PAUSE):
            for wire in wires:
                wire.send(NONE_KNOWN)
            self.network.advance(pause - 0.01)
            self.assertEqual([wire.taken() for wire in wires], [b""] * 3)
            self.network.advance(0.02)
            self.assertEqual([wire.taken() for wire in wires], [SEARCH] * 3)
        wires[1].send(searched("leader"))
        self.assertLeads(2)

    def test_noneLeads(self) -> None:
        """
        A write that found no leader in its time was certainly not carried out, and tells what was wrong with each
        server. Nobody is asked any more then.
        """
        self.network.refuse(1)
        two = self.asked(2)
        two.send(NONE_KNOWN)
        self.asked(3)
        for _ in range(100):
            if two.taken():
                two.send(NONE_KNOWN)
            self.network.advance(0.1)
        error = str(self.failureResultOf(self.stored, Unavailable).value)
        self.assertTrue(error.startswith("not carried out within 10 s: "), error)
        for words in ("db:1: connection refused", "db:2: it knows no leader", "db:3: no reply in 2 s"):
            self.assertIn(words, error)
        self.network.asked()
        self.network.advance(10)
        self.assertEqual((self.network.asked(), self.reactor.getDelayedCalls()), ([], []))

    def test_allSilent(self) -> None:
        """
        Where all are silent, that is what the error tells.
        """
        hasty = self.client.get(b"k", timeout=1)
        self.network.advance(1)
        error = self.failureResultOf(hasty, Unavailable).value
        self.assertEqual(str(error), "not carried out within 1 s: no server has said that it leads")

    def test_silentIsAskedAgain(self) -> None:
        """
        A server that was silent for long is asked again.
        """
        self.asked(1)
        self.network.advance(Client.PATIENCE)
        self.network.advance(Search.PAUSE)
        self.assertIn(1, self.network.asked())
        self.asked(1).send(searched("leader"))
        self.assertLeads(1)


class TermTests(SearchCase):
    """
    The leader changes while servers are asked.
    """

    def test_deposed(self) -> None:
        """
        A server is not believed to lead when another one has told of a leader in a later term. It is asked again.
        """
        self.asked(2).send(searched("follower", term=7))
        deposed = self.asked(1)
        deposed.send(searched("leader", term=6))
        self.assertEqual(self.network.asked(), [])
        self.asked(3).send(searched("leader", term=7))
        self.assertLeads(3)

    def test_elected(self) -> None:
        """
        It is believed when it was elected since.
        """
        self.asked(2).send(searched("follower", term=7))
        wire = self.asked(1)
        wire.send(searched("leader", term=6))
        self.network.advance(Search.PAUSE)
        self.assertEqual(wire.taken(), SEARCH)
        wire.send(searched("leader", term=8))
        self.assertLeads(1)

    def test_laterTermWithoutLeader(self) -> None:
        """
        A later term in which nobody is known to lead says nothing: whoever is cut off may have it.
        """
        self.asked(2).send(searched("candidate", term=7, leader="none"))
        self.asked(1).send(searched("leader", term=6))
        self.assertLeads(1)

    def test_forgotten(self) -> None:
        """
        What a server told counts no more once it says something else, or nothing: all may have begun anew.
        """
        two, three = self.asked(2), self.asked(3)
        for wire in (two, three):
            wire.send(searched("follower", term=7))
            self.assertEqual(wire.taken(), b"get leader\r\n")
        two.send(b"ERR_INTERNAL\r\n")
        three.close()
        self.network.advance(Search.PAUSE)
        two.send(NONE_KNOWN)
        self.asked(1).send(searched("leader", term=1))
        self.assertEqual(self.network.asked()[-1:], [1])


class NamedTests(SearchCase):
    """
    A leader that the client was not told of.
    """

    def setUp(self) -> None:
        """
        Let a follower answer.
        """
        super().setUp()
        self.follower = self.asked(1)
        self.follower.send(searched("follower"))
        # A read, which does no harm whatever becomes of it.
        self.assertEqual(self.follower.taken(), b"get leader\r\n")

    def test_named(self) -> None:
        """
        A leader that only a follower names gets the write, once it has said itself that it leads.
        """
        self.follower.send(b"ERR_REDIRECT db 9\r\n")
        self.assertEqual(self.network.asked(), [9])
        self.asked(9).send(searched("leader"))
        self.assertLeads(9)

    def test_namedWrongly(self) -> None:
        """
        One that does not lead does not get it.
        """
        self.follower.send(b"ERR_REDIRECT db 9\r\n")
        self.assertEqual(self.network.asked(), [9])
        self.asked(9).send(searched("follower"))
        self.assertEqual(self.network.asked(), [])
        self.asked(2).send(searched("leader"))
        self.assertLeads(2)

    def test_known(self) -> None:
        """
        One that the client was told of is asked anyway.
        """
        self.follower.send(b"ERR_REDIRECT db 2\r\n")
        self.assertEqual(self.network.asked(), [])
        self.asked(2).send(searched("leader"))
        self.assertLeads(2)

    def test_nonsense(self) -> None:
        """
        A name that is none is no help.
        """
        self.follower.send(b"ERR_REDIRECT db x\r\n")
        self.network.advance(Search.PAUSE)
        self.follower.send(searched("leader"))
        self.assertLeads(1)


class AgainTests(ClientCase):
    """
    When the client searches again.
    """

    def test_afterTurning(self) -> None:
        """
        A write that a server could not tell the outcome of is not sent again; the next one is not sent before the
        leader is found anew.
        """
        first = self.client.set(b"k", b"v")
        wire = self.connected()
        wire.taken()
        wire.send(b"ERR_INTERNAL\r\n")
        self.failureResultOf(first, OutcomeUnknown)
        second = self.client.set(b"k", b"v")
        self.assertEqual((wire.taken(), self.network.asked()), (b"", [1, 2, 3]))
        self.network.accept(1).send(NONE_KNOWN)
        self.network.accept(2).send(searched("leader", term=5))
        self.connected(2).send(b"OK 5\r\n")
        self.assertEqual(self.successResultOf(second), 5)

    def test_afterIdleLoss(self) -> None:
        """
        A server that closed an idle connection was ended: it leads no longer, and may even be sick.
        """
        got = self.client.get(b"k")
        wire = self.connected()
        wire.send(b"ERRNOTFOUND\r\n")
        self.successResultOf(got)
        wire.close()
        self.client.set(b"k", b"v")
        self.assertEqual(self.network.asked(), [1, 2, 3])

    def test_cancelled(self) -> None:
        """
        When nobody waits any more, the search ends, and the next call begins one.
        """
        calls: list[Deferred[Any]] = [self.client.set(b"k", b"v"), self.client.get(b"k")]
        self.network.asked()
        wire = self.network.accept(1)
        calls[0].cancel()
        self.assertFalse(wire.isReset)
        calls[1].cancel()
        self.assertTrue(wire.isReset)
        for call in calls:
            self.failureResultOf(call, CancelledError)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        got = self.client.get(b"k")
        self.connected(2).send(b"ERRNOTFOUND\r\n")
        self.assertIsNone(self.successResultOf(got))

    def test_closed(self) -> None:
        """
        To close the client ends the search, while servers are asked and while they are not.
        """
        stored = self.client.set(b"k", b"v")
        silent, paused = self.network.accept(1), self.network.accept(2)
        paused.send(NONE_KNOWN)
        self.client.close()
        self.failureResultOf(stored, Closed)
        self.assertTrue(silent.isReset)
        self.assertTrue(paused.isReset)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
