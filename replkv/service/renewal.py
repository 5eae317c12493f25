"""
Certificates that come to their end, and others that take their places.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from replkv.config import ConfigError
from replkv.service.certificates import Certificates, Protection
from replkv.tlsfiles import WARNING_DAYS

_DAY: Final = 86_400.0


class Renewal:
    """
    Tells when the certificates of a server are about to end, and has it read them again on SIGHUP. Where what is there
    then is of no use, it goes on with what it has.
    """

    _logger = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        protection: Protection,
        read: Callable[[], Certificates],
        wallClock: Callable[[], float],
    ) -> None:
        """
        @param protection: has the certificates, one at least.
        @param read: reads them; it may raise L{ConfigError}.
        @param wallClock: tells the seconds since the epoch.
        """
        self._protection = protection
        self._read = read
        self._wallClock = wallClock
        self._looking = LoopingCall(self._look)
        self._looking.clock = clock

    def start(self) -> None:
        """
        Look now, and each day: before a certificate ends, the operator is told once a day.
        """
        self._looking.start(_DAY)

    def reload(self) -> None:
        """
        Read them again.
        """
        try:
            self._protection.replace(self._read())
        except ConfigError as error:
            self._logger.error(
                "the certificates are not read again, and those from before are kept: {error}", error=error
            )
            return
        self._logger.info("the certificates were read again: they are good until {end:%Y-%m-%d}", end=self._end)
        self._look()

    @property
    def _end(self) -> datetime:
        end = self._protection.end
        assert end is not None, "there are no certificates"
        return end

    def _look(self) -> None:
        left = self._end - datetime.fromtimestamp(self._wallClock(), UTC)
        if left < timedelta(days=WARNING_DAYS):
            self._logger.warn(
                "a certificate {ends} on {end:%Y-%m-%d %H:%M} UTC, and without it nobody talks to this server: "
                "replkv cert renew makes another, and SIGHUP has this server read it",
                ends="ended" if left < timedelta() else "ends",
                end=self._end,
            )


def reloadOnHangup(reactor: IReactorFromThreads, renewal: Renewal) -> None:
    """
    Have SIGHUP read the certificates again, besides what else it does. Where it says that the terminal has gone, that
    is what it says.
    """
    before = signal.getsignal(signal.SIGHUP)
    if before is signal.SIG_DFL:
        return

    def hungUp(*arguments: object) -> None:
        if callable(before):
            before(*arguments)  # type: ignore[arg-type]
        reactor.callFromThread(renewal.reload)

    signal.signal(signal.SIGHUP, hungUp)
