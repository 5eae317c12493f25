"""
Tests for C{replkv user}: its options, and what it says. The whole is tried on real servers.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.calling import Connect
from replkv.cli.command import Signalled
from replkv.cli.console import main
from replkv.cli.statuses import (
    DONE,
    INTERRUPTED,
    MISTAKE,
    NOT_ALLOWED,
    NOT_FOUND,
    REFUSED,
    STREAM,
    UNAVAILABLE,
    UNKNOWN,
)
from replkv.cli.user import adding, listing, names
from replkv.cli.user.effects import Added
from replkv.cli.user.names import NameCommand
from replkv.client.administration import UserRights
from replkv.client.errors import NotAllowed, NotFound, OutcomeUnknown, Refused, Unavailable
from replkv.config import ConfigError
from replkv.users.rights import EVERYTHING, Grant, Right
from replkv.users.secret import COST, Cost, Secret, makeSecret

READ = Grant(Right.READ, b"app/")


class UserCase(SynchronousTestCase):
    """
    The command, and no servers: what comes of it is said here.
    """

    def setUp(self) -> None:
        """
        Have a servers file, tokens that cost nothing, and nothing in the environment.
        """
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "servers.json")
        with open(path, "w") as file:
            file.write('{"Path": "var", "Servers": [{"Id": 0, "Hostname": "db", "ClientPort": 1, "LogPort": 2}]}')
        self.patch(os, "environ", {"REPLKV_CONFIG": path})
        self.outcome: object = None
        self.commands: list[NameCommand] = []
        self.written: list[str] = []
        self.main: Callable[[object], object] = lambda client: None

        def ask(command: NameCommand, connect: Connect, main: Callable[[object], object]) -> object:
            self.commands.append(command)
            self.written.append(cast(io.StringIO, sys.stdout).getvalue())
            self.main = main
            if isinstance(self.outcome, Exception):
                raise self.outcome
            return self.outcome

        self.ask = NameCommand.ask
        self.patch(NameCommand, "ask", ask)
        self.made: list[tuple[bytes, bytes, Cost]] = []

        def make(token: bytes, salt: bytes, cost: Cost = COST) -> Secret:
            self.made.append((token, salt, cost))
            return makeSecret(token, salt, Cost(1, 1, 1))

        self.patch(adding, "makeSecret", make)

    def run_(self, *words: str, stdin: bytes = b"") -> tuple[int, str, str]:
        """
        Run C{replkv user}.

        @return: the exit status, and what was written to the standard output and to the standard error.
        """
        output, errors = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", output)
        self.patch(sys, "stderr", errors)
        self.patch(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        return main(["user", *words]), output.getvalue(), errors.getvalue()


class TokenTests(UserCase):
    """
    Tests for the tokens that users get.
    """

    def test_made(self) -> None:
        """
        One that is made is alone on the standard output; another each time, and with another salt.
        """
        self.outcome = Added(True)
        tokens = set()
        for words in (("add", "alice", "--read", "app/"), ("passwd", "alice"), ("passwd", "alice")):
            status, output, errors = self.run_(*words)
            self.assertEqual(status, DONE)
            self.assertEqual(errors, "The token of alice, which is shown this once:\n")
            tokens.add(output)
        self.assertEqual({f"{token.decode()}\n" for token, _, _ in self.made}, tokens)
        self.assertEqual(len({salt for _, salt, _ in self.made}), 3)
        self.assertEqual({(len(salt), cost) for _, salt, cost in self.made}, {(16, COST)})

    def test_notShown(self) -> None:
        """
        One that the user has chosen is not shown.
        """
        self.outcome = Added(True)
        status, output, errors = self.run_("add", "alice", "--new-token-file", "-", "--write", "*", stdin=b"s3cret\n")
        self.assertEqual((status, output, errors), (DONE, "", ""))
        self.assertEqual(self.made[0][0], b"s3cret")
        self.patch(adding, "askToken", lambda whose, twice: f"typed-{whose}-{twice}")
        self.assertEqual(self.run_("passwd", "alice", "--ask"), (DONE, "", ""))
        self.assertEqual(self.made[1][0], b"typed-alice-True")
        self.outcome = NotAllowed("x", "bob")
        refused = self.run_("passwd", "alice", "--new-token-file", "-", stdin=b"s3cret\n")
        self.assertEqual(refused, (NOT_ALLOWED, "", "replkv: not allowed (ERR_AUTH): x\n"))

    def test_writtenFirst(self) -> None:
        """
        One that is made is written before the servers are asked for anything. Where it cannot be, they are not.
        """
        self.outcome = Added(True)
        for words in (("add", "alice"), ("passwd", "alice")):
            output = self.run_(*words)[1]
            self.assertEqual(self.written.pop(), output)
            self.commands.clear()
            with open("/dev/full", "w") as full:
                self.patch(sys, "stdout", full)
                status = main(["user", *words])
                # It is not to be written again when it is closed.
                os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())
            self.assertEqual((status, self.commands), (STREAM, []))

    def test_ofNoUse(self) -> None:
        """
        Where nothing was done, it is said that the token that was shown is of no use.
        """
        for error, status in (
            (NotAllowed("x", "bob"), NOT_ALLOWED),
            (Refused("x"), REFUSED),
            (Unavailable("x"), UNAVAILABLE),
            (NotFound("x"), NOT_FOUND),
            (ConfigError("x"), MISTAKE),
        ):
            self.outcome = error
            for words in (("add", "alice"), ("passwd", "alice")):
                ended, output, errors = self.run_(*words)
                self.assertEqual((ended, output.count("\n")), (status, 1))
                self.assertIn("replkv: the token above is of no use\n", errors)

    def test_noArgument(self) -> None:
        """
        None is taken from the command line.
        """
        status, output, errors = self.run_("passwd", "alice", "s3cret")
        self.assertEqual((status, output), (MISTAKE, ""))
        self.assertIn("one word too many", errors)
        self.assertEqual(self.commands, [])


class SaidTests(UserCase):
    """
    Tests for what is said of it.
    """

    def test_first(self) -> None:
        """
        Who adds the first admin is told what that means, and how to go on.
        """
        self.outcome = Added(False)
        status, output, errors = self.run_("add", "root", "--admin")
        self.assertEqual((status, output.count("\n")), (DONE, 1))
        for words in ("Authentication is on from now on", "REPLKV_USER=root", "REPLKV_TOKEN", "REPLKV_TOKEN_FILE"):
            self.assertIn(words, errors)
        self.assertNotIn(output.strip(), errors)

    def test_noAdmin(self) -> None:
        """
        Who adds another one before is told that this changes nothing yet, and who forgets the rights that there are
        none.
        """
        self.outcome = Added(False)
        errors = self.run_("add", "alice", "--read", "app/")[2]
        self.assertIn("everybody may do everything, until there is one: replkv user add NAME --admin", errors)
        self.outcome = Added(True)
        self.assertIn("alice has no rights yet: replkv user grant alice", self.run_("add", "alice")[2])

    def test_missing(self) -> None:
        """
        The token of a user who has not got all rights is shown, and what went wrong is said.
        """
        self.outcome = Added(True, READ, NotAllowed("no", "bob"))
        status, output, errors = self.run_("add", "alice", "--read", "app/")
        self.assertEqual((status, output.count("\n")), (NOT_ALLOWED, 1))
        self.assertIn("the user alice is added, but has no right to read app/*: not allowed (ERR_AUTH): no", errors)

    def test_deleted(self) -> None:
        """
        So is who deletes the last admin.
        """
        self.outcome = True, True
        self.assertEqual(self.run_("del", "alice"), (DONE, "alice is deleted\n", ""))
        self.outcome = True, False
        self.assertIn("everybody may do everything", self.run_("del", "alice")[2])
        self.outcome = False, True
        self.assertEqual(self.run_("del", "alice"), (NOT_FOUND, "", "replkv: there is no user alice\n"))

    def test_granted(self) -> None:
        """
        Rights that are given and taken are told as they are written; and who gives the first one to do everything is
        told what that means.
        """
        self.outcome = False
        for words, said in (
            (("grant", "alice", "read", "app/"), "alice has the right to read app/*\n"),
            (("grant", "alice", "write"), "alice has the right to write *\n"),
            (("grant", "alice", "admin", "app/*"), "alice has the right to admin app/*\n"),
            (("revoke", "alice", "read", "*"), "alice has no right to read *\n"),
        ):
            self.assertEqual(self.run_(*words), (DONE, said, ""))
        self.assertIn("Authentication is on from now on", self.run_("grant", "alice", "admin")[2])
        self.outcome = True
        self.assertEqual(self.run_("grant", "alice", "admin")[2], "")

    def test_list(self) -> None:
        """
        Users are shown in a table or in lines of JSON; and if none of them is an admin, that too.
        """
        users = [UserRights("alice", (READ, EVERYTHING)), UserRights("bo", ())]

        def listed(main: Callable[..., Deferred[object]]) -> list[UserRights]:
            return users

        self.patch(listing, "runReactor", listed)
        self.assertEqual(self.run_("list"), (DONE, "alice  read app/*, admin *\nbo\n", ""))
        rights = '[{"right": "read", "prefix": "app/"}, {"right": "admin", "prefix": ""}]'
        self.assertEqual(
            self.run_("list", "--json"),
            (DONE, f'{{"user": "alice", "rights": {rights}}}\n{{"user": "bo", "rights": []}}\n', ""),
        )
        users = []
        self.assertIn("everybody may do everything", self.run_("list")[2])


class OptionTests(UserCase):
    """
    Tests for the words and options.
    """

    def test_prefixes(self) -> None:
        """
        A star behind a prefix makes no difference, and so a prefix that ends with one has two.
        """
        self.outcome = None
        for typed, prefix in (("app/", b"app/"), ("app/*", b"app/"), ("*", b""), ("a**", b"a*"), ("**", b"*")):
            self.run_("revoke", "alice", "read", typed)
            self.assertEqual(self.commands[-1]["grant"], Grant(Right.READ, prefix))

    def test_emptyPrefix(self) -> None:
        """
        An empty one is a variable that was not set, and not all keys; nor is what follows it taken instead.
        """
        for words in (
            ("add", "alice", "--read", ""),
            ("add", "--read", "", "alice"),
            ("add", "alice", "--write="),
            ("grant", "alice", "read", ""),
        ):
            status, output, errors = self.run_(*words)
            self.assertEqual((status, output), (MISTAKE, ""))
            self.assertIn("an empty PREFIX would be all keys: '*' says that", errors)
        self.assertEqual(self.commands, [])

    def test_mistakes(self) -> None:
        """
        What makes no sense is one line.
        """
        for words, said in (
            ((), "say what to do: add, passwd, del, grant, revoke or list"),
            (("remove", "alice"), "Unknown command: remove"),
            (("add",), "name the user"),
            (("add", "a b"), "a user's name is 1 to 64"),
            (("add", "alice", "bob"), "'bob' is one word too many"),
            (("add", "alice", "--read", "a b"), "a prefix is up to 250 bytes"),
            (("add", "alice", "--ask", "--new-token-file", "x"), "--ask and --new-token-file are two tokens"),
            (("grant", "alice"), "say which right: read, write or admin"),
            (("grant",), "name the user"),
            (("grant", "alice", "all"), "a right is read, write or admin, not 'all'"),
            (("grant", "alice", "read", "a", "b"), "'b' is one word too many"),
            (("list", "alice"), "'alice' is one word too many"),
        ):
            status, output, errors = self.run_(*words)
            self.assertEqual((status, output, errors.count("\n")), (MISTAKE, "", 1), words)
            self.assertTrue(errors.startswith(f"replkv: {said}"), errors)
        self.assertEqual(self.commands, [])

    def test_help(self) -> None:
        """
        There is help for all of it and for each action.
        """
        self.assertTrue(self.run_("--help")[1].startswith("Usage: replkv user ACTION [OPTIONS]\n"))
        self.assertEqual(self.run_("help"), self.run_("--help"))
        for action in ("add", "passwd", "del", "grant", "revoke", "list"):
            self.assertIn(f"    {action} ", self.run_("--help")[1])
            shown = self.run_(action, "--help")
            self.assertTrue(shown[1].startswith(f"Usage: replkv user {action} "), shown)
            self.assertEqual(self.run_(action, "help"), shown)

    def test_unknown(self) -> None:
        """
        Where the outcome is not known, it is said what to do, and which token it is.
        """
        self.patch(NameCommand, "ask", self.ask)
        for error, status in ((OutcomeUnknown("lost"), UNKNOWN), (Signalled(2), INTERRUPTED)):

            def fail(main: object, error: Exception = error) -> None:
                raise error

            self.patch(names, "runReactor", fail)
            for words, hint in (
                (("add", "alice"), "if it was done, the token is the new one, by which the first admin has to log in"),
                (("passwd", "alice"), "if it was done, the token is the new one, otherwise the former one"),
                (("grant", "alice", "read"), "it does no harm to do it again"),
            ):
                ended, output, errors = self.run_(*words)
                self.assertEqual((ended, output.count("\n")), (status, words[0] != "grant"))
                self.assertIn(hint, errors)
                self.assertNotIn("of no use", errors)

    def test_covered(self) -> None:
        """
        A right that another one of the same command covers is not asked for, since it would be refused.
        """
        given: list[list[Grant]] = []
        self.patch(adding, "addUser", lambda client, name, secret, grants: given.append(grants))
        self.outcome = Added(True)
        star, app = Grant(Right.READ, b""), Grant(Right.WRITE, b"app/")
        for words, grants in (
            (("--read", "*", "--read", "app/"), [star]),
            (("--read", "app/", "--write", "app/", "--read", "*", "--read", "*"), [app, star]),
            (("--write", "app/", "--admin"), [EVERYTHING]),
            (("--read", "app/", "--read", "b"), [READ, Grant(Right.READ, b"b")]),
        ):
            self.run_("add", "alice", *words)
            self.main(None)
            self.assertEqual(given.pop(), grants)
