"""
Tests for the protocols of replkv's peers, in L{benchmarks.systems}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.systems.redis import RedisDialect
from benchmarks.systems.zookeeper import ZooKeeperDialect
from replkv.bench.dialect import Dialect, NotUnderstood


def cutEverywhere(dialect: Dialect, data: bytes) -> set[tuple[bytes, ...]]:
    """
    The replies that are cut out of bytes, wherever these are cut on their way.
    """
    found = set()
    for place in range(len(data) + 1):
        first, rest = dialect.cut(data[:place])
        second, rest = dialect.cut(rest + data[place:])
        assert rest == b""
        found.add((*first, *second))
    return found


class RedisTests(SynchronousTestCase):
    """
    Tests for L{RedisDialect}.
    """

    def test_commands(self) -> None:
        """
        A write is C{SET} and C{WAIT}, a read is C{GET}.
        """
        dialect = RedisDialect()
        self.assertEqual(
            dialect.write(b"k", b"val"),
            b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nval\r\n*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n",
        )
        self.assertEqual(dialect.read(b"k"), b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")

    def test_replies(self) -> None:
        """
        A write counts when a replica has it, and a read whatever it finds.
        """
        data = b"+OK\r\n:1\r\n$4\r\n\r\n:0\r\n$-1\r\n+OK\r\n:0\r\n+OK\r\n:2\r\n$0\r\n\r\n"
        self.assertEqual(cutEverywhere(RedisDialect(), data), {(b"", b"", b"", b"not replicated", b"", b"")})

    def test_error(self) -> None:
        """
        An error ends it: nothing is known of what comes then.
        """
        self.assertRaises(NotUnderstood, RedisDialect().cut, b"-READONLY no\r\n:0\r\n")


class ZooKeeperTests(SynchronousTestCase):
    """
    Tests for L{ZooKeeperDialect}.
    """

    def test_hello(self) -> None:
        """
        A session begins with the version, what was seen, how long it may be silent, no number, no password, and not
        for reading alone.
        """
        hello = bytes.fromhex("0000002d 00000000 0000000000000000 00004e20 0000000000000000 00000010") + bytes(17)
        self.assertEqual((ZooKeeperDialect.hello, ZooKeeperDialect.helloReplies), (hello, 1))

    def test_commands(self) -> None:
        """
        A write is C{setData} of whatever version, a read C{sync} and C{getData} without a watch.
        """
        dialect = ZooKeeperDialect()
        self.assertEqual(
            dialect.write(b"a/b", b"xyz"),
            bytes.fromhex("0000001b 00000001 00000005 00000004")
            + b"/a-b"
            + bytes.fromhex("00000003")
            + b"xyz"
            + bytes.fromhex("ffffffff"),
        )
        self.assertEqual(
            dialect.read(b"ab"),
            bytes.fromhex("0000000f 00000002 00000009 00000003")
            + b"/ab"
            + bytes.fromhex("00000010 00000001 00000004 00000003")
            + b"/ab\0",
        )

    def test_replies(self) -> None:
        """
        The greeting counts, what is set or read counts, C{sync} and pings do not. That a node is there already is no
        error.
        """
        greeting = bytes.fromhex("00000025 00000000 00004e20") + bytes(8) + bytes.fromhex("00000010") + bytes(17)

        def reply(number: int, error: int, more: bytes = b"") -> bytes:
            data = number.to_bytes(4, "big", signed=True) + bytes(8) + error.to_bytes(4, "big", signed=True) + more
            return len(data).to_bytes(4, "big") + data

        data = greeting + reply(1, 0, b"stat") + reply(2, 0) + reply(-2, 0) + reply(1, -101) + reply(1, -110)
        self.assertEqual(cutEverywhere(ZooKeeperDialect(), data), {(b"", b"", b"error-101", b"")})
        self.assertTrue(ZooKeeperDialect().isHopeless(b"error-101"))
        self.assertFalse(ZooKeeperDialect().isHopeless(b"error-4"))
