"""
A simulated client: it does all that clients do, also what they had better not do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from replkv.commands.add import Add
from replkv.commands.cad import Cad
from replkv.commands.cas import Cas
from replkv.commands.command import KeyCommand, StoreCommand
from replkv.commands.delete import Delete
from replkv.commands.get import Get
from replkv.commands.getm import Getm
from replkv.commands.replace import Replace
from replkv.commands.set import Set
from replkv.commands.touch import Touch
from replkv.commands.txn import Txn
from replkv.testing import rare
from replkv.testing.cluster.credentials import Credentials
from replkv.testing.cluster.edges import atEdge
from replkv.testing.cluster.forwarding import FORWARDING_STEP
from replkv.testing.cluster.plan import MAX_VALUE_BYTES, ClientPlan
from replkv.testing.cluster.process import Process
from replkv.testing.cluster.question import Command
from replkv.testing.cluster.session import Session
from replkv.testing.cluster.several import About
from replkv.testing.history import Answer, History, Operation, Status
from replkv.testing.users.record import Asked
from replkv.testing.workload import MOST_CHANGES, change, inFull, race, several

_BINARY: Final = b"\r\nset k0 0 1\r\n\x00\xff\r\n"
_HUGE_RATE: Final = 0.1

_SPARING: Final = 0.7
"""
So many of the other writes to a key whose values are made of each other are left out, for the judge's sake: see
L{MOST_CHANGES}.
"""

_EXPIRING: Final = 0.4
"""
And so many of those that are left expire, for what is made of them has to expire too.
"""

_SEVERAL: Final = 0.4
"""
Where clients use all that there is, so many of those commands are about several keys.
"""

_CONDITIONAL: Final = 0.3
"""
So many of the deletes, and of what would be stored whatever there is, depend on what there is.
"""


class WorkloadClient:
    """
    Has one connection at a time, to the server that it believes to lead, and often several commands on it.
    """

    def __init__(
        self,
        plan: ClientPlan,
        process: Process,
        addresses: list[tuple[str, int]],
        history: History,
        random: Random,
        newConnection: Callable[[], int],
        misled: Callable[[str], None],
        tell: Callable[[str, str], None],
        happened: Callable[[str], None],
        lifeOf: Callable[[str], int | None],
        mostPending: int,
        credentials: Credentials | None = None,
    ) -> None:
        """
        @param newConnection: counts connections.
        @param misled: called when a server sends what it must never send.
        @param happened: counts something rare.
        @param lifeOf: the number of the process that a host has; C{None} where it has none that is to go on.
        @param mostPending: how many commands of a connection a server takes at once.
        @param credentials: who it is; C{None} if nobody asks.
        """
        self.misled = misled
        self._tell = tell
        self._plan = plan
        self._process = process
        self._step = FORWARDING_STEP if plan.forwarded else 0
        self._addresses = [(host, port + self._step) for host, port in addresses]
        self._history = history
        self._random = random
        self._newConnection = newConnection
        self._happened = happened
        self._lifeOf = lifeOf
        self._mostPending = mostPending
        self._credentials = credentials
        self._target = random.choice(self._addresses)
        self._session: Session | None = None
        self._server = ""  # The one that this session is with.
        self._life: int | None = None  # Of that, when the connection was made.
        self._isOpen = False
        self._moving = False
        self._stopped = False
        self._sent = 0
        self._changes = 0
        self._huge = plan.huge
        self._lastReply = 0.0
        self._versions: dict[bytes, int] = {}

    def start(self) -> None:
        """
        Begin.
        """
        self._process.callLater(self._random.random() * self._plan.pause, self._turn)

    def stop(self) -> None:
        """
        Send nothing more.
        """
        self._stopped = True

    @property
    def isDone(self) -> bool:
        """
        Whether it has sent all that it may, and does not wait for an answer.
        """
        return self._sent >= self._plan.operations and not self.waits

    @property
    def waits(self) -> bool:
        """
        Whether something was sent that may yet be answered.
        """
        return self._session is not None and self._session.waits

    def close(self) -> None:
        """
        Close the connection.
        """
        if self._session is not None:
            self._session.abort()

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
        self._lastReply = self._process.seconds()
        self._life = self._lifeOf(self._server)
        self._logIn()

    def cutShort(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.cutShort}. A server that ends does so, and one that is new.
        """
        if self._life is not None and self._lifeOf(self._server) == self._life:
            self.misled(f"{self._server} has closed a connection without answering all that had come on it")

    def redirected(self, host: str, port: int) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.redirected}.
        """
        self._lastReply = self._process.seconds()
        self._happened(rare.REDIRECT)
        self._target = (host, port + self._step)
        self._moving = True

    def answered(self, operation: Operation) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.answered}.
        """
        self._lastReply = self._process.seconds()
        answer = operation.answer
        if operation.status is Status.FAILED and operation.number not in self._history.users.refused:
            self._happened(rare.NOT_UPGRADED)
        if answer is None:
            if self._random.random() < 0.3:
                self._target = self._random.choice(self._addresses)
                self._moving = True
            return
        if answer.version is not None:
            self._versions[operation.command.key] = answer.version
        if self._random.random() < self._plan.racing:
            self._race(operation.command.key, answer)

    def settled(self, asked: Asked) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.settled}.
        """
        self._lastReply = self._process.seconds()

    def closed(self) -> None:
        """
        See L{replkv.testing.cluster.session.Owner.closed}.
        """
        self._session = None
        self._isOpen = self._moving = False

    # What it does.

    def _turn(self) -> None:
        """
        Do the next thing.
        """
        session = self._session
        if not self._stopped and self._sent < self._plan.operations:
            self._process.callLater(self._random.expovariate(1 / self._plan.pause), self._turn)
        elif session is None or not session.outstanding:
            return
        else:
            self._process.callLater(self._plan.patience, self._turn)
        if session is None:
            if not self._stopped:
                self._connect()
        elif not self._isOpen:
            return
        elif session.outstanding and self._process.seconds() - self._lastReply > self._plan.patience:
            # It goes somewhere else, without having been answered.
            self._target = self._random.choice(self._addresses)
            session.abort()
        elif self._moving or session.hasParted:
            if not self.waits and not (session.hasParted and self._random.random() < 0.5):
                session.abort()
        elif not self._stopped and self._random.random() < self._plan.wandering:
            self._target = self._random.choice(self._addresses)
            self._moving = True
        elif not self._stopped and len(session.outstanding) < self._plan.depth:
            self._send(session)

    def _connect(self) -> None:
        number = self._newConnection()
        session = self._session = Session(self, self._history, self._process.seconds, number)
        host, port = self._target
        self._server = host
        self.tell(f"connects to {host}, connection {number}")
        session.connect(self._process, host, port, lambda failure: self._unreached(session))

    def _unreached(self, session: Session) -> None:
        if session is self._session:
            self._target = self._random.choice(self._addresses)
            self.closed()

    def _logIn(self) -> None:
        """
        Say who it is, now or never mind.
        """
        session = self._session
        if session is not None and self._credentials is not None:
            chosen = self._credentials.choose(session.login)
            if chosen is not None:
                session.logIn(*chosen)

    def _send(self, session: Session) -> None:
        if not session.outstanding:
            self._lastReply = self._process.seconds()
        self._logIn()
        room = max(1, self._plan.depth - len(session.outstanding))
        commands: list[Command | None] = [self._next() for _ in range(self._random.randint(1, room))]
        if self._random.random() < self._plan.nonsense:
            commands.insert(self._random.randrange(len(commands) + 1), None)
        session.send(commands)
        if len(session.outstanding) > self._mostPending:
            self._happened(rare.MORE_THAN_PENDING)
        if self._random.random() < self._plan.parting:
            session.part(quitting=self._random.random() < 0.5)
            self._happened(rare.PARTED)
        elif self._random.random() < self._plan.cutting:
            session.sendPart(self._next(), self._random)
            self._happened(rare.CUT_COMMAND)

    def _race(self, key: bytes, answer: Answer) -> None:
        """
        Have a race over what was just answered, if it may go on.
        """
        session = self._session
        mayGoOn = not self._stopped and not self._moving and self._sent < self._plan.operations
        if session is None or not mayGoOn or session.isClosing:
            return
        commands = race(key, answer, self._value)
        self._sent += len(commands)
        if commands:
            session.send(commands)

    def _value(self, mayBeHuge: bool = True) -> bytes:
        """
        A value that no other command has.
        """
        random, plan = self._random, self._plan
        value = b"%b-%d" % (self._process.host.encode(), self._sent + 1)
        if random.random() < plan.binary:
            value += _BINARY
        size = plan.padding
        if mayBeHuge and self._huge and random.random() < _HUGE_RATE:
            self._huge -= 1
            size = MAX_VALUE_BYTES
        return value.ljust(size, b".")

    def _next(self) -> Command:
        """
        A command, which counts as sent.
        """
        command = self._command()
        self._sent += 1
        if self._plan.full and self._random.random() < self._plan.full:
            # Who may do some things only is told nothing of several keys if it may not have one of them.
            others = self._plan.keys if self._credentials is None else ()
            if others and self._random.random() < _SEVERAL:
                return self._several(others)
            return inFull(command, others, self._random)
        return command

    def _several(self, keys: Sequence[bytes]) -> Command:
        # All values of a transaction together may be as large as one.
        command = several(keys, self._versions, lambda: self._value(mayBeHuge=False), self._random)
        return command if isinstance(command, Txn) else About(command, keys)

    def _command(self) -> KeyCommand:
        random, plan = self._random, self._plan
        key = random.choice(plan.keys)
        if random.random() < plan.reading:
            return (Getm if random.random() < max(0.5, plan.racing) else Get)(key)
        kind = random.random()
        isChanging = bool(plan.changing) and key == plan.keys[0]
        if isChanging and random.random() < plan.changing:
            self._changes += 1
            return Getm(key) if self._changes > MOST_CHANGES else change(key, random, plan.noreply, MAX_VALUE_BYTES)
        if isChanging and random.random() < _SPARING:
            return Getm(key)
        if kind < 0.1:
            version = self._versions.get(key, 1)
            return Cad(key, version) if random.random() < _CONDITIONAL else Delete(key)
        expiring = max(plan.expiring, _EXPIRING if isChanging else 0.0)
        exptime = random.randint(1, plan.longest) if random.random() < expiring else 0
        if kind < 0.2:
            return Touch(key, exptime)
        value = b"%d" % random.randrange(20) if isChanging and random.random() < 0.95 else self._value()
        noreply = random.random() < plan.noreply
        command: StoreCommand = Set(key, exptime, value, noreply)
        if kind >= 0.6:
            command = Cas(key, exptime, self._versions.get(key, 1), value, noreply)
        elif random.random() < _CONDITIONAL:
            command = random.choice([Add, Replace])(key, exptime, value, noreply)
        return atEdge(command, random) if random.random() < plan.large else command
