"""
Retries: a leader that learns that a follower's log does not match looks further back at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from replkv.raft.messages import AppendEntries, AppendEntriesReply, InstallSnapshot, InstallSnapshotReply
from replkv.raft.outputs import Send
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Retries:
    """
    Section 5.3 of the paper: after a rejection, the leader decrements nextIndex and retries AppendEntries. If it did so
    only with the next heartbeat, a follower would need as many heartbeats as there are places to try.
    """

    def __init__(self) -> None:
        self._due: dict[tuple[int, int], int] = {}  # (leader, peer): the entry that is to be tried next.

    def nextIndex(self, view: View, peer: int) -> int | None:
        """
        The entry that a server, if it leads, would send to a peer.
        """
        progress = view.raft.progressOf(peer)
        return None if progress is None else progress.nextIndex

    def replied(
        self, view: View, peer: int, reply: AppendEntriesReply | InstallSnapshotReply, before: int | None
    ) -> None:
        """
        A server has taken in an answer to AppendEntries or InstallSnapshot.

        @param before: what L{nextIndex} was before that.
        """
        after = self.nextIndex(view, peer)
        if isinstance(reply, InstallSnapshotReply) or reply.success or after is None:
            self._due.pop((view.id, peer), None)
        elif before is not None and after < before:
            self._due[view.id, peer] = after

    def lost(self, view: View, peer: int) -> None:
        """
        What a server has sent to a peer is lost: it may wait until the peer can be reached again.
        """
        self._due.pop((view.id, peer), None)

    def started(self, view: View) -> None:
        """
        A server has started, and owes nobody anything.
        """
        for peer in view.peers:
            self.lost(view, peer)

    def check(self, view: View, sends: Sequence[Send]) -> None:
        """
        A server has done what was to be done after all that has come.

        @raise Violation: if it leads, and has not tried again what it had to.
        """
        asked = {to for to, message, _ in sends if isinstance(message, AppendEntries | InstallSnapshot)}
        for peer in view.peers:
            due = self._due.pop((view.id, peer), None)
            if due is not None and peer not in asked and self.nextIndex(view, peer) == due:
                raise Violation(
                    f"leader {view.id} knows that the log of server {peer} does not match, and does not try entry {due}"
                )
