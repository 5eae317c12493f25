"""
The client at a terminal or in a script: the standard streams, and threads where the prompt needs them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorTime
from twisted.python.failure import Failure

from replkv.cli.statuses import DONE
from replkv.cli.streams import read, remark, say, tell, write
from replkv.cli.verbs.verb import Answer
from replkv.cli.words import carryOut, valuePlace
from replkv.client.address import Address
from replkv.client.client import Client
from replkv.wire.replyparser import MAX_VALUE

PATIENCE: Final = 1.0
"""
After so many seconds without an answer, a person is told.
"""


def commandWords(arguments: Sequence[str]) -> list[bytes]:
    """
    The words of a single command, with the standard input in the place of a value that is C{-}.

    @raise replkv.cli.streams.StreamError: if it cannot be read.
    """
    words = [os.fsencode(argument) for argument in arguments]
    place = valuePlace(words)
    if place is not None and words[place] == b"-":
        words[place] = read(MAX_VALUE + 1)
    return words


def showAnswer(answer: Answer) -> None:
    """
    Write what came of a single command: to a terminal in words, elsewhere to the byte; to the standard error what went
    wrong.

    @raise replkv.cli.streams.StreamError: if it cannot be written.
    """
    if answer.status != DONE:
        tell(answer.text)
    elif sys.stdout.isatty():
        say(answer.text)
    else:
        write(answer.output if answer.exact or not answer.output else answer.output + b"\n")


class TerminalOutput:
    """
    The prompt's output for a person.
    """

    personal = True

    def answer(self, answer: Answer, number: int) -> None:
        """
        See L{replkv.cli.prompt.Output.answer}.
        """
        if answer.status == DONE:
            say(answer.text)
        else:
            self.remark(answer.text)

    def remark(self, line: str) -> None:
        """
        See L{replkv.cli.prompt.Output.remark}.
        """
        remark(line)


class PipedOutput:
    """
    The prompt's output for a script: as that of single commands, but that a line end follows a value too.
    """

    personal = False

    def answer(self, answer: Answer, number: int) -> None:
        """
        See L{replkv.cli.prompt.Output.answer}.
        """
        if answer.status != DONE:
            tell(f"line {number}: {answer.text}")
        elif answer.exact or answer.output:
            write(answer.output + b"\n")

    def remark(self, line: str) -> None:
        """
        See L{replkv.cli.prompt.Output.remark}.
        """


async def patiently(reactor: IReactorTime, client: Client, words: Sequence[bytes]) -> Answer:
    """
    Carry out a command, and tell a person who waits for it why nothing happens.
    """
    late = reactor.callLater(PATIENCE, tell, "no answer yet, still trying") if sys.stderr.isatty() else None
    try:
        return await carryOut(client, words)
    finally:
        if late is not None and late.active():
            late.cancel()


class BlockingCluster:
    """
    The cluster, for a thread that is not the reactor's.
    """

    def __init__(self, reactor: IReactorFromThreads, client: Client) -> None:
        """
        @param reactor: the reactor, which runs in another thread.
        """
        self._reactor = reactor
        self._client = client

    def ask(self, words: list[bytes]) -> Answer:
        """
        See L{replkv.cli.prompt.Cluster.ask}.
        """
        # Not blockingCallFromThread: a command that was interrupted has to be cancelled.
        answers: SimpleQueue[Answer | Failure] = SimpleQueue()
        begun: list[Deferred[Answer]] = []

        def begin() -> None:
            begun.append(Deferred.fromCoroutine(patiently(IReactorTime(self._reactor), self._client, words)))
            begun[0].addBoth(answers.put)

        def cancel() -> None:
            begun[0].cancel()

        self._reactor.callFromThread(begin)
        try:
            answer = answers.get()
        except KeyboardInterrupt:
            self._reactor.callFromThread(cancel)
            raise
        if isinstance(answer, Failure):
            answer.raiseException()
        return answer

    def leader(self) -> Address:
        """
        See L{replkv.cli.prompt.Cluster.leader}.
        """
        return self._client.leader
