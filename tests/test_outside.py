"""
Tests for what comes from outside into the log.
"""

from __future__ import annotations

from typing import cast

from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.trial.unittest import SynchronousTestCase

from replkv.outside import INTERVAL_SECONDS, LONGEST, OutsideLog


class OutsideLogTests(SynchronousTestCase):
    """
    Tests for L{OutsideLog}.
    """

    def setUp(self) -> None:
        """
        Nothing was logged.
        """
        self.clock = Clock()
        self.lines: list[str] = []
        self.log = OutsideLog(self.clock, Logger(observer=cast(ILogObserver, self.observe)))

    def observe(self, event: LogEvent) -> None:
        """
        Take note of a line.
        """
        self.lines.append(cast(str, event["line"]))

    def taken(self) -> list[str]:
        """
        What was logged since this was asked before.
        """
        lines, self.lines = self.lines, []
        return lines

    def test_often(self) -> None:
        """
        One line of a kind is logged in some seconds; how many more there were is told then, with the last one.
        """
        for number in range(1000):
            self.log.say("noise", f"noise {number}")
        self.log.say("other", "something else")
        self.assertEqual(self.taken(), ["noise 0", "something else"])
        self.clock.advance(INTERVAL_SECONDS)
        self.assertEqual(self.taken(), ["999 more of such lines in 10 s; the last: noise 999"])
        self.log.say("noise", "noise 1000")
        self.assertEqual(self.taken(), [])
        self.clock.advance(INTERVAL_SECONDS)
        self.assertEqual(self.taken(), ["1 more of such lines in 10 s; the last: noise 1000"])

    def test_seldom(self) -> None:
        """
        What comes seldom is logged as it comes.
        """
        for number in range(3):
            self.log.say("noise", f"noise {number}")
            self.clock.advance(INTERVAL_SECONDS)
        self.assertEqual(self.taken(), ["noise 0", "noise 1", "noise 2"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_harmless(self) -> None:
        """
        A line stays one line, does nothing to a terminal, and is short.
        """
        self.log.say("noise", "a\r\n2026-11-26 [-] all is well\x1b[2J\u202e" + 10_000 * "x")
        (line,) = self.taken()
        self.assertTrue(line.startswith(r"a\r\n2026-11-26 [-] all is well\x1b[2J\u202exxx"), line)
        self.assertEqual((len(line), line.isprintable()), (LONGEST, True))
        self.log.say("noise", 10_000 * "\n")
        self.clock.advance(INTERVAL_SECONDS)
        self.assertLess(len(self.taken()[0]), LONGEST + 100)
