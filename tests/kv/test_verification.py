"""
Whether a store holds what it says.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.delete import Delete
from replkv.commands.set import Set
from replkv.kv.engine import EngineError
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.kv.record import RottenRecord
from replkv.kv.state import MachineState, UnknownStore
from replkv.kv.verification import verify
from replkv.raft.entry import Entry


class VerificationTests(SynchronousTestCase):
    """
    A store with six hundred records, of which every third one expires.
    """

    def setUp(self) -> None:
        """
        Fill it.
        """
        self.engine = MemoryEngine()
        self.machine = StateMachine(self.engine)
        commands = [Set(b"%d" % number, 60 if number % 3 == 0 else 0, b"value", False) for number in range(700)]
        entries = [Entry(index, 1, command.encode(1000)) for index, command in enumerate(commands, 1)]
        self.machine.apply(entries)
        deletes = [Delete(b"%d" % number) for number in range(100)]
        self.machine.apply([Entry(index, 2, command.encode(1000)) for index, command in enumerate(deletes, 701)])

    def damaged(self, name: bytes, value: bytes | None) -> None:
        """
        Something in it is otherwise.
        """
        before = self.engine.get(name)
        self.engine.write({name: value})
        self.assertRaises(EngineError, verify, self.engine)
        self.engine.write({name: before})
        verify(self.engine)

    def test_sound(self) -> None:
        """
        A store that is as it was written tells what it is.
        """
        machine = self.machine
        expected = MachineState(800, 2, 1000, 600, machine.hash)
        self.assertEqual(verify(self.engine), expected)
        self.assertEqual(verify(MemoryEngine()), MachineState())

    def test_damaged(self) -> None:
        """
        A record that is missing, of another key, older, or there without having been written is found, and so is what
        the index of the expiring keys lacks, or has too much.
        """
        [(name, stored)] = self.engine.scan(b"k500", b"k501", 1)
        [(other, _)] = self.engine.scan(b"k501", b"k502", 1)
        [(entry, _)] = self.engine.scan(b"x", b"y", 1)
        self.damaged(name, None)
        self.damaged(other, stored)
        self.damaged(b"knew", self.engine.get(b"k502"))
        self.damaged(entry, None)
        self.damaged(entry, bytes(8))
        self.damaged(entry + b"0", bytes(8))

    def test_rotten(self) -> None:
        """
        A record that has rotted is named.
        """
        stored = self.engine.get(b"k500")
        assert stored is not None
        self.engine.write({b"k500": stored[:-1] + b"?"})
        error = self.assertRaises(RottenRecord, verify, self.engine)
        self.assertIn("the key 500", str(error))

    def test_newer(self) -> None:
        """
        A store of a later format is refused.
        """
        self.engine.write({b"m": (99).to_bytes(4, "big") + bytes(50)})
        self.assertRaises(UnknownStore, verify, self.engine)
