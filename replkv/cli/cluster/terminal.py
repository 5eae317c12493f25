"""
The end of the terminal that a cluster is in the foreground of.

The system sends SIGHUP to the process that leads the terminal's session, and to the foreground once that has ended. A
shell ends, but make waits for what it has started, and passes nothing on.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall


class TerminalWatch:
    """
    Looks at a terminal, and tells when it is gone while this process is in its foreground: whoever has put a process
    into the background, or into a session of its own, wants it to stay.
    """

    INTERVAL: Final = 0.2

    def __init__(self, clock: IReactorTime, descriptor: int, gone: Callable[[], None]) -> None:
        """
        @param clock: what to count by.
        @param descriptor: the terminal.
        @param gone: is called once, when it is gone.
        """
        self._descriptor = descriptor
        self._gone = gone
        self._foreground = False
        self._looks = LoopingCall(self._look)
        self._looks.clock = clock

    def start(self) -> None:
        """
        Look at once, and from then on for as long as the terminal is there.
        """
        self._looks.start(self.INTERVAL)

    def _look(self) -> None:
        try:
            self._foreground = os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError as error:
            # Any other error says that it is not the terminal of this session.
            if error.errno != errno.EIO:
                return
            self._looks.stop()
            if self._foreground:
                self._gone()


def standardTerminal() -> int | None:
    """
    The first of the standard descriptors that is a terminal.
    """
    return next((number for number in range(3) if os.isatty(number)), None)
