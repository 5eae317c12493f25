"""
A turn of the reactor: what is done in it, and whose turn it is, the other servers' before the clients'.

This goes below Twisted's public interfaces, for two reasons.

Twisted has all done in one turn that is to be done on all connections: where five thousand close at once, a leader
sends no heartbeat for half a second, and hears nobody. So clients' connections have an C{epoll} of their own. In each
turn, it tells of some of those that are ready, the next ones each time; all else is told of at once.

And Twisted enters a context of logging and a handler of errors around each thing that happens, which takes as long as
what a server does for a small command. Here, only what is out of the ordinary is Twisted's to deal with.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime
from twisted.internet.tcp import Server
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.log import callWithLogger

TURN_EVENTS: Final = 256
"""
On how many connections of clients something is done in one turn.
"""

_READABLE: Final = getattr(select, "EPOLLIN", None)
_WRITABLE: Final = getattr(select, "EPOLLOUT", None)


class Turns:
    """
    Makes the turns of a reactor that uses C{epoll}. Any other is left as it is.
    """

    _logger = Logger()

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._poller: _Poller | None = None
        self._calls: list[Callable[[], None]] = []
        poller = getattr(reactor, "_poller", None)
        epoll = getattr(select, "epoll", None)
        if epoll is not None and isinstance(poller, epoll):
            self._poller = reactor._poller = _Poller(poller)
            reactor.doIteration = self._turn

    def afterEvents(self, call: Callable[[], None]) -> None:
        """
        Call something once, when all is done of which the system tells in this turn: in the next one, if this is past
        that. With a reactor that is left as it is, it is called at the beginning of the next one.
        """
        if self._poller is None:
            IReactorTime(self._reactor).callLater(0, call)
        else:
            self._calls.append(call)

    def clientTransport(self, *accepted: Any) -> Server:
        """
        Make the transport for a client's connection that was accepted.

        @param accepted: what L{Server} takes.
        """
        return Server(*accepted) if self._poller is None else _ClientTransport(self._poller, *accepted)

    def _turn(self, timeout: float | None) -> None:
        """
        Wait until something happens, and do what is to be done then. Where something is to be called after that, what
        happens meanwhile belongs to the same turn: the larger the batch that is made of it, the less each part costs.

        @param timeout: for how many seconds to wait; C{None} is for ever.
        """
        poller, selectables = self._poller, self._reactor._selectables
        assert poller is not None
        events = poller.poll(0 if self._calls else -1 if timeout is None else timeout, len(selectables))
        done = 0
        while events:
            self._do(events)
            done += len(events)
            events = poller.poll(0, len(selectables)) if self._calls and done < TURN_EVENTS else []
        calls, self._calls = self._calls, []
        for call in calls:
            call()

    def _do(self, events: list[tuple[int, int]]) -> None:
        """
        Do what is to be done on descriptors.
        """
        reactor = self._reactor
        selectables = reactor._selectables
        for descriptor, event in events:
            # What is done for one may close another.
            selectable = selectables.get(descriptor)
            if selectable is None:
                continue
            if event != _READABLE and event != _WRITABLE:
                callWithLogger(selectable, reactor._doReadOrWrite, selectable, descriptor, event)
                continue
            try:
                why = selectable.doRead() if event == _READABLE else selectable.doWrite()
            except BaseException:
                why = sys.exc_info()[1]
                self._logger.failure("an error in replkv itself, for which a connection is closed")
            if why:
                reactor._disconnectSelectable(selectable, why, event == _READABLE)


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
