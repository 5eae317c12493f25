"""
Data folders: a member counts with the one that the configuration names, and with no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from replkv.raft.member import Kind, Member
from replkv.testing.judges.view import DurableLog, Watched


class Folders:
    """
    What a server has acknowledged and voted is its folder's. One that was wiped has another folder, and has promised
    nothing with it.
    """

    def __init__(self, servers: Sequence[Watched]) -> None:
        """
        @param servers: all servers; the place of each is its id.
        """
        self._servers = servers

    def counts(self, member: Member, folder: str) -> bool:
        """
        Whether what a member promises with a folder is that member's word. One whose folder is not named counts with
        its first one, since others know it by that; or with any but the one that was replaced, where it has no vote.
        """
        if member.incarnation:
            return folder == member.incarnation
        if member.kind is Kind.VOTER:
            return folder == next(iter(self._disks(member)), None)
        return folder != member.former

    def holds(self, member: Member, index: int, term: int) -> bool:
        """
        Whether others may count on it that a member's disk has an entry.
        """
        return any(disk.holds(index, term) for disk in self._disksOf(member))

    def hasGoneOn(self, member: Member, term: int) -> bool:
        """
        Whether a member's disk knows of a later term, in which its log may have been cut.
        """
        return any(disk.term > term for disk in self._disksOf(member))

    def of(self, member: Member) -> list[str]:
        """
        The folders with which a member counts.
        """
        return [folder for folder in self._disks(member) if self.counts(member, folder)]

    def _disksOf(self, member: Member) -> list[DurableLog]:
        return [self._disks(member)[folder] for folder in self.of(member)]

    def _disks(self, member: Member) -> Mapping[str, DurableLog]:
        return self._servers[member.id].disks if 0 <= member.id < len(self._servers) else {}
