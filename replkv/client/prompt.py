"""
The prompt: a person's conversation with the cluster.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from typing import Protocol

from replkv.client.connections import Address
from replkv.client.words import DONE, MISTAKE, UNAVAILABLE, UNKNOWN, Answer


class Cluster(Protocol):
    """
    What the prompt talks to. Its methods wait until there is an answer.
    """

    def ask(self, words: list[bytes]) -> Answer:
        """
        Have a command carried out.
        """

    def leader(self) -> Address:
        """
        The server that answered last.
        """


class Prompt:
    """
    Reads a command, has it carried out, tells what came of it, and says so when another server answers than before.

    Beside its own words it takes C{set} and C{cas} as the protocol has them, with the value in the lines that follow.
    """

    PROMPT = "replkv> "
    VALUE_PROMPT = "value> "

    def __init__(self, cluster: Cluster, read: Callable[[str], str], write: Callable[[str], None]) -> None:
        """
        @param read: shows the prompt that it is given and reads a line; raises C{EOFError} when there are no more.
        @param write: shows a line.
        """
        self._cluster = cluster
        self._read = read
        self._write = write

    def run(self) -> int:
        """
        Converse until the person has had enough.

        @return: the status of the last command.
        """
        status = DONE
        while True:
            try:
                words = shlex.split(self._read(self.PROMPT))
                if _isProtocol(words):
                    words = self._withValue(words)
            except EOFError:
                return status
            except KeyboardInterrupt:
                self._write("")
                continue
            except ValueError as error:
                self._write(f"{error}".lower())
                status = MISTAKE
                continue
            if words and words[0] in ("quit", "exit"):
                return status
            if words:
                status = self._carryOut([os.fsencode(word) for word in words])

    def _withValue(self, words: list[str]) -> list[str]:
        """
        Read the value of a C{set} or C{cas} of the protocol's, and put the words in this prompt's order.

        @raise ValueError: if the value is longer than was said.
        """
        name, key, exptime, *version, size = words
        value = self._read(self.VALUE_PROMPT)
        while len(os.fsencode(value)) < int(size):
            value += "\n" + self._read(self.VALUE_PROMPT)
        if len(os.fsencode(value)) > int(size):
            raise ValueError(f"the value has {len(os.fsencode(value))} bytes and not {size}: nothing was done")
        return [name, key, *version, value, exptime]

    def _carryOut(self, words: list[bytes]) -> int:
        before = self._cluster.leader()
        try:
            answer = self._cluster.ask(words)
        except KeyboardInterrupt:
            self._write("interrupted: a write may or may not have been done")
            return UNKNOWN
        after = self._cluster.leader()
        if after != before and answer.status not in (MISTAKE, UNAVAILABLE, UNKNOWN):
            self._write(f"(now talking to {after}, which leads)")
        self._write(answer.text)
        return answer.status


def _isProtocol(words: list[str]) -> bool:
    """
    Whether this is C{set <key> <exptime> <numbytes>} or C{cas <key> <exptime> <version> <numbytes>}.
    """
    lengths = {"set": 4, "cas": 5}
    return bool(words) and len(words) == lengths.get(words[0]) and all(word.isdecimal() for word in words[2:])
