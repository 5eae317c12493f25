"""
Tests for commands as they are sent.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import Command
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.count import Count
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.expire import Expire
from replkv.commands.extras import Help, Quit, Stats, Version
from replkv.commands.gat import Gat
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.lifetime import FOREVER, KEPT, OVER, Lifetime
from replkv.commands.members import (
    MemberAdd,
    MemberPromote,
    MemberRemove,
    MemberReplace,
    Members,
    MemberUpdate,
)
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.scan import Scan
from replkv.commands.set import Set
from replkv.commands.steps import If, IfValue, StepDelete, StepGet, StepPut
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn
from replkv.times import FAR_FUTURE
from replkv.wire.encoding import encodeCommand
from replkv.wire.parser import CommandParser

COMMANDS: list[Command] = [
    Get(b"k"),
    Getm(b"k"),
    Delete(b"k"),
    Touch(b"k", 2**64 - 1),
    Set(b"k", 0, b"value", False),
    Set(b"k", 60, b"", False),
    Set(b"k", 0, b"a\r\nb\0\xff", True),
    Cas(b"k", 0, 5, b"value", False),
    Cas(b"k", 1, 2**64 - 1, b"v", True),
    Add(b"k", 60, b"value", False),
    Add(b"k", 0, b"", True),
    Replace(b"k", 60, b"value", False),
    Append(b"k", b"value", False, most=1000),
    Prepend(b"k", b"", True, most=1000),
    Incr(b"k", 2**64 - 1),
    Decr(b"k", 0),
    Cad(b"k", 2**64 - 1),
    Put(b"k", 2**32 - 1, FOREVER, ANY, b"value", True),
    Put(b"k", 0, KEPT, Condition(Need.VERSION, 2**64 - 1), b"", False),
    Put(b"base64", 0, OVER, ABSENT, b"value", False),
    Put(b"k", 0, Lifetime(FAR_FUTURE), PRESENT, b"value", False),
    Expire(b"k", Lifetime(1500)),
    Gat(b"k", OVER),
    Gets((b"k",)),
    Gets((b"base64",)),
    Gets((b"a", b"base64", b"b")),
    Gets((b"a", b"base64")),
    Get(b"base64"),
    Get(b"a b"),
    Get("\N{SNOWMAN}".encode()),
    Get(bytes(250)),
    Set(b"\r\nget k\r\n", 0, b"value", True),
    Put(b" ", 7, FOREVER, ANY, b"value", True),
    Gets((b"a", b" ", b"base64")),
    DeletePrefix(b"", 0, b""),
    DeletePrefix(b"base64", 2**64 - 1, b"base64"),
    DeletePrefix(b"a*b", 5, b"a*b"),
    DeletePrefix(b" ", 0, b""),
    DeletePrefix(b"", 0, b"\n"),
    DeletePrefix(bytes(250), 2**64 - 1, b"\xff" * 250),
    Scan(b"", 1, b""),
    Scan(b"base64", 1000, b"base64"),
    Scan(b"\xff", 7, b"\xff\xff"),
    Count(b"", b""),
    Count(b"base64", b"base64"),
    Count(bytes(250), b""),
    Count(b"", b" "),
    Txn((StepGet(b"k"),)),
    Txn(
        (
            If(b"k", ABSENT),
            StepPut(b"k", 2**32 - 1, KEPT, b"get k\r\n"),
            If(b"base64", Condition(Need.VERSION, 2**64 - 1)),
            StepDelete(b" "),
            IfValue(bytes(250), b""),
            If(b"\n", PRESENT),
            StepGet(b"base64"),
            IfValue(b"k", b"\n"),
            StepPut(b"\xff", 0, Lifetime(1500), b"\0"),
        )
    ),
    Txn(tuple([StepGet(b"%d" % number) for number in range(128)])),
    Members(),
    MemberAdd(4, "kv4.example.net", 9000, 10000, False, True),
    MemberAdd(2**31 - 1, "::1", 1, 65535, True, False),
    MemberRemove(0, False),
    MemberRemove(0, True),
    MemberReplace(1, False),
    MemberReplace(1, True),
    MemberUpdate(2, 253 * "h", 9000, 10000, False),
    MemberUpdate(2, "10.0.0.1", 9000, 10000, True),
    MemberPromote(3),
    Help(),
    Stats(),
    Version(),
    Quit(),
]


class EncodeCommandTests(SynchronousTestCase):
    """
    Tests for L{encodeCommand}.
    """

    def test_understood(self) -> None:
        """
        The server understands what is sent as what was meant.
        """
        parser = CommandParser(1000)
        parser.feed(b"".join(map(encodeCommand, COMMANDS)))
        self.assertEqual([parser.nextCommand() for _ in COMMANDS], COMMANDS)
        self.assertIsNone(parser.nextCommand())

    def test_words(self) -> None:
        """
        The words on the wire.
        """
        self.assertEqual(encodeCommand(Cas(b"k", 9, 3, b"v", True)), b"cas k 9 3 1 noreply\r\nv\r\n")
        self.assertEqual(encodeCommand(Set(b"k", 9, b"a\r\nb", False)), b"set k 9 4\r\na\r\nb\r\n")
        self.assertEqual(encodeCommand(MemberAdd(4, "::1", 9, 10, True, True)), b"memberadd 4 ::1 9 10 force spare\r\n")
        self.assertEqual(encodeCommand(DeletePrefix(b"a/", 7, b"a/b")), b"deletep a/* 7 a/b\r\n")
        txn = Txn((If(b"k", ABSENT), StepPut(b" ", 0, FOREVER, b"v"), StepGet(b"k")))
        self.assertEqual(encodeCommand(txn), b"txn 3\r\nif k absent\r\nput IA== 0 0 1 base64\r\nv\r\nget k\r\n")
        self.assertEqual(encodeCommand(DeletePrefix(b"", 0, b" ")), b"deletep * 0 IA== base64\r\n")
        self.assertEqual(encodeCommand(MemberRemove(4, False)), b"memberremove 4\r\n")
