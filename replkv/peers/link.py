"""
The end of a connection that asks: one to each other server, made again whenever it is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, TypeVar

from twisted.application.internet import ClientService, backoffPolicy
from twisted.application.service import Service
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.task import LoopingCall
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.protocols.amp import Command
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.lives import Life
from replkv.outside import OutsideLog
from replkv.peers.answers import makeManifest, makePiece, makeReply, manifestOf
from replkv.peers.commands import (
    SINCE,
    CompareStateCommand,
    ForwardCommand,
    Hello,
    NotMember,
    ReadSnapshotCommand,
    Refused,
    StateHashCommand,
    TakeSnapshotCommand,
    remoteCall,
)
from replkv.peers.forwards import Forward, ForwardReplies
from replkv.peers.identity import Identity
from replkv.peers.outgoing import OutgoingConnection, OutgoingFactory
from replkv.peers.receiver import Timed, TooOld, Unreachable
from replkv.peers.security import PeerSecurity
from replkv.peers.snapshots import NoSnapshot, Piece
from replkv.raft.member import Address
from replkv.raft.messages import AppendEntries, Message
from replkv.reasons import reasonOf
from replkv.storage.snapshot import Manifest

ANSWER_TIMEOUT: Final = 5.0
"""
Seconds without any answer, while answers are due, after which a connection is given up: AMP itself has no time-outs,
and TCP's are far too long.
"""

SILENT_ATTEMPTS: Final = 10
"""
How often a connection may fail to be made before the operator is told of it: servers do not start all at once.
"""

MISTAKE_PAUSE: Final = 5.0
"""
Seconds after which a server that has answered what cannot be is connected to again.
"""

_Answer = TypeVar("_Answer")


@implementer(ILogObserver)
def _ignore(event: LogEvent) -> None:
    """
    Log nothing.
    """


class _QuietClientService(ClientService):
    """
    Does not log each attempt: the link says once that a server is lost, and once that it is back.
    """

    _log = Logger(observer=_ignore)


class PeerLink(Service):
    """
    The way to one other server.

    @ivar peer: its id.
    @ivar address: where it is.
    @ivar life: with which data folder, and in which start, it came last; C{None} as long as it has not come. Until the
        configuration names that folder, it is to come with no other one: what it has acknowledged is remembered with
        the way to it.
    @ivar isUp: whether it is connected and has let this server in.
    @ivar heardAt: when it has answered last, by the clock; C{None} if it never has.
    """

    _logger = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        random: Random,
        endpoint: IStreamClientEndpoint,
        peer: int,
        address: Address,
        identity: Identity,
        security: PeerSecurity,
    ) -> None:
        """
        @param endpoint: leads to C{address}, protected by C{security}.
        """
        self.peer = peer
        self.address = address
        self.life: Life | None = None
        self.isUp = False
        self._identity = identity
        self._security = security
        self._clock = clock
        self._connection: OutgoingConnection | None = None
        self._due = 0
        self._lastAnswer = 0.0
        self.heardAt: float | None = None
        self._attempts = 0
        self._wasMistaken = False
        self._told: str | None = None
        self._outside = OutsideLog(clock, self._logger)
        self._whenLost: list[Deferred[None]] = []
        delay = backoffPolicy(initialDelay=0.05, maxDelay=1.0, jitter=lambda: random.uniform(0.0, 0.1))
        self._client = _QuietClientService(
            endpoint, OutgoingFactory(self), retryPolicy=lambda _: self._pause(delay), clock=clock
        )
        self._watch = LoopingCall(self._checkAnswers)
        self._watch.clock = clock

    @property
    def version(self) -> int | None:
        """
        The version that counts on its connection, see L{replkv.versions}; C{None} while it is not up.
        """
        return self._connection.version if self.isUp and self._connection is not None else None

    def canAsk(self, message: Message) -> bool:
        """
        Whether the peer is connected, and knows such a request.
        """
        return self.version is not None and self.version >= SINCE[remoteCall(Timed(message, 0)).command]

    @property
    def canForward(self) -> bool:
        """
        Whether the peer is connected, and takes the commands of other servers' clients.
        """
        return self.version is not None and self.version >= SINCE[ForwardCommand]

    def startService(self) -> None:
        """
        Connect, and stay connected.
        """
        super().startService()
        self._watch.start(ANSWER_TIMEOUT / 5, now=False)
        self._client.startService()
        self._client.whenConnected(failAfterFailures=SILENT_ATTEMPTS).addErrback(self._unreached)

    def stopService(self) -> Deferred[None]:
        """
        Disconnect.
        """
        super().stopService()
        self._watch.stop()
        self._cutOff()
        return self._client.stopService()

    def send(self, request: Timed) -> Deferred[Timed]:
        """
        Ask for something.

        @return: fires with the reply. Where there is no connection, it fails with L{Unreachable} at once, and else when
            the connection is lost before the reply has come. It fails with L{TooOld}, and nothing is sent, where the
            peer does not know such a request: see L{SINCE<replkv.peers.commands.SINCE>}.
        """
        message, time, _ = request
        if isinstance(message, AppendEntries):
            return self._append(message, time)
        command, arguments, reply = remoteCall(request)
        return self._call(command, lambda answer: makeReply(answer, reply), **arguments)

    def takeSnapshot(self, least: int) -> Deferred[Manifest]:
        """
        Ask for a snapshot: see L{SnapshotSource.take<replkv.peers.snapshots.SnapshotSource.take>}.

        @return: fails as that does, with C{ValueError} if it is of a later version of replkv, and as L{send} does.
        """
        taken = self._call(TakeSnapshotCommand, lambda answer: makeManifest(answer, least), least=least)
        return taken.addCallback(manifestOf)

    def readSnapshot(self, number: int, file: int, offset: int) -> Deferred[Piece]:
        """
        Ask for a piece of it: see L{SnapshotSource.read<replkv.peers.snapshots.SnapshotSource.read>}.

        @return: fails as that and L{send} do.
        """
        return self._call(ReadSnapshotCommand, makePiece, number=number, file=file, offset=offset)

    def stateHash(self, index: int) -> Deferred[int | None]:
        """
        Ask for the hash of its state: see L{StateSource.stateHash<replkv.peers.states.StateSource.stateHash>}.

        @return: fails as L{send} does.
        """
        return self._call(StateHashCommand, lambda answer: answer.get("hash"), index=index)

    def compareState(self, index: int, stateHash: int) -> Deferred[None]:
        """
        Tell what that is on a majority: see L{StateSource.compareState<replkv.peers.states.StateSource.compareState>}.

        @return: fires when it is told; fails as L{send} does.
        """
        return self._call(CompareStateCommand, lambda _: None, index=index, hash=stateHash)

    def forward(self, forward: Forward) -> Deferred[ForwardReplies]:
        """
        Have commands of clients carried out: see L{Forwarding.take<replkv.peers.forwards.Forwarding.take>}.

        @return: fails as L{send} does.
        """
        return self._call(ForwardCommand, lambda answer: ForwardReplies(**answer), **forward._asdict())

    def _call(
        self, command: type[Command], make: Callable[[dict[str, Any]], _Answer], **arguments: Any
    ) -> Deferred[_Answer]:
        """
        @param make: makes of the response what is wanted; raises C{ValueError} if it makes no sense.
        @return: fires with that, or fails with what L{send} or the peer says.
        """
        version = self.version
        if self._connection is None or version is None:
            return fail(Unreachable())
        if version < SINCE[command]:
            name = command.commandName.decode("ascii")
            self.tell(f"server {self.peer} speaks version {version} and would be asked for {name}: upgrade it")
            return fail(TooOld())
        self._expectAnswer()
        answer: Deferred[dict[str, Any]] = self._connection.callRemote(command, **arguments)
        return answer.addCallback(make).addCallbacks(self._answered, self._failed)

    def _append(self, message: AppendEntries, time: int) -> Deferred[Timed]:
        """
        Ask for entries to be appended: every server that this one talks to knows that.
        """
        if self._connection is None or not self.isUp:
            return fail(Unreachable())
        self._expectAnswer()
        return self._connection.append(message, time).addCallbacks(self._answered, self._failed)

    def _expectAnswer(self) -> None:
        if not self._due:
            self._lastAnswer = self._clock.seconds()
        self._due += 1

    def mistake(self, reason: str) -> None:
        """
        The peer has answered what it cannot have answered in its right mind: close the connection, and make no other
        one for a while.

        @param reason: what that is, for the operator.
        """
        self._wasMistaken = True
        self.relay(f"closed the connection with server {self.peer}: {reason}")
        self._cutOff()

    def whenLost(self) -> Deferred[None]:
        """
        @return: fires when a connection is lost the next time, whether anything was asked on it or not.
        """
        waiting: Deferred[None] = Deferred()
        self._whenLost.append(waiting)
        return waiting

    def condemn(self) -> None:
        """
        The peer has turned out to lack what it had acknowledged: have no more to do with it.
        """
        if self.life is not None and self._identity.acquaintances.condemned.get(self.peer) == self.life.incarnation:
            return
        self._logger.error(
            "server {peer} lacks entries that it had acknowledged: its disk has lost them, or a copy of its data "
            "folder was put back. It may have forgotten its votes too, and is not let in any more: stop it, remove its "
            "data folder, start it, and run replkv member replace --id {peer}",
            peer=self.peer,
        )
        self._identity.condemn(self.peer).addErrback(self._notRemembered)
        self._cutOff()

    def _cutOff(self) -> None:
        """
        Close the connection, if there is one. What has come by it already counts no more.
        """
        if self._connection is not None:
            self._connection.isGivenUp = True
            self._connection.transport.abortConnection()

    def _notRemembered(self, failure: Failure) -> None:
        failure.trap(OSError)
        self._logger.warn(
            "that cannot be remembered beyond the next start of this server: {reason}", reason=failure.getErrorMessage()
        )

    def connected(self, connection: OutgoingConnection) -> None:
        """
        A connection is made: introduce this server.
        """
        self._connection = connection
        self._due = 1
        self._lastAnswer = self._clock.seconds()
        introduction = connection.callRemote(Hello, **self._identity.hello(self.peer))
        introduction.addCallback(lambda answer: Deferred.fromCoroutine(self._introduced(connection, **answer)))
        introduction.addErrback(self._refused, connection)

    async def _introduced(
        self, connection: OutgoingConnection, incarnation: str, starts: int, names: Sequence[str], **rest: Any
    ) -> None:
        isBound = self.life is not None and not self._identity.rolls.inForce.incarnation(self.peer)
        if isBound and self.life is not None and incarnation != self.life.incarnation:
            raise Refused(
                f"server {self.peer} comes with another data folder than it had just now: replkv member remove --id "
                f"{self.peer}, and then replkv member add, lets it in"
            )
        try:
            version = await self._identity.recognize(self.peer, incarnation, starts, names, **rest)
        except NotMember as error:
            # That is said of the other one.
            raise Refused(str(error)) from None
        if connection is not self._connection:
            return
        self.life = Life(incarnation, starts, names[0])
        self._identity.standing.included(self.peer)
        connection.version = version
        self.isUp = True
        self.heardAt = self._clock.seconds()
        self._due = 0
        self._attempts = 0
        if self._told is not None:
            self._logger.info("server {peer} is back", peer=self.peer)
            self._told = None

    def _refused(self, failure: Failure, connection: OutgoingConnection) -> None:
        refusal = self._security.refusal(failure.value)
        if refusal is not None:
            self.relay(f"no connection to server {self.peer}: {refusal}; trying again")
        elif failure.check(NotMember):
            self._identity.standing.excluded(self.peer, failure.getErrorMessage())
        elif failure.check(Refused):
            self.relay(f"server {self.peer} and this one do not work together: {failure.getErrorMessage()}")
        elif self._told is None:
            self.relay(f"server {self.peer} did not let this one in ({failure.getErrorMessage()}); trying again")
        connection.transport.abortConnection()

    def disconnected(self, connection: OutgoingConnection) -> None:
        """
        The connection is lost.
        """
        if connection is not self._connection:
            return
        self._connection = None
        if self.isUp:
            self.isUp = False
            self._identity.standing.lost(self.peer)
            if self._told is None:
                # How it ended says nothing of why: a killed process's connections are closed as cleanly as any.
                self.tell(f"lost server {self.peer}; trying to reach it again")
        waiting, self._whenLost = self._whenLost, []
        for deferred in waiting:
            deferred.callback(None)

    def tell(self, what: str) -> None:
        """
        Log something once, and not at each attempt.
        """
        if self.running and what != self._told:
            self._told = what
            self._logger.warn("{what}", what=what)

    def relay(self, what: str) -> None:
        """
        Log something that the other side has said or done, once. Whoever it is might say something else each time.
        """
        if self.running and what != self._told:
            self._told = what
            self._outside.say("connection", what)

    def _unreached(self, failure: Failure) -> None:
        """
        No connection was made: the other server may be down, or the servers file may have a wrong address.
        """
        self.tell(f"server {self.peer} cannot be reached ({reasonOf(failure.value)}); trying again")

    def _pause(self, delay: Callable[[int], float]) -> float:
        self._attempts += 1
        wasMistaken, self._wasMistaken = self._wasMistaken, False
        return MISTAKE_PAUSE if wasMistaken else delay(self._attempts)

    def _answered(self, answer: _Answer) -> _Answer:
        self._due -= 1
        self.heardAt = self._lastAnswer = self._clock.seconds()
        return answer

    def _failed(self, failure: Failure) -> Failure:
        """
        A refusal is an answer too. With its connection, L{disconnected} has been called or will be.
        """
        if failure.check(NoSnapshot):
            self._answered(None)
            return failure
        if failure.check(ValueError, KeyError, TypeError):
            self.mistake(f"its answer makes no sense: {failure.value!r:.200}")
        elif self._connection is not None:
            self._connection.transport.abortConnection()
        raise Unreachable

    def _checkAnswers(self) -> None:
        if self._connection is not None and self._due and self._clock.seconds() - self._lastAnswer > ANSWER_TIMEOUT:
            self.tell(f"lost server {self.peer}: no answer for {ANSWER_TIMEOUT:.0f} s; trying to reach it again")
            self._connection.transport.abortConnection()
