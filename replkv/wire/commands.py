"""
What a client can ask for: the commands of the client protocol, as values.
"""

from __future__ import annotations

from dataclasses import dataclass


class Command:
    """
    Anything that a client sent and that has its turn among the replies.
    """

    __slots__ = ()


@dataclass(slots=True)
class KeyCommand(Command):
    """
    A command on one key, which the cluster answers.

    @ivar key: 1 to 250 bytes of printable ASCII without space.
    """

    key: bytes


class ReadCommand(KeyCommand):
    """
    A command that changes nothing.
    """

    __slots__ = ()


@dataclass(slots=True)
class Get(ReadCommand):
    """
    Ask for the value of a key.
    """


@dataclass(slots=True)
class Getm(ReadCommand):
    """
    Ask for the value of a key, its version and the time that it has left.
    """


@dataclass(slots=True)
class Delete(KeyCommand):
    """
    Remove a key.
    """


@dataclass(slots=True)
class StoreCommand(KeyCommand):
    """
    A command that carries a value to store.

    @ivar exptime: the seconds that the key is to live, up to 64 bits; 0 is for ever.
    @ivar value: the value block.
    @ivar noreply: whether the client wants no reply, as long as the command was well-formed and was carried out.
    """

    exptime: int
    value: bytes
    noreply: bool


@dataclass(slots=True)
class Set(StoreCommand):
    """
    Store a value, whatever the key had.
    """


@dataclass(slots=True)
class Cas(StoreCommand):
    """
    Store a value if the key has the version that the client saw.

    @ivar version: that version, up to 64 bits.
    """

    version: int


@dataclass(slots=True)
class Help(Command):
    """
    Ask for the list of commands.
    """


@dataclass(slots=True)
class Stats(Command):
    """
    Ask how the server is.
    """


@dataclass(slots=True)
class Version(Command):
    """
    Ask which replkv this is.
    """


@dataclass(slots=True)
class Quit(Command):
    """
    Ask to close the connection after the replies to what came before.
    """


@dataclass(slots=True)
class Malformed(Command):
    """
    Input that is no command.

    @ivar close: whether nothing that follows may be taken for a command, so that the connection has to end.
    """

    close: bool
