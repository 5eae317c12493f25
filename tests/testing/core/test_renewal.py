"""
Simulated servers that lose their data folders: what is late for the one before, or from it.
"""

from __future__ import annotations

from replkv.raft.changes import named, replaced
from replkv.raft.messages import RequestVote, RequestVoteReply
from replkv.testing.core.network import Folders
from tests.testing.core.test_server import ServerCase

REQUEST = RequestVote(term=9, lastLogIndex=0, lastLogTerm=0, preVote=False)
REPLY = RequestVoteReply(term=9, granted=True, preVote=False)


class RenewalTests(ServerCase):
    """
    A follower loses its folder.
    """

    def setUp(self) -> None:
        """
        It is down.
        """
        super().setUp()
        self.server, self.other = self.followers
        self.before = self.server.folder
        self.cluster.renew(self.server.id)

    def assertLetIn(self, isLetIn: bool, request: bool, folder: str) -> None:
        """
        The leader is sent something with a folder of the server's, and lets it in, or does not.
        """
        folders = Folders(folder, self.leader.folder)
        found = self.cluster._isLetIn(self.server, self.leader, REQUEST if request else REPLY, folders)
        self.assertEqual(found, isLetIn)

    def test_empty(self) -> None:
        """
        There is nothing on its disk, and what there was is known by its former folder.
        """
        self.assertEqual(self.server.disk.lastIndex, 0)
        self.assertNotEqual(self.server.folder, self.before)
        self.assertTrue(self.server.disks[self.before].has(1, self.leader.raft.currentTerm))

    def test_notReplaced(self) -> None:
        """
        It is not let in; what comes late of its former folder is.
        """
        for request in (True, False):
            self.assertLetIn(False, request, self.server.folder)
            self.assertLetIn(True, request, self.before)

    def test_replaced(self) -> None:
        """
        As soon as it is replaced, its former folder's answers are taken no more, and as soon as that is committed, nor
        is what that asks for. And it is let in.
        """
        self.leader.into(self.change)
        self.assertLetIn(False, False, self.before)
        self.assertLetIn(True, True, self.before)
        self.cluster.run(1.0)
        self.assertLetIn(False, True, self.before)
        for request in (True, False):
            self.assertLetIn(True, request, self.server.folder)

    def change(self) -> None:
        """
        The leader replaces it. It is known by the folder that it had.
        """
        raft = self.leader.raft
        known = named(raft.configuration, self.server.id, self.before, None)
        raft.change(replaced(known, self.server.id))

    def test_lateForFormer(self) -> None:
        """
        What was sent to its former folder does not reach it.
        """
        folders = Folders(self.leader.folder, self.before)
        self.assertFalse(self.cluster._isLetIn(self.leader, self.server, REQUEST, folders))

    def test_comesAgain(self) -> None:
        """
        It comes with its new folder, and has all again.
        """
        self.leader.into(self.change)
        self.cluster.restart(self.server.id)
        self.cluster.run(1.0)
        self.leader.into(self.name)
        self.cluster.until(lambda: self.server.id in self.leader.raft.configuration.voters, "it has its vote", 20)
        self.assertEqual(self.server.machine.appliedIndex, self.leader.machine.appliedIndex)

    def name(self) -> None:
        """
        The leader names its new folder.
        """
        raft = self.leader.raft
        raft.change(named(raft.configuration, self.server.id, self.server.folder, None))
