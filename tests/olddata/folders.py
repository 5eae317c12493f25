"""
What an archive of data folders has.
"""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from replkv.kv.record import Record
from replkv.lives import Life, Past
from replkv.raft.configuration import Configuration
from replkv.storage.clockrecord import ClockRecord
from replkv.users.user import User

CLUSTER: Final = "replkv"

MEMBERS: Final = (0, 1, 2)


class Kept(NamedTuple):
    """
    What a data folder holds.

    @ivar past: what the server is known by.
    @ivar peers: the servers that it has met.
    @ivar clock: the clocks, when they were stored last.
    @ivar term: currentTerm.
    @ivar votedFor: the vote in that term, or C{None}.
    @ivar termRuns: the first index and the term of each run of entries with equal terms.
    @ivar appliedIndex: how far its store has got.
    @ivar stamp: the largest stamp in the log.
    @ivar records: what the keys hold when the whole log is applied.
    @ivar stateHash: the hash of that; C{None} if that version had none.
    @ivar users: the users then, in the order of their names.
    @ivar members: the members then; C{None} if they were those of the stamp.
    """

    serverId: int
    past: Past
    peers: dict[int, Life]
    clock: ClockRecord
    term: int
    votedFor: int | None
    lastIndex: int
    termRuns: list[tuple[int, int]]
    appliedIndex: int
    stamp: int
    records: dict[bytes, Record]
    stateHash: int | None = None
    users: Sequence[User] = ()
    members: Configuration | None = None


class Archive(NamedTuple):
    """
    An archive of folders.

    @ivar file: its name.
    @ivar killed: the folder of a follower that was killed in a term in which it had not voted: its store has what was
        written before its second start.
    @ivar stopped: the folder of a server of the same cluster that went on without that one, in a third term, and was
        stopped.
    @ivar gone: keys that were deleted, without and with an expiry, and one that has expired.
    """

    file: str
    killed: Kept
    stopped: Kept
    gone: tuple[bytes, ...]

    def unpack(self, folder: Path) -> None:
        """
        Put the folders of the servers into C{folder}.
        """
        with tarfile.open(Path(__file__).with_name(self.file)) as archive:
            # Not by the argument, which the first releases of Python 3.11 do not have.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder)
