"""
Whole sessions: the same replies, however the input is cut on its way.
"""

from __future__ import annotations

import random

from twisted.trial.unittest import SynchronousTestCase

from replkv import __version__
from replkv.commands.get import Get
from replkv.commands.results import Found
from tests.frontends.text.session import Served, talk

BINARY = bytes(range(256)) * 8

EVERYTHING = (
    b"set a 0 5\r\nhello\r\n"
    b"get a\r\n"
    b"getm a\r\n"
    b"cas a 60 1 5\r\nworld\r\n"
    b"cas a 60 1 5\r\nlater\r\n"
    b"getm a\n"
    b"set b 0 0\n\nget b\n"
    b"set c 0 2048 noreply\r\n" + BINARY + b"\r\nget c\r\n"
    b"set d 0 13\r\nget a\r\nquit\r\n\r\nget d\r\n"
    b"nonsense\r\n\r\nget  a\r\nGET a\r\n"
    b"set e x 6\r\nget a\n\r\n"
    b"set e 0 3\r\nget a\r\n"
    b"set e 0 3000\r\n" + b"get a\n" * 500 + b"\r\n"
    b"get e\r\n"
    b"delete a\r\ndelete a\r\nget a\r\n"
    b"version\r\nstats\r\n"
    b"quit\r\n"
    b"set after 0 1\r\nx\r\n"
)
REPLIES = (
    b"OK 1\r\n"
    b"VALUE 5\r\nhello\r\n"
    b"VALUE 1 0 5\r\nhello\r\n"
    b"OK 2\r\n"
    b"ERR_VERSION\r\n"
    b"VALUE 2 60 5\r\nworld\r\n"
    b"OK 3\r\nVALUE 0\r\n\r\n"
    b"VALUE 2048\r\n" + BINARY + b"\r\n"
    b"OK 5\r\nVALUE 13\r\nget a\r\nquit\r\n\r\n"
    b"ERRCMDERR\r\nERRCMDERR\r\nERRCMDERR\r\nERRCMDERR\r\n"
    b"ERRCMDERR\r\n"
    b"ERRCMDERR\r\n"
    b"ERRCMDERR\r\n"
    b"ERRNOTFOUND\r\n"
    b"DELETED\r\nERRNOTFOUND\r\nERRNOTFOUND\r\n"
    b"VERSION " + __version__.encode() + b"\r\n"
    b"STAT keys 3\r\nSTAT connections 1\r\nSTAT version " + __version__.encode() + b"\r\nEND\r\n"
)
LIMIT = 2048


class SessionTests(SynchronousTestCase):
    """
    Tests of one session that meets every command and most mistakes.
    """

    def test_atOnce(self) -> None:
        """
        All at once.
        """
        self.assertEqual(talk(EVERYTHING, maxValueBytes=LIMIT), REPLIES)

    def test_byteByByte(self) -> None:
        """
        Byte by byte.
        """
        client = Served(maxValueBytes=LIMIT).connect()
        for i in range(len(EVERYTHING)):
            client.send(EVERYTHING[i : i + 1])
        self.assertEqual(client.taken(), REPLIES)

    def test_randomCuts(self) -> None:
        """
        In pieces of random length.
        """
        rng = random.Random(9000)
        for longest in (3, *16 * (30, 300, 3000)):
            client = Served(maxValueBytes=LIMIT).connect()
            rest = EVERYTHING
            while rest:
                size = rng.randint(1, longest)
                client.send(rest[:size])
                rest = rest[size:]
            self.assertEqual(client.taken(), REPLIES)

    def test_answersThatComeLate(self) -> None:
        """
        With answers that come in any order, and in batches that are written now and then.
        """
        rng = random.Random(9001)
        served = Served()
        served.backend.holding = True
        client = served.connect()
        keys = [b"k%d" % number for number in range(16)]
        client.send(b"".join(b"get %b\r\nnonsense\r\n" % key for key in keys))
        waiting = list(served.backend.held)
        rng.shuffle(waiting)
        received = b""
        for request in waiting:
            command = request.command
            assert isinstance(command, Get)
            request.answer(Found(1, 0, command.key))
            if rng.random() < 0.3:
                served.outbox.flush()
                received += client.taken()
        served.outbox.flush()
        received += client.taken()
        self.assertEqual(received, b"".join(b"VALUE %d\r\n%b\r\nERRCMDERR\r\n" % (len(k), k) for k in keys))

    def test_atTheTerminal(self) -> None:
        """
        What one tries first: set, get, getm, cas with a wrong version, delete, a value that arrives later than its
        line, and a line that arrives in pieces.
        """
        client = Served().connect()
        for sent, reply in (
            (b"set greeting 0 5\r\nhello\r\n", b"OK 1\r\n"),
            (b"get greeting\r\n", b"VALUE 5\r\nhello\r\n"),
            (b"getm greeting\r\n", b"VALUE 1 0 5\r\nhello\r\n"),
            (b"cas greeting 0 7 3\r\nbye\r\n", b"ERR_VERSION\r\n"),
            (b"cas greeting 0 1 3\r\nbye\r\n", b"OK 2\r\n"),
            (b"delete greeting\r\n", b"DELETED\r\n"),
            (b"get greeting\r\n", b"ERRNOTFOUND\r\n"),
            (b"set late 0 4\r\n", b""),
            (b"soon\r\n", b"OK 3\r\n"),
            (b"ge", b""),
            (b"t la", b""),
            (b"te\r", b""),
            (b"\n", b"VALUE 4\r\nsoon\r\n"),
        ):
            client.send(sent)
            self.assertEqual(client.taken(), reply)
