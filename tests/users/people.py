"""
Users for tests.
"""

from __future__ import annotations

from typing import Final

from replkv.users.rights import Grant, Right
from replkv.users.secret import SALT_BYTES, Cost, Secret, makeSecret
from replkv.users.user import User

CHEAP: Final = Cost(1, 1, 1)
"""
So little may it cost to try a token that nobody else has.
"""


def secretOf(token: bytes, salt: int = 0) -> Secret:
    """
    What is kept of a token.

    @param salt: another one makes another secret.
    """
    return makeSecret(token, bytes([salt]) * SALT_BYTES, CHEAP)


def user(name: bytes, *grants: tuple[Right, bytes]) -> User:
    """
    A user, whose token is the name.
    """
    return User(name, secretOf(name), 1, tuple(Grant(*grant) for grant in grants))
