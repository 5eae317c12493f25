"""
Tests for L{replkv.cli.cluster.servers}.
"""

from __future__ import annotations

import errno
import sys

from twisted.trial.unittest import SynchronousTestCase

from replkv.cli.cluster.servers import Servers
from replkv.exits import CONFIGURATION, DISK, NOT_YET, SYSTEM
from tests.cli.cluster.machine import FakeProcess, Machine
from tests.cli.test_status import CONFIG
from tests.network import Network

LAST = min(server.id for server in CONFIG.servers)


class Observed:
    """
    Remembers what it is told.
    """

    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def started(self, serverId: int, pid: int) -> None:
        """
        A server has a process.
        """
        self.seen.append((serverId, pid))

    def ended(self, serverId: int, how: str, status: int | None, lastLine: str) -> None:
        """
        A server's process has ended.
        """
        self.seen.append((serverId, how, status, lastLine))


class ServersTests(SynchronousTestCase):
    """
    Tests for L{Servers}.
    """

    def setUp(self) -> None:
        """
        Start the servers.
        """
        self.network = Network()
        self.machine = Machine(self.network)
        self.observed = Observed()
        self.servers = Servers(self.machine, CONFIG, "servers.json", self.observed)
        self.servers.start()
        # Longer than it takes for an end to count as an end at once.
        self.network.advance(Servers.START_TIME + 1)

    def restarted(self, after: float = 0) -> list[FakeProcess]:
        """
        The processes that are started within C{after} seconds from now.
        """
        before = len(self.machine.processes)
        self.network.advance(after)
        return self.machine.processes[before:]

    def test_start(self) -> None:
        """
        There is a process for each server: a twistd of this Python that logs into the server's folder.
        """
        self.assertEqual(self.observed.seen, [(10, 100), (20, 101), (30, 102)])
        args = list(self.machine.processes[1].args)
        self.assertEqual(args[0], sys.executable)
        self.assertIn("twistd", str(args[2]))
        self.assertEqual(
            args[3:], ["-n", "--logfile", "var/20/server.log", "replkv", "--id", "20", "--config", "servers.json"]
        )

    def test_restart(self) -> None:
        """
        A server that was killed, or failed, or simply ended, is started again.
        """
        for number, (status, signal, how) in enumerate(
            [(None, 9, "was killed by signal 9"), (2, None, "failed with exit status 2"), (0, None, "ended by itself")]
        ):
            self.observed.seen.clear()
            self.machine.processes[number].end(status, signal, b"first\nlast words \n\n")
            self.assertEqual(self.observed.seen, [(10 * number + 10, how, status, "last words")])
            self.assertEqual(self.restarted()[0].args, self.machine.processes[number].args)

    def test_noProcess(self) -> None:
        """
        Where the system starts no process, that is told with its reason, and tried again.
        """
        self.machine.lacking = errno.EMFILE
        self.observed.seen.clear()
        for process in list(self.machine.processes):
            process.end(killedBy=9)
        self.network.advance(20)
        told = ("failed with exit status 71", SYSTEM, "no process can be started: Too many open files")
        for server in CONFIG.servers:
            self.assertGreater(self.observed.seen.count((server.id, *told)), 1)
        self.machine.lacking = 0
        self.observed.seen.clear()
        self.network.advance(60)
        self.assertEqual(len(self.observed.seen), len(CONFIG.servers))

    def test_restartDelay(self) -> None:
        """
        A server that dies at once again and again is started less and less often, but never given up.
        """
        process = self.machine.processes[0]
        process.end(2)
        [process] = self.restarted()
        for delay in (1, 2, 4, 8, 16, 30, 30):
            process.end(2)
            self.assertEqual(self.restarted(delay - 0.5), [])
            [process] = self.restarted(0.5)

    def test_notYet(self) -> None:
        """
        A server that cannot start yet is tried again, with pauses, however long each try takes.
        """
        process = self.machine.processes[0]
        process.end(NOT_YET)
        [process] = self.restarted()
        for delay in (1, 2, 4, 8, 16, 30, 30):
            self.assertEqual(self.restarted(Servers.START_TIME - 1), [])
            process.end(NOT_YET, error=b"replkv: not yet\n")
            self.assertEqual(self.restarted(delay - 0.5), [])
            [process] = self.restarted(0.5)
        self.assertEqual(self.observed.seen[-1], (10, process.pid))
        self.assertNoResult(self.servers.finished)

    def test_refused(self) -> None:
        """
        A server that stopped by its own decision is not started again. When all have, it is over.
        """
        for process, status in zip(list(self.machine.processes), (CONFIGURATION, DISK, CONFIGURATION), strict=True):
            self.assertNoResult(self.servers.finished)
            process.end(status, error=b"replkv: no\n")
            self.assertEqual(self.observed.seen[-1][2:], (status, "replkv: no"))
        self.assertEqual(self.restarted(100), [])
        self.successResultOf(self.servers.finished)

    def test_stop(self) -> None:
        """
        To stop is to send SIGTERM once, and to wait for the last one; nothing is told of those that end.
        """
        self.observed.seen.clear()
        self.servers.stop(None)
        for process in self.machine.processes:
            self.assertEqual(process.signals, ["TERM"])
            self.assertNoResult(self.servers.finished)
            process.end()
        self.successResultOf(self.servers.finished)
        self.assertEqual((self.observed.seen, self.restarted(100)), ([], []))

    def test_leaderLast(self) -> None:
        """
        The one that is to be stopped last is told when all others have ended, and none is started again meanwhile.
        """
        last, first, second = self.machine.processes
        self.servers.stop(LAST)
        self.assertEqual([process.signals for process in self.machine.processes], [[], ["TERM"], ["TERM"]])
        first.end()
        self.assertEqual((last.signals, self.restarted(1)), ([], []))
        second.end()
        self.assertEqual(last.signals, ["TERM"])
        self.assertNoResult(self.servers.finished)
        last.end()
        self.successResultOf(self.servers.finished)
        self.assertEqual(self.restarted(100), [])

    def test_leaderIsGone(self) -> None:
        """
        Where the one that is to be stopped last has no process, the others do not wait for it; nor does it for those
        that have none.
        """
        self.machine.processes[0].end(2)
        self.servers.stop(LAST)
        self.assertEqual([process.signals for process in self.machine.processes[1:]], [["TERM"], ["TERM"]])
        for process in self.machine.processes[1:]:
            process.end()
        self.successResultOf(self.servers.finished)
        self.assertEqual(self.restarted(100), [])

    def test_onlyLeaderIsLeft(self) -> None:
        """
        So it is where the others wait to be started again.
        """
        for process in self.machine.processes[1:]:
            process.end(2)
        self.servers.stop(LAST)
        self.assertEqual(self.machine.processes[0].signals, ["TERM"])
        self.machine.processes[0].end()
        self.successResultOf(self.servers.finished)
        self.assertEqual(self.restarted(100), [])

    def test_kill(self) -> None:
        """
        A server that does not stop in time is killed.
        """
        self.servers.stop(None)
        self.network.advance(Servers.KILL_TIME - 1)
        self.assertNoResult(self.servers.finished)
        self.network.advance(1)
        self.assertEqual([process.signals for process in self.machine.processes], [["TERM", "KILL"]] * 3)
        self.successResultOf(self.servers.finished)

    def test_stopBetweenRestarts(self) -> None:
        """
        A server that waits to be started again when all are stopped is not.
        """
        self.machine.processes[0].end(2)
        self.servers.stop(None)
        for process in self.machine.processes[1:]:
            process.end()
        self.successResultOf(self.servers.finished)
        self.assertEqual(self.restarted(100), [])

    def test_lastWordsAreBounded(self) -> None:
        """
        A server that writes without end does not fill the memory.
        """
        process = self.machine.processes[0]
        for _ in range(100):
            process.protocol.childDataReceived(2, b"x" * 1000)
        process.end(2)
        self.assertEqual(len(str(self.observed.seen[-1][3])), 4096)
