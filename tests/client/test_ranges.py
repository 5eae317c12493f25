"""
Tests for L{replkv.client.ranges}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.client.errors import CommandError, NotAllowed, OutcomeUnknown, Unavailable
from replkv.client.ranges import Page
from replkv.commands.results import KeyInfo
from tests.client.connected import ClientCase


class RangeTests(ClientCase):
    """
    The calls, at a server that leads.
    """

    def test_scan(self) -> None:
        """
        C{scan} gives a page, and where the next one begins.
        """
        first, next_ = self.client.scan("a/", 2), self.client.scan("a/", 2, b"a/\xff")
        wire = self.connected()
        self.assertEqual(wire.taken(), b"scan a/* 2\r\nscan YS8=* 2 YS//  base64\r\n".replace(b"  ", b" "))
        wire.send(b"KEY a/1 7 5\r\nKEY YS//  9 0 base64\r\nMORE YS// base64\r\nNO_MORE\r\n".replace(b"  ", b" "))
        page = Page((KeyInfo(b"a/1", 7, 5), KeyInfo(b"a/\xff", 9, 0)), b"a/\xff")
        self.assertEqual(self.successResultOf(first), page)
        self.assertEqual(self.successResultOf(next_), Page((), None))

    def test_keys(self) -> None:
        """
        C{keys} goes through all pages.
        """

        async def all_() -> list[bytes]:
            return [key.key async for key in self.client.keys("a")]

        found = Deferred.fromCoroutine(all_())
        wire = self.connected()
        wire.send(b"KEY a1 7 5\r\nMORE a1\r\n")
        self.assertEqual(wire.taken(), b"scan a* 1000\r\nscan a* 1000 a1\r\n")
        wire.send(b"KEY a2 8 5\r\nNO_MORE\r\n")
        self.assertEqual(self.successResultOf(found), [b"a1", b"a2"])

    def test_count(self) -> None:
        """
        C{count} goes on until there are no more.
        """
        counted = self.client.count()
        wire = self.connected()
        wire.send(b"COUNT 10000 k\r\n")
        self.assertEqual(wire.taken(), b"count *\r\ncount * k\r\n")
        wire.send(b"COUNT 7\r\n")
        self.assertEqual(self.successResultOf(counted), 10007)

    def test_deletePrefix(self) -> None:
        """
        So does C{deletePrefix}, with those that were there at first.
        """
        deleted = self.client.deletePrefix(b"a/")
        wire = self.connected()
        wire.send(b"REMOVED 128 900 a/128\r\n")
        self.assertEqual(wire.taken(), b"deletep a/* 0\r\ndeletep a/* 900 a/128\r\n")
        wire.send(b"REMOVED 2\r\n")
        self.assertEqual(self.successResultOf(deleted), 130)

    def test_refusals(self) -> None:
        """
        What goes wrong at any step comes out.
        """
        asked = [self.client.count("a"), self.client.count("a"), self.client.deletePrefix("a"), self.client.scan("a")]
        self.connected().send(b"ERRCMDERR\r\nOK 1\r\nOK 1\r\nERR_AUTH\r\n")
        for outcome, error in zip(asked, (CommandError, Unavailable, OutcomeUnknown, NotAllowed), strict=True):
            self.failureResultOf(outcome, error)

    def test_mistakes(self) -> None:
        """
        What cannot be is an error before anything is sent.
        """
        for asked in (
            self.client.scan("a", 0),
            self.client.scan("a", 1001),
            self.client.scan("a" * 251),
            self.client.scan("a", 1, "b" * 251),
            self.client.count(b"a" * 251),
        ):
            self.failureResultOf(asked, CommandError)
        self.failureResultOf(self.client.deletePrefix(7), TypeError)  # type: ignore[arg-type]
        self.failureResultOf(self.client.scan("a", 1.5), TypeError)  # type: ignore[arg-type]
        # That there are no more is not that all are meant.
        self.failureResultOf(self.client.scan("a", 1, None), TypeError)  # type: ignore[arg-type]
        self.assertEqual(self.network.asked(), [])
