"""
Servers that do not keep what is promised.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf
from typing import ClassVar, NamedTuple, cast

from replkv.commands.add import Add
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, StoreCommand
from replkv.commands.delete import Delete
from replkv.commands.results import (
    Deleted,
    Exists,
    Found,
    NotFound,
    Redirected,
    Result,
    Stored,
    Touched,
    VersionMismatch,
)
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.frontends.request import Request
from tests.processes.cluster import HOST


class Record(NamedTuple):
    """
    What a key has.

    @ivar deadline: until when.
    """

    version: int
    deadline: float
    value: bytes


class HonestBackend:
    """
    A store of one server, in memory. It keeps what is promised, but that nothing is lost when it ends.

    @ivar port: where it takes clients.
    """

    port = 0

    def __init__(self, seconds: Callable[[], float]) -> None:
        """
        @param seconds: tells the time.
        """
        self.records: dict[bytes, Record] = {}
        self.version = 0
        self._seconds = seconds

    def admits(self, request: Request) -> bool:
        """
        Let everybody do everything.
        """
        return True

    def submit(self, request: Request) -> None:
        """
        Carry out a command, and answer it.
        """
        command = request.command
        assert isinstance(command, KeyCommand)
        record = self.records.get(command.key)
        if record is not None and record.deadline <= self._seconds():
            record = None
        refusal = _refusal(command, record)
        if refusal is not None:
            request.answer(refusal)
        elif isinstance(command, StoreCommand):
            self.store(request, command)
        elif isinstance(command, Delete | Cad):
            del self.records[command.key]
            request.answer(Deleted())
        elif isinstance(command, Touch):
            self.put(command.key, command.exptime, cast(Record, record).value)
            request.answer(Touched())
        else:
            self.find(request, cast(Record, record))

    def members(self) -> bytes:
        """
        There are none.
        """
        return b""

    def statistics(self) -> dict[str, str]:
        """
        Nobody asks.
        """
        return {}

    def store(self, request: Request, command: StoreCommand) -> None:
        """
        Carry out a command that stores, and answer it.
        """
        self.put(command.key, command.exptime, command.value)
        request.answer(Stored(self.version))

    def put(self, key: bytes, exptime: int, value: bytes) -> None:
        """
        Store a value.
        """
        self.version += 1
        deadline = self._seconds() + exptime if exptime else inf
        self.records[key] = Record(self.version, deadline, value)

    def find(self, request: Request, record: Record) -> None:
        """
        Answer a read.
        """
        left = 0 if record.deadline == inf else max(1, ceil(record.deadline - self._seconds()))
        request.answer(Found(record.version, left, record.value))


def _refusal(command: KeyCommand, record: Record | None) -> Result | None:
    """
    What a command is answered that does not find what it needs.
    """
    if record is None:
        return None if isinstance(command, Set | Add) else NotFound()
    if isinstance(command, Add):
        return Exists()
    isOther = isinstance(command, Cas | Cad) and record.version != command.version
    return VersionMismatch() if isOther else None


class Liar(HonestBackend):
    """
    Lies once in a while.

    @cvar EVERY: how many chances it lets pass for one that it takes, and that one.
    """

    EVERY: ClassVar = 10

    def __init__(self, seconds: Callable[[], float]) -> None:
        super().__init__(seconds)
        self._chances = 0

    def lies(self) -> bool:
        """
        Whether to take this chance.
        """
        self._chances += 1
        return self._chances % self.EVERY == 0


class StaleReads(Liar):
    """
    Answers reads from what the key had before its last write.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        super().__init__(seconds)
        self._before: dict[bytes, Record] = {}

    def put(self, key: bytes, exptime: int, value: bytes) -> None:
        """
        Store a value, and remember the last one.
        """
        if key in self.records:
            self._before[key] = self.records[key]
        super().put(key, exptime, value)

    def find(self, request: Request, record: Record) -> None:
        """
        Answer a read.
        """
        assert isinstance(request.command, KeyCommand)
        before = self._before.get(request.command.key)
        super().find(request, before if before is not None and self.lies() else record)


class ForgetsWrites(Liar):
    """
    Answers writes that it does not carry out.
    """

    def put(self, key: bytes, exptime: int, value: bytes) -> None:
        """
        Store a value, or pretend to.
        """
        if self.lies():
            self.version += 1
        else:
            super().put(key, exptime, value)


class ForgetsQuietWrites(Liar):
    """
    Does not carry out writes that want no reply.
    """

    EVERY = 2

    def store(self, request: Request, command: StoreCommand) -> None:
        """
        Carry out a command that stores, or not.
        """
        if command.noreply and self.lies():
            request.answer(Stored(self.version))
        else:
            super().store(request, command)


class DeniesWrites(Liar):
    """
    Says of writes that it has carried out that it has not, and that someone else will.
    """

    def store(self, request: Request, command: StoreCommand) -> None:
        """
        Carry out a command that stores, and answer it.
        """
        if self.lies():
            self.put(command.key, command.exptime, command.value)
            request.answer(Redirected(HOST, self.port))
        else:
            super().store(request, command)


class RepeatsVersions(Liar):
    """
    Gives versions twice.
    """

    def put(self, key: bytes, exptime: int, value: bytes) -> None:
        """
        Store a value.
        """
        if self.version and self.lies():
            self.version -= 1
        super().put(key, exptime, value)


class Babbles(Liar):
    """
    Answers reads with what is no answer to a read.
    """

    def find(self, request: Request, record: Record) -> None:
        """
        Answer a read.
        """
        if self.lies():
            request.answer(Deleted())
        else:
            super().find(request, record)
