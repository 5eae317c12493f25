"""
The client at a terminal or in a script: standard input and output, and threads where the prompt needs them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.internet.threads import blockingCallFromThread

from replkv.client.client import Client
from replkv.client.connections import Address
from replkv.client.replies import MAX_VALUE
from replkv.client.words import DONE, Answer, carryOut, valuePlace


def commandWords(arguments: Sequence[str]) -> list[bytes]:
    """
    The words of a single command, with the standard input in the place of a value that is C{-}.
    """
    words = [os.fsencode(argument) for argument in arguments]
    place = valuePlace(words[0])
    if place is not None and place < len(words) and words[place] == b"-":
        words[place] = sys.stdin.buffer.read(MAX_VALUE + 1)
    return words


async def once(client: Client, words: Sequence[bytes]) -> int:
    """
    Carry out one command: what came of it goes to the standard output, what went wrong to the standard error.

    @return: the exit status.
    """
    answer = await carryOut(client, words)
    if answer.status == DONE:
        sys.stdout.buffer.write(answer.output)
        sys.stdout.buffer.flush()
    else:
        print(f"replkv: {answer.text}", file=sys.stderr)
    return answer.status


class BlockingCluster:
    """
    The cluster, for a thread that is not the reactor's.
    """

    # After so many seconds without an answer, a person is told why nothing happens.
    PATIENCE = 1.0

    def __init__(self, reactor: IReactorFromThreads, client: Client, say: Callable[[str], None]) -> None:
        """
        @param reactor: the reactor, which runs in another thread.
        @param say: is told when an answer takes long; called in the reactor's thread.
        """
        self._reactor = reactor
        self._client = client
        self._say = say

    def ask(self, words: list[bytes]) -> Answer:
        """
        See L{replkv.client.prompt.Cluster.ask}.
        """
        asked: Callable[[], Any] = partial(Deferred.fromCoroutine, self._ask(words))
        answer: Answer = blockingCallFromThread(self._reactor, asked)
        return answer

    def leader(self) -> Address:
        """
        See L{replkv.client.prompt.Cluster.leader}.
        """
        return self._client.leader

    async def _ask(self, words: list[bytes]) -> Answer:
        late = IReactorTime(self._reactor).callLater(self.PATIENCE, self._say, "(no answer yet, still trying)")
        try:
            return await carryOut(self._client, words)
        finally:
            if late.active():
                late.cancel()
