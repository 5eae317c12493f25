"""
What asks on a connection, for the link that it belongs to.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, fail
from twisted.internet.protocol import Factory
from twisted.protocols import amp
from twisted.python.failure import Failure

from replkv.peers.appendboxes import decodeReply, encodeRequest
from replkv.peers.connection import PeerConnection
from replkv.peers.receiver import Timed
from replkv.raft.messages import AppendEntries
from replkv.sending import send

if TYPE_CHECKING:
    from replkv.peers.link import PeerLink


class OutgoingConnection(PeerConnection):
    """
    Introduces this server, and then asks what the link wants to have asked.
    """

    factory: OutgoingFactory

    def __init__(self) -> None:
        super().__init__()
        self._appends: dict[bytes, Deferred[Timed]] = {}
        self._numbers = count(1)
        self._lost: Failure | None = None

    def connectionMade(self) -> None:
        """
        Say who this is.
        """
        super().connectionMade()
        self.factory.link.connected(self)

    def append(self, message: AppendEntries, time: int) -> Deferred[Timed]:
        """
        Ask for entries to be appended. AMP's own way to ask takes ten times as long.

        @param time: see L{Timed}.
        @return: fires with the answer; or it fails as that of an C{amp.Command} does.
        """
        if self._lost is not None:
            return fail(self._lost)
        # No number in hexadecimal, which AMP's own tags are.
        tag = b"append%d" % next(self._numbers)
        send(self.transport, encodeRequest(tag, message, time))
        answer = self._appends[tag] = Deferred()
        return answer

    def boxReceived(self, box: dict[bytes, bytes]) -> None:
        """
        A box is whole: an answer to L{append}, or AMP's.
        """
        tag = box.get(amp.ANSWER)
        if tag in self._appends:
            self._answered(self._appends.pop(tag), box)
        elif box.get(amp.ERROR) in self._appends:
            error = amp.RemoteAmpError(box[amp.ERROR_CODE], box[amp.ERROR_DESCRIPTION].decode("utf-8", "replace"))
            self._appends.pop(box[amp.ERROR]).errback(error)
        else:
            super().boxReceived(box)

    def _answered(self, answer: Deferred[Timed], box: dict[bytes, bytes]) -> None:
        answer.addErrback(self.unhandledError)
        try:
            reply = decodeReply(box)
        except (ValueError, KeyError, TypeError):
            answer.errback()
        else:
            answer.callback(reply)

    def dispatchCommand(self, box: amp.AmpBox) -> Deferred[amp.AmpBox]:
        """
        Nothing is asked on this connection but by this side: whoever does would be answered, and might not read it.
        """
        self.giveUp("it asks, where it is to answer")
        return fail(amp.RemoteAmpError(amp.UNHANDLED_ERROR_CODE, "nothing is answered here"))

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """
        All that was not answered is lost.
        """
        self._lost = reason
        super().connectionLost(reason)
        appends, self._appends = self._appends, {}
        for answer in appends.values():
            answer.errback(reason)
        self.factory.link.disconnected(self)

    def report(self, what: str) -> None:
        """
        Tell the operator something, but not at each attempt.
        """
        self.factory.link.relay(what)


class OutgoingFactory(Factory):
    """
    Makes the connections of a link.
    """

    protocol = OutgoingConnection  # type: ignore[assignment]
    noisy = False

    def __init__(self, link: PeerLink) -> None:
        self.link = link
