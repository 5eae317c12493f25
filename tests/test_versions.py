"""
Tests for L{replkv.versions}: what the members of a cluster speak.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.versions import MemberVersions, Versions


class MemberVersionsTests(SynchronousTestCase):
    """
    Tests for L{MemberVersions}.
    """

    def test_lowest(self) -> None:
        """
        It is what the oldest member speaks, this server among them.
        """
        self.assertEqual(MemberVersions(Versions(3, 5), {}).lowest, 5)
        self.assertEqual(MemberVersions(Versions(3, 5), {1: 7, 2: 6}).lowest, 5)
        self.assertEqual(MemberVersions(Versions(3, 5), {1: 5, 2: 4}).lowest, 4)

    def test_unknown(self) -> None:
        """
        A member that has said nothing may speak the oldest version only, and none speaks less.
        """
        self.assertEqual(MemberVersions(Versions(3, 5), {1: 5, 2: 0}).lowest, 3)

    def test_told(self) -> None:
        """
        What a member says last counts, be it more or less than before.
        """
        versions = MemberVersions(Versions(3, 5), {1: 0, 2: 4})
        for member, newest, lowest in ((1, 5, 4), (2, 5, 5), (1, 3, 3), (1, 4, 4)):
            versions.told(member, newest)
            self.assertEqual(versions.lowest, lowest)

    def test_without(self) -> None:
        """
        It tells which members lack a version, or do not say that they have it.
        """
        versions = MemberVersions(Versions(3, 5), {3: 0, 1: 4, 2: 5})
        self.assertEqual(versions.without(5), [1, 3])
        self.assertEqual(versions.without(4), [3])

    def test_follow(self) -> None:
        """
        Members that go count no more, and those that stay as before. Who is new, and has said nothing, was let in since
        it speaks what all do.
        """
        versions = MemberVersions(Versions(3, 5), {1: 5, 2: 4})
        versions.follow([1, 3], 0)
        self.assertEqual(versions.lowest, 5)
        versions.told(3, 4)
        self.assertEqual(versions.lowest, 4)
        versions.follow([1, 2, 3], 0)
        self.assertEqual((versions.lowest, versions.without(5)), (4, [3]))
        versions.follow([], 0)
        self.assertEqual(versions.lowest, 5)

    def test_noMember(self) -> None:
        """
        What somebody says who is no member is of no account.
        """
        versions = MemberVersions(Versions(3, 5), {1: 5})
        versions.told(7, 3)
        self.assertEqual(versions.lowest, 5)

    def test_of(self) -> None:
        """
        It tells of each member what that has said; of this server, what it speaks.
        """
        versions = MemberVersions(Versions(3, 5), {1: 4, 2: 0})
        self.assertEqual([versions.of(member) for member in range(3)], [5, 4, 0])
