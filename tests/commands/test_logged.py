"""
Tests for commands as they stand in the log.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.catalog import COMMANDS
from replkv.commands.command import KeyCommand, LoggedCommand, WriteCommand
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.incr import Incr
from replkv.commands.lifetime import FOREVER, KEPT, OVER, Lifetime
from replkv.commands.logged import CLOCK, UnknownCommand, allSound, decode, encodeClock, stampOf
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.set import Set
from replkv.commands.steps import If, IfValue, Step, StepDelete, StepGet, StepPut
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn
from replkv.times import FAR_FUTURE
from tests.commands.logged import encodeCas, encodeDelete, encodeSet

STAMPS = st.integers(0, FAR_FUTURE)
NUMBERS = st.integers(0, 2**64 - 1)
KEYS = st.binary(min_size=1, max_size=250)


STEPS: tuple[Step, ...] = (
    If(b"k", ABSENT),
    StepPut(b"\0", 2**32 - 1, KEPT, b"value"),
    If(b"k", PRESENT),
    StepDelete(b"k"),
    If(b"\xff", Condition(Need.VERSION, 2**64 - 1)),
    IfValue(b"k", b""),
    StepGet(b"k"),
    StepPut(b"k", 0, Lifetime(FAR_FUTURE), b""),
)


class CommandTests(SynchronousTestCase):
    """
    Tests for the encoding of the commands.
    """

    def test_commands(self) -> None:
        """
        Commands come back as they were, but for C{noreply}, which is between the client and its server.
        """
        for command in (
            Set(b"key", 2, b"value", False),
            Cas(b"key", 2, 7, b"", False),
            Delete(b"key"),
            Touch(b"k", 2),
            Add(b"key", 2, b"value", False),
            Replace(b"key", 2, b"value", False),
            Cad(b"key", 7),
            Append(b"key", b"value", False, most=9),
            Prepend(b"key", b"", False, most=9),
            Incr(b"key", 2**64 - 1),
            Decr(b"key", 0),
            Put(b"key", 0, FOREVER, ANY, b"", False),
            Put(b"\0\xff ", 2**32 - 1, KEPT, Condition(Need.VERSION, 2**64 - 1), b"value", False),
            Put(b"key", 1, OVER, ABSENT, b"value", False),
            Put(b"key", 1, Lifetime(FAR_FUTURE), PRESENT, b"value", False),
            Expire(b"key", KEPT),
            Gat(b"key", Lifetime(1)),
            DeletePrefix(b"", 0, b""),
            DeletePrefix(b"p" * 250, 2**64 - 1, bytes(250)),
            Txn((StepGet(b"k"),)),
            Txn(STEPS),
            Txn(tuple([StepDelete(bytes(250)) for _ in range(128)])),
            Txn((IfValue(b"k", bytes(4 << 20)), StepPut(b"k", 0, FOREVER, bytes(4 << 20)))),
        ):
            self.assertEqual(decode(command.encode(1500)), (1500, command))
        self.assertEqual(decode(Set(b"k", 0, b"v", True).encode(5)), (5, Set(b"k", 0, b"v", False)))

    def test_about(self) -> None:
        """
        Operators are told which keys a command is about, and not of very many.
        """
        self.assertEqual(Set(b"a b\xff", 0, b"value", False).about, "a b\\xff")
        self.assertEqual((DeletePrefix(b"\n", 0).about, DeletePrefix(b"", 7, b"k").about), ("\\n*", "*"))
        self.assertEqual(Txn(STEPS[:2]).about, "if k, put \\x00")
        self.assertEqual(Txn(STEPS).about, "if k, put \\x00, if k, delete k and 4 more")

    def test_clock(self) -> None:
        """
        The clock has nothing but its stamp.
        """
        self.assertEqual(decode(encodeClock(1500)), (1500, None))

    def test_noop(self) -> None:
        """
        No data is the no-op, which tells no time.
        """
        self.assertEqual(decode(b""), (0, None))
        self.assertEqual(stampOf(b""), 0)

    def test_kinds(self) -> None:
        """
        Each command has a number of its own.
        """
        kinds = [kind.KIND for kind in COMMANDS if issubclass(kind, WriteCommand)]
        self.assertEqual(len({CLOCK, *kinds}), 1 + len(kinds))

    def test_since(self) -> None:
        """
        What is of a later version than is known, and what no version knows, is told from what is damaged.
        """
        for command in (Set(b"key", 2, b"value", False), Cas(b"key", 2, 7, b"", False), Delete(b"key")):
            self.assertEqual(decode(command.encode(1500), 3), (1500, command))
        touch = Touch(b"k", 2).encode(1500)
        self.assertEqual(decode(touch, 4), (1500, Touch(b"k", 2)))
        self.assertRaises(UnknownCommand, decode, touch, 3)
        self.assertRaises(UnknownCommand, decode, b"\xff" + touch[1:])

    def test_layout(self) -> None:
        """
        The encodings stay as they are: logs that were written with them must be read.
        """
        self.assertEqual(encodeSet(1, b"k", 2, b"v"), b"\x01" + b"\0" * 7 + b"\x01" + b"\0" * 7 + b"\x02\x01kv")
        self.assertEqual(encodeCas(1, b"k", 0, 3, b"v"), b"\x02" + b"\0" * 7 + b"\x01" + b"\0" * 15 + b"\x03\x01kv")
        self.assertEqual(encodeDelete(1, b"k"), b"\x03" + b"\0" * 7 + b"\x01\x01k")
        self.assertEqual(Touch(b"k", 2).encode(1), b"\x05" + b"\0" * 7 + b"\x01" + b"\0" * 7 + b"\x02\x01k")
        head = b"\0" * 7 + b"\x01" + b"\0" * 7 + b"\x02\x01k"
        valued: list[tuple[int, LoggedCommand]] = [
            (12, Add(b"k", 2, b"v", False)),
            (13, Replace(b"k", 2, b"v", False)),
            (15, Append(b"k", b"v", False, most=2)),
            (16, Prepend(b"k", b"v", False, most=2)),
        ]
        for kind, command in valued:
            self.assertEqual(command.encode(1), bytes([kind]) + head + b"v")
        others: list[tuple[int, LoggedCommand]] = [(14, Cad(b"k", 2)), (17, Incr(b"k", 2)), (18, Decr(b"k", 2))]
        for kind, command in others:
            self.assertEqual(command.encode(1), bytes([kind]) + head)
        removal = DeletePrefix(b"p", 2, b"pa").encode(1)
        self.assertEqual(removal, b"\x16" + b"\0" * 7 + b"\x01" + b"\0" * 7 + b"\x02\x01\x02ppa")
        stamped = b"\0" * 7 + b"\x01"
        txn = Txn((If(b"k", Condition(Need.VERSION, 2)), IfValue(b"k", b"v"), StepDelete(b"k"), StepGet(b"k")))
        compared = b"\x01\x01k\x03" + b"\0" * 7 + b"\x02" + b"\x02\x01k\0\0\0\x01v"
        self.assertEqual(txn.encode(1), b"\x17" + stamped + b"\x04" + compared + b"\x04\x01k\x05\x01k")
        put = b"\x03\x01k\0\0\0\x05" + b"\0" * 7 + b"\x02" + b"\0\0\0\x01v"
        self.assertEqual(Txn((StepPut(b"k", 5, OVER, b"v"),)).encode(1), b"\x17" + stamped + b"\x01" + put)
        self.assertEqual(encodeClock(1), b"\x04" + b"\0" * 7 + b"\x01")

    def test_refusedByEncoders(self) -> None:
        """
        The encoders refuse a key or a stamp that L{decode} would refuse, since it would stop every server.
        """
        for key in (b"", b"k" * 251):
            self.assertRaises(ValueError, encodeSet, 1, key, 0, b"")
            self.assertRaises(ValueError, encodeCas, 1, key, 0, 1, b"")
            self.assertRaises(ValueError, encodeDelete, 1, key)
            self.assertRaises(ValueError, Txn((StepGet(b"k"), StepGet(key))).encode, 1)
        half = (4 << 20) + 1
        for command in (
            DeletePrefix(b"k" * 251, 0),
            DeletePrefix(b"", 0, b"k" * 251),
            Txn(()),
            Txn((StepGet(b"k"),) * 129),
            Txn((StepPut(b"k", 0, FOREVER, bytes(half)), IfValue(b"k", bytes(half)))),
        ):
            self.assertRaises(ValueError, command.encode, 1)
        for stamp in (-1, FAR_FUTURE + 1):
            self.assertRaises(ValueError, encodeSet, stamp, b"k", 0, b"")
            self.assertRaises(ValueError, encodeCas, stamp, b"k", 0, 1, b"")
            self.assertRaises(ValueError, encodeDelete, stamp, b"k")
            self.assertRaises(ValueError, encodeClock, stamp)
            self.assertRaises(ValueError, DeletePrefix(b"k", 0).encode, stamp)
            self.assertRaises(ValueError, Txn((StepGet(b"k"),)).encode, stamp)

    def test_nonsense(self) -> None:
        """
        What is no command is refused: an unknown kind, an empty or long key, a stamp beyond the far future, something
        after the end of a command without a value.
        """
        get = Txn((StepGet(b"k"),)).encode(1)
        compared = Txn((If(b"k", Condition(Need.VERSION, 2)),)).encode(1)
        # With a byte more, the value is too large.
        value = b"v" * (8 << 20)
        large = Txn((StepPut(b"k", 0, FOREVER, value), StepDelete(b"k"))).encode(1)
        large = large.replace(b"\x00\x80\x00\x00v", b"\x00\x80\x00\x01vv")[:-3]
        for data in (
            b"\0",
            b"\x63" + encodeClock(1)[1:],
            b"\x01" + b"\0" * 17,
            encodeSet(1, b"k", 0, b"v" * 300).replace(b"\x01k", b"\xfbk"),
            b"\x04" + b"\xff" * 8,
            b"\x03" + b"\xff" * 8 + b"\x01k",
            encodeClock(1) + b"\0",
            encodeDelete(1, b"k") + b"\0",
            Touch(b"k", 1).encode(1) + b"\0",
            DeletePrefix(b"k", 1, b"").encode(1) + b"\0",
            DeletePrefix(b"k" * 250, 1, b"").encode(1).replace(b"\xfa\0", b"\xfb\0") + b"k",
            DeletePrefix(b"", 1, b"k" * 250).encode(1).replace(b"\0\xfa", b"\0\xfb") + b"k",
            get + b"\0",
            get.replace(b"\x01\x05", b"\x00\x05"),
            get.replace(b"\x01\x05", b"\x02\x05"),
            get.replace(b"\x05", b"\x06"),
            get.replace(b"\x05\x01k", b"\x05\x00"),
            get.replace(b"\x05\x01k", b"\x05\xfb" + b"k" * 251),
            b"\x17\xff" + get[2:],
            b"\x17" + bytes(8) + b"\x81" + b"\x05\x01k" * 129,
            compared.replace(b"k\x03", b"k\x00"),
            compared.replace(b"k\x03", b"k\x01"),
            compared.replace(b"k\x03", b"k\x04"),
            large + b"\x04\x01k",
            b"\x16\xff" + DeletePrefix(b"k", 1, b"").encode(1)[2:],
        ):
            self.assertRaises(ValueError, decode, data)
            self.assertFalse(allSound([data]))

    def test_cutShort(self) -> None:
        """
        A command that lost its end within its key or before it is refused.
        """
        for whole in (
            encodeSet(1, b"key", 2, b""),
            encodeCas(1, b"key", 2, 3, b""),
            encodeDelete(1, b"key"),
            DeletePrefix(b"k", 2, b"key").encode(1),
            Txn(STEPS).encode(1),
        ):
            for end in range(1, len(whole)):
                self.assertRaises(ValueError, decode, whole[:end])
                self.assertFalse(allSound([whole[:end]]))
        for end in range(1, len(encodeClock(1))):
            self.assertRaises(ValueError, decode, encodeClock(1)[:end])
            self.assertRaises(ValueError, stampOf, encodeClock(1)[:end])

    @settings(derandomize=True, deadline=None)
    @given(STAMPS, KEYS, NUMBERS, NUMBERS, st.binary())
    def test_everyCommand(self, stamp: int, key: bytes, exptime: int, version: int, value: bytes) -> None:
        """
        Whatever the encoders accept comes back the same, and its stamp can be told.
        """
        commands: list[LoggedCommand] = [
            Set(key, exptime, value, False),
            Cas(key, exptime, version, value, False),
            Delete(key),
            Touch(key, exptime),
            Add(key, exptime, value, False),
            Replace(key, exptime, value, False),
            Cad(key, version),
            Append(key, value, False, most=version),
            Prepend(key, value, False, most=version),
            Incr(key, version),
            Decr(key, version),
            DeletePrefix(key, version, value[:250]),
            DeletePrefix(value[:250], version, key),
            Txn((If(key, Condition(Need.VERSION, version)), StepPut(key, version & 2**32 - 1, KEPT, value))),
            Txn((IfValue(key, value), StepGet(key), StepDelete(key))),
        ]
        for command in commands:
            data = command.encode(stamp)
            self.assertTrue(allSound([data]))
            self.assertEqual(decode(data), (stamp, command))
            self.assertEqual(stampOf(data), stamp)
        self.assertEqual((decode(encodeClock(stamp)), stampOf(encodeClock(stamp))), ((stamp, None), stamp))

    @settings(derandomize=True, deadline=None)
    @given(
        st.builds(
            lambda kind, stamp, numbers, length, rest: bytes([kind]) + stamp + numbers + bytes([length]) + rest,
            st.integers(0, 6),
            st.sampled_from((bytes(8), b"\x7f" + b"\xff" * 7, b"\x80" + bytes(7))),
            st.sampled_from((b"", bytes(8), bytes(16))),
            st.sampled_from((0, 1, 2, 250, 251)),
            st.sampled_from((0, 1, 2, 3, 249, 250, 251, 252)).map(bytes),
        ),
        st.sampled_from((3, 4)),
    )
    def test_soundness(self, data: bytes, version: int) -> None:
        """
        What is almost a command is taken for sound just where it is decoded, among others that are.
        """
        try:
            decode(data, version)
        except ValueError:
            isSound = False
        else:
            isSound = True
        self.assertEqual(allSound([b"", data, encodeClock(1)], version), isSound)

    @settings(derandomize=True, deadline=None)
    @given(st.binary(max_size=40))
    def test_anyBytes(self, data: bytes) -> None:
        """
        Any bytes are either refused with a C{ValueError} or are a command with a lawful key and stamp.
        """
        try:
            stamp, command = decode(data)
        except ValueError:
            self.assertFalse(allSound([data]))
            return
        self.assertTrue(allSound([data]))
        self.assertTrue(0 <= stamp <= FAR_FUTURE)
        for each in command.steps if isinstance(command, Txn) else (command,):
            if isinstance(each, KeyCommand):
                self.assertTrue(0 < len(each.key) <= 250)
