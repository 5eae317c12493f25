"""
The members of the cluster, for everybody; and the commands by which operators have them come and go, which the leader
carries out (L{replkv.node.membership}).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import AdminCommand, Command


@dataclass(slots=True)
class Members(Command):
    """
    Ask who the members are, as far as this server knows. It is how a client that was told of one server learns of the
    others.
    """

    WORD: ClassVar[bytes] = b"members"
    PURPOSE: ClassVar[str] = "show the servers of the cluster, as lines of JSON"


@dataclass(slots=True)
class MemberCommand(AdminCommand):
    """
    Change something about a member.

    @ivar server: its id.
    """

    server: int

    def __str__(self) -> str:
        """
        See L{AdminCommand.__str__}.
        """
        return f"{self.WORD.decode('ascii')} {self.server}"


@dataclass(slots=True)
class MemberAdd(MemberCommand):
    """
    Have one more.

    @ivar host: where it is.
    @ivar clientPort: the port on which it listens for clients.
    @ivar logPort: the port on which it listens for other servers.
    @ivar force: whether a person knows better than what speaks against it.
    @ivar spare: whether it is to wait, without a vote, until one of the others is gone.
    """

    WORD: ClassVar[bytes] = b"memberadd"
    PURPOSE: ClassVar[str] = "have one more server, which has a vote when it keeps up"

    host: str
    clientPort: int
    logPort: int
    force: bool
    spare: bool


@dataclass(slots=True)
class MemberRemove(MemberCommand):
    """
    Have one less.

    @ivar force: see L{MemberAdd}.
    """

    WORD: ClassVar[bytes] = b"memberremove"
    PURPOSE: ClassVar[str] = "have one server less, by its id"

    force: bool


@dataclass(slots=True)
class MemberReplace(MemberCommand):
    """
    Let one in that comes with another data folder, and let the one before in no more.

    @ivar force: see L{MemberAdd}.
    """

    WORD: ClassVar[bytes] = b"memberreplace"
    PURPOSE: ClassVar[str] = "let that server in with a new data folder, since it has lost the one that it had"

    force: bool


@dataclass(slots=True)
class MemberUpdate(MemberCommand):
    """
    Have one at another address.

    @ivar host: see L{MemberAdd}.
    @ivar clientPort: likewise.
    @ivar logPort: likewise.
    @ivar force: likewise.
    """

    WORD: ClassVar[bytes] = b"memberupdate"
    PURPOSE: ClassVar[str] = "look for that server at another address"

    host: str
    clientPort: int
    logPort: int
    force: bool


@dataclass(slots=True)
class MemberPromote(MemberCommand):
    """
    Give one its vote, though it has not been seen to keep up.
    """

    WORD: ClassVar[bytes] = b"memberpromote"
    PURPOSE: ClassVar[str] = "give that server a vote now: it gets one by itself when it keeps up"
