"""
A small state machine: keys with values and versions, and nothing that expires.
"""

from __future__ import annotations

from collections.abc import Iterable

from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand
from replkv.commands.delete import Delete
from replkv.commands.set import Set
from replkv.raft.configuration import Configuration
from replkv.raft.entry import Entry
from replkv.raft.membership import decode, isConfiguration
from replkv.testing.history import Answer, Told


def encode(command: KeyCommand) -> bytes:
    """
    A command as it stands in the log. Keys and values have no spaces.
    """
    match command:
        case Set():
            return b"set %b %b" % (command.key, command.value)
        case Cas():
            return b"cas %b %b %d" % (command.key, command.value, command.version)
        case Delete():
            return b"delete %b" % command.key
    raise TypeError(f"{command!r} changes nothing")


class Machine:
    """
    @ivar appliedIndex: the index of the last entry that it was given.
    @ivar configuration: the last one that it was given.
    @ivar terms: the terms of all that it was given.
    """

    def __init__(self, configuration: Configuration, entries: Iterable[Entry] = ()) -> None:
        """
        @param configuration: the one with which the cluster begins.
        @param entries: what it has already been given.
        """
        self.appliedIndex = 0
        self.configuration = configuration
        self.terms: list[int] = []
        self._values: dict[bytes, tuple[int, bytes]] = {}
        for entry in entries:
            self.apply(entry)

    @property
    def digest(self) -> bytes:
        """
        The same for two machines only if they hold the same.
        """
        return repr((self.configuration, sorted(self._values.items()))).encode()

    def copy(self) -> Machine:
        """
        Another one that was given the same.
        """
        copy = Machine(self.configuration)
        copy.appliedIndex, copy.terms, copy._values = self.appliedIndex, self.terms.copy(), self._values.copy()
        return copy

    def apply(self, entry: Entry) -> Answer:
        """
        Carry out what an entry says.
        """
        index, term, data = entry
        self.appliedIndex = index
        self.terms.append(term)
        if not data:
            return Answer(Told.CARRIED_OUT)  # The no-op of a leader.
        if isConfiguration(data):
            self.configuration = decode(data)
            return Answer(Told.CARRIED_OUT)
        kind, key, *arguments = data.split(b" ")
        found = self._values.get(key)
        if kind == b"set":
            [value] = arguments
            self._values[key] = (index, value)
            return Answer(Told.STORED, index)
        if found is None:
            return Answer(Told.NOT_FOUND)
        if kind == b"delete":
            del self._values[key]
            return Answer(Told.DELETED)
        version, _ = found
        value, expected = arguments
        if version != int(expected):
            return Answer(Told.WRONG_VERSION)
        self._values[key] = (index, value)
        return Answer(Told.STORED, index)

    def read(self, key: bytes) -> Answer:
        """
        What a key has.
        """
        found = self._values.get(key)
        if found is None:
            return Answer(Told.NOT_FOUND)
        version, value = found
        return Answer(Told.FOUND, version, value, 0)
