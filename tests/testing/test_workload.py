"""
Tests for what simulated clients ask.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand
from replkv.commands.getm import Getm
from replkv.testing.history import Answer, Told
from replkv.testing.workload import race


class RaceTests(SynchronousTestCase):
    """
    Tests for L{race}.
    """

    def setUp(self) -> None:
        """
        No value was made.
        """
        self.made = 0

    def value(self) -> bytes:
        """
        Make a value.
        """
        self.made += 1
        return b"new"

    def asked(self, answer: Answer) -> Sequence[KeyCommand]:
        """
        What is asked after an answer.
        """
        return race(b"k", answer, self.value)

    def test_found(self) -> None:
        """
        What was found with its version is written over, if it still has that.
        """
        self.assertEqual(self.asked(Answer(Told.FOUND, 7, b"old", 0)), [Cas(b"k", 0, 7, b"new", False)])

    def test_late(self) -> None:
        """
        Who came too late reads again.
        """
        self.assertEqual(self.asked(Answer(Told.WRONG_VERSION)), [Getm(b"k")])
        self.assertEqual(self.made, 0)

    def test_nothing(self) -> None:
        """
        After all else there is nothing to race for; a C{get} tells no version.
        """
        for answer in (Answer(Told.FOUND, None, b"old"), Answer(Told.STORED, 8), Answer(Told.NOT_FOUND)):
            self.assertEqual(self.asked(answer), [])
        self.assertEqual(self.made, 0)
