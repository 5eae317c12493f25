"""
The simulation of whole servers: one seed, one run, one verdict.
"""

from __future__ import annotations

import gc
import traceback
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from replkv import exits
from replkv.client.client import Client
from replkv.client.errors import ClientError
from replkv.commands.add import Add
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import LoggedCommand, ReadCommand, StoreCommand
from replkv.commands.delete import Delete
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.incr import Incr
from replkv.commands.put import Put
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.raft.member import Kind
from replkv.testing import rare
from replkv.testing.cluster.clientele import Clientele
from replkv.testing.cluster.cluster import SimulatedCluster
from replkv.testing.cluster.drawing import draw
from replkv.testing.cluster.faults import Faults
from replkv.testing.cluster.kinds import KINDS
from replkv.testing.cluster.library import answerOf
from replkv.testing.cluster.machine import USUAL_DISK
from replkv.testing.cluster.network import USUAL_LATENCY
from replkv.testing.cluster.operator import Operator
from replkv.testing.cluster.plan import MAX_VALUE_BYTES, Plan
from replkv.testing.cluster.rest import checkCounters
from replkv.testing.cluster.server import SimulatedServer
from replkv.testing.cluster.visit import Visit
from replkv.testing.history import Answer, History, Status, Told
from replkv.testing.linear.check import checkInTime
from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.search import Undecided
from replkv.testing.linear.values import UpdateCommand
from replkv.testing.outcome import Outcome, Violation
from replkv.testing.simulate import carryOut, only
from replkv.testing.users.counted import rareOfUsers
from replkv.testing.users.judge import checkUsers
from replkv.versions import VERSIONS

TIER: Final = "cluster"

RECOVERY: Final = 20.0
"""
Within so many simulated seconds after all is well again, the cluster has a leader and answers, and all its stores are
the same.
"""

_REST: Final = "all servers are up and linked and take writes, and all stores the same and free of what has expired"

_QUIET: Final = 10
"""
For so many election timeouts at least the same server leads on, where all is well.
"""

_LONG: Final = 60
"""
So many seconds are a long life for a key.
"""

_STAMP_SECONDS: Final = 0.002

_WILD_SECONDS: Final = 1.0
_WILD_RATE: Final = 0.01
"""
Whatever the wall clocks do, keys live as long as told up to so many seconds, and such a part of that.
"""


