"""
The users, as they are shown.
"""

from __future__ import annotations

import json
from typing import ClassVar

from replkv.cli.calling import CallingCommand, Connect
from replkv.cli.command import runReactor
from replkv.cli.statuses import DONE
from replkv.cli.streams import remark, say
from replkv.cli.user.effects import NOT_HEEDED
from replkv.cli.user.names import TIMEOUT
from replkv.client.administration import UserRights
from replkv.client.client import Client
from replkv.users.rights import EVERYTHING


class UserListCommand(CallingCommand):
    """
    C{replkv user list}.
    """

    synopsis = "[--json]"
    longdesc = "Shows the users and their rights, a line for each."
    optParameters: ClassVar = [TIMEOUT]
    optFlags: ClassVar = [["json", "j", "Lines of JSON."]]

    def talk(self, connect: Connect) -> int:
        """
        Show them.
        """

        async def main(client: Client) -> list[UserRights]:
            return [user async for user in client.users()]

        users = runReactor(lambda reactor: main(connect(reactor)))
        width = max([len(user.name) for user in users], default=0)
        for user in users:
            say(_asJson(user) if self["json"] else f"{user.name:{width}}  {', '.join(map(str, user.grants))}".rstrip())
        if not any(EVERYTHING in user.grants for user in users):
            remark(NOT_HEEDED)
        return DONE


def _asJson(user: UserRights) -> str:
    rights = [{"right": grant.right.value, "prefix": grant.prefix.decode("ascii")} for grant in user.grants]
    return json.dumps({"user": user.name, "rights": rights})
