"""
Tests for what comes in by a connection between servers and is not AMP, or too much of it.
"""

from __future__ import annotations

from typing import cast

from twisted.protocols import amp

from replkv.outside import INTERVAL_SECONDS
from replkv.peers.connection import MAX_BOX_BYTES, MAX_BOX_KEYS, MAX_HELLO_BYTES, MAX_HELLO_KEYS
from replkv.peers.incoming import HELLO_TIMEOUT
from replkv.peers.listener import MAX_STRANGERS
from replkv.testing.cluster.end import End
from tests.peers.listening import ListenerTests
from tests.peers.peer import hostOf


class GarbageTests(ListenerTests):
    """
    Tests for what is not AMP, or too much of it.
    """

    def assertClosed(self, reason: str) -> None:
        """
        The connection is closed, with one line in the log.
        """
        self.network.settle()
        self.assertFalse(self.caller.isUp)
        self.assertEqual(len(self.lines), 1)
        self.assertIn(reason, self.lines[0])
        self.assertEqual(self.server.process.getDelayedCalls(), [])

    def send(self, data: bytes) -> None:
        """
        Send bytes, in one piece.
        """
        self.caller.transport.write(data)

    def test_otherProtocol(self) -> None:
        """
        Whoever speaks another protocol is cut off.
        """
        self.send(b"GET / HTTP/1.1\r\n\r\n")
        self.assertClosed("not replkv's server protocol")

    def test_otherHello(self) -> None:
        """
        A hello that lacks something, as a server of another version may send it, is a line in the log and no
        traceback.
        """
        self.network.reset(hostOf(0), hostOf(1))
        for box in (
            {b"_command": b"Hello", b"_ask": b"1", b"version": b"2"},
            {b"_command": b"Hello", b"_ask": b"1", b"version": b"two"},
            {b"_command": b"Hello", b"_ask": b"1", b"version": b"1", b"cluster": b"\xff"},
        ):
            self.lines.clear()
            self.caller = self.connect()
            self.patch(self.caller, "dataReceived", lambda data: None)
            self.send(amp.AmpBox(box).serialize())
            self.assertClosed("closed the connection with server0:")
            self.assertLess(len(self.lines[0]), 300)
            self.network.advance(INTERVAL_SECONDS)

    def test_manyStrangers(self) -> None:
        """
        However many connect and send what is none of ours, there is a line in some seconds, and what is in it can do
        nothing to the log.
        """
        self.network.reset(hostOf(0), hostOf(1))
        self.lines.clear()
        for _ in range(100):
            self.caller = self.connect()
            self.send(amp.AmpBox({b"\x1b[2J\n": b"\n"}).serialize())
            self.network.settle()
            self.assertFalse(self.caller.isUp)
        self.assertEqual(len(self.lines), 1)
        self.network.advance(INTERVAL_SECONDS)
        self.assertEqual(len(self.lines), 2)
        self.assertIn("99 more of such lines in 10 s; the last: closed the connection with ", self.lines[1])
        self.assertTrue("".join(self.lines).isprintable())

    def test_unknownCommand(self) -> None:
        """
        A command that there is not is answered so, and does no harm.
        """
        self.introduce()
        answers: list[bytes] = []
        self.patch(self.caller, "dataReceived", answers.append)
        self.send(amp.AmpBox({b"_command": b"InstallFirmware", b"_ask": b"1"}).serialize())
        self.network.settle()
        self.assertIn(b"UNHANDLED", b"".join(answers))
        self.assertEqual(self.server.receiver.asked, [])

    def test_unread(self) -> None:
        """
        A stranger that asks and does not read what it is answered is not read from, until it is cut off.
        """
        self.caller.transport.pauseProducing()
        box = amp.AmpBox({b"_command": b"InstallFirmware", b"_ask": b"1"}).serialize()
        for _ in range(100):
            self.send(box * 1000)
        self.network.settle()
        [incoming] = self.server.listener.connections
        self.assertLess(cast(End, incoming.transport).backlog, 300_000)
        self.network.advance(HELLO_TIMEOUT)
        self.assertClosed("it did not say who it is")

    def test_emptyBox(self) -> None:
        """
        A box with nothing in it is no message.
        """
        self.send(b"\0\0")
        self.assertClosed("not replkv's server protocol")

    def test_unaskedAnswer(self) -> None:
        """
        An answer to nothing is no message.
        """
        self.send(amp.AmpBox({b"_answer": b"1", b"x": b"y"}).serialize())
        self.assertClosed("not replkv's server protocol")

    def pairs(self, count: int, size: int) -> bytes:
        """
        The beginning of a box that has C{count} values of C{size} bytes.
        """
        return b"".join([b"\0\x06%06d" % number + size.to_bytes(2, "big") + bytes(size) for number in range(count)])

    def test_boundBeforeHello(self) -> None:
        """
        Before the hello, a box is cut off when it gets longer than a hello can be, and once.
        """
        self.send(self.pairs(MAX_HELLO_BYTES // 6010, 6000))
        self.network.settle()
        self.assertTrue(self.caller.isUp)
        self.send(self.pairs(10, 6000))
        self.assertClosed("a box that is too long")

    def test_boundAfterHello(self) -> None:
        """
        After the hello, a box is cut off when it gets longer than any message can be.
        """
        self.introduce()
        value = self.pairs(1, 60_000)
        for _ in range(MAX_BOX_BYTES // len(value)):
            self.send(value)
            self.network.settle()
        self.assertTrue(self.caller.isUp)
        self.send(value)
        self.assertClosed("a box that is too long")

    def test_keysBeforeHello(self) -> None:
        """
        So it is when it has more keys than a hello has, however short they are.
        """
        self.send(self.pairs(MAX_HELLO_KEYS, 0))
        self.network.settle()
        self.assertTrue(self.caller.isUp)
        self.send(self.pairs(1, 0))
        self.assertClosed("a box with too many keys")

    def test_keysAfterHello(self) -> None:
        """
        After the hello, a box is cut off when it has more keys than any message can have: millions of them would fit
        into its bytes, and keep the reactor for seconds.
        """
        self.introduce()
        self.send(self.pairs(MAX_BOX_KEYS, 0))
        self.network.settle()
        self.assertTrue(self.caller.isUp)
        self.send(self.pairs(1000, 0))
        self.assertClosed("a box with too many keys")

    def test_boundIsForOneBox(self) -> None:
        """
        The bound is for each box by itself.
        """
        answers: list[bytes] = []
        self.patch(self.caller, "dataReceived", answers.append)
        box = amp.AmpBox({b"_command": b"InstallFirmware", b"_ask": b"1"}).serialize()
        count = 2 * MAX_HELLO_BYTES // len(box)
        self.send(box * count)
        self.network.settle()
        self.assertTrue(self.caller.isUp)
        self.assertEqual(b"".join(answers).count(b"UNHANDLED"), count)

    def test_tooMany(self) -> None:
        """
        There are only so many connections of strangers: the oldest of them makes room, and not a member; and the log
        says it once.
        """
        self.introduce()
        callers = [self.connect() for _ in range(MAX_STRANGERS + 2)]
        self.assertEqual([caller.isUp for caller in callers].index(True), 2)
        self.assertTrue(self.caller.isUp)
        self.assertEqual(self.lines, ["17 connections to the servers' port: strangers?"])
        self.server.listener.close()
        self.network.settle()
        self.assertEqual(self.server.process.getDelayedCalls(), [])

    def test_tooManyAtOnce(self) -> None:
        """
        Where so many connect within one turn of the reactor that those which make room could not be closed yet, no
        more are taken, so that there are never more descriptors in use than that. When they are closed, others come in.
        """
        callers = [self.caller, *(self.begin() for _ in range(2 * MAX_STRANGERS))]
        self.network.timeline.advance(0)
        self.assertEqual(len(self.server.listener.connections), 2 * MAX_STRANGERS)
        self.network.settle()
        self.assertEqual(sum(caller.isUp for caller in callers), MAX_STRANGERS)
        self.assertFalse(callers[-1].isUp)
        self.caller = self.connect()
        self.introduce()
