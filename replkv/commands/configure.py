"""
The entry that says who the members are, as a command: no client can ask for it, the leader makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from replkv.commands.command import LoggedCommand
from replkv.commands.results import Done, Result
from replkv.commands.state import State
from replkv.raft import membership
from replkv.raft.configuration import Configuration
from replkv.versions import MEMBERS


@dataclass(slots=True)
class Configure(LoggedCommand):
    """
    @ivar configuration: in force already, since it stood in the log; as soon as this is carried out, it is committed.
    """

    KIND: ClassVar[int] = membership.KIND
    SINCE: ClassVar[int] = MEMBERS

    configuration: Configuration

    def encode(self, stamp: int) -> bytes:
        """
        See L{LoggedCommand.encode}. It tells no time.
        """
        return membership.encode(self.configuration)

    @classmethod
    def decode(cls, data: bytes) -> tuple[int, Configure]:
        """
        See L{LoggedCommand.decode}.
        """
        return 0, cls(membership.decode(data))

    def carryOut(self, state: State, stamp: int) -> Result:
        """
        See L{LoggedCommand.carryOut}.
        """
        state.members.put(self.configuration, state.index)
        return Done()
