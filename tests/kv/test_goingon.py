"""
Tests for a machine that goes on from what another one has left.
"""

from __future__ import annotations

import struct

from replkv.commands.logged import encodeClock
from replkv.commands.results import Deleted
from replkv.kv.engine import EngineError
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine, read
from replkv.kv.record import Record
from replkv.kv.state import MachineState, UnknownStore
from replkv.raft.entry import Entry
from tests.commands.logged import encodeDelete, encodeSet
from tests.kv.machinecase import MachineCase


class RestartTests(MachineCase):
    """
    Tests for a machine that goes on from an engine.
    """

    def test_goesOn(self) -> None:
        """
        A machine that is made on what another one flushed has all of its state, and the rest can be replayed.
        """
        self.apply(encodeSet(1000, b"a", 5, b"one"), encodeSet(2000, b"b", 0, b"two"))
        self.kv.flush()
        self.apply(encodeDelete(9000, b"b"))
        self.kv = StateMachine(self.engine.crash())
        self.assertEqual((self.kv.appliedIndex, self.kv.clock, self.kv.keys), (2, 2000, 2))
        self.assertEqual((self.kv.nextDeadline, self.kv.read(b"b")), (6000, Record(2, 0, b"two")))
        self.assertEqual(self.apply(encodeDelete(9000, b"b")), [Deleted()])
        self.assertEqual((self.kv.appliedIndex, self.kv.keys), (3, 0))

    def test_layout(self) -> None:
        """
        The records and the machine's own state stay as they are: stores that have them so must be read.
        """
        self.apply(b"", encodeSet(1000, b"key", 2, b"value"))
        recordHash = 0xB44F401989BF74FB
        self.assertEqual(self.engine.get(b"kkey"), struct.pack(">QQQ", 2, 3000, recordHash) + b"value")
        self.assertEqual(self.engine.get(b"m"), struct.pack(">IQQQQQ", 2, 2, 1, 1000, 1, recordHash))

    def test_gap(self) -> None:
        """
        Entries that are not the next ones, at the start of a call or within it, are refused and change nothing.
        """
        self.apply(encodeSet(1, b"a", 0, b""))
        for indexes in ((1,), (3,), (2, 4), (2, 2)):
            entries = [Entry(index, 1, encodeDelete(1, b"a")) for index in indexes]
            self.assertRaises(ValueError, self.kv.apply, entries)
        self.assertEqual((self.kv.appliedIndex, self.kv.read(b"a")), (1, Record(1, 0, b"")))

    def test_noCommand(self) -> None:
        """
        An entry that is no command is refused, and those before it in the call are not applied either.
        """
        self.assertRaises(ValueError, self.apply, encodeSet(1, b"a", 0, b""), b"nonsense")
        self.assertEqual((self.kv.appliedIndex, self.kv.keys, self.kv.read(b"a")), (0, 0, None))

    def test_strangeStore(self) -> None:
        """
        A store that no state machine has left is refused: keys without its state, or a state of another length or of a
        format that there never was. So is one that is to be converted first.
        """
        for state in (None, b"", b"\0\0\0", b"\0" * 23, b"\0" * 44, struct.pack(">I", 2) + b"\0" * 39):
            values = {b"ka": b"\0" * 24} if state is None else {b"m": state}
            self.assertRaises(EngineError, StateMachine, MemoryEngine(values))
        error = self.assertRaises(EngineError, StateMachine, MemoryEngine({b"m": b"\0" * 24}))
        self.assertEqual(str(error), "the store is of the first format, and was not converted")
        error = self.assertRaises(EngineError, StateMachine, MemoryEngine({b"m": MachineState().encode() + b"ka"}))
        self.assertEqual(str(error), "the store is in the middle of a conversion")

    def test_newerStore(self) -> None:
        """
        A store of a later format is refused, however long its state is, in words that say what to do.
        """
        for length in (0, 19, 21, 40, 99):
            error = self.assertRaises(UnknownStore, StateMachine, MemoryEngine({b"m": b"\0\0\0\3" + bytes(length)}))
            self.assertEqual(
                str(error),
                "the store has format 3, and this version of replkv knows none after 2: it was made by a newer replkv; "
                "start that version. Nothing in it was changed",
            )

    def test_shortRecord(self) -> None:
        """
        A record that is too short to be one is an error, when it is read and when it is written over.
        """
        self.engine.write({b"ka": b"\0" * 23})
        self.assertRaises(EngineError, self.kv.read, b"a")
        self.assertRaises(EngineError, self.apply, encodeSet(1, b"a", 0, b""))


class CheckpointTests(MachineCase):
    """
    Tests for copies of a machine's store, and for a machine that goes on from one.
    """

    def setUp(self) -> None:
        """
        Make a machine that has a disk, and another one.
        """
        super().setUp()
        self.files: dict[str, bytes] = {}
        self.kv = StateMachine(MemoryEngine(save=self.files.__setitem__))
        self.apply(encodeSet(1000, b"a", 5, b"one"), encodeSet(2000, b"b", 0, b"two"))

    def checkpoint(self) -> MemoryEngine:
        """
        Make a copy, and open it.
        """
        self.kv.checkpoint("/copy")
        return MemoryEngine(read(self.files["/copy/values"]))

    def test_saysItself(self) -> None:
        """
        A copy says itself what it is a copy of; a machine that is made on it goes on from there.
        """
        copied, before = StateMachine(self.checkpoint()), self.kv.hash
        self.apply(encodeDelete(2000, b"a"))
        self.assertEqual((copied.appliedIndex, copied.appliedTerm, copied.clock), (2, 1, 2000))
        self.assertEqual((copied.keys, copied.hash, copied.nextDeadline), (2, before, 6000))
        copied.apply([Entry(3, 1, encodeDelete(2000, b"a"))])
        self.assertEqual(copied.hash, self.kv.hash)

    def test_install(self) -> None:
        """
        A machine that gets the state of another one goes on from that, and has nothing left of its own: neither keys
        nor deadlines. What it had is the caller's to close.
        """
        machine = StateMachine(self.engine)
        machine.apply([Entry(index, 1, encodeSet(9, b"%d" % index, 1, b"own")) for index in range(1, 6)])
        copy = self.checkpoint()
        self.assertIs(machine.install(copy), self.engine)
        self.assertEqual((machine.appliedIndex, machine.appliedTerm, machine.clock), (2, 1, 2000))
        self.assertEqual((machine.keys, machine.hash, machine.nextDeadline), (2, self.kv.hash, 6000))
        self.assertEqual((machine.read(b"a"), machine.read(b"1")), (Record(1, 6000, b"one"), None))
        more = [Entry(3, 2, encodeClock(6000)), Entry(4, 2, encodeSet(6000, b"c", 0, b"three"))]
        self.assertEqual(machine.apply(more), self.kv.apply(more))
        self.assertEqual((machine.keys, machine.hash), (2, self.kv.hash))
        self.assertEqual(copy.get(b"m"), self.kv.engine.get(b"m"))

    def test_notInstalled(self) -> None:
        """
        Where there is nothing to go on from, the machine is as it was.
        """
        before = self.kv.hash
        self.assertRaises(EngineError, self.kv.install, MemoryEngine({b"m": b""}))
        self.assertEqual((self.kv.appliedIndex, self.kv.hash), (2, before))
        self.apply(encodeDelete(2000, b"a"))
        self.assertIsNone(self.kv.read(b"a"))
