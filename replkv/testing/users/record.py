"""
What was asked about users, and what was told: the evidence on which is judged whether rights are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from math import inf


class Fate(Enum):
    """
    What came of something.

    @cvar DONE: it was done.
    @cvar REFUSED: it was not done, since who asked may not have it done, or is not who he says to be.
    @cvar VAIN: it was not done, for another reason, and will not be.
    @cvar UNKNOWN: it may have been done, or may yet be, or not.
    """

    DONE = auto()
    REFUSED = auto()
    VAIN = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Right:
    """
    A right over the keys that begin in one way.

    @ivar word: C{read}, C{write}, or C{admin}, which is both and more.
    """

    word: str
    prefix: bytes

    def covers(self, word: str, scope: bytes) -> bool:
        """
        Whether who has it may do something.

        @param scope: with a key, or with all keys that begin so.
        """
        return self.word in (word, "admin") and scope.startswith(self.prefix)

    def __str__(self) -> str:
        """
        In words.
        """
        return f"{self.word} {self.prefix.decode('ascii')}*"


@dataclass(frozen=True, slots=True)
class Named:
    """
    There is a user with a token, who was not there, or had another one.

    @ivar token: no user ever gets it but by this.
    """

    token: bytes


@dataclass(frozen=True, slots=True)
class Gone:
    """
    There is no such user, nor a right that he had.
    """


@dataclass(frozen=True, slots=True)
class Given:
    """
    A user has a right.
    """

    right: Right


@dataclass(frozen=True, slots=True)
class Taken:
    """
    A user has a right no longer.
    """

    right: Right


What = Named | Gone | Given | Taken
"""
What becomes of a user.
"""


@dataclass(slots=True, eq=False)
class Asked:
    """
    Something that is not about a key was asked.

    @ivar number: counts them.
    @ivar connection: what is asked on one is done in the order of the numbers.
    @ivar user: whom it is about.
    @ivar invoked: when it was asked, in seconds.
    @ivar ended: when its fate was known; infinite where it is unknown, since it may be done at any time.
    @ivar told: the line with which it was answered; empty if it was not.
    """

    number: int
    connection: int
    user: bytes
    invoked: float
    ended: float = inf
    fate: Fate = Fate.UNKNOWN
    told: str = ""

    def end(self, fate: Fate, time: float) -> None:
        """
        It is known what came of it.
        """
        self.fate = fate
        self.ended = time

    @property
    def span(self) -> str:
        """
        When it was.
        """
        return f"{self.invoked:.3f} - {'...' if self.ended == inf else f'{self.ended:.3f}'} s"


@dataclass(slots=True, eq=False)
class Login(Asked):
    """
    Somebody tried to be taken for a user. From then on, that is in whose name things are done on the connection; if it
    was not done, that is nobody's.
    """

    token: bytes = field(kw_only=True)

    def __str__(self) -> str:
        """
        In words.
        """
        name, token = self.user.decode("ascii"), self.token.decode("ascii")
        return f"{self.span}: auth {name} {token} -> {self.told or '...'}"


@dataclass(slots=True, eq=False)
class Change(Asked):
    """
    A user was to be changed.

    @ivar login: who asked for it; C{None} if nobody said who he is.
    @ivar below: what has this version, or a later one, came after it; C{None} where that is not known.
    """

    what: What = field(kw_only=True)
    login: Login | None = field(kw_only=True)
    below: int | None = None

    def __str__(self) -> str:
        """
        In words.
        """
        match self.what:
            case Named(token):
                words = f"has the token {token.decode('ascii')}"
            case Gone():
                words = "is no more"
            case Given(right):
                words = f"has {right}"
            case Taken(right):
                words = f"has no longer {right}"
        return f"{self.span}: {self.user.decode('ascii')} {words} -> {self.told or '...'}"


class UserRecord:
    """
    All of that in one run.

    @ivar logins: in the order in which they were asked for.
    @ivar changes: likewise.
    @ivar names: by which login an operation was asked for, by its number; where there is none, nobody said who he is.
    @ivar refused: the numbers of the operations that were refused.
    """

    def __init__(self) -> None:
        self.logins: list[Login] = []
        self.changes: list[Change] = []
        self.names: dict[int, Login] = {}
        self.refused: set[int] = set()

    def tries(self, user: bytes, token: bytes, time: float, connection: int) -> Login:
        """
        Somebody says to be a user.
        """
        login = Login(self._number, connection, user, time, token=token)
        self.logins.append(login)
        return login

    def wants(self, user: bytes, what: What, login: Login | None, time: float, connection: int) -> Change:
        """
        Somebody wants a user to be changed.

        @param login: who that is.
        """
        change = Change(self._number, connection, user, time, what=what, login=login)
        self.changes.append(change)
        return change

    @property
    def _number(self) -> int:
        return len(self.logins) + len(self.changes)
