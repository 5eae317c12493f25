"""
Tests for L{Flusher}.
"""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.results import Removed, Unavailable
from replkv.frontends.memcached.flusher import Flusher
from replkv.users.user import Login
from tests.frontends.text.session import MemoryBackend
from tests.logged import logged


class FlusherTests(SynchronousTestCase):
    """
    Tests for it.
    """

    def setUp(self) -> None:
        """
        Make one.
        """
        self.lines = logged(self)
        self.backend = MemoryBackend()
        self.backend.holding = True
        self.clock = Clock()
        self.flusher = Flusher(self.backend, self.clock)

    def test_steps(self) -> None:
        """
        When it is time, all is removed, in as many steps as that takes, in the name of who has asked.
        """
        self.flusher.begin(5, Login(b"alice", 3))
        self.clock.advance(4)
        self.assertEqual(self.backend.seen, [])
        self.clock.advance(1)
        for after in (b"k", b"m"):
            request = self.backend.held.popleft()
            self.assertEqual((request.login, request.mayForward), (Login(b"alice", 3), True))
            request.answer(Removed(5, 9, after))
            self.clock.advance(0)
        self.backend.held.popleft().answer(Removed(5))
        self.clock.advance(0)
        below = [DeletePrefix(b"", 0), DeletePrefix(b"", 9, b"k"), DeletePrefix(b"", 9, b"m")]
        self.assertEqual((self.backend.seen, self.lines, self.clock.getDelayedCalls()), (below, [], []))

    def test_fails(self) -> None:
        """
        If it cannot be done, the log says so.
        """
        self.flusher.begin(5, None)
        self.clock.advance(5)
        self.backend.held.popleft().answer(Unavailable())
        self.assertEqual(len(self.lines), 1)
        self.assertIn("not all keys were removed", self.lines[0])

    def test_cancel(self) -> None:
        """
        It can be forgotten, before and after.
        """
        self.flusher.begin(5, None)
        self.flusher.cancel()
        self.flusher.cancel()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.flusher.begin(5, None)
        self.clock.advance(5)
        self.flusher.cancel()
        self.assertEqual(len(self.backend.held), 1)
