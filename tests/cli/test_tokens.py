"""
Tests for L{replkv.cli.tokens}.
"""

from __future__ import annotations

import getpass
import os
import shutil
import tempfile
from collections.abc import Callable

from replkv.cli import tokens
from replkv.cli.tokens import askToken, makeToken, readToken
from replkv.client.arguments import checkedToken
from replkv.config import ConfigError
from tests.cli.streams import StreamCase


class TokenCase(StreamCase):
    """
    A folder for tokens, and a terminal at which they are typed.
    """

    def setUp(self) -> None:
        """
        Make the folder.
        """
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, content: bytes, mode: int = 0o600) -> str:
        """
        Make a file.
        """
        path = os.path.join(self.folder, "token")
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, mode)
        return path

    def typing(self, *lines: str) -> list[str]:
        """
        Have this typed at the terminal.

        @return: what is asked, as it comes.
        """
        asked: list[str] = []
        left = list(lines)

        def answer(prompt: str) -> str:
            asked.append(prompt)
            if not left:
                raise EOFError
            return left.pop(0)

        self.patch(tokens, "getpass", answer)
        self.terminal(lambda path, flags: os.dup(0))
        return asked

    def terminal(self, opened: Callable[[str, int], int]) -> None:
        """
        Have this come of it when the terminal is opened.
        """

        class System:
            """
            The system, with a terminal of its own.
            """

            O_RDWR, O_NOCTTY = os.O_RDWR, os.O_NOCTTY
            open = staticmethod(opened)
            close = staticmethod(os.close)
            fstat = staticmethod(os.fstat)
            fsencode = staticmethod(os.fsencode)

        self.patch(tokens, "os", System)

    def said(self) -> str:
        """
        What was written to the standard error.
        """
        return self.errors.getvalue().decode()


class ReadTests(TokenCase):
    """
    Tests for L{readToken}.
    """

    def test_firstLine(self) -> None:
        """
        It is the first line of a file, whatever ends that.
        """
        for content in (b"s3cret", b"s3cret\n", b"s3cret\r\n", b"s3cret\nmore\n"):
            self.assertEqual(readToken(self.file(content)), "s3cret")
        self.assertEqual(self.said(), "")

    def test_standardInput(self) -> None:
        """
        Or of the standard input, of which no more is read: there may be another one, or commands.
        """
        self.input(b"one\ntwo\n")
        self.assertEqual([readToken("-"), readToken("-")], ["one", "two"])

    def test_readable(self) -> None:
        """
        Where others can read the file too, that is said; the token is taken all the same.
        """
        for mode in (0o640, 0o604):
            path = self.file(b"s3cret", mode)
            self.assertEqual(readToken(path), "s3cret")
            self.assertEqual(self.said(), f"replkv: {path}: others can read the token in it: chmod 600 it\n")
            self.errors.truncate(0)
            self.errors.seek(0)
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.write(writing, b"s3cret\n")
        os.close(writing)
        self.assertEqual(readToken(f"/dev/fd/{reading}"), "s3cret")
        self.assertEqual(self.said(), "")

    def test_none(self) -> None:
        """
        What is none is a mistake, which is told without it.
        """
        for content in (b"", b"\n", b"two words", b"t" * 257, b"\xff\xfe"):
            error = self.assertRaises(ConfigError, readToken, self.file(content))
            self.assertIn(f"{self.folder}/token: a token is 1 to 256", str(error))
        gone = os.path.join(self.folder, "gone")
        self.assertEqual(str(self.assertRaises(ConfigError, readToken, gone)), f"{gone}: No such file or directory")
        self.assertIn("Is a directory", str(self.assertRaises(ConfigError, readToken, self.folder)))


class AskTests(TokenCase):
    """
    Tests for L{askToken}.
    """

    def test_asked(self) -> None:
        """
        Who is at the terminal is asked whose it is.
        """
        asked = self.typing("s3cret")
        self.assertEqual(askToken("alice"), "s3cret")
        self.assertEqual(asked, ["Token of alice: "])

    def test_twice(self) -> None:
        """
        Where it is to be a new one, it has to be typed twice.
        """
        self.typing("s3cret", "s3cret")
        self.assertEqual(askToken("alice", twice=True), "s3cret")
        self.typing("s3cret", "s3cet")
        error = self.assertRaises(ConfigError, askToken, "alice", twice=True)
        self.assertEqual(str(error), "these were two different tokens: nothing was done")

    def test_none(self) -> None:
        """
        Nothing, and what is no token, is a mistake.
        """
        self.typing()
        self.assertRaises(ConfigError, askToken, "alice")
        for line in ("", "two words", "\udcff"):
            self.typing(line)
            self.assertRaises(ConfigError, askToken, "alice")

    def test_noTerminal(self) -> None:
        """
        Where there is no terminal, the standard input is not read instead, where what is typed would be seen.
        """

        def none(path: str, flags: int) -> int:
            raise OSError

        self.patch(tokens, "getpass", getpass.getpass)
        self.terminal(none)
        self.input(b"s3cret\n")
        error = self.assertRaises(ConfigError, askToken, "alice")
        self.assertEqual(str(error), "there is no terminal at which to ask for the token of alice")


class MakeTests(TokenCase):
    """
    Tests for L{makeToken}.
    """

    def test_made(self) -> None:
        """
        Each is another one, has 192 bits of chance, and can be sent.
        """
        made = {makeToken() for _ in range(100)}
        self.assertEqual(len(made), 100)
        for token in made:
            self.assertEqual(len(checkedToken(token)), 32)
