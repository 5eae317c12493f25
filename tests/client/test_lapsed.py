"""
Tests for L{replkv.client}: a client whose login has lapsed.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from replkv.client.client import Client
from replkv.client.errors import NotAllowed, OutcomeUnknown, Unavailable
from tests.client.test_login import AUTH, LoginCase


class LapsedTests(LoginCase):
    """
    Tests for a login that has lapsed: the user got another token, or was deleted.
    """

    def setUp(self) -> None:
        """
        Have logged in.
        """
        super().setUp()
        self.client.get(b"a")
        self.wire = self.greeted()
        self.wire.send(b"OK\r\nERRNOTFOUND\r\n")
        self.wire.taken()

    def test_good(self) -> None:
        """
        Where the token is good again, all that was refused is done, in the order in which it was made, and before what
        was asked for meanwhile.
        """
        results: list[Deferred[Any]] = [self.client.set(b"a", b"1"), self.client.get(b"a")]
        self.wire.taken()
        self.wire.send(b"ERR_AUTH\r\n")
        results.append(self.client.get(b"b"))
        self.wire.send(b"ERR_AUTH\r\n")
        self.assertEqual(self.wire.taken(), AUTH)
        self.wire.send(b"OK\r\n")
        self.assertEqual(self.wire.taken(), b"set a 0 1\r\n1\r\nget a\r\nget b\r\n")
        self.wire.send(b"OK 7\r\nVALUE 1\r\n1\r\nERRNOTFOUND\r\n")
        self.assertEqual([self.successResultOf(result) for result in results], [7, b"1", None])

    def test_bad(self) -> None:
        """
        Where it is not, all that waits fails, and is told so. The next call logs in anew.
        """
        again: list[Deferred[bytes | None]] = []

        def ask(failure: Failure) -> Failure:
            again.append(self.client.get(b"c"))
            return failure

        results: list[Deferred[Any]] = [self.client.set(b"a", b"1").addErrback(ask), self.client.get(b"a")]
        self.wire.send(b"ERR_AUTH\r\nERR_AUTH\r\n")
        results.append(self.client.get(b"b"))
        self.wire.send(b"ERR_AUTH\r\n")
        for result in results:
            error = self.failureResultOf(result, NotAllowed).value
            self.assertEqual(str(error), "db:1 does not know the user alice by this token")
        self.assertTrue(self.wire.isReset)
        self.greeted().send(b"OK\r\nERRNOTFOUND\r\n")
        self.assertIsNone(self.successResultOf(again[0]))

    def test_order(self) -> None:
        """
        What was refused is not done any more once something behind it was, or may have been: that would be too late.
        """
        for end in ("VALUE 1\r\n1", "ERR_INTERNAL", "lost", "silent", "cancelled"):
            refused = self.client.set(b"a", b"1")
            behind = self.client.get(b"b") if end.startswith("VALUE") else self.client.set(b"b", b"2")
            self.wire.send(b"ERR_AUTH\r\n")
            self.assertNoResult(refused)
            if end == "lost":
                self.wire.close()
            elif end == "silent":
                self.network.advance(Client.PATIENCE)
            elif end == "cancelled":
                behind.cancel()
            else:
                self.wire.send(f"{end}\r\n".encode())
            self.assertEqual(str(self.failureResultOf(refused).value), "the user alice may not do that")
            behind.addErrback(lambda _: None)
            self.assertEqual(self.wire.value().count(b"set a"), 1)
            self.client.close()
            self.setUp()

    def test_refusedAmongOthers(self) -> None:
        """
        What is refused after that, and before the answer to the first login, is asked for again after another one.
        """
        first, _, last = self.client.set(b"a", b"1"), self.client.get(b"b"), self.client.set(b"c", b"3")
        self.wire.taken()
        self.wire.send(b"ERR_AUTH\r\nERRNOTFOUND\r\n")
        self.failureResultOf(first, NotAllowed)
        self.client.get(b"d")
        self.assertEqual(self.wire.taken(), AUTH + b"get d\r\n")
        self.wire.send(b"ERR_AUTH\r\nOK\r\n")
        self.assertEqual(self.wire.taken(), AUTH)
        self.wire.send(b"ERR_AUTH\r\nOK\r\n")
        self.assertEqual(self.wire.taken(), b"set c 0 1\r\n3\r\nget d\r\n")
        self.wire.send(b"OK 8\r\n")
        self.assertEqual(self.successResultOf(last), 8)

    def test_elsewhere(self) -> None:
        """
        Where the server goes, leads no more or cannot tell, what it refused is asked for at the next one.
        """
        for reply in (b"", b"ERR_REDIRECT db 2\r\n", b"ERR_INTERNAL\r\n"):
            stored = self.client.set(b"a", b"1")
            self.wire.send(b"ERR_AUTH\r\n")
            if reply:
                self.wire.send(reply)
            else:
                self.wire.close()
            two = self.greeted(2)
            two.send(b"OK\r\n")
            self.assertEqual(two.taken(), b"set a 0 1\r\n1\r\n")
            two.send(b"OK 7\r\n")
            self.assertEqual(self.successResultOf(stored), 7)
            self.client.close()
            self.setUp()

    def test_redirected(self) -> None:
        """
        What is redirected behind it goes behind it.
        """
        self.client.set(b"a", b"1")
        self.client.set(b"b", b"2")
        self.wire.send(b"ERR_AUTH\r\nERR_REDIRECT db 2\r\nOK\r\n")
        two = self.greeted(2)
        two.send(b"OK\r\n")
        self.assertEqual(two.taken(), b"set a 0 1\r\n1\r\nset b 0 1\r\n2\r\n")

    def test_redirectedAndUnknown(self) -> None:
        """
        So it does where something behind both of them may have been carried out, but what was refused comes too late.
        """
        refused, _, unknown = (self.client.set(key, b"1") for key in (b"a", b"b", b"c"))
        self.wire.send(b"ERR_AUTH\r\nERR_REDIRECT db 2\r\nERR_INTERNAL\r\n")
        self.failureResultOf(refused, NotAllowed)
        self.failureResultOf(unknown, OutcomeUnknown)
        self.wire.send(b"OK\r\n")
        two = self.greeted(2)
        two.send(b"OK\r\n")
        self.assertEqual(two.taken(), b"set b 0 1\r\n1\r\n")

    def test_refusedLate(self) -> None:
        """
        A server that was silent for too long has other calls sent elsewhere: what it refuses then is not done.
        """
        stored = self.client.set(b"a", b"1")
        self.wire.taken()
        self.network.advance(Client.PATIENCE)
        self.wire.send(b"ERR_AUTH\r\n")
        self.assertEqual(str(self.failureResultOf(stored).value), "the user alice may not do that")
        self.assertEqual(self.wire.taken(), b"")

    def test_late(self) -> None:
        """
        Nobody is told of a call that was cancelled meanwhile, or whose time is over.
        """
        cancelled, late = self.client.get(b"a"), self.client.get(b"b", timeout=1)
        self.wire.taken()
        self.wire.send(b"ERR_AUTH\r\nERR_AUTH\r\n")
        cancelled.cancel()
        self.network.advance(1)
        self.failureResultOf(cancelled, CancelledError)
        self.failureResultOf(late, Unavailable)
        self.wire.send(b"OK\r\n")
        self.assertEqual(self.wire.taken(), AUTH)
