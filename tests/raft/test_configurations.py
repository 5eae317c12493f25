"""
Tests for L{replkv.raft.configurations}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.configuration import Configuration
from replkv.raft.configurations import Configurations


def voters(*ids: int) -> Configuration:
    """
    The configuration of these voters.
    """
    return Configuration.ofVoters(ids)


class ConfigurationsTests(SynchronousTestCase):
    """
    Which configuration is in force.
    """

    def setUp(self) -> None:
        """
        After entry 4 there is one, and the entries 6 and 9 have others.
        """
        self.known = Configurations(voters(0), 4, [(6, voters(0, 1)), (9, voters(0, 1, 2))])

    def assertLatest(self, index: int, configuration: Configuration) -> None:
        """
        This one is in force.
        """
        self.assertEqual((self.known.latestIndex, self.known.latest), (index, configuration))

    def test_beginning(self) -> None:
        """
        Where no entry has one, it is the one with which the cluster begins.
        """
        self.known = Configurations(voters(0, 1, 2))
        self.assertLatest(0, voters(0, 1, 2))

    def test_append(self) -> None:
        """
        The last one is in force.
        """
        self.assertLatest(9, voters(0, 1, 2))
        self.known.append(10, voters(0, 2))
        self.assertLatest(10, voters(0, 2))

    def test_at(self) -> None:
        """
        The one that was in force after an entry is known, and where it stands; before the first that is known, that is
        the best there is.
        """
        for index, found in ((3, 4), (4, 4), (5, 4), (6, 6), (8, 6), (9, 9), (99, 9)):
            self.assertEqual(self.known.at(index)[0], found)
        self.assertEqual(self.known.at(7), (6, voters(0, 1)))

    def test_truncate(self) -> None:
        """
        The one before is in force again when an entry is cut off, and not when others are.
        """
        self.known.truncate(10)
        self.assertLatest(9, voters(0, 1, 2))
        self.known.truncate(9)
        self.assertLatest(6, voters(0, 1))
        self.known.truncate(5)
        self.assertLatest(4, voters(0))

    def test_compact(self) -> None:
        """
        What is compacted is in force all the same, and is what remains when the rest is cut off.
        """
        self.known.compact(8)
        self.assertLatest(9, voters(0, 1, 2))
        self.known.truncate(9)
        self.assertLatest(6, voters(0, 1))
        self.known.compact(20)
        self.assertLatest(6, voters(0, 1))

    def test_restart(self) -> None:
        """
        A snapshot's takes the place of all.
        """
        self.known.restart(voters(3), 12)
        self.assertLatest(12, voters(3))
