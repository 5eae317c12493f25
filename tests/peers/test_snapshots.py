"""
Snapshots on their way from one server to another.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from replkv.outside import INTERVAL_SECONDS
from replkv.peers.commands import ReadSnapshotCommand, TakeSnapshotCommand
from replkv.peers.link import MISTAKE_PAUSE
from replkv.peers.receiver import Timed, TooOld, Unreachable
from replkv.peers.snapshots import NoSnapshot, NotYet, Piece
from replkv.raft.messages import InstallSnapshot, InstallSnapshotReply
from replkv.storage.snapshot import LaterFormat, Manifest, SnapshotFile
from replkv.testing.cluster.connection import Connection
from replkv.versions import Versions
from tests.peers.linked import LinkTests
from tests.peers.listening import ListenerTests
from tests.peers.peer import Peer

MANIFEST = Manifest(2**64 - 1, 9, (SnapshotFile("CURRENT", 5, "0" * 32),))


class SnapshotLinkTests(LinkTests):
    """
    Both ends.
    """

    def outcome(self, asked: Deferred[Any]) -> object:
        """
        What comes of something that is asked.
        """
        outcomes: list[object] = []
        asked.addBoth(outcomes.append)
        self.network.settle()
        [outcome] = outcomes
        return outcome.value if isinstance(outcome, Failure) else outcome

    def test_offered(self) -> None:
        """
        That a server needs a snapshot is a message like others.
        """
        self.connect()
        offer = Timed(InstallSnapshot(term=3, lastIncludedIndex=2**40, lastIncludedTerm=2, readRound=5), 17)
        self.ask(offer)
        self.network.settle()
        [(_, request, reply)] = self.its.receiver.asked
        self.assertEqual(request, offer)
        answer = Timed(InstallSnapshotReply(term=3, matchIndex=2**40, readRound=5), 18)
        reply.callback(answer)
        self.network.settle()
        self.assertEqual(self.replies, [answer])

    def test_taken(self) -> None:
        """
        It asks for one, and then for its pieces, of whatever size.
        """
        self.connect()
        self.its.snapshots.manifest = MANIFEST
        self.assertEqual(self.outcome(self.link.takeSnapshot(7)), MANIFEST)
        for data in (b"x", bytes(range(256)) * 2000):
            self.its.snapshots.pieces.append(Piece.of(data))
            piece = self.outcome(self.link.readSnapshot(2**64 - 1, 0, 3))
            self.assertEqual(piece, Piece.of(data))
            assert isinstance(piece, Piece)
            self.assertTrue(piece.isSound)
        self.assertFalse(Piece.of(b"x")._replace(data=b"y").isSound)
        self.assertEqual(self.its.snapshots.asked, [(0, 7), (0, 2**64 - 1, 0, 3), (0, 2**64 - 1, 0, 3)])

    def test_refused(self) -> None:
        """
        That there is none is an answer, and no reason to give up the connection.
        """
        self.connect()
        self.assertIsInstance(self.outcome(self.link.takeSnapshot(7)), NoSnapshot)
        self.assertIsInstance(self.outcome(self.link.readSnapshot(1, 2, 3)), NoSnapshot)
        self.assertTrue(self.link.isUp)
        self.assertEqual((self.lines, self.losses), ([], 0))

    def test_notYet(self) -> None:
        """
        That it is being made is told apart from that.
        """
        self.connect()
        self.its.snapshots.refusal = NotYet
        self.assertIsInstance(self.outcome(self.link.takeSnapshot(7)), NotYet)
        self.assertTrue(self.link.isUp)

    def test_nonsense(self) -> None:
        """
        A manifest that is none, or of too little, and a piece with nothing in it, are not believed: the connection is
        closed, and the operator is told why.
        """
        wire = self.connect()
        for manifest in (
            MANIFEST._replace(files=(SnapshotFile("../log/start", 5, "0" * 32),)),
            MANIFEST._replace(index=6),
        ):
            self.its.snapshots.manifest = manifest
            self.assertIsInstance(self.outcome(self.link.takeSnapshot(7)), Unreachable)
            self.assertClosed(wire)
            wire = self.wire
        self.its.snapshots.pieces.append(Piece.of(b""))
        self.assertIsInstance(self.outcome(self.link.readSnapshot(1, 0, 0)), Unreachable)
        self.assertClosed(wire)

    def test_laterFormat(self) -> None:
        """
        A server of a later version, which may describe it otherwise, is in its right mind.
        """
        self.connect()
        self.its.snapshots.manifest = MANIFEST
        encoded = MANIFEST.encode().replace(b'"Format":1', b'"Format":2')
        self.patch(Manifest, "encode", lambda manifest: encoded)
        self.assertIsInstance(self.outcome(self.link.takeSnapshot(7)), LaterFormat)
        self.assertTrue(self.link.isUp)

    def assertClosed(self, wire: Connection) -> None:
        """
        A connection was closed, with one line; then there is another one.
        """
        self.assertFalse(self.isUp(wire))
        [line] = self.lines
        self.assertIn("closed the connection with server 1: its answer makes no sense", line)
        self.network.advance(MISTAKE_PAUSE - 0.01)
        self.assertFalse(self.link.isUp)
        self.network.advance(0.02)
        self.assertTrue(self.link.isUp)
        self.network.advance(INTERVAL_SECONDS)
        self.lines.clear()

    def test_notConnected(self) -> None:
        """
        Without a connection, there is nobody to ask.
        """
        self.assertIsInstance(self.outcome(self.link.takeSnapshot(7)), Unreachable)

    def test_lost(self) -> None:
        """
        Nor is there when it is lost.
        """
        wire = self.connect()
        self.its.process.pause()
        asked = self.link.readSnapshot(1, 0, 0)
        outcomes: list[Failure] = []
        asked.addErrback(outcomes.append)
        wire.reset()
        self.assertEqual([outcome.type for outcome in outcomes], [Unreachable])

    def test_tooOld(self) -> None:
        """
        A server of an earlier version is asked for nothing that it does not know.
        """
        self.its = Peer(self.network, 1, versions=Versions(3, 3))
        self.connect()
        for _ in range(3):
            self.assertIsInstance(self.outcome(self.link.takeSnapshot(7)), TooOld)
        self.assertTrue(self.link.isUp)
        told = "server 1 speaks version 3 and would be asked for TakeSnapshot: upgrade it"
        self.assertEqual(self.lines, [told])


class StrangerTests(ListenerTests):
    """
    Who has not said who it is.
    """

    def test_notIntroduced(self) -> None:
        """
        A stranger gets no snapshot.
        """
        self.server.snapshots.manifest = MANIFEST
        outcomes: list[object] = []
        self.caller.ask(TakeSnapshotCommand, least=1).addBoth(outcomes.append)
        self.caller.ask(ReadSnapshotCommand, number=1, file=0, offset=0).addBoth(outcomes.append)
        self.network.settle()
        self.assertEqual(len(outcomes), 2)
        self.assertTrue(all(isinstance(outcome, Failure) for outcome in outcomes))
        self.assertEqual(self.server.snapshots.asked, [])
