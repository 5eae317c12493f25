"""
The transcripts of the consensus: what is done to a cluster in memory, one command a line, and all that its servers then
do. Nothing happens by itself: messages lie on the wire until they are delivered or lost, and what is written is on the
disk when the disk is told to finish.

The commands, where C{ID} is a server's id, from 0 on::

    cluster 3 [1]           servers that have never run: so many members, and others beside
    logs 1,1 1,1,2:3 -      or servers with these terms in their logs; a dash is for an empty one, and behind a colon
                            stands currentTerm, where it is not the last of these
    tick ID|all COUNT       time passes
    campaign ID             time passes for a server until its election timeout has passed
    propose ID COMMAND      a client has a command for the leader
    read ID NAME            a client wants to read
    handover ID TO          somebody wants the leader to hand over to server TO
    add ID SERVER           somebody wants the leader to have one more member
    name ID SERVER FOLDER   the leader has met a member with this data folder
    replace ID SERVER       somebody wants it to have another data folder of a member
    remove ID SERVER        somebody wants it to have one member less
    sync [ID ...]           the disks finish what they write
    deliver [LINK ...]      the messages that are on the wire arrive; LINK is ID->ID, and * is any
    drop [LINK ...]         they are lost, and who waits for an answer is told
    settle                  sync and deliver, until nothing is left to do
    cut ID ...              no message reaches these servers, or leaves them
    heal                    all links are whole
    crash ID                a server stops, and what is not on its disk is lost
    restart ID              it starts from its disk
    wipe ID                 it starts, and has lost all that was on its disk
    compact ID INDEX        its log forgets the entries up to this one
    snapshot ID->ID         the second server has fetched a snapshot of what the first has applied
    distrust ID             its state is found to be wrong
    status                  how all servers are
    quietly COMMAND         any of these, without telling what comes of it

An entry is written as index@term, with its command where it has one, or with the members where it says who they are. Of
these, those that have no vote are called learners, and data folders stand behind them where they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from inspect import signature
from typing import NamedTuple

from replkv.raft.changes import CannotChange, added, named, removed, replaced
from replkv.raft.configuration import Configuration
from replkv.raft.core import NotLeader
from replkv.raft.handover import CannotHandOver
from tests.patience import patiently
from tests.raft.network import Disk, Envelope, Network, Server, entriesOf
from tests.raft.words import describe, describeEntries, describeMembers, describeWrite


class Moment(NamedTuple):
    """
    What a server is, and how much it has done so far.
    """

    role: str
    term: int
    handsOverTo: int | None
    members: Configuration
    commitIndex: int
    lastSeq: int
    applied: int
    reads: int
    droppedReads: int
    fetches: int

    @classmethod
    def of(cls, server: Server) -> Moment:
        """
        How a server is now.
        """
        raft = server.raft
        unsynced = server.disk.unsynced
        return cls(
            role=raft.role.name,
            term=raft.currentTerm,
            handsOverTo=raft.handsOverTo,
            members=raft.configuration,
            commitIndex=raft.commitIndex,
            lastSeq=unsynced[-1].seq if unsynced else 0,
            applied=len(server.applied),
            reads=len(server.reads),
            droppedReads=len(server.droppedReads),
            fetches=len(server.fetches),
        )


def changes(server: Server, before: Moment) -> Iterator[str]:
    """
    Tell what a server has done since.
    """
    now = Moment.of(server)
    if (now.role, now.term) != (before.role, before.term):
        yield f"{now.role} in term {now.term}"
    elif now.handsOverTo != before.handsOverTo:
        yield "leads on" if now.handsOverTo is None else f"takes nothing new, and waits for {now.handsOverTo}"
    if now.members != before.members:
        yield f"goes by the members {describeMembers(now.members)}"
    for write in server.disk.unsynced:
        if write.seq > before.lastSeq:
            yield f"writes {describeWrite(write)}"
    if now.commitIndex != before.commitIndex:
        yield f"commitIndex={now.commitIndex}"
    if now.applied > before.applied:
        yield f"applies {describeEntries(server.applied[before.applied :])}"
    for ready in server.reads[before.reads :]:
        yield f"answers {', '.join(map(str, ready.tokens))} from the state at {ready.index}"
    for fetch in server.fetches[before.fetches :]:
        yield f"wants a snapshot from {fetch.leader}, up to {fetch.index} or further"
    for token in server.droppedReads[before.droppedReads :]:
        yield f"gives up {token}"


class Story:
    """
    A cluster and what is done to it.
    """

    def __init__(self) -> None:
        self._network = Network()
        self._lines: list[str] = []
        self._cut: set[int] = set()
        self._refused: list[str] = []

    def carryOut(self, line: str) -> list[str]:
        """
        Carry out a command.

        @return: what the servers did.
        @raise ValueError: if it is none.
        """
        self._lines = []
        name, *words = line.split()
        if name == "quietly":
            self.carryOut(" ".join(words))
            return []
        commands: dict[str, Callable[..., None]] = {
            "cluster": self._cluster,
            "logs": self._logs,
            "tick": self._tick,
            "campaign": self._campaign,
            "propose": self._propose,
            "read": self._read,
            "handover": self._handOver,
            "add": self._add,
            "name": self._name,
            "replace": self._replace,
            "remove": self._remove,
            "sync": self._sync,
            "deliver": self._deliver,
            "drop": self._drop,
            "settle": self._settle,
            "cut": self._cutOff,
            "heal": self._heal,
            "crash": self._crash,
            "restart": self._restart,
            "wipe": self._wipe,
            "compact": self._compact,
            "snapshot": self._snapshot,
            "distrust": self._distrust,
            "status": self._status,
        }
        if name not in commands:
            raise ValueError("there is no such command")
        command = commands[name]
        try:
            signature(command).bind(*words)
        except TypeError as error:
            raise ValueError(str(error)) from error
        command(*words)
        return self._lines

    # What happens.

    @contextmanager
    def _event(self, title: str, always: bool = False) -> Iterator[None]:
        """
        Tell what all servers do meanwhile.

        @param always: whether it is worth telling even if they do nothing.
        """
        network = self._network
        before = [Moment.of(server) for server in network.servers]
        onTheWay = len(network.onTheWay)
        yield
        told = [
            f"  {server.config.id} {change}"
            for server, moment in zip(network.servers, before, strict=True)
            for change in changes(server, moment)
        ]
        told += [f"  {refused}" for refused in self._refused]
        self._refused = []
        told += [f"  {sender}->{to} {describe(message)}" for sender, to, message in network.onTheWay[onTheWay:]]
        if told or always:
            self._lines += [title, *told]

    @contextmanager
    def _refusal(self, server: Server) -> Iterator[None]:
        """
        Tell if the server refuses, and why.
        """
        try:
            yield
        except NotLeader:
            self._refused.append(f"{server.config.id} does not lead")
        except CannotHandOver as error:
            self._refused.append(f"{server.config.id} cannot: {error}")
        except CannotChange as error:
            self._refused.append(f"{server.config.id} changes nothing: {error}")

    def _server(self, word: str) -> Server:
        if not word.isdigit() or int(word) >= len(self._network.servers):
            raise ValueError(f"there is no server {word}")
        return self._network.servers[int(word)]

    def _running(self, word: str) -> Server:
        server = self._server(word)
        if server not in self._network.up:
            raise ValueError(f"server {word} does not run")
        return server

    def _stopped(self, word: str) -> Server:
        server = self._server(word)
        if server in self._network.up:
            raise ValueError(f"server {word} runs")
        return server

    def _take(self, links: Iterable[str]) -> list[Envelope]:
        """
        Take messages off the wire.
        """
        ends = [link.split("->") for link in links] or [["*", "*"]]
        if any(len(end) != 2 for end in ends):
            raise ValueError("a link is ID->ID")
        taken: list[Envelope] = []
        left: list[Envelope] = []
        for envelope in self._network.onTheWay:
            known = any(one in ("*", str(envelope.sender)) and other in ("*", str(envelope.to)) for one, other in ends)
            (taken if known else left).append(envelope)
        self._network.onTheWay = left
        return taken

    def _syncOne(self, server: Server) -> None:
        number = server.config.id
        if server.disk.unsynced:
            with self._event(f"the disk of {number} is done", always=True):
                self._network.post(number, server.sync())
        while server.loads:
            with self._event(f"the disk of {number} has read", always=True):
                self._network.post(number, server.finishLoad())

    # The commands.

    def _cluster(self, members: str, others: str = "0") -> None:
        self._network = Network.fresh(int(members), int(others))

    def _logs(self, *logs: str) -> None:
        disks = []
        for log in logs:
            terms, _, currentTerm = log.partition(":")
            entries = [] if terms == "-" else entriesOf(*map(int, terms.split(",")))
            disks.append(Disk(entries, int(currentTerm) if currentTerm else None))
        self._network = Network(*disks)

    def _tick(self, which: str, count: str) -> None:
        servers = self._network.up if which == "all" else [self._running(which)]
        for _ in range(int(count)):
            for server in servers:
                with self._event(f"{server.config.id} ticks"):
                    self._network.post(server.config.id, server.tick())

    def _campaign(self, which: str) -> None:
        server = self._running(which)
        if server.leads:
            raise ValueError(f"server {which} leads")
        before = server.raft.role
        with self._event(f"{which} times out", always=True):
            for _ in patiently(f"server {which} times out"):
                if server.raft.role is not before:
                    break
                self._network.post(server.config.id, server.tick())

    def _propose(self, which: str, command: str) -> None:
        server = self._running(which)
        with self._event(f"a client proposes {command} to {which}", always=True), self._refusal(server):
            self._network.propose(server.config.id, command.encode("ascii"))

    def _read(self, which: str, name: str) -> None:
        server = self._running(which)
        with self._event(f"a client asks {which} for {name}", always=True), self._refusal(server):
            server.raft.read(name)
            self._network.post(server.config.id, server.pump())

    def _handOver(self, which: str, to: str) -> None:
        server = self._running(which)
        with self._event(f"{which} is to hand over to {to}", always=True), self._refusal(server):
            server.raft.handOver({int(to)})
            self._network.post(server.config.id, server.pump())

    def _add(self, which: str, server: str) -> None:
        self._change(which, f"{which} is to add {server}", lambda members: added(members, int(server), None))

    def _name(self, which: str, server: str, folder: str) -> None:
        self._change(
            which, f"{which} has met {server} with {folder}", lambda members: named(members, int(server), folder, None)
        )

    def _replace(self, which: str, server: str) -> None:
        self._change(which, f"{which} is to replace {server}", lambda members: replaced(members, int(server)))

    def _remove(self, which: str, server: str) -> None:
        self._change(which, f"{which} is to remove {server}", lambda members: removed(members, int(server)))

    def _change(self, which: str, title: str, change: Callable[[Configuration], Configuration]) -> None:
        server = self._running(which)
        with self._event(title, always=True), self._refusal(server):
            server.raft.change(change(server.raft.configuration))
            self._network.post(server.config.id, server.pump())

    def _sync(self, *which: str) -> None:
        for server in [self._running(word) for word in which] or self._network.up:
            self._syncOne(server)

    def _deliver(self, *links: str) -> None:
        for envelope in self._take(links):
            sender, to, message = envelope
            lost = to in self._network.down or not self._cut.isdisjoint((sender, to))
            with self._event(f"{sender}->{to} {type(message).__name__}{' is lost' if lost else ''}", always=True):
                self._network.deliver(envelope)

    def _drop(self, *links: str) -> None:
        for envelope in self._take(links):
            sender, to, message = envelope
            with self._event(f"{sender}->{to} {type(message).__name__} is lost", always=True):
                self._network.lose(envelope)

    def _settle(self) -> None:
        for _ in patiently("all is settled"):
            before = len(self._lines)
            self._sync()
            self._deliver()
            if len(self._lines) == before:
                break

    def _cutOff(self, *which: str) -> None:
        self._cut = {self._server(word).config.id for word in which}
        others = [server.config.id for server in self._network.servers if server.config.id not in self._cut]
        self._network.partition(others)

    def _heal(self) -> None:
        self._cut = set()
        self._network.heal()

    def _crash(self, which: str) -> None:
        self._network.crash(self._running(which).config.id)

    def _restart(self, which: str) -> None:
        self._network.restart(self._stopped(which).config.id)

    def _wipe(self, which: str) -> None:
        self._network.wipe(self._stopped(which).config.id)

    def _compact(self, which: str, index: str) -> None:
        self._running(which).compact(int(index))

    def _snapshot(self, link: str) -> None:
        source, to = map(self._running, link.split("->"))
        with self._event(f"{to.config.id} has a snapshot of {source.config.id}", always=True):
            self._network.post(to.config.id, to.install(source.applied))

    def _distrust(self, which: str) -> None:
        server = self._running(which)
        with self._event(f"the state of {which} is found to be wrong", always=True):
            server.raft.distrust()
            self._network.post(server.config.id, server.pump())

    def _status(self) -> None:
        for server in self._network.servers:
            number, raft = server.config.id, server.raft
            if server in self._network.up:
                terms = ",".join(map(str, server.terms)) or "-"
                if raft.log.firstIndex > 1:
                    terms += f" after {raft.log.firstIndex - 1}@{raft.log.term(raft.log.firstIndex - 1)}"
                votedFor = "" if raft.votedFor is None else f" votedFor={raft.votedFor}"
                said = (
                    f"{raft.role.name} in term {raft.currentTerm}{votedFor} log={terms} commitIndex={raft.commitIndex}"
                )
            else:
                said = "does not run"
            self._lines.append(f"{number} {said}")
