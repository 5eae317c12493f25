"""
Tests for a server of the cluster that is sick, or not one: it stops nobody else, and what is committed stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from twisted.protocols import amp
from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.logged import encodeClock
from replkv.commands.results import Stored
from replkv.peers.commands import (
    CompareStateCommand,
    InstallSnapshotCommand,
    RequestVoteCommand,
    StateHashCommand,
    TimeoutNowCommand,
)
from replkv.peers.incoming import IncomingConnection
from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.limits import RaftLimits
from replkv.service.limits import ServerLimits
from replkv.testing.cluster.end import End
from tests.logged import logged
from tests.node.cluster import Client, valueAt
from tests.node.hostile import Box, Hostile, HostileCluster, honest, sendBox
from tests.peers.ampappend import AppendEntriesCommand
from tests.peers.listening import Caller

TIME = 1_700_000_000_000


class HostileTests(SynchronousTestCase):
    """
    Two servers, of which one leads, and a third one that is hostile.
    """

    def setUp(self) -> None:
        """
        Something is committed.
        """
        self.begin()

    def begin(self, **options: Any) -> None:
        """
        Begin.
        """
        self.cluster = HostileCluster(3, 2, **options)
        self.addCleanup(self.cluster.close)
        self.hostile = Hostile(self.cluster, 2)
        self.lines = logged(self)
        self.leader = self.cluster.leader()
        self.follower = self.cluster.servers[1 - self.leader.id]
        self.assertWorks()
        self.told: list[str] = []
        for server in (self.leader, self.follower):
            peers = server.service.assembly.peers
            peers.mistaken = partial(self.mistaken, peers.mistaken)  # type: ignore[method-assign]
        self.lines.clear()
        self.term = self.leader.raft.currentTerm
        self.last = self.leader.raft.log.lastIndex

    def mistaken(self, tell: Callable[[int | None, str], None], sender: int | None, what: str) -> None:
        """
        A server says so of another one.
        """
        self.told.append(what)
        tell(sender, what)

    def assertWorks(self) -> None:
        """
        The others work together: what is written is committed, and both have it.
        """
        self.cluster.run(0.5)
        leader = self.cluster.leader()
        written = Client(leader).set(b"k", b"v")
        self.cluster.run(0.1)
        self.assertIsInstance(written.result, Stored)
        for server in (self.leader, self.follower):
            self.assertTrue(server.isServing)
            self.assertEqual(valueAt(server, b"k"), b"v")
        self.cluster.check()

    def append(self, term: int | None = None, *entries: tuple[int, bytes], **changed: Any) -> dict[str, Any]:
        """
        The arguments of AppendEntries, behind the last entry of the log if nothing else is said.
        """
        prev = changed.get("prevLogIndex", self.last)
        made = [Entry(index, of, data) for index, (of, data) in enumerate(entries, prev + 1)]
        arguments = {
            "term": self.term if term is None else term,
            "prevLogIndex": prev,
            "prevLogTerm": self.leader.raft.log.term(min(prev, self.last)),
            "leaderCommit": 0,
            "readRound": 0,
            "batch": (Batch(made) if made else NO_ENTRIES).encoded,
            "time": TIME,
        }
        return {**arguments, **changed}

    def assertRefused(self, server: int, command: type[amp.Command], arguments: dict[str, Any], reason: str) -> None:
        """
        The server closes the connection, says why in one line, and is as it was; and all go on.
        """
        node = self.cluster.servers[server]
        raft = node.raft
        caller = self.hostile.connect(node)
        before = raft.currentTerm, raft.votedFor, raft.leaderId, raft.log.lastIndex, raft.commitIndex
        self.assertIsInstance(self.outcome(caller, command, arguments), Exception)
        self.assertFalse(caller.isUp)
        after = raft.currentTerm, raft.votedFor, raft.leaderId, raft.log.lastIndex, raft.commitIndex
        self.assertEqual(before, after)
        [line] = self.told
        self.assertIn("closed the connection with server 2", line)
        self.assertIn(reason, line)
        self.assertWorks()
        self.told.clear()
        self.last = self.leader.raft.log.lastIndex

    def outcome(self, caller: Caller, command: type[amp.Command], arguments: dict[str, Any]) -> object:
        """
        What comes of a request.
        """
        return self.successResultOf(self.hostile.send(caller, command, **arguments))

    def both(self) -> Sequence[int]:
        """
        The leader's id, and the follower's.
        """
        return self.leader.id, self.follower.id

    def test_lastTerm(self) -> None:
        """
        A term with which terms would come to an end is believed in no message, nor one that no cluster gets to.
        """
        offer = {"lastIncludedIndex": 2**40, "lastIncludedTerm": 1, "readRound": 0, "time": TIME}
        vote = {"lastLogIndex": 2**40, "lastLogTerm": 1, "handOver": None, "time": TIME}
        for server in self.both():
            for term in (2**64 - 1, 2**62 + 1, 2**62, self.term + 2**32 + 100, 0):
                self.assertRefused(server, AppendEntriesCommand, self.append(term), "no sense")
            self.assertRefused(server, RequestVoteCommand, {**vote, "term": 2**64 - 1, "preVote": False}, "no sense")
            self.assertRefused(
                server, RequestVoteCommand, {**vote, "term": 2**62, "preVote": True}, "where this server"
            )
            self.assertRefused(server, InstallSnapshotCommand, {**offer, "term": 2**62}, "where this server")
            self.assertRefused(server, TimeoutNowCommand, {"term": 2**62, "time": TIME}, "where this server")

    def test_committed(self) -> None:
        """
        What is committed is not replaced.
        """
        message = self.append(self.term + 1, (self.term + 1, b""), prevLogIndex=self.last - 1)
        for server in self.both():
            self.assertRefused(server, AppendEntriesCommand, message, "is committed")

    def test_secondLeader(self) -> None:
        """
        Nobody leads a term that another one leads.
        """
        for server in self.both():
            self.assertRefused(server, AppendEntriesCommand, self.append(), "it cannot lead term")

    def test_entries(self) -> None:
        """
        No entry is taken that nobody could carry out, nor one of a term that it cannot be of.
        """
        term = self.term + 1
        unknown = b"\xc8" + encodeClock(TIME)[1:]
        for entry, reason in (
            ((term, unknown), "a command of kind 200"),
            ((term, b"\x01" + bytes(17)), "a key has 1 to 250 bytes"),
            ((term, b"\x01"), "does not have 1 bytes"),
            ((term, b"\x04" + b"\xff" * 8), "no command is stamped"),
            ((term + 1, b""), f"an entry of term {term + 1}, from the leader of term {term}"),
            ((0, b""), "an entry of term 0"),
        ):
            for server in self.both():
                self.assertRefused(server, AppendEntriesCommand, self.append(term, entry), reason)
        for server in self.both():
            message = self.append(term, (term, b""), (term - 1, b""))
            self.assertRefused(server, AppendEntriesCommand, message, f"has term {term - 1}, after")

    def test_manyEntries(self) -> None:
        """
        A batch with more entries than any leader makes is not even decoded.
        """
        batch = Batch([Entry(self.last + 1 + number, self.term, b"") for number in range(2**17 + 1)])
        message = self.append(self.term + 1, batch=batch.encoded)
        self.assertRefused(self.follower.id, AppendEntriesCommand, message, "131072 are the most")

    def test_numbers(self) -> None:
        """
        Nothing counts that has a sign, or is beyond all bounds.
        """
        for changed in ({"prevLogIndex": -1}, {"leaderCommit": 2**63}, {"readRound": -1}, {"prevLogTerm": 2**64}):
            message = {**self.append(self.term + 1), **changed}
            self.assertRefused(self.follower.id, AppendEntriesCommand, message, "no sense")
        self.assertRefused(self.leader.id, StateHashCommand, {"index": -1}, "no sense")
        self.assertRefused(self.leader.id, CompareStateCommand, {"index": 1, "hash": 2**64}, "no sense")

    def test_statesAreTheLeadersConcern(self) -> None:
        """
        Nobody but the leader has a server believe that its state is wrong.
        """
        for server in self.both():
            node = self.cluster.servers[server]
            caller = self.hostile.connect(node)
            index = node.machine.appliedIndex
            found = self.hostile.send(caller, StateHashCommand, index=index)
            self.assertEqual(self.successResultOf(found), {"hash": node.machine.hash})
            self.hostile.send(caller, CompareStateCommand, index=index, hash=node.machine.hash ^ 1)
            self.assertFalse(node.raft.isDistrusted)
        self.assertWorks()

    def test_answers(self) -> None:
        """
        What a leader is answered that cannot be is not believed: its link closes the connection, with one line, and
        makes another one later.
        """
        for field, value in (
            (b"term", b"%d" % 2**62),
            (b"term", b"%d" % (2**64 - 1)),
            (b"matchIndex", b"%d" % 2**40),
            (b"prevLogIndex", b"%d" % 2**40),
            (b"readRound", b"%d" % 2**40),
            (b"conflictIndex", b"-1"),
            (b"time", b"tomorrow"),
            (b"success", b"perhaps"),
        ):
            self.lies(field, value)
            before = self.leader.raft.currentTerm, self.leader.raft.commitIndex
            self.cluster.run(0.2)
            self.assertEqual((self.leader.raft.currentTerm, self.leader.raft.commitIndex), before)
            self.assertFalse(self.leader.service.assembly.links[2].isUp)
            [line] = self.lines
            self.assertIn("closed the connection with server 2: its answer makes no sense", line)
            self.hostile.answer = honest
            self.assertWorks()
            self.cluster.run(11)
            self.assertTrue(self.leader.service.assembly.links[2].isUp)
            self.lines.clear()

    def lies(self, field: bytes, value: bytes) -> None:
        """
        From now on, the hostile server puts something else into its answers to AppendEntries.
        """

        def answer(request: Box) -> Box | None:
            told = honest(request)
            return told if told is None or request[b"_command"] != b"AppendEntries" else {**told, field: value}

        self.hostile.answer = answer

    def test_oneLine(self) -> None:
        """
        Who comes again and again with what cannot be does not fill the log.
        """
        for _ in range(50):
            caller = self.hostile.connect(self.leader)
            self.hostile.send(caller, AppendEntriesCommand, **self.append(0))
            self.assertFalse(caller.isUp)
        self.assertEqual(len(self.lines), 1)
        self.cluster.run(10)
        self.assertIn("49 more of such lines in 10 s", self.lines[1])

    def test_restOfTheBytes(self) -> None:
        """
        What comes behind a message that cannot be is not looked at any more.
        """
        caller = self.hostile.connect(self.follower)
        bad = self.box(self.append(0))
        good = self.box(self.append(self.term + 1))
        caller.transport.write(amp.AmpBox(bad).serialize() + amp.AmpBox(good).serialize())
        self.cluster.settle()
        self.assertEqual(self.follower.raft.currentTerm, self.term)

    def test_unanswered(self) -> None:
        """
        A server that asks, and whose questions wait for an answer, is not read from beyond a bound; when they are
        answered, it is.
        """
        caller = self.hostile.connect(self.follower)
        self.cluster.hold([self.follower])
        sent = 1000
        for _ in range(sent):
            sendBox(caller, self.box(self.append(self.term + 1, (self.term + 1, encodeClock(TIME)))))
        self.cluster.settle()
        incoming = self.incoming()
        self.assertEqual(incoming._unanswered, 256)
        self.cluster.hold([self.follower], held=False)
        self.cluster.settle()
        self.assertEqual((incoming._unanswered, incoming._unansweredBytes, incoming.isGivenUp), (0, 0, False))

    def test_unansweredBytes(self) -> None:
        """
        So it is where they are large.
        """
        caller = self.hostile.connect(self.follower)
        self.cluster.hold([self.follower])
        command = self.command(bytes(4 << 20))
        for _ in range(12):
            entries = self.append(self.term + 1, (self.term + 1, command), prevLogIndex=self.last)
            sendBox(caller, self.box(entries))
        self.cluster.settle()
        incoming = self.incoming()
        self.assertEqual(incoming._unanswered, 8)
        self.assertGreaterEqual(incoming._unansweredBytes, 32 << 20)

    def test_unread(self) -> None:
        """
        Who asks and does not read the answers is not read from.
        """
        caller = self.hostile.connect(self.follower)
        caller.transport.pauseProducing()
        vote = {b"term": b"%d" % (self.term + 1), b"lastLogIndex": b"0", b"lastLogTerm": b"0", b"preVote": b"True"}
        for _ in range(10_000):
            sendBox(caller, {b"_command": b"RequestVote", b"_ask": b"1", **vote, b"time": b"1"})
        self.cluster.settle()
        incoming = cast(End, self.incoming().transport)
        self.assertLess(incoming.backlog, 300_000)
        caller.transport.resumeProducing()
        self.cluster.settle()
        self.assertEqual(incoming.backlog, 0)
        self.assertTrue(caller.isUp)

    def test_uncommitted(self) -> None:
        """
        A server takes only so much that is not committed.
        """
        self.cluster.close()
        self.begin(limits=ServerLimits(raft=RaftLimits(uncommittedBytes=1 << 20)))
        caller = self.hostile.connect(self.follower)
        term, command = self.term + 1, self.command(bytes(200_000))
        for number in range(5):
            message = self.append(
                term, (term, command), prevLogIndex=self.last + number, prevLogTerm=term if number else self.term
            )
            self.hostile.send(caller, AppendEntriesCommand, **message)
        self.assertTrue(caller.isUp)
        message = self.append(term, (term, command), prevLogIndex=self.last + 5, prevLogTerm=term)
        self.hostile.send(caller, AppendEntriesCommand, **message)
        self.assertFalse(caller.isUp)
        self.assertEqual(self.follower.raft.log.lastIndex, self.last + 5)
        self.assertIn("bytes of entries that are not committed", "".join(self.lines))
        self.assertWorks()

    def test_displaced(self) -> None:
        """
        A server whose connection somebody else has taken, who knows all by which it is known, gets it back.
        """
        impostor = Hostile(self.cluster, self.leader.id, "elsewhere")
        impostor.identity = self.leader.service.assembly.peers.identity
        for _ in range(5):
            caller = impostor.connect(self.follower)
            self.assertTrue(caller.isUp)
            self.cluster.run(0.2)
            self.assertFalse(caller.isUp)
            self.assertWorks()
        self.assertEqual(self.leader.raft.currentTerm, self.term)

    def incoming(self) -> IncomingConnection:
        """
        The follower's end of the hostile server's connection.
        """
        [incoming] = [each for each in self.follower.service.assembly.peers.connections if each.sender == 2]
        return incoming

    def command(self, value: bytes) -> bytes:
        """
        A command in the log.
        """
        return b"\x01" + TIME.to_bytes(8, "big") + bytes(8) + b"\x01k" + value

    def box(self, arguments: dict[str, Any]) -> Box:
        """
        A box with the request AppendEntries.
        """
        box = AppendEntriesCommand.makeArguments(arguments, None)
        return {**box, b"_command": b"AppendEntries", b"_ask": b"1"}
