"""
A simulated operator: adds users, tells clients who they are, and goes on to change what they may do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from replkv.commands.set import Set
from replkv.testing.cluster.accounts import Accounts
from replkv.testing.cluster.credentials import Credentials
from replkv.testing.cluster.plan import UsersPlan
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.session import Session
from replkv.testing.history import History, Operation
from replkv.testing.users.record import Asked, Change, Fate

_PATIENCE: Final = 2.0

_SHORT_PAUSE: Final = 0.01
_LONG_PAUSE: Final = 0.1

_MARKER: Final = b"marker"
"""
What it sets after changes, so that it is known which versions came later.
"""

_DISGUISED: Final = 0.2
"""
On so many connections, the operator is taken for one of the clients, and may do nothing of what is asked for.
"""


class Administrator:
    """
    Has one connection at a time, and asks for nothing before all is answered that was asked for.

    @ivar isBarred: whether it was told last, when it wanted to delete all users, that not all servers know that yet.
    """

    def __init__(
        self,
        plan: UsersPlan,
        keys: Sequence[bytes],
        process: Process,
        addresses: Sequence[tuple[str, int]],
        history: History,
        random: Random,
        credentials: Sequence[Credentials],
        newConnection: Callable[[], int],
        misled: Callable[[str], None],
        tell: Callable[[str, str], None],
    ) -> None:
        """
        @param keys: what clients use.
        @param credentials: those of the clients.
        @param newConnection: counts connections.
        @param misled: called when a server sends what it must never send.
        """
        self.misled = misled
        self.isBarred = False
        self._tell = tell
        self._plan = plan
        self._process = process
        self._addresses = addresses
        self._history = history
        self._random = random
        self._newConnection = newConnection
        self._accounts = Accounts(keys, credentials, plan.burst, random)
        self._target = random.choice(addresses)
        self._session: Session | None = None
        self._isOpen = False
        self._isMoving = False
        self._isStopped = False
        self._isSlow = False  # Whether the last change was not made.
        self._marks = 0
        self._asked: list[Change] = []
        self._made: list[Change] = []  # On this connection, without it being known before what.
        self._lastReply = 0.0

    def start(self) -> None:
        """
        Begin.
        """
        self._process.callLater(self._random.random() * self._plan.pause, self._turn)

    def stop(self) -> None:
        """
        Ask for nothing more.
        """
        self._isStopped = True

    def leave(self) -> None:
        """
        Delete all users: everybody may do everything again.
        """
        self._isStopped = False
        self._accounts.leave()

    @property
    def waits(self) -> bool:
        """
        Whether it was not answered all.
        """
        return self._session is not None and bool(self._session.outstanding)

    @property
    def hasLeft(self) -> bool:
        """
        Whether all users are deleted.
        """
        return self._accounts.left == [] and not self.waits

    # What the connection says.

    def tell(self, what: str) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.tell}.
        """
        self._tell(self._process.host, what)

    def opened(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.opened}.
        """
        self._isOpen = True
        self._logIn()

    def redirected(self, host: str, port: int) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.redirected}.
        """
        self._target = (host, port)
        self._isMoving = True

    def answered(self, operation: Operation) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.answered}. What has that version came after all changes that were
        made before it on the connection.
        """
        if operation.answer is not None:
            for change in self._made:
                change.below = operation.answer.version
            self._made = []

    def settled(self, asked: Asked) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.settled}.
        """
        self._lastReply = self._process.seconds()
        if isinstance(asked, Change):
            self._asked.remove(asked)
            self._learn(asked)
            if asked.fate is Fate.DONE:
                self._made.append(asked)
        if asked.told == "ERR_INTERNAL" and self._random.random() < 0.3:
            self._target = self._random.choice(self._addresses)
            self._isMoving = True

    def closed(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.closed}.
        """
        self._session = None
        self._isOpen = self._isMoving = False
        self._made = []
        asked, self._asked = self._asked, []
        for change in asked:
            self._learn(change)

    def cutShort(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.cutShort}.
        """

    # What it does.

    def _turn(self) -> None:
        """
        Do the next thing.
        """
        if self.hasLeft:
            if self._session is not None:
                self._session.abort()
            return
        self._process.callLater(self._random.expovariate(1 / self._pause), self._turn)
        session = self._session
        if session is None:
            if not self._isStopped:
                self._connect()
        elif not self._isOpen:
            return
        elif session.outstanding:
            if self._process.seconds() - self._lastReply > _PATIENCE:
                self._target = self._random.choice(self._addresses)
                session.abort()
        elif self._isMoving:
            session.abort()
        elif not self._isStopped:
            self._ask(session)

    @property
    def _pause(self) -> float:
        """
        The mean of the seconds until the next turn. Not much is to be seen before there are users.
        """
        isReady = self._accounts.areReady and self._accounts.left is None
        if isReady and self._session is not None and not self._isMoving:
            return self._plan.pause
        return _LONG_PAUSE if self._isSlow else _SHORT_PAUSE

    def _connect(self) -> None:
        number = self._newConnection()
        session = self._session = Session(self, self._history, self._process.seconds, number)
        host, port = self._target
        self._lastReply = self._process.seconds()
        self.tell(f"connects to {host}, connection {number}")
        session.connect(self._process, host, port, lambda failure: self._unreached(session))

    def _unreached(self, session: Session) -> None:
        if session is self._session:
            self._target = self._random.choice(self._addresses)
            self.closed()

    def _logIn(self) -> None:
        """
        Say who asks, once there may be such a user.
        """
        user, there = self._accounts.root, self._accounts.there
        if there and self._accounts.left is None and self._random.random() < _DISGUISED:
            user = self._random.choice(there)
        if self._session is not None and user.token:
            self._session.logIn(user.name, user.token)

    def _ask(self, session: Session) -> None:
        """
        Ask for the next changes.
        """
        self._lastReply = self._process.seconds()
        for command, what in self._accounts.next():
            self._asked.append(session.change(command, what))
        self._marks += 1
        session.send([Set(_MARKER, 0, b"%d" % self._marks, False)])

    def _learn(self, change: Change) -> None:
        """
        It is known what came of a change, or will not be known any more.
        """
        self._accounts.learn(change)
        self._isSlow = change.fate is not Fate.DONE
        self.isBarred = self._accounts.left is not None and change.told == "ERR_UPGRADE"
        if change.fate is Fate.REFUSED:
            self._isMoving = True
