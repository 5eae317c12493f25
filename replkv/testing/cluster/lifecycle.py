"""
The life of a simulated server: its processes start, run and end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

from replkv import exits
from replkv.config import Config, ServerConfig
from replkv.node.handovers import HandOverFailed
from replkv.raft.core import Raft
from replkv.raft.repair import Repair
from replkv.service.descriptors import STORE, Descriptors
from replkv.service.host import Worker
from replkv.storage.errors import CorruptLog
from replkv.storage.files import Exhausted
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.storage.stamp import FolderError
from replkv.testing import rare
from replkv.testing.cluster.availability import Availability
from replkv.testing.cluster.durable import DurableLog
from replkv.testing.cluster.fulldisks import watchDisk
from replkv.testing.cluster.host import SimulatedHost
from replkv.testing.cluster.installs import noteCrash, watchInstalls
from replkv.testing.cluster.mistakes import watchMistakes
from replkv.testing.cluster.passedon import watchForwarding
from replkv.testing.cluster.patience import watchPatience
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.regression import watchCondemnation, watchRegressions
from replkv.testing.cluster.running import RunningMachine
from replkv.testing.cluster.service import WatchedService
from replkv.testing.cluster.store import Store
from replkv.testing.cluster.thread import Thread
from replkv.testing.cluster.unapplied import watchUnapplied
from replkv.testing.watch import watch

if TYPE_CHECKING:
    from replkv.testing.cluster.cluster import SimulatedCluster


class Lifecycle(RunningMachine):
    """
    The processes that run on a machine over time.

    @ivar status: with what status its last process ended by itself; C{None} if it did not.
    @ivar complaint: what that process said.
    """

    def __init__(self, cluster: SimulatedCluster, config: ServerConfig, file: Config) -> None:
        super().__init__(cluster, config, file)
        self.status: int | None = None
        self.complaint = ""
        self._availability: Availability | None = None  # Of its process.
        self._bridges = False
        self._isUp: Callable[[], None] = lambda: None  # Says that it runs again.
        self._asked = False
        self._operations = 0  # So many of those on its files have been looked at.

    def start(self) -> None:
        """
        Start a process, as C{twistd replkv} does.
        """
        assert self._process is None, f"server {self.id} is running"
        self._lives += 1
        self._asked = False
        cluster = self._cluster
        self.status, self.complaint = None, ""
        cluster.tell(self.name, "starts")
        self._isUp()
        process = self._process = Process(cluster.timeline, cluster.network, self.name, self.rate, self._stopping)
        cluster.network.returned(self.name)
        process.perform(self._start, process, self._chance("life", self.id, self._lives))

    def kill(self) -> None:
        """
        End its process at once, as SIGKILL does. The system brings to the disk what it was given.
        """
        self._cluster.tell(self.name, "is killed")
        self._end(silently=False)
        self.files = self.files.afterKill()

    def losePower(self) -> None:
        """
        End it at once, and the system with it: what was not synced is there, torn, or gone.
        """
        self._cluster.tell(self.name, "loses its power")
        self._end(silently=True)
        self.clocks.boot()
        self._bridges = True
        self.files = self.files.afterPowerLoss(self._random)

    def revive(self) -> None:
        """
        Start a process unless there is one, or had better be none.
        """
        if self._process is None and not self.condemned:
            self.start()

    def pause(self) -> None:
        """
        Stop its process, as SIGSTOP does.
        """
        if self._process is not None and not self._process.paused:
            self._cluster.tell(self.name, "is paused")
            self._process.pause()

    def suspend(self) -> None:
        """
        Suspend its machine. Its processes stand still, and so does the monotonic clock, but not the boot clock.
        """
        if self._process is not None and not self._process.paused:
            self._cluster.tell(self.name, "is suspended")
            self.clocks.sleep()
            self._process.pause()

    def resume(self) -> None:
        """
        Have its process go on, as SIGCONT does, or its machine.
        """
        self.clocks.wake()
        if self._process is not None and self._process.paused:
            self._cluster.tell(self.name, "goes on")
            self._process.resume()

    def stop(self) -> None:
        """
        Have it stop in order, as SIGTERM does. That takes a while.
        """
        if self._process is not None:
            self._asked = True
            self._process.stop()

    def handOver(self, besides: Sequence[int]) -> None:
        """
        Have it hand over.

        @param besides: to none of these.
        """
        if self._process is not None and self.isServing:
            self._process.perform(self._handOver, besides)

    def resetClock(self, wrong: float) -> None:
        """
        Have its wall clock jump, so that it is wrong by so many seconds.
        """
        self._cluster.tell(self.name, f"has a wall clock that is wrong by {wrong:g} s")
        before, self.clocks.wrong = self.clocks.wrong, wrong
        if self._process is not None and self.ticksByWallClock:
            self._process.jump(wrong - before)

    # For the cluster.

    @property
    def hasLostTime(self) -> bool:
        """
        Whether it may be wrong about the cluster's time: nobody has told it since it was last left to its wall clock.
        """
        if self._service is not None and self._service.knowsTime:
            self._bridges = False
        return self._bridges and not self.leads

    def awaitAnswers(self) -> None:
        """
        Have the judge look at what its clients wait for.
        """
        if self._availability is None:
            return
        if self.isPaused:
            self._availability.standsStill()
        else:
            self._availability.look()

    def _handOver(self, besides: Sequence[int]) -> None:
        handed = self.node.handOver("it is told to", besides)
        handed.addErrback(lambda failure: failure.trap(HandOverFailed))

    def _start(self, process: Process, random: Random) -> None:
        cluster = self._cluster
        self.files.failing = self._refuses
        opened = self._open(random)
        if opened is None:
            return
        folder, storage = opened
        self._checkLog(storage)
        # It may have lost its readings of the clocks.
        self._bridges = self._bridges or self.hadBadDisk
        # What was wrong with its disk before this start is no excuse any more.
        self.hadBadDisk = (
            self.rotten > 0 or self.condemned or self.failing is not None or self.storeFails or self.store.isRotten
        )
        self._threads = []

        def worked() -> None:
            if not any(thread.isWriting for thread in self._threads):
                self._note(storage)

        def worker(name: str) -> Worker:
            pace = self.loginPace if name == "logins" else self.pace
            thread = Thread(cluster.timeline, process, random, pace, worked)
            self._threads.append(thread)
            return thread

        host = SimulatedHost(process, self.config, random, self.clocks, worker, self._openStore, self._complain)
        descriptors = Descriptors(cluster.config.maxConnections, STORE.most)
        self._service = WatchedService(
            lambda raft: self._watch(raft, storage),
            host,
            self.file,
            self.config,
            folder,
            storage,
            descriptors,
            cluster.limits,
            self.versions,
        )
        self._service.startService()
        if self.isServing:
            watchPatience(cluster, self._service.assembly)
            watchForwarding(cluster, self._service.assembly)
            watchInstalls(cluster, self._service.assembly)
            watchDisk(cluster, self.id, self._service.assembly)
            watchCondemnation(cluster, self._service.assembly)
            watchMistakes(cluster, self.id, self._service.assembly)
            watchUnapplied(cluster, self._service.assembly)
            roster = self._service.assembly.roster
            self._availability = Availability(
                self.file,
                self.id,
                self.raft,
                self.node,
                cluster.judge.leaders,
                lambda server: cluster.servers[server].places,
                # One that others do not let in may have been put back, or run twice.
                lambda: cluster.quorums.wasExcluded(self.id) or roster.refuge is not None,
                process.seconds,
                lambda: cluster.health.settledFor(self.id),
            )
        self._begun(storage)

    def _open(self, random: Random) -> tuple[DataFolder, LogStorage] | None:
        """
        Open its data folder, and the log in it.

        @return: C{None} if that cannot be: the process has ended with a status.
        """
        cluster = self._cluster
        members = [server.id for server in self.file.servers]
        try:
            folder = DataFolder.open(self.files, f"/{self.id}", self.id, self.file.cluster, members, random)
            self._opened(folder)
            folder.begin(random)
            for peer in self.met.opened(folder, range(len(cluster.servers))):
                cluster.fail(f"server {self.id} has forgotten that it has met server {peer}")
            self._operations = len(self.files.operations)
            storage = LogStorage.open(
                self.files, folder.logPath, random, cluster.segmentBytes, mayRepair=len(members) > 1
            )
            folder.removeLeftovers(storage.store)
        except (Exhausted, FolderError) as error:
            isStarved = isinstance(error.__cause__ or error, Exhausted)
            self._exit(exits.SYSTEM if isStarved else exits.CONFIGURATION, str(error))
            return None
        except (CorruptLog, OSError) as error:
            if isinstance(error, CorruptLog):
                self.condemned = True
                cluster.rare[rare.ROT_FOUND] += 1
                if not self.rotten:
                    cluster.fail(f"server {self.id} takes its log for damaged, and it is not: {error}")
            self._exit(exits.DISK, str(error))
            return None
        return folder, storage

    def _begun(self, storage: LogStorage) -> None:
        """
        Its process has begun, well or not.
        """

    def _checkLog(self, storage: LogStorage) -> None:
        """
        See what it makes of its log.
        """
        cluster, damage = self._cluster, storage.damage
        # It may have gone from the log since.
        isRotten = self.rotten >= max(1, storage._start.segment)
        if isRotten != (damage is not None):
            wrong = (
                "has not noticed that its log is damaged" if isRotten else "takes its log for damaged, and it is not"
            )
            cluster.fail(f"server {self.id} {wrong}")
        if storage.cutBytes:
            cluster.rare[rare.TORN_TAIL] += 1
        if damage is None:
            if not self.hadBadDisk and not self.hasForgotten and not self.disk.isIn(storage):
                cluster.fail(f"server {self.id} has lost something that was synced")
            self._note(storage)
            return
        cluster.rare[rare.ROT_FOUND] += 1
        # A write that a crash has interrupted may have brought a later vote, and other entries of a later term.
        term, vote = self.disk.term, self.disk.votedFor
        if storage.term < term or (storage.term == term and vote not in (None, storage.votedFor)):
            cluster.fail(f"server {self.id} has forgotten its vote with a part of its log")
        self._lose(damage.had)

    def _lose(self, told: Repair) -> None:
        """
        Its log has lost entries. The others may go on to count on what it had.

        @param told: what it believes to have had.
        """
        lastIndex, lastTerm = self.disk.lastIndex, self.disk.lastTerm
        if told.lastTerm < lastTerm or (told.lastTerm == lastTerm and told.lastIndex < lastIndex):
            self._cluster.fail(
                f"server {self.id} takes its log to have had {told}, and it had {lastIndex} of {lastTerm}"
            )
        self._cluster.judge.lostEntries(self, Repair(min(lastIndex, told.lastIndex), lastTerm))
        self.disk = DurableLog(self._cluster.isCommitted, self.disk)

    def _openStore(self, path: str) -> Store:
        if self._service is not None and not self.isServing:
            # The first is the one that the log names; but not when a crash interrupts what is done to a snapshot.
            self._storePath = path
        return self.openStore(path)

    def _note(self, storage: LogStorage) -> None:
        rareNow, operations = self._cluster.rare, self.files.operations
        # That is what becomes of a file before it is the next spare one; a new one is made by that name.
        unfinished = f"/{self.id}/log/unfinished.segment"
        rareNow[rare.FILE_USED_AGAIN] += operations[self._operations :].count(("rename", unfinished))
        self._operations = len(operations)
        if not self.hasForgotten:
            rareNow[rare.COMPACTED] += self.disk.firstIndex < storage.firstIndex <= self.disk.lastIndex
            self.disk.note(storage)

    def _watch(self, raft: Raft, storage: LogStorage) -> None:
        """
        Have the judge look at the core. Of a server that has forgotten something it looks at nothing but what others
        make of it.
        """
        # Where the log had rotted, it has begun anew.
        self.rotten = 0
        self._note(storage)
        if not self.hasForgotten:
            watch(raft, self, self._cluster.judge, self._cluster.judging)
            watchRegressions(self._cluster, raft)

    def _complain(self, line: str) -> None:
        self.complaint = line

    def _stopping(self) -> None:
        """
        Its process wants to end in order.
        """
        service, process = self._service, self._process
        assert service is not None
        assert process is not None
        if service.running:
            stopped = service.stopService()
            stopped.addErrback(lambda failure: self._cluster.fail(f"server {self.id} stops badly: {failure.value!r}"))
            stopped.addCallback(lambda _: process.callLater(0, self._stopped, process, service))

    def _stopped(self, process: Process, service: WatchedService) -> None:
        if process is self._process:
            self._exit(service.exitStatus, self.complaint)

    def _exit(self, status: int, complaint: str) -> None:
        self.status, self.complaint = status, complaint
        if not status and not self._asked and not self._cluster.quorums.wasRemoved(self.id):
            self._cluster.fail(f"server {self.id} ends unasked, and says with its status that all is well")
        if status == exits.SYSTEM and self.isServing:
            self._cluster.fail(f"server {self.id} does not wait for what its system lacks: {complaint}")
        self._end(silently=False)
        self.files = self.files.afterKill()
        self._cluster.exited(self.id)

    def _troubles(self) -> Callable[[], None]:
        """
        It has no process.

        @return: ends that.
        """
        return self._cluster.health.trouble([self.id])

    def _end(self, silently: bool) -> None:
        if self.isServing:
            noteCrash(self._cluster, self.service.assembly)
        self.clocks.wake()
        process, self._process, self._service, self._availability = self._process, None, None, None
        assert process is not None, f"server {self.id} is not running"
        process.kill(silently)
        self._isUp = self._troubles()
        for thread in self._threads:
            interrupted = thread.interrupt(self.files)
            if interrupted is not None:
                _, path = self.files.operations[-1]
                self._cluster.interrupted(interrupted, path)
        self._threads = []
        self._crashStores()
