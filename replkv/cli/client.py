"""
C{replkv client}: a conversation with the cluster.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import ClassVar

from replkv import __version__
from replkv.cli.calling import CallingCommand, Connect
from replkv.cli.command import Signalled, reactorInThread, runReactor
from replkv.cli.history import History, historyFile
from replkv.cli.lines import PipedLines, TerminalLines
from replkv.cli.prompt import Prompt
from replkv.cli.statuses import DONE, STATUS_HELP
from replkv.cli.streams import say, tell
from replkv.cli.terminal import (
    BlockingCluster,
    PipedOutput,
    TerminalOutput,
    commandWords,
    patiently,
    showAnswer,
)
from replkv.cli.words import helpLines, isOpen


class ClientCommand(CallingCommand):
    """
    C{replkv client}.
    """

    synopsis = f"{CallingCommand.synopsis} [COMMAND]"
    optParameters: ClassVar = [["timeout", "t", "10", "For how many seconds a command is tried."]]

    def getUsage(self, width: int | None = None) -> str:
        """
        See L{twisted.python.usage.Options.getUsage}. Unlike C{longdesc}, what is added here keeps its lines.
        """
        return "\n".join(
            [
                super().getUsage(width).rstrip(),
                "Without a command: a prompt, or the lines of the standard input. It finds the leader, also when",
                "another one is elected. Commands:",
                *("    " + line if line else "" for line in helpLines()),
                "As an argument, a word has the quotes of the shell, and a VALUE of - is read from the standard input.",
                "A terminal is shown what a person wants to read. A file or a pipe gets what a program does: a value",
                "to the byte, a version. The lines of the standard input are carried out one after the other, also",
                "after one that failed, but not after one that no server could carry out; the highest of their exit",
                "statuses is that of the whole. What is typed at a terminal is kept in ~/.local/state/replkv/history,",
                "but for lines that begin with a space.",
                *STATUS_HELP,
            ]
        )

    def parseArgs(self, *words: str) -> None:
        """
        Take the words of a single command.
        """
        self["words"] = words
        # Nobody is asked for a token that is of no use.
        self.logsIn = not words or not isOpen(os.fsencode(words[0]))

    def talk(self, connect: Connect) -> int:
        """
        Carry out the command, or converse.
        """
        return self._once(connect, self["words"]) if self["words"] else self._converse(connect)

    def _once(self, connect: Connect, arguments: Sequence[str]) -> int:
        words = commandWords(arguments)
        try:
            answer = runReactor(lambda reactor: patiently(reactor, connect(reactor), words))
        except Signalled:
            tell("interrupted: a write may or may not have been done")
            raise
        showAnswer(answer)
        return answer.status

    def _converse(self, connect: Connect) -> int:
        personal = sys.stdin.isatty() and sys.stdout.isatty()
        reactor = reactorInThread()
        cluster = BlockingCluster(reactor, connect(reactor))
        if not personal:
            return Prompt(cluster, PipedLines(sys.stdin.isatty()), PipedOutput()).run()
        say(f"replkv {__version__}: type help for the commands, Ctrl-D to leave")
        Prompt(cluster, TerminalLines(History(historyFile())), TerminalOutput()).run()
        # The person has been told what went wrong.
        return DONE
