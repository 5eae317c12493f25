"""
The versions of what servers tell each other. Those of neighbouring releases work together, so that a cluster can be
upgraded one server after the other.

One number counts all of it: the requests of servers (L{replkv.peers.commands}), and the commands of clients that
stand in the log (L{replkv.commands.command}). Each says since which version it is known. A server speaks all versions
from an oldest to a newest one, and tells both when it connects to another. On a connection the newest version counts
that both sides speak; in the log, the newest one that all members do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

MAX_VERSION: Final = 1_000_000
"""
More than any server will ever speak.
"""


class Versions(NamedTuple):
    """
    The versions that a server speaks.
    """

    oldest: int
    newest: int

    def common(self, other: Versions) -> int | None:
        """
        The version in which two servers talk to each other; C{None} if there is none.
        """
        common = min(self.newest, other.newest)
        isThere = other.oldest > 0 and common >= max(self.oldest, other.oldest) and other.newest <= MAX_VERSION
        return common if isThere else None

    def mismatch(self, server: int, other: int, theirs: Versions) -> str:
        """
        Say why there is none.

        @param server: the id of the server that speaks these versions.
        @param other: the id of the one that says to speak C{theirs}.
        """
        if not 0 < theirs.oldest <= theirs.newest <= MAX_VERSION:
            return f"server {other} does not say which protocol versions it speaks"
        older = other if theirs.newest < self.oldest else server
        return (
            f"server {server} speaks protocol {self}, and server {other} {theirs}: upgrade server {older}, by one "
            "release after the other if there are several in between"
        )

    def __str__(self) -> str:
        """
        The versions, to be read.
        """
        if self.oldest == self.newest:
            return f"version {self.newest}"
        return f"versions {self.oldest} to {self.newest}"


VERSIONS: Final = Versions(3, 4)
"""
Those that this replkv speaks. What is added to them is of the newest one, until that is released; then the next
addition begins another. The oldest goes up when no server is left that speaks nothing later.
"""


MEMBERS: Final = 4
"""
The version since which the log says who the members are.
"""


class MemberVersions:
    """
    Which versions the members of a cluster speak, as far as one of them was told by the others.

    @ivar own: those that this server speaks.
    @ivar lowest: the newest one that all members speak.
    """

    def __init__(self, own: Versions, newest: Mapping[int, int], least: int = 0) -> None:
        """
        @param least: what each speaks that has said nothing; 0 if that is not known.
        @param newest: the newest version of each other member, by its id, as it said itself when it was met last. One
            that has said nothing, which is less than any, may speak the oldest only.
        """
        self.own = own
        self._newest = dict(newest)
        self._least = least
        self._compare()

    def follow(self, members: Iterable[int], least: int) -> None:
        """
        There are other members now. Who is new, and has said nothing yet, is let in only if it speaks what all do.

        @param members: the ids of all but this server.
        """
        self._newest = {member: self._newest.get(member, self.own.newest) for member in members}
        self._least = least
        self._compare()

    def told(self, server: int, newest: int) -> None:
        """
        Another server has said what is the newest version that it speaks.
        """
        if server in self._newest:
            self._newest[server] = newest
            self._compare()

    def speaks(self, member: int, version: int) -> bool:
        """
        Whether a member, or this server, is known to speak this version.
        """
        return (self.of(member) or self._least) >= version

    def of(self, member: int) -> int:
        """
        The newest version that a member speaks, as far as it has said so; else 0.
        """
        return self._newest.get(member, self.own.newest)

    def without(self, version: int) -> list[int]:
        """
        The other members that are not known to speak this version, in order.
        """
        return sorted(member for member, newest in self._newest.items() if newest < version)

    def _compare(self) -> None:
        known = [newest or self._least for newest in self._newest.values()]
        self.lowest = max(self.own.oldest, min([self.own.newest, *known]))
