"""
Tests for L{replkv.raft.configuration}.
"""

from __future__ import annotations

from itertools import combinations

from twisted.trial.unittest import SynchronousTestCase

from replkv.raft.configuration import Configuration


class ConfigurationTests(SynchronousTestCase):
    """
    L{Configuration}.
    """

    def test_value(self) -> None:
        """
        It is a value.
        """
        self.assertEqual(
            {Configuration.ofVoters((0, 1, 2)), Configuration.ofVoters((0, 1, 2))}, {Configuration.ofVoters((0, 1, 2))}
        )

    def test_peersOf(self) -> None:
        """
        A server's peers are all others.
        """
        self.assertEqual(Configuration.ofVoters((2, 5, 7)).peersOf(5), (2, 7))
        self.assertEqual(Configuration.ofVoters((3,)).peersOf(3), ())

    def test_isQuorum(self) -> None:
        """
        More than half of the members can decide, whoever they are, and no fewer.
        """
        for count in range(1, 6):
            members = tuple(range(10, 10 + count))
            for size in range(count + 1):
                for servers in combinations(members, size):
                    self.assertEqual(Configuration.ofVoters(members).isQuorum(set(servers)), 2 * size > count)

    def test_stranger(self) -> None:
        """
        Who is no member does not count.
        """
        self.assertFalse(Configuration.ofVoters((0, 1, 2)).isQuorum({0, 8, 9}))
        self.assertEqual(Configuration.ofVoters((0, 1, 2)).agreed({0: 1, 1: 2, 2: 3, 8: 9, 9: 9}), 2)

    def test_agreed(self) -> None:
        """
        What the member in the middle has reached; of an even number, the one below the middle.
        """
        for values, expected in (((4,), 4), ((4, 9), 4), ((9, 1, 4), 4), ((9, 1, 4, 5), 4), ((9, 1, 4, 5, 7), 5)):
            self.assertEqual(Configuration.ofVoters(range(len(values))).agreed(dict(enumerate(values))), expected)
