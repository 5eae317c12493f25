"""
The simulation of cores: one seed, one run, one verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import Final

from replkv.commands.command import KeyCommand
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.testing import rare
from replkv.testing.chance import chance
from replkv.testing.contention import races
from replkv.testing.core.client import Client
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.faults import KINDS, Faults
from replkv.testing.core.plan import TICK, Plan, draw
from replkv.testing.core.question import Lost, Question, Refused, Result
from replkv.testing.core.slowdisk import checkSlowDisks
from replkv.testing.history import Answer, History
from replkv.testing.linear.moment import judgeInTime
from replkv.testing.linear.search import ClockBound, Undecided, checkLinearizable
from replkv.testing.linear.versions import checkVersions
from replkv.testing.outcome import Outcome, Violation

TIER: Final = "core"

RECOVERY: Final = 60
"""
Within so many of the shortest election timeouts after all is well again, a read is answered and all servers have
applied the same; and within as many more, so is a write and so have they.
"""

_RETRY: Final = 0.2


def simulate(
    seed: int,
    faults: Collection[int] | None = None,
    clients: Collection[int] | None = None,
    tell: Callable[[str], None] | None = None,
) -> Outcome:
    """
    Run the simulation that a seed stands for.

    @param faults: which of its faults happen, by number; all, if C{None}.
    @param clients: which of its clients take part, likewise.
    @param tell: is given the story, line by line.
    """
    plan = draw(seed, {name: kind.lasts for name, kind in KINDS.items()})
    outcome = Outcome(TIER, seed, servers=plan.servers, faults=len(plan.faults), clients=len(plan.clients))
    cluster = Cluster(seed, plan, tell)
    simulation = Simulation(cluster, plan, outcome, faults, clients)
    try:
        simulation.run()
    except (Violation, Undecided) as violation:
        outcome.violation = str(violation)
        cluster.trace.remark(cluster.now, "judge", f"VIOLATION: {violation}")
    outcome.digest = cluster.trace.digest
    outcome.seconds = cluster.now
    outcome.elections = cluster.judge.elections
    outcome.rare = cluster.rare + Counter({rare.RACE: races(outcome.history)})
    return outcome


def _judge(history: History) -> None:
    checkVersions(history)
    checkLinearizable(history, ClockBound.exact(0))


class Simulation:
    """
    One run.
    """

    def __init__(
        self,
        cluster: Cluster,
        plan: Plan,
        outcome: Outcome,
        faults: Collection[int] | None,
        clients: Collection[int] | None,
    ) -> None:
        self._cluster = cluster
        cluster.health.settling = plan.settling
        self._plan = plan
        self._history = outcome.history
        self._faults = Faults(cluster, [fault for fault in plan.faults if faults is None or fault.number in faults])
        outcome.injected = self._faults.injected
        self._clients = [
            Client(cluster, client, self._history)
            for client in plan.clients
            if clients is None or client.number in clients
        ]
        self._answered = False

    def run(self) -> None:
        """
        Let things go wrong, let them get well again, and judge.

        @raise Violation: if the cluster broke a promise.
        """
        cluster, patience = self._cluster, RECOVERY * self._plan.electionTicks * TICK
        cluster.start()
        cluster.run(self._plan.seconds)
        cluster.tell("cluster", "all is well again")
        self._faults.mend()
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
        judgeInTime(self._history, _judge)

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
        Whether all servers have applied all of the leader's log. What a state machine holds at an index, the judge has
        compared.
        """
        leader = self._cluster.leader()
        if leader is None:
            return False
        last = leader.raft.log.lastIndex
        return all(server.machine.appliedIndex == last for server in self._cluster.servers)
