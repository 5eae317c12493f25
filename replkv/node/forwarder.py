"""
The commands that a server which does not lead passes on to the one that does.

A command goes to the leader of one term, and is carried out by no other: so none that was late is carried out after
those that its session sent behind it. What has certainly not been carried out is returned, to be submitted again, but
only if nothing that its session has submitted since is on its way or done. Of a write that was lost with its
connection, nobody knows what came: it is never sent again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import count

from replkv.commands.command import ReadCommand
from replkv.commands.results import Redirected, Unavailable
from replkv.frontends.request import Request
from replkv.frontends.session import Session
from replkv.node.limits import NodeLimits
from replkv.node.link import Link
from replkv.peers.forwards import Forward, ForwardReplies
from replkv.raft.core import Raft
from replkv.raft.validity import Impossible
from replkv.wire.encoding import encodeCommand
from replkv.wire.forwarding import Results, encodeLogins


class Box:
    """
    Commands that are on their way together.

    @ivar link: the way that they go.
    @ivar term: of the leader that they are for.
    @ivar number: which box it is.
    @ivar size: how many bytes the commands have.
    @ivar requests: those that have no reply yet, in the order in which they were sent.
    @ivar isNew: whether there has been no reply to any.
    @ivar results: reads the replies.
    """

    __slots__ = ("isNew", "link", "number", "requests", "results", "size", "term")

    def __init__(self, link: Link, term: int, number: int, requests: Iterable[Request], size: int) -> None:
        self.link = link
        self.term = term
        self.number = number
        self.requests = deque(requests)
        self.size = size
        self.isNew = True
        self.results = Results()


class Forwarder:
    """
    Has what waits to be passed on, and what was.

    @ivar count: how many commands were passed on.
    """

    def __init__(self, raft: Raft, links: Mapping[int, Link], limits: NodeLimits) -> None:
        """
        @param links: the way to each other server, by id.
        """
        self.count = 0
        self._raft = raft
        self._links = links
        self._limits = limits
        self._waiting: deque[Request] = deque()
        self._underWay: dict[Box, None] = {}
        self._partial: list[Box] = []  # Of which the rest is to be asked for.
        self._numbers = count(1)
        self._refusedTerm = 0  # In which the one that led says that it does so no longer.

    def take(self, request: Request) -> None:
        """
        Pass a command on to the server that leads, when it is connected.
        """
        self._waiting.append(request)

    def takeBack(self) -> list[Request]:
        """
        Pass nothing on of what waits.

        @return: that, in the order in which it came.
        """
        taken, self._waiting = list(self._waiting), deque()
        return taken

    @property
    def isStuck(self) -> bool:
        """
        Whether the leader is of a version that takes nothing from other servers' clients.
        """
        link = self._link
        return link is not None and link.isUp and not link.canForward

    def tick(self) -> None:
        """
        Forget what waits and is answered, since its time is over.
        """
        waiting = self._waiting
        while waiting and waiting[0].isAnswered:
            waiting.popleft()

    def asks(self) -> list[tuple[Box, Forward]]:
        """
        What is to be asked of other servers now: what came of the rest of a box, and what has waited, as far as it may
        be on its way.
        """
        partial, self._partial = self._partial, []
        asks = [(box, Forward(box.term, box.number)) for box in partial]
        link = self._link
        if self._waiting and link is not None and link.canForward and self._raft.currentTerm != self._refusedTerm:
            sizes = [box.size for box in self._underWay if box.link is link]
            boxes, size = len(sizes), sum(sizes)
            while boxes < self._limits.forwardBoxes and size < self._limits.forwardBytes:
                ask = self._cut(link)
                if ask is None:
                    break
                asks.append(ask)
                boxes += 1
                size += ask[0].size
        return asks

    def told(self, box: Box, answer: ForwardReplies) -> list[Request]:
        """
        Answer those of whose commands it is known what came of them.

        @return: those that are to be submitted again.
        @raise Impossible: if no server in its right mind says that. Then what comes of the box is not known.
        """
        requests = box.requests
        if answer.isWhole and not answer.replies and box.isNew:
            self._refused(box)
            del self._underWay[box]
            return _inOrder(requests)
        try:
            results = box.results.read(answer.replies)
        except ValueError as error:
            raise Impossible(str(error)) from None
        if len(results) > len(requests) or (len(results) == len(requests)) is not answer.isWhole:
            raise Impossible(f"{len(results)} replies of {len(requests)} are {'' if answer.isWhole else 'not '}all")
        again = []
        for result in results:
            request = requests.popleft()
            if type(result) is Redirected:
                self._refused(box)
                again.append(request)
            elif not request.isAnswered:
                request.answer(result)
        box.isNew = box.isNew and not results
        if answer.isWhole:
            del self._underWay[box]
        else:
            self._partial.append(box)
        return _inOrder(again)

    def lost(self, box: Box) -> list[Request]:
        """
        What comes of a box will not be known.

        @return: the requests that are to be submitted again.
        """
        del self._underWay[box]
        again = []
        for request in box.requests:
            if isinstance(request.command, ReadCommand):
                again.append(request)
            elif not request.isAnswered:
                request.answer(Unavailable())
        return _inOrder(again)

    @property
    def _link(self) -> Link | None:
        leaderId = self._raft.leaderId
        return None if leaderId is None else self._links.get(leaderId)

    def _refused(self, box: Box) -> None:
        """
        Who led in that term does so no longer, and never will again.
        """
        self._refusedTerm = max(self._refusedTerm, box.term)

    def _cut(self, link: Link) -> tuple[Box, Forward] | None:
        """
        Take a box out of what waits.
        """
        limits, waiting = self._limits, self._waiting
        requests: list[Request] = []
        commands: list[bytes] = []
        size = 0
        while waiting and len(requests) < limits.forwardBoxCommands:
            request = waiting[0]
            if not request.isAnswered:
                if requests and size + request.size > limits.forwardBoxBytes:
                    break
                command = encodeCommand(request.command)
                requests.append(request)
                commands.append(command)
                size += len(command)
            waiting.popleft()
        if not requests:
            return None
        self.count += len(requests)
        box = Box(link, self._raft.currentTerm, next(self._numbers), requests, size)
        self._underWay[box] = None
        logins = encodeLogins([request.login for request in requests])
        return box, Forward(box.term, box.number, logins, b"".join(commands))


def _inOrder(requests: Iterable[Request]) -> list[Request]:
    """
    Of requests that have not been carried out, those which may be submitted again: behind each, its session has
    submitted nothing but others of them. The rest is answered.
    """
    last: dict[Session, int] = {}
    again: list[Request] = []
    for request in reversed(list(requests)):
        session = request.session
        if request.isAnswered:
            continue
        if request.number == last.get(session, session.submitted):
            last[session] = request.number - 1
            again.append(request)
        else:
            request.answer(Unavailable())
    again.reverse()
    return again
