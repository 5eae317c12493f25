"""
Tests for what C{twistd replkv} refuses where others can reach the port for servers.
"""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

from replkv.cli.cert import CertCommand
from replkv.tlsfiles import SUGGESTED_TLS
from tests.service.test_tap import TapTests


class ExposureTests(TapTests):
    """
    A server that listens for the other servers on some address.
    """

    address = "10.0.0.1"

    def bind(self, host: str, port: int, key: str) -> list[Any]:
        """
        Listen on an address.
        """
        return [SimpleNamespace(getsockname=lambda: (self.address, port))] if key == "LogPort" else []

    def test_exposed(self) -> None:
        """
        One that others can reach is refused where servers cannot prove who they are, and the line says what to write.
        """
        for self.address in ("10.0.0.1", "0.0.0.0", "::", "2001:db8::1", "fe80::1%eth0", "::ffff:10.0.0.1"):
            self.stderr.truncate(0)
            self.stderr.seek(0)
            # What is refused ends, and its locks with it.
            self.refuse("--id", "1", "--data-dir", os.path.join(self.folder, self.address))
            self.assertRefused(
                f"whoever reaches its LogPort on {self.address} can take the cluster over",
                f'"Tls": {json.dumps(SUGGESTED_TLS)}',
                '"Insecure": true',
            )

    def test_loopback(self) -> None:
        """
        One that only this host can reach is not.
        """
        for self.address in ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"):
            self.parse("--id", "1")
            self.release()

    def test_allowed(self) -> None:
        """
        Nor is one whose operator says that nobody else is there.
        """
        self.document["Insecure"] = True
        self.write()
        self.assertIsNone(self.parse("--id", "1").certificates.members)

    def test_protected(self) -> None:
        """
        Nor one that has certificates; which are needed, once they are to be there.
        """
        self.document["Tls"] = SUGGESTED_TLS
        self.write()
        self.refuse("--id", "1")
        self.assertRefused("server-1.key: No such file or directory")
        command = CertCommand()
        self.patch(command, "notice", lambda config: None)
        command.parseOptions(["init", "--config", self.config])
        self.assertEqual(command.carryOut(), 0)
        certificates = self.parse("--id", "1").certificates
        assert certificates.members is not None
        self.assertEqual((len(certificates.members.chain), certificates.clients), (1, None))
