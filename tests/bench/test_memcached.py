"""
Tests for L{replkv.bench.memcached}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.bench.dialect import NotUnderstood
from replkv.bench.memcached import MemcachedDialect

BUSY = b"SERVER_ERROR busy: nothing was done"
REPLIES = b"STORED\r\nVALUE k 0 5\r\nEND\r\n\r\nEND\r\nEND\r\n" + BUSY + b"\r\nVALUE k 0 0\r\n\r\nEND\r\nSTORED\r\n"
CUT = [b"", b"", b"", BUSY, b"", b""]


class MemcachedDialectTests(SynchronousTestCase):
    """
    Tests for L{MemcachedDialect}.
    """

    def setUp(self) -> None:
        """
        Make one.
        """
        self.dialect = MemcachedDialect(b"k")

    def test_hello(self) -> None:
        """
        A connection begins with a read, after the login if there is one.
        """
        self.assertEqual((self.dialect.hello, self.dialect.helloReplies), (b"get k\r\n", 1))
        known = MemcachedDialect(b"k", ("alice", "secret"))
        self.assertEqual(known.hello, b"set login 0 0 12\r\nalice secret\r\nget k\r\n")
        self.assertEqual(known.helloReplies, 2)

    def test_commands(self) -> None:
        """
        The commands are those of the protocol.
        """
        self.assertEqual(self.dialect.write(b"a", b"xyz"), b"set a 0 0 3\r\nxyz\r\n")
        self.assertEqual(self.dialect.read(b"a"), b"get a\r\n")

    def test_cut(self) -> None:
        """
        What arrives is cut into the same replies, wherever it was cut on its way.
        """
        self.assertEqual(self.dialect.cut(REPLIES), (CUT, b""))
        for place in range(len(REPLIES)):
            first, rest = self.dialect.cut(REPLIES[:place])
            second, rest = self.dialect.cut(rest + REPLIES[place:])
            self.assertEqual(([*first, *second], rest), (CUT, b""), place)

    def test_notUnderstood(self) -> None:
        """
        What is no reply is refused, and a line that does not end is too.
        """
        for data in (b"HTTP/1.1 400\r\n", b"O" * 2000, b"VALUE x\r\n", b"VALUE k 0 1\r\nx\r\nEMD\r\n"):
            self.assertRaises(NotUnderstood, self.dialect.cut, data)

    def test_meanings(self) -> None:
        """
        There is no redirect. What is the client's own fault stays so.
        """
        self.assertIsNone(self.dialect.redirect(BUSY))
        self.assertFalse(self.dialect.isHopeless(BUSY))
        self.assertTrue(self.dialect.isHopeless(b"CLIENT_ERROR unauthenticated"))
