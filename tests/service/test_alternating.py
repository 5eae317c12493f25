"""
Tests for L{replkv.service.alternating}.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from replkv.service.alternating import AlternatingEndpoint


@implementer(IStreamClientEndpoint)
class Place:
    """
    A place where nobody is.
    """

    def __init__(self, name: str, asked: list[str]) -> None:
        self._name = name
        self._asked = asked

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        Take note of it, and fail.
        """
        self._asked.append(self._name)
        return fail(ConnectionError(self._name))


class AlternatingTests(SynchronousTestCase):
    """
    A server that may be at several places.
    """

    def test_turns(self) -> None:
        """
        Each place has its turn, the first again after the last; what is told is what came of that one.
        """
        asked: list[str] = []
        endpoint = AlternatingEndpoint(Place("log", asked), Place("file", asked))
        for name in ("log", "file", "log"):
            failure = self.failureResultOf(endpoint.connect(Factory()), ConnectionError)
            self.assertEqual(failure.getErrorMessage(), name)
        self.assertEqual(asked, ["log", "file", "log"])
