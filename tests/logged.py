"""
What the project's code logs during a test.
"""

from __future__ import annotations

from typing import cast

from twisted.logger import ILogObserver, LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase


def logged(test: SynchronousTestCase) -> list[str]:
    """
    Collect what is logged from now until the end of C{test}.

    @return: a list that grows: the text of each event, without its time and level.
    """
    lines: list[str] = []

    def note(event: LogEvent) -> None:
        if event.get("log_namespace", "").startswith("replkv."):
            lines.append(formatEvent(event))

    observer = cast(ILogObserver, note)
    globalLogPublisher.addObserver(observer)
    test.addCleanup(globalLogPublisher.removeObserver, observer)
    return lines
