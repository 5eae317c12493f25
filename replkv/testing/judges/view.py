"""
A server as a judge sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from replkv.raft.configuration import Configuration
from replkv.raft.core import Raft
from replkv.raft.leader import Leader
from replkv.raft.member import Kind, Member
from replkv.raft.outputs import Token
from replkv.testing.outcome import Violation


class DurableLog(Protocol):
    """
    What of a server's log, term and vote is on its disk for certain, whether the server runs or not.
    """

    @property
    def term(self) -> int:
        """
        currentTerm.
        """

    @property
    def votedFor(self) -> int | None:
        """
        The vote in it.
        """

    @property
    def lastIndex(self) -> int:
        """
        The index of the last entry.
        """

    def has(self, index: int, term: int) -> bool:
        """
        Whether the entry C{index} of C{term} is there, or is part of the snapshot that the log begins after.
        """

    def holds(self, index: int, term: int) -> bool:
        """
        Whether others may count on that: it is there, or it was before the log lost it.
        """


class Watched(Protocol):
    """
    A server that a judge looks at.
    """

    @property
    def id(self) -> int:
        """
        Its id.
        """

    @property
    def raft(self) -> Raft:
        """
        Its core, of its present run.
        """

    @property
    def folder(self) -> str:
        """
        The name of its data folder, the same in all its runs until that is wiped.
        """

    @property
    def disks(self) -> Mapping[str, DurableLog]:
        """
        Its disk with each data folder that it has or had, by their names, the first one first.
        """

    @property
    def beginning(self) -> Configuration:
        """
        Who the members are as long as its log does not say it.
        """


class Asked:
    """
    A read that waits for its answer.

    @ivar step: when it was asked.
    @ivar committed: how many entries were committed then, anywhere.
    @ivar lastIndex: the last index of the leader's log then.
    @ivar configurations: those that the leader goes by, or went by since.
    @ivar waited: whether its leader has lost contact with the majority since.
    """

    __slots__ = ("committed", "configurations", "lastIndex", "step", "waited")

    def __init__(self, step: int, committed: int, lastIndex: int, configuration: Configuration) -> None:
        self.step = step
        self.committed = committed
        self.lastIndex = lastIndex
        self.configurations = [configuration]
        self.waited = False


class View:
    """
    What was last seen of one server in one run of it.

    @ivar id: its id.
    @ivar folder: the name of its data folder.
    @ivar raft: its core.
    @ivar disk: its disk.
    @ivar beginning: the configuration with which the cluster begins.
    @ivar configuration: the one that it goes by; the next is the one by which it went when it was last seen.
    @ivar term: currentTerm when it was last seen; the next five likewise.
    @ivar leadingTerm: the term that it led; 0 if it did not lead.
    @ivar terms: the terms of its log, by what it gave to its disk, from index 1 on: before the log, those of the
        snapshot.
    @ivar applied: the index of the last entry that it gave out to be applied.
    @ivar isDistrusted: whether its state machine is, so that it may go back to a snapshot.
    @ivar matched: of a leader, what it knew of each peer's disk.
    @ivar reads: the reads that it was asked for and has not answered.
    """

    __slots__ = (
        "applied",
        "beginning",
        "commitIndex",
        "configuration",
        "configurationBefore",
        "disk",
        "folder",
        "id",
        "isDistrusted",
        "lastIndex",
        "leadingTerm",
        "matched",
        "raft",
        "reads",
        "role",
        "stableIndex",
        "term",
        "terms",
        "votedFor",
    )

    def __init__(self, server: Watched, committed: Sequence[int]) -> None:
        """
        @param committed: the terms of all entries that are committed.
        @raise Violation: if the server's log begins after something else than what is committed.
        """
        raft = server.raft
        self.id = server.id
        self.raft = raft
        self.folder = server.folder
        self.disk = server.disks[server.folder]
        self.beginning = server.beginning
        self.configuration = self.configurationBefore = raft.state.configuration
        log = raft.log
        prevIndex = log.firstIndex - 1
        if prevIndex and not (prevIndex <= len(committed) and committed[prevIndex - 1] == log.term(prevIndex)):
            raise Violation(f"the log of server {server.id} begins after entry {prevIndex}, which is not committed so")
        self.terms = [*committed[:prevIndex], *(log.term(index) for index in range(prevIndex + 1, log.lastIndex + 1))]
        self.applied = raft.lastApplied
        self.isDistrusted = False
        self.matched: dict[int, int] = {}
        self.reads: dict[Token, Asked] = {}
        self.note()

    @property
    def peers(self) -> tuple[int, ...]:
        """
        The ids of all other members.
        """
        return self.raft.peers

    def isQuorum(self, counts: Callable[[Member], bool]) -> bool:
        """
        Whether those can decide who count, by what it goes by now, or did before what it has just done.
        """
        return isMajority(self.configuration, counts) or isMajority(self.configurationBefore, counts)

    def agreed(self, values: Mapping[int, int]) -> int:
        """
        What most of the voters have reached.
        """
        ordered = sorted(values[voter] for voter in self.configuration.voters)
        return ordered[(len(ordered) - 1) // 2]

    def note(self) -> None:
        """
        Take note of what it is now.
        """
        raft = self.raft
        self.role = raft.role
        self.term = raft.currentTerm
        self.votedFor = raft.votedFor
        self.leadingTerm = raft.currentTerm if isinstance(raft.role, Leader) else 0
        self.commitIndex = raft.commitIndex
        self.lastIndex = raft.log.lastIndex
        self.stableIndex = raft.log.stableIndex

    @property
    def hasChanged(self) -> bool:
        """
        Whether it is something else now than was last noted.
        """
        raft, log = self.raft, self.raft.log
        return (
            raft.commitIndex != self.commitIndex
            or raft.role is not self.role
            or log.lastIndex != self.lastIndex
            or log.stableIndex != self.stableIndex
            or raft.currentTerm != self.term
            or raft.votedFor != self.votedFor
        )

    def has(self, index: int, term: int) -> bool:
        """
        Whether its log has this entry.
        """
        return 0 < index <= len(self.terms) and self.terms[index - 1] == term


def isMajority(configuration: Configuration, counts: Callable[[Member], bool]) -> bool:
    """
    Whether those who count are most of the voters. Judges count by themselves.
    """
    voters = [member for member in configuration.members if member.kind is Kind.VOTER]
    return 2 * sum(counts(voter) for voter in voters) > len(voters)
