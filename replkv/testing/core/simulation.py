"""
The simulation of cores: one seed, one run, one verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from replkv.commands.command import KeyCommand
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.testing.chance import chance
from replkv.testing.core.client import Client
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.faults import KINDS, Faults
from replkv.testing.core.operator import Operator
from replkv.testing.core.plan import TICK, Plan, draw
from replkv.testing.core.question import Lost, Question, Refused, Result
from replkv.testing.core.slowdisk import checkSlowDisks
from replkv.testing.history import Answer
from replkv.testing.linear.check import checkInTime
from replkv.testing.linear.clocks import ClockBound
from replkv.testing.outcome import Outcome
from replkv.testing.simulate import carryOut, only

TIER: Final = "core"

RECOVERY: Final = 60
"""
Within so many of the shortest election timeouts after all is well again, a read is answered and all servers have
applied the same; and within as many more, so is a write and so have they.
"""

_NEWCOMERS: Final = 4
"""
So many times longer it may take where members come and go: who has just come lacks all of the log, and where limits are
small it comes entry by entry.
"""

_RETRY: Final = 0.2


def simulate(
    seed: int,
    faults: Collection[int] | None = None,
    clients: Collection[int] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Outcome:
    """
    Run the simulation that a seed stands for. See L{Simulate<replkv.testing.tiers.Simulate>}.
    """
    whole = draw(seed, {name: kind.lasts for name, kind in KINDS.items()})
    plan = replace(whole, faults=only(whole.faults, faults), clients=only(whole.clients, clients))
    outcome = Outcome(TIER, seed, servers=whole.servers, faults=len(whole.faults), clients=len(whole.clients))
    # The story begins with the whole, whatever of it takes part: it is the same until something is missing.
    cluster = Cluster(seed, whole, tell)
    carryOut(Simulation(cluster, plan, outcome).run, cluster, outcome)
    return outcome


class Simulation:
    """
    One run.
    """

    def __init__(self, cluster: Cluster, plan: Plan, outcome: Outcome) -> None:
        """
        @param plan: what takes part of the cluster's plan.
        """
        self._cluster = cluster
        cluster.health.settling = plan.settling
        self._plan = plan
        self._history = outcome.history
        self._faults = Faults(cluster, plan.faults)
        outcome.injected = self._faults.injected
        self._clients = [Client(cluster, client, self._history) for client in plan.clients]
        members = plan.members
        self._operators = (
            [] if members is None else [Operator(cluster, number, members) for number in range(members.operators)]
        )
        self._answered = False

    def run(self) -> None:
        """
        Let things go wrong, let them get well again, and judge.

        @raise Violation: if the cluster broke a promise.
        """
        cluster, patience = self._cluster, RECOVERY * self._plan.electionTicks * TICK
        if self._plan.members is not None:
            patience *= _NEWCOMERS
        cluster.start()
        cluster.run(self._plan.seconds)
        cluster.tell("cluster", "all is well again")
        self._faults.mend()
        for operator in self._operators:
            operator.stop()
        cluster.calm()
        deadline = cluster.now + patience
        cluster.until(lambda: not any(client.waits for client in self._clients), "all clients are answered", deadline)
        # A read first: it must not need a write to be answered, nor must entries need one to be committed.
        self._ask(Getm(self._plan.keys[0]), deadline)
        cluster.until(self._isAtRest, "all servers have applied the same", deadline)
        self._write()
        cluster.until(self._isAtRest, "all servers have applied the same", cluster.now + patience)
        checkSlowDisks(cluster, self._write, chance(cluster.seed, "slow disks").random() < 0.5)
        cluster.until(self._isAtRest, "all servers have applied the same", cluster.now + patience)
        checkInTime(self._history, ClockBound.exact(0))

    def _write(self) -> None:
        """
        Have something written.
        """
        patience = RECOVERY * self._plan.electionTicks * TICK
        self._ask(Set(self._plan.keys[0], 0, b"last", False), self._cluster.now + patience)

    def _ask(self, command: KeyCommand, deadline: float) -> None:
        """
        Ask whoever leads, until there is an answer.
        """
        cluster = self._cluster
        self._answered = False
        self._try(command)
        cluster.until(lambda: self._answered, f"{type(command).__name__.lower()} is answered", deadline)

    def _try(self, command: KeyCommand) -> None:
        cluster = self._cluster
        leader = cluster.leader()
        if leader is None:
            cluster.later(_RETRY, self._try, command)
            return
        operation = self._history.invoke(command, cluster.now)

        def ended(question: Question, result: Result) -> None:
            match result:
                case Answer():
                    self._history.answered(operation, result, cluster.now)
                    cluster.tell("client", f"{type(command).__name__.lower()} is answered by {leader.name}")
                    self._answered = True
                case Refused():
                    self._history.failed(operation, cluster.now)
                    cluster.later(_RETRY, self._try, command)
                case Lost():
                    self._history.lost(operation, cluster.now)
                    cluster.later(_RETRY, self._try, command)

        leader.ask([Question(command, ended)])

    def _isAtRest(self) -> bool:
        """
        Whether all members have applied all of the leader's log, and no log is to be repaired. All of them are voters
        by then. What a state machine holds at an index, the judge has compared.
        """
        cluster, leader = self._cluster, self._cluster.leader()
        if leader is None:
            return False
        last, configuration = leader.raft.log.lastIndex, leader.raft.state.configuration
        members = [cluster.servers[member] for member in configuration.ids]
        isComplete = all(cluster.isWhole(member) for member in configuration.members)
        return (
            isComplete
            and configuration.ids == configuration.voters
            and all(server.machine.appliedIndex == last and not server.raft.isRepairing for server in members)
        )
