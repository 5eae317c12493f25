"""
The load on a real cluster: the simulator's clients, on real time and TCP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IConnector, IDelayedCall
from twisted.internet.protocol import Factory

from replkv.client.replies import Reply
from replkv.protocol.commands import Getm, KeyCommand
from replkv.testing.chance import chance
from replkv.testing.cluster.client import WorkloadClient
from replkv.testing.cluster.plan import ClientPlan
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.session import Session
from replkv.testing.history import History
from replkv.testing.outcome import Violation

KEYS: Final = tuple(b"k%d" % number for number in range(8))

_CLIENTS: Final = 8
_CONNECT_TIMEOUT: Final = 1.0

# In commands that a client could have sent meanwhile: at 50 in a second, the readers wait for three seconds.
_PATIENCE: Final = (10, 20, 40)
_READERS_PATIENCE: Final = 150


@dataclass(frozen=True)
class Load:
    """
    How much is asked.

    @ivar operations: how many commands each client sends at the most.
    @ivar rate: how many of them in a second, about: enough to see much, and few enough for the judge.
    @ivar padding: the least number of bytes of a value.
    @ivar large: how many of the values are large, from 0 to 1.
    """

    operations: int
    rate: float = 50.0
    padding: int = 0
    large: float = 0.0


class Workload:
    """
    Clients that do all that clients do, until they are stopped, and what they saw.

    @ivar history: what they asked, and were told.
    """

    def __init__(
        self,
        reactor: Any,
        seconds: Callable[[], float],
        seed: int,
        addresses: Sequence[tuple[str, int]],
        load: Load,
    ) -> None:
        """
        @param seconds: tells the time.
        @param addresses: where the servers take clients.
        """
        self.history = History()
        self._connections = 0
        self._misled: list[str] = []
        self._clients = [
            _RealClient(
                plan=_drawn(seed, number, load),
                process=cast(Process, _Machine(reactor, seconds, f"client{number}")),
                addresses=list(addresses),
                history=self.history,
                random=chance(seed, "client", number),
                newConnection=self._newConnection,
                misled=self._misled.append,
                tell=lambda who, what: None,
                cutOff=lambda: None,
            )
            for number in range(_CLIENTS)
        ]

    def start(self) -> None:
        """
        Begin.
        """
        for client in self._clients:
            client.start()

    def stop(self) -> None:
        """
        Send nothing more.
        """
        for client in self._clients:
            client.stop()

    @property
    def isAnswered(self) -> bool:
        """
        Whether nothing was sent that may yet be answered.
        """
        return not any(client.waits for client in self._clients)

    @property
    def isDone(self) -> bool:
        """
        Whether the clients have asked as much as they may.
        """
        return all(client.isDone for client in self._clients)

    def close(self) -> None:
        """
        Close all connections.
        """
        for client in self._clients:
            client.stop()
            client.close()

    def check(self) -> None:
        """
        See whether the servers kept to the protocol.

        @raise Violation: if one did not.
        """
        if self._misled:
            raise Violation(f"a server must never send this: {self._misled[0]}")

    def _newConnection(self) -> int:
        self._connections += 1
        return self._connections


def _drawn(seed: int, number: int, load: Load) -> ClientPlan:
    """
    What a seed has a client do.
    """
    random = chance(seed, "client plan", number)
    depth = random.choice([1, 3, 8])
    patience = random.choice(_PATIENCE)
    return ClientPlan(
        number=number,
        operations=load.operations,
        # Each time it sends about half of what may be under way.
        pause=(1 + depth) / 2 / load.rate,
        depth=depth,
        patience=(_READERS_PATIENCE if _onlyReads(number) else patience) / load.rate,
        keys=KEYS,
        expiring=random.choice([0.0, 0.3, 0.6]),
        noreply=random.choice([0.0, 0.1, 0.3]),
        padding=load.padding,
        large=load.large,
        cutting=random.choice([0.0, 0.02, 0.05]),
        nonsense=random.choice([0.0, 0.05]),
        wandering=0.0 if _onlyReads(number) else random.choice([0.0, 0.02]),
    )


def _onlyReads(number: int) -> bool:
    """
    Whether a client does nothing but read: one of three. Replies come in order, so that a read which follows a write
    has to wait for it; and a leader that has lost its majority keeps all those who write from seeing what else it
    would tell them.
    """
    return number % 3 == 0


class _Machine:
    """
    The part of a simulated process that a client uses, on the real machine.
    """

    def __init__(self, reactor: Any, seconds: Callable[[], float], host: str) -> None:
        self.host = host
        self.seconds = seconds
        self.callLater: Callable[..., IDelayedCall] = reactor.callLater
        self.connectTCP: Callable[..., IConnector] = reactor.connectTCP


class _RealSession(Session):
    """
    The servers are all on one host here: it is the port that tells them apart.
    """

    leaderPort = 0

    def _replied(self, reply: Reply) -> None:
        if reply.line.startswith(b"ERR_REDIRECT "):
            self.leaderPort = int(reply.line.split()[2])
        super()._replied(reply)


class _RealClient(WorkloadClient):
    @property
    def isDone(self) -> bool:
        """
        Whether it has asked as much as it may, and does not wait for an answer.
        """
        return self._sent >= self._plan.operations and not self.waits

    def redirected(self, host: str) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.redirected}.
        """
        super().redirected(host)
        assert isinstance(self._session, _RealSession)
        self._target = (host, self._session.leaderPort)

    def _command(self) -> KeyCommand:
        command = super()._command()
        return Getm(command.key) if _onlyReads(self._plan.number) else command

    def _connect(self) -> None:
        session = self._session = _RealSession(self, self._history, self._process.seconds, self._newConnection())
        factory = Factory.forProtocol(lambda: session)
        factory.noisy = False
        connected = TCP4ClientEndpoint(self._process, *self._target, _CONNECT_TIMEOUT).connect(factory)
        connected.addErrback(self._unreached, session)
