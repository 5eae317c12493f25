"""
Tests for commands that wait for their answers.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.get import Get
from replkv.commands.lifetime import FOREVER
from replkv.commands.results import Found, Stored, Unavailable
from replkv.commands.set import Set
from replkv.commands.steps import IfValue, StepGet, StepPut
from replkv.commands.txn import Txn
from replkv.frontends.request import Request
from tests.frontends.asked import Asked

WRITE, READ = Set(b"k", 0, b"value", True), Get(b"k")


class RequestTests(SynchronousTestCase):
    """
    Tests for L{Request}.
    """

    def test_ownerIsTold(self) -> None:
        """
        Whoever asked is told the answer, of a command that wants no reply too, and which one it is.
        """
        asked = Asked(WRITE)
        request = Request(WRITE, asked.session, asked)
        self.assertIsNone(asked.result)
        self.assertFalse(request.isAnswered)
        request.answer(Stored(7))
        self.assertEqual(asked.result, Stored(7))
        self.assertTrue(request.isAnswered)

    def test_answeredTwice(self) -> None:
        """
        A second answer is a mistake of the program.
        """
        request = Asked(READ)
        request.answer(Found(7, 0, b"value"))
        self.assertRaises(AssertionError, request.answer, Unavailable())
        self.assertEqual(request.result, Found(7, 0, b"value"))

    def test_size(self) -> None:
        """
        A request counts for the value that it holds.
        """
        self.assertEqual(Asked(WRITE).size, 5)
        self.assertEqual(Asked(READ).size, 0)
        steps = (IfValue(b"k", b"ab"), StepPut(b"k", 0, FOREVER, b"c"), StepGet(b"k"), StepPut(b"l", 0, FOREVER, b""))
        self.assertEqual(Asked(Txn(steps)).size, 3)
