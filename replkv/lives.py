"""
What a server is known by: its data folder, and the processes that have run on it.

A server must not forget how it voted and what it acknowledged. Its folder remembers, and so the others make sure
that it still has that folder, all of it: a folder that was wiped has another incarnation; one that was put back from an
older copy, or runs twice, has another past. Each start of a server draws a random name. The folder keeps the names of
its last starts, and every other server keeps the last one that it has met. If that is not in the folder's past, at its
place, then the folder is not the one that was met, or not all of it.

What cannot be told so: that a copy was made while the server ran, if others have met no later start of it. Then a
leader may yet notice that it lacks what it had acknowledged (L{Ready<replkv.raft.outputs.Ready>}, C{regressed}). Nor is
the past compared over more than L{NAMES} starts, or by a server that has met only the copy.
"""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

NAMES: Final = 100
"""
How many of its last starts a folder remembers by name: a server that cannot run is started again and again, and others
may be away meanwhile.
"""


MAX_NAME: Final = 64
"""
The longest name of a folder or of a start, in characters.
"""

MAX_STARTS: Final = 2**62
"""
More than any server was ever started.
"""


class Life(NamedTuple):
    """
    One process of a server, as others remember it.

    @ivar incarnation: the random name that its folder got when it was made.
    @ivar start: which of the starts on that folder it is, from 1; 0 where that was not told.
    @ivar name: the random name of that start.
    @ivar hasForgotten: whether it was found to lack what it had acknowledged.
    @ivar version: the newest version that it speaks, see L{replkv.versions}; 0 where that was not told.
    """

    incarnation: str
    start: int
    name: str
    hasForgotten: bool = False
    version: int = 0


class Past(NamedTuple):
    """
    What a server tells of itself.

    @ivar incarnation: see L{Life}.
    @ivar starts: how often a process was started on its folder.
    @ivar names: the names of the last starts, the latest first; L{NAMES} at the most.
    """

    incarnation: str
    starts: int
    names: tuple[str, ...]

    @property
    def life(self) -> Life:
        """
        The process that runs now.
        """
        return Life(self.incarnation, self.starts, self.names[0])

    def begin(self, random: Random) -> Past:
        """
        Another process is started.
        """
        name = f"{random.getrandbits(64):016x}"
        return Past(self.incarnation, self.starts + 1, (name, *self.names[: NAMES - 1]))


def contradiction(server: int, known: Life | None, told: Past) -> str | None:
    """
    Say why a server cannot be the one that was met before.

    @param known: what is remembered of it; C{None} if it was never met.
    @return: one line for the operator; C{None} if nothing speaks against it.
    """
    if known is None:
        return None
    if known.incarnation != told.incarnation:
        return (
            f"server {server} comes with another data folder than before: the old one was wiped or replaced, so it may "
            "have forgotten what it voted and acknowledged"
        )
    if known.hasForgotten:
        return (
            f"server {server} lacks what it had acknowledged: its disk has lost that, or a copy of its data folder was "
            "put back"
        )
    if not known.start:
        return None
    since = told.starts - known.start
    if since == 0 and told.names[0] != known.name:
        return (
            f"server {server} runs twice, or a copy of its data folder was put back, so it may have forgotten what it "
            "voted and acknowledged"
        )
    if since < 0 or (since < len(told.names) and told.names[since] != known.name):
        return (
            f"the data folder of server {server} is older than server {server} was when it was last seen: a copy was "
            "put back, so it may have forgotten what it voted and acknowledged"
        )
    return None
