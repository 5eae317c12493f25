"""
Tests for L{replkv.cli.login} and L{replkv.cli.failures}.
"""

from __future__ import annotations

import os

from replkv.cli import statuses
from replkv.cli.failures import failed
from replkv.cli.login import TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, USER_VARIABLE, loginOf
from replkv.client import errors
from replkv.config import ConfigError
from tests.cli.test_tokens import TokenCase


class LoginTests(TokenCase):
    """
    Tests for L{loginOf}.
    """

    def setUp(self) -> None:
        """
        Have nothing in the environment.
        """
        super().setUp()
        self.environ()

    def environ(self, **variables: str) -> None:
        """
        Have this in it.
        """
        self.patch(os, "environ", variables)

    def test_nobody(self) -> None:
        """
        Where nobody is named, nobody is.
        """
        self.assertEqual(loginOf(None, None), (None, None))
        self.environ(REPLKV_USER="", REPLKV_TOKEN="", REPLKV_TOKEN_FILE="")
        self.assertEqual(loginOf(None, None), (None, None))

    def test_given(self) -> None:
        """
        The command line comes before the environment, and a token there before a file with one.
        """
        path = self.file(b"in a file".replace(b" ", b"-"))
        self.assertEqual(loginOf("alice", path), ("alice", "in-a-file"))
        self.environ(REPLKV_USER="bob", REPLKV_TOKEN="given", REPLKV_TOKEN_FILE="/nowhere")
        self.assertEqual(loginOf(None, None), ("bob", "given"))
        self.assertEqual(loginOf("alice", None), ("alice", "given"))
        self.assertEqual(loginOf("alice", path), ("alice", "in-a-file"))
        self.environ(REPLKV_USER="bob", REPLKV_TOKEN_FILE=path)
        self.assertEqual(loginOf(None, None), ("bob", "in-a-file"))

    def test_asked(self) -> None:
        """
        Who names a user and no token is asked for that, if there is a terminal.
        """
        asked = self.typing("typed")
        self.assertEqual(loginOf("alice", None), ("alice", "typed"))
        self.assertEqual(asked, ["Token of alice: "])
        self.terminal(lambda path, flags: os.open("/nowhere", flags))
        self.assertEqual(
            str(self.assertRaises(ConfigError, loginOf, "alice", None)),
            "there is no terminal at which to ask for the token of alice: --token-file, REPLKV_TOKEN or "
            "REPLKV_TOKEN_FILE has one",
        )

    def test_typedWrong(self) -> None:
        """
        Who types what is no token is told that alone, and who types nothing where there may be one.
        """
        self.typing("two words")
        error = self.assertRaises(ConfigError, loginOf, "alice", None)
        self.assertTrue(str(error).startswith("the terminal: a token is 1 to 256"))
        self.assertNotIn("--token-file", str(error))
        self.typing()
        self.assertIn("no token was given: --token-file", str(self.assertRaises(ConfigError, loginOf, "alice", None)))

    def test_mistakes(self) -> None:
        """
        A token without a user is a mistake, and so is what no user has. The token is not shown.
        """
        self.assertIn("without a user", str(self.assertRaises(ConfigError, loginOf, None, self.file(b"t"))))
        for variable in (TOKEN_VARIABLE, TOKEN_FILE_VARIABLE):
            self.environ(**{variable: "s3cret"})
            error = self.assertRaises(ConfigError, loginOf, None, None)
            self.assertNotIn("s3cret", str(error))
        self.assertIn("a user's name is", str(self.assertRaises(ConfigError, loginOf, "a b", self.file(b"t"))))
        self.environ(**{USER_VARIABLE: "alice", TOKEN_VARIABLE: "two words"})
        error = self.assertRaises(ConfigError, loginOf, None, None)
        self.assertIn("REPLKV_TOKEN: a token is", str(error))
        self.assertNotIn("words", str(error))


class FailedTests(TokenCase):
    """
    Tests for L{failed}.
    """

    def test_statuses(self) -> None:
        """
        Each kind of failure has a status of its own, and one line.
        """
        for error, status, words in (
            (errors.CommandError("a"), statuses.MISTAKE, "a"),
            (errors.NotFound("a"), statuses.NOT_FOUND, "a"),
            (errors.VersionMismatch("a"), statuses.OTHER_VERSION, "a"),
            (errors.NotAllowed("a", "alice"), statuses.NOT_ALLOWED, "not allowed (ERR_AUTH): a"),
            (errors.Refused("a"), statuses.REFUSED, "refused: a"),
            (errors.Unavailable("a"), statuses.UNAVAILABLE, "unavailable: a"),
            (errors.NotUpgraded("a"), statuses.UNAVAILABLE, "unavailable: a"),
            (errors.OutcomeUnknown("a"), statuses.UNKNOWN, "outcome unknown, it may or may not have been done: a"),
        ):
            self.assertEqual(failed(error), (status, words))

    def test_hint(self) -> None:
        """
        Who has named nobody is told how to.
        """
        status, text = failed(errors.NotAllowed("no user was given"))
        self.assertEqual(status, statuses.NOT_ALLOWED)
        for word in ("--user", "--token-file", USER_VARIABLE, TOKEN_VARIABLE, TOKEN_FILE_VARIABLE):
            self.assertIn(word, text)
