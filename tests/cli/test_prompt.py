"""
Tests for L{replkv.cli.prompt}.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.grammar import GrammarError
from replkv.cli.prompt import Prompt
from replkv.cli.statuses import DONE, MISTAKE, NOT_FOUND, UNAVAILABLE, UNKNOWN
from replkv.cli.verbs.verb import Answer
from replkv.client.address import Address


class FakeCluster:
    """
    A cluster that answers as it is told to.

    @ivar asked: what it was asked.
    @ivar answers: what it will answer, and who leads then.
    """

    def __init__(self) -> None:
        self.asked: list[list[bytes]] = []
        self.answers: list[tuple[Answer | type[BaseException], str]] = []
        self.host = "one"

    def ask(self, words: list[bytes]) -> Answer:
        """
        Give the next answer.
        """
        self.asked.append(words)
        answer, self.host = self.answers.pop(0) if self.answers else (Answer(DONE, b"", "done"), self.host)
        if isinstance(answer, Answer):
            return answer
        raise answer

    def leader(self) -> Address:
        """
        Who leads now.
        """
        return Address(self.host, 9000)


class FakeLines:
    """
    Lines that are typed, and then no more.
    """

    def __init__(self, lines: Sequence[bytes | BaseException]) -> None:
        self._lines = list(lines)

    def read(self) -> bytes | None:
        """
        See L{replkv.cli.lines.Lines.read}.
        """
        line = self._lines.pop(0) if self._lines else None
        if isinstance(line, BaseException):
            raise line
        return line


class FakeOutput:
    """
    Keeps what is written.
    """

    def __init__(self, personal: bool) -> None:
        self.personal = personal
        self.answers: list[tuple[int, str]] = []
        self.remarks: list[str] = []

    def answer(self, answer: Answer, number: int) -> None:
        """
        See L{replkv.cli.prompt.Output.answer}.
        """
        self.answers.append((number, answer.text))

    def remark(self, line: str) -> None:
        """
        See L{replkv.cli.prompt.Output.remark}.
        """
        self.remarks.append(line)


class PromptTests(SynchronousTestCase):
    """
    Tests for L{Prompt}.
    """

    def setUp(self) -> None:
        """
        Make a cluster.
        """
        self.cluster = FakeCluster()

    def converse(self, *lines: bytes | BaseException, personal: bool = True) -> int:
        """
        Type these lines.

        @return: the prompt's status.
        """
        self.output = FakeOutput(personal)
        return Prompt(self.cluster, FakeLines(lines), self.output).run()

    def test_words(self) -> None:
        """
        A line is cut into words, which keep what was typed; empty lines are passed over, and counted.
        """
        self.assertEqual(self.converse(b"", b"  ", b"set  k 'a b' 5", b'set j {"a":1}', b"get \xff"), DONE)
        self.assertEqual(
            self.cluster.asked, [[b"set", b"k", b"a b", b"5"], [b"set", b"j", b'{"a":1}'], [b"get", b"\xff"]]
        )
        self.assertEqual(self.output.answers, [(3, "done"), (4, "done"), (5, "done")])

    def test_numbers(self) -> None:
        """
        C{set counter 10 60} is a value and its time to live, as it is for a single command, and no bytes follow.
        """
        self.converse(b"set counter 10 60", b"get counter")
        self.assertEqual(self.cluster.asked, [[b"set", b"counter", b"10", b"60"], [b"get", b"counter"]])

    def test_quit(self) -> None:
        """
        C{quit} and C{exit} end the conversation.
        """
        for word in (b"quit", b"exit", b" quit "):
            self.converse(word, b"get k")
        self.assertEqual(self.cluster.asked, [])

    def test_status(self) -> None:
        """
        The status tells whether a line failed, and which way if several did.
        """
        self.cluster.answers = [
            (Answer(NOT_FOUND, b"", "no such key"), "one"),
            (Answer(UNKNOWN, b"", "unknown"), "one"),
            (Answer(NOT_FOUND, b"", "no such key"), "one"),
        ]
        self.assertEqual(self.converse(b"get k", b"set k v", b"get k", b"get k"), UNKNOWN)
        self.assertEqual(self.converse(b"get k"), DONE)

    def test_notALine(self) -> None:
        """
        A line that is no words, or too long, is a mistake, and the conversation goes on.
        """
        self.assertEqual(self.converse(b"set k 'a", GrammarError("too long"), b"get k"), MISTAKE)
        self.assertEqual(self.output.answers, [(1, "a quote is not closed"), (2, "too long"), (3, "done")])

    def test_standardInput(self) -> None:
        """
        C{-}, which is the standard input for a single command, is refused where that has the commands. In quotes it is
        a value.
        """
        self.assertEqual(self.converse(b"set k -", b"cas k 1 - 5"), MISTAKE)
        self.assertEqual(self.cluster.asked, [])
        self.assertEqual(self.converse(b"set k '-'", b"get -", b"set - v"), DONE)
        self.assertEqual(self.cluster.asked, [[b"set", b"k", b"-"], [b"get", b"-"], [b"set", b"-", b"v"]])

    def test_failover(self) -> None:
        """
        When another server answers than before, one line says so.
        """
        self.cluster.answers = [(Answer(DONE, b"", "stored"), "two"), (Answer(DONE, b"", "stored"), "two")]
        self.converse(b"set k v", b"set k v")
        self.assertEqual(self.output.remarks, ["(now talking to two:9000, which leads)"])

    def test_noLeader(self) -> None:
        """
        While nobody could answer, it is not said who leads.
        """
        self.cluster.answers = [(Answer(UNAVAILABLE, b"", "unavailable"), "two")]
        self.assertEqual(self.converse(b"set k v"), UNAVAILABLE)
        self.assertEqual((self.output.answers, self.output.remarks), ([(1, "unavailable")], []))

    def test_scriptWithoutServers(self) -> None:
        """
        A script ends at the first line that no server could carry out, instead of waiting in vain for each of its
        lines; a person may go on.
        """
        unavailable = (Answer(UNAVAILABLE, b"", "unavailable"), "one")
        missing = (Answer(NOT_FOUND, b"", "no such key"), "one")
        self.cluster.answers = [missing, unavailable]
        self.assertEqual(self.converse(b"get k", b"set k v", b"get k", personal=False), UNAVAILABLE)
        told = "unavailable; the lines after this one are not carried out"
        self.assertEqual(self.output.answers, [(1, "no such key"), (2, told)])
        self.cluster.answers = [unavailable]
        self.converse(b"set k v", b"get k")
        self.assertEqual(self.output.answers, [(1, "unavailable"), (2, "done")])

    def test_interrupted(self) -> None:
        """
        Ctrl-C at the prompt drops the line; while an answer is awaited, it says what that means. Both go on.
        """
        self.cluster.answers = [(KeyboardInterrupt, "one")]
        self.assertEqual(self.converse(KeyboardInterrupt(), b"set k v", b"get k"), UNKNOWN)
        self.assertEqual(self.output.remarks, ["", ""])
        told = "interrupted: a write may or may not have been done"
        self.assertEqual(self.output.answers, [(2, told), (3, "done")])

    def test_scriptInterrupted(self) -> None:
        """
        Ctrl-C ends a script; where it was is told if that matters.
        """
        self.assertRaises(KeyboardInterrupt, self.converse, KeyboardInterrupt(), b"get k", personal=False)
        self.assertEqual(self.output.answers, [])
        self.cluster.answers = [(KeyboardInterrupt, "one")]
        self.assertRaises(KeyboardInterrupt, self.converse, b"set k v", b"get k", personal=False)
        self.assertEqual(self.output.answers, [(1, "interrupted: a write may or may not have been done")])
