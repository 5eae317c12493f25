"""
Changes of users, and what they mean for everybody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from twisted.internet.defer import gatherResults

from replkv.cli.login import TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, USER_VARIABLE
from replkv.cli.streams import remark
from replkv.client.client import Client
from replkv.client.errors import ClientError
from replkv.users.rights import Grant
from replkv.users.secret import Secret

NOT_HEEDED: Final = "no user may do everything, so rights are not heeded: everybody may do everything"
"""
What is to be known where that is so.
"""


class Added(NamedTuple):
    """
    A user is there.

    @ivar wasHeeded: whether rights were heeded before; C{None} where no leader could be asked.
    @ivar missing: the right that could not be given; C{None} if all were.
    @ivar error: why not.
    """

    wasHeeded: bool | None
    missing: Grant | None = None
    error: ClientError | None = None


async def addUser(client: Client, name: str, secret: Secret, grants: Sequence[Grant]) -> Added:
    """
    Add a user with rights.

    @raise ClientError: if it is not there, or may not be.
    """
    await client.addUser(name, secret)
    wasHeeded = await areHeeded(client)
    for grant in grants:
        try:
            await client.grant(name, *grant)
        except ClientError as error:
            return Added(wasHeeded, grant, error)
    return Added(wasHeeded)


async def areHeeded(client: Client) -> bool | None:
    """
    Whether it matters to the servers who asks; C{None} if none of them leads.
    """
    asked = [client.stats(*server).addErrback(_none) for server in client.servers]
    for stats in await gatherResults(asked):
        if stats.get("role") == "leader":
            return stats.get("auth") == "on"
    return None


def _none(failure: object) -> dict[str, str]:
    return {}


def tellOn(name: str) -> None:
    """
    Tell what it means that there is a first admin.
    """
    for line in (
        "Authentication is on from now on: servers do only what a user asks for who may. Programs have to log in.",
        f"To go on: export {USER_VARIABLE}={name}, and {TOKEN_VARIABLE} with the token, or {TOKEN_FILE_VARIABLE} with",
        "the name of a file that has it, and that only you can read.",
    ):
        remark(line)
