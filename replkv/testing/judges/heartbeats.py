"""
Heartbeats: a leader lets no peer wait for longer than it has said.
"""

from __future__ import annotations

from collections.abc import Sequence

from replkv.raft.messages import AppendEntries, InstallSnapshot
from replkv.raft.outputs import Send
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Heartbeats:
    """
    Section 5.2 of the paper: leaders send periodic heartbeats to all followers in order to maintain their authority.
    """

    def __init__(self) -> None:
        self._silent: dict[tuple[int, int], int] = {}  # (leader, peer): for how many ticks nothing was sent.

    def started(self, view: View) -> None:
        """
        A server has started.
        """
        for peer in view.peers:
            self._silent[view.id, peer] = 0

    def sends(self, view: View, sends: Sequence[Send]) -> None:
        """
        A leader sends this.
        """
        for to, message, _ in sends:
            if isinstance(message, AppendEntries | InstallSnapshot):
                self._silent[view.id, to] = 0

    def lost(self, view: View, peer: int) -> None:
        """
        What a server has sent to a peer is lost: it tries again at the next heartbeat.
        """
        self._silent[view.id, peer] = 0

    def ticked(self, view: View) -> None:
        """
        A server has counted a tick. What is due with it is not sent yet.

        @raise Violation: if it leads, and was to send a peer something before.
        """
        raft, most = view.raft, view.raft.config.heartbeatTicks
        # Else it is just elected, or waits for its disk.
        isSteady = raft.role is view.role and raft.state.voteIsDurable
        progress = raft.status.progress if isSteady else {}
        for peer in view.peers:
            # A peer that owes too many answers is sent nothing.
            leads = peer in progress and progress[peer].maySend
            silent = self._silent[view.id, peer] = self._silent.get((view.id, peer), 0) + 1 if leads else 0
            if silent > most + 1:
                raise Violation(f"leader {view.id} has sent server {peer} nothing for {silent} ticks")
