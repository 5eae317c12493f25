"""
Tests for what servers pass on to each other: nothing is lost of it.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.command import DataCommand
from replkv.commands.gets import Gets
from replkv.commands.layout import MAX_VALUE_BYTES
from replkv.commands.results import (
    Counted,
    Deleted,
    Exists,
    Failed,
    Found,
    Item,
    Items,
    KeyInfo,
    Keys,
    NotAllowed,
    NotFound,
    NotNumber,
    NotUpgraded,
    Redirected,
    Removed,
    Result,
    Stored,
    TooLarge,
    Total,
    Touched,
    Transacted,
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
from tests.wire.test_encoding import COMMANDS

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
            *(command for command in COMMANDS if isinstance(command, DataCommand)),
            Gets(tuple(bytes([number]) * 250 for number in range(128))),
            Set(b"k", 2**64 - 1, _LARGEST, False),
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
            Keys((KeyInfo(_BINARY, 7, 2**20), KeyInfo(b"k", 8, 0)), _BINARY),
            Keys(()),
            Total(2**40, b"k"),
            Removed(3, 9, b"k"),
            Failed(3),
            Transacted((Stored(7), Items((Item(b"k", 1, 7, 0, b"v"),)), Deleted(), NotFound())),
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
