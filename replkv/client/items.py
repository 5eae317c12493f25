"""
What programs do with all that a key may hold: flags, and a lifetime to the millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred

from replkv.client import replies
from replkv.client.arguments import (
    BytesLike,
    KeyLike,
    checkedCondition,
    checkedFlags,
    checkedKey,
    checkedKeys,
    checkedLifetime,
    checkedValue,
    failing,
)
from replkv.client.replies import Item
from replkv.commands import results
from replkv.commands.command import Command
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.gets import Gets
from replkv.commands.put import Put
from replkv.commands.results import Result

if TYPE_CHECKING:
    from replkv.client.arguments import ConditionLike, LifetimeLike


class ItemCalls:
    """
    The calls about items: what keys hold, with all that belongs to it.

    A lifetime is a number of seconds, to the millisecond; 0 is for ever; C{"keep"} leaves it to the key when it
    expires.
    """

    def _call(self, command: Command, timeout: float | None) -> Deferred[Result]:
        raise NotImplementedError

    @failing
    def put(
        self,
        key: KeyLike,
        value: BytesLike,
        flags: int = 0,
        lifetime: LifetimeLike = 0,
        condition: ConditionLike = "any",
        *,
        timeout: float | None = None,
    ) -> Deferred[int]:
        """
        Store a value with all that may be said.

        @param flags: a number of 32 bits that is the program's, and kept with the value.
        @param condition: what the key has to be like: C{"any"}, C{"absent"}, C{"present"}, or its version.
        @return: the key's new version; fails with L{AlreadyExists}, L{NotFound} or L{VersionMismatch}.
        """
        command = Put(
            checkedKey(key),
            checkedFlags(flags),
            checkedLifetime(lifetime),
            checkedCondition(condition),
            checkedValue(value),
            False,
        )
        return self._call(command, timeout).addCallback(replies.version)

    @failing
    def gets(self, keys: Iterable[KeyLike], *, timeout: float | None = None) -> Deferred[dict[KeyLike, Item]]:
        """
        Ask for several keys at once; what they hold is of one instant.

        @param keys: 1 to 128 of them, which fit into a command's line of 1,024 bytes; what they hold has at most 8 MiB
            in all.
        @return: what each key holds that is there, by the key as it was given, or as bytes if that was a buffer.
        """
        given = checkedKeys(keys)
        return self._call(Gets(tuple(given)), timeout).addCallback(replies.items, given)

    @failing
    def expire(self, key: KeyLike, lifetime: LifetimeLike, *, timeout: float | None = None) -> Deferred[bool]:
        """
        Give a key another lifetime, from now. Its version is another one then.

        @return: whether there was such a key.
        """
        command = Expire(checkedKey(key), checkedLifetime(lifetime))
        return self._call(command, timeout).addCallback(replies.wasThere, results.Touched)

    @failing
    def gat(self, key: KeyLike, lifetime: LifetimeLike, *, timeout: float | None = None) -> Deferred[Item | None]:
        """
        The same, and get what it holds.

        @return: C{None} if there is no such key.
        """
        return self._call(Gat(checkedKey(key), checkedLifetime(lifetime)), timeout).addCallback(replies.item)
