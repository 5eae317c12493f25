"""
The prompt: a conversation with the cluster, line by line.
"""

from __future__ import annotations

from typing import Protocol

from replkv.cli.grammar import GrammarError, Word, words
from replkv.cli.lines import Lines
from replkv.cli.statuses import DONE, MISTAKE, UNAVAILABLE, UNKNOWN
from replkv.cli.verbs.verb import Answer
from replkv.cli.words import valuePlace
from replkv.client.address import Address


class Cluster(Protocol):
    """
    What the prompt talks to. Its methods wait until there is an answer.
    """

    def ask(self, words: list[bytes]) -> Answer:
        """
        Have a command carried out. To interrupt it is to wait no longer.
        """

    def leader(self) -> Address:
        """
        The server that answered last.
        """


class Output(Protocol):
    """
    Where the prompt writes to.

    @ivar personal: whether a person is there, who interrupts commands rather than the conversation.
    """

    personal: bool

    def answer(self, answer: Answer, number: int) -> None:
        """
        Write what came of a command.

        @param number: that of its line, the first being 1.
        """

    def remark(self, line: str) -> None:
        """
        Tell a person what else there is to know.
        """


class Prompt:
    """
    Reads a command, has it carried out before it reads the next, and tells what came of it.
    """

    def __init__(self, cluster: Cluster, lines: Lines, output: Output) -> None:
        self._cluster = cluster
        self._lines = lines
        self._output = output
        self._number = 0

    def run(self) -> int:
        """
        Converse until there is no more to be said.

        @return: the highest status that a line had.
        """
        worst = DONE
        while True:
            self._number += 1
            try:
                line = self._lines.read()
                command = None if line is None else _command(line)
                if command is None or command in ([b"quit"], [b"exit"]):
                    return worst
                if not command:
                    continue
                status = self._carryOut(command)
                worst = max(worst, status)
                if status == UNAVAILABLE and not self._output.personal:
                    return worst
            except GrammarError as error:
                worst = max(worst, self._answered(Answer(MISTAKE, b"", str(error))))
            except KeyboardInterrupt:
                if not self._output.personal:
                    raise
                self._output.remark("")

    def _carryOut(self, command: list[bytes]) -> int:
        before = self._cluster.leader()
        try:
            answer = self._cluster.ask(command)
        except KeyboardInterrupt:
            # After the ^C that the terminal shows.
            self._output.remark("")
            status = self._answered(Answer(UNKNOWN, b"", "interrupted: a write may or may not have been done"))
            if not self._output.personal:
                raise
            return status
        after = self._cluster.leader()
        if after != before and answer.status not in (MISTAKE, UNAVAILABLE, UNKNOWN):
            self._output.remark(f"(now talking to {after}, which leads)")
        if answer.status == UNAVAILABLE and not self._output.personal:
            # Each line would wait as long as this one, and there may be very many.
            answer = answer._replace(text=f"{answer.text}; the lines after this one are not carried out")
        return self._answered(answer)

    def _answered(self, answer: Answer) -> int:
        self._output.answer(answer, self._number)
        return answer.status


def _command(line: bytes) -> list[bytes]:
    """
    The words of a command.

    @raise GrammarError: if they are none.
    """
    found = words(line)
    command = [word.value for word in found]
    place = valuePlace(command)
    if place is not None and found[place] == Word(b"-", quoted=False):
        raise GrammarError("- is the standard input, from which the commands come: put it between quotes")
    return command
