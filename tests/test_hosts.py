"""
Tests for what can be the name or the address of a host.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.hosts import hostMistake, isUnspecified

GOOD = [
    "localhost",
    "kv0.example.net",
    "kv0.example.net.",
    "kv_0",
    "ab--c",
    "KV2",
    "web.1",
    "7",
    "xn--hst-sna",
    "a" * 63,
    "127.0.0.1",
    "0.0.0.0",
    "::1",
    "::",
    "2001:DB8::1",
    "fe80::1%eth0",
    "::ffff:127.0.0.1",
]

MISTAKES = {
    "[::1]": "is written without brackets here, ::1",
    "[::1]:9000": "is written without brackets here, ::1; its port has a key of its own",
    "localhost:21001": "has a port, which has a key of its own; the host alone is localhost",
    "127.0.0.1:9000": "has a port, which has a key of its own; the host alone is 127.0.0.1",
    "localhost:": "has a port, which has a key of its own; the host alone is localhost",
    "::1::2": "is not an address",
    "12345::": "is not an address",
    "a:b": "is not an address",
    "256.0.0.1": "is not an address",
    "1.2.3.04": "is not an address",
    "a..b": "is not a host name: it has a dot too many",
    ".": "is not a host name: it has a dot too many",
    ".db": "is not a host name: it has a dot too many",
    "db..": "is not a host name: it has a dot too many",
    "x." + "a" * 64: "is not a host name: a part of it is longer than 63 characters",
    "a b": "is not a host name: it has a space",
    "db/0": "is not a host name: it has a /",
    "me@db": "is not a host name: it has a @",
    "h\u00f6st": "is not a host name: a redirect to it has to be ASCII; the name system has it as xn--hst-sna",
    "\u00f6..": "is not a host name: a redirect to it has to be ASCII",
}


class HostTests(SynchronousTestCase):
    """
    Tests for L{hostMistake} and L{isUnspecified}.
    """

    def test_good(self) -> None:
        """
        What a system may know is a host, whatever the rules for host names say.
        """
        for host in GOOD:
            self.assertIsNone(hostMistake(host), host)

    def test_mistakes(self) -> None:
        """
        What no system can know is a mistake, with a hint where it is a common one.
        """
        for host, mistake in MISTAKES.items():
            self.assertEqual(hostMistake(host), mistake, host)

    def test_unspecified(self) -> None:
        """
        All that stands for all addresses is known, however it is written.
        """
        for host in ("0.0.0.0", "::", "0:0:0:0:0:0:0:0", "0", "0.0", "::%lo", "::ffff:0.0.0.0", "::ffff:0:0"):
            self.assertTrue(isUnspecified(host), host)
        for host in ("localhost", "127.0.0.1", "::1", "7", "kv0"):
            self.assertFalse(isUnspecified(host), host)
