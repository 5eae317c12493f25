"""
Tests for L{replkv.reasons}.
"""

from __future__ import annotations

import errno

from twisted.internet import error
from twisted.trial.unittest import SynchronousTestCase

from replkv.reasons import reasonOf
from replkv.wire.replyparser import ProtocolError


class ReasonTests(SynchronousTestCase):
    """
    Tests for L{reasonOf}.
    """

    def test_words(self) -> None:
        """
        Each failure of the network's is told in words, and none with names of classes or numbers of errors.
        """
        for exception, words in [
            (error.ConnectionRefusedError(), "connection refused"),
            (error.getConnectError((errno.ECONNREFUSED, "x")), "connection refused"),
            (error.getConnectError((errno.EHOSTUNREACH, "x")), "no route to host"),
            (error.getConnectError((errno.EMFILE, "x")), "too many open files"),
            (error.ConnectError(), "no connection"),
            (error.ConnectionDone(), "it closed the connection"),
            (error.ConnectionLost(), "the connection was lost"),
            (error.ConnectionAborted(), "the connection was lost"),
            (ProtocolError("no reply: b'x'"), "no reply: b'x'"),
            (ValueError(), "ValueError"),
        ]:
            self.assertEqual(reasonOf(exception), words)
