"""
Workers that share jobs through a replkv cluster.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from replkv import Client, OutcomeUnknown, Unavailable, VersionMismatch

LEASE: Final = 2
PAUSE: Final = 0.5


class Worker:
    """
    Does jobs, beside other workers on other hosts.

    A job is a key. Its value tells how far it is: C{waiting}, C{taken by WORKER}, C{done by WORKER: RESULT}. Whoever
    takes it also sets a key that expires, the lease. While there is a lease, nobody else takes the job. When there is
    none any more, whoever had the job may have died. It may also be slow, and finish later. So a worker remembers the
    version that the key got when it took the job, and its result counts only if that is still the version.
    """

    def __init__(
        self, reactor: IReactorTime, client: Client, name: bytes, work: Callable[[bytes], Awaitable[bytes]]
    ) -> None:
        """
        @param name: no other worker has it.
        @param work: does a job, and gives its result.
        """
        self.client = client
        self.name = name
        self._reactor = reactor
        self._work = work

    async def run(self, jobs: Sequence[bytes]) -> list[bytes]:
        """
        Work until all jobs are done.

        @return: those that this worker has done.
        """
        left, mine = list(jobs), []
        while left:
            for job in list(left):
                # Where nobody knows, or someone else was faster, the next round will tell.
                with suppress(OutcomeUnknown, Unavailable, VersionMismatch):
                    found = await self.client.getm(job)
                    if found is None or found.value.startswith(b"done"):
                        left.remove(job)
                    elif await self.client.get(b"lease/" + job) is None:
                        version = await self.take(job, found.version)
                        if await self.finish(job, version, await self._work(job)):
                            mine.append(job)
            await deferLater(self._reactor, PAUSE)
        return mine

    async def take(self, job: bytes, version: int) -> int:
        """
        Take a job.

        @param version: the job's key had it when nobody had the job.
        @return: the version that it has now.
        """
        taken = await self.client.cas(job, version, b"taken by " + self.name)
        await self.client.set(b"lease/" + job, self.name, LEASE)
        return taken

    async def finish(self, job: bytes, version: int, result: bytes) -> bool:
        """
        Store the result of a job.

        @param version: the job's key had it when this worker took the job.
        @return: whether the result counts.
        """
        value = b"done by %b: %b" % (self.name, result)
        while True:
            # To try again is safe: of all writes that want the same version, only one can be carried out.
            with suppress(OutcomeUnknown, Unavailable):
                try:
                    await self.client.cas(job, version, value)
                except VersionMismatch:
                    # That may have been this worker's own write, of which it was not told.
                    return await self.client.get(job) == value
                return True
