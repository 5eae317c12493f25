"""
Tokens, as they are read, asked for and made. None is ever an argument, which whoever lists processes could read.
"""

from __future__ import annotations

import os
import secrets
import stat
from getpass import getpass
from typing import Final

from replkv.cli.streams import readLine, tell
from replkv.client.arguments import checkedToken
from replkv.client.errors import CommandError
from replkv.config import ConfigError

_TOKEN_BYTES: Final = 24
_MAX_LINE: Final = 4096


class NoToken(ConfigError):
    """
    Nobody could be asked for a token, or gave one.
    """


def makeToken() -> str:
    """
    Make one that nobody can guess.
    """
    return secrets.token_urlsafe(_TOKEN_BYTES)


def readToken(path: str) -> str:
    """
    Read one: the first line of a file. The user is warned where others can read it too.

    @param path: the file; C{-} is the standard input.
    @raise ConfigError: if there is no token in it, or if it cannot be read.
    @raise replkv.cli.streams.StreamError: if the standard input cannot be.
    """
    if path == "-":
        return checked(readLine(_MAX_LINE), "the standard input")
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            line = file.readline(_MAX_LINE)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        tell(f"{path}: others can read the token in it: chmod 600 it")
    return checked(line, path)


def askToken(whose: str, twice: bool = False) -> str:
    """
    Ask the person at the terminal, who does not see it. It is asked for there, whatever the standard input is.

    @param twice: whether to ask again, since nobody has seen it.
    @raise NoToken: if there is no terminal, or no token is given.
    @raise ConfigError: if what is given is none.
    """
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        raise NoToken(f"there is no terminal at which to ask for the token of {whose}") from None
    try:
        token = getpass(f"Token of {whose}: ")
        if twice and getpass("Once more: ") != token:
            raise ConfigError("these were two different tokens: nothing was done")
    except EOFError:
        raise NoToken("no token was given") from None
    return checked(os.fsencode(token), "the terminal")


def checked(line: bytes, origin: str) -> str:
    """
    Take a token out of a line.

    @param origin: where it comes from.
    @raise ConfigError: if it is none.
    """
    try:
        return checkedToken(line.removesuffix(b"\n").removesuffix(b"\r")).decode("ascii")
    except CommandError as error:
        raise ConfigError(f"{origin}: {error}") from None
