"""
Whether who says to be a user is that.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from math import inf
from typing import Final

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from replkv.commands.auth import Auth
from replkv.frontends.request import Request
from replkv.hosts import blockOf
from replkv.node.diskqueue import RunInThread
from replkv.node.guesses import Guesses
from replkv.node.limits import NodeLimits
from replkv.node.trail import Trail
from replkv.node.trials import TokenKey, Trial, Trials, Waiter
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


class Logins:
    """
    Tries tokens, one at a time, in a thread: to try one takes much memory and time, so that nobody can try many. Of a
    name that nobody has, it takes as long, so that nobody learns that.

    Whether a token was right or wrong is known again at once, as long as the user has the same one: after a change of
    leader, all clients log in again. What is kept for that is of no use without a key that only this process has.
    """

    _logger = Logger()

    def __init__(self, run: RunInThread, clock: IReactorTime, trail: Trail, limits: NodeLimits) -> None:
        """
        @param run: the thread.
        @param trail: is told of wrong tokens.
        """
        self._run = run
        self._clock = clock
        self._trail = trail
        self._limits = limits
        self._secret = secrets.token_bytes(_KEY_BYTES)
        # One for each user, so that wrong ones, of which there may be many, leave them alone.
        self._right: OrderedDict[bytes, TokenKey] = OrderedDict()
        self._wrong: OrderedDict[TokenKey, None] = OrderedDict()
        self._guesses = Guesses(clock, limits)
        self._trials = Trials(self._guesses, limits)
        self._current: Trial | None = None
        self._rest: IDelayedCall | None = None

    def check(self, request: Request, command: Auth, user: User | None) -> Deferred[Login | None]:
        """
        Find out whether a token is that of a user.

        @param request: who has come with it.
        @param user: C{None} where nobody has the name that was given.
        @return: fires with C{None} if it is not; fails with L{NotTried}.
        """
        digest = hmac.digest(self._secret, command.token, "sha256")
        key = TokenKey(command.user, 0 if user is None else user.since, digest)
        host = request.session.host
        if self._right.get(key.name) == key:
            self._right.move_to_end(key.name)
            return succeed(Login(key.name, key.since))
        if key in self._wrong:
            self._wrong.move_to_end(key)
            self._trail.notLoggedIn(command.user, host)
            return succeed(None)
        guesser = blockOf(host), command.user
        trial = self._current
        if trial is None or trial.key != key:
            trial = self._trials.find(key, guesser)
        if trial is None:
            trial = Trial(key, guesser, user, command.token)
            if not self._trials.add(trial, self._clock.seconds()):
                return fail(NotTried("too many tokens are to be tried"))
        waiter = Waiter(request, Deferred())
        trial.join(waiter)
        time = max(self._guesses.nextTime(trial.guesser), self._clock.seconds())
        if self._current is None and (self._rest is None or time < self._rest.getTime()):
            self._next()
        return waiter.found

    def _next(self) -> None:
        """
        Try the next one, if its time has come.
        """
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        now = self._clock.seconds()
        trial = self._trials.next(now)
        if isinstance(trial, Trial):
            self._try(trial)
        elif trial != inf:
            self._rest = self._clock.callLater(trial - now, self._rested)

    def _rested(self) -> None:
        self._rest = None
        self._next()

    def _try(self, trial: Trial) -> None:
        secret = _NOBODYS if trial.user is None else trial.user.secret
        fits: list[bool] = []
        self._current = trial
        tried = self._run(lambda: fits.append(secret.fits(trial.token)))
        tried.addCallbacks(lambda _: self._tried(trial, fits[0]), self._failed, errbackArgs=(trial,))
        tried.addErrback(self._goOn)

    def _failed(self, failure: Failure, trial: Trial) -> None:
        """
        It could not be tried: there is no memory, or the server stops.
        """
        error = failure.getErrorMessage()
        self._trail.notTried(error)
        self._guesses.failed(trial.guesser)
        self._current = None
        for waiter in trial.waiters:
            waiter.found.errback(NotTried(error))
        if self._current is None:
            self._next()

    def _goOn(self, failure: Failure) -> None:
        """
        There is an error of this program. Others go on to log in.
        """
        self._logger.failure("an error in replkv itself, for which somebody is not logged in", failure)
        self._current = None
        self._next()

    def _tried(self, trial: Trial, fits: bool) -> None:
        self._current = None
        key = trial.key
        isRight = trial.user is not None and fits
        if isRight:
            self._right[key.name] = key
            self._right.move_to_end(key.name)
        else:
            self._wrong[key] = None
            self._guesses.failed(trial.guesser)
        for known in (self._right, self._wrong):
            if len(known) > self._limits.knownTokens:
                known.popitem(last=False)
        for request, found in [*trial.waiters, *self._trials.takeAlike(key)]:
            if not isRight:
                self._trail.notLoggedIn(key.name, request.session.host)
            found.callback(Login(key.name, key.since) if isRight else None)
        # What came of it may have had the next one tried.
        if self._current is None:
            self._next()
