"""
Tests for L{replkv.kv.command}.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.kv.command import (
    CAS,
    CLOCK,
    DELETE,
    NOOP,
    SET,
    Command,
    decode,
    encodeCas,
    encodeClock,
    encodeDelete,
    encodeSet,
    stampOf,
)
from replkv.times import FAR_FUTURE

STAMPS = st.integers(0, FAR_FUTURE)
NUMBERS = st.integers(0, 2**64 - 1)
KEYS = st.binary(min_size=1, max_size=250)


class CommandTests(SynchronousTestCase):
    """
    Tests for the encoding of the commands.
    """

    def test_set(self) -> None:
        """
        A set comes back with its deadline in place of its expiry time.
        """
        self.assertEqual(decode(encodeSet(1500, b"key", 2, b"value")), Command(SET, 1500, 3500, 0, b"key", b"value"))

    def test_cas(self) -> None:
        """
        A cas comes back with the version that it asks for.
        """
        self.assertEqual(decode(encodeCas(1500, b"key", 2, 7, b"")), Command(CAS, 1500, 3500, 7, b"key", b""))

    def test_delete(self) -> None:
        """
        A delete comes back with its key.
        """
        self.assertEqual(decode(encodeDelete(1500, b"key")), Command(DELETE, 1500, 0, 0, b"key", b""))

    def test_clock(self) -> None:
        """
        A clock command has nothing but its stamp.
        """
        self.assertEqual(decode(encodeClock(1500)), Command(CLOCK, 1500, 0, 0, b"", b""))

    def test_noop(self) -> None:
        """
        No data is the no-op, which tells no time.
        """
        self.assertEqual(decode(b""), Command(NOOP, 0, 0, 0, b"", b""))
        self.assertEqual(stampOf(b""), 0)

    def test_layout(self) -> None:
        """
        The encodings stay as they are: logs that were written with them must be read.
        """
        self.assertEqual(encodeSet(1, b"k", 2, b"v"), b"\x01" + b"\0" * 7 + b"\x01" + b"\0" * 7 + b"\x02\x01kv")
        self.assertEqual(encodeCas(1, b"k", 0, 3, b"v"), b"\x02" + b"\0" * 7 + b"\x01" + b"\0" * 15 + b"\x03\x01kv")
        self.assertEqual(encodeDelete(1, b"k"), b"\x03" + b"\0" * 7 + b"\x01\x01k")
        self.assertEqual(encodeClock(1), b"\x04" + b"\0" * 7 + b"\x01")

    def test_farFuture(self) -> None:
        """
        A deadline beyond the far future is the far future; no expiry time is no deadline.
        """
        self.assertEqual(decode(encodeSet(1, b"k", 2**64 - 1, b"")).deadline, FAR_FUTURE)
        self.assertEqual(decode(encodeSet(FAR_FUTURE, b"k", 1, b"")).deadline, FAR_FUTURE)
        self.assertEqual(decode(encodeSet(FAR_FUTURE, b"k", 0, b"")).deadline, 0)

    def test_refusedByEncoders(self) -> None:
        """
        The encoders refuse a key or a stamp that L{decode} would refuse, since it would stop every server.
        """
        for key in (b"", b"k" * 251):
            self.assertRaises(ValueError, encodeSet, 1, key, 0, b"")
            self.assertRaises(ValueError, encodeCas, 1, key, 0, 1, b"")
            self.assertRaises(ValueError, encodeDelete, 1, key)
        for stamp in (-1, FAR_FUTURE + 1):
            self.assertRaises(ValueError, encodeSet, stamp, b"k", 0, b"")
            self.assertRaises(ValueError, encodeCas, stamp, b"k", 0, 1, b"")
            self.assertRaises(ValueError, encodeDelete, stamp, b"k")
            self.assertRaises(ValueError, encodeClock, stamp)

    def test_nonsense(self) -> None:
        """
        What is no command is refused: an unknown kind, an empty or long key, a stamp beyond the far future, something
        after the end of a command without a value.
        """
        for data in (
            b"\0",
            b"\x05" + encodeClock(1)[1:],
            b"\x01" + b"\0" * 17,
            encodeSet(1, b"k", 0, b"v" * 300).replace(b"\x01k", b"\xfbk"),
            b"\x04" + b"\xff" * 8,
            b"\x03" + b"\xff" * 8 + b"\x01k",
            encodeClock(1) + b"\0",
            encodeDelete(1, b"k") + b"\0",
        ):
            self.assertRaises(ValueError, decode, data)

    def test_cutShort(self) -> None:
        """
        A command that lost its end within its key or before it is refused.
        """
        for whole in (encodeSet(1, b"key", 2, b""), encodeCas(1, b"key", 2, 3, b""), encodeDelete(1, b"key")):
            for end in range(1, len(whole)):
                self.assertRaises(ValueError, decode, whole[:end])
        for end in range(1, len(encodeClock(1))):
            self.assertRaises(ValueError, decode, encodeClock(1)[:end])
            self.assertRaises(ValueError, stampOf, encodeClock(1)[:end])

    @settings(derandomize=True, deadline=None)
    @given(STAMPS, KEYS, NUMBERS, NUMBERS, st.binary())
    def test_everyCommand(self, stamp: int, key: bytes, exptime: int, version: int, value: bytes) -> None:
        """
        Whatever the encoders accept comes back the same, and its stamp can be told.
        """
        deadline = min(stamp + exptime * 1000, FAR_FUTURE) if exptime else 0
        for data, command in (
            (encodeSet(stamp, key, exptime, value), Command(SET, stamp, deadline, 0, key, value)),
            (encodeCas(stamp, key, exptime, version, value), Command(CAS, stamp, deadline, version, key, value)),
            (encodeDelete(stamp, key), Command(DELETE, stamp, 0, 0, key, b"")),
            (encodeClock(stamp), Command(CLOCK, stamp, 0, 0, b"", b"")),
        ):
            self.assertEqual(decode(data), command)
            self.assertEqual(stampOf(data), stamp)

    @settings(derandomize=True, deadline=None)
    @given(st.binary(max_size=40))
    def test_anyBytes(self, data: bytes) -> None:
        """
        Any bytes are either refused with a C{ValueError} or are a command with a lawful key and stamp.
        """
        try:
            command = decode(data)
        except ValueError:
            return
        self.assertTrue(0 <= command.stamp <= FAR_FUTURE)
        self.assertEqual(0 < len(command.key) <= 250, command.kind in (SET, CAS, DELETE))
