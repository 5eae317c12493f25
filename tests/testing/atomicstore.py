"""
Histories of one single store, which carries out each command at one instant.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil
from random import Random
from typing import Final

from replkv.commands.add import Add
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, StoreCommand, ValueCommand
from replkv.commands.condition import Need
from replkv.commands.delete import Delete
from replkv.commands.expire import Expire
from replkv.commands.extend import ExtendCommand
from replkv.commands.gat import Gat
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.gets import Gets
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.testing.history import Answer, History, Told
from replkv.testing.linear.values import UpdateCommand
from replkv.testing.workload import change, inFull
from tests.testing.asked import Asked as Seen
from tests.testing.asked import historyOf

MISSING = Answer(Told.NOT_FOUND)


@dataclass(frozen=True)
class Load:
    """
    What clients do.

    @ivar operations: how many commands they send.
    @ivar clients: how many of them do it at once.
    @ivar depth: how many commands one sends at once, at the most.
    @ivar keys: how many keys they use.
    @ivar unknown: how often the outcome is unknown; so with the others.
    @ivar expiring: how often a key expires.
    @ivar noreply: how often no reply is wanted.
    @ivar changing: how often another value is made of the one that there is.
    @ivar full: how often it is asked for in the words that can say more.
    @ivar repeated: how often a value is one that was stored before.
    @ivar grid: the times are multiples of it; 0 if they are not.
    @ivar jitter: by how many seconds the store's clock is wrong, at the most.
    @ivar jumps: whether it goes as it likes.
    """

    operations: int
    clients: int = 3
    depth: int = 2
    keys: int = 1
    unknown: float = 0.1
    expiring: float = 0.3
    noreply: float = 0.1
    changing: float = 0.0
    full: float = 0.0
    repeated: float = 0.0
    grid: float = 0.0
    jitter: float = 0.0
    jumps: bool = False


@dataclass(eq=False)
class Asked:
    """
    A command that was asked.

    @ivar instant: when the store carried it out; C{None} if it never did.
    @ivar ended: when it was answered; C{None} if it never was.
    """

    key: bytes
    connection: int
    invoked: float
    instant: float | None
    ended: float | None
    command: KeyCommand = field(default_factory=lambda: Get(b""))
    answer: Answer | None = None


@dataclass(frozen=True)
class Record:
    """
    What the store has under a key. Its deadline is 0 if it has none.
    """

    version: int
    value: bytes
    deadline: float
    flags: int = 0


_NEEDS: Final[dict[type[KeyCommand], Need]] = {Set: Need.ANY, Add: Need.ABSENT}


class AtomicStore:
    """
    The store, and its clients.
    """

    def __init__(self, random: Random, load: Load) -> None:
        self._random = random
        self._load = load
        self._records: dict[bytes, Record] = {}
        self._versions: list[int] = [0]
        self._values: list[bytes] = [b""]
        self._clock = 0.0
        self._connections = 0
        self._offset = 0.0

    def history(self) -> History:
        """
        Let the clients ask, and write down what they were told.
        """
        asked: list[Asked] = []
        for client in range(self._load.clients):
            share = len(range(client, self._load.operations, self._load.clients))
            asked.extend(self._client(share))
        for one in sorted([one for one in asked if one.instant is not None], key=lambda one: one.instant or 0.0):
            self._carryOut(one)
        for one in asked:
            if one.instant is None:
                one.command = self._command(one.key)
        seen = [Seen(one.command, one.invoked, one.ended, one.answer, one.connection) for one in asked]
        return historyOf(*seen)

    def _client(self, share: int) -> list[Asked]:
        """
        What one client asks, and when.
        """
        asked: list[Asked] = []
        now = self._time(0.0, 1.0)
        while len(asked) < share:
            self._connections += 1
            lasts = self._random.random() < 0.8
            while len(asked) < share:
                depth = self._random.randint(1, min(self._load.depth, share - len(asked)))
                burst, now = self._burst(now, depth)
                asked.extend(burst)
                if not lasts and any(one.ended is None for one in burst):
                    break
        return asked

    def _burst(self, now: float, depth: int) -> tuple[list[Asked], float]:
        """
        Commands that are sent at once.
        """
        burst = []
        invoked = instant = ended = now
        for _ in range(depth):
            key = b"k%d" % self._random.randrange(self._load.keys)
            instant = self._time(instant, 0.5)
            if self._random.random() < self._load.unknown:
                carriedOut = self._random.random() < 0.6
                burst.append(Asked(key, self._connections, invoked, instant if carriedOut else None, None))
                ended = max(ended, instant)
            else:
                ended = self._time(max(ended, instant), 0.3)
                burst.append(Asked(key, self._connections, invoked, instant, ended))
        return burst, self._time(ended, 0.5)

    def _time(self, start: float, mean: float) -> float:
        """
        A time that is not before C{start}.
        """
        passed = self._random.expovariate(1 / mean)
        grid = self._load.grid
        return start + (round(passed / grid) * grid if grid else passed)

    def _command(self, key: bytes) -> KeyCommand:
        command = self._plain(key)
        if self._random.random() >= self._load.full:
            return command
        fuller = inFull(command, (), self._random)
        return Getm(key) if isinstance(fuller, Gets) else fuller

    def _plain(self, key: bytes) -> KeyCommand:
        random, load = self._random, self._load
        kind = random.random()
        if kind < 0.22:
            return Get(key)
        if kind < 0.45:
            return Getm(key)
        if kind < 0.52:
            return Delete(key)
        if kind < 0.57:
            return Cad(key, self._version(key))
        if random.random() < load.changing:
            return change(key, random, load.noreply, most=4)
        exptime = random.randint(1, 3) if random.random() < load.expiring else 0
        if kind < 0.68:
            return Touch(key, exptime)
        value = (b"%d" if random.random() < 2 * load.changing else b"v%d") % len(self._values)
        if random.random() < load.repeated:
            value = random.choice(self._values[-3:])
        self._values.append(value)
        noreply = random.random() < load.noreply
        if kind < 0.79:
            return Set(key, exptime, value, noreply)
        if kind < 0.84:
            return Add(key, exptime, value, noreply)
        if kind < 0.88:
            return Replace(key, exptime, value, noreply)
        return Cas(key, exptime, self._version(key), value, noreply)

    def _version(self, key: bytes) -> int:
        """
        A version that somebody may have seen.
        """
        record, version = self._records.get(key), self._random.choice(self._versions[-4:])
        return record.version if record is not None and self._random.random() < 0.7 else version

    def _carryOut(self, asked: Asked) -> None:
        """
        The instant of a command.
        """
        assert asked.instant is not None
        command = asked.command = self._command(asked.key)
        if self._random.random() < 0.2:
            self._clock = max(self._clock, self._taken(asked))
        taken = max(self._clock, self._taken(asked))
        record = self._records.get(command.key)
        if record is not None and 0 < record.deadline <= taken:
            record = None
            self._clock = taken
            del self._records[command.key]
        if isinstance(command, Get | Getm):
            asked.answer = _found(command, record, taken)
        else:
            self._clock = taken
            asked.answer = self._write(command, record, taken)
            if isinstance(command, ValueCommand) and command.noreply:
                asked.answer = Answer(Told.CARRIED_OUT)

    def _taken(self, asked: Asked) -> float:
        """
        What the clock shows when a command arrives, some time before it is carried out.
        """
        random, load = self._random, self._load
        if load.jumps and random.random() < 0.2:
            self._offset = random.uniform(-3.0, 3.0)
        assert asked.instant is not None
        now = asked.invoked + random.random() * (asked.instant - asked.invoked)
        return max(0.0, now + self._offset + random.uniform(-load.jitter, load.jitter))

    def _write(self, command: KeyCommand, record: Record | None, taken: float) -> Answer:
        need, expected = _NEEDS.get(type(command), Need.PRESENT), record and record.version
        if isinstance(command, Cas | Cad):
            expected = command.version
        elif isinstance(command, Put):
            need = command.condition.need
            expected = command.condition.version if need is Need.VERSION else expected
        if record is None and need not in (Need.ANY, Need.ABSENT):
            return MISSING
        if record is not None and expected != record.version:
            return Answer(Told.WRONG_VERSION)
        if isinstance(command, Delete | Cad):
            del self._records[command.key]
            return Answer(Told.DELETED)
        if need is Need.ABSENT and record is not None:
            return Answer(Told.EXISTS)
        if isinstance(command, UpdateCommand) and record is not None:
            return self._changed(command, record)
        version = self._versions[-1] + self._random.choice([1, 1, 2, 5])
        self._versions.append(version)
        deadline = _deadline(command, record, taken)
        if isinstance(command, Touch | Expire):
            assert record is not None
            record = self._records[command.key] = replace(record, version=version, deadline=deadline)
            return _found(command, record, taken) if isinstance(command, Gat) else Answer(Told.TOUCHED)
        assert isinstance(command, StoreCommand | Put)
        flags = command.flags if isinstance(command, Put) else 0
        self._records[command.key] = Record(version, command.value, deadline, flags)
        return Answer(Told.STORED, version)

    def _changed(self, command: UpdateCommand, record: Record) -> Answer:
        if isinstance(command, ExtendCommand):
            value = command.extended(record.value)
            if len(value) > command.most:
                return Answer(Told.TOO_LARGE)
        elif not record.value.isdigit():
            return Answer(Told.NO_NUMBER)
        else:
            value = b"%d" % command.counted(int(record.value))
        version = self._versions[-1] + self._random.choice([1, 1, 2, 5])
        self._versions.append(version)
        self._records[command.key] = replace(record, version=version, value=value)
        if isinstance(command, ExtendCommand):
            return Answer(Told.STORED, version)
        return Answer(Told.COUNTED, version, value)


def _deadline(command: KeyCommand, record: Record | None, taken: float) -> float:
    if isinstance(command, Put | Expire):
        milliseconds, isKept = command.lifetime
        if isKept:
            return 0.0 if record is None else record.deadline
        return taken + milliseconds / 1000 if milliseconds else 0.0
    assert isinstance(command, StoreCommand | Touch)
    return taken + command.exptime if command.exptime else 0.0


def _found(command: KeyCommand, record: Record | None, taken: float) -> Answer:
    if record is None:
        return MISSING
    if isinstance(command, Get):
        return Answer(Told.FOUND, None, record.value)
    # Rounded first: the sum and the difference of two times are not exact.
    if isinstance(command, Gat):
        left = ceil(round((record.deadline - taken) * 1000, 3)) / 1000 if record.deadline else 0.0
        return Answer(Told.FOUND, record.version, record.value, left, 0.001, record.flags)
    left = ceil(round(record.deadline - taken, 6)) if record.deadline else 0
    return Answer(Told.FOUND, record.version, record.value, left)
