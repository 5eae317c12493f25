"""
What can be done to a log, to the real one and to its model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from replkv.raft.outputs import Persist
from replkv.storage.log import LogStorage
from tests.storage.model import State


class Write(NamedTuple):
    """
    Write something.
    """

    parts: Sequence[Persist]

    def do(self, log: LogStorage) -> None:
        """
        Do it to the log.
        """
        log.write(self.parts)

    def after(self, state: State) -> State:
        """
        Do it to its model.
        """
        return state.after(self.parts)


class Prepare(NamedTuple):
    """
    Prepare the next segment, and clear away those that are free.
    """

    def do(self, log: LogStorage) -> None:
        """
        Do it to the log.
        """
        log.prepare()

    def after(self, state: State) -> State:
        """
        Nothing that anyone could see.
        """
        return state


class Compact(NamedTuple):
    """
    Compact the log.
    """

    last: int

    def do(self, log: LogStorage) -> None:
        """
        Do it to the log.
        """
        log.compact(self.last)

    def after(self, state: State) -> State:
        """
        Do it to its model.
        """
        return state.compacted(self.last)


class Adopt(NamedTuple):
    """
    Have another store go with the log.
    """

    store: int

    def do(self, log: LogStorage) -> None:
        """
        Do it to the log.
        """
        log.adopt(self.store)

    def after(self, state: State) -> State:
        """
        Do it to its model.
        """
        return state.adopted(self.store)


class Restart(NamedTuple):
    """
    Have the log begin anew.
    """

    last: int
    term: int
    store: int

    def do(self, log: LogStorage) -> None:
        """
        Do it to the log.
        """
        log.restart(self.last, self.term, self.store)

    def after(self, state: State) -> State:
        """
        Do it to its model.
        """
        return state.restarted(self.last, self.term, self.store)


Step = Write | Prepare | Compact | Adopt | Restart
