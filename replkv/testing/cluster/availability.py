"""
The commands that a server has taken: how long each may wait, and where it may send its client.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Final

from replkv.commands.auth import Auth
from replkv.commands.command import ReadCommand
from replkv.commands.results import Redirected, Result, Unavailable
from replkv.config import Config
from replkv.frontends.request import Backend, Request
from replkv.raft.core import Raft
from replkv.testing.outcome import Violation

LOOK_SECONDS: Final = 0.01
"""
So often somebody has to look.
"""

SLACK: Final = 0.1
"""
By how many seconds an answer may be late. A server looks at what waits once in a tick, which is a fifth of the
heartbeat: 20 ms here, at the most. It acts on a new leader in the next turn of its reactor, which takes no simulated
time. The rest is for this judge, who looks only now and then.
"""


WRITE_SECONDS: Final = 1.0
"""
How long a command may take that a leader has taken, where that and a majority are well. It waits for what was there
before it, for one round to the others and for one write on their disks: each of them takes less than 50 ms where all
are well. Five real servers answer within 0.1 s under load.
"""


class _Taken:
    """
    A command that was taken. It stands before the command's owner, and so sees its answer.

    @ivar time: when it was taken.
    @ivar term: the server's term then.
    @ivar result: what it was answered; C{None} while it waits.
    """

    def __init__(self, request: Request, time: float, term: int) -> None:
        self.request = request
        self.time = time
        self.term = term
        self.result: Result | None = None
        self._owner, request.owner = request.owner, self

    def answered(self, request: Request, result: Result) -> None:
        """
        See L{replkv.frontends.request.Owner.answered}.
        """
        self.result = result
        self._owner.answered(request, result)


class Availability:
    """
    Looks at what one process of a server has taken from clients, in the process's own time:

      - Every command is answered within C{RequestTimeoutMs}, whatever else is wrong: that is what it is for.
      - Where no leader is known, none waits for one longer than C{LeaderWaitMs}.
      - On a server that knows another one to lead, none waits at all: a write that it had proposed is another's now, a
        read or what waited for a leader is sent there.
      - Neither counts before all is given out to be applied that was committed when the server ceased to lead.
      - A leader that is well, and has a majority with it that is, answers within L{WRITE_SECONDS}, and never says of a
        write that nobody knows what came of it.
      - Whom a client is sent to was elected, in the term that the server was in when it took the command, or later.

    Of what may be passed on to another server, only the first of these and the last hold here: there, all do.

    A token is tried when its turn has come, and not soon where others were wrong: for C{auth}, only the first of these
    and the last hold.

    A process that stands still answers nothing, and has all its time again when it goes on.
    """

    def __init__(
        self,
        config: Config,
        server: int,
        raft: Raft,
        backend: Backend,
        leaders: Mapping[int, int],
        places: Callable[[int], Collection[tuple[str, int]]],
        isOut: Callable[[], bool],
        seconds: Callable[[], float],
        settled: Callable[[], float],
    ) -> None:
        """
        @param server: the server's id.
        @param backend: the node, which is watched from now on.
        @param leaders: who was elected in each term, so far.
        @param places: tells the hosts and ports where a server takes clients, or did.
        @param isOut: tells whether this server may be no member, or believe so: then any other one is a better place.
        @param seconds: tells the process's time.
        @param settled: tells for how many seconds by now this server and others, which with it are a majority, have
            been well and heard each other; less than 0 if they do not.
        """
        self._config = config
        self._id = server
        self._raft = raft
        self._leaders = leaders
        self._places = places
        self._isOut = isOut
        self._seconds = seconds
        self._settled = settled
        self._taken: deque[_Taken] = deque()
        self._logins: deque[_Taken] = deque()
        self._forwardable: deque[_Taken] = deque()
        self._awake = seconds()  # When it last stood still.
        self._known = (raft.currentTerm, raft.leaderId)
        self._knows = seconds()  # Since when it knows that.
        self._owed = 0  # Up to here was committed when it last ceased to lead,
        self._owes = seconds()  # and then it had not given all of that out.
        self._submit = backend.submit
        backend.submit = self._watched  # type: ignore[method-assign]

    def standsStill(self) -> None:
        """
        The process is paused.
        """
        self._awake = self._seconds()

    def look(self) -> None:
        """
        @raise Violation: if a command has waited for too long, or a client was sent to the wrong server.
        """
        now, raft = self._seconds(), self._raft
        if self._known != (raft.currentTerm, raft.leaderId):
            if self._known[1] == self._id:
                self._owed = raft.commitIndex
            self._known, self._knows = (raft.currentTerm, raft.leaderId), now
        if raft.lastApplied < self._owed:
            self._owes = now
        for queue in (self._taken, self._logins, self._forwardable):
            while queue and queue[0].result is not None:
                self._answered(queue.popleft())
            if queue:
                waited = now - max(queue[0].time, self._awake)
                self._require(queue[0].request, waited, self._config.requestTimeout, "RequestTimeoutMs is over")
        if not self._taken:
            return
        request = self._taken[0].request
        begins = max(self._taken[0].time, self._awake)
        leaderId, begins = raft.leaderId, max(begins, self._knows, 0.0 if raft.leaderId == self._id else self._owes)
        if leaderId is None:
            why = "LeaderWaitMs is over, and it knows no leader"
            self._require(request, now - begins, self._config.leaderWait, why)
        elif leaderId != self._id:
            self._require(request, now - begins, 0.0, f"server {leaderId} leads, as it knows")
        else:
            why = "it leads, and it is well, and so are enough others"
            self._require(request, min(now - begins, self._settled()), WRITE_SECONDS, why)

    def _watched(self, request: Request) -> None:
        taken = _Taken(request, self._seconds(), self._raft.currentTerm)
        self._submit(request)
        # One that is refused at once was not taken: there is too much to do.
        if taken.result != Unavailable():
            self._queueOf(request).append(taken)

    def _queueOf(self, request: Request) -> deque[_Taken]:
        if isinstance(request.command, Auth):
            return self._logins
        return self._forwardable if request.mayForward else self._taken

    def _require(self, request: Request, waited: float, allowed: float, why: str) -> None:
        if waited > allowed + SLACK:
            name = type(request.command).__name__.lower()
            raise Violation(f"server {self._id} has let a {name} wait for {waited:.3f} s: {why}")

    def _answered(self, taken: _Taken) -> None:
        result = taken.result
        if isinstance(result, Unavailable):
            self._failed(taken)
        elif isinstance(result, Redirected):
            led = {leader for term, leader in self._leaders.items() if term >= taken.term}
            isRight = any((result.host, result.port) in self._places(leader) for leader in led)
            if not isRight and not self._isOut():
                place = f"{result.host} {result.port}"
                raise Violation(
                    f"server {self._id} sends a client to {place}, which has led in no term from {taken.term} on"
                )

    def _failed(self, taken: _Taken) -> None:
        """
        What came of a command is unknown.
        """
        time, command = taken.time, taken.request.command
        hasLed = self._known == (taken.term, self._id) and self._knows <= time
        isWell = self._awake <= time and self._settled() >= self._seconds() - time
        if hasLed and isWell and not isinstance(command, ReadCommand | Auth):
            name = type(command).__name__.lower()
            raise Violation(f"server {self._id} leads and is well, and so are enough others, and a {name} has failed")
