"""
Tests for L{replkv.node.backups}, with whole servers.
"""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.results import Found, NoSnapshot, NotYet, Result, Unavailable
from replkv.node.backups import MAX_PIECES
from replkv.node.limits import NODE_LIMITS
from replkv.storage.snapshot import IncomingSnapshot, Manifest
from replkv.testing.files import MemoryFiles
from tests.node.cluster import Client, Cluster


class BackupsTests(SynchronousTestCase):
    """
    Each test asks a server that follows.
    """

    def setUp(self) -> None:
        """
        Have a cluster with something in it.
        """
        self.cluster = Cluster(3)
        self.addCleanup(self.cluster.close)
        client = Client(self.cluster.leader())
        for number in range(20):
            client.set(b"key%d" % number, b"%d" % number * 100)
        self.cluster.run(1.0)
        self.server = next(server for server in self.cluster.servers if not server.leads)
        self.assembly = self.server.service.assembly
        self.backups = self.assembly.backups

    def answer(self, asked: Deferred[Result]) -> Result:
        """
        Wait for an answer.
        """
        self.cluster.until(lambda: bool(asked.called), "there is an answer")
        return self.successResultOf(asked)

    def described(self, least: int) -> tuple[dict[str, object], Manifest]:
        """
        Ask until there is a snapshot.
        """
        while not isinstance(found := self.answer(self.backups.describe(least)), Found):
            self.assertEqual(found, NotYet())
            self.cluster.run(0.1)
        whose, _, description = found.value.partition(b"\n")
        return json.loads(whose), Manifest.decode(description)

    def test_fetched(self) -> None:
        """
        It can be fetched by pieces, says whose it is, and holds up nothing: neither has the log to be kept for it, nor
        is it there for long.
        """
        index = self.server.appliedIndex
        whose, manifest = self.described(index)
        self.assertEqual((whose["Cluster"], whose["Server"]), ("simulated", self.server.id))
        self.assertGreaterEqual(int(str(whose["Time"])), self.server.machine.clock)
        self.assertGreaterEqual(manifest.index, index)
        self.assertIsNone(self.assembly.snapshots.pinned())
        incoming = IncomingSnapshot(MemoryFiles(), "/to", manifest)
        while not incoming.isWhole:
            found = self.answer(self.backups.piece(manifest.number, incoming.file, incoming.offset))
            assert isinstance(found, Found)
            incoming.write(found.value)
        self.cluster.run(NODE_LIMITS.snapshotPatience + 2)
        self.assertEqual([path for path in self.server.files.contents() if "snapshots/" in path], [])
        gone = self.answer(self.backups.piece(manifest.number, 0, 0))
        self.assertIsInstance(gone, NoSnapshot)

    def test_notYet(self) -> None:
        """
        A server that has not got so far is asked again; and who wants a later state than there is a snapshot of gets
        another one.
        """
        _, first = self.described(1)
        self.assertEqual(self.described(1)[1], first)
        least = self.server.appliedIndex + 1
        self.assertEqual(self.answer(self.backups.describe(least)), NotYet())
        Client(self.cluster.leader()).set(b"key", b"value")
        self.cluster.run(1.0)
        _, second = self.described(least)
        self.assertNotEqual(second.number, first.number)
        self.assertGreaterEqual(second.index, least)

    def test_fewAtOnce(self) -> None:
        """
        However many pieces are asked for at once, few are read, and the others are refused: whoever made a backup would
        ask for one after the other.
        """
        _, manifest = self.described(0)
        asked = [self.backups.piece(manifest.number, 0, 0) for _ in range(100)]
        refused = [self.successResultOf(each) for each in asked if each.called]
        self.assertEqual(refused, [Unavailable()] * (100 - MAX_PIECES))
        found = [self.answer(each) for each in asked[:MAX_PIECES]]
        self.assertEqual([type(each) for each in found], [Found] * MAX_PIECES)
        self.assertIsInstance(self.answer(self.backups.piece(manifest.number, 0, 0)), Found)

    def test_diskHangs(self) -> None:
        """
        Where the disk does not answer, the client is answered all the same, and no more is asked of the disk.
        """
        _, manifest = self.described(0)
        goOn = self.server.pace.hang()
        asked = [self.backups.piece(manifest.number, 0, 0) for _ in range(MAX_PIECES)]
        self.cluster.run(self.cluster.config.requestTimeout)
        self.assertEqual([self.successResultOf(each) for each in asked], [Unavailable()] * MAX_PIECES)
        self.assertEqual(self.successResultOf(self.backups.piece(manifest.number, 0, 0)), Unavailable())
        goOn()
        self.cluster.run(1.0)
        self.assertIsInstance(self.answer(self.backups.piece(manifest.number, 0, 0)), Found)
