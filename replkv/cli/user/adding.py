"""
Users who come, get another token, and go.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.usage import UsageError

from replkv.cli.calling import Connect
from replkv.cli.failures import failed
from replkv.cli.statuses import DONE, NOT_FOUND
from replkv.cli.streams import remark, say, tell
from replkv.cli.tokens import askToken, makeToken, readToken
from replkv.cli.user.effects import NOT_HEEDED, Added, addUser, areHeeded, tellOn
from replkv.cli.user.names import TIMEOUT, NameCommand
from replkv.cli.user.prefixes import PREFIX_HELP, prefixOf
from replkv.client.client import Client
from replkv.client.errors import ClientError, OutcomeUnknown
from replkv.config import ConfigError
from replkv.users.rights import EVERYTHING, Grant, Right
from replkv.users.secret import SALT_BYTES, Secret, makeSecret

_T = TypeVar("_T")

_TOKEN_PARAMETERS: Final[list[list[str | None]]] = [
    ["new-token-file", None, None, "Take the user's token from this file's first line; - is the standard input."],
    TIMEOUT,
]
_TOKEN_FLAGS: Final = [["ask", None, "Ask at the terminal which token the user is to have."]]
_TOKEN_HELP: Final = (
    "A token that nobody can guess is made, and written to the standard output, a line of its own, this once: the "
    "servers keep no more than its scrypt. It is written before anything is done, so that none is lost which counts; "
    "the exit status tells whether it does. Where it cannot be written, nothing is done. A token of one's own is read "
    "from a file, or asked for; it is never an argument, which others could read."
)


class _TokenCommand(NameCommand):
    """
    A command that gives a user a token.
    """

    def postOptions(self) -> None:
        """
        See L{CallingCommand.postOptions<replkv.cli.calling.CallingCommand.postOptions>}.
        """
        super().postOptions()
        if self["ask"] and self["new-token-file"] is not None:
            raise UsageError("--ask and --new-token-file are two tokens")

    def give(self, connect: Connect, main: Callable[[Client, Secret], Coroutine[Deferred[Any], Any, _T]]) -> _T:
        """
        Have the cluster give the user a token.

        @param main: does it, with what is kept of the token.
        @return: what comes of it.
        """
        isMade = not self["ask"] and self["new-token-file"] is None
        if self["ask"]:
            token = askToken(self["path"], twice=True)
        else:
            token = makeToken() if isMade else readToken(self["new-token-file"])
        secret = makeSecret(token.encode("ascii"), secrets.token_bytes(SALT_BYTES))
        if isMade:
            remark(f"The token of {self['path']}, which is shown this once:")
            # Before it may count: whatever happens then, somebody has it.
            say(token)
        try:
            return self.ask(connect, lambda client: main(client, secret))
        except OutcomeUnknown:
            raise
        except (ClientError, ConfigError):
            if isMade:
                tell("the token above is of no use")
            raise


class UserAddCommand(_TokenCommand):
    """
    C{replkv user add}.
    """

    synopsis = "NAME [--admin] [--read PREFIX]... [--write PREFIX]... [--new-token-file FILE | --ask]"
    longdesc = (
        "Adds a user, with these rights. As long as there is no user who may do everything (--admin), everybody may; "
        f"the first one turns authentication on. {_TOKEN_HELP} {PREFIX_HELP}"
    )
    optParameters: ClassVar = _TOKEN_PARAMETERS
    optFlags: ClassVar = [["admin", None, "The user may do everything, and give others rights."], *_TOKEN_FLAGS]
    again = (
        "if it was done, the token is the new one, by which the first admin has to log in; replkv user list shows "
        "whether the user is there, and with which rights"
    )

    def __init__(self) -> None:
        super().__init__()
        self._grants: list[Grant] = []

    def opt_read(self, prefix: str) -> None:
        """
        The user may read the keys that begin so. May be given more than once.
        """
        self._grants.append(Grant(Right.READ, prefixOf(prefix)))

    def opt_write(self, prefix: str) -> None:
        """
        The user may write the keys that begin so. May be given more than once.
        """
        self._grants.append(Grant(Right.WRITE, prefixOf(prefix)))

    def talk(self, connect: Connect) -> int:
        """
        Add the user.
        """
        name = self["path"]
        # The last one, since from then on it matters who asks.
        grants = _needed([*self._grants, *([EVERYTHING] if self["admin"] else [])])
        added: Added = self.give(connect, lambda client, secret: addUser(client, name, secret, grants))
        if added.error is not None:
            status, text = failed(added.error)
            tell(f"the user {name} is added, but has no right to {added.missing}: {text}")
            return status
        if not grants:
            remark(f"{name} has no rights yet: replkv user grant {name} read|write|admin [PREFIX]")
        if added.wasHeeded is False:
            if EVERYTHING in grants:
                tellOn(name)
            else:
                remark(f"{NOT_HEEDED}, until there is one: replkv user add NAME --admin")
        return DONE


class UserPasswdCommand(_TokenCommand):
    """
    C{replkv user passwd}.
    """

    synopsis = "NAME [--new-token-file FILE | --ask]"
    longdesc = (
        "Gives a user another token. Who has logged in by the former one may do nothing more from then on. Users may "
        f"do it for themselves. {_TOKEN_HELP}"
    )
    optParameters: ClassVar = _TOKEN_PARAMETERS
    optFlags: ClassVar = _TOKEN_FLAGS
    again = "if it was done, the token is the new one, otherwise the former one; run again, it gives the user another"

    def talk(self, connect: Connect) -> int:
        """
        Give the user the token.
        """
        name = self["path"]

        async def main(client: Client, secret: Secret) -> None:
            await client.setSecret(name, secret)

        self.give(connect, main)
        return DONE


class UserDelCommand(NameCommand):
    """
    C{replkv user del}.
    """

    synopsis = "NAME"
    longdesc = (
        "Deletes a user, who may do nothing more from then on. The last one who may do everything goes last of all; "
        "then everybody may do everything again."
    )
    optParameters: ClassVar = [TIMEOUT]

    def talk(self, connect: Connect) -> int:
        """
        Delete the user.
        """
        name = self["path"]

        async def main(client: Client) -> tuple[bool, bool | None]:
            return await client.deleteUser(name), await areHeeded(client)

        wasThere, isHeeded = self.ask(connect, main)
        if not wasThere:
            tell(f"there is no user {name}")
            return NOT_FOUND
        say(f"{name} is deleted")
        if isHeeded is False:
            remark(NOT_HEEDED)
        return DONE


def _needed(grants: Sequence[Grant]) -> list[Grant]:
    """
    Those of some rights that no other one of them covers, each once: the servers refuse what a user may do already.
    """
    kept = list(dict.fromkeys(grants))
    return [grant for grant in kept if not any(other.covers(*grant) for other in kept if other != grant)]
