"""
Rights that users get and lose.
"""

from __future__ import annotations

from typing import ClassVar

from twisted.python.usage import UsageError

from replkv.cli.calling import Connect
from replkv.cli.statuses import DONE
from replkv.cli.streams import say
from replkv.cli.user.effects import areHeeded, tellOn
from replkv.cli.user.names import TIMEOUT, NameCommand
from replkv.cli.user.prefixes import PREFIX_HELP, prefixOf
from replkv.client.client import Client
from replkv.users.rights import EVERYTHING, Grant, Right


class _RightCommand(NameCommand):
    """
    A command about one right of a user.
    """

    synopsis = "NAME read|write|admin [PREFIX]"
    optParameters: ClassVar = [TIMEOUT]

    def parseArgs(self, *words: str) -> None:
        """
        Take the name, the right and the prefix.
        """
        if words == ("help",) or not 2 <= len(words) <= 3:
            super().parseArgs(*(words if words == ("help",) else words[:1]), *words[3:])
            raise UsageError("say which right: read, write or admin")
        super().parseArgs(words[0])
        try:
            right = Right(words[1])
        except ValueError:
            raise UsageError(f"a right is read, write or admin, not {words[1]!r:.50}") from None
        self["grant"] = Grant(right, prefixOf(words[2]) if len(words) > 2 else b"")


class UserGrantCommand(_RightCommand):
    """
    C{replkv user grant}.
    """

    longdesc = (
        "Gives a user a right: to read keys, to write them, or admin, which is both and to give others these rights; "
        f"over the keys that begin with PREFIX, or over all. Who is admin over all may do everything. {PREFIX_HELP}"
    )

    def talk(self, connect: Connect) -> int:
        """
        Give it.
        """
        name, grant = self["path"], self["grant"]

        async def main(client: Client) -> bool | None:
            wasHeeded = await areHeeded(client)
            await client.grant(name, *grant)
            return wasHeeded

        wasHeeded = self.ask(connect, main)
        say(f"{name} has the right to {grant}")
        if grant == EVERYTHING and wasHeeded is False:
            tellOn(name)
        return DONE


class UserRevokeCommand(_RightCommand):
    """
    C{replkv user revoke}.
    """

    longdesc = (
        "Takes a right away again, as it was given; replkv user list shows what there is. It counts from then on, "
        f"for who has logged in before too. {PREFIX_HELP}"
    )

    def talk(self, connect: Connect) -> int:
        """
        Take it away.
        """
        name, grant = self["path"], self["grant"]

        async def main(client: Client) -> None:
            await client.revoke(name, *grant)

        self.ask(connect, main)
        say(f"{name} has no right to {grant}")
        return DONE
