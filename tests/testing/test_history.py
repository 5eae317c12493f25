"""
Tests for the record of what clients asked.
"""

from __future__ import annotations

from math import inf

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.get import Get
from replkv.testing.history import Answer, History, Operation, Status, Told

COMMAND = Get(b"k")
ANSWER = Answer(Told.NOT_FOUND)


class HistoryTests(SynchronousTestCase):
    """
    Tests for L{History}.
    """

    def test_answered(self) -> None:
        """
        An operation is unknown until it is answered.
        """
        history = History()
        operation = history.invoke(COMMAND, 1.0, 5)
        self.assertEqual((operation.number, operation.connection, operation.invoked), (0, 5, 1.0))
        self.assertEqual((operation.status, operation.ended, operation.answer), (Status.UNKNOWN, inf, None))
        history.answered(operation, ANSWER, 2.0)
        self.assertEqual((operation.status, operation.ended, operation.answer), (Status.OK, 2.0, ANSWER))
        self.assertEqual(history.events, [("invoke", 1.0, operation), ("ok", 2.0, operation)])

    def test_failed(self) -> None:
        """
        An operation that failed has ended.
        """
        history = History()
        operation = history.invoke(COMMAND, 1.0)
        history.failed(operation, 2.0)
        self.assertEqual((operation.status, operation.ended, operation.answer), (Status.FAILED, 2.0, None))
        self.assertEqual(history.events[1], ("fail", 2.0, operation))

    def test_lost(self) -> None:
        """
        An operation that is given up has not ended, but is not waited for any more.
        """
        history = History()
        operation, other = history.invoke(COMMAND, 1.0), history.invoke(COMMAND, 1.0)
        history.lost(operation, 2.0)
        self.assertEqual((operation.status, operation.ended), (Status.UNKNOWN, inf))
        self.assertEqual(history.events[2], ("info", 2.0, operation))
        self.assertEqual(list(history.open()), [other])

    def test_processes(self) -> None:
        """
        A process asks again when it has been answered, and never again when it has not.
        """
        history = History()
        first, second = history.invoke(COMMAND, 1.0), history.invoke(COMMAND, 1.0)
        self.assertEqual((first.process, second.process), (0, 1))
        history.lost(first, 2.0)
        history.answered(second, ANSWER, 2.0)
        self.assertEqual([history.invoke(COMMAND, 3.0).process for _ in range(2)], [1, 2])

    def test_began(self) -> None:
        """
        An operation may come from another record, with a number and a process of its own.
        """
        history = History()
        operation = Operation(7, 3, None, COMMAND, 1.0)
        history.began(operation)
        self.assertEqual(history.operations, [operation])
        self.assertEqual(history.events, [("invoke", 1.0, operation)])
        self.assertEqual(history.invoke(COMMAND, 2.0).process, 4)
        history.answered(operation, ANSWER, 3.0)
        history.began(Operation(8, 3, None, COMMAND, 4.0))
        self.assertEqual(history.invoke(COMMAND, 5.0).process, 5)
