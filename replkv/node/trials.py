"""
The tokens that wait to be tried.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from math import inf
from typing import Final, NamedTuple

from twisted.internet.defer import Deferred

from replkv.frontends.request import Request
from replkv.node.guesses import Guesser, Guesses
from replkv.node.limits import NodeLimits
from replkv.users.user import Login, User

_SWEEP_SECONDS: Final = 1.0
"""
So often, at the most, it is looked who still waits where all places are taken.
"""

_FEW: Final = 64
"""
So many clients may have gone before any of them is forgotten.
"""


class TokenKey(NamedTuple):
    """
    What is tried: a token of a user.

    @ivar since: which of the user's tokens it would have to be; 0 where nobody has that name.
    @ivar digest: of the token, of use to this process alone.
    """

    name: bytes
    since: int
    digest: bytes


class Waiter(NamedTuple):
    """
    A client who waits for what comes of it.
    """

    request: Request
    found: Deferred[Login | None]

    @property
    def isThere(self) -> bool:
        """
        Whether it still waits.
        """
        return not self.request.isAnswered and not self.request.session.isOver


class Trial:
    """
    A token to be tried.

    @ivar guesser: who has come with it first.
    @ivar user: whose it should be; C{None} where nobody has that name.
    @ivar waiters: all who have come with it.
    """

    __slots__ = ("_most", "guesser", "key", "token", "user", "waiters")

    def __init__(self, key: TokenKey, guesser: Guesser, user: User | None, token: bytes) -> None:
        self.key: Final = key
        self.guesser: Final = guesser
        self.user: Final = user
        self.token: Final = token
        self.waiters: list[Waiter] = []
        self._most = _FEW

    def join(self, waiter: Waiter) -> None:
        """
        Another client has come with it. Those who have gone are forgotten from time to time.
        """
        self.waiters.append(waiter)
        if len(self.waiters) > self._most:
            self.waiters = [each for each in self.waiters if each.isThere]
            self._most = 2 * len(self.waiters) + _FEW

    @property
    def isWanted(self) -> bool:
        """
        Whether anybody still waits for it.
        """
        return any(waiter.isThere for waiter in self.waiters)


class Trials:
    """
    Tokens in the order of their turns: addresses have theirs one after the other, and at each address the users. Those
    for which nobody waits any more are dropped.
    """

    def __init__(self, guesses: Guesses, limits: NodeLimits) -> None:
        self._guesses = guesses
        self._limits = limits
        self._blocks: OrderedDict[str, OrderedDict[bytes, deque[Trial]]] = OrderedDict()
        # The same token may come from several addresses: who waits at one of them is not to wait for the other.
        self._byKey: dict[TokenKey, dict[Guesser, Trial]] = {}
        self._count = 0
        self._sweptAt = -inf

    def find(self, key: TokenKey, guesser: Guesser) -> Trial | None:
        """
        The one that waits with this key, from there.
        """
        return self._byKey.get(key, {}).get(guesser)

    def add(self, trial: Trial, now: float) -> bool:
        """
        Have a token wait for its turn.

        @return: whether there is room for it.
        """
        block, name = trial.guesser
        limits = self._limits
        if self._countOf(block) >= limits.loginsPerAddress:
            self._dropFrom(block)
        if self._count >= limits.logins and now >= self._sweptAt + _SWEEP_SECONDS:
            self._sweptAt = now
            for each in list(self._blocks):
                self._dropFrom(each)
        if self._countOf(block) >= limits.loginsPerAddress or self._count >= limits.logins:
            return False
        self._blocks.setdefault(block, OrderedDict()).setdefault(name, deque()).append(trial)
        self._byKey.setdefault(trial.key, {})[trial.guesser] = trial
        self._count += 1
        return True

    def takeAlike(self, key: TokenKey) -> list[Waiter]:
        """
        Take those out that need not be tried any more, since it is known what comes of this token.

        @return: all who wait for it.
        """
        alike = list(self._byKey.get(key, {}).values())
        for trial in alike:
            block, name = trial.guesser
            self._blocks[block][name].remove(trial)
            self._forget(trial)
            self._prune(block, name)
        return [waiter for trial in alike for waiter in trial.waiters]

    def _forget(self, trial: Trial) -> None:
        alike = self._byKey[trial.key]
        del alike[trial.guesser]
        if not alike:
            del self._byKey[trial.key]
        self._count -= 1

    def _prune(self, block: str, name: bytes) -> None:
        lines = self._blocks[block]
        if not lines[name]:
            del lines[name]
        if not lines:
            del self._blocks[block]

    def _countOf(self, block: str) -> int:
        return sum(map(len, self._blocks.get(block, {}).values()))

    def next(self, now: float) -> Trial | float:
        """
        Take the one whose turn it is.

        @return: the one; or when there is one again, infinite if there is none.
        """
        while isinstance(guesser := self._nextGuesser(now), tuple):
            trial = self._take(*guesser)
            if trial.isWanted:
                return trial
        return guesser

    def _nextGuesser(self, now: float) -> Guesser | float:
        earliest = inf
        for block, lines in self._blocks.items():
            for name in lines:
                time = self._guesses.nextTime((block, name))
                if time <= now:
                    return block, name
                earliest = min(earliest, time)
        return earliest

    def _take(self, block: str, name: bytes) -> Trial:
        lines = self._blocks[block]
        trial = lines[name].popleft()
        self._blocks.move_to_end(block)
        lines.move_to_end(name)
        self._forget(trial)
        self._prune(block, name)
        return trial

    def _dropFrom(self, block: str) -> None:
        """
        Drop those of an address for which nobody waits any more.
        """
        for name, line in list(self._blocks[block].items()):
            for trial in [trial for trial in line if not trial.isWanted]:
                line.remove(trial)
                self._forget(trial)
            self._prune(block, name)
