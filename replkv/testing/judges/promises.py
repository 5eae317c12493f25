"""
Messages: what they tell is on the disk of who sends them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from replkv.raft.leader import Leader
from replkv.raft.member import Member
from replkv.raft.messages import (
    AppendEntries,
    AppendEntriesReply,
    InstallSnapshot,
    InstallSnapshotReply,
    RequestVote,
    RequestVoteReply,
)
from replkv.raft.outputs import Send
from replkv.testing.judges.elections import Elections
from replkv.testing.judges.folders import Folders
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Promises:
    """
    Figure 2 of the paper: persistent state is updated before RPCs are answered.
    """

    def __init__(self, elections: Elections, folders: Folders, views: Mapping[int, View]) -> None:
        self._elections = elections
        self._folders = folders
        self._views = views
        self._answers: dict[tuple[str, int, int], int] = {}  # (the folder of who answers, to, term): step of the last

    def check(self, view: View, sends: Sequence[Send], step: int, committed: Sequence[int]) -> None:
        """
        What a message promises is on the disk when it leaves, or the disk has gone on to a later term.

        @param step: counts what the judge looks at.
        @param committed: the terms of all entries that are committed.
        """
        diskTerm = view.disk.term
        for to, message, _ in sends:
            if isinstance(message, RequestVote | RequestVoteReply) and message.preVote:
                pass  # It promises nothing.
            elif diskTerm < message.term:
                raise Violation(f"server {view.id} sends a message of term {message.term}, and its disk has {diskTerm}")
            match message:
                case AppendEntries():
                    self._append(view, message, len(committed))
                case AppendEntriesReply():
                    self._answers[view.folder, to, message.term] = step
                    if message.success and diskTerm == message.term:
                        self._acknowledged(view, to, message)
                case InstallSnapshot():
                    self._offer(view, message, committed)
                case InstallSnapshotReply():
                    self._answers[view.folder, to, message.term] = step
                    if message.matchIndex and diskTerm == message.term:
                        self._confirmed(view, message, committed)
                case RequestVote():
                    if not message.preVote and diskTerm == message.term and view.disk.votedFor != view.id:
                        raise Violation(f"server {view.id} asks for votes, and its own is not on its disk")
                    self._elections.asks(view, message)
                case RequestVoteReply():
                    granted = message.granted and not message.preVote
                    if granted and diskTerm == message.term and view.disk.votedFor != to:
                        raise Violation(f"server {view.id} votes for server {to}, and that is not on its disk")
                    self._elections.answers(view, to, message)
        self._elections.tells(view)

    def hears(self, view: View, member: Member, since: int) -> bool:
        """
        Whether a member has answered a leader, in its term and after a step. It hears itself.
        """
        if member.id == view.id:
            return self._folders.counts(member, view.folder)
        term = view.raft.currentTerm
        return any(self._answers.get((folder, view.id, term), 0) > since for folder in self._folders.of(member))

    def _append(self, view: View, message: AppendEntries, committed: int) -> None:
        if self._elections.leaders.get(message.term) != view.id:
            raise Violation(f"server {view.id} sends entries of term {message.term}, which it does not lead")
        if message.leaderCommit > committed:
            raise Violation(f"server {view.id} tells of a commitIndex {message.leaderCommit} of {committed}")
        prev = message.prevLogIndex
        if not isinstance(view.raft.role, Leader):
            return
        if prev and not view.has(prev, message.prevLogTerm):
            raise Violation(f"server {view.id} sends entries after entry {prev} of term {message.prevLogTerm}")
        last = prev + len(message.batch)
        if last > len(view.terms):
            raise Violation(f"server {view.id} sends entry {last}, which it has not given to its disk")

    def _acknowledged(self, view: View, to: int, message: AppendEntriesReply) -> None:
        """
        Up to matchIndex, the disk has what the leader's log has.
        """
        index = message.matchIndex
        leader = self._views[to]
        if not index or leader.leadingTerm != message.term:
            return
        if index > len(leader.terms) or not view.disk.has(index, leader.terms[index - 1]):
            raise Violation(
                f"server {view.id} confirms the entries up to {index} of leader {to}, and they are not on its disk"
            )

    def _offer(self, view: View, message: InstallSnapshot, committed: Sequence[int]) -> None:
        if self._elections.leaders.get(message.term) != view.id:
            raise Violation(f"server {view.id} offers a snapshot in term {message.term}, which it does not lead")
        index = message.lastIncludedIndex
        if not 0 < index <= len(committed) or committed[index - 1] != message.lastIncludedTerm:
            raise Violation(f"server {view.id} offers a snapshot up to entry {index}, which is not committed")

    def _confirmed(self, view: View, message: InstallSnapshotReply, committed: Sequence[int]) -> None:
        """
        Up to matchIndex, the disk has what is committed.
        """
        index = message.matchIndex
        if index > len(committed) or not view.disk.has(index, committed[index - 1]):
            raise Violation(f"server {view.id} confirms what is committed up to {index}, and it is not on its disk")
