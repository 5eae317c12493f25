"""
Reads: each sees all that was committed when it was asked, by a leader that a majority has confirmed since.
"""

from __future__ import annotations

from collections import Counter

from replkv.raft.outputs import Ready, Token
from replkv.raft.progress import ProgressState
from replkv.raft.status import Status
from replkv.testing import rare
from replkv.testing.judges.elections import Elections
from replkv.testing.judges.promises import Promises
from replkv.testing.judges.view import Asked, View, isMajority
from replkv.testing.outcome import Violation


class Reads:
    """
    Section 8 of the paper; section 6.4 of Ongaro's thesis.
    """

    def __init__(self, promises: Promises, elections: Elections, counted: Counter[str]) -> None:
        self._promises = promises
        self._elections = elections
        self._rare = counted

    def asked(self, view: View, token: Token, step: int, committed: int) -> None:
        """
        A leader is about to be asked for a read.
        """
        view.reads[token] = Asked(step, committed, view.raft.log.lastIndex, view.configuration)
        if view.raft.currentTerm < self._elections.lastTerm:
            self._rare[rare.REPLACED_LEADER_ASKED] += 1

    def wait(self, view: View, status: Status) -> None:
        """
        Take note where a leader that has reads waiting has lost contact with the majority.
        """
        progress = status.progress
        reachable = {peer for peer in progress if progress[peer].state is ProgressState.REPLICATE}
        if not view.isQuorum(lambda member: member.id == view.id or member.id in reachable):
            for asked in view.reads.values():
                asked.waited = True

    def check(self, view: View, ready: Ready) -> None:
        """
        Reads are answered, before what is given out beside them is applied, or get no answer.
        """
        raft = view.raft
        if ready.reads and (not raft.commitIndex or view.terms[raft.commitIndex - 1] != raft.currentTerm):
            raise Violation(f"server {view.id} answers a read before it has committed an entry of its term")
        for index, tokens in ready.reads:
            if index > view.applied + len(ready.entries):
                raise Violation(f"server {view.id} answers a read from entry {index}, and has applied {view.applied}")
            for token in tokens:
                self._answered(view, max(index, view.applied), _taken(view, token))
        for token in ready.droppedReads:
            _taken(view, token)
            self._rare[rare.READ_DEPOSED if raft.currentTerm > view.term else rare.READ_LOST_QUORUM] += 1

    def _answered(self, view: View, seen: int, asked: Asked) -> None:
        if seen < asked.committed:
            raise Violation(f"a read of server {view.id} sees entry {seen}, and {asked.committed} were committed")
        if seen > asked.lastIndex:
            raise Violation(f"a read of server {view.id} sees entry {seen}, which was proposed after it")
        # It is enough that they were a majority when it was confirmed.
        if not any(
            isMajority(each, lambda member: self._promises.hears(view, member, asked.step))
            for each in asked.configurations
        ):
            raise Violation(f"server {view.id} answers a read, and no majority has confirmed since that it leads")
        if asked.waited:
            self._rare[rare.READ_WAITED] += 1


def _taken(view: View, token: Token) -> Asked:
    """
    A read that waits no longer.
    """
    asked = view.reads.pop(token, None)
    if asked is None:
        raise Violation(f"server {view.id} answers or drops a read that it does not have")
    return asked
