"""
The state that commands are carried out on, and what reads see of it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple, Protocol

from replkv.commands.results import Item, KeyInfo
from replkv.raft.configuration import Configuration
from replkv.users.user import User


class Head(NamedTuple):
    """
    What a key has, its value aside.

    @ivar version: the index of the entry that wrote it.
    @ivar deadline: the millisecond at which it expires; 0 is never.
    """

    version: int
    deadline: int


class Content(NamedTuple):
    """
    What a client has stored.

    @ivar flags: of 32 bits.
    """

    value: bytes
    flags: int


class UserState(Protocol):
    """
    The users.
    """

    @property
    def count(self) -> int:
        """
        How many there are.
        """

    @property
    def admins(self) -> int:
        """
        How many of them may do everything.
        """

    def find(self, name: bytes) -> User | None:
        """
        Tell who has a name; C{None} if nobody has.
        """

    def put(self, user: User) -> None:
        """
        Have this user, in the place of the one of that name, if there is one.
        """

    def remove(self, name: bytes) -> None:
        """
        Take away the user of that name, who was found.
        """


class MembersState(Protocol):
    """
    Who the members of the cluster are.
    """

    def put(self, configuration: Configuration, index: int) -> None:
        """
        Have this configuration from now on.

        @param index: of its entry.
        """


class KeyState(Protocol):
    """
    What keys hold.
    """

    def find(self, key: bytes) -> Head | None:
        """
        Tell what a key has; C{None} if there is no such key, or if it has expired.
        """

    def contentOf(self, key: bytes) -> Content:
        """
        Read what a key that was found holds.
        """

    def store(self, key: bytes, deadline: int, value: bytes, flags: int = 0) -> int:
        """
        Give a key a new record, in place of the one that it may have.

        @param deadline: the millisecond at which it expires; 0 is never.
        @param flags: the client's, of 32 bits.
        @return: its version, which no key has ever had.
        """

    def delete(self, key: bytes) -> None:
        """
        Take away the record of a key that was found, or that was met on a walk.
        """


class State(KeyState, Protocol):
    """
    What a command may see of the state machine, and do to it.
    """

    @property
    def index(self) -> int:
        """
        The index of the entry that is being applied.
        """

    @property
    def clock(self) -> int:
        """
        The largest stamp that was applied, in milliseconds: what has a deadline that is not later has expired.
        """

    @property
    def users(self) -> UserState:
        """
        The users.
        """

    @property
    def members(self) -> MembersState:
        """
        The members.
        """

    def meet(self, keys: Iterable[bytes]) -> None:
        """
        Have what keys have at hand. Others cannot be found, but for the key of a
        L{WriteCommand<replkv.commands.command.WriteCommand>}.
        """

    def walk(self, prefix: bytes, after: bytes) -> Generator[tuple[bytes, Head, int], None, None]:
        """
        Go through the keys that begin so and come after a key, in their order. Those that have expired are among them,
        as long as they are not freed. Each may be taken away when its turn has come, and nothing else may be changed
        before it is over or closed.

        @return: each key, what it has, and the size of its record in bytes.
        """


class View(Protocol):
    """
    What a read may see: the state machine at one instant, by the leader's time when the read arrived.
    """

    def find(self, key: bytes) -> Item | None:
        """
        Tell what a key holds; C{None} if there is no such key, or if it has expired.

        @raise Overdue: if it has expired by that time, but not yet by the log.
        """

    def walk(self, prefix: bytes, after: bytes) -> Iterator[tuple[bytes, KeyInfo | None, int]]:
        """
        Go through the keys that begin so and come after a key, in their order.

        @return: each key, what there is to say of it, and the size of its record in bytes. There is nothing to be said
            of a key that has expired and is not freed yet: it is not there, but it took work to find that out.
        @raise Overdue: if one has expired by that time, but not yet by the log.
        """


class Overdue(Exception):
    """
    A key has expired by the leader's time, and the log does not say so yet.
    """
