"""
What operators ask for, as configurations have it.
"""

from __future__ import annotations

from collections.abc import Iterable

from replkv.commands.members import (
    MemberAdd,
    MemberCommand,
    MemberPromote,
    MemberRemove,
    MemberReplace,
    MemberUpdate,
)
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Kind


def isGranted(command: MemberCommand, configurations: Iterable[Configuration]) -> bool:
    """
    Whether one of some configurations has what a command asks for.
    """
    return any(_grants(configuration, command) for configuration in configurations)


def _grants(configuration: Configuration, command: MemberCommand) -> bool:
    member = configuration.member(command.server)
    if isinstance(command, MemberRemove) or member is None:
        return isinstance(command, MemberRemove) and member is None
    match command:
        case MemberAdd(_, host, clientPort, logPort) | MemberUpdate(_, host, clientPort, logPort):
            return member.address == Address(host, clientPort, logPort)
        case MemberReplace():
            return bool(member.former) or (member.kind is not Kind.VOTER and not member.incarnation)
        case MemberPromote():
            return member.kind is Kind.VOTER
    raise TypeError(f"nobody asks for {command!r}")
