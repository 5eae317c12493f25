"""
One server of a cluster, as its configuration has it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """
    What part a member has in decisions, as operators read it.

    @cvar VOTER: it counts.
    @cvar LEARNER: it gets all entries and does not count (Ongaro's thesis, section 4.2.1); it becomes a voter when it
        keeps up.
    @cvar ABSENT: a learner that was a voter, and lost its vote since it was gone for long.
    @cvar SPARE: a learner that stays one until it is needed.
    """

    VOTER = "voter"
    LEARNER = "learner"
    ABSENT = "absent"
    SPARE = "spare"


class Address(NamedTuple):
    """
    Where a server is found.

    @ivar host: its name, or its IP address.
    @ivar clientPort: the port on which it listens for clients.
    @ivar logPort: the port on which it listens for other servers.
    """

    host: str
    clientPort: int
    logPort: int


class Member(NamedTuple):
    """
    @ivar id: its id, which no other member has.
    @ivar kind: its part in decisions.
    @ivar incarnation: the name of the data folder with which it is a member; empty as long as that is not known: before
        a cluster has first had a leader, and before a server that was added or replaced has come.
    @ivar address: where it is; C{None} where the servers file alone tells.
    @ivar former: the name of the data folder that was replaced last, which is not to come back; empty if none was.
    @ivar start: which start on its data folder a leader has met last, from 1; 0 where none has.
    @ivar startName: the name of that start.
    """

    id: int
    kind: Kind = Kind.VOTER
    incarnation: str = ""
    address: Address | None = None
    former: str = ""
    start: int = 0
    startName: str = ""
