"""
Tests for L{replkv.tls.names}.
"""

from __future__ import annotations

from cryptography import x509
from twisted.trial.unittest import SynchronousTestCase

from replkv.tls.authority import makeAuthority, makeServer
from replkv.tls.names import memberName, namesIn
from tests.tls.credentials import NOW


class MemberNameTests(SynchronousTestCase):
    """
    Tests for L{memberName}.
    """

    def test_plain(self) -> None:
        """
        A cluster whose name can be in a DNS name is there as it is.
        """
        self.assertEqual(memberName("my-cluster2", 17), "replkv-my-cluster2-17")

    def test_differ(self) -> None:
        """
        No two servers have the same, whatever their clusters are called, and each can be a DNS name.
        """
        clusters = ["a", "a-1", "A", "a b", "ä", "a--b", "-a", "a.b", "a" * 40, "a" * 41, "x--" + "0" * 32, "*"]
        names = [memberName(cluster, server) for cluster in clusters for server in (0, 1, 11, 2**31 - 1)]
        self.assertEqual(len(set(names)), len(names))
        for name in names:
            self.assertRegex(name, r"^[a-z0-9-]{1,63}$")


class NamesInTests(SynchronousTestCase):
    """
    Tests for L{namesIn}.
    """

    def test_server(self) -> None:
        """
        A server's certificate has its names, and no address among them.
        """
        authority = makeAuthority("replkv", NOW)
        made = makeServer(authority, ["one", "two.example", "127.0.0.1", "::1"], NOW)
        self.assertEqual(namesIn(made.certificate), {"one", "two.example"})
        found = made.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        self.assertEqual([str(each) for each in found.get_values_for_type(x509.IPAddress)], ["127.0.0.1", "::1"])

    def test_none(self) -> None:
        """
        That of an authority has none.
        """
        self.assertEqual(namesIn(makeAuthority("replkv", NOW).certificate), set())
