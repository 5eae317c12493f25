"""
In whose name a command asks.
"""

from __future__ import annotations

import os
from typing import Final

from replkv.cli.tokens import NoToken, askToken, checked, readToken
from replkv.client.arguments import checkedUser
from replkv.client.errors import CommandError
from replkv.config import ConfigError

USER_VARIABLE: Final = "REPLKV_USER"
TOKEN_VARIABLE: Final = "REPLKV_TOKEN"
TOKEN_FILE_VARIABLE: Final = "REPLKV_TOKEN_FILE"

HOW: Final = (
    f"--user NAME says who asks, and --token-file FILE proves it; so do {USER_VARIABLE}, and {TOKEN_VARIABLE} or "
    f"{TOKEN_FILE_VARIABLE}, of the environment"
)
"""
What to do about it that nobody is named.
"""


def loginOf(user: str | None, tokenFile: str | None) -> tuple[str, str] | tuple[None, None]:
    """
    The user of a command, and the token. A person who names a user and no token is asked for that.

    @param user: the name that the command line has, if it has one; otherwise the environment may.
    @param tokenFile: the file that it names, if it names one; so with that.
    @raise ConfigError: if there is a token without a user, or a user without a token, or one of them cannot be.
    """
    name = user or os.environ.get(USER_VARIABLE)
    known = os.environ.get(TOKEN_VARIABLE)
    path = tokenFile or (None if known else os.environ.get(TOKEN_FILE_VARIABLE))
    if not name:
        if path or known:
            raise ConfigError(f"a token is of no use without a user: --user or {USER_VARIABLE} names one")
        return None, None
    try:
        checkedUser(name)
    except CommandError as error:
        raise ConfigError(str(error)) from None
    if path:
        return name, readToken(path)
    if known:
        return name, checked(os.fsencode(known), TOKEN_VARIABLE)
    try:
        return name, askToken(name)
    except NoToken as error:
        raise ConfigError(f"{error}: --token-file, {TOKEN_VARIABLE} or {TOKEN_FILE_VARIABLE} has one") from None
