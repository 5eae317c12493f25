"""
Tests for the workers: on a simulated cluster, while things go wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase

from replkv import OutcomeUnknown, Unavailable, VersionMismatch
from replkv.testing import SimulatedCluster, disturb
from tests.example.worker import Worker

JOBS: Final = [b"job1", b"job2", b"job3"]
SEEDS: Final = range(25)


class Employee:
    """
    A worker on a host of its own. Every job takes it a second.

    @ivar host: its host.
    @ivar busy: whether it is at work.
    @ivar done: fires with the jobs that it has done.
    """

    def __init__(self, cluster: SimulatedCluster, name: str, workerClass: type[Worker] = Worker) -> None:
        self.name = name
        self.host = cluster.process(name)
        self.busy = False
        self._cluster = cluster
        worker = workerClass(self.host, cluster.client(self.host), name.encode(), self._work)
        self.done = Deferred.fromCoroutine(worker.run(JOBS))

    def pause(self) -> None:
        """
        Have the whole process stand still, as for a long garbage collection or a laptop that is closed.
        """
        self._cluster.tell(self.name, "is paused")
        self.host.pause()

    def resume(self) -> None:
        """
        Have it go on.
        """
        self._cluster.tell(self.name, "goes on")
        self.host.resume()

    async def _work(self, job: bytes) -> bytes:
        self._cluster.tell(self.name, f"works at {job.decode()}")
        self.busy = True
        await deferLater(self.host, 1.0)
        self.busy = False
        return b"42"


class WorkerTests(SynchronousTestCase):
    """
    Tests for what workers do when one thing goes wrong.
    """

    def setUp(self) -> None:
        """
        Start a cluster, with jobs that wait.
        """
        self.cluster = SimulatedCluster(3, seed=1)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        client = self.cluster.client()
        self.cluster.result(gatherResults([client.set(job, b"waiting") for job in JOBS]))

    def test_leaderDies(self) -> None:
        """
        The server that leads dies while a worker is at work. All that the worker notices is that it has to wait.
        """
        ann = Employee(self.cluster, "ann")
        self.cluster.until(lambda: ann.busy, "Ann is at work")
        self.cluster.leader().kill()
        self.assertEqual(self.cluster.result(ann.done), JOBS)

    def test_leaderCutOff(self) -> None:
        """
        The server that leads is cut off from the others, though not from the worker. Another one leads, and the worker
        finds it.
        """
        leader = self.cluster.leader()
        self.cluster.partition([leader.id], {0, 1, 2} - {leader.id})
        ann = Employee(self.cluster, "ann")
        self.assertEqual(self.cluster.result(ann.done), JOBS)
        self.assertIsNot(self.cluster.leader(), leader)

    def test_workerPaused(self) -> None:
        """
        A worker stands still for longer than its lease. Another one does all the jobs, and when the first one goes on,
        it learns that its result does not count.
        """
        ann = Employee(self.cluster, "ann")
        self.cluster.until(lambda: ann.busy, "Ann is at work")
        ann.pause()
        bob = Employee(self.cluster, "bob")
        bobs = self.cluster.result(bob.done)
        self.assertEqual(sorted(bobs), JOBS)
        ann.resume()
        self.assertEqual(self.cluster.result(ann.done), [])


def whatGoesWrong(
    seed: int, workerClass: type[Worker] = Worker, tell: Callable[[str], None] | None = None
) -> str | None:
    """
    Let three workers do three jobs, while all that can go wrong in the cluster does, and the workers stand still too.

    @param tell: is given the story, line by line.
    @return: what is wrong when all is over; C{None} if nothing is.
    """
    random = Random(seed)
    with SimulatedCluster(3, seed, tell) as cluster:
        client = cluster.client()
        cluster.result(gatherResults([client.set(job, b"waiting") for job in JOBS]))
        faults = disturb(cluster, 6.0)
        employees = [Employee(cluster, name, workerClass) for name in ("ann", "bob", "cleo")]
        for employee in employees:
            start = random.uniform(0.0, 3.0)
            cluster.reactor.callLater(start, employee.pause)
            cluster.reactor.callLater(start + random.uniform(1.0, 4.0), employee.resume)
        cluster.run(10.0)
        faults.mend()
        done = cluster.result(gatherResults([employee.done for employee in employees]))
        for job in JOBS:
            value = cluster.result(client.get(job))
            claims = [employee.name for employee, jobs in zip(employees, done, strict=True) if job in jobs]
            if [value] != [b"done by %b: 42" % name.encode() for name in claims]:
                return f"{job!r} is {value!r}, and those who say that they have done it are {claims}"
    return None


class SeedTests(SynchronousTestCase):
    """
    Tests for what workers do when everything goes wrong.
    """

    def test_seeds(self) -> None:
        """
        Each job is done by one worker, who knows it.
        """
        wrong = {seed: what for seed in SEEDS[:8] if (what := whatGoesWrong(seed)) is not None}
        self.assertEqual(wrong, {})

    def test_oneRun(self) -> None:
        """
        A seed gives the same run each time.
        """
        stories: list[list[str]] = [[], []]
        for story in stories:
            whatGoesWrong(7, tell=story.append)
        self.assertEqual(*stories)


class Trusting(Worker):
    """
    Takes it that what it once had is still its own: it stores its result, whatever happened meanwhile.
    """

    async def finish(self, job: bytes, version: int, result: bytes) -> bool:
        """
        See L{Worker.finish}.
        """
        await self.client.set(job, b"done by %b: %b" % (self.name, result))
        return True


class Hasty(Worker):
    """
    Takes a write of which nobody knows what came for one that was not carried out.
    """

    async def finish(self, job: bytes, version: int, result: bytes) -> bool:
        """
        See L{Worker.finish}.
        """
        try:
            await self.client.cas(job, version, b"done by %b: %b" % (self.name, result))
        except (VersionMismatch, OutcomeUnknown, Unavailable):
            return False
        return True


class MistakeTests(SynchronousTestCase):
    """
    Tests for the test: it finds mistakes.
    """

    def test_trusting(self) -> None:
        """
        Some seed shows that a worker that has been paused must not finish what it began.
        """
        self.assertTrue(any(whatGoesWrong(seed, Trusting) for seed in SEEDS))

    def test_hasty(self) -> None:
        """
        Some seed shows that a write of which nobody knows what came may have been carried out.
        """
        self.assertTrue(any(whatGoesWrong(seed, Hasty) for seed in SEEDS))
