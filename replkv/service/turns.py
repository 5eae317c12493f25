"""
Whose turn it is in the reactor: the other servers before the clients.
"""

from __future__ import annotations

import select
from typing import Any, Final

from twisted.internet.tcp import Server
from twisted.python.failure import Failure

TURN_EVENTS: Final = 256
"""
On how many connections of clients something is done in one turn.
"""


class Turns:
    """
    Keeps the turns of a reactor that uses C{epoll} short, whatever clients do. Twisted has all done in one turn that is
    to be done on all connections: where five thousand close at once, a leader sends no heartbeat for half a second, and
    hears nobody.

    So clients' connections have an C{epoll} of their own. In each turn, it tells of some of those that are ready, the
    next ones each time; all else is told of at once. Any other reactor is left as it is.
    """

    def __init__(self, reactor: Any) -> None:
        self._poller: _Poller | None = None
        poller = getattr(reactor, "_poller", None)
        epoll = getattr(select, "epoll", None)
        if epoll is not None and isinstance(poller, epoll):
            self._poller = reactor._poller = _Poller(poller)

    def clientTransport(self, *accepted: Any) -> Server:
        """
        Make the transport for a client's connection that was accepted.

        @param accepted: what L{Server} takes.
        """
        return Server(*accepted) if self._poller is None else _ClientTransport(self._poller, *accepted)


class _Poller:
    """
    An C{epoll} in an C{epoll}, and what Twisted's reactor does with one.

    @ivar clients: the descriptors of clients' connections.
    """

    def __init__(self, poller: Any) -> None:
        self.clients: set[int] = set()
        self._all = poller
        self._ofClients = select.epoll()
        self._all.register(self._ofClients.fileno(), select.EPOLLIN)

    def register(self, descriptor: int, events: int) -> None:
        """
        See C{select.epoll.register}.
        """
        self._of(descriptor).register(descriptor, events)

    def modify(self, descriptor: int, events: int) -> None:
        """
        See C{select.epoll.modify}.
        """
        self._of(descriptor).modify(descriptor, events)

    def unregister(self, descriptor: int) -> None:
        """
        See C{select.epoll.unregister}.
        """
        self._of(descriptor).unregister(descriptor)

    def poll(self, timeout: float, most: int) -> list[tuple[int, int]]:
        """
        See C{select.epoll.poll}.
        """
        found: list[tuple[int, int]] = self._all.poll(timeout, most + 1)
        of = self._ofClients.fileno()
        others = [event for event in found if event[0] != of]
        return others if len(others) == len(found) else others + self._ofClients.poll(0, TURN_EVENTS)

    def close(self) -> None:
        """
        See C{select.epoll.close}.
        """
        self._ofClients.close()
        self._all.close()

    def _of(self, descriptor: int) -> Any:
        return self._ofClients if descriptor in self.clients else self._all


class _ClientTransport(Server):
    """
    A client's connection.
    """

    def __init__(self, poller: _Poller, *accepted: Any) -> None:
        self._poller = poller
        self._descriptor = accepted[0].fileno()
        poller.clients.add(self._descriptor)  # Before it is read from.
        super().__init__(*accepted)

    def connectionLost(self, reason: Failure) -> None:
        """
        See L{Server.connectionLost}.
        """
        # The next file to be opened may have that number; and this may be called once more.
        descriptor, self._descriptor = self._descriptor, -1
        super().connectionLost(reason)
        self._poller.clients.discard(descriptor)
