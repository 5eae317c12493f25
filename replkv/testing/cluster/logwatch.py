"""
What simulated servers log.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer


@implementer(ILogObserver)
class LogWatch:
    """
    Sees all that is logged while it is installed: for the story, and to find errors that nobody has handled.
    """

    def __init__(self, logged: Callable[[str], None], broken: Callable[[str], None]) -> None:
        """
        @param logged: is given each line of replkv's.
        @param broken: is given what was logged with a traceback.
        """
        self._logged = logged
        self._broken = broken

    def install(self) -> None:
        """
        Begin to see.
        """
        globalLogPublisher.addObserver(self)

    def remove(self) -> None:
        """
        See nothing more.
        """
        globalLogPublisher.removeObserver(self)

    def __call__(self, event: LogEvent) -> None:
        """
        See L{ILogObserver}.
        """
        failure = event.get("log_failure")
        if failure is not None:
            self._broken(f"{failure.value!r}: {formatEvent(event)}\n{failure.getTraceback()}")
        elif event["log_level"] is not LogLevel.debug and _isTold(event.get("log_namespace", "")):
            self._logged(formatEvent(event))


def _isTold(namespace: str) -> bool:
    """
    Whether what is logged there is worth telling. Twisted tells of each connection, also by its old way to log.
    """
    return not namespace.startswith(("twisted.", "log_legacy"))
