"""
Tests for what servers pass on to each other: nothing is lost of it.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.append import Append
from replkv.commands.command import DataCommand
from replkv.commands.condition import Condition, Need
from replkv.commands.get import Get
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.lifetime import Lifetime
from replkv.commands.put import Put
from replkv.commands.results import (
    Counted,
    Deleted,
    Exists,
    Found,
    Item,
    Items,
    NotAllowed,
    NotFound,
    NotNumber,
    NotUpgraded,
    Redirected,
    Result,
    Stored,
    TooLarge,
    Touched,
    Unavailable,
    VersionMismatch,
)
from replkv.commands.set import Set
from replkv.users.user import Login
from replkv.wire.encoding import encodeCommand
from replkv.wire.forwarding import (
    MAX_FORWARDED,
    Results,
    decodeCommands,
    decodeLogins,
    encodeLogins,
    encodeResult,
)

_BINARY = bytes(range(250))
_LARGEST = bytes(MAX_VALUE_BYTES)


class ForwardingTests(SynchronousTestCase):
    """
    Tests for L{replkv.wire.forwarding}.
    """

    def test_commands(self) -> None:
        """
        Commands come as they went: with keys of any bytes, as many as there may be, and values of any size.
        """
        commands: list[DataCommand] = [
            Get(b"k"),
            Get(_BINARY),
            Gets(tuple(bytes([number]) * 250 for number in range(128))),
            Set(b"k", 0, b"\r\nget k\r\n", True),
            Set(b"k", 2**64 - 1, _LARGEST, False),
            Put(_BINARY, 2**32 - 1, Lifetime.decode(7), Condition(Need(0), 0), b"", True),
            Incr(b"n", 2**64 - 1),
            Append(b"k", b"v", False, most=1000),
        ]
        written = b"".join(map(encodeCommand, commands))
        self.assertEqual(decodeCommands(written, len(commands), 1000), commands)

    def test_results(self) -> None:
        """
        So does what comes of them.
        """
        results: list[Result] = [
            Stored(2**64 - 1),
            Counted(3, 2**64 - 1),
            Found(7, 9, b"\r\n"),
            Found(7, 0, _LARGEST),
            Items(()),
            Items((Item(_BINARY, 2**32 - 1, 7, 2**40, b""), Item(b"k", 0, 8, 0, b"END\r\n"))),
            Deleted(),
            Touched(),
            NotFound(),
            Exists(),
            NotNumber(),
            TooLarge(),
            VersionMismatch(),
            Unavailable(),
            NotUpgraded(),
            NotAllowed(),
            Redirected("server0", 9000),
        ]
        self.assertEqual(Results().read(b"".join(map(encodeResult, results))), results)

    def test_logins(self) -> None:
        """
        And in whose names.
        """
        alice, bob = Login(b"alice", 7), Login(64 * b"b", None)
        for logins in (
            [None],
            [alice],
            [alice, alice, None, None, bob, alice, alice._replace(since=8)],
            [alice, bob] * (MAX_FORWARDED // 2),
        ):
            self.assertEqual(decodeLogins(encodeLogins(logins)), logins)
