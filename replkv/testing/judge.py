"""
Says of each step of each server whether it may be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from replkv.raft.configuration import Configuration
from replkv.raft.leader import Leader
from replkv.raft.messages import AppendEntriesReply, InstallSnapshotReply, Message
from replkv.raft.outputs import Ready, Token
from replkv.raft.repair import Repair
from replkv.testing.health import Health
from replkv.testing.judges.commits import Commits
from replkv.testing.judges.contact import Contact
from replkv.testing.judges.elections import Elections
from replkv.testing.judges.folders import Folders
from replkv.testing.judges.handovers import HandOvers
from replkv.testing.judges.heartbeats import Heartbeats
from replkv.testing.judges.logs import Logs
from replkv.testing.judges.members import Members
from replkv.testing.judges.memory import Memory
from replkv.testing.judges.promises import Promises
from replkv.testing.judges.reads import Reads
from replkv.testing.judges.repairs import Repairs
from replkv.testing.judges.rests import Rests
from replkv.testing.judges.retries import Retries
from replkv.testing.judges.stability import Stability
from replkv.testing.judges.view import View, Watched
from replkv.testing.outcome import Violation


class Judge:
    """
    Looks at all that the cores of one cluster ask for, before it is done, and knows all that was ever true: figure 3 of
    the Raft paper, and what this project promises beyond it. What it finds wrong, it raises as L{Violation}.

    It also counts the rare things that it sees: L{replkv.testing.rare}.

    @ivar folders: knows with which data folder each server counts.
    """

    def __init__(
        self,
        servers: Sequence[Watched],
        counted: Counter[str],
        health: Health,
        seconds: Callable[[], float],
    ) -> None:
        """
        @param servers: all servers; they may be added to it later, until the first one starts.
        @param counted: counts rare things.
        @param health: which of them are well.
        @param seconds: tells the time.
        """
        self._views: dict[int, View] = {}
        self.folders = folders = Folders(servers)
        self._step = 0
        self._rare = counted
        self._contact = Contact()
        self._stability = Stability(health, seconds)
        self._handOvers = HandOvers(folders, counted)
        self._elections = Elections(counted, folders, self._contact, self._stability, self._handOvers)
        self._logs = Logs(counted)
        self._commits = Commits(self._logs, folders, counted)
        self._promises = Promises(self._elections, folders, self._views)
        self._reads = Reads(self._promises, self._elections, counted)
        self._repairs = Repairs(counted)
        self._retries = Retries()
        self._heartbeats = Heartbeats()
        self._rests = Rests()
        self._memory = Memory(counted)
        self._members = Members(counted)

    @property
    def elections(self) -> int:
        """
        How many terms had a leader.
        """
        return len(self.leaders)

    @property
    def leaders(self) -> Mapping[int, int]:
        """
        Who was elected in each term.
        """
        return self._elections.leaders

    @property
    def committed(self) -> int:
        """
        How many entries are committed.
        """
        return len(self._commits.terms)

    @property
    def committedConfigurations(self) -> list[Configuration]:
        """
        All configurations that are committed, in order, but for the one with which the cluster begins.
        """
        return self._members.committed(self._commits.terms)

    @property
    def openConfigurations(self) -> list[Configuration]:
        """
        Those that some log has, or had, and that may yet be committed.
        """
        return self._members.open(self._commits.terms)

    def started(self, server: Watched) -> None:
        """
        A server has started, for the first time or again, and nothing has happened to its core yet.
        """
        view = self._views[server.id] = View(server, self._commits.terms)
        self._members.started(view)
        self._elections.started(view)
        self._commits.started(view)
        self._contact.started(view)
        self._retries.started(view)
        self._heartbeats.started(view)
        self._handOvers.started(view)

    def ticking(self, server: Watched) -> None:
        """
        The core of a server is about to count a tick.
        """
        self._rests.ticking(self._views[server.id])

    def ticked(self, server: Watched) -> None:
        """
        It has counted it.
        """
        view = self._views[server.id]
        self._rests.ticked(view)
        self._contact.ticked(view)
        self._members.ticked(view)
        self._heartbeats.ticked(view)
        self._handOvers.ticked(view)

    def receives(self, server: Watched, sender: int, message: Message, take: Callable[[], None]) -> None:
        """
        A message comes to the core of a server.

        @param take: has it taken in.
        """
        view = self._views[server.id]
        self._rests.stirred(view)
        if isinstance(message, AppendEntriesReply | InstallSnapshotReply):
            if isinstance(message, AppendEntriesReply) and message.lostIndex:
                # So the leader may have to forget what it knew of that server.
                view.matched.pop(sender, None)
            before = self._retries.nextIndex(view, sender)
            self._contact.receives(view, sender, message, take)
            self._retries.replied(view, sender, message, before)
        else:
            self._contact.receives(view, sender, message, take)

    def lost(self, server: Watched, peer: int) -> None:
        """
        The core of a server is told that what it has sent to a peer is lost.
        """
        view = self._views[server.id]
        self._retries.lost(view, peer)
        self._heartbeats.lost(view, peer)
        self._rests.stirred(view)

    def distrusted(self, server: Watched) -> None:
        """
        The core of a server is told that its state machine is not what it should be.
        """
        self._views[server.id].isDistrusted = True

    def lostEntries(self, server: Watched, had: Repair) -> None:
        """
        The disk of a server, which does not run, has lost entries.

        @param had: what it had before.
        """
        self._repairs.lost(server.folder, had)

    def asked(self, server: Watched, token: Token) -> None:
        """
        The core of a server that believes to lead is about to be asked for a read.
        """
        self._reads.asked(self._views[server.id], token, self._step, len(self._commits.terms))

    def check(self, server: Watched, ready: Ready) -> None:
        """
        A core asks for something to be done, and none of it is done yet.
        """
        view = self._views[server.id]
        self._step += 1
        if ready.persists:
            self._logs.given(view, ready.persists, self._commits.terms, self._elections.lastTerm)
            self._members.given(ready.persists)
        changed = view.hasChanged
        if changed:
            self._logs.check(view)
            self._members.look(view)
            if self._elections.check(view):
                self._commits.elected(view)
                view.matched = {}
            self._commits.check(view, self._views.values())
            if self._members.check(view, self._commits.terms):
                self._contact.configured(view)
        if isinstance(view.raft.role, Leader):
            self._leads(view)
            self._retries.check(view, ready.sends)
            self._heartbeats.sends(view, ready.sends)
        self._handOvers.check(view, ready.sends)
        self._repairs.check(view, ready.sends)
        if ready.reads or ready.droppedReads:
            self._reads.check(view, ready)
        self._memory.check(view, ready)
        self._rests.check(view, ready)
        if ready.entries:
            self._commits.given(view, ready.entries)
        if changed:
            view.note()
        if ready.sends:
            self._promises.check(view, ready.sends, self._step, self._commits.terms)

    def isCommitted(self, index: int, term: int) -> bool:
        """
        Whether an entry was committed with that term.
        """
        terms = self._commits.terms
        return 0 < index <= len(terms) and terms[index - 1] == term

    def applied(self, server: Watched, index: int, digest: bytes) -> None:
        """
        A server has applied the entries up to C{index}.

        @param digest: is the same for two states only if they are the same.
        """
        self._commits.applied(server.id, index, digest)

    def _leads(self, view: View) -> None:
        """
        What a leader knows of the others is true, and never goes back.
        """
        status = view.raft.status
        # Who was no member meanwhile is asked anew, and so is who comes with another data folder.
        matched = view.matched = {
            peer: known
            for peer, known in view.matched.items()
            if peer in status.progress and not _isReplaced(view.configurationBefore, view.configuration, peer)
        }
        for peer, progress in status.progress.items():
            index = progress.matchIndex
            known = matched.get(peer, 0)
            if index < known:
                raise Violation(f"leader {view.id} goes back from matchIndex {known} of server {peer} to {index}")
            if progress.nextIndex <= index:
                raise Violation(f"leader {view.id} would send entry {progress.nextIndex} to server {peer} again")
            if index > known:
                matched[peer] = index
                member, folders = view.configuration.member(peer), self.folders
                if member is None or not (
                    folders.hasGoneOn(member, view.raft.currentTerm)
                    or folders.holds(member, index, view.terms[index - 1])
                ):
                    raise Violation(f"leader {view.id} takes entry {index} to be on the disk of server {peer}")
        if status.commitIndex < status.noopIndex:
            self._commits.leads(view, status)
        elif view.reads:
            self._reads.wait(view, status)


def _isReplaced(before: Configuration, after: Configuration, server: int) -> bool:
    """
    Whether a member of both has another data folder than it had, or that is named which has come in the place of one.
    """
    one, other = before.member(server), after.member(server)
    if one is None or other is None or one.incarnation == other.incarnation:
        return False
    return one.incarnation != "" or one.former != ""
