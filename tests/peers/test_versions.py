"""
Tests for servers that speak different versions.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.protocols import amp
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from replkv.lives import Life
from replkv.peers.commands import Hello, Refused, RequestVoteCommand
from replkv.peers.receiver import TooOld
from replkv.versions import MAX_VERSION, VERSIONS, Versions
from tests.network import Network
from tests.peers.linked import LinkTests
from tests.peers.listening import ListenerTests
from tests.peers.peer import VOTE, VOTED, Peer, fields


class CommonTests(SynchronousTestCase):
    """
    Tests for the version in which two servers talk.
    """

    def test_common(self) -> None:
        """
        It is the newest that both speak.
        """
        for one, another, common in (
            (Versions(3, 3), Versions(3, 3), 3),
            (Versions(3, 3), Versions(3, 4), 3),
            (Versions(3, 4), Versions(4, 6), 4),
            (Versions(3, 9), Versions(5, 6), 6),
        ):
            self.assertEqual(one.common(another), common)
            self.assertEqual(another.common(one), common)

    def test_none(self) -> None:
        """
        Where the one speaks only what comes after all that the other one does, there is none.
        """
        self.assertIsNone(Versions(3, 4).common(Versions(5, 6)))
        self.assertIsNone(Versions(5, 6).common(Versions(3, 4)))

    def test_words(self) -> None:
        """
        They are told as people say it.
        """
        self.assertEqual(str(Versions(3, 3)), "version 3")
        self.assertEqual(str(Versions(3, 5)), "versions 3 to 5")

    def test_own(self) -> None:
        """
        Servers that speak version 3 only, and let in none that begins with another, are still talked with.
        """
        self.assertEqual(VERSIONS.oldest, 3)


class HelloTests(SynchronousTestCase):
    """
    Tests for what a hello says of versions.
    """

    def setUp(self) -> None:
        """
        Server 0 says hello to server 1.
        """
        self.server = Peer(Network(), 1, versions=Versions(3, 5))
        self.hello: dict[str, Any] = Peer(Network(), 0).identity.hello(1)

    def admit(self, **changed: Any) -> Deferred[int]:
        """
        Have the hello judged, with something changed in it.
        """
        return Deferred.fromCoroutine(self.server.identity.admit(**{**self.hello, **changed}))

    def assertRefused(self, reason: str, **changed: Any) -> None:
        """
        The hello is refused, and nothing is remembered of it.
        """
        refused = self.failureResultOf(self.admit(**changed), Refused)
        self.assertEqual(refused.getErrorMessage(), reason)
        self.assertEqual(self.server.folder.known, {})
        self.assertEqual(self.server.identity.refused, set())

    def test_common(self) -> None:
        """
        What the sender speaks decides, and is remembered, also where it is less than the last time, or more than this
        server speaks.
        """
        for version, newest, common, remembered in ((3, 4, 4, 4), (3, 7, 5, 7), (5, 9, 5, 9), (2, 3, 3, 3)):
            self.assertEqual(self.successResultOf(self.admit(version=version, newest=newest)), common)
            self.assertEqual(self.server.folder.known, {0: Life("folder 0", 1, "first", version=remembered)})

    def test_notSaid(self) -> None:
        """
        A server that does not say what is the newest speaks one version only.
        """
        for said in ({}, {"newest": None}):
            del self.hello["newest"]
            self.assertEqual(self.successResultOf(self.admit(version=4, **said)), 4)
            self.hello["newest"] = 5
            self.assertEqual(self.server.folder.known[0].version, 4)
            self.successResultOf(self.admit())

    def test_nothingInCommon(self) -> None:
        """
        A server with which this one has no version in common is refused; both are told which one is the older.
        """
        upgrade = "by one release after the other if there are several in between"
        self.assertRefused(
            f"server 1 speaks protocol versions 3 to 5, and server 0 versions 6 to 8: upgrade server 1, {upgrade}",
            version=6,
            newest=8,
        )
        self.assertRefused(
            f"server 1 speaks protocol versions 3 to 5, and server 0 version 2: upgrade server 0, {upgrade}",
            version=2,
            newest=None,
        )

    def test_nonsense(self) -> None:
        """
        What are no versions is refused.
        """
        for version, newest in ((3, 2), (0, 3), (-1, 4), (3, MAX_VERSION + 1)):
            self.assertRefused(
                "server 0 does not say which protocol versions it speaks", version=version, newest=newest
            )

    def test_before(self) -> None:
        """
        Servers of version 3 see in a hello what they have always seen, and take it for one of their own.
        """
        self.assertEqual(self.hello["version"], 3)
        box = Hello.makeArguments(self.hello, amp.AMP())
        del box[b"newest"]
        self.assertIsNone(Hello.parseArguments(box, amp.AMP())["newest"])


class ResponseTests(SynchronousTestCase):
    """
    Tests for what a response to a hello says of versions.
    """

    def recognize(self, versions: Versions, newest: int | None) -> Deferred[int]:
        """
        Server 1 has let in server 0, which speaks these versions.
        """
        self.server = Peer(Network(), 0, versions=versions)
        identity = self.server.identity
        return Deferred.fromCoroutine(identity.recognize(1, "folder 1", 1, ["first"], newest))

    def test_common(self) -> None:
        """
        What the other one speaks decides, and is remembered.
        """
        for newest, common, remembered in ((4, 4, 4), (7, 5, 7), (3, 3, 3), (None, 3, 3)):
            self.assertEqual(self.successResultOf(self.recognize(Versions(3, 5), newest)), common)
            self.assertEqual(self.server.folder.known[1].version, remembered)

    def test_refused(self) -> None:
        """
        One that lets in this server, and speaks nothing that it speaks, is refused by this one.
        """
        for newest in (2, 0, MAX_VERSION + 1):
            self.failureResultOf(self.recognize(Versions(3, 5), newest), Refused)
            self.assertEqual(self.server.folder.known, {})


class LinkVersionTests(LinkTests):
    """
    Tests for what is asked of a server that speaks other versions.
    """

    def meet(self, mine: Versions, its: Versions) -> None:
        """
        The two servers speak these versions, and the link is made.
        """
        self.link.stopService()
        self.network.settle()
        if self.listening is not None:
            self.leave()
        self.mine = Peer(self.network, 0, versions=mine)
        self.its = Peer(self.network, 1, versions=its)
        self.link = self.mine.link(1)
        self.listen()
        self.network.settle()

    def test_version(self) -> None:
        """
        The link tells the version of its connection for as long as there is one.
        """
        self.assertIsNone(self.link.version)
        wire = self.connect()
        self.assertEqual(self.link.version, VERSIONS.newest)
        wire.reset()
        self.assertIsNone(self.link.version)

    def test_notBeforeHello(self) -> None:
        """
        There is none before the other server has let this one in.
        """
        self.its.process.pause()
        self.connect()
        self.assertIsNone(self.link.version)

    def test_known(self) -> None:
        """
        What the lower of the two newest versions has is asked, and answered.
        """
        for mine, its in ((Versions(3, 3), Versions(3, 4)), (Versions(3, 4), Versions(3, 3))):
            self.meet(mine, its)
            self.assertEqual(self.link.version, 3)
            self.ask(VOTE)
            self.network.settle()
            self.its.receiver.asked[-1][2].callback(VOTED)
            self.network.settle()
            self.assertEqual(self.replies.pop(), VOTED)

    def test_tooOld(self) -> None:
        """
        What it does not have is not sent; whoever asks is told, and the connection stays.
        """
        self.meet(Versions(2, 3), Versions(2, 2))
        sent = self.wire.connecting.backlog
        failures: list[Failure] = []
        self.link.send(VOTE).addErrback(failures.append)
        self.assertIsNotNone(failures[0].check(TooOld))
        self.assertEqual(self.wire.connecting.backlog, sent)
        self.network.settle()
        self.assertEqual(self.its.receiver.asked, [])
        self.assertTrue(self.link.isUp)

    def test_refused(self) -> None:
        """
        Where there is nothing in common, both operators are told, once, which server to upgrade.
        """
        self.meet(Versions(3, 4), Versions(5, 6))
        for _ in range(3):
            self.waitForAttempt()
        self.assertFalse(self.link.isUp)
        reason = (
            "server 1 speaks protocol versions 5 to 6, and server 0 versions 3 to 4: upgrade server 0, by one release "
            "after the other if there are several in between"
        )
        refused, mine = self.lines
        self.assertIn(reason, refused)
        self.assertEqual(mine, f"server 1 and this one do not work together: {reason}")

    def test_upgraded(self) -> None:
        """
        A server that comes back as a newer one is talked with in its newer version, and remembered so.
        """
        self.meet(Versions(3, 4), Versions(3, 3))
        self.assertEqual(self.mine.folder.known[1].version, 3)
        wire = self.wire
        self.leave()
        folder = self.its.folder
        folder.restart("second")
        self.its = Peer(self.network, 1, folder=folder, versions=Versions(3, 4))
        wire.reset()
        self.listen()
        self.waitForAttempt()
        self.network.settle()
        self.assertEqual(self.link.version, 4)
        self.assertEqual(self.mine.folder.known[1].version, 4)


class ListenerVersionTests(ListenerTests):
    """
    Tests for what a server answers that speaks other versions.
    """

    def test_tooNew(self) -> None:
        """
        What the version of the connection does not have is unknown on it, as it is to a server that is of no later one.
        """
        hello = self.hello(self.caller, version=1, newest=2)
        self.network.settle()
        self.failureResultOf(hello, Refused)
        self.server = Peer(self.network, 1, versions=Versions(1, 4))
        self.listening.stopListening()
        self.listening = self.server.listen()
        caller = self.connect()
        self.hello(caller, version=1, newest=2)
        answer = caller.ask(RequestVoteCommand, **fields(VOTE))
        self.network.settle()
        self.failureResultOf(answer, amp.UnhandledCommand)
        self.assertEqual(self.server.receiver.asked, [])
        self.assertTrue(caller.isUp)
