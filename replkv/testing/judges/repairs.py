"""
Logs that lose entries: whoever may lack what it has acknowledged takes no part in an election.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from replkv.raft.messages import RequestVote, RequestVoteReply
from replkv.raft.outputs import Send
from replkv.raft.repair import Repair
from replkv.testing import rare
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Repairs:
    """
    The rule of L{replkv.raft.repair}, by what disks really had. A server knows only what they had at the most.
    """

    def __init__(self, counted: Counter[str]) -> None:
        self._rare = counted
        self._had: dict[str, Repair] = {}  # By data folder, until that has as much again.

    def lost(self, folder: str, had: Repair) -> None:
        """
        A server's disk has lost entries.

        @param folder: the name of its data folder.
        @param had: what it had before.
        """
        self._had[folder] = had.joined(self._had.get(folder))

    def check(self, view: View, sends: Sequence[Send]) -> None:
        """
        A server has had to do with others.

        @raise Violation: if it votes, or stands for election, and has less than it had.
        """
        had = self._had.get(view.folder)
        if had is None:
            return
        stable = view.raft.log.stableIndex
        # While a snapshot is put in place of the log, nothing of that is stable.
        if stable and (stable >= had.lastIndex or view.raft.log.term(stable) > had.lastTerm):
            del self._had[view.folder]
            self._rare[rare.LOG_REPAIRED] += 1
            return
        for to, message, _ in sends:
            match message:
                case RequestVoteReply(granted=True, preVote=False):
                    what = f"votes for server {to}"
                case RequestVote(preVote=False):
                    what = "stands for election"
                case _:
                    continue
            raise Violation(
                f"server {view.id} {what}, and its log has entries up to {stable}, after it had had them up to "
                f"{had.lastIndex} of term {had.lastTerm}"
            )
