"""
Tests for L{replkv.node.statenotes}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.set import Set
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.node.statenotes import StateNotes
from replkv.raft.entry import Entry


class StateNotesTests(SynchronousTestCase):
    """
    Tests for L{StateNotes}.
    """

    def setUp(self) -> None:
        """
        Have a machine that has applied nothing.
        """
        self.machine = StateMachine(MemoryEngine())
        self.notes = StateNotes(self.machine)
        self.entries = [Entry(index, 1, Set(b"k%d" % index, 0, b"", False).encode(0)) for index in range(1, 7)]

    def apply(self) -> list[int]:
        """
        Apply all that is not applied yet.

        @return: after which entries it was looked whether to note something.
        """
        stops = []
        while todo := self.entries[self.machine.appliedIndex :]:
            self.machine.apply(self.notes.cut(todo))
            self.notes.note()
            stops.append(self.machine.appliedIndex)
        return stops

    def test_noted(self) -> None:
        """
        Nothing is applied beyond an entry before the hash there is noted, for each who wants it.
        """
        asked = [self.notes.ask(0, 3), self.notes.ask(1, 5), self.notes.ask(2, 3)]
        self.assertEqual(self.apply(), [3, 5, 6])
        hashes = [self.successResultOf(answer) for answer in asked]
        other = StateMachine(MemoryEngine())
        other.apply(self.entries[:3])
        self.assertEqual(hashes[0], other.hash)
        self.assertEqual(hashes[2], other.hash)
        other.apply(self.entries[3:5])
        self.assertEqual(hashes[1], other.hash)
        self.assertEqual(self.notes.noted(1), (5, other.hash))

    def test_atOnce(self) -> None:
        """
        What is applied, and no more than that, is told at once.
        """
        self.apply()
        self.assertEqual(self.successResultOf(self.notes.ask(0, 6)), self.machine.hash)

    def test_tooLate(self) -> None:
        """
        What is past is not told.
        """
        self.apply()
        self.assertIsNone(self.successResultOf(self.notes.ask(0, 5)))
        self.assertIsNone(self.notes.noted(0))

    def test_oneForEach(self) -> None:
        """
        Whoever asks anew has nothing of what it asked for before, neither what was noted nor what was to be.
        """
        first = self.notes.ask(0, 3)
        second = self.notes.ask(0, 4)
        self.assertIsNone(self.successResultOf(first))
        self.assertEqual(self.apply(), [4, 6])
        self.assertIsNotNone(self.successResultOf(second))
        self.notes.ask(0, 9)
        self.assertIsNone(self.notes.noted(0))

    def test_forgotten(self) -> None:
        """
        Where the machine goes on from elsewhere, nothing that was asked for counts.
        """
        self.apply()
        self.notes.ask(0, 6)
        asked = self.notes.ask(1, 9)
        self.notes.forget()
        self.assertIsNone(self.successResultOf(asked))
        self.assertIsNone(self.notes.noted(0))
