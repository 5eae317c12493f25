"""
What programs do with all keys that begin alike.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

from twisted.internet.defer import Deferred

from replkv.client import replies
from replkv.client.arguments import KeyLike, checkedBeginning, checkedLimit, failing
from replkv.commands import results
from replkv.commands.command import Command
from replkv.commands.count import Count
from replkv.commands.deleteprefix import DeletePrefix
from replkv.commands.results import KeyInfo, Result
from replkv.commands.scan import MAX_LIMIT, Scan


class Page(NamedTuple):
    """
    Some of the keys that begin alike, as they were at one instant.

    @ivar keys: in the order of their bytes: each with its version, and the number of bytes of its value.
    @ivar after: where there may be more, they come after this key; C{None} where there are none.
    """

    keys: tuple[KeyInfo, ...]
    after: bytes | None


class RangeCalls:
    """
    The calls about keys that begin alike. A prefix is bytes or text; an empty one is that of all keys.
    """

    def _call(self, command: Command, timeout: float | None) -> Deferred[Result]:
        raise NotImplementedError

    @failing
    def scan(
        self, prefix: KeyLike, limit: int = MAX_LIMIT, after: KeyLike = b"", *, timeout: float | None = None
    ) -> Deferred[Page]:
        """
        Ask for a page of keys.

        @param limit: how many are wanted, from 1 to 1,000; where many have expired, there may be fewer on the page
            though there are more.
        @param after: those after this key; empty for the first ones.
        """
        command = Scan(checkedBeginning(prefix), checkedLimit(limit, MAX_LIMIT), checkedBeginning(after))
        return self._call(command, timeout).addCallback(_page)

    async def keys(self, prefix: KeyLike = b"") -> AsyncIterator[KeyInfo]:
        """
        All keys, in the order of their bytes. They are asked for in pages, each of which is of one moment: what is
        written meanwhile shows where its page is yet to come.
        """
        after: bytes | None = b""
        while after is not None:
            page, after = await self.scan(prefix, after=after)
            for key in page:
                yield key

    @failing
    def count(self, prefix: KeyLike = b"", *, timeout: float | None = None) -> Deferred[int]:
        """
        Count the keys. Up to 10,000 are counted as they are at one instant, and then the next ones.

        @param timeout: the seconds that each step may take.
        """
        return Deferred.fromCoroutine(self._count(checkedBeginning(prefix), timeout))

    @failing
    def deletePrefix(self, prefix: KeyLike, *, timeout: float | None = None) -> Deferred[int]:
        """
        Delete the keys that are there, some of them at an instant and then the next ones. What others write meanwhile
        stays.

        @param timeout: the seconds that each step may take.
        @return: how many there were. Where it fails, some are deleted; it may be called again.
        """
        return Deferred.fromCoroutine(self._deletePrefix(checkedBeginning(prefix), timeout))

    async def _count(self, prefix: bytes, seconds: float | None) -> int:
        total = 0
        after: bytes | None = b""
        while after is not None:
            reply = await self._call(Count(prefix, after), seconds)
            if not isinstance(reply, results.Total):
                raise replies.notRead(reply)
            total += reply.count
            after = reply.after
        return total

    async def _deletePrefix(self, prefix: bytes, seconds: float | None) -> int:
        total = below = 0
        after: bytes | None = b""
        while after is not None:
            reply = await self._call(DeletePrefix(prefix, below, after), seconds)
            if not isinstance(reply, results.Removed):
                raise replies.notWritten(reply)
            total += reply.count
            below, after = reply.below, reply.after
        return total


def _page(reply: Result) -> Page:
    if isinstance(reply, results.Keys):
        return Page(reply.keys, reply.after)
    raise replies.notRead(reply)
