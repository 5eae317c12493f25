"""
Tests for what is answered to servers that were let in, and are no members any more.
"""

from __future__ import annotations

from replkv.peers.commands import NotIntroduced, NotMember, RequestVoteCommand, TimeoutNowCommand
from replkv.peers.roll import Roll
from replkv.raft.changes import removed, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.member import Member
from tests.peers.ampappend import AppendEntriesCommand, argumentsOf, responseOf
from tests.peers.listening import ListenerTests
from tests.peers.peer import HEARD, HEARTBEAT, VOTE, fields

THREE = Configuration(Member(server, incarnation=f"folder {server}") for server in range(3))
WORDS = "it is no member any more, or has a data folder that was replaced"


class StrangerTests(ListenerTests):
    """
    Server 0 is let in by server 1, and then the members are others.
    """

    def setUp(self) -> None:
        """
        It is a member at first.
        """
        super().setUp()
        self.follow(THREE, 5)
        self.introduce()

    def follow(self, configuration: Configuration, upTo: int, isCommitted: bool = True) -> None:
        """
        Server 1 goes by other members.
        """
        identity, roll = self.server.identity, Roll(configuration, upTo)
        identity.follow(roll, roll if isCommitted else identity.rolls.settled)

    def assertAnswered(self) -> None:
        """
        Server 0 is asked for its vote, and the node is to answer.
        """
        self.caller.ask(RequestVoteCommand, **fields(VOTE)).addErrback(lambda failure: None)
        self.network.settle()
        self.assertEqual([request for _, request, _ in self.server.receiver.asked], [VOTE])
        self.assertTrue(self.caller.isUp)

    def assertClosed(self) -> None:
        """
        Its connection is closed when it asks for a vote, and the node hears nothing of it.
        """
        vote = self.caller.ask(RequestVoteCommand, **fields(VOTE))
        self.network.settle()
        self.failureResultOf(vote)
        self.assertFalse(self.caller.isUp)
        self.assertEqual(self.server.receiver.asked, [])
        [line] = self.lines
        self.assertIn(WORDS, line)

    def test_member(self) -> None:
        """
        A member may ask for a vote.
        """
        self.follow(removed(THREE, 2), 6)
        self.assertAnswered()

    def test_removed(self) -> None:
        """
        One that was removed, and hears no leader, may not: it is told when it comes again.
        """
        self.follow(removed(THREE, 0), 6)
        self.assertClosed()
        self.caller = self.connect()
        hello = self.hello(self.caller)
        self.network.settle()
        self.assertIn("server 0 is no member", self.failureResultOf(hello, NotMember).getErrorMessage())

    def test_replaced(self) -> None:
        """
        Nor may the folder that was replaced.
        """
        self.follow(replaced(THREE, 0), 6)
        self.assertClosed()

    def test_notCommitted(self) -> None:
        """
        As long as that may be cut off again, it may.
        """
        self.follow(removed(THREE, 0), 6, isCommitted=False)
        self.assertAnswered()

    def test_leads(self) -> None:
        """
        A leader that is removed leads until that is committed, and then others have to hear of it: what it replicates
        is taken, and so is that it hands over.
        """
        self.follow(removed(THREE, 0), 6)
        append = self.caller.ask(AppendEntriesCommand, **argumentsOf(HEARTBEAT))
        self.caller.ask(TimeoutNowCommand, term=3, time=HEARTBEAT.time)
        self.network.settle()
        (sender, request, answer), told = self.server.receiver.asked
        self.assertEqual((sender, request, told[0]), (0, HEARTBEAT, 0))
        answer.callback(HEARD)
        self.network.settle()
        self.assertEqual(self.successResultOf(append), responseOf(HEARD))
        self.assertTrue(self.caller.isUp)

    def test_condemned(self) -> None:
        """
        One that lacks what it had acknowledged is answered nothing; its next folder is, when it was replaced.
        """
        self.successResultOf(self.server.identity.condemn(0))
        vote = self.caller.ask(RequestVoteCommand, **fields(VOTE))
        self.network.settle()
        self.failureResultOf(vote, NotIntroduced)
        self.follow(replaced(THREE, 0), 6)
        self.caller = self.connect()
        self.hello(self.caller, incarnation="new")
        self.network.settle()
        self.assertAnswered()
