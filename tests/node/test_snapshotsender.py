"""
Tests for L{replkv.node.snapshotsender}, with threads in the test's hands.
"""

from __future__ import annotations

from functools import partial
from random import Random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.set import Set
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.node.limits import NODE_LIMITS
from replkv.node.snapshotsender import SnapshotSender
from replkv.peers.snapshots import NotYet
from replkv.raft.entry import Entry
from replkv.testing.cluster.store import saveFile
from replkv.testing.files import MemoryFiles
from tests.node.thread import Thread

FOLDER = "/0/snapshots"


class TakenBackTests(SynchronousTestCase):
    """
    A snapshot that is taken back, at whatever moment that is.
    """

    def test_nothingIsLeft(self) -> None:
        """
        Its files go, also where they are made only after it was taken back.
        """
        for moment in range(6):
            files, store, disk = MemoryFiles(), Thread(), Thread()
            machine = StateMachine(MemoryEngine(save=partial(saveFile, files)))
            machine.apply([Entry(1, 1, Set(b"k", 0, b"v", False).encode(0))])
            sender = SnapshotSender(machine, files, FOLDER, store.run, disk.run, Clock(), Random(0), NODE_LIMITS)
            self.failureResultOf(sender.take(1, 1), NotYet)
            for _ in range(moment):
                disk.work() or store.work()
            sender.doubt()
            while disk.work() or store.work():
                pass
            self.assertEqual([name for name in files.contents() if name.startswith(FOLDER)], [], moment)
