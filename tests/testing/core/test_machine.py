"""
The small state machine.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand
from replkv.commands.delete import Delete
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.raft.entry import Entry
from replkv.testing.core.machine import Machine, encode
from replkv.testing.history import Answer, Told
from tests.raft.network import THREE


class MachineTests(SynchronousTestCase):
    """
    What it answers.
    """

    def setUp(self) -> None:
        """
        Make an empty one.
        """
        self.machine = Machine(THREE)
        self.entries: list[Entry] = []

    def apply(self, command: KeyCommand) -> Answer:
        """
        Have it carry out a command.
        """
        self.entries.append(Entry(len(self.entries) + 1, 1, encode(command)))
        return self.machine.apply(self.entries[-1])

    def test_commands(self) -> None:
        """
        Commands do what the client protocol says; a version is the index of an entry.
        """
        self.assertEqual(self.machine.read(b"k"), Answer(Told.NOT_FOUND))
        self.assertEqual(self.apply(Set(b"k", 0, b"one", False)), Answer(Told.STORED, 1))
        self.assertEqual(self.machine.read(b"k"), Answer(Told.FOUND, 1, b"one", 0))
        self.assertEqual(self.apply(Cas(b"k", 0, 7, b"two", False)), Answer(Told.WRONG_VERSION))
        self.assertEqual(self.apply(Cas(b"k", 0, 1, b"two", False)), Answer(Told.STORED, 3))
        self.assertEqual(self.machine.read(b"k"), Answer(Told.FOUND, 3, b"two", 0))
        self.assertEqual(self.apply(Delete(b"k")), Answer(Told.DELETED))
        self.assertEqual(self.apply(Delete(b"k")), Answer(Told.NOT_FOUND))
        self.assertEqual(self.apply(Cas(b"k", 0, 3, b"three", False)), Answer(Told.NOT_FOUND))
        self.assertEqual(self.machine.appliedIndex, 6)

    def test_noop(self) -> None:
        """
        A leader's no-op changes nothing but the index.
        """
        before = self.machine.digest
        self.machine.apply(Entry(1, 1, b""))
        self.assertEqual((self.machine.appliedIndex, self.machine.digest), (1, before))

    def test_readIsNoEntry(self) -> None:
        """
        A read does not stand in the log.
        """
        self.assertRaises(TypeError, encode, Getm(b"k"))

    def test_digest(self) -> None:
        """
        The digest names the state: the values and their versions, whatever the order in which they came.
        """
        self.apply(Set(b"a", 0, b"1", False))
        self.apply(Set(b"b", 0, b"2", False))
        self.assertEqual(Machine(THREE, self.entries).digest, self.machine.digest)
        self.assertEqual(Machine(THREE, reversed(self.entries)).digest, self.machine.digest)
        self.assertNotEqual(Machine(THREE, self.entries[:1]).digest, self.machine.digest)
        self.assertNotEqual(
            Machine(THREE, [entry._replace(index=9) for entry in self.entries]).digest, self.machine.digest
        )
