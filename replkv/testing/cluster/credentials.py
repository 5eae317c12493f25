"""
What a simulated client says to be.
"""

from __future__ import annotations

from random import Random
from typing import Final

from replkv.testing.cluster.plan import UsersPlan
from replkv.testing.users.record import Login

_SILENCE: Final = 0.1
"""
How often it does not say who it is, before it sends something on a connection.
"""

_REPETITION: Final = 0.02
"""
How often it says so again.
"""


class Credentials:
    """
    What the administrator has given to a client, and what of it the client uses.
    """

    def __init__(self, plan: UsersPlan, random: Random) -> None:
        self._plan = plan
        self._random = random
        self._given: list[tuple[bytes, bytes]] = []

    def give(self, user: bytes, token: bytes) -> None:
        """
        The client is to be that user from now on, with that token.
        """
        self._given.append((user, token))

    def choose(self, login: Login | None) -> tuple[bytes, bytes] | None:
        """
        Decide with what to log in now: what it was given last, or what is wrong.

        @param login: what it has said on the connection before.
        @return: the user and the token; C{None} to go on as it is.
        """
        random, plan = self._random, self._plan
        if not self._given:
            return None
        if login is None:
            rest = _SILENCE
        elif (login.user, login.token) == self._given[-1]:
            rest = 1 - _REPETITION
        else:
            rest = plan.lateness
        if random.random() < rest:
            return None
        user, token = self._given[-1]
        if random.random() >= plan.wrong:
            return user, token
        return random.choice([(user, b"guessed-%d" % random.randrange(1000)), *self._given[-3:]])
