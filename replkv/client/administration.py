"""
What administrators do: users, and their rights.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred

from replkv.client import replies
from replkv.client.arguments import BytesLike, checkedPrefix, checkedUser, failing
from replkv.client.errors import Unavailable
from replkv.commands import results
from replkv.commands.command import Command
from replkv.commands.grant import GrantRight
from replkv.commands.passwd import Passwd
from replkv.commands.results import Result
from replkv.commands.revoke import RevokeRight
from replkv.commands.useradd import UserAdd
from replkv.commands.userdel import UserDel
from replkv.commands.users import Users
from replkv.users.rights import Grant, Right
from replkv.users.secret import Secret
from replkv.users.user import grantsFromJson

_FROM_THE_FIRST: Final = b"-"


class UserRights(NamedTuple):
    """
    A user, and what that one may do.

    @ivar grants: each a right over the keys that begin with its prefix, in the order in which they were given.
    """

    name: str
    grants: tuple[Grant, ...]


class Administration:
    """
    The calls about users. A token is not told to the servers: they keep its scrypt, which
    L{makeSecret<replkv.users.secret.makeSecret>} makes. That takes some hundredths of a second, and so is done in a
    thread where the reactor is not to wait for it.

    Each fails with L{NotAllowed<replkv.client.errors.NotAllowed>} for whoever may not do that. All may be made again
    where their outcome is not known: it comes to the same.
    """

    def _call(self, command: Command, timeout: float | None) -> Deferred[Result]:
        raise NotImplementedError

    async def users(self) -> AsyncIterator[UserRights]:
        """
        All users, in the order of their names. They are asked for in pages, each of which is of one moment.
        """
        after = _FROM_THE_FIRST
        while page := _users(await self._call(Users(after), None), after):
            for user in page:
                yield user
            after = checkedUser(page[-1].name)

    @failing
    def addUser(self, name: str, secret: Secret, *, timeout: float | None = None) -> Deferred[None]:
        """
        Add a user, who has no rights yet.

        @param secret: what is kept of the token.
        @return: fails with L{Refused<replkv.client.errors.Refused>} if there is one of that name, with another secret.
        """
        return self._call(UserAdd(checkedUser(name), secret), timeout).addCallback(replies.done, name)

    @failing
    def deleteUser(self, name: str, *, timeout: float | None = None) -> Deferred[bool]:
        """
        Delete a user.

        @return: whether there was such a user; fails with L{Refused<replkv.client.errors.Refused>} if nobody would be
            left who may do everything, but others would.
        """
        return self._call(UserDel(checkedUser(name)), timeout).addCallback(replies.wasThere, results.Deleted)

    @failing
    def setSecret(self, name: str, secret: Secret, *, timeout: float | None = None) -> Deferred[None]:
        """
        Give a user another token. Who has logged in by the one before may do nothing more; so it is with this client
        too, if it is that user's.

        @param secret: what is kept of the token.
        @return: fails with L{NotFound<replkv.client.errors.NotFound>} if there is no such user.
        """
        return self._call(Passwd(checkedUser(name), secret), timeout).addCallback(replies.done, name)

    @failing
    def grant(self, name: str, right: Right, prefix: BytesLike, *, timeout: float | None = None) -> Deferred[None]:
        """
        Give a user a right.

        @param prefix: over the keys that begin so; all do if it is empty.
        @return: fails with L{NotFound<replkv.client.errors.NotFound>} if there is no such user, and with
            L{Refused<replkv.client.errors.Refused>} if that one has too many rights.
        """
        command = GrantRight(checkedUser(name), Right(right), checkedPrefix(prefix))
        return self._call(command, timeout).addCallback(replies.done, name)

    @failing
    def revoke(self, name: str, right: Right, prefix: BytesLike, *, timeout: float | None = None) -> Deferred[None]:
        """
        Take a right from a user, which counts from then on.

        @return: fails with L{NotFound<replkv.client.errors.NotFound>} if there is no such user, and with
            L{Refused<replkv.client.errors.Refused>} if that one has it by another right too, or if nobody would be left
            who may do everything.
        """
        command = RevokeRight(checkedUser(name), Right(right), checkedPrefix(prefix))
        return self._call(command, timeout).addCallback(replies.done, name)


def _users(reply: Result, after: bytes) -> Sequence[UserRights]:
    """
    Read a page: the users after a name.
    """
    if isinstance(reply, results.Found):
        try:
            users = [_user(json.loads(line)) for line in reply.value.splitlines()]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Unavailable("what a server tells are no users") from None
        if users and users[0].name <= after.decode("ascii"):
            raise Unavailable("a server tells of the same users again")
        return users
    raise replies.refusal(reply) or Unavailable("a server does not tell its users")


def _user(told: Any) -> UserRights:
    return UserRights(checkedUser(told["user"]).decode("ascii"), grantsFromJson(told["grants"]))
