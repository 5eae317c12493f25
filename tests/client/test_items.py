"""
Tests for L{replkv.client.items}.
"""

from __future__ import annotations

from replkv.client.client import Client
from replkv.client.errors import (
    AlreadyExists,
    CommandError,
    NotFound,
    OutcomeUnknown,
    Unavailable,
    VersionMismatch,
)
from replkv.client.replies import Item
from tests.client.connected import ClientCase


class ItemTests(ClientCase):
    """
    The calls, at a server that leads.
    """

    def test_put(self) -> None:
        """
        C{put} sends all that is said, and gives the new version.
        """
        stored = self.client.put(b"k", b"a\r\nb", 7, 1.5, "absent")
        wire = self.connected()
        self.assertEqual(wire.taken(), b"put k 7 1500ms absent 4\r\na\r\nb\r\n")
        wire.send(b"OK 9\r\n")
        self.assertEqual(self.successResultOf(stored), 9)

    def test_lifetimes(self) -> None:
        """
        A lifetime is told in milliseconds: what is less than one is one, and nothing is for ever.
        """
        for lifetime in (0, 0.0, "keep", 60, 0.0004, 1e307):
            self.client.put(b"k", b"", 0, lifetime)
        words = [line.split()[3] for line in self.connected().taken().splitlines() if line]
        self.assertEqual(words, [b"0", b"0", b"keep", b"60000ms", b"1ms", b"18446744073709551615ms"])

    def test_conditions(self) -> None:
        """
        What the key was not like is an error of its own.
        """
        for condition, reply, error in (
            ("absent", b"ERR_EXISTS", AlreadyExists),
            ("present", b"ERRNOTFOUND", NotFound),
            (5, b"ERR_VERSION", VersionMismatch),
            ("any", b"ERR_INTERNAL", OutcomeUnknown),
        ):
            self.setUp()
            stored = self.client.put(b"k", b"", condition=condition)  # type: ignore[arg-type]
            wire = self.connected()
            self.assertEqual(wire.taken(), f"put k 0 0 {condition} 0\r\n\r\n".encode())
            wire.send(reply + b"\r\n")
            self.failureResultOf(stored, error)

    def test_gets(self) -> None:
        """
        C{gets} asks once for each key, and gives what they hold by what the program calls them.
        """
        got = self.client.gets(["k", b"missing", "sn\N{SNOWMAN}w", "k"])
        wire = self.connected()
        self.assertEqual(wire.taken(), b"gets aw== bWlzc2luZw== c27imIN3 base64\r\n")
        wire.send(b"ITEM k 7 12 1500 1\r\nv\r\nITEM c27imIN3 0 13 0 0 base64\r\n\r\nEND\r\n")
        self.assertEqual(
            self.successResultOf(got), {"k": Item(b"v", 12, 7, 1.5), "sn\N{SNOWMAN}w": Item(b"", 13, 0, 0.0)}
        )

    def test_getsBuffers(self) -> None:
        """
        A key may be in a buffer, and what it holds is found by its bytes.
        """
        got = self.client.gets([bytearray(b"k"), memoryview(bytearray(b"l"))])
        self.connected().send(b"ITEM k 7 12 0 0\r\n\r\nITEM l 0 13 0 0\r\n\r\nEND\r\n")
        self.assertEqual(self.successResultOf(got), {b"k": Item(b"", 12, 7, 0.0), b"l": Item(b"", 13, 0, 0.0)})

    def test_getsNothing(self) -> None:
        """
        C{gets} of keys that are not there gives nothing, and what is too large for one reply is the program's error.
        """
        got = [self.client.gets([b"k"]), self.client.gets([b"k"]), self.client.gets([b"k"])]
        self.connected().send(b"END\r\nERR_TOO_LARGE\r\nITEM other 0 1 0 0\r\n\r\nEND\r\n")
        self.assertEqual(self.successResultOf(got[0]), {})
        self.failureResultOf(got[1], CommandError)
        self.failureResultOf(got[2], Unavailable)

    def test_expire(self) -> None:
        """
        C{expire} tells whether the key was there, and C{gat} what it holds.
        """
        expired, kept, gone = self.client.expire("k", 0.5), self.client.gat("k", "keep"), self.client.gat("k", 0)
        wire = self.connected()
        self.assertEqual(wire.taken(), b"expire k 500ms\r\ngat k keep\r\ngat k 0\r\n")
        wire.send(b"TOUCHED\r\nITEM k 1 2 3 1\r\nv\r\nEND\r\nERRNOTFOUND\r\n")
        self.assertIs(self.successResultOf(expired), True)
        self.assertEqual(self.successResultOf(kept), Item(b"v", 2, 1, 0.003))
        self.assertIsNone(self.successResultOf(gone))

    def test_mistakes(self) -> None:
        """
        What cannot be is an error before anything is sent.
        """
        client: Client = self.client
        for flags in (-1, 2**32):
            self.failureResultOf(client.put(b"k", b"", flags), CommandError)
        for lifetime in (-1, float("nan"), float("inf")):
            self.failureResultOf(client.expire(b"k", lifetime), CommandError)
        for wrong in ("soon", None, True):
            self.failureResultOf(client.expire(b"k", wrong), TypeError)  # type: ignore[arg-type]
        self.failureResultOf(client.put(b"k", b"", condition="some"), CommandError)  # type: ignore[arg-type]
        self.failureResultOf(client.put(b"k", b"", condition=1.5), TypeError)  # type: ignore[arg-type]
        # With its command, the last is a line of one byte too many.
        tooLong = [letter * 250 for letter in "abcd"] + ["e" * 16]
        self.failureResultOf(client.gets(tooLong), CommandError)
        self.failureResultOf(client.gets([b"%d" % number for number in range(129)]), CommandError)
        self.failureResultOf(client.gets([]), CommandError)
        self.failureResultOf(client.gets("key"), TypeError)
        self.failureResultOf(client.gets([7]), TypeError)  # type: ignore[list-item]
        self.assertEqual(self.network.asked(), [])
