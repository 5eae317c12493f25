"""
What a line of the protocol asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from replkv.commands.command import Command, ReadCommand, ValueCommand
from replkv.commands.results import Counted, Result
from replkv.wire.lasting import Lasting
from replkv.wire.memcached.words import errorOf
from replkv.wire.settled import Settled


@dataclass(slots=True)
class Told(Settled):
    """
    A line to which the answer is known.

    @ivar reply: that; empty where the client wants none.
    """

    reply: bytes


class Ask(Lasting):
    """
    A line, or a step of what it asks for.

    @ivar command: what is to be done.
    @ivar isQuiet: whether the client wants no reply.
    @ivar holds: whether there may be more to do when that is done, so that the next line has to wait.
    @ivar _next: the next step, once it is known.
    """

    __slots__ = ("_next", "command", "holds", "isQuiet")

    def __init__(self, command: Command, isQuiet: bool = False, holds: bool = False) -> None:
        self.command = command
        self.isQuiet = isQuiet
        self.holds = holds
        self._next: Ask | None = None

    def fill(self, value: bytes) -> None:
        """
        Take the value block.
        """
        cast(ValueCommand, self.command).value = value

    def tell(self, result: Result) -> bytes:
        """
        Make the reply that tells what came of it.
        """
        told = self.reply(result)
        if self.isQuiet:
            return b""
        return errorOf(result, isinstance(self.command, ReadCommand)) if told is None else told

    def reply(self, result: Result) -> bytes | None:
        """
        The reply to one of the results that are expected; C{None} for another one.
        """
        raise NotImplementedError

    def next(self) -> Ask | None:
        """
        What is to be done when it is told what came of this.
        """
        return self._next


class Plain(Ask):
    """
    One whose results say no more than what they are.
    """

    __slots__ = ("_replies",)

    def __init__(self, command: Command, replies: Mapping[type[Result], bytes], isQuiet: bool) -> None:
        """
        @param replies: the lines that tell them.
        """
        super().__init__(command, isQuiet)
        self._replies = replies

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply}.
        """
        return self._replies.get(type(result))


class Count(Plain):
    """
    C{incr} or C{decr}.
    """

    __slots__ = ()

    def reply(self, result: Result) -> bytes | None:
        """
        See L{Ask.reply}.
        """
        return b"%d\r\n" % result.number if isinstance(result, Counted) else super().reply(result)
