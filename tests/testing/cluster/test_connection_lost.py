"""
Tests for connections that are lost: reset, or with the process or the host at one end.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.cluster.end import BUFFER_BYTES
from tests.testing.cluster.hosts import PORT, Client, HalfCloseable, Hosts, Producer, Recorder, Server


class ResetTests(SynchronousTestCase):
    """
    Tests for connections that are lost.
    """

    def setUp(self) -> None:
        """
        Connect two hosts.
        """
        self.hosts = Hosts()
        self.near, self.far = self.hosts.connect(HalfCloseable, Recorder)

    def test_reset(self) -> None:
        """
        Both ends are told at once, and what was on its way is lost.
        """
        self.near.transport.write(b"lost")
        self.hosts.network.reset("far", "near")
        self.assertEqual((self.near.events, self.far.events), (["ConnectionLost"], ["ConnectionLost"]))
        self.hosts.run()
        self.assertEqual((self.near.events, self.far.events), (["ConnectionLost"], ["ConnectionLost"]))
        self.assertEqual(self.hosts.network.connections, {})

    def test_others(self) -> None:
        """
        Connections with other hosts are not lost.
        """
        self.hosts.network.reset("near", "third")
        self.hosts.network.reset("near", "near")
        self.near.transport.write(b"sent")
        self.hosts.run()
        self.assertEqual(self.far.events, [b"sent"])

    def test_paused(self) -> None:
        """
        A paused process hears of it when it goes on, after what had come before.
        """
        self.hosts.far.pause()
        self.near.transport.write(b"sent")
        self.hosts.run()
        self.hosts.network.reset("near", "far")
        self.assertEqual(self.far.events, [])
        self.hosts.far.resume()
        self.assertEqual(self.far.events, [b"sent", "ConnectionLost"])

    def test_withinTheClosing(self) -> None:
        """
        One that is closed already, on one side, is lost on the other.
        """
        self.hosts.block()
        self.near.transport.loseConnection()
        self.hosts.run()
        self.hosts.network.reset("near", "far")
        self.assertEqual((self.near.events, self.far.events), (["ConnectionDone"], ["ConnectionLost"]))


class DeadTests(SynchronousTestCase):
    """
    Tests for connections that let nothing through any more.
    """

    def setUp(self) -> None:
        """
        Connect two hosts.
        """
        self.hosts = Hosts()
        self.near, self.far = self.hosts.connect()
        self.near.transport.write(b"before")
        self.hosts.run()
        self.hosts.network.kill("near", "far")

    def test_nothingArrives(self) -> None:
        """
        Whatever an end sends, the other one hears nothing, nor that it was closed or reset.
        """
        self.near.transport.write(b"after")
        self.hosts.run()
        self.near.transport.abortConnection()
        self.hosts.run(100)
        self.assertEqual((self.near.events, self.far.events), (["ConnectionAborted"], [b"before"]))

    def test_newOnes(self) -> None:
        """
        A new connection between the same hosts works.
        """
        near, far = self.hosts.connect()
        near.transport.write(b"after")
        self.hosts.run()
        self.assertEqual(far.events, [b"after"])


class ProcessEndTests(SynchronousTestCase):
    """
    Tests for processes and hosts that end.
    """

    def setUp(self) -> None:
        """
        Connect two hosts.
        """
        self.hosts = Hosts()
        self.near, self.far = self.hosts.connect(HalfCloseable, Recorder)

    def end(self, silently: bool) -> None:
        """
        End the near process, or its host.
        """
        self.hosts.near.end()
        self.hosts.network.ended(self.hosts.near, silently)

    def test_killed(self) -> None:
        """
        When a process is killed, its system sends on what it has got from it, and closes the connection. The process
        hears nothing.
        """
        self.near.transport.write(bytes(BUFFER_BYTES + 1))
        self.end(silently=False)
        self.hosts.run()
        self.assertEqual(len(self.far.received), BUFFER_BYTES)
        self.assertEqual(self.far.ending, ["ConnectionDone"])
        self.assertEqual(self.near.events, [])
        self.assertEqual(self.hosts.network.connections, {})

    def test_killedBehindBlock(self) -> None:
        """
        The other side hears of it when it can.
        """
        self.hosts.block()
        self.end(silently=False)
        self.hosts.run()
        self.assertEqual(self.far.events, [])
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.far.events, ["ConnectionDone"])

    def test_killedWithUnread(self) -> None:
        """
        If it had not read all, the connection is reset.
        """
        self.near.transport.pauseProducing()
        self.far.transport.write(b"unread")
        self.hosts.run()
        self.end(silently=False)
        self.hosts.run()
        self.assertEqual(self.far.events, ["ConnectionLost"])

    def test_sentToKilled(self) -> None:
        """
        What comes for a process that is no more resets the connection, also if this side can be half-closed.
        """
        self.hosts.far.end()
        self.hosts.network.ended(self.hosts.far, False)
        self.hosts.run()
        self.assertEqual(self.near.events, ["input ended"])
        self.near.transport.write(b"anyone?")
        self.hosts.run()
        self.assertEqual(self.near.events, ["input ended", "ConnectionLost"])

    def test_powerLost(self) -> None:
        """
        When a host loses its power, nobody is told, and nothing arrives that was on its way.
        """
        self.near.transport.write(b"lost")
        self.end(silently=True)
        self.far.transport.write(b"to nobody")
        self.hosts.run(1000)
        self.assertEqual((self.near.events, self.far.events), ([], []))

    def test_sentWithoutPower(self) -> None:
        """
        A host without power takes only what its network takes.
        """
        producer = Producer()
        self.far.transport.registerProducer(producer, False)
        self.end(silently=True)
        for _ in range(5):
            self.far.transport.write(bytes(BUFFER_BYTES))
            self.hosts.run()
        self.assertEqual(producer.asked, ["more"] * 3)

    def test_resetWithoutPower(self) -> None:
        """
        A connection of a host without power can be lost too.
        """
        self.end(silently=True)
        self.hosts.network.reset("near", "far")
        self.assertEqual((self.near.events, self.far.events), ([], ["ConnectionLost"]))
        self.assertEqual(self.hosts.network.connections, {})

    def test_powerBack(self) -> None:
        """
        When it has its power again, it knows no connection, and says so.
        """
        self.near.transport.write(b"lost")
        self.end(silently=True)
        self.hosts.run()
        self.hosts.network.returned("far")
        self.hosts.run()
        self.assertEqual(self.far.events, [])
        self.hosts.network.returned("near")
        self.hosts.run()
        self.assertEqual(self.far.events, ["ConnectionLost"])
        self.assertEqual(self.hosts.network.connections, {})

    def test_powerBackBehindBlock(self) -> None:
        """
        Who does not hear from it does not hear that either.
        """
        self.hosts.block()
        self.end(silently=True)
        self.hosts.run()
        self.hosts.network.returned("near")
        self.hosts.run()
        self.assertEqual(self.far.events, [])
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.far.events, ["ConnectionLost"])

    def test_powerLostWhileClosing(self) -> None:
        """
        A host without power does not close either what it was about to close.
        """
        self.hosts.block()
        self.near.transport.write(b"lost")
        self.near.transport.loseConnection()
        self.hosts.run()
        self.end(silently=True)
        self.hosts.unblock()
        self.hosts.run()
        self.assertEqual(self.far.events, [])
        self.hosts.network.returned("near")
        self.hosts.run()
        self.assertEqual(self.far.events, ["ConnectionLost"])

    def test_bothLosePower(self) -> None:
        """
        When both hosts come back, nothing is left of the connection.
        """
        self.end(silently=True)
        self.hosts.far.end()
        self.hosts.network.ended(self.hosts.far, True)
        self.hosts.network.returned("near")
        self.hosts.run()
        self.hosts.network.returned("far")
        self.hosts.run()
        self.assertEqual((self.near.events, self.far.events), ([], []))
        self.assertEqual(self.hosts.network.connections, {})

    def test_others(self) -> None:
        """
        Another process on the same host keeps its connections.
        """
        other = self.hosts.process("near")
        recorder = Recorder()
        self.hosts.far.listenTCP(PORT, Server())
        other.connectTCP("far", PORT, Client(lambda: recorder))
        self.hosts.run()
        self.end(silently=False)
        self.hosts.run()
        self.assertEqual(recorder.events, [])
