"""
Tests for how often clients were in each other's way.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.cas import Cas
from replkv.testing.contention import races
from replkv.testing.history import Answer, History, Told

STORED = Answer(Told.STORED, 8)
REFUSED = Answer(Told.WRONG_VERSION)


class RacesTests(SynchronousTestCase):
    """
    Tests for L{races}.
    """

    def setUp(self) -> None:
        """
        Nobody has asked anything.
        """
        self.history = History()

    def cas(self, invoked: float, ended: float | None, answer: Answer = STORED, **fields: int) -> None:
        """
        A C{cas} of version 7 is asked by another connection each time, and answered.
        """
        connection = fields.get("connection", len(self.history.operations))
        command = Cas(b"k%d" % fields.get("key", 0), 0, fields.get("version", 7), b"value", False)
        operation = self.history.invoke(command, invoked, connection)
        if ended is not None:
            self.history.answered(operation, answer, ended)

    def test_race(self) -> None:
        """
        Two want the same, at the same time, and one gets it.
        """
        self.cas(1.0, 3.0)
        self.cas(2.0, 4.0, REFUSED)
        self.assertEqual(races(self.history), 1)

    def test_unknown(self) -> None:
        """
        A rival may be one of which nothing more is known.
        """
        self.cas(1.0, None)
        self.cas(2.0, 4.0)
        self.assertEqual(races(self.history), 1)

    def test_none(self) -> None:
        """
        One after the other, other keys, other versions, and the same connection are no race; nor are two that fail.
        """
        self.cas(1.0, 2.0)
        self.cas(3.0, 4.0, REFUSED)
        self.cas(1.0, 2.0, REFUSED, key=1)
        self.cas(1.0, 2.0, REFUSED, version=6)
        self.cas(1.0, 2.0, REFUSED, connection=0)
        self.cas(5.0, 7.0, REFUSED)
        self.cas(6.0, 8.0, REFUSED)
        self.assertEqual(races(self.history), 0)
