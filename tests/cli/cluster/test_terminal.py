"""
Tests for L{replkv.cli.cluster.terminal}.
"""

from __future__ import annotations

import errno
import os
import pty

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.cluster.terminal import TerminalWatch, standardTerminal


class TerminalWatchTests(SynchronousTestCase):
    """
    Tests for watching the terminal on descriptor 7, as a process of group 40.
    """

    def setUp(self) -> None:
        """
        Be in the foreground.
        """
        self.group: int | OSError = 40
        self.patch(os, "getpgrp", lambda: 40)
        self.patch(os, "tcgetpgrp", self.foreground)
        self.clock = Clock()
        self.told: list[float] = []
        TerminalWatch(self.clock, 7, lambda: self.told.append(self.clock.seconds())).start()

    def foreground(self, descriptor: int) -> int:
        """
        Stands in for L{os.tcgetpgrp}.
        """
        self.assertEqual(descriptor, 7)
        if isinstance(self.group, OSError):
            raise self.group
        return self.group

    def test_gone(self) -> None:
        """
        When it is gone, that is told once, and it is not looked at any more.
        """
        self.clock.pump([0.2] * 5)
        self.assertEqual(self.told, [])
        self.group = OSError(errno.EIO, "")
        self.clock.advance(0.2)
        self.assertEqual(len(self.told), 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_background(self) -> None:
        """
        A process that was put into the background is not concerned.
        """
        self.group = 41
        self.clock.advance(0.2)
        self.group = OSError(errno.EIO, "")
        self.clock.pump([0.2] * 5)
        self.assertEqual(self.told, [])

    def test_foregroundAgain(self) -> None:
        """
        It is concerned again from when it is back in the foreground.
        """
        for self.group in (41, 40, OSError(errno.EIO, "")):
            self.clock.advance(0.2)
        self.assertEqual(len(self.told), 1)

    def test_otherSession(self) -> None:
        """
        A terminal that cannot be asked is not gone.
        """
        self.group = OSError(errno.ENOTTY, "")
        self.clock.pump([0.2] * 5)
        self.assertEqual(self.told, [])
        self.group = OSError(errno.EIO, "")
        self.clock.advance(0.2)
        self.assertEqual(len(self.told), 1)


class StandardTerminalTests(SynchronousTestCase):
    """
    Tests for L{standardTerminal}.
    """

    def test_first(self) -> None:
        """
        The first that is a terminal is taken, if one is.
        """
        for terminals, first in (([], None), ([0, 1, 2], 0), ([2], 2)):
            self.patch(os, "isatty", lambda number, terminals=terminals: number in terminals)
            self.assertEqual(standardTerminal(), first)

    def test_hungUp(self) -> None:
        """
        What the watch goes by: a terminal that has hung up can only be asked in vain.
        """
        terminal, side = pty.openpty()
        os.close(terminal)
        self.addCleanup(os.close, side)
        self.assertEqual(self.assertRaises(OSError, os.tcgetpgrp, side).errno, errno.EIO)
