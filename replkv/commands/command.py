"""
What all commands have in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, get_type_hints

from replkv.commands.layout import Layout
from replkv.commands.results import Found, NotFound, Result
from replkv.commands.state import State, View
from replkv.users.rights import Right
from replkv.users.user import User


class Command:
    """
    Anything that a client can ask for. The fields of its class are its arguments, in the order in which they are
    written.

    @cvar WORD: what it is called.
    @cvar PURPOSE: what it is good for, as the list of commands says it.
    """

    __slots__ = ()

    WORD: ClassVar[bytes]
    PURPOSE: ClassVar[str]

    def isAllowedTo(self, user: User | None) -> bool:
        """
        Whether a user may have this done, where not everybody may do everything.

        @param user: C{None} for who has not proved to be one.
        """
        return True


class AdminCommand(Command):
    """
    A command for operators.
    """

    __slots__ = ()

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo}.
        """
        return user is not None and user.mayDoEverything

    def __str__(self) -> str:
        """
        What is done, in words for other operators. There is nothing secret in them.
        """
        return self.WORD.decode("ascii")


class LoggedCommand(Command):
    """
    A command that changes something: it goes into the log, and every server carries it out.

    @cvar KIND: its number in the log. No other command ever has it.
    @cvar SINCE: the version since which servers know it, see L{replkv.versions}. It goes into no log before all members
        do.
    @cvar LAYOUT: how it stands in the log.
    """

    __slots__ = ()

    KIND: ClassVar[int]
    SINCE: ClassVar[int]
    LAYOUT: ClassVar[Layout]

    def encode(self, stamp: int) -> bytes:
        """
        Make of it what stands in the log.

        @param stamp: the leader's time, in milliseconds.
        @raise ValueError: if key or stamp are such as no command may have.
        """
        raise NotImplementedError

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, LoggedCommand]:
        """
        Make a command, and its stamp, of what stands in the log.

        @raise ValueError: if it is not the encoding of such a command.
        """
        raise NotImplementedError

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        Do to the state what it is there for. It may depend on the command, its stamp and the state, and on nothing
        else: every server has to come to the same.
        """
        raise NotImplementedError


class DataCommand(Command):
    """
    A command on keys, which the cluster answers.
    """

    __slots__ = ()


@dataclass(slots=True)
class KeyCommand(DataCommand):
    """
    A command on one key.

    @cvar RIGHT: the right over the key that it takes.
    @ivar key: 1 to 250 bytes.
    """

    RIGHT: ClassVar[Right]

    key: bytes

    def isAllowedTo(self, user: User | None) -> bool:
        """
        See L{Command.isAllowedTo}.
        """
        return user is not None and user.may(self.RIGHT, self.key)


class ReadCommand(DataCommand):
    """
    A command that changes nothing, and asks for what keys hold.

    @ivar keys: the keys that it asks for; C{None} where it asks which there are.
    """

    __slots__ = ()

    keys: Sequence[bytes] | None

    def tell(self, view: View) -> Result:
        """
        Tell what was asked for.

        @raise Overdue: as L{View.find} does.
        """
        raise NotImplementedError


class KeyReadCommand(KeyCommand, ReadCommand):
    """
    One that asks for one key.
    """

    __slots__ = ()

    RIGHT: ClassVar[Right] = Right.READ

    @property
    def keys(self) -> tuple[bytes, ...]:  # type: ignore[override]
        """
        See L{ReadCommand}.
        """
        return (self.key,)

    def tell(self, view: View) -> Result:
        """
        See L{ReadCommand.tell}.
        """
        item = view.find(self.key)
        if item is None:
            return NotFound()
        return Found(item.version, -(-item.left // 1000), item.value)


class ChangeCommand(DataCommand, LoggedCommand):
    """
    A command that changes what keys hold.
    """

    __slots__ = ()

    @property
    def about(self) -> str:
        """
        Which keys it is about, in words for operators.
        """
        raise NotImplementedError


class WriteCommand(KeyCommand, ChangeCommand):
    """
    A command that changes what a key holds.
    """

    __slots__ = ()

    RIGHT: ClassVar[Right] = Right.WRITE

    @property
    def about(self) -> str:
        """
        See L{ChangeCommand.about}.
        """
        return repr(self.key)[2:-1]


class ValueCommand(WriteCommand):
    """
    A command that carries a value.

    @ivar value: the value block.
    @ivar noreply: whether the client wants no reply, as long as the command was well-formed and was carried out.
    """

    __slots__ = ()

    value: bytes
    noreply: bool


class StoreCommand(ValueCommand):
    """
    A command that carries a value to store.

    @ivar exptime: the seconds that the key is to live, up to 64 bits; 0 is for ever.
    """

    __slots__ = ()

    exptime: int


def argumentsOf(kind: type[Command]) -> Mapping[str, type]:
    """
    The arguments of a class of commands in their order, with the type of each. What can be given by its name only is
    none that clients write.
    """
    types = get_type_hints(kind)
    return {field.name: types[field.name] for field in fields(kind) if not field.kw_only}  # type: ignore[arg-type]
