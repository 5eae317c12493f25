"""
A simulated server: the processes that run over time on its machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

from replkv import exits
from replkv.config import ServerConfig
from replkv.kv.machine import StateMachine
from replkv.kv.record import hashOf
from replkv.kv.state import readState
from replkv.node.handovers import HandOverFailed
from replkv.node.node import Node
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
from replkv.testing.cluster.machine import SimulatedMachine
from replkv.testing.cluster.patience import watchPatience
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.regression import watchCondemnation, watchRegressions
from replkv.testing.cluster.service import WatchedService
from replkv.testing.cluster.store import GHOST, Store
from replkv.testing.cluster.thread import Thread
from replkv.testing.watch import watch

if TYPE_CHECKING:
    from replkv.testing.cluster.cluster import SimulatedCluster


class SimulatedServer(SimulatedMachine):
    """
    @ivar status: with what status its last process ended by itself; C{None} if it did not.
    @ivar complaint: what that process said.
    """

    def __init__(self, cluster: SimulatedCluster, config: ServerConfig) -> None:
        super().__init__(cluster, config)
        self.status: int | None = None
        self.complaint = ""
        self._process: Process | None = None
        self._service: WatchedService | None = None
        self._availability: Availability | None = None  # Of its process.
        self._threads: list[Thread] = []
        self._lives = 0
        self._bridges = False
        self._isUp: Callable[[], None] = lambda: None  # Says that it runs again.
        self._asked = False
        self._steps = 0
        self._operations = 0  # So many of those on its files have been looked at.
        self._doubted: Callable[[], None] | None = None  # Ends the trouble that it is in while its state is wrong.
        self._lacking: Callable[[], None] | None = None  # Ends the trouble that it is in while its log is repaired.
        self._isOut = False  # It has taken itself out, and has had no other store since.
        self._shock: float | None = None  # So many seconds after that it is killed.

    # What it is.

    @property
    def isRunning(self) -> bool:
        """
        Whether it has a process, paused or not.
        """
        return self._process is not None

    @property
    def isPaused(self) -> bool:
        """
        Whether it has a process that stands still.
        """
        return self._process is not None and self._process.paused

    @property
    def node(self) -> Node:
        """
        The node of its process.
        """
        return self.service.assembly.node

    @property
    def raft(self) -> Raft:
        """
        The core of its process.
        """
        return self.service.assembly.raft

    @property
    def leads(self) -> bool:
        """
        Whether it believes to lead.
        """
        return self.isServing and self.raft.leaderId == self.id

    @property
    def isServing(self) -> bool:
        """
        Whether it has a process that has started well.
        """
        return self._service is not None and self._service.isAssembled

    @property
    def life(self) -> int | None:
        """
        The number of its process; C{None} where there is none that has started well and is to go on.
        """
        return self._lives if self._service is not None and self.isServing and self._service.running else None

    @property
    def isWriting(self) -> bool:
        """
        Whether one of its threads is at work.
        """
        return any(thread.isBusy for thread in self._threads)

    @property
    def machine(self) -> StateMachine:
        """
        The state machine of its process.
        """
        return self.service.assembly.machine

    @property
    def links(self) -> list[int]:
        """
        The servers that have let its process in.
        """
        return sorted(peer for peer, link in self.service.assembly.links.items() if link.isUp)

    @property
    def lostLinks(self) -> list[int]:
        """
        The servers to which its process is not connected.
        """
        return sorted(peer for peer, link in self.service.assembly.links.items() if not link.isUp)

    @property
    def service(self) -> WatchedService:
        """
        What its process runs.
        """
        assert self._service is not None
        return self._service

    @property
    def appliedIndex(self) -> int:
        """
        The index of the last entry that it has applied.
        """
        index: int = self.machine.appliedIndex
        return index

    # What can be done to it.

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

    def doubt(self) -> None:
        """
        Have a reason to take itself out, until its state is right again.
        """
        if self._doubted is None:
            self._doubted = self._cluster.health.trouble([self.id])

    def goWrong(self, amount: float) -> None:
        """
        Come to hold what no entry has put there.

        @param amount: tells whether and when it is killed after it has found that out.
        """
        self.doubt()
        self._shock = amount / 10 if amount < 0.5 else None
        records = self.machine._records
        records.count += 1
        records.hash = (records.hash + hashOf(GHOST, 0, 0, b"")) % 2**64
        state = readState(self.store)
        self.store.haunt(state._replace(keys=records.count, hash=records.hash))

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

    def observe(self) -> None:
        """
        Have the judge look at what it has applied since the last time.
        """
        if not self.isServing or self.hasForgotten:
            return
        self._followStore()
        self._followDoubt()
        self._followRepair()
        if self.store.steps != self._steps and not self.store.isWrong:
            self._steps = self.store.steps
            self._cluster.judge.applied(self, self.appliedIndex, self.store.digest)

    def _followStore(self) -> None:
        """
        Take note where its machine has gone on from a snapshot.
        """
        assert self._service is not None
        engine = self._service.assembly.machine.engine
        if engine is not self.store:
            [self._storePath] = [path for path, store in self._stores.items() if store is engine]
            self._steps = -1
            self._cluster.rare[rare.STATE_REPLACED] += self._isOut
            self._isOut = False

    def _followRepair(self) -> None:
        """
        Take note where its log is repaired.
        """
        if self._lacking is not None and not self.raft.isRepairing:
            self._lacking()
            self._lacking = None

    def _followDoubt(self) -> None:
        """
        Have the judge look whether it has taken itself out, and for what.
        """
        store, isOut = self.store, self.raft.isDistrusted
        if isOut and not self._isOut:
            cluster = self._cluster
            cluster.tell(self.name, "takes itself out")
            if self._doubted is None and not store.isWrong:
                cluster.fail(f"server {self.id} takes itself out, and its state is right")
            cluster.rare[rare.WRONG_STATE_FOUND if store.isWrong else rare.ROTTEN_RECORD] += 1
            if self._shock is not None:
                cluster.timeline.callLater(self._shock, self._killOut)
            self._isOut = True
        if self._doubted is not None and not (isOut or store.isWrong or store.isRotten):
            self._doubted()
            self._doubted = None

    def _killOut(self) -> None:
        """
        Kill it, if it is still out.
        """
        if self._process is not None and self._isOut and self.isServing and self.raft.isDistrusted:
            self._cluster.rare[rare.WRONG_STATE_KILLED] += 1
            self.kill()
            self._cluster.timeline.callLater(0.1, self.revive)

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
        members = [server.id for server in cluster.config.servers]
        self.files.failing = self._refuses
        try:
            folder = DataFolder.open(self.files, f"/{self.id}", self.id, cluster.config.cluster, members, random)
            folder.begin(random)
            for peer in self.met.opened(folder, members):
                cluster.fail(f"server {self.id} has forgotten that it has met server {peer}")
            self._operations = len(self.files.operations)
            storage = LogStorage.open(
                self.files, folder.logPath, random, cluster.segmentBytes, mayRepair=len(members) > 1
            )
            folder.removeLeftovers(storage.store)
        except (Exhausted, FolderError) as error:
            isStarved = isinstance(error.__cause__ or error, Exhausted)
            self._exit(exits.SYSTEM if isStarved else exits.CONFIGURATION, str(error))
            return
        except (CorruptLog, OSError) as error:
            if isinstance(error, CorruptLog):
                self.condemned = True
                cluster.rare[rare.ROT_FOUND] += 1
                if not self.rotten:
                    cluster.fail(f"server {self.id} takes its log for damaged, and it is not: {error}")
            self._exit(exits.DISK, str(error))
            return
        self._checkLog(storage)
        # It may have lost its readings of the clocks.
        self._bridges = self._bridges or self.hadBadDisk
        # What was wrong with its disk before this start is no excuse any more.
        self.hadBadDisk = (
            self.rotten or self.condemned or self.failing is not None or self.storeFails or self.store.isRotten
        )
        self._threads = []

        def worker(name: str) -> Worker:
            thread = Thread(cluster.timeline, process, random, self.pace, lambda: self._note(storage))
            self._threads.append(thread)
            return thread

        host = SimulatedHost(process, self.config, random, self.clocks, worker, self._openStore, self._complain)
        descriptors = Descriptors(cluster.config.maxConnections, STORE.most)
        self._service = WatchedService(
            lambda raft: self._watch(raft, storage),
            host,
            cluster.config,
            self.config,
            folder,
            storage,
            descriptors,
            cluster.limits,
            self.versions,
        )
        self._service.startService()
        if self.isServing:
            self._isOut = len(members) > 1 and self._knowsToBeWrong(storage.store)
            if self._isOut and not self.raft.isDistrusted:
                cluster.fail(f"server {self.id} goes on with a state that it knows to be wrong")
            if self._isOut:
                self.doubt()
            if self.raft.isRepairing and self._lacking is None:
                self._lacking = cluster.health.trouble([self.id])
            watchPatience(cluster, self._service.assembly)
            watchInstalls(cluster, self._service.assembly)
            watchDisk(cluster, self.id, self._service.assembly)
            watchCondemnation(cluster, self._service.assembly)
            self._availability = Availability(
                cluster.config,
                self.id,
                self.raft,
                self.node,
                cluster.judge.leaders,
                process.seconds,
                lambda: cluster.health.settledFor(self.id),
            )
        self._steps = self.store.steps

    def _checkLog(self, storage: LogStorage) -> None:
        """
        See what it makes of its log.
        """
        cluster, damage = self._cluster, storage.damage
        if self.rotten != (damage is not None):
            wrong = (
                "has not noticed that its log is damaged" if self.rotten else "takes its log for damaged, and it is not"
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
        if (storage.term, storage.votedFor) != (self.disk.term, self.disk.votedFor):
            cluster.fail(f"server {self.id} has forgotten its vote with a part of its log")
        self._lose(damage.had)

    def _lose(self, told: Repair) -> None:
        """
        Its log has lost entries. The others may go on to count on what it had.

        @param told: what it believes to have had.
        """
        had = Repair(self.disk.lastIndex, self.disk.lastTerm)
        if told.lastIndex < had.lastIndex or told.lastTerm < had.lastTerm:
            self._cluster.fail(f"server {self.id} takes its log to have had {told}, and it had {had}")
        self._cluster.judge.lostEntries(self, had)
        self.disk = DurableLog(self._cluster.isCommitted, self.disk)

    def _openStore(self, path: str) -> Store:
        if not self.isServing:
            # The first is the one that the log names.
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
        self.rotten = False
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
        if not status and not self._asked:
            self._cluster.fail(f"server {self.id} ends unasked, and says with its status that all is well")
        if status == exits.SYSTEM and self.isServing:
            self._cluster.fail(f"server {self.id} does not wait for what its system lacks: {complaint}")
        self._end(silently=False)
        self.files = self.files.afterKill()
        self._cluster.exited(self)

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
