"""
Tests for looking up names on simulated hosts.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase

from replkv.names import NameEndpoint, Names, NoAddress
from replkv.testing import SimulatedCluster, disturb
from replkv.testing.cluster.names import ASK_AGAIN, ATTEMPTS
from tests.testing.cluster.hosts import PORT, Hosts, Recorder, Server


class NameServerTests(SynchronousTestCase):
    """
    Tests for a name server that fails.
    """

    def setUp(self) -> None:
        """
        Have two hosts, of which one listens.
        """
        self.hosts = Hosts()
        self.hosts.far.listenTCP(PORT, Server())
        self.server = self.hosts.network.names
        self.names = Names(self.hosts.near)

    def connect(self, timeout: float = 2.0) -> Any:
        """
        Begin to connect to the other host, by its name.
        """
        endpoint = NameEndpoint(self.hosts.near, self.names, "far", PORT, timeout)
        return endpoint.connect(Factory.forProtocol(Recorder))

    def test_unknown(self) -> None:
        """
        A host is told that no name is known, for as long as somebody will have it so; others are not.
        """
        ends = [self.server.forget(["near"]), self.server.forget(["near", "other"])]
        for end in ends:
            self.failureResultOf(self.connect(), NoAddress)
            end()
        self.server.forget(["far"])
        connected = self.connect()
        self.hosts.run()
        self.successResultOf(connected)

    def test_silent(self) -> None:
        """
        A host that gets no answer asks again, and is answered when the name server is back.
        """
        speak = self.server.silence(["near"])
        connected = self.connect(timeout=3 * ASK_AGAIN)
        self.hosts.run(1.5 * ASK_AGAIN)
        self.assertNoResult(connected)
        speak()
        self.hosts.run(ASK_AGAIN)
        self.successResultOf(connected)

    def test_silentForLong(self) -> None:
        """
        Whoever asks loses patience first; the system goes on for a while, and then says that it does not know the name.
        """
        self.server.silence(["near"])
        self.failureResultOf(self.late(self.connect(), 2.0), NoAddress)
        found = self.names.addresses("far")
        self.hosts.run(ASK_AGAIN * ATTEMPTS - 2.1)
        self.assertNoResult(found)
        self.hosts.run(0.2)
        self.failureResultOf(found, NoAddress)

    def late(self, connected: Any, seconds: float) -> Any:
        """
        Let time pass until shortly after this.
        """
        self.hosts.run(seconds - 0.1)
        self.assertNoResult(connected)
        self.hosts.run(0.1001)
        return connected

    def test_killed(self) -> None:
        """
        A process that is killed learns nothing any more.
        """
        end = self.server.silence(["near"])
        connected = self.connect()
        self.hosts.near.kill()
        end()
        self.hosts.run(100)
        self.assertNoResult(connected)


class ClusterTests(SynchronousTestCase):
    """
    Tests for a cluster whose hosts lose their names.
    """

    def test_recovers(self) -> None:
        """
        While no host can connect, no server leads; when the names are there again, a client is answered.
        """
        for kind in ("unknown names", "silent name server"):
            with SimulatedCluster(3, seed=2) as cluster:
                cluster.leader()
                faults = disturb(cluster, 2.0, [kind])
                cluster.run(8.0)
                faults.mend()
                self.assertEqual(set(faults.injected), {kind})
                self.assertGreater(cluster.result(cluster.client().set(b"key", b"value")), 0)
