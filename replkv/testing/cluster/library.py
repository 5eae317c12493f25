"""
A simulated client that uses the client library, as applications do.
"""

from __future__ import annotations

from random import Random

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from replkv.client.client import Client, Found
from replkv.client.errors import NotFound, OutcomeUnknown, Unavailable, VersionMismatch
from replkv.protocol.commands import Cas, Delete, Get, Getm, KeyCommand, Set
from replkv.testing.cluster.plan import ClientPlan
from replkv.testing.cluster.process import Process
from replkv.testing.history import Answer, History, Told


class LibraryClient:
    """
    Has one command carried out after the other.
    """

    def __init__(self, plan: ClientPlan, process: Process, client: Client, history: History, random: Random) -> None:
        self._plan = plan
        self._process = process
        self._client = client
        self._history = history
        self._random = random
        self._stopped = False
        self._version = 1
        self.waits = False

    def start(self) -> None:
        """
        Begin.
        """
        self.waits = True
        Deferred.fromCoroutine(self._run())

    def stop(self) -> None:
        """
        Ask for nothing more.
        """
        self._stopped = True

    def close(self) -> None:
        """
        Close the connections.
        """
        self._client.close()

    async def _run(self) -> None:
        for number in range(self._plan.operations):
            await deferLater(self._process, self._random.expovariate(1 / self._plan.pause))
            if self._stopped:
                break
            await self._ask(self._command(number))
        self.waits = False

    def _command(self, number: int) -> KeyCommand:
        random = self._random
        key = random.choice(self._plan.keys)
        value = b"%b-%d" % (self._process.host.encode(), number)
        commands: list[KeyCommand] = [
            Get(key),
            Getm(key),
            Getm(key),
            Set(key, 0, value, False),
            Set(key, 0, value, False),
            Cas(key, 0, value, False, self._version),
            Delete(key),
        ]
        return random.choice(commands)

    async def _ask(self, command: KeyCommand) -> None:
        process, history = self._process, self._history
        operation = history.invoke(command, process.seconds())
        try:
            answer = await self._answer(command)
        except OutcomeUnknown:
            history.lost(operation, process.seconds())
        except Unavailable:
            # The library says that this was certainly not carried out.
            history.failed(operation, process.seconds())
        else:
            history.answered(operation, answer, process.seconds())

    async def _answer(self, command: KeyCommand) -> Answer:
        client = self._client
        try:
            match command:
                case Set(key, _, value, _):
                    self._version = await client.set(key, value)
                    return Answer(Told.STORED, self._version)
                case Cas(key, _, value, _, version):
                    self._version = await client.cas(key, version, value)
                    return Answer(Told.STORED, self._version)
                case Delete(key):
                    return Answer(Told.DELETED if await client.delete(key) else Told.NOT_FOUND)
                case Getm(key):
                    found = await client.getm(key)
                    self._version = self._version if found is None else found.version
                    return answerOf(found)
                case _:
                    got = await client.get(command.key)
                    return Answer(Told.NOT_FOUND) if got is None else Answer(Told.FOUND, None, got)
        except VersionMismatch:
            return Answer(Told.WRONG_VERSION)
        except NotFound:
            return Answer(Told.NOT_FOUND)


def answerOf(found: Found | None) -> Answer:
    """
    What the library found, as histories have it.
    """
    if found is None:
        return Answer(Told.NOT_FOUND)
    return Answer(Told.FOUND, found.version, found.value, found.exptime)
