"""
Tests for L{replkv.testing.cluster.accounts} and L{replkv.testing.cluster.credentials}.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.usercommand import UserCommand
from replkv.testing.cluster.accounts import Accounts, Step
from replkv.testing.cluster.credentials import Credentials
from replkv.testing.cluster.plan import UsersPlan
from replkv.testing.users.record import Fate, Named, UserRecord
from replkv.wire.encoding import encodeCommand

KEYS = (b"k1", b"k2")


def plan(lateness: float = 0.0, wrong: float = 0.0) -> UsersPlan:
    """
    What becomes of users.
    """
    return UsersPlan(pause=0.1, burst=2, lateness=lateness, wrong=wrong)


def shown(command: UserCommand) -> str:
    """
    A command, without what is kept of a token.
    """
    return encodeCommand(command).decode("ascii").partition("$")[0].strip()


class AccountsTests(SynchronousTestCase):
    """
    Tests for what an operator does about two clients.
    """

    def setUp(self) -> None:
        """
        It begins.
        """
        self.record = UserRecord()
        self.credentials = [Credentials(plan(), Random(0)) for _ in range(2)]
        self.accounts = Accounts(KEYS, self.credentials, 2, Random(1))

    def settle(self, steps: list[Step], fate: Fate = Fate.DONE, told: str = "OK") -> list[str]:
        """
        All steps are asked for, and the same comes of each.

        @return: the commands.
        """
        for command, what in steps:
            change = self.record.wants(command.user, what, None, 0.0, 1)
            change.told = told
            change.end(fate, 1.0)
            self.accounts.learn(change)
        return [shown(command) for command, _ in steps]

    def begin(self) -> None:
        """
        All are there, with what they have at first.
        """
        while not self.accounts.areReady:
            self.settle(self.accounts.next())

    def test_begin(self) -> None:
        """
        First of all there is a user for each client, with some rights, and at last one who may do everything.
        """
        asked = []
        while not self.accounts.areReady:
            asked.append(self.settle(self.accounts.next()))
        self.assertEqual(
            asked,
            [
                ["useradd root"],
                ["useradd client0", "grant client0 read *", "grant client0 write *"],
                ["useradd client1", "grant client1 read *", "grant client1 write *"],
                ["grant root admin *"],
            ],
        )
        self.assertEqual([user.name for user in self.accounts.there], [b"client0", b"client1"])
        self.assertEqual(self.credentials[0].choose(None), (b"client0", b"token-2"))

    def test_notDone(self) -> None:
        """
        What was not done is asked for again. So is the operator itself, by the same token, if nobody knows.
        """
        first = self.accounts.next()
        self.settle(first, Fate.UNKNOWN, "")
        again = self.accounts.next()
        self.assertEqual(again, first)
        self.settle(again)
        self.settle(self.accounts.next(), Fate.VAIN, "ERR_REDIRECT server1 9000")
        self.assertEqual(next(shown(command) for command, _ in self.accounts.next()), "useradd client0")

    def test_unknown(self) -> None:
        """
        A user of whom something is not known is left alone, and another one takes the place, with a name and a token
        that nobody had.
        """
        self.settle(self.accounts.next())
        steps = self.accounts.next()
        self.settle(steps[:1])
        self.settle(steps[1:], Fate.UNKNOWN, "")
        others = self.accounts.next()
        self.assertEqual(next(shown(command) for command, _ in others), "useradd client0.2")
        tokens = [what.token for _, what in [steps[0], others[0]] if isinstance(what, Named)]
        self.assertEqual(len(set(tokens)), 2)

    def test_changes(self) -> None:
        """
        Then all sorts of things become of users, of more than one at once, but never of the operator. Who was deleted
        is added again, by a token that nobody had.
        """
        self.begin()
        asked: set[str] = set()
        tokens: list[bytes] = []
        for _ in range(300):
            steps = self.accounts.next()
            tokens += [what.token for _, what in steps if isinstance(what, Named)]
            asked.update(self.settle(steps))
        words = {command.split()[0] for command in asked}
        self.assertEqual(words, {"useradd", "userdel", "passwd", "grant", "revoke"})
        self.assertTrue(all(command.split()[1] in ("client0", "client1") for command in asked))
        self.assertEqual(len(set(tokens)), len(tokens))
        self.assertTrue({"grant client0 read k1*", "grant client0 admin k*", "revoke client1 write *"} <= asked)
        self.assertFalse("grant client0 admin *" in asked)

    def test_leave(self) -> None:
        """
        At last all are deleted that may be there, the operator last; once more if somebody was there who was thought to
        be gone.
        """
        self.begin()
        self.accounts.leave()
        steps = self.accounts.next()
        self.assertEqual(
            [shown(command) for command, _ in steps], ["userdel client1", "userdel client0", "userdel root"]
        )
        self.settle(steps[:1], Fate.DONE, "DELETED")
        self.settle(steps[1:2], Fate.UNKNOWN, "ERR_INTERNAL")
        self.settle(steps[2:], Fate.VAIN, "REFUSED nobody else may do everything")
        steps = self.accounts.next()
        self.assertEqual(len(steps), 3)
        self.settle(steps[:1], Fate.VAIN, "ERRNOTFOUND")
        self.settle(steps[1:], Fate.DONE, "DELETED")
        self.assertEqual((self.accounts.left, self.accounts.next()), ([], []))


class CredentialsTests(SynchronousTestCase):
    """
    Tests for who a client says to be.
    """

    def choices(self, credentials: Credentials, user: bytes | None, token: bytes = b"") -> set[object]:
        """
        What it does next, one time or the other.

        @param user: who it has said to be, C{None} if it has not.
        """
        login = None if user is None else UserRecord().tries(user, token, 0.0, 1)
        return {credentials.choose(login) for _ in range(300)}

    def test_none(self) -> None:
        """
        Who was given nothing is nobody.
        """
        self.assertEqual(self.choices(Credentials(plan(), Random(0)), None), {None})

    def test_given(self) -> None:
        """
        It says so on each connection, but not always at once, and now and then again.
        """
        credentials = Credentials(plan(), Random(0))
        credentials.give(b"ann", b"one")
        for user in (None, b"ann"):
            self.assertEqual(self.choices(credentials, user, b"one"), {None, (b"ann", b"one")})

    def test_other(self) -> None:
        """
        With another token, or as another user, it does so once it gets round to it.
        """
        for lateness, chosen in ((0.0, {(b"ann", b"two")}), (1.0, {None}), (0.5, {None, (b"ann", b"two")})):
            credentials = Credentials(plan(lateness), Random(0))
            credentials.give(b"ann", b"one")
            credentials.give(b"ann", b"two")
            self.assertEqual(self.choices(credentials, b"ann", b"one"), chosen)

    def test_wrong(self) -> None:
        """
        In some seeds it has old tokens, or none that the user ever had.
        """
        credentials = Credentials(plan(wrong=0.5), Random(0))
        credentials.give(b"ann", b"one")
        credentials.give(b"ann", b"two")
        tokens = {chosen[1] for chosen in self.choices(credentials, b"ann", b"one") if isinstance(chosen, tuple)}
        self.assertTrue({b"one", b"two"} < tokens)
