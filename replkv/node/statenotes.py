"""
What the hash of the state was at entries at which it was asked for.
"""

from __future__ import annotations

from typing import NamedTuple

from twisted.internet.defer import Deferred, succeed

from replkv.kv.machine import StateMachine
from replkv.raft.entry import Entry


class StateNote(NamedTuple):
    """
    @ivar appliedIndex: the index of the last entry that was applied.
    @ivar hash: the hash of all records then.
    """

    appliedIndex: int
    hash: int


class StateNotes:
    """
    Notes the hash for each server that asks, once the machine has applied just as much as that one wants to know of.
    Of each it keeps the last thing it asked for, and no more.
    """

    def __init__(self, machine: StateMachine) -> None:
        self._machine = machine
        self._asked: dict[int, tuple[int, Deferred[int | None]]] = {}  # The index and who waits, by who asks.
        self._noted: dict[int, StateNote] = {}

    def ask(self, asker: int, index: int) -> Deferred[int | None]:
        """
        Note the hash when the entries up to C{index} are applied.

        @param asker: the server that wants to know it. What it asked for before is over.
        @return: fires with it; with C{None} if more than that is applied already, or if that is over.
        """
        before = self._asked.pop(asker, None)
        self._noted.pop(asker, None)
        if before is not None:
            before[1].callback(None)
        if index < self._machine.appliedIndex:
            return succeed(None)
        answer: Deferred[int | None] = Deferred()
        self._asked[asker] = index, answer
        self.note()
        return answer

    def noted(self, asker: int) -> StateNote | None:
        """
        What was noted for a server last; C{None} if that is over.
        """
        return self._noted.get(asker)

    def cut(self, entries: list[Entry]) -> list[Entry]:
        """
        Tell which of the entries that come next may be applied before something is to be noted: at least one of them.
        """
        first = entries[0].index
        last = min((index for index, _ in self._asked.values()), default=None)
        return entries if last is None else entries[: last - first + 1]

    def note(self) -> None:
        """
        Something was applied: note what was asked for.
        """
        if not self._asked:
            return
        now = StateNote(self._machine.appliedIndex, self._machine.hash)
        for asker in [asker for asker, (index, _) in self._asked.items() if index == now.appliedIndex]:
            self._noted[asker] = now
            _, answer = self._asked.pop(asker)
            answer.callback(now.hash)

    def forget(self) -> None:
        """
        The machine goes on from elsewhere, or not at all.
        """
        asked, self._asked = self._asked, {}
        self._noted.clear()
        for _, answer in asked.values():
            answer.callback(None)
