"""
Tests for values of just the wrong length.
"""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.cas import Cas
from replkv.commands.command import StoreCommand
from replkv.commands.set import Set
from replkv.peers.argument import PART_BYTES
from replkv.testing.cluster.edges import atEdge, encodedSize


class AtEdgeTests(SynchronousTestCase):
    """
    Tests for L{atEdge}.
    """

    def sizes(self, command: StoreCommand) -> set[int]:
        """
        The sizes of what is made of C{command} with many seeds.
        """
        return {encodedSize(atEdge(command, Random(seed))) for seed in range(300)}

    def test_parts(self) -> None:
        """
        Batches come out in which the last part is full, lacks one byte, or is followed by one of a single byte,
        whatever command and key they have.
        """
        expected = {count * PART_BYTES + more for count in (1, 2) for more in (-1, 0, 1)}
        for command in (Set(b"k", 0, b"v", False), Cas(b"longer", 9, 7, b"v", True)):
            self.assertLessEqual(expected, self.sizes(command))

    def test_valueStays(self) -> None:
        """
        The value is made longer, and nothing else is changed, nor is what is too long already.
        """
        command = Set(b"k", 5, b"v" * (3 * PART_BYTES), True)
        self.assertEqual(atEdge(command, Random(1)), command)
        longer = atEdge(Set(b"k", 5, b"v", True), Random(1))
        self.assertEqual(longer, Set(b"k", 5, b"v".ljust(len(longer.value), b"."), True))
