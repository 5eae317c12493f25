"""
A simulated client that uses the client library, as applications do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Final, Literal

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater

from replkv.client.client import Client
from replkv.client.errors import (
    AlreadyExists,
    CommandError,
    NotANumber,
    NotFound,
    OutcomeUnknown,
    Unavailable,
    VersionMismatch,
)
from replkv.client.replies import Found, Item
from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition
from replkv.commands.decr import Decr
from replkv.commands.delete import Delete
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.gets import Gets
from replkv.commands.incr import Incr
from replkv.commands.lifetime import Lifetime
from replkv.commands.prepend import Prepend
from replkv.commands.put import Put
from replkv.commands.replace import Replace
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.testing.cluster.plan import MAX_VALUE_BYTES, ClientPlan
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.question import ask
from replkv.testing.cluster.several import MILLISECOND
from replkv.testing.history import Answer, History, Told
from replkv.testing.linear.report import resultOf
from replkv.testing.workload import MOST_CHANGES, change, inFull

_LATENESS: Final = 0.001


class LibraryClient:
    """
    Makes calls, as many at once as its plan allows. To some it gives less time than to the others, and some it cancels.
    """

    def __init__(
        self,
        plan: ClientPlan,
        process: Process,
        client: Client,
        timeout: float,
        history: History,
        random: Random,
        misled: Callable[[str], None],
        tell: Callable[[str, str], None],
    ) -> None:
        """
        @param timeout: the client's.
        @param misled: called when the library does what it must never do.
        @param tell: is given the name of the client and what it does, for the story.
        """
        self._plan = plan
        self._process = process
        self._client = client
        self._timeout = timeout
        self._history = history
        self._random = random
        self._misled = misled
        self._tell = tell
        self._stopped = False
        self._running = False
        self._underWay = 0
        self._version = 1
        self._changes = 0

    @property
    def waits(self) -> bool:
        """
        Whether it will make further calls, or waits for a result.
        """
        return self._running or self._underWay > 0

    def start(self) -> None:
        """
        Begin.
        """
        self._running = True
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
            if self._underWay < self._plan.depth:
                command = self._command(number)
                if self._plan.full and self._random.random() < self._plan.full:
                    self._call(inFull(command, self._plan.keys, self._random))
                else:
                    self._call(command)
        self._running = False

    def _call(self, command: KeyCommand | Gets) -> None:
        random = self._random
        timeout = random.choice([0.05, 0.3, 1.0]) if random.random() < 0.2 else self._timeout
        asked = Deferred.fromCoroutine(self._ask(command, timeout))
        if random.random() < 0.05:
            self._process.callLater(random.choice([0.0, 0.01, 0.1]), asked.cancel)

    def _command(self, number: int) -> KeyCommand:
        random = self._random
        key = random.choice(self._plan.keys)
        value = b"%b-%d" % (self._process.host.encode(), number)
        if self._plan.changing and key == self._plan.keys[0] and random.random() < self._plan.changing:
            self._changes += 1
            return Getm(key) if self._changes > MOST_CHANGES else change(key, random, 0.0, MAX_VALUE_BYTES)
        commands: list[KeyCommand] = [
            Get(key),
            Getm(key),
            Getm(key),
            Set(key, 0, value, False),
            Set(key, 0, value, False),
            Cas(key, 0, self._version, value, False),
            Add(key, 0, value, False),
            Replace(key, 0, value, False),
            Delete(key),
            Cad(key, self._version),
            Touch(key, 0),
        ]
        return random.choice(commands)

    async def _ask(self, command: KeyCommand | Gets, seconds: float) -> None:
        process, history = self._process, self._history
        question = ask(command, history, process.seconds())
        self._underWay += 1
        self._tell(process.host, f"has the library ask for {question}")
        try:
            answers = await self._answers(command, seconds)
        except (CancelledError, OutcomeUnknown):
            question.lose(history, process.seconds())
        except Unavailable:
            # The library says that this was certainly not carried out.
            question.fail(history, process.seconds())
        else:
            question.answer(history, answers, process.seconds())
        first = question.operations[0]
        self._tell(process.host, f"knows of operation {first.number}: {resultOf(first)}")
        self._underWay -= 1
        took = process.seconds() - first.invoked
        if took > seconds + _LATENESS:
            self._misled(f"operation {first.number} had {seconds:g} s, and took {took:.3f} s")

    async def _answers(self, command: KeyCommand | Gets, seconds: float) -> list[Answer]:
        if not isinstance(command, Gets):
            return [await self._answer(command, seconds)]
        items = await self._client.gets(command.keys, timeout=seconds)
        return [answerOfItem(items.get(key)) for key in command.keys]

    async def _answer(self, command: KeyCommand, seconds: float) -> Answer:
        client = self._client
        try:
            match command:
                case Set(key, _, value, _):
                    self._version = await client.set(key, value, timeout=seconds)
                    return Answer(Told.STORED, self._version)
                case Cas(key, _, version, value, _):
                    self._version = await client.cas(key, version, value, timeout=seconds)
                    return Answer(Told.STORED, self._version)
                case Append(key, value, _):
                    self._version = await client.append(key, value, timeout=seconds)
                    return Answer(Told.STORED, self._version)
                case Prepend(key, value, _):
                    self._version = await client.prepend(key, value, timeout=seconds)
                    return Answer(Told.STORED, self._version)
                case Incr(key, delta):
                    return Answer(Told.COUNTED, None, b"%d" % await client.incr(key, delta, timeout=seconds))
                case Decr(key, delta):
                    return Answer(Told.COUNTED, None, b"%d" % await client.decr(key, delta, timeout=seconds))
                case Add(key, _, value, _):
                    self._version = await client.add(key, value, timeout=seconds)
                    return Answer(Told.STORED, self._version)
                case Replace(key, _, value, _):
                    self._version = await client.replace(key, value, timeout=seconds)
                    return Answer(Told.STORED, self._version)
                case Cad(key, version):
                    deleted = await client.delete(key, version, timeout=seconds)
                    return Answer(Told.DELETED if deleted else Told.NOT_FOUND)
                case Delete(key):
                    return Answer(Told.DELETED if await client.delete(key, timeout=seconds) else Told.NOT_FOUND)
                case Touch(key, exptime):
                    return Answer(Told.TOUCHED if await client.touch(key, exptime, timeout=seconds) else Told.NOT_FOUND)
                case Put(key, flags, lifetime, condition, value, _):
                    self._version = await client.put(
                        key, value, flags, _seconds(lifetime), _needed(condition), timeout=seconds
                    )
                    return Answer(Told.STORED, self._version)
                case Gat(key, lifetime):
                    return answerOfItem(await client.gat(key, _seconds(lifetime), timeout=seconds))
                case Expire(key, lifetime):
                    touched = await client.expire(key, _seconds(lifetime), timeout=seconds)
                    return Answer(Told.TOUCHED if touched else Told.NOT_FOUND)
                case Getm(key):
                    found = await client.getm(key, timeout=seconds)
                    self._version = self._version if found is None else found.version
                    return answerOf(found)
                case _:
                    got = await client.get(command.key, timeout=seconds)
                    return Answer(Told.NOT_FOUND) if got is None else Answer(Told.FOUND, None, got)
        except NotANumber:
            return Answer(Told.NO_NUMBER)
        except CommandError:
            return Answer(Told.TOO_LARGE)
        except AlreadyExists:
            return Answer(Told.EXISTS)
        except VersionMismatch:
            return Answer(Told.WRONG_VERSION)
        except NotFound:
            return Answer(Told.NOT_FOUND)


def _seconds(lifetime: Lifetime) -> float | Literal["keep"]:
    return "keep" if lifetime.isKept else (lifetime.milliseconds or 0) / 1000


def _needed(condition: Condition) -> int | Literal["any", "absent", "present"]:
    needed: Mapping[Condition, Literal["any", "absent", "present"]] = {ANY: "any", ABSENT: "absent", PRESENT: "present"}
    return needed.get(condition, condition.version)


def answerOfItem(item: Item | None) -> Answer:
    """
    What the library found of an item, as histories have it.
    """
    if item is None:
        return Answer(Told.NOT_FOUND)
    return Answer(Told.FOUND, item.version, item.value, item.left, MILLISECOND, item.flags)


def answerOf(found: Found | None) -> Answer:
    """
    What the library found, as histories have it.
    """
    if found is None:
        return Answer(Told.NOT_FOUND)
    return Answer(Told.FOUND, found.version, found.value, found.exptime)
