"""
The load on a real cluster: the simulator's clients, on real time and TCP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from twisted.internet.interfaces import IConnector, IDelayedCall

from replkv.frontends.limits import CONNECTION_LIMITS
from replkv.testing.chance import chance
from replkv.testing.cluster.client import WorkloadClient
from replkv.testing.cluster.plan import ClientPlan
from replkv.testing.cluster.process import Process
from replkv.testing.history import History
from replkv.testing.outcome import Violation

KEYS: Final = tuple(b"k%d" % number for number in range(8))

_CLIENTS: Final = 8

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
            WorkloadClient(
                plan=_drawn(seed, number, load),
                process=cast(Process, _Machine(reactor, seconds, f"client{number}")),
                addresses=list(addresses),
                history=self.history,
                random=chance(seed, "client", number),
                newConnection=self._newConnection,
                misled=self._misled.append,
                tell=lambda who, what: None,
                happened=lambda name: None,
                lifeOf=lambda host: None,
                mostPending=CONNECTION_LIMITS.pendingCommands,
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
        reading=1.0 if _onlyReads(number) else 0.5,
        expiring=random.choice([0.0, 0.3, 0.6]),
        noreply=random.choice([0.0, 0.1, 0.3]),
        padding=load.padding,
        large=load.large,
        cutting=random.choice([0.0, 0.02, 0.05]),
        parting=random.choice([0.0, 0.02, 0.05]),
        nonsense=random.choice([0.0, 0.05]),
        wandering=0.0 if _onlyReads(number) else random.choice([0.0, 0.02]),
        racing=0.0 if _onlyReads(number) else 0.5,
        binary=random.choice([0.0, 0.3]),
        huge=0,
        longest=3,
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
