"""
From one configuration to the next: another value, or the reason why there is none.

Members change one at a time: two configurations that follow each other differ by one voter at the most, and so each
majority of the one has a server in common with each of the other (Ongaro's thesis, section 4.1). To replace a server
takes two such steps, since its vote goes before it comes back: with its new data folder it has none at first.
"""

from __future__ import annotations

from replkv.raft.configuration import Configuration
from replkv.raft.member import Address, Kind, Member
from replkv.raft.membership import MAX_MEMBERS


class CannotChange(Exception):
    """
    There is no such change, or not now; the words say why.
    """


class NotNow(CannotChange):
    """
    Not now, but when something that is under way has been committed.
    """


def added(
    configuration: Configuration, serverId: int, address: Address | None, kind: Kind = Kind.LEARNER
) -> Configuration:
    """
    With one more member. Its data folder is named when it comes.

    @param kind: what it is; no voter.
    @raise CannotChange: if there is one with this id, or there are as many as there can be.
    """
    if configuration.member(serverId) is not None:
        raise CannotChange(f"server {serverId} is a member")
    if len(configuration.members) >= MAX_MEMBERS:
        raise CannotChange(f"there are {MAX_MEMBERS} members, which is the most")
    return Configuration([*configuration.members, Member(serverId, kind, address=address)])


def removed(configuration: Configuration, serverId: int) -> Configuration:
    """
    With one less.

    @raise CannotChange: if there is none with this id, or no voter but that one.
    """
    gone = _known(configuration, serverId)
    if configuration.voters == (serverId,):
        raise CannotChange(f"server {serverId} is the only voter")
    return Configuration(member for member in configuration.members if member is not gone)


def replaced(configuration: Configuration, serverId: int, folder: str = "") -> Configuration:
    """
    Without the data folder of one of the members, which has no vote from then on. Another one is named when it comes.

    @param folder: the name of the one with which it has come, where none is named; empty if it has not.
    @raise CannotChange: if there is none with this id, or no voter but that one.
    """
    before = _known(configuration, serverId)
    if configuration.voters == (serverId,):
        raise CannotChange(f"server {serverId} is the only voter")
    kind = Kind.SPARE if before.kind is Kind.SPARE else Kind.LEARNER
    former = before.incarnation or folder or before.former
    return _with(configuration, Member(serverId, kind, "", before.address, former))


def promoted(configuration: Configuration, serverId: int) -> Configuration:
    """
    With a learner, or a spare, as a voter.

    @raise CannotChange: if there is no such one, or it has not come yet: a vote belongs to a data folder.
    """
    before = _known(configuration, serverId)
    if before.kind is Kind.VOTER:
        raise CannotChange(f"server {serverId} is a voter")
    if not before.incarnation:
        raise CannotChange(f"server {serverId} has not come yet")
    return _with(configuration, before._replace(kind=Kind.VOTER))


def demoted(configuration: Configuration, serverId: int) -> Configuration:
    """
    Without the vote of a member that is gone, which keeps its data folder.

    @raise CannotChange: if there is no such voter, or no other one.
    """
    before = _known(configuration, serverId)
    if configuration.voters == (serverId,) or before.kind is not Kind.VOTER:
        raise CannotChange(f"server {serverId} is the only voter, or is none")
    return _with(configuration, before._replace(kind=Kind.ABSENT))


def named(configuration: Configuration, serverId: int, incarnation: str, address: Address | None) -> Configuration:
    """
    With the data folder of a member of which that was not known.

    @param address: where it is, if that was not known either.
    @raise CannotChange: if there is none with this id, or its data folder is known.
    """
    before = _known(configuration, serverId)
    if before.incarnation:
        raise CannotChange(f"server {serverId} has a data folder")
    return _with(configuration, before._replace(incarnation=incarnation, address=before.address or address))


def started(configuration: Configuration, serverId: int, start: int, name: str) -> Configuration:
    """
    With a later start of one of the members.

    @raise CannotChange: if there is none with this id, or a later start of it is known.
    """
    before = _known(configuration, serverId)
    if start <= before.start:
        raise CannotChange(f"start {before.start} of server {serverId} is known")
    return _with(configuration, before._replace(start=start, startName=name))


def moved(configuration: Configuration, serverId: int, address: Address) -> Configuration:
    """
    With one of the members at another address.

    @raise CannotChange: if there is none with this id.
    """
    return _with(configuration, _known(configuration, serverId)._replace(address=address))


def isOneStep(before: Configuration, after: Configuration) -> bool:
    """
    Whether two configurations may follow each other.
    """
    return len({*before.voters} ^ {*after.voters}) <= 1


def isReplaced(before: Configuration, after: Configuration, serverId: int) -> bool:
    """
    Whether a member of both has another data folder than it had; also where that is named which has come in the place
    of another, since what was known meanwhile may be of either.
    """
    one, other = before.member(serverId), after.member(serverId)
    if one is None or other is None or one.incarnation == other.incarnation:
        return False
    return bool(one.incarnation or one.former)


def _known(configuration: Configuration, serverId: int) -> Member:
    found = configuration.member(serverId)
    if found is None:
        raise CannotChange(f"server {serverId} is no member")
    return found


def _with(configuration: Configuration, changed: Member) -> Configuration:
    return Configuration(changed if member.id == changed.id else member for member in configuration.members)
