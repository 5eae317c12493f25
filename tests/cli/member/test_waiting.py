"""
Tests for L{replkv.cli.member.waiting}, and for what is asked again and again before.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred

from replkv.cli.member.options import insistently
from replkv.cli.member.waiting import POLL_SECONDS, untilReady
from replkv.client.errors import OutcomeUnknown, Unavailable
from replkv.raft.member import Kind
from tests.client.connected import ClientCase
from tests.client.members import LEADER, LEARNER, told
from tests.network import FarEnd

COMING = {**LEARNER, "incarnation": "ff", "index": 100, "lag": 900, "heard": 0.1}
START = "server 4 has not come yet: start it on its host, with a servers file that names it, and with no data: "


class InsistentlyTests(ClientCase):
    """
    Tests for L{insistently}.
    """

    def asked(self, seconds: float = 10.0) -> tuple[Deferred[bool], FarEnd]:
        """
        Have a member removed.
        """
        changed = Deferred.fromCoroutine(
            insistently(self.reactor, seconds, lambda timeout: self.client.removeMember(4, timeout=timeout))
        )
        return changed, self.connected()

    def again(self, wire: FarEnd, port: int) -> FarEnd:
        """
        Leave it open what came of it, and be asked again after a pause.
        """
        self.assertEqual(wire.taken(), b"memberremove 4\r\n")
        wire.send(b"ERR_INTERNAL\r\n")
        self.assertEqual(self.network.asked(), [])
        self.network.advance(0.6)
        return self.connected(port)

    def test_known(self) -> None:
        """
        What is known at once is told.
        """
        for reply, expected in ((b"OK\r\n", True), (b"ALREADY\r\n", False)):
            self.setUp()
            changed, wire = self.asked()
            wire.send(reply)
            self.assertIs(self.successResultOf(changed), expected)

    def test_unknown(self) -> None:
        """
        As long as the outcome is not known, it is asked for again; and what is done already then was done by that.
        """
        for reply in (b"OK\r\n", b"ALREADY\r\n"):
            self.setUp()
            changed, wire = self.asked()
            wire = self.again(self.again(wire, 2), 3)
            wire.send(reply)
            self.assertIs(self.successResultOf(changed), True)

    def test_neverKnown(self) -> None:
        """
        That ends with the time there is.
        """
        changed, wire = self.asked(0.9)
        wire = self.again(wire, 2)
        wire.send(b"ERR_INTERNAL\r\n")
        self.failureResultOf(changed, OutcomeUnknown)


class Seen:
    """
    What is shown while a server catches up.
    """

    def __init__(self) -> None:
        self.shown: list[tuple[int, int] | str] = []

    def show(self, index: int, last: int) -> None:
        """
        See L{replkv.cli.member.waiting.Progress.show}.
        """
        self.shown.append((index, last))

    def say(self, line: str) -> None:
        """
        See L{replkv.cli.member.waiting.Progress.say}.
        """
        self.shown.append(line)


class UntilReadyTests(ClientCase):
    """
    Tests for L{untilReady}.
    """

    def setUp(self) -> None:
        """
        Wait for server 4.
        """
        super().setUp()
        self.seen = Seen()
        self.ended = Deferred.fromCoroutine(untilReady(self.reactor, self.client, 4, 3.0, self.seen))
        self.wire = self.connected()

    def tell(self, *members: dict[str, object]) -> None:
        """
        Be the leader, who is asked who the members are.
        """
        self.assertEqual(self.wire.taken(), b"members\r\n")
        self.wire.send(told(LEADER, *members))
        self.network.advance(POLL_SECONDS)

    def test_catchingUp(self) -> None:
        """
        It is told once what to do, how far the server is, and that it is silent, if it is; until it has its vote.
        """
        self.tell({**LEARNER, "index": 0, "lag": 900})
        self.tell({**LEARNER, "index": 0, "lag": 950})
        self.tell(COMING)
        self.tell({**COMING, "heard": 7.0})
        self.tell({**COMING, "heard": 9.0})
        self.tell({**COMING, "index": 1001, "lag": 2})
        self.assertNoResult(self.ended)
        self.tell({**COMING, "kind": "voter", "index": 1003, "lag": 0})
        self.assertIs(self.successResultOf(self.ended), Kind.VOTER)
        silent = "server 4 does not answer: see whether it runs, and what its log says"
        self.assertEqual(
            self.seen.shown,
            [f"{START}twistd replkv --id 4", (100, 1000), silent, (100, 1000), (100, 1000), (1001, 1003)],
        )

    def test_voter(self) -> None:
        """
        For one that has its vote already, nobody waits.
        """
        self.tell({**COMING, "kind": "voter"})
        self.assertIs(self.successResultOf(self.ended), Kind.VOTER)
        self.assertEqual(self.seen.shown, [])

    def test_spare(self) -> None:
        """
        A spare has no vote, and is ready when it is there and lacks next to nothing.
        """
        self.tell({**LEARNER, "kind": "spare", "index": 0, "lag": 0})
        self.tell({**COMING, "kind": "spare", "index": 100, "lag": 90_000})
        self.tell({**COMING, "kind": "spare", "index": 90_000, "lag": 0, "heard": 7.0})
        self.assertNoResult(self.ended)
        self.tell({**COMING, "kind": "spare", "index": 90_000, "lag": 12})
        self.assertIs(self.successResultOf(self.ended), Kind.SPARE)

    def test_removed(self) -> None:
        """
        Nor for one that is no member any more.
        """
        self.tell(LEARNER)
        self.tell()
        error = self.failureResultOf(self.ended, Unavailable).value
        self.assertIn("server 4 is no member any more", str(error))

    def test_noLeader(self) -> None:
        """
        Nor is it waited for a leader for longer than was asked for.
        """
        self.tell(LEARNER)
        self.network.refuse(1, 2, 3)
        self.wire.close()
        self.network.advance(2.9)
        self.assertNoResult(self.ended)
        self.network.advance(0.2)
        self.failureResultOf(self.ended, Unavailable)
