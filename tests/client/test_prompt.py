"""
Tests for L{replkv.client.prompt}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.client.connections import Address
from replkv.client.prompt import Prompt
from replkv.client.words import DONE, MISTAKE, UNAVAILABLE, UNKNOWN, Answer


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


class PromptTests(SynchronousTestCase):
    """
    Tests for L{Prompt}.
    """

    def setUp(self) -> None:
        """
        Make a cluster.
        """
        self.cluster = FakeCluster()
        self.shown: list[str] = []
        self.prompts: list[str] = []

    def converse(self, *lines: str | type[BaseException]) -> int:
        """
        Type these lines, then Ctrl-D.

        @return: the prompt's status.
        """
        left = list(lines)

        def read(prompt: str) -> str:
            self.prompts.append(prompt)
            if not left:
                raise EOFError
            line = left.pop(0)
            if isinstance(line, str):
                return line
            raise line

        return Prompt(self.cluster, read, self.shown.append).run()

    def test_words(self) -> None:
        """
        A line is cut into words as a shell does it; empty lines are passed over.
        """
        self.assertEqual(self.converse("", "  ", "set  k 'a b' 5", "get \udcff"), DONE)
        self.assertEqual(self.cluster.asked, [[b"set", b"k", b"a b", b"5"], [b"get", b"\xff"]])
        self.assertEqual(self.shown, ["done", "done"])

    def test_protocol(self) -> None:
        """
        C{set} and C{cas} may be typed as in telnet: the value is asked for, in as many lines as it has.
        """
        self.assertEqual(self.converse("set k 0 5", "hello", "cas k 60 2 3", "a", "b", "set k 0 0", "", "get k"), DONE)
        self.assertEqual(
            self.cluster.asked,
            [
                [b"set", b"k", b"hello", b"0"],
                [b"cas", b"k", b"2", b"a\nb", b"60"],
                [b"set", b"k", b"", b"0"],
                [b"get", b"k"],
            ],
        )
        self.assertEqual([prompt for prompt in self.prompts if prompt != "replkv> "], ["value> "] * 4)

    def test_otherLength(self) -> None:
        """
        A value that is longer than was said is a mistake, and nothing is done.
        """
        self.assertEqual(self.converse("set k 0 5", "hello!"), MISTAKE)
        self.assertEqual(self.cluster.asked, [])
        self.assertEqual(self.shown, ["the value has 6 bytes and not 5: nothing was done"])

    def test_quit(self) -> None:
        """
        C{quit} and C{exit} end the conversation.
        """
        for word in ("quit", "exit"):
            self.converse(word, "get k")
        self.assertEqual(self.cluster.asked, [])

    def test_status(self) -> None:
        """
        The status is that of the last command.
        """
        self.cluster.answers = [(Answer(1, b"", "no such key"), "one")]
        self.assertEqual(self.converse("get k"), 1)

    def test_unbalanced(self) -> None:
        """
        A quotation that does not end is a mistake, and the conversation goes on.
        """
        self.assertEqual(self.converse("set k 'a"), MISTAKE)
        self.assertEqual(self.converse("set k 'a", "get k"), DONE)
        self.assertEqual(self.shown, ["no closing quotation", "no closing quotation", "done"])

    def test_failover(self) -> None:
        """
        When another server answers than before, one line says so.
        """
        self.cluster.answers = [(Answer(DONE, b"", "stored"), "two"), (Answer(DONE, b"", "stored"), "two")]
        self.converse("set k v", "set k v")
        self.assertEqual(self.shown, ["(now talking to two:9000, which leads)", "stored", "stored"])

    def test_noLeader(self) -> None:
        """
        While nobody could answer, it is not said who leads.
        """
        self.cluster.answers = [(Answer(UNAVAILABLE, b"", "unavailable"), "two")]
        self.assertEqual(self.converse("set k v"), UNAVAILABLE)
        self.assertEqual(self.shown, ["unavailable"])

    def test_interrupted(self) -> None:
        """
        Ctrl-C at the prompt drops the line; while an answer is awaited, it says what that means. Both go on.
        """
        self.cluster.answers = [(KeyboardInterrupt, "one")]
        self.assertEqual(self.converse(KeyboardInterrupt, "set k v"), UNKNOWN)
        self.assertEqual(self.shown, ["", "interrupted: a write may or may not have been done"])
