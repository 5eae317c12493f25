"""
Tests for L{replkv.raft.membership}.
"""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.configuration import Configuration
from replkv.raft.entry import Entry
from replkv.raft.member import Address, Kind, Member
from replkv.raft.membership import KIND, MAX_ID, MAX_MEMBERS, configurationsIn, decode, encode, isConfiguration
from tests.raft.network import THREE, entriesOf

ALL = Configuration(
    [
        Member(0, Kind.VOTER, "f00", Address("here", 9000, 10000)),
        Member(3, Kind.LEARNER, "", Address("2001:db8::1", 1, 65535)),
        Member(MAX_ID),
    ]
)
LATER = Configuration(
    [
        Member(0, Kind.LEARNER, "", None, "old"),
        Member(1, Kind.VOTER, "f01", None, "", 2, "second"),
        Member(2, Kind.SPARE, "f02", None, "old", 7, "seventh"),
    ]
)


def stored(members: object) -> bytes:
    """
    An entry's data with these members.
    """
    return bytes([KIND]) + bytes(8) + json.dumps(members).encode()


class MembershipTests(SynchronousTestCase):
    """
    Configurations in the log.
    """

    def test_roundTrip(self) -> None:
        """
        What was encoded is what is decoded.
        """
        for configuration in (THREE, ALL, LATER):
            self.assertEqual(decode(encode(configuration)), configuration)

    def test_bytes(self) -> None:
        """
        It stands there so, now and for ever: logs are kept.
        """
        self.assertEqual(
            encode(ALL),
            b"\x0b\0\0\0\0\0\0\0\0"
            b'[[0,"voter","f00",["here",9000,10000]],[3,"learner","",["2001:db8::1",1,65535]],'
            b'[2147483647,"voter","",null]]',
        )
        self.assertEqual(
            encode(LATER),
            b"\x0b\0\0\0\0\0\0\0\0"
            b'[[0,"learner","",null,"old"],[1,"voter","f01",null,"",2,"second"],'
            b'[2,"spare","f02",null,"old",7,"seventh"]]',
        )

    def test_isConfiguration(self) -> None:
        """
        The first byte tells; the no-op has none.
        """
        self.assertTrue(isConfiguration(encode(THREE)))
        for other in (b"", b"\x01", b"k"):
            self.assertFalse(isConfiguration(other))

    def test_configurationsIn(self) -> None:
        """
        They are found among other entries.
        """
        entries = [*entriesOf(1, 1), Entry(3, 1, encode(THREE)), Entry(4, 1, b""), Entry(5, 2, encode(ALL))]
        self.assertEqual(configurationsIn(entries), [(3, THREE), (5, ALL)])

    def test_wrong(self) -> None:
        """
        What no leader makes is refused, with C{ValueError} and nothing else.
        """
        address = ["here", 9000, 10000]
        member = [0, "voter", "f00", address]
        wrong: list[object] = [
            None,
            7,
            "members",
            {},
            [],
            [7],
            [[]],
            [member[:3]],
            [[*member, 1]],
            [member, member],
            [[0, "learner", "f00", address]],
            [[0, "king", "f00", address]],
            [[-1, *member[1:]]],
            [[MAX_ID + 1, *member[1:]]],
            [[True, *member[1:]]],
            [["0", *member[1:]]],
            [[0, "voter", None, address]],
            [[0, "voter", "x" * 256, address]],
            [[0, "voter", "f00", 7]],
            [[*member, 7]],
            [[*member, "old", -1, "first"]],
            [[*member, "old", 2**63, "first"]],
            [[*member, "old", "1", "first"]],
            [[*member, "old", 1, "x" * 256]],
            [[*member, "old", 1, "first", 0]],
            [[0, "voter", "f00", ["", 9000, 10000]]],
            [[0, "voter", "f00", ["x" * 256, 9000, 10000]]],
            *([[0, "voter", "f00", [host, 9000, 10000]]] for host in ("a b", "kv\r\nOK", "kv\x00", "k\u00e4")),
            [[0, "voter", "f00", ["here", 0, 10000]]],
            [[0, "voter", "f00", ["here", 9000, 65536]]],
            [[0, "voter", "f00", ["here", "9000", 10000]]],
            [[number, *member[1:]] for number in range(MAX_MEMBERS + 1)],
        ]
        for members in wrong:
            self.assertRaises(ValueError, decode, stored(members))
        for data in (b"", b"\x0b", stored([member])[1:], stored([member])[:-1], b"\x0b" + bytes(8) + b"\xff"):
            self.assertRaises(ValueError, decode, data)
        self.assertRaises(ValueError, decode, b"\x0b" + bytes(8) + b"[" * 100_000)
