"""
Tests for L{replkv.wire.replyparser}.
"""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.command import Command
from replkv.commands.count import Count
from replkv.commands.delete import Delete
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.extras import Stats, Version
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.members import MemberPromote
from replkv.commands.results import (
    Already,
    BadCommand,
    Counted,
    Deleted,
    Done,
    Exists,
    Failed,
    Found,
    Item,
    Items,
    KeyInfo,
    Keys,
    NotFound,
    NotNumber,
    NotUpgraded,
    Redirected,
    Refused,
    Release,
    Removed,
    Result,
    Statistics,
    Stored,
    TooLarge,
    Total,
    Touched,
    Transacted,
    Unavailable,
    Unrecognized,
    VersionMismatch,
)
from replkv.commands.scan import Scan
from replkv.commands.set import Set
from replkv.commands.steps import StepGet
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn
from replkv.wire.replies import encodeReply
from replkv.wire.replyparser import ProtocolError, ReplyParser

TXN = Txn((StepGet(b"k"),))
SESSION = (
    b"OK 7\r\nVALUE 5\r\na\r\nb\0\r\nVALUE 18446744073709551615 3 0\r\n\r\nDELETED\r\nERR_REDIRECT localhost 9001\r\n"
    b"ITEM k 7 9 0 3\r\na\r\n\r\nITEM IA== 0 8 1500 0 base64\r\n\r\nEND\r\nEND\r\n"
    b"KEY k 7 3\r\nKEY IA== 8 0 base64\r\nMORE IA== base64\r\nNO_MORE\r\n"
    b"TXN 4\r\nOK 7\r\nITEM k 7 9 0 3\r\na\r\n\r\nERRNOTFOUND\r\nITEM IA== 0 8 1500 0 base64\r\n\r\nTXN 0\r\n"
    b"STAT role leader\r\nSTAT empty\r\nSTAT name with words\r\nEND\r\nERR_INTERNAL\r\n"
)
REPLIES = [
    Stored(7),
    Found(0, 0, b"a\r\nb\0"),
    Found(18446744073709551615, 3, b""),
    Deleted(),
    Redirected("localhost", 9001),
    Items((Item(b"k", 7, 9, 0, b"a\r\n"), Item(b" ", 0, 8, 1500, b""))),
    Items(()),
    Keys((KeyInfo(b"k", 7, 3), KeyInfo(b" ", 8, 0)), b" "),
    Keys(()),
    Transacted((Stored(7), Items((Item(b"k", 7, 9, 0, b"a\r\n"),)), NotFound(), Items((Item(b" ", 0, 8, 1500, b""),)))),
    Transacted(()),
    Statistics({"role": "leader", "empty": "", "name": "with words"}),
    Unavailable(),
]
TOLD: list[tuple[Command, Result]] = [
    (Set(b"k", 0, b"v", False), Stored(2**64 - 1)),
    (Get(b"k"), Found(0, 0, b"value")),
    (Getm(b"k"), Found(7, 60, b"value")),
    (Getm(b"k"), NotFound()),
    (Delete(b"k"), Deleted()),
    (Touch(b"k", 1), Touched()),
    (Incr(b"k", 1), Counted(7, 18446744073709551615)),
    (Incr(b"k", 1), NotNumber()),
    (Gets((b"k",)), Items((Item(b"k", 2**32 - 1, 2**62, 2**63 - 1, b"value"), Item(bytes(250), 0, 1, 0, b"")))),
    (Gets((b"k",)), Items(())),
    (Scan(b"k", 1), Keys(())),
    (Scan(b"k", 1), Keys((), b"k")),
    (Scan(b"k", 1), Keys((KeyInfo(b"base64", 2**64 - 1, 8 << 20), KeyInfo(b"\xff", 1, 0)), b"base64")),
    (Scan(b"k", 1000), Keys(tuple([KeyInfo(bytes(250), 1, 0)] * 1000), bytes(250))),
    (Count(b"k"), Total(0)),
    (Count(b"k"), Total(10_000, b"base64")),
    (Count(b"k"), Total(1, bytes(250))),
    (TXN, Failed(128)),
    (TXN, TooLarge()),
    (TXN, Transacted(())),
    (TXN, Transacted((Stored(7), Deleted(), NotFound(), Items((Item(b"k", 1, 2, 3, b"END\r\n"),))))),
    (TXN, Transacted((Items((Item(bytes(250), 1, 2, 3, bytes(65536)),)),) * 128)),
    (DeletePrefix(b"k", 0), Removed(0)),
    (DeletePrefix(b"k", 0), Removed(128, 2**64 - 1, b"k")),
    (DeletePrefix(b"k", 0), Removed(0, 1, b"base64")),
    (DeletePrefix(b"k", 0), Removed(7, 9, bytes(250))),
    (Add(b"k", 0, b"v", False), Exists()),
    (Append(b"k", b"v", False), TooLarge()),
    (Delete(b"k"), VersionMismatch()),
    (Delete(b"k"), Redirected("kv1.example.net", 65535)),
    (Delete(b"k"), Redirected("::1", 1)),
    (Delete(b"k"), Unavailable()),
    (Delete(b"k"), NotUpgraded()),
    (Delete(b"k"), BadCommand()),
    (MemberPromote(4), Done()),
    (MemberPromote(4), Already()),
    (MemberPromote(4), Refused("it has a vote")),
    (Stats(), Statistics({"role": "leader", "keys": "7"})),
    (Version(), Release("1.2.3")),
]
UNRECOGNIZED = [
    b"",
    b"hello",
    b"7",
    b"OK -1",
    b"OK 1 2 3",
    b"DELETED 1",
    b"TOUCHED 1",
    b"ALREADY 1",
    b"ERR_REDIRECT",
    b"ERR_REDIRECT ",
    b"ERR_REDIRECT db",
    b"ERR_REDIRECT db x",
    b"ERR_REDIRECT db 0",
    b"ERR_REDIRECT db 65536",
    b"ERR_REDIRECT db 1 2",
    b"ERR_REDIRECT \xff 1",
    b"VERSION \xff",
    b"KEY",
    b"MORE",
    b"MORE a b",
    b"NO_MORE 1",
    b"COUNT",
    b"COUNT -1",
    b"COUNT 1 a b",
    b"TXN",
    b"TXN -1",
    b"TXN 1 2",
    b"FAILED",
    b"FAILED 1 2",
    b"REMOVED",
    b"REMOVED 1 2",
    b"REMOVED 1 2 k base6",
]
BROKEN = [
    b"VALUE \r\n",
    b"VALUE -1\r\n",
    b"VALUE 1 2\r\n",
    b"VALUE 1 2 3 4\r\n",
    b"VALUE 99999999\r\n",
    b"VALUE 1\r\nab\r\n",
    b"ITEM k 1 2 3\r\n",
    b"ITEM k 1 2 3 99999999\r\n",
    b"ITEM k= 1 2 3 0 base64\r\n\r\n",
    b"ITEM k 1 2 3 1\r\nab\r\n",
    b"ITEM k 1 2 3 0\r\n\r\nOK 1\r\n",
    b"ITEM k 1 2 3 0\r\n\r\n" * 129,
    b"ITEM k 1 2 3 0\r\n\r\nSTAT a b\r\nEND\r\n",
    b"STAT a b\r\nOK 1\r\n",
    b"REMOVED 1 2 k= base64\r\n",
    b"COUNT 1 k= base64\r\n",
    b"MORE k= base64\r\n",
    b"KEY k 1\r\n",
    b"KEY k 1 2 3\r\n",
    b"KEY k= 1 2 base64\r\n",
    b"KEY k 1 2\r\n" * 1001,
    b"KEY k 1 2\r\nEND\r\n",
    b"KEY k 1 2\r\nOK 1\r\n",
    b"KEY k 1 2\r\nVALUE 0\r\n\r\n",
    b"KEY k 1 2\r\nSTAT a b\r\n",
    b"KEY k 1 2\r\nITEM k 1 2 3 0\r\n\r\n",
    b"STAT a b\r\nKEY k 1 2\r\n",
    b"STAT a b\r\nNO_MORE\r\n",
    b"ITEM k 1 2 3 0\r\n\r\nNO_MORE\r\n",
    b"ITEM k 1 2 3 0\r\n\r\nKEY k 1 2\r\n",
    b"TXN 129\r\n",
    b"TXN 1\r\nEND\r\n",
    b"TXN 1\r\nTXN 0\r\n",
    b"TXN 1\r\nFAILED 1\r\n",
    b"TXN 1\r\nSTAT a b\r\n",
    b"TXN 1\r\nKEY k 1 2\r\n",
    b"TXN 1\r\nVALUE 0\r\n\r\n",
    b"TXN 2\r\n" + b"ITEM k 1 2 3 4194305\r\n%b\r\n" % bytes(4194305) * 2,
    b"x" * 1026,
    b"STAT a b\r\n" + b"".join(b"STAT %d x\r\n" % number for number in range(1000)),
]


