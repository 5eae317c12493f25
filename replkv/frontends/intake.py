"""
The connections whose commands wait to be taken.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from replkv.frontends.limits import INTAKE_LIMITS, IntakeLimits
from replkv.frontends.outbox import Outbox


class Taker(Protocol):
    """
    A connection.
    """

    def takeTurn(self) -> None:
        """
        Take the commands that have arrived, as far as there is room for them.
        """

    def abort(self) -> None:
        """
        Close now.
        """


class Intake:
    """
    What all connections together take in one turn of the reactor. So the turns stay short, however many clients there
    are: what other servers send and what is answered has its time between them.

    Where more comes than that, the connections wait for their turns, in the order in which they came, and are not read
    from. Those that have waited for too long have their commands refused, as far as that leaves the server time for the
    others. All that this cannot help waits where it is, in the clients and on the network.

    @ivar left: how many more commands may be taken in this turn. While a connection waits, there are none.
    @ivar refuses: whether the connection whose turn it is refuses its commands, since they have waited for too long.
    """

    __slots__ = ("_clock", "_limits", "_outbox", "_patience", "_refused", "_waiting", "left", "refuses")

    _logger = Logger()

    def __init__(
        self, clock: IReactorTime, outbox: Outbox, timeout: float, limits: IntakeLimits = INTAKE_LIMITS
    ) -> None:
        """
        @param outbox: is flushed after each turn.
        @param timeout: the seconds after which a command that was taken is answered in any case.
        """
        self.left = limits.turnCommands
        self.refuses = False
        self._clock = clock
        self._outbox = outbox
        self._patience = timeout / limits.patienceDivisor
        self._limits = limits
        self._refused = 0
        self._waiting: deque[tuple[float, Taker]] = deque()

    def took(self, places: int = 1) -> None:
        """
        A command was taken.

        @param places: as how many it counts, since it takes that much time.
        """
        self.left -= places
        if self.left <= 0:
            self.left = 0
            self._clock.callLater(0, self._turn)

    def refused(self) -> None:
        """
        A command was refused.
        """
        self._refused += 1

    def wait(self, taker: Taker) -> None:
        """
        Have a connection take its commands when it is its turn.
        """
        self._waiting.append((self._clock.seconds(), taker))

    def _turn(self) -> None:
        """
        Begin a turn, with those that wait.
        """
        self.left = self._limits.turnCommands
        self._refused = 0
        overdue = self._clock.seconds() - self._patience
        # Those that have more commands wait again, and none are left in this turn then.
        while self._waiting and self.left:
            since, taker = self._waiting.popleft()
            self.refuses = since < overdue and self._mayRefuse
            try:
                taker.takeTurn()
            except Exception:
                # Of one connection, which is lost; the others go on to have their turns.
                taker.abort()
                self._logger.failure("an error in replkv itself, for which a client's connection is closed")
            self.refuses = False
        self._outbox.flush()

    @property
    def _mayRefuse(self) -> bool:
        """
        Whether more commands may be refused in this turn.
        """
        limits = self._limits
        return self._refused * limits.takenPerRefusal <= limits.turnCommands - self.left
