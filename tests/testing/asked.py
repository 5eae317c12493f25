"""
Histories written by hand: what was asked of one key, when, and what the answer was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from replkv.commands.add import Add
from replkv.commands.append import Append
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand
from replkv.commands.delete import Delete
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.incr import Incr
from replkv.commands.replace import Replace
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.testing.history import Answer, History, Operation, Told

KEY = b"k"


@dataclass(frozen=True)
class Asked:
    """
    One operation.

    @ivar ended: when it was answered or failed; C{None} if its outcome is unknown.
    @ivar answer: what was answered; C{None} if it failed.
    """

    command: KeyCommand
    invoked: float
    ended: float | None
    answer: Answer | None
    connection: int | None = None

    def lost(self) -> Asked:
        """
        The same, but the answer never came.
        """
        return replace(self, ended=None)

    def failed(self) -> Asked:
        """
        The same, but it certainly was not carried out.
        """
        return replace(self, answer=None)

    def silent(self) -> Asked:
        """
        The same without a reply; it was carried out.
        """
        assert isinstance(self.command, Set | Cas | Add | Replace | Append)
        return replace(self, command=replace(self.command, noreply=True), answer=Answer(Told.CARRIED_OUT))

    def on(self, connection: int) -> Asked:
        """
        The same on a connection.
        """
        return replace(self, connection=connection)

    def about(self, key: bytes) -> Asked:
        """
        The same with another key.
        """
        return replace(self, command=replace(self.command, key=key))


def put(invoked: float, ended: float, value: bytes, version: int, exptime: int = 0) -> Asked:
    """
    A C{set} that stored.
    """
    return Asked(Set(KEY, exptime, value, False), invoked, ended, Answer(Told.STORED, version))


def get(invoked: float, ended: float, value: bytes | None) -> Asked:
    """
    A C{get} that found a value, or none.
    """
    return Asked(Get(KEY), invoked, ended, _found(None, value, None))


def getm(invoked: float, ended: float, value: bytes | None, version: int | None = None, left: int = 0) -> Asked:
    """
    A C{getm} that found a value, or none.
    """
    return Asked(Getm(KEY), invoked, ended, _found(version, value, left))


def cas(invoked: float, ended: float, expected: int, value: bytes, version: int, exptime: int = 0) -> Asked:
    """
    A C{cas} that stored.
    """
    return Asked(Cas(KEY, exptime, expected, value, False), invoked, ended, Answer(Told.STORED, version))


def differs(invoked: float, ended: float, expected: int, value: bytes = b"never") -> Asked:
    """
    A C{cas} that met another version.
    """
    return Asked(Cas(KEY, 0, expected, value, False), invoked, ended, Answer(Told.WRONG_VERSION))


def misses(invoked: float, ended: float, expected: int, value: bytes = b"never") -> Asked:
    """
    A C{cas} that met no key.
    """
    return Asked(Cas(KEY, 0, expected, value, False), invoked, ended, Answer(Told.NOT_FOUND))


def delete(invoked: float, ended: float, found: bool = True) -> Asked:
    """
    A C{delete} that found the key, or did not.
    """
    return Asked(Delete(KEY), invoked, ended, Answer(Told.DELETED if found else Told.NOT_FOUND))


def touch(invoked: float, ended: float, exptime: int = 0, found: bool = True) -> Asked:
    """
    A C{touch} that found the key, or did not.
    """
    return Asked(Touch(KEY, exptime), invoked, ended, Answer(Told.TOUCHED if found else Told.NOT_FOUND))


def add(invoked: float, ended: float, value: bytes, version: int | None, exptime: int = 0) -> Asked:
    """
    An C{add} that stored; or that found the key, if it has no version.
    """
    answer = Answer(Told.EXISTS) if version is None else Answer(Told.STORED, version)
    return Asked(Add(KEY, exptime, value, False), invoked, ended, answer)


def exchange(invoked: float, ended: float, value: bytes, version: int | None) -> Asked:
    """
    A C{replace} that stored; or that found no key, if it has no version.
    """
    answer = Answer(Told.NOT_FOUND) if version is None else Answer(Told.STORED, version)
    return Asked(Replace(KEY, 0, value, False), invoked, ended, answer)


def cad(invoked: float, ended: float, version: int, told: Told = Told.DELETED) -> Asked:
    """
    A C{cad}.
    """
    return Asked(Cad(KEY, version), invoked, ended, Answer(told))


def append(invoked: float, ended: float, value: bytes, version: int, most: int = 9) -> Asked:
    """
    An C{append} that stored.
    """
    return Asked(Append(KEY, value, False, most=most), invoked, ended, Answer(Told.STORED, version))


def incr(invoked: float, ended: float, delta: int, number: int, version: int | None = None) -> Asked:
    """
    An C{incr} that counted.
    """
    return Asked(Incr(KEY, delta), invoked, ended, Answer(Told.COUNTED, version, b"%d" % number))


def historyOf(*asked: Asked) -> History:
    """
    The history. Operations that were asked at one time are asked in this order.
    """
    history = History()
    operations: dict[int, Operation] = {}
    events = [(one.invoked, 0, place) for place, one in enumerate(asked)]
    events += [(one.ended, 1, place) for place, one in enumerate(asked) if one.ended is not None]
    for time, ends, place in sorted(events):
        one = asked[place]
        if not ends:
            operations[place] = history.invoke(one.command, time, one.connection)
        elif one.answer is None:
            history.failed(operations[place], time)
        else:
            history.answered(operations[place], one.answer, time)
    return history


def _found(version: int | None, value: bytes | None, left: int | None) -> Answer:
    if value is None:
        return Answer(Told.NOT_FOUND)
    return Answer(Told.FOUND, version, value, left)
