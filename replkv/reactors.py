"""
What is asked of a reactor. Twisted has an interface for each thing that reactors can do; these are several in one. They
are there for types alone: Twisted's reactors do not say that they provide them.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import (
    IReactorCore,
    IReactorFromThreads,
    IReactorProcess,
    IReactorSocket,
    IReactorTCP,
    IReactorTime,
)
from zope.interface import Interface


class IServerReactor(IReactorTime, IReactorTCP, Interface):
    """
    All that a server asks of its reactor, on whatever machine it is.
    """

    def callWhenRunning(callable: Callable[..., object], *args: object, **kwargs: object) -> object:  # noqa: A002
        """
        See L{twisted.internet.interfaces.IReactorCore.callWhenRunning}.
        """

    def stop() -> None:
        """
        See L{twisted.internet.interfaces.IReactorCore.stop}.
        """


class ISystemReactor(IReactorCore, IServerReactor, IReactorFromThreads, IReactorProcess, IReactorSocket):
    """
    The reactor of a process of this system, as each of Twisted's is.
    """
