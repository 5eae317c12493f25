"""
Tests for L{replkv.service.clockkeeper}, in a server.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

from replkv.node.clusterclock import ClusterClock
from replkv.service.clockkeeper import CLOCK_INTERVAL
from replkv.storage.clockrecord import ClockRecord
from replkv.storage.folder import DataFolder
from tests.service.serving import ThreadlessTests


class ClockTests(ThreadlessTests):
    """
    Tests for the readings of the clocks that a server stores.
    """

    def read(self) -> int:
        """
        The time that is stored.
        """
        record = self.folder.readClock()
        assert record is not None
        return record.time

    def stop(self) -> None:
        """
        The server stops.
        """
        self.successResultOf(self.server.stopService())

    def test_stored(self) -> None:
        """
        They are stored every ten seconds, and at the stop; not at the start, when the time is guessed from what is
        stored already, but as soon as it is known better.
        """
        self.stop()
        self.prepare(3)
        times: list[int] = []
        self.patch(ClusterClock, "now", lambda clock: len(times) + 70)
        self.server.startService()
        self.reactor.advance(1)
        self.assertIsNone(self.folder.readClock())
        assert self.server._parts is not None
        self.server._parts.clock.isMeasured = True
        self.reactor.advance(1)
        times.append(self.read())
        for _ in range(3):
            self.reactor.advance(CLOCK_INTERVAL)
            times.append(self.read())
        self.stop()
        self.assertEqual(times, [70, 71, 72, 73])
        record = json.loads(Path(self.folder.logPath).with_name("clock.json").read_text())
        self.assertEqual(record["Time"], 74)

    def test_alone(self) -> None:
        """
        Nobody tells the only server of a cluster the time, so it stores what it begins with: else nothing would tell,
        after a loss of power in its first ten seconds, how long it was down.
        """
        self.patch(ClusterClock, "now", lambda clock: 70)
        for stored in (None, ClockRecord(50, 1.0, 1.0, "this", True)):
            self.patch(self.server._on.host, "bootId", lambda: "this")
            if stored is not None:
                self.folder.writeClock(stored)
            self.server.startService()
            self.assertEqual(self.read(), 70)
            self.stop()
            self.setUp()

    def test_aloneAndBooted(self) -> None:
        """
        It does not do so at the start of its machine, when the wall clock that bridges the time may yet be set right.
        """
        self.folder.writeClock(ClockRecord(50, 1.0, 1.0, "another", True))
        self.patch(self.server._on.host, "bootId", lambda: "this")
        self.patch(ClusterClock, "now", lambda clock: 70)
        self.server.startService()
        self.reactor.advance(1)
        self.assertEqual(self.read(), 50)
        self.reactor.advance(CLOCK_INTERVAL)
        self.assertEqual(self.read(), 70)
        self.stop()

    def test_countedOn(self) -> None:
        """
        A server that was down while its machine was up knows the time, if it knew it before.
        """
        for isKnown, bootId, known in ((True, "this", True), (False, "this", False), (True, "another", False)):
            self.patch(self.server._on.host, "bootId", lambda: "this")
            self.folder.writeClock(ClockRecord(70, 1.0, 1.0, bootId, isKnown))
            self.server.startService()
            assert self.server._parts is not None
            self.assertEqual(self.server._parts.clock.isKnown, known)
            self.stop()
            record = self.folder.readClock()
            assert record is not None
            self.assertEqual(record.isKnown, known)
            self.setUp()

    def test_cannotBeStored(self) -> None:
        """
        Where they cannot be stored, the operator is told so once, and the server goes on.
        """

        def fail(folder: DataFolder, record: ClockRecord) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        self.patch(DataFolder, "writeClock", fail)
        self.server.startService()
        for _ in range(3):
            self.reactor.advance(CLOCK_INTERVAL)
        told = [line for line in self.lines if "the cluster's time cannot be stored" in line]
        self.assertEqual(len(told), 1)
        self.assertIn("No space left on device", told[0])
        self.assertEqual(self.server.exitStatus, 0)
        self.stop()

    def test_damaged(self) -> None:
        """
        A damaged one is told, and the server starts.
        """
        Path(self.folder.logPath).with_name("clock.json").write_text("{")
        self.server.startService()
        self.assertIn("clock.json is damaged; until a leader tells the time", self.lines[0])
        self.stop()