class ReplyParserTests(SynchronousTestCase):
    """
    Tests for L{ReplyParser}.
    """

    def test_together(self) -> None:
        """
        Replies that arrive together are told apart.
        """
        self.assertEqual(ReplyParser().feed(SESSION), REPLIES)

    def test_byteByByte(self) -> None:
        """
        Replies that arrive byte by byte are given out when their last byte is there.
        """
        parser = ReplyParser()
        received = [
            reply for position in range(len(SESSION)) for reply in parser.feed(SESSION[position : position + 1])
        ]
        self.assertEqual(received, REPLIES)

    @settings(derandomize=True, deadline=None)
    @given(st.lists(st.integers(0, len(SESSION)), max_size=10))
    def test_anyCuts(self, cuts: list[int]) -> None:
        """
        Where what arrives is cut makes no difference.
        """
        parser = ReplyParser()
        edges = [0, *sorted(cuts), len(SESSION)]
        pieces = [SESSION[start:end] for start, end in pairwise(edges)]
        self.assertEqual([reply for piece in pieces for reply in parser.feed(piece)], REPLIES)

    def test_largeValue(self) -> None:
        """
        A large value that arrives in many pieces is not looked at again with each of them.
        """
        value = bytes(8 << 20)
        parser = ReplyParser()
        self.assertEqual(parser.feed(b"VALUE %d\r\n" % len(value)), [])
        for start in range(0, len(value), 4096):
            self.assertEqual(parser.feed(value[start : start + 4096]), [])
        self.assertEqual(len(parser._pieces), 1 + len(value) // 4096)
        self.assertEqual(parser.feed(b"\r"), [])
        self.assertEqual(parser.feed(b"\n"), [Found(0, 0, value)])

    def test_broken(self) -> None:
        """
        What cannot be a reply is refused.
        """
        for data in BROKEN:
            self.assertRaises(ProtocolError, ReplyParser().feed, data)

    def test_understood(self) -> None:
        """
        What a server tells is understood as what was meant.
        """
        data = b"".join(encodeReply(command, result) for command, result in TOLD)
        self.assertEqual(ReplyParser().feed(data), [result for _, result in TOLD])

    def test_unrecognized(self) -> None:
        """
        A line that is none of a server's replies is handed on as it is.
        """
        for line in UNRECOGNIZED:
            self.assertEqual(ReplyParser().feed(line + b"\r\n"), [Unrecognized(line)])
