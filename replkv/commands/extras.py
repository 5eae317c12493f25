"""
The commands for people at a terminal, which every server answers by itself, leader or not; and the one for operators,
which the leader answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import AdminCommand, Command


@dataclass(slots=True)
class Help(Command):
    """
    Ask for the list of commands.
    """

    WORD: ClassVar[bytes] = b"help"
    PURPOSE: ClassVar[str] = "show these lines"


@dataclass(slots=True)
class Stats(Command):
    """
    Ask how the server is.
    """

    WORD: ClassVar[bytes] = b"stats"
    PURPOSE: ClassVar[str] = "show how this server is"


@dataclass(slots=True)
class Version(Command):
    """
    Ask which replkv this is.
    """

    WORD: ClassVar[bytes] = b"version"
    PURPOSE: ClassVar[str] = "show the version of replkv"


@dataclass(slots=True)
class Transfer(AdminCommand):
    """
    Have another server lead in the place of the one that does.

    @ivar server: the id of the one that is to lead.
    """

    WORD: ClassVar[bytes] = b"transfer"
    PURPOSE: ClassVar[str] = "have that server lead, by its id"

    server: int

    def __str__(self) -> str:
        """
        See L{AdminCommand.__str__}.
        """
        return f"transfer {self.server}"


@dataclass(slots=True)
class Snapshot(AdminCommand):
    """
    Ask for a snapshot of the server's state, to be fetched by L{Piece}s.

    @ivar least: it has at least the entries up to this one.
    """

    WORD: ClassVar[bytes] = b"snapshot"
    PURPOSE: ClassVar[str] = "for a backup: make a copy of this server's state that has that entry, and describe it"

    least: int


@dataclass(slots=True)
class Piece(AdminCommand):
    """
    Ask for a piece of a snapshot.

    @ivar snapshot: its number.
    @ivar file: the place of the file in its description.
    @ivar offset: where in the file the piece begins.
    """

    WORD: ClassVar[bytes] = b"piece"
    PURPOSE: ClassVar[str] = "for a backup: show a piece of that copy"

    snapshot: int
    file: int
    offset: int


@dataclass(slots=True)
class Quit(Command):
    """
    Ask to close the connection after the replies to what came before.
    """

    WORD: ClassVar[bytes] = b"quit"
    PURPOSE: ClassVar[str] = "close the connection"
