"""
Tests for the watch on what simulated servers log.
"""

from __future__ import annotations

from twisted.internet.defer import fail
from twisted.logger import Logger
from twisted.trial.unittest import SynchronousTestCase

from replkv.testing.cluster.logwatch import LogWatch


class LogWatchTests(SynchronousTestCase):
    """
    Tests for L{LogWatch}.
    """

    def setUp(self) -> None:
        """
        Begin to watch.
        """
        self.logged: list[str] = []
        self.broken: list[str] = []
        self.watch = LogWatch(self.logged.append, self.broken.append)
        self.watch.install()
        self.addCleanup(self.watch.remove)

    def test_story(self) -> None:
        """
        What replkv and the application log is told, but nothing of what is for developers, nor what Twisted logs.
        """
        log = Logger("replkv.node.node")
        log.info("term {term}", term=7)
        log.warn("slow")
        log.debug("detail")
        Logger("twisted.internet").info("elsewhere")
        Logger("shop.cart").info("elsewhere")
        self.assertEqual((self.logged, self.broken), (["term 7", "slow", "elsewhere"], []))

    def test_broken(self) -> None:
        """
        What is logged with a traceback is an error that nobody has handled, whoever logs it.
        """
        for namespace in ("replkv.node.node", "twisted.internet"):
            try:
                raise ZeroDivisionError
            except ZeroDivisionError:
                Logger(namespace).failure("it broke")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.assertEqual(len(self.broken), 2)
        self.assertTrue(self.broken[0].startswith("ZeroDivisionError(): it broke\n"))
        self.assertIn("ZeroDivisionError", self.broken[0])
        self.assertEqual(self.logged, [])

    def test_unhandled(self) -> None:
        """
        So is the error of a deferred that nobody wants.
        """
        fail(ZeroDivisionError("unwanted"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.assertEqual(len(self.broken), 1)

    def test_removed(self) -> None:
        """
        When it is removed, it sees nothing more.
        """
        self.watch.remove()
        Logger("replkv.node.node").info("unseen")
        self.assertEqual(self.logged, [])
