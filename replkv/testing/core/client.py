"""
A simulated client of a cluster of cores.
"""

from __future__ import annotations

from copy import copy

from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, StoreCommand
from replkv.commands.delete import Delete
from replkv.commands.getm import Getm
from replkv.commands.set import Set
from replkv.testing.chance import chance
from replkv.testing.core.cluster import Cluster
from replkv.testing.core.machine import encode
from replkv.testing.core.plan import ClientPlan
from replkv.testing.core.question import Lost, Question, Refused, Result
from replkv.testing.history import Answer, History, Operation, Told
from replkv.testing.workload import race


class Client:
    """
    Asks the server that it believes to lead, one command after the other, or a few at once. It reaches every server,
    whatever the servers reach.

    @ivar waits: whether it waits for an answer.
    """

    def __init__(self, cluster: Cluster, plan: ClientPlan, history: History) -> None:
        self.waits = False
        self._cluster = cluster
        self._plan = plan
        self._history = history
        self._name = f"client {plan.number}"
        self._random = chance(cluster.seed, "client", plan.number)
        self._server = self._random.randrange(cluster.plan.servers)
        self._versions: dict[bytes, int] = {}
        self._written = 0
        self._bursts = 0
        self._next: list[KeyCommand] = []  # What it asks as soon as it may, if anything.
        self._open: dict[Question, Operation] = {}
        self._rest()

    def _rest(self) -> None:
        self._cluster.later(self._random.expovariate(1 / self._plan.pause), self._ask)

    def _ask(self) -> None:
        """
        Ask something, or do nothing more when all is well again.
        """
        cluster, random = self._cluster, self._random
        if cluster.isCalm:
            return
        self.waits = True
        self._bursts += 1
        commands, self._next = self._next, []
        if not commands:
            commands = [self._command() for _ in range(random.randint(1, self._plan.burst))]
        # What is sent at once takes effect in its order. Connections of clients are told apart by their numbers.
        connection = self._bursts * 1000 + self._plan.number if len(commands) > 1 else None
        for command in commands:
            operation = self._history.invoke(command, cluster.now, connection)
            self._open[Question(command, self._ended)] = operation
            cluster.tell(self._name, f"asks server {self._server}: {_asked(command)} [{operation.number}]")
        cluster.later(self._delay(), cluster.ask, self._server, list(self._open))
        cluster.later(self._plan.patience, self._giveUp, self._bursts)

    def _command(self) -> KeyCommand:
        random = self._random
        key = random.choice(self._cluster.plan.keys)
        if random.random() < self._plan.reads:
            return Getm(key)
        kind = random.random()
        if kind < 0.1:
            return Delete(key)
        if kind < 0.5:
            return Cas(key, 0, self._versions.get(key, 1), self._value(), False)
        return Set(key, 0, self._value(), False)

    def _value(self) -> bytes:
        """
        A value that no other command has.
        """
        self._written += 1
        return (b"%d.%d" % (self._plan.number, self._written)).ljust(self._plan.padding, b".")

    def _ended(self, question: Question, result: Result) -> None:
        """
        A server has done with a question, and the client will know it.
        """
        self._cluster.later(self._delay(), self._told, question, result)

    def _told(self, question: Question, result: Result) -> None:
        operation = self._open.pop(question, None)
        if operation is None:
            return
        cluster, now = self._cluster, self._cluster.now
        cluster.tell(self._name, f"is told: {_answered(result)} [{operation.number}]")
        match result:
            case Answer():
                self._history.answered(operation, result, now)
                self._learn(question.command.key, result)
                if self._random.random() < self._plan.racing:
                    self._next = race(question.command.key, result, self._value) or self._next
            case Refused():
                self._history.failed(operation, now)
                self._turnTo(result.leaderId)
            case Lost():
                self._history.lost(operation, now)
                self._turnTo(None)
        self._goOn()

    def _learn(self, key: bytes, answer: Answer) -> None:
        if answer.version is not None:
            self._versions[key] = answer.version
        elif answer.told in (Told.DELETED, Told.NOT_FOUND):
            self._versions.pop(key, None)

    def _turnTo(self, leaderId: int | None) -> None:
        servers = self._cluster.plan.servers
        self._server = leaderId if leaderId is not None else self._random.randrange(servers)

    def _giveUp(self, burst: int) -> None:
        """
        There was no answer for too long.
        """
        if burst == self._bursts and self._open:
            for operation in self._open.values():
                self._cluster.tell(self._name, f"waits no longer [{operation.number}]")
                self._history.lost(operation, self._cluster.now)
            self._open.clear()
            if self._random.random() < 0.5:
                self._turnTo(None)
            self._goOn()

    def _goOn(self) -> None:
        if not self._open:
            self.waits = False
            if self._next:
                self._cluster.later(0, self._ask)
            else:
                self._rest()

    def _delay(self) -> float:
        return self._cluster.plan.delay.draw(self._random)


def _asked(command: KeyCommand) -> str:
    """
    A command in words.
    """
    if isinstance(command, StoreCommand):
        command = copy(command)
        command.value = command.value.rstrip(b".")
    return f"getm {command.key.decode()}" if isinstance(command, Getm) else encode(command).decode()


def _answered(result: Result) -> str:
    """
    What came of it in words.
    """
    match result:
        case Lost():
            return "what came of it is unknown"
        case Refused(None):
            return "there is no leader here"
        case Refused(leaderId):
            return f"server {leaderId} leads"
    words = [result.told.value]
    if result.value is not None:
        words.append(result.value.rstrip(b".").decode())
    if result.version is not None:
        words.append(f"version {result.version}")
    return ", ".join(words)
