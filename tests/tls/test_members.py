"""
Tests for L{replkv.tls.members}: servers that prove to each other who they are, over a simulated network.
"""

from __future__ import annotations

from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from replkv.peers.link import PeerLink
from replkv.tls.authority import Credential
from replkv.tls.credentials import Credentials
from replkv.tls.members import MemberTls
from tests.logged import logged
from tests.network import Network
from tests.peers.peer import HEARD, HEARTBEAT, Peer
from tests.tls.credentials import CLUSTER, authority, credentialsOf

STRANGER = (
    "its certificate is of no authority that is believed here, or has ended",
    "it does not accept the certificate of this end",
)
"""
What the two sides say.
"""


class MemberTlsTests(SynchronousTestCase):
    """
    Server 0 has a link to server 1.
    """

    def setUp(self) -> None:
        """
        Have a network, and an authority.
        """
        self.lines = logged(self)
        self.network = Network()
        self.authority = authority()

    def tls(self, server: int, by: Credential, *believed: Credential, age: timedelta = timedelta()) -> MemberTls:
        """
        Make the TLS of a server.
        """
        return self.having(credentialsOf(server, by, *believed, age=age))

    def having(self, credentials: Credentials) -> MemberTls:
        """
        Make the TLS of who has these.
        """
        return MemberTls(CLUSTER, credentials, self.network.timeline)

    def connect(self, mine: MemberTls, its: MemberTls, sender: int = 0) -> PeerLink:
        """
        Have a server connect to server 1.
        """
        self.mine = Peer(self.network, sender, security=mine)
        self.its = Peer(self.network, 1, security=its)
        self.its.listen()
        link = self.mine.link(1)
        self.network.advance(0.5)
        self.addCleanup(link.stopService)
        return link

    def assertAnswers(self, link: PeerLink) -> None:
        """
        The other server lets this one in, and answers.
        """
        self.assertTrue(link.isUp, self.lines)
        answer = link.send(HEARTBEAT)
        self.network.settle()
        sender, _, reply = self.its.receiver.asked[-1]
        self.assertEqual(sender, self.mine.identity.serverId)
        reply.callback(HEARD)
        self.network.settle()
        self.assertEqual(self.successResultOf(answer), HEARD)

    def assertKeptOut(self, link: PeerLink, *words: str) -> None:
        """
        It does not, whatever is tried; the operator is told in these words.
        """
        self.assertFalse(link.isUp)
        self.assertEqual(self.its.receiver.asked, [])
        for word in words:
            self.assertTrue([line for line in self.lines if word in line], f"{word}: {self.lines}")

    def test_members(self) -> None:
        """
        Two servers with certificates of one authority work together.
        """
        self.assertAnswers(self.connect(self.tls(0, self.authority), self.tls(1, self.authority)))

    def test_impostor(self) -> None:
        """
        A server with the certificate of another one is not let in, though its certificate is good.
        """
        link = self.connect(self.tls(2, self.authority), self.tls(1, self.authority))
        self.assertKeptOut(
            link, "server 0 has to come with the certificate of replkv-replkv-0, and comes with replkv-replkv-2"
        )

    def test_impostorThatIsAsked(self) -> None:
        """
        Nor is it told anything, not even who asks.
        """
        link = self.connect(self.tls(0, self.authority), self.tls(2, self.authority))
        self.assertKeptOut(
            link, "its certificate is that of another server", "it does not accept the certificate of this end"
        )
        self.assertEqual(self.its.folder.peer(0), None)

    def test_otherAuthority(self) -> None:
        """
        Whoever has a certificate of an authority that is not believed is a stranger, on either side.
        """
        other = authority()
        self.assertKeptOut(self.connect(self.tls(0, other, self.authority), self.tls(1, self.authority)), *STRANGER)

    def test_otherAuthorityThatIsAsked(self) -> None:
        """
        See L{test_otherAuthority}.
        """
        other = authority()
        self.assertKeptOut(self.connect(self.tls(0, self.authority), self.tls(1, other, self.authority)), *STRANGER)

    def test_ended(self) -> None:
        """
        A certificate that has ended is good for nothing.
        """
        old = self.tls(0, self.authority, age=timedelta(days=400))
        self.assertKeptOut(self.connect(old, self.tls(1, self.authority)), *STRANGER)

    def test_endedThatIsAsked(self) -> None:
        """
        See L{test_ended}.
        """
        old = self.tls(1, self.authority, age=timedelta(days=400))
        self.assertKeptOut(self.connect(self.tls(0, self.authority), old), *STRANGER)

    def test_plain(self) -> None:
        """
        Whoever does not speak TLS is closed out; whoever expects none is told nothing.
        """
        self.its = Peer(self.network, 1, security=self.tls(1, self.authority))
        self.its.listen()
        link = Peer(self.network, 0).link(1)
        self.addCleanup(link.stopService)
        self.network.advance(0.5)
        self.assertKeptOut(link, "it does not speak TLS", "server 1 did not let this one in")

    def test_replaced(self) -> None:
        """
        New credentials count from the next connection on, and the present one stays.
        """
        other = authority()
        mine, its = self.tls(0, self.authority), self.tls(1, self.authority)
        link = self.connect(mine, its)
        for tls, server in ((mine, 0), (its, 1)):
            tls.take(self.having(self.credentials(server, self.authority, other)))
        for tls, server in ((mine, 0), (its, 1)):
            tls.take(self.having(self.credentials(server, other, self.authority)))
        for tls, server in ((mine, 0), (its, 1)):
            tls.take(self.having(credentialsOf(server, other)))
        self.assertAnswers(link)
        for connection in list(self.its.listener.connections):
            connection.transport.abortConnection()
        self.network.advance(2.0)
        self.assertAnswers(link)

    def credentials(self, server: int, by: Credential, besides: Credential) -> Credentials:
        """
        Make credentials of one authority, for who believes two.
        """
        return credentialsOf(server, by, by, besides)