def simulate(
    seed: int,
    faults: Collection[int] | None = None,
    clients: Collection[int] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Outcome:
    """
    Run the simulation that a seed stands for. See L{Simulate<replkv.testing.tiers.Simulate>}.
    """
    whole = draw(seed, list(KINDS))
    plan = replace(whole, faults=only(whole.faults, faults), clients=only(whole.clients, clients))
    outcome = Outcome(TIER, seed, servers=whole.size, faults=len(whole.faults), clients=len(whole.clients))
    simulation = Simulation(seed, plan, outcome, tell)
    carryOut(lambda: _run(simulation), simulation.cluster, outcome)
    outcome.rare += _rareIn(outcome.history) + rareOfUsers(outcome.history)
    outcome.rare[rare.NEWLY_KNOWN] += _newlyKnown(plan, outcome.history)
    return outcome


def _run(simulation: Simulation) -> None:
    """
    Let a simulation run to its end, and close it. What nobody has caught is wrong too.
    """
    cluster = simulation.cluster
    # What is wrong and nobody looked at is logged when it is collected: that must not be now or then.
    gc.disable()
    try:
        simulation.run()
        gc.collect()
        cluster.check()
    except (Violation, Undecided):
        raise
    except Exception as error:
        where = cluster.timeline.actor or "no host"
        raise Violation(f"{error!r}, which nobody caught, on {where}\n{traceback.format_exc()}") from error
    finally:
        gc.enable()
        cluster.close()


def _newlyKnown(plan: Plan, history: History) -> int:
    """
    How often a command was carried out that some server did not know at first, before all is well again.
    """
    done = [one for one in history.operations if one.status is Status.OK and one.ended < plan.seconds]
    return sum(isinstance(one.command, LoggedCommand) and plan.versions.newest < one.command.SINCE for one in done)


def _rareIn(history: History) -> Counter[str]:
    """
    The rare things that a history tells of.
    """
    counted: Counter[str] = Counter()
    for operation in history.operations:
        command = operation.command
        if operation.status is Status.OK and isinstance(command, StoreCommand):
            counted[rare.LARGEST_VALUE] += len(command.value) == MAX_VALUE_BYTES
            counted[rare.LONG_LIFE] += command.exptime >= _LONG
        if operation.answer is not None:
            told = operation.answer.told
            counted[rare.EXISTED] += told is Told.EXISTS
            counted[rare.NOT_SO] += told is Told.NOT_HELD
            counted[rare.EXPIRY_KEPT] += told is Told.STORED and isinstance(command, Put) and command.lifetime.isKept
            counted[rare.TRANSACTED] += told is Told.STORED and operation.group not in (None, operation.number)
            isMade = told in (Told.COUNTED, Told.STORED)
            counted[rare.CHANGED] += isMade and isinstance(command, UpdateCommand)
        counted[rare.TOUCHED] += operation.status is Status.OK and isinstance(command, Touch) and command.exptime > 0
        if operation.answer is not None:
            counted[rare.CARRIED_OUT] += operation.answer.told is Told.CARRIED_OUT
        elif operation.status is Status.UNKNOWN and not isinstance(operation.command, ReadCommand):
            counted[rare.UNKNOWN_WRITE] += 1
    return counted


class Simulation:
    """
    One run.
    """

    def __init__(self, seed: int, plan: Plan, outcome: Outcome, tell: Callable[[str], None] | None) -> None:
        self._plan = plan
        self._history = outcome.history
        self.cluster = SimulatedCluster(
            plan.size,
            seed,
            tell,
            plan.heartbeat,
            plan.electionTimeout,
            plan.leaderWait,
            plan.requestTimeout,
            plan.segmentBytes,
            self._exited,
            plan.limits,
            plan.versions,
            () if plan.members is None else plan.members.comers,
            None if plan.members is None else plan.members.replaceAfter,
        )
        self._prepare()
        self._faults = Faults(self.cluster, plan.faults)
        outcome.injected = self._faults.injected
        self._clientele = Clientele(self.cluster, plan, self._history)
        members = plan.members
        self._operators = (
            [] if members is None else [Operator(self.cluster, number, members) for number in range(members.operators)]
        )

    def run(self) -> None:
        """
        Let things go wrong, let them get well again, and judge.

        @raise Violation: if the cluster broke a promise.
        """
        self.cluster.tell("plan", self._plan.story)
        self._clientele.start()
        self.cluster.start()
        if self._plan.members is not None:
            for server, at in zip(self.cluster.servers[self._plan.size :], self._plan.members.starts, strict=True):
                self.cluster.timeline.callLater(at, server.revive)
        for operator in self._operators:
            operator.start()
        self.cluster.run(self._plan.seconds)
        self._mend()
        self._recover()
        # Before the visits too: the story of what is wrong by now does not end with all that they do.
        self._judge()
        if self._clientele.isOver:
            self._visitAll()
            self._judge()

    def _judge(self) -> None:
        checkUsers(self._history)
        checkInTime(self._history, self._clockBound)

    @property
    def _clockBound(self) -> ClockBound:
        slack, rate = (_STAMP_SECONDS, 0.0) if self._plan.clocksAgree else (_WILD_SECONDS, _WILD_RATE)
        return ClockBound(slack, rate, tuple(self.cluster.blind.intervals))

    def _prepare(self) -> None:
        cluster, plan = self.cluster, self._plan
        cluster.network.latency = plan.latency
        cluster.network.fragmentation = plan.fragmentation
        cluster.network.sendBuffer = plan.sendBuffer
        cluster.health.settling = plan.settling
        for server in cluster.servers:
            server.pace.seconds = plan.disk
            server.store.flushRate = plan.flushRate
            server.rate = plan.rates[server.id]
            server.clocks.bootRate = plan.bootRates[server.id]
            server.clocks.wallRate = plan.wallRates[server.id]
            server.clocks.wrong = plan.wrong[server.id]
            server.isFrail = server.id in plan.frail

    def _exited(self, server: SimulatedServer) -> None:
        """
        A process has ended by itself: see whether it may.
        """
        cluster = self.cluster
        cluster.rare[rare.DISK_STOP] += server.status == exits.DISK
        cluster.rare[rare.ROTTEN_RECORD] += "does not fit its checksum" in server.complaint
        if server.status == exits.INTERNAL:
            cluster.fail(f"server {server.id} has met an error of its own")
        if server.status == exits.DISK and not server.hadBadDisk:
            cluster.fail(f"server {server.id} stops because of its disk, which is well: {server.complaint}")
        if server.status == exits.CONFIGURATION and not server.hadBadDisk:
            cluster.fail(f"server {server.id} refuses to start: {server.complaint}")

    def _mend(self) -> None:
        """
        Let nothing go wrong any more.
        """
        cluster = self.cluster
        cluster.tell("network", "all is well again")
        self._faults.mend()
        for operator in self._operators:
            operator.stop()
        cluster.network.latency = USUAL_LATENCY
        for server in cluster.servers:
            server.pace.seconds = USUAL_DISK
            if server.versions != VERSIONS:
                server.versions = VERSIONS
                if server.isRunning:
                    server.kill()
            server.revive()

    def _recover(self) -> None:
        """
        The cluster comes to rest: it has a leader, has answered all that it was asked, and holds everywhere the same.
        """
        cluster = self.cluster
        if self._operators:
            self._settle(self._operators[0])
        start = cluster.timeline.seconds()
        cluster.leader(RECOVERY)
        self._clientele.stop()
        cluster.until(lambda: not self._clientele.waits, "all clients are answered", RECOVERY)
        self._clientele.close()
        cluster.until(lambda: self._clientele.isOver or self._isBarred, "all users are deleted", RECOVERY)
        if self._clientele.isOver:
            self._readAll(start + 2 * RECOVERY)
        else:
            self._clientele.stop()
        cluster.until(self._isAtRest, _REST, RECOVERY + self._plan.longest)

    def _settle(self, operator: Operator) -> None:
        """
        The members are what the cluster takes them for.
        """
        cluster = self.cluster
        cluster.until(lambda: all(each.isDone for each in self._operators), "operators have done their work", RECOVERY)
        cluster.result(operator.settle(), RECOVERY)
        for server in cluster.servers:
            server.revive()

    @property
    def _isBarred(self) -> bool:
        """
        Whether users cannot be deleted any more, since a server that was not upgraded is lost for good, or one that was
        is not known to the leader as that. Then whoever looks at the cluster in the end may be told nothing.
        """
        leader = next((server for server in self.cluster.servers if server.leads), None)
        return self._clientele.isBarred and leader is not None and not self._knowsAll(leader)

    def _visitAll(self) -> None:
        """
        Every server does its part in a cluster in which all is well, and the leader leads on.
        """
        cluster = self.cluster
        leader = cluster.leader(RECOVERY)
        term = leader.raft.currentTerm
        for place, server in enumerate(cluster.servers):
            self._store(place)
            if server in self._members and server.life is not None and not server.hasForgotten:
                self._visit(server, leader)
        cluster.run(_QUIET * self._plan.electionTimeout)
        cluster.until(self._isAtRest, _REST, RECOVERY)
        if leader.raft.currentTerm != term or not leader.leads:
            raise Violation(f"all is well, and server {leader.id} does not lead term {term} any more")
        checkCounters(cluster, RECOVERY)

    def _readAll(self, deadline: float) -> None:
        """
        Read all keys once more.
        """
        cluster = self.cluster
        client = cluster.client()
        for key in sorted({key for plan in self._plan.clients for key in plan.keys}):
            operation = self._history.invoke(Getm(key), cluster.timeline.seconds())
            try:
                found = cluster.result(client.getm(key), deadline - cluster.timeline.seconds())
            except ClientError as error:
                raise Violation(f"all is well again, and {key!r} cannot be read: {error}") from None
            self._history.answered(operation, answerOf(found), cluster.timeline.seconds())
        client.close()

    def _store(self, place: int) -> None:
        """
        A client that knows nothing yet has its write carried out, whichever server it was told of first: that one may
        be kept out by the others.
        """
        cluster, key, value = self.cluster, b"visited", b"as new"
        client = Client(cluster.reactor, [*cluster.addresses[place:], *cluster.addresses[:place]], RECOVERY)
        operation = self._history.invoke(Set(key, 0, value, False), cluster.timeline.seconds())
        try:
            version = cluster.result(client.set(key, value), RECOVERY + 1)
        except ClientError as error:
            raise Violation(f"all is well, and a client that asks server {place} first cannot write: {error}") from None
        self._history.answered(operation, Answer(Told.STORED, version), cluster.timeline.seconds())
        client.close()

    def _visit(self, server: SimulatedServer, leader: SimulatedServer) -> None:
        """
        Where all is well, the leader does what it is asked, and every other server knows who leads.
        """
        cluster, key, name = self.cluster, b"visited", f"visitor{server.id}"
        value = b"by %b" % name.encode()
        commands = [Set(key, 0, value, False), Getm(key), Cas(key, 0, 1, value, False), Get(key), Delete(key)]
        if self._knowsAll(leader):
            number = Set(key, 0, b"1", False)
            commands += [Touch(key, 0), Add(key, 0, value, False), Cad(key, 1), number, Incr(key, 1)]
        visit = Visit(
            cluster.process(name),
            self._history,
            self._clientele.newConnection(),
            commands,
            cluster.fail,
            lambda what: cluster.tell(name, what),
            quitting=server.id % 2 == 0,
        )
        visit.begin(server.config.hostname, server.config.clientPort)
        cluster.until(lambda: visit.isOver, f"server {server.id} answers and closes while all is well", RECOVERY)
        expected = [] if server is leader else [leader.name] * len(commands)
        if visit.unanswered or visit.redirects != expected:
            raise Violation(
                f"all is well, server {leader.id} leads, and server {server.id} "
                f"{'cannot answer' if visit.unanswered else f'redirects to {visit.redirects}'}"
            )

    def _knowsAll(self, leader: SimulatedServer) -> bool:
        """
        Whether the leader has to know that all servers are upgraded: all are there, or have said so before.
        """
        said = [life.version for life in leader.met.others if life is not None]
        return all(server.isIntact for server in self._members) or (
            len(said) == len(self.cluster.servers) - 1 and min(said) >= VERSIONS.newest
        )

    @property
    def _members(self) -> list[SimulatedServer]:
        """
        The members by the last configuration that is committed.
        """
        return [self.cluster.servers[server] for server in self.cluster.quorums.latest.ids]

    def _isAtRest(self) -> bool:
        """
        Whether all servers that may run do, are linked to each other, know who leads, and hold the same, and nothing
        that is about to expire; and know of no disk that is nearly full. One that has forgotten what it promised hears
        of no leader, nor does one that is no member.
        """
        latest, members = self.cluster.quorums.latest, self._members
        servers = [server for server in members if not server.condemned]
        hasLearners = any(member.kind not in (Kind.VOTER, Kind.SPARE) for member in latest.members)
        # One that is about to stop answers nothing new.
        if hasLearners or any(server.life is None for server in servers):
            return False
        others = [server for server in self.cluster.servers if server not in members and server.isServing]
        if any(server.raft.leaderId is not None for server in others):
            return False
        if any(server.raft.leaderId is not None for server in servers if server.hasForgotten):
            return False
        servers = [server for server in servers if not server.hasForgotten]
        states = {(server.raft.leaderId, server.appliedIndex, server.store.digest) for server in servers}
        isRight = not any(
            server.store.isWrong or server.raft.isDistrusted or server.raft.isRepairing for server in servers
        )
        isFree = isRight and all(server.machine.nextDeadline is None for server in servers)
        hasRoom = not any(server.service.assembly.shortages.full for server in servers)
        there = {server.id for server in servers}
        isLinked = all(there.isdisjoint(server.lostLinks) for server in servers)
        return len(states) == 1 and servers[0].raft.leaderId is not None and isFree and isLinked and hasRoom
