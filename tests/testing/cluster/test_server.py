"""
Tests for simulated servers, and for what can be done to them.
"""

from __future__ import annotations

import errno

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol
from twisted.internet.testing import AccumulatingProtocol

from replkv import exits
from replkv.client.errors import OutcomeUnknown, Unavailable
from replkv.service.server import MOVING_TIMEOUT
from replkv.testing import SimulatedCluster, SimulatedServer
from replkv.testing.cluster.cluster import RESTART_SECONDS
from tests.testing.cluster.clusters import ClusterCase


class ServerTests(ClusterCase):
    """
    Tests for what can be done to a server. Whatever it is, no answered write is lost.
    """

    def test_kill(self) -> None:
        """
        A server that is killed is gone, and comes back when it is started.
        """
        self.put(b"k", b"value")
        leader = self.cluster.leader()
        leader.kill()
        self.assertFalse(leader.isRunning or leader.isServing or leader.leads or leader.isPaused)
        self.assertIsNot(self.cluster.leader(), leader)
        self.expect(b"k", b"value")
        leader.start()
        self.assertTrue(leader.isRunning)
        self.converge()
        self.assertIsNone(leader.status)

    def test_losePower(self) -> None:
        """
        All may lose their power at once.
        """
        self.put(b"k", b"value")
        for server in self.cluster.servers:
            server.losePower()
        self.cluster.run(1)
        for server in self.cluster.servers:
            server.start()
        self.expect(b"k", b"value")
        self.converge()

    def test_pause(self) -> None:
        """
        A paused leader is replaced, wakes up, and follows.
        """
        self.put(b"k", b"value")
        leader = self.cluster.leader()
        leader.pause()
        self.assertTrue(leader.isRunning)
        self.assertTrue(leader.isPaused)
        self.assertIsNot(self.cluster.leader(), leader)
        self.expect(b"k", b"value")
        self.assertTrue(leader.leads)
        leader.resume()
        self.assertFalse(leader.isPaused)
        self.converge()
        self.cluster.until(lambda: not leader.leads, "it follows")

    def test_stop(self) -> None:
        """
        A server that is stopped in order ends soon, even with a client that stays connected, and is not started again.
        """
        self.put(b"k", b"value")
        leader = self.cluster.leader()
        before = self.cluster.timeline.seconds()
        leader.stop()
        self.assertTrue(leader.isRunning)
        self.cluster.until(lambda: not leader.isRunning, "it stops")
        self.assertLess(self.cluster.timeline.seconds() - before, MOVING_TIMEOUT + 0.5)
        self.assertEqual(leader.status, 0)
        self.cluster.run(10 * RESTART_SECONDS)
        self.assertFalse(leader.isRunning)
        self.expect(b"k", b"value")

    def test_goesUnderLoad(self) -> None:
        """
        A leader that stops or is removed leaves none of its clients with a write of which nobody knows what came.
        """
        ways = {
            "a leader stops": lambda: self.cluster.leader().stop(),
            "a leader is removed": lambda: self.cluster.result(self.client.removeMember(self.cluster.leader().id)),
        }
        for way, goes in ways.items():
            self.setUp()
            outcomes: list[Exception | None] = []
            isOver = [False]
            writing = [Deferred.fromCoroutine(self.write(outcomes, isOver)) for _ in range(4)]
            self.cluster.until(lambda outcomes=outcomes: len(outcomes) > 20, "they write")  # type: ignore[misc]
            goes()
            self.cluster.until(lambda: not all(server.isRunning for server in self.cluster.servers), "it ends")
            written = len(outcomes)
            self.cluster.until(lambda: len(outcomes) > written + 20, "they go on")  # noqa: B023
            isOver[0] = True
            for each in writing:
                self.cluster.result(each)
            self.assertEqual([each for each in outcomes if each is not None], [], way)

    async def write(self, outcomes: list[Exception | None], isOver: list[bool]) -> None:
        """
        Write one value after the other, by all servers in turn.
        """
        while not isOver[0]:
            client = self.cluster.client()
            try:
                await client.set(b"k", b"value")
            except Unavailable:
                continue
            except OutcomeUnknown as error:
                outcomes.append(error)
            else:
                outcomes.append(None)
            finally:
                client.close()

    def test_followerStops(self) -> None:
        """
        A command that is on its way to a follower when that stops is still redirected.
        """
        follower = self.follower()
        endpoint = HostnameEndpoint(self.cluster.reactor, follower.config.hostname, follower.config.clientPort)
        client = self.cluster.result(connectProtocol(endpoint, AccumulatingProtocol()))
        follower.stop()
        self.cluster.run(MOVING_TIMEOUT / 2)
        client.transport.write(b"delete k\r\n")
        self.cluster.until(lambda: not follower.isRunning, "it stops")
        self.assertTrue(client.data.startswith(b"ERR_REDIRECT "), client.data)

    def test_stopAfterStop(self) -> None:
        """
        A follower that waits for its clients to turn away is no server to hand over to, for it would soon be gone: the
        leader hands over to another one.
        """
        cluster = self.cluster = SimulatedCluster(5, seed=7)
        self.addCleanup(cluster.close)
        cluster.start()
        leader = cluster.leader()
        cluster.until(lambda: all(server.isServing for server in cluster.servers), "all serve")
        followers = [server for server in cluster.servers if server is not leader]
        stopping, staying = followers[:2], followers[2:]
        for server in stopping:
            endpoint = HostnameEndpoint(cluster.reactor, server.config.hostname, server.config.clientPort)
            cluster.result(connectProtocol(endpoint, AccumulatingProtocol()))
            server.stop()
        leader.stop()
        cluster.until(lambda: any(server.leads for server in staying), "another one leads", MOVING_TIMEOUT / 2)
        self.assertTrue(all(server.isRunning for server in stopping))

    def test_startTwice(self) -> None:
        """
        A server that runs cannot be started; to revive it does nothing.
        """
        server = self.follower()
        self.assertRaises(AssertionError, server.start)
        server.revive()
        server.kill()
        self.assertRaises(AssertionError, server.kill)
        server.revive()
        self.converge()

    def test_stopsItself(self) -> None:
        """
        A server whose disk fails stops itself, with a status and a complaint, and is started again.
        """
        exited: list[SimulatedServer] = []
        self.cluster = SimulatedCluster(3, seed=7, exited=exited.append)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.client = self.cluster.client()
        server = self.follower()
        server.failing = lambda kind, path: errno.EIO if kind == "sync" else 0
        self.put(b"k", b"value")
        self.cluster.until(lambda: exited == [server], "it stops itself")
        self.assertEqual((server.isRunning, server.status), (False, exits.DISK))
        self.assertIn("the disk failed", server.complaint)
        server.failing = None
        self.cluster.run(RESTART_SECONDS + 0.01)
        self.assertTrue(server.isRunning)
        self.converge()

    def test_storeFails(self) -> None:
        """
        So does one whose store cannot be written.
        """
        server = self.follower()
        server.storeFails = True
        self.assertTrue(server.storeFails)
        self.put(b"k", b"value")
        self.cluster.until(lambda: not server.isRunning, "it stops itself")
        server.storeFails = False
        self.converge()
