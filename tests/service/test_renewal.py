"""
Tests for L{replkv.service.renewal}.
"""

from __future__ import annotations

import signal
from datetime import timedelta
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.config import Config, ConfigError
from replkv.service.certificates import Certificates, Protection
from replkv.service.renewal import Renewal, reloadOnHangup
from replkv.tls.authority import SERVER_DAYS
from replkv.tlsfiles import WARNING_DAYS, ClientTlsFiles, TlsFiles
from tests.logged import logged
from tests.reactor import Reactor
from tests.tls.credentials import CLUSTER, NOW, authority, credentialsOf

DAY = 86_400.0

FILES = TlsFiles("certificate", "key", "authority")

CONFIG = Config("var", CLUSTER, (), 1.0, 1.0, 1.0, 1.0, 1, 1, tls=FILES, clientTls=ClientTlsFiles(FILES, False))


class RenewalTests(SynchronousTestCase):
    """
    Tests for L{Renewal}.
    """

    def setUp(self) -> None:
        """
        Have a server whose certificate is good for a year and some days.
        """
        self.lines = logged(self)
        self.clock = Clock()
        self.authority = authority()
        self.protection = Protection(CONFIG, self.certificates(0, 1), self.clock)
        self.found: Any = self.certificates(2, 3)
        self.renewal = Renewal(self.clock, self.protection, self.read, lambda: NOW.timestamp() + self.clock.seconds())

    def certificates(self, clientAge: int, memberAge: int) -> Certificates:
        """
        Make certificates that are so many days old.
        """
        made = [credentialsOf(0, self.authority, age=timedelta(days=age)) for age in (memberAge, clientAge)]
        return Certificates(*made)

    def read(self) -> Any:
        """
        Read what is there now.
        """
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def test_warns(self) -> None:
        """
        The operator is told each day, from some days before the end on.
        """
        self.renewal.start()
        self.clock.pump([DAY] * (SERVER_DAYS - WARNING_DAYS - 1))
        self.assertEqual(self.lines, [])
        self.clock.pump([DAY] * 2)
        self.assertEqual(len(self.lines), 2)
        self.assertIn(f"a certificate ends on {NOW + timedelta(days=SERVER_DAYS - 1):%Y-%m-%d}", self.lines[0])
        self.assertIn("replkv cert renew", self.lines[0])
        self.clock.pump([DAY] * WARNING_DAYS)
        self.assertIn("a certificate ended on", self.lines[-1])

    def test_reload(self) -> None:
        """
        What is there is taken over, and its end is what counts.
        """
        self.renewal.reload()
        assert self.protection.members is not None
        assert self.protection.clients is not None
        self.assertIs(self.protection.members.credentials, self.found.members)
        self.assertIs(self.protection.clients.credentials, self.found.clients)
        self.assertEqual(len(self.lines), 1)
        self.assertIn("were read again: they are good until", self.lines[0])
        self.found = self.certificates(SERVER_DAYS - 1, 0)
        self.renewal.reload()
        self.assertIn("a certificate ends on", self.lines[-1])

    def test_ofNoUse(self) -> None:
        """
        What is of no use is not taken over, and that is told.
        """
        before, self.found = self.protection.end, ConfigError("tls/server-0.pem: No such file or directory")
        self.renewal.reload()
        self.assertEqual(self.protection.end, before)
        [line] = self.lines
        self.assertIn("those from before are kept: tls/server-0.pem: No such file or directory", line)


class HangupTests(SynchronousTestCase):
    """
    Tests for L{reloadOnHangup}.
    """

    def setUp(self) -> None:
        """
        Have no signal handled for real.
        """
        self.handler: Any = signal.SIG_IGN
        self.patch(signal, "signal", lambda number, handler: setattr(self, "handler", handler))
        self.patch(signal, "getsignal", lambda number: self.handler)
        self.reactor = Reactor()
        self.done: list[str] = []

    def reload(self) -> None:
        """
        See L{Renewal.reload}.
        """
        self.done.append("reload")

    def hangUp(self) -> None:
        """
        Have the signal come.
        """
        reloadOnHangup(self.reactor, self)  # type: ignore[arg-type]
        self.handler(signal.SIGHUP, None)
        self.reactor.advance(0)

    def test_ignored(self) -> None:
        """
        A server without a log file reads its certificates.
        """
        self.hangUp()
        self.assertEqual(self.done, ["reload"])

    def test_besides(self) -> None:
        """
        One with a log file does so besides.
        """
        self.handler = lambda *_: self.done.append("reopen")
        self.hangUp()
        self.assertEqual(self.done, ["reopen", "reload"])

    def test_terminal(self) -> None:
        """
        Where it says that the terminal has gone, the server ends as before.
        """
        self.handler = signal.SIG_DFL
        reloadOnHangup(self.reactor, self)  # type: ignore[arg-type]
        self.assertIs(self.handler, signal.SIG_DFL)
