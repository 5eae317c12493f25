"""
Tests for L{replkv.service.differences}.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from twisted.trial.unittest import SynchronousTestCase

from replkv.config import Config, ServerConfig
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Kind, Member
from replkv.service.differences import differences


class DifferencesTests(SynchronousTestCase):
    """
    A servers file with two servers, beside what the log says of the members.
    """

    file = cast(
        Config, SimpleNamespace(servers=(ServerConfig(0, "kv0", 9000, 10000), ServerConfig(1, "kv1", 9001, 10001)))
    )

    def differ(self, *members: Member) -> str:
        """
        In what it differs from these.
        """
        return differences(self.file, Configuration(members))

    def test_same(self) -> None:
        """
        There is nothing to tell where the log says the same, or does not say where a member is; what part it has is in
        no file.
        """
        self.assertEqual(self.differ(Member(0), Member(1)), "")
        here = Address("kv1", 9001, 10001)
        self.assertEqual(self.differ(Member(0), Member(1, Kind.SPARE, "folder", here, "former")), "")

    def test_notInLog(self) -> None:
        """
        A server that was removed, or never added.
        """
        self.assertEqual(self.differ(Member(1)), "server 0 is no member")

    def test_notInFile(self) -> None:
        """
        One that was added.
        """
        self.assertEqual(self.differ(Member(0), Member(1), Member(7)), "server 7 is a member, and not in the file")

    def test_elsewhere(self) -> None:
        """
        One that has moved, be it to another port only.
        """
        for there, words in (
            (Address("kv9", 9001, 10001), "server 1 is at kv9, ports 9001 and 10001, not at kv1, ports 9001 and 10001"),
            (Address("kv1", 9009, 10001), "server 1 is at kv1, ports 9009 and 10001, not at kv1, ports 9001 and 10001"),
            (Address("kv1", 9001, 10009), "server 1 is at kv1, ports 9001 and 10009, not at kv1, ports 9001 and 10001"),
        ):
            self.assertEqual(self.differ(Member(0), Member(1, address=there)), words)

    def test_all(self) -> None:
        """
        All of it is told in one line.
        """
        there = Address("kv9", 9001, 10001)
        self.assertEqual(
            self.differ(Member(1, address=there), Member(2), Member(3)),
            "server 0 is no member; server 1 is at kv9, ports 9001 and 10001, not at kv1, ports 9001 and 10001; "
            "server 2 is a member, and not in the file; server 3 is a member, and not in the file",
        )
