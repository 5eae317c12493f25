"""
Tests for which clients are let in.
"""

from __future__ import annotations

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from replkv.frontends.admission import RESERVED, Admission
from tests.frontends.text.session import Served

NOT_FOUND = b"ERRNOTFOUND\r\n"
REFUSED = b"ERR_INTERNAL\r\n"


class AdmissionTests(SynchronousTestCase):
    """
    Tests for L{Admission}.
    """

    def test_perAddress(self) -> None:
        """
        One address has three quarters of the places, where nobody says otherwise; when one goes, there is a place.
        """
        admission = Admission(8)
        for _ in range(6):
            self.assertEqual(admission.whyNot("192.0.2.1"), "")
            admission.take("192.0.2.1")
        self.assertEqual(
            admission.whyNot("192.0.2.1"),
            "6 clients are connected from 192.0.2.1, and no more are taken from there (MaxConnectionsPerAddress)",
        )
        self.assertEqual(admission.whyNot("192.0.2.2"), "")
        admission.leave("192.0.2.1")
        self.assertEqual(admission.whyNot("192.0.2.1"), "")

    def test_all(self) -> None:
        """
        When all places are taken, there is none for anybody.
        """
        admission = Admission(2, 2)
        admission.take("192.0.2.1")
        admission.take("192.0.2.2")
        self.assertEqual(
            admission.whyNot("192.0.2.3"), "2 clients are connected, and no more are taken (MaxConnections)"
        )

    def test_networks(self) -> None:
        """
        All addresses of an IPv6 network of 64 bits are one host's.
        """
        admission = Admission(10, 1)
        admission.take("2001:db8:0:1::1")
        self.assertNotEqual(admission.whyNot("2001:db8:0:1:ffff::2"), "")
        self.assertEqual(admission.whyNot("2001:db8:0:2::1"), "")
        admission.take("fe80::1%eth0")
        self.assertNotEqual(admission.whyNot("fe80::2%eth0"), "")

    def test_local(self) -> None:
        """
        This machine's are the addresses that every machine has, and those on which it listens.
        """
        admission = Admission(10)
        admission.localHosts.add("192.0.2.1")
        hosts = ("127.0.0.1", "127.8.0.1", "::1", "192.0.2.1", "192.0.2.2", "1127.0.0.1", "::2")
        self.assertEqual([admission.isLocal(host) for host in hosts], [True] * 4 + [False] * 3)


class CrowdTests(SynchronousTestCase):
    """
    Tests for a server with many connections from one address.
    """

    def test_others(self) -> None:
        """
        Clients from other addresses are served, though one has more connections than it may.
        """
        served = Served(maxConnections=20, maxPerAddress=15)
        with capturedLogs() as events:
            crowd = [served.connect("crowd") for _ in range(40)]
        self.assertEqual([client.taken() for client in crowd[15:]], [REFUSED] * 25)
        self.assertEqual(len(events), 1)
        other = served.connect("other")
        other.send(b"get k\r\n")
        self.assertEqual(other.taken(), NOT_FOUND)
        crowd[0].close()
        last = served.connect("crowd")
        last.send(b"get k\r\n")
        self.assertEqual(last.taken(), NOT_FOUND)

    def test_reserve(self) -> None:
        """
        When all places are taken, one on the server's own machine can still ask how it is; so it can though others hold
        what is kept for that, whoever came first goes.
        """
        served = Served(maxConnections=3)
        crowd = [served.connect("127.0.0.1") for _ in range(3 + RESERVED)]
        self.assertTrue(all(client.isUp for client in crowd))
        operator = served.connect("127.0.0.1")
        operator.send(b"stats\r\nquit\r\n")
        self.assertIn(b"STAT connections %d\r\n" % (3 + RESERVED), operator.taken())
        operator.endWriting()
        served.network.settle()
        self.assertEqual([client.isUp for client in crowd], [True] * 3 + [False] + [True] * (RESERVED - 1))
        self.assertEqual(served.connect("elsewhere").taken(), REFUSED)
        for client in crowd:
            client.abort()
        self.assertEqual(served.clients.admission.taken, 0)

    def test_reserveAtWork(self) -> None:
        """
        The one that goes is the first on which nothing is under way; where that is none, the first.
        """
        for busy, gone in (((), 0), ((0, 1), 2), (range(RESERVED), 0)):
            served = Served(maxConnections=1)
            served.connect("elsewhere")
            crowd = [served.connect("127.0.0.1") for _ in range(RESERVED)]
            served.backend.holding = True
            for number in busy:
                crowd[number].send(b"get k\r\n")
            operator = served.connect("127.0.0.1")
            self.assertEqual([client.isUp for client in crowd], [number != gone for number in range(RESERVED)])
            self.assertTrue(operator.isUp)

    def test_promoted(self) -> None:
        """
        When a place is free, the first that is in the reserve has it, and does not have to go any more.
        """
        served = Served(maxConnections=2)
        places = [served.connect("elsewhere") for _ in range(2)]
        first, *others = (served.connect("127.0.0.1") for _ in range(RESERVED))
        self.assertEqual(served.clients.admission.taken, 2)
        places[0].close()
        self.assertEqual(served.clients.admission.taken, 2)
        self.assertEqual(served.connect("elsewhere").taken(), REFUSED)
        others += [served.connect("127.0.0.1") for _ in range(RESERVED)]
        self.assertTrue(first.isUp)
        self.assertEqual(sum(client.isUp for client in others), RESERVED)
        for client in (first, places[1], *others):
            client.abort()
        self.assertEqual(served.clients.admission.taken, 0)

    def test_notPromoted(self) -> None:
        """
        A place that its address may not have is for others.
        """
        served = Served(maxConnections=4, maxPerAddress=1)
        served.connect("127.0.0.1")
        served.connect("127.0.0.1")
        served.connect("elsewhere").close()
        self.assertEqual((served.clients.admission.taken, len(served.clients._extra)), (1, 1))

    def test_reserveIsBounded(self) -> None:
        """
        However many come at once, it is only so many that are there.
        """
        served = Served(maxConnections=1)
        crowd = [served.begin("127.0.0.1") for _ in range(100)]
        served.network.settle()
        self.assertEqual(sum(client.isUp for client in crowd), 1 + RESERVED)
