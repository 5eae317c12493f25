"""
From what an operator wants of a member to the next configuration; or why there is none, and which command is the right
one. A change is refused where it would lose the majority, unless a person says to know better.
"""

from __future__ import annotations

from typing import Final

from replkv.commands.members import (
    MemberAdd,
    MemberCommand,
    MemberPromote,
    MemberRemove,
    MemberReplace,
    MemberUpdate,
)
from replkv.hosts import hostMistake, isUnspecified
from replkv.node.roster import Roster
from replkv.raft.changes import CannotChange, added, moved, promoted, removed, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Kind, Member
from replkv.raft.membership import MAX_ID

_MAX_PORT: Final = 65535


def after(command: MemberCommand, before: Configuration, roster: Roster) -> Configuration:
    """
    The configuration that an operator wants; the same as before, if there is nothing to change.

    @param roster: knows which members answer.
    @raise CannotChange: if there is none, or it would lose the majority.
    """
    match command:
        case MemberAdd():
            return _added(command, before, roster)
        case MemberRemove():
            return _removed(command, before, roster)
        case MemberReplace():
            return _replaced(command, before, roster)
        case MemberUpdate():
            return _updated(command, before, roster)
        case MemberPromote():
            return _promoted(command, before, roster)
    raise TypeError(f"{command!r} changes nothing")


def _added(command: MemberAdd, before: Configuration, roster: Roster) -> Configuration:
    server, address = command.server, _address(command)
    if server > MAX_ID:
        raise CannotChange(f"an id is at most {MAX_ID}")
    _refuseTaken(before, server, address)
    member = before.member(server)
    if member is not None and member.address != address:
        raise CannotChange(
            f"server {server} is a member already, at {_shown(member.address)}: replkv member update --id {server} "
            "has it elsewhere"
        )
    if member is not None:
        return before
    silent = [voter for voter in before.voters if not roster.hears(voter)]
    if silent and not command.force and not command.spare:
        raise CannotChange(f"server {silent[0]} does not answer, and would be missed more: {_remedy(silent[0])}")
    return added(before, server, address, Kind.SPARE if command.spare else Kind.LEARNER)


def _removed(command: MemberRemove, before: Configuration, roster: Roster) -> Configuration:
    server = command.server
    if before.member(server) is None:
        return before
    gone = removed(before, server)
    if not command.force:
        _refuseLoss(gone, server, roster)
    return gone


def _replaced(command: MemberReplace, before: Configuration, roster: Roster) -> Configuration:
    member, server = _member(before, command.server), command.server
    if member.kind is not Kind.VOTER and not member.incarnation:
        # It is awaited; unless it has come with one that it has lost before that was named.
        isAwaited = roster.lifeOf(server) is not None or not roster.folderOf(server)
        return before if isAwaited else replaced(before, server, roster.folderOf(server))
    if roster.lifeOf(server) is not None and not command.force:
        if member.former:
            return before
        raise CannotChange(
            f"server {server} is there, with the data folder that it always had: stop it, remove that, start it, and "
            "replace it then"
        )
    gone = replaced(before, server)
    if not command.force:
        _refuseLoss(gone, server, roster)
    return gone


def _updated(command: MemberUpdate, before: Configuration, roster: Roster) -> Configuration:
    member, server, address = _member(before, command.server), command.server, _address(command)
    _refuseTaken(before, server, address)
    if member.address == address:
        return before
    others = {voter for voter in before.voters if voter != server and roster.hears(voter)}
    if not before.isQuorum(others) and not command.force:
        raise CannotChange(
            f"until server {server} is there, there is no majority without it: move it right after it, and say so with "
            "--force"
        )
    return moved(before, server, address)


def _promoted(command: MemberPromote, before: Configuration, roster: Roster) -> Configuration:
    member, server = _member(before, command.server), command.server
    if member.kind is Kind.VOTER:
        return before
    if not roster.hears(server):
        raise CannotChange(
            f"server {server} does not answer, or lacks too much: start it, and it has its vote when it keeps up"
        )
    return promoted(before, server)


def _member(configuration: Configuration, server: int) -> Member:
    member = configuration.member(server)
    if member is None:
        raise CannotChange(f"server {server} is no member: replkv member add --id {server} has it be one")
    return member


def _address(command: MemberAdd | MemberUpdate) -> Address:
    """
    Where an operator says that a server is.

    @raise CannotChange: if it cannot be there.
    """
    host, clientPort, logPort = address = Address(command.host, command.clientPort, command.logPort)
    mistake = hostMistake(host)
    if mistake is not None:
        raise CannotChange(f"the host {host} {mistake}")
    if isUnspecified(host):
        raise CannotChange(f"nobody can be sent to {host}: name the server's own address")
    for port in (clientPort, logPort):
        if not 0 < port <= _MAX_PORT:
            raise CannotChange(f"there is no port {port}")
    if clientPort == logPort:
        raise CannotChange(f"port {logPort} cannot be for clients and for servers")
    return address


def _refuseTaken(before: Configuration, server: int, address: Address) -> None:
    for member in before.members:
        if member.id == server or member.address is None or member.address.host != address.host:
            continue
        taken = {member.address.clientPort, member.address.logPort} & {address.clientPort, address.logPort}
        if taken:
            raise CannotChange(f"port {min(taken)} of {address.host} is server {member.id}'s")


def _refuseLoss(configuration: Configuration, without: int, roster: Roster) -> None:
    """
    @raise CannotChange: if those who answer would be no majority.
    """
    silent = [voter for voter in configuration.voters if not roster.hears(voter)]
    if silent and not configuration.isQuorum({*configuration.voters} - {*silent}):
        raise CannotChange(
            f"without server {without} there would be no majority, since server {silent[0]} does not answer: "
            f"{_remedy(silent[0])}"
        )


def _remedy(server: int) -> str:
    return f"start it, or replkv member replace --id {server}, or replkv member remove --id {server}"


def _shown(address: Address | None) -> str:
    return "an address that the servers file tells" if address is None else "{}, ports {} and {}".format(*address)
