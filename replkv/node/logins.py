"""
Whether who says to be a user is that.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict, deque
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.hosts import blockOf
from replkv.node.diskqueue import RunInThread
from replkv.node.limits import NodeLimits
from replkv.users.secret import COST, DIGEST_BYTES, SALT_BYTES, Secret
from replkv.users.user import Login, User

_KEY_BYTES: Final = 32

_NOBODYS: Final = Secret(COST, bytes(SALT_BYTES), bytes(DIGEST_BYTES))
"""
What is tried in the place of the secret of a user whom there is not. No token fits it.
"""


class NotTried(Exception):
    """
    There is no telling whether a token is right: too many are to be tried, or it could not be.
    """


class _Attempt(NamedTuple):
    """
    A token to be tried.

    @ivar user: whose it should be; C{None} where nobody has that name. It takes as long then, so that nobody learns
        that.
    @ivar found: fires with what has come of it, if it could be tried.
    """

    block: str
    user: User | None
    token: bytes
    found: Deferred[Login | None]


class _Record(NamedTuple):
    """
    How often tokens from somewhere were wrong.

    @ivar until: when the next one is tried.
    @ivar forgotten: when this no longer counts.
    """

    failures: int
    until: float
    forgotten: float


class Logins:
    """
    Tries tokens, one at a time, in a thread: to try one is to take much memory and time, so that nobody can try many.
    Addresses have their turns. After some that were wrong, those from the same address are tried ever more slowly.

    A token that was right is known again at once, as long as the user has it, and so are those that wait meanwhile:
    after a change of leader, all clients log in again. What is kept for that is of no use without a key that only this
    process has.
    """

    _logger = Logger()

    def __init__(self, run: RunInThread, clock: IReactorTime, limits: NodeLimits) -> None:
        """
        @param run: the thread.
        """
        self._run = run
        self._clock = clock
        self._limits = limits
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._known: OrderedDict[bytes, tuple[int, bytes]] = OrderedDict()
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._lines: OrderedDict[str, deque[_Attempt]] = OrderedDict()  # Of each address, in the order of their turns.
        self._count = 0
        self._isBusy = False
        self._rest: IDelayedCall | None = None

    def check(self, host: str, user: User | None, token: bytes) -> Deferred[Login | None]:
        """
        Find out whether a token is that of a user.

        @param host: where it comes from.
        @param user: C{None} where nobody has the name that was given.
        @return: fires with C{None} if it is not; fails with L{NotTried}.
        """
        if user is not None and self._isKnown(user, token):
            return succeed(Login(user.name, user.since))
        if self._count >= self._limits.logins:
            return fail(NotTried(f"{self._count} tokens are to be tried"))
        attempt = _Attempt(blockOf(host), user, token, Deferred())
        self._lines.setdefault(attempt.block, deque()).append(attempt)
        self._count += 1
        self._next()
        return attempt.found

    def _isKnown(self, user: User, token: bytes) -> bool:
        since, digest = self._known.get(user.name, (0, b""))
        return since == user.since and hmac.compare_digest(digest, self._digest(token))

    def _digest(self, token: bytes) -> bytes:
        return hmac.digest(self._key, token, "sha256")

    def _next(self) -> None:
        """
        Try the next one, if its time has come.
        """
        if self._isBusy or not self._lines:
            return
        now = self._clock.seconds()
        times = {block: self._time(block) for block in self._lines}
        block = next((block for block, time in times.items() if time <= now), None)
        if block is None:
            if self._rest is None:
                self._rest = self._clock.callLater(min(times.values()) - now, self._rested)
            return
        line = self._lines.pop(block)
        attempt = line.popleft()
        self._count -= 1
        if line:
            self._lines[block] = line
        self._try(attempt)

    def _rested(self) -> None:
        self._rest = None
        self._next()

    def _time(self, block: str) -> float:
        """
        When the next token from there is tried.
        """
        record = self._records.get(block)
        return 0.0 if record is None else record.until

    def _try(self, attempt: _Attempt) -> None:
        secret = _NOBODYS if attempt.user is None else attempt.user.secret
        fits: list[bool] = []
        self._isBusy = True
        tried = self._run(lambda: fits.append(secret.fits(attempt.token)))
        tried.addCallbacks(lambda _: self._tried(attempt, fits[0]), self._failed, errbackArgs=(attempt,))

    def _failed(self, failure: Failure, attempt: _Attempt) -> None:
        """
        It could not be tried: there is no memory, or the server stops.
        """
        error = failure.getErrorMessage()
        self._logger.warn("a token could not be tried: {error}", error=error)
        self._isBusy = False
        attempt.found.errback(NotTried(error))
        self._next()

    def _tried(self, attempt: _Attempt, fits: bool) -> None:
        self._isBusy = False
        user = attempt.user
        if user is not None and fits:
            self._known[user.name] = user.since, self._digest(attempt.token)
            self._known.move_to_end(user.name)
            if len(self._known) > self._limits.knownTokens:
                self._known.popitem(last=False)
            login = Login(user.name, user.since)
            for alike in [attempt, *self._takeAlike(login, attempt.token)]:
                alike.found.callback(login)
        else:
            self._slowDown(attempt.block)
            attempt.found.callback(None)
        self._next()

    def _takeAlike(self, login: Login, token: bytes) -> list[_Attempt]:
        """
        Take what need not be tried any more, since it is what was right just now.
        """
        taken: list[_Attempt] = []
        for block, line in list(self._lines.items()):
            alike = [attempt for attempt in line if _isAlike(attempt, login, token)]
            if alike:
                taken += alike
                left = deque(attempt for attempt in line if not _isAlike(attempt, login, token))
                if left:
                    self._lines[block] = left
                else:
                    del self._lines[block]
        self._count -= len(taken)
        return taken

    def _slowDown(self, block: str) -> None:
        limits, now = self._limits, self._clock.seconds()
        before = self._records.pop(block, None)
        failures = 1 if before is None or before.forgotten <= now else before.failures + 1
        doublings = min(failures - limits.freeFailures, limits.loginDoublings)
        pause = limits.loginPause * 2**doublings if doublings >= 0 else 0.0
        self._records[block] = _Record(failures, now + pause, now + limits.failureSeconds)
        if len(self._records) > limits.failingAddresses:
            self._records.popitem(last=False)


def _isAlike(attempt: _Attempt, login: Login, token: bytes) -> bool:
    return attempt.user is not None and login == (attempt.user.name, attempt.user.since) and attempt.token == token
