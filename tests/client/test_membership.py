"""
Tests for L{replkv.client.membership}.
"""

from __future__ import annotations

from replkv.client.address import Address
from replkv.client.errors import CommandError, NotAllowed, NotUpgraded, OutcomeUnknown, Refused, Unavailable
from replkv.client.membership import Member
from replkv.raft.member import Kind
from tests.client.connected import ClientCase
from tests.client.members import LEADER, LEARNER, told


class ListTests(ClientCase):
    """
    Tests for the list of members.
    """

    def test_listed(self) -> None:
        """
        The leader tells who they are.
        """
        listed = self.client.members()
        wire = self.connected()
        self.assertEqual(wire.taken(), b"members\r\n")
        wire.send(told(LEADER, LEARNER))
        self.assertEqual(
            self.successResultOf(listed),
            [
                Member(0, Kind.VOTER, Address("db", 1), 11, "00112233445566778899aabbccddeeff", True, 123, 0, 0.0, 4),
                Member(4, Kind.LEARNER, Address("::1", 4), 14, "", False, None, None, None, None),
            ],
        )

    def test_more(self) -> None:
        """
        A newer server may tell more.
        """
        listed = self.client.members()
        self.connected().send(told({**LEADER, "rack": "b"}))
        self.assertEqual([member.id for member in self.successResultOf(listed)], [0])

    def test_nowhere(self) -> None:
        """
        Of a member that only other servers files tell of, the leader may not know where it is.
        """
        listed = self.client.members()
        self.connected().send(told({**LEARNER, "host": None, "client_port": None, "log_port": None}))
        self.assertEqual([(member.address, member.logPort) for member in self.successResultOf(listed)], [(None, None)])

    def test_askedAgain(self) -> None:
        """
        It changes nothing, so it is asked for again where a server is lost.
        """
        listed = self.client.members()
        self.connected(1).close()
        wire = self.connected(2)
        self.assertEqual(wire.taken(), b"members\r\n")
        wire.send(told(LEADER))
        self.assertEqual(len(self.successResultOf(listed)), 1)

    def test_noMembers(self) -> None:
        """
        What is no list of members is none.
        """
        for line in (
            {},
            {**LEADER, "id": -1},
            {**LEADER, "id": "0"},
            {**LEADER, "kind": "king"},
            {**LEADER, "host": ""},
            {**LEADER, "host": 7},
            {**LEADER, "client_port": 0},
            {**LEADER, "log_port": 65536},
            {**LEADER, "incarnation": None},
            {**LEADER, "leads": 1},
            {**LEADER, "index": "x"},
            {**LEADER, "heard": "now"},
        ):
            self.setUp()
            listed = self.client.members()
            self.connected().send(told(line))
            self.failureResultOf(listed, Unavailable)
        for reply in (b"VALUE 1\r\nx\r\n", b"VALUE 2\r\n[]\r\n", b"OK\r\n"):
            self.setUp()
            listed = self.client.members()
            self.connected().send(reply)
            self.failureResultOf(listed, Unavailable)

    def test_old(self) -> None:
        """
        A leader of an earlier version does not know who they are.
        """
        listed = self.client.members()
        self.connected().send(b"ERRCMDERR\r\n")
        self.failureResultOf(listed, NotUpgraded)


class ChangeTests(ClientCase):
    """
    Tests for calls that change members.
    """

    def test_done(self) -> None:
        """
        They are sent to the leader, and tell whether there was something to do.
        """
        calls = [
            self.client.addMember(4, "::1", 9004, 10004),
            self.client.addMember(4, "kv4", 9004, 10004, force=True),
            self.client.removeMember(1),
            self.client.removeMember(1, force=True),
            self.client.replaceMember(2),
            self.client.replaceMember(2, force=True),
            self.client.updateMember(3, "kv3", 9003, 10003),
            self.client.updateMember(3, "kv3", 9003, 10003, force=True),
            self.client.promoteMember(4),
        ]
        wire = self.connected()
        self.assertEqual(
            wire.taken(),
            b"memberadd 4 ::1 9004 10004\r\nmemberadd 4 kv4 9004 10004 force\r\n"
            b"memberremove 1\r\nmemberremove 1 force\r\nmemberreplace 2\r\nmemberreplace 2 force\r\n"
            b"memberupdate 3 kv3 9003 10003\r\nmemberupdate 3 kv3 9003 10003 force\r\nmemberpromote 4\r\n",
        )
        wire.send(b"OK\r\nALREADY\r\n" * 4 + b"OK\r\n")
        self.assertEqual([self.successResultOf(call) for call in calls], [True, False] * 4 + [True])

    def test_failed(self) -> None:
        """
        What the servers do not do has an error of its own, and all but one say that nothing was done.
        """
        replies = (
            (b"REFUSED there is a reason", Refused, "there is a reason"),
            (b"ERR_AUTH", NotAllowed, "not everybody may"),
            (b"ERR_UPGRADE", NotUpgraded, "upgrade all"),
            (b"ERRCMDERR", NotUpgraded, "upgrade all"),
            (b"OK 7", OutcomeUnknown, "OK 7"),
            (b"ERR_INTERNAL", OutcomeUnknown, "cannot tell"),
        )
        calls = [self.client.removeMember(1) for _ in replies]
        wire = self.connected()
        for call, (reply, error, words) in zip(calls, replies, strict=True):
            wire.send(reply + b"\r\n")
            self.assertIn(words, str(self.failureResultOf(call, error).value))

    def test_mistakes(self) -> None:
        """
        Nothing is sent of what cannot be.
        """
        for call in (
            self.client.removeMember(-1),
            self.client.promoteMember(2**31),
            self.client.addMember(4, "", 9004, 10004),
            self.client.addMember(4, "k v", 9004, 10004),
            self.client.addMember(4, "kv4:9004", 9004, 10004),
            self.client.addMember(4, "[::1]", 9004, 10004),
            self.client.addMember(4, "böse", 9004, 10004),
            self.client.addMember(4, "0.0.0.0", 9004, 10004),
            self.client.addMember(4, 254 * "h", 9004, 10004),
            self.client.updateMember(4, "kv4", 0, 10004),
            self.client.updateMember(4, "kv4", 9004, 65536),
        ):
            self.failureResultOf(call, CommandError)
        for call in (
            self.client.replaceMember("0"),  # type: ignore[arg-type]
            self.client.addMember(4, b"kv4", 9004, 10004),  # type: ignore[arg-type]
            self.client.addMember(4, "kv4", "9004", 10004),  # type: ignore[arg-type]
        ):
            self.failureResultOf(call, TypeError)
        self.assertEqual(self.network.asked(), [])
