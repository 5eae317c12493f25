"""
Tests for L{replkv.cli.terminal}.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorFromThreads
from twisted.trial.unittest import SynchronousTestCase

from replkv.cli import terminal
from replkv.cli.statuses import DONE, MISTAKE, NOT_FOUND
from replkv.cli.terminal import (
    PATIENCE,
    BlockingCluster,
    PipedOutput,
    TerminalOutput,
    commandWords,
    patiently,
    showAnswer,
)
from replkv.cli.verbs.verb import Answer
from replkv.client.client import Client
from replkv.testing.cluster.process import Process
from tests.cli.streams import StreamCase, Terminal
from tests.client.connected import ClientCase
from tests.client.network import CLIENT, Network

VALUE = Answer(DONE, b"\xff", '"\\xff"', exact=True)
STORED = Answer(DONE, b"9", "stored, version 9")
DELETED = Answer(DONE, b"", "deleted")
MISSING = Answer(NOT_FOUND, b"", "no such key")


class CommandWordsTests(StreamCase):
    """
    Tests for L{commandWords}.
    """

    def words(self, *arguments: str) -> list[bytes]:
        """
        The words, where the standard input holds some bytes.
        """
        self.input(b"a\xff\r\n")
        return commandWords(arguments)

    def test_standardInput(self) -> None:
        """
        A value that is C{-} is read from the standard input, to the byte.
        """
        self.assertEqual(self.words("set", "k", "-"), [b"set", b"k", b"a\xff\r\n"])
        self.assertEqual(self.words("set", "--", "-k", "-"), [b"set", b"--", b"-k", b"a\xff\r\n"])
        self.assertEqual(self.words("cas", "k", "1", "-", "5"), [b"cas", b"k", b"1", b"a\xff\r\n", b"5"])

    def test_otherWords(self) -> None:
        """
        Any other word stands for itself.
        """
        self.assertEqual(self.words("get", "-"), [b"get", b"-"])
        self.assertEqual(self.words("set", "-", "v"), [b"set", b"-", b"v"])
        self.assertEqual(self.words("set", "k"), [b"set", b"k"])
        self.assertEqual(self.words("set", "k", "\udcff"), [b"set", b"k", b"\xff"])
        self.assertEqual(self.words("set", "k", "'a'"), [b"set", b"k", b"'a'"])


class OutputTests(StreamCase):
    """
    Where answers go.
    """

    def written(self, show: Callable[[Answer], None]) -> tuple[list[bytes], bytes]:
        """
        What is written of some answers.

        @return: the standard output's part of each, and what the standard error has of all.
        """
        parts = []
        for answer in (VALUE, STORED, DELETED, MISSING):
            start = len(self.output.getvalue())
            show(answer)
            parts.append(self.output.getvalue()[start:])
        return parts, self.errors.getvalue()

    def test_single(self) -> None:
        """
        A single command gives a program a value to the byte, and a version in a line.
        """
        self.assertEqual(self.written(showAnswer), ([b"\xff", b"9\n", b"", b""], b"replkv: no such key\n"))

    def test_singleAtTerminal(self) -> None:
        """
        A single command tells a person in words.
        """
        self.patch(sys, "stdout", Terminal(self.output))
        told = [b'"\\xff"\n', b"stored, version 9\n", b"deleted\n", b""]
        self.assertEqual(self.written(showAnswer), (told, b"replkv: no such key\n"))

    def test_piped(self) -> None:
        """
        In a script each value ends its line, and it is said which line failed.
        """
        output = PipedOutput()
        written = self.written(lambda answer: output.answer(answer, 7))
        self.assertEqual(written, ([b"\xff\n", b"9\n", b"", b""], b"replkv: line 7: no such key\n"))
        output.remark("(remark)")
        self.assertNotIn(b"remark", self.errors.getvalue())

    def test_terminal(self) -> None:
        """
        At the prompt a person is told in words.
        """
        output = TerminalOutput()
        told = [b'"\\xff"\n', b"stored, version 9\n", b"deleted\n", b""]
        self.assertEqual(self.written(lambda answer: output.answer(answer, 7)), (told, b"no such key\n"))
        output.remark("(remark)")
        self.assertIn(b"(remark)\n", self.errors.getvalue())


class PatientlyTests(ClientCase):
    """
    Tests for L{patiently}.
    """

    def test_late(self) -> None:
        """
        A person is told once that an answer takes long; a script is not.
        """
        for personal, told in [(True, b"replkv: no answer yet, still trying\n"), (False, b"")]:
            errors = io.BytesIO()
            self.patch(sys, "stderr", Terminal(errors) if personal else io.TextIOWrapper(errors))
            answer = Deferred.fromCoroutine(patiently(self.reactor, self.client, [b"get", b"k"]))
            wire = self.connected()
            self.network.advance(PATIENCE)
            wire.send(b"VALUE 1\r\nv\r\n")
            self.assertEqual(self.successResultOf(answer).output, b"v")
            self.assertEqual(errors.getvalue(), told)
            wire.close()

    def test_soon(self) -> None:
        """
        When the answer comes in time, nothing is said.
        """
        errors = io.BytesIO()
        self.patch(sys, "stderr", Terminal(errors))
        answer = Deferred.fromCoroutine(patiently(self.reactor, self.client, [b"get", b"k"]))
        self.connected().send(b"ERRNOTFOUND\r\n")
        self.assertEqual(self.successResultOf(answer).status, NOT_FOUND)
        self.network.advance(PATIENCE)
        self.assertEqual(errors.getvalue(), b"")


class Threaded(Process):
    """
    A reactor that does at once what other threads ask for.
    """

    def callFromThread(self, callable: Callable[..., object], *args: object, **kw: object) -> None:  # noqa: A002
        """
        See L{IReactorFromThreads.callFromThread}.
        """
        callable(*args, **kw)


class Interrupted:
    """
    A queue at which Ctrl-C is pressed.
    """

    def put(self, item: object) -> None:
        """
        See L{SimpleQueue.put}.
        """

    def get(self) -> object:
        """
        See L{SimpleQueue.get}.
        """
        raise KeyboardInterrupt


class BlockingClusterTests(SynchronousTestCase):
    """
    Tests for L{BlockingCluster}.
    """

    def setUp(self) -> None:
        """
        Have one server.
        """
        self.network = Network()
        self.reactor = Threaded(self.network.timeline, self.network, CLIENT)
        client = Client(self.reactor, [("db", 1)])
        self.cluster = BlockingCluster(cast(IReactorFromThreads, self.reactor), client)

    def test_answer(self) -> None:
        """
        The answer is handed over.
        """
        self.assertEqual(self.cluster.ask([b"foo"]).status, MISTAKE)
        self.assertEqual(self.cluster.leader(), ("db", 1))

    def test_error(self) -> None:
        """
        So is what nobody has foreseen.
        """
        self.patch(terminal, "carryOut", lambda *_: fail(ZeroDivisionError()))
        self.assertRaises(ZeroDivisionError, self.cluster.ask, [b"get", b"k"])

    def test_interrupted(self) -> None:
        """
        A command that is interrupted is given up, and nothing is said of it later.
        """
        errors = io.BytesIO()
        self.patch(sys, "stderr", Terminal(errors))
        self.patch(terminal, "SimpleQueue", Interrupted)
        self.assertRaises(KeyboardInterrupt, self.cluster.ask, [b"get", b"k"])
        self.network.refuse(1)
        self.network.asked()
        self.network.advance(15 * PATIENCE)
        self.assertEqual((self.network.asked(), errors.getvalue()), ([], b""))
