"""
The C{replkv} command.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from threading import Thread
from typing import ClassVar, Final

from twisted.python.usage import UsageError

from replkv import __version__
from replkv.cli.backup import BackupCommand, RecoverCommand, RestoreCommand, VerifyCommand
from replkv.cli.cluster.reset import removeData
from replkv.cli.command import (
    AskingCommand,
    Command,
    CommonOptions,
    ServersCommand,
    Signalled,
    globalReactor,
    runReactor,
)
from replkv.cli.history import History, historyFile
from replkv.cli.inspect import InspectCommand
from replkv.cli.lines import PipedLines, TerminalLines
from replkv.cli.prompt import Prompt
from replkv.cli.status import askStatus
from replkv.cli.statuses import DONE, INTERNAL, MISTAKE, SIGNALLED, SYSTEM, UNAVAILABLE, statusLines
from replkv.cli.streams import StreamError, Unread, finish, remark, say, tell
from replkv.cli.terminal import (
    BlockingCluster,
    PipedOutput,
    TerminalOutput,
    commandWords,
    patiently,
    showAnswer,
)
from replkv.cli.transfer import TransferCommand
from replkv.cli.words import helpLines
from replkv.config import Config, ConfigError
from replkv.reactors import ISystemReactor

_STATUS_HELP: Final = ("Exit status:", *statusLines(), "")


class ClusterCommand(ServersCommand):
    """
    C{replkv cluster}.
    """

    synopsis = "[--config FILE]"
    longdesc = (
        "Starts all servers of the servers file on this machine, and stays in the foreground to tell what happens "
        "to them. A server that dies is started again. Ctrl-C stops all, and so does the end of the terminal. Where no "
        "servers file is found, these are three servers on localhost, with their data in the current folder's var."
    )

    def run(self, filename: str, config: Config) -> int:
        """
        Run all servers until they are told to stop.
        """
        # Imported here, since no other command needs it, and since it brings the reactor.
        from replkv.cli.cluster.run import Cluster
        from replkv.cli.cluster.terminal import TerminalWatch, standardTerminal

        _notice(config)

        async def main(reactor: ISystemReactor) -> int:
            cluster = Cluster(reactor, config, filename, _sayIfWatched)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                # With nohup, the end of the terminal is to be none of its concern.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    signal.signal(number, lambda *_: reactor.callFromThread(cluster.stop))
            terminal = standardTerminal()
            if terminal is not None and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
                TerminalWatch(reactor, terminal, cluster.stop).start()
            return await cluster.run()

        return runReactor(main)


class ClientCommand(AskingCommand):
    """
    C{replkv client}.
    """

    synopsis = f"{AskingCommand.synopsis} [COMMAND]"
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
                *_STATUS_HELP,
            ]
        )

    def parseArgs(self, *words: str) -> None:
        """
        Take the words of a single command.
        """
        self["words"] = words

    def run(self, filename: str, config: Config) -> int:
        """
        Carry out the command, or converse.
        """
        return self._once(config, self["words"]) if self["words"] else self._converse(config)

    def _once(self, config: Config, arguments: Sequence[str]) -> int:
        words = commandWords(arguments)
        try:
            answer = runReactor(lambda reactor: patiently(reactor, self.client(reactor, config), words))
        except Signalled:
            tell("interrupted: a write may or may not have been done")
            raise
        showAnswer(answer)
        return answer.status

    def _converse(self, config: Config) -> int:
        personal = sys.stdin.isatty() and sys.stdout.isatty()
        reactor = globalReactor()
        # Python hands Ctrl-C and typed lines to the main thread, so the reactor gets another one.
        Thread(target=reactor.run, kwargs={"installSignalHandlers": False}, daemon=True).start()
        cluster = BlockingCluster(reactor, self.client(reactor, config))
        if not personal:
            return Prompt(cluster, PipedLines(sys.stdin.isatty()), PipedOutput()).run()
        say(f"replkv {__version__}: type help for the commands, Ctrl-D to leave")
        Prompt(cluster, TerminalLines(History(historyFile())), TerminalOutput()).run()
        # The person has been told what went wrong.
        return DONE


class StatusCommand(AskingCommand):
    """
    C{replkv status}.
    """

    longdesc = (
        f"Shows a line for each server of the servers file. The exit status is {UNAVAILABLE} if none of them leads; "
        "replkv --help tells what others there are."
    )
    optParameters: ClassVar = [["timeout", "t", "1", "For how many seconds to wait for a server."]]

    def run(self, filename: str, config: Config) -> int:
        """
        Ask all servers how they are.
        """
        timeout = self.timeout
        status = runReactor(lambda reactor: askStatus(self.client(reactor, config), config, timeout))
        for line in status.lines:
            say(line)
        if status.led:
            return DONE
        tell("no server leads")
        return UNAVAILABLE


class CleanDataCommand(ServersCommand):
    """
    C{replkv clean-data}.
    """

    synopsis = "[--config FILE] [--yes]"
    longdesc = (
        "Removes all that the servers of the servers file have stored on this machine, for good, after it has asked. "
        "Refused while one of them runs."
    )
    optFlags: Final = [["yes", "y", "Do not ask."]]

    def run(self, filename: str, config: Config) -> int:
        """
        Remove the data.
        """
        _notice(config)
        removed = removeData(config, lambda lines: self["yes"] or _agree(config, lines))
        for path in removed:
            say(f"removed {path}")
        if not removed:
            say("nothing was removed")
        return DONE


class SimCommand(Command):
    """
    C{replkv sim}.
    """

    synopsis = "[--seeds FIRST:END] [OPTIONS]\n       replkv sim --seed N [OPTIONS]"
    longdesc = (
        "Simulates clusters: real servers on simulated time, network and disks, with faults, under the eyes of a "
        "judge. Each is drawn from its seed. A seed that fails is made smaller, the command that repeats it is shown, "
        "and what happens is written into files. The exit status is 2 if a seed failed, and 3 if something rare that "
        "has to happen never did."
    )
    optParameters: Final = [
        ["tier", "t", "cluster", "core, the consensus alone, over messages, or cluster, whole servers, over bytes."],
        ["seeds", None, None, "Run the seeds from FIRST to the one before END. [default: 0:100]"],
        ["jobs", "j", None, "With --seeds: in how many processes. [default: one on each core]"],
        ["out", "o", None, "With --seeds: the folder for stories and histories. [default: .]"],
        ["seed", "s", None, "Run one seed, and say what came of it."],
        ["faults", None, None, "With --seed: only these of its faults, as in 0,3,5, or none."],
        ["clients", None, None, "With --seed: only these of its clients."],
        ["history", None, None, "With --seed: a file for what the clients saw, as JSON lines."],
    ]
    optFlags: Final = [
        ["require-rare", None, "With --seeds: fail if something rare that has to happen never does."],
        ["verbose", "v", "With --seed: tell the story, as it happens."],
    ]

    def postOptions(self) -> None:
        """
        Refuse what makes no sense.
        """
        # Imported here, as below, since no other command needs what simulates.
        from replkv.testing.sim.numbers import naturalNumber, numberList, positiveNumber, seedRange
        from replkv.testing.tiers import TIERS

        if self["tier"] not in TIERS:
            raise UsageError(f"--tier must be {' or '.join(TIERS)}, not {self['tier']!r}")
        one = self["seed"] is not None
        for name in ("seeds", "jobs", "out", "require-rare") if one else ("faults", "clients", "history", "verbose"):
            if self[name]:
                raise UsageError(f"--{name} does not go with --seed" if one else f"--{name} needs --seed")
        self["tier"] = TIERS[self["tier"]]
        for name, read in [
            ("seed", naturalNumber),
            ("seeds", seedRange),
            ("jobs", positiveNumber),
            ("faults", numberList),
            ("clients", numberList),
        ]:
            if self[name] is not None:
                self[name] = read(name, self[name])

    def carryOut(self) -> int:
        """
        Simulate.
        """
        from replkv.testing.sim.case import Case
        from replkv.testing.sim.command import runMany, runOne

        if self["seed"] is not None:
            case = Case(self["tier"], self["seed"], self["faults"], self["clients"])
            return runOne(case, say, self["verbose"], self["history"])
        seeds = self["seeds"] or range(100)
        return runMany(self["tier"], seeds, say, self["jobs"], self["out"] or ".", self["require-rare"])


class HelpCommand(Command):
    """
    C{replkv help}.
    """

    synopsis = "[COMMAND]"
    longdesc = "Shows what there is, or more about a command, as --help does."

    def parseArgs(self, *words: str) -> None:
        """
        Take the name of a command.
        """
        super().parseArgs(*words[1:])
        self["command"] = words[:1]

    def carryOut(self) -> int:
        """
        Show the help.
        """
        return _run([*self["command"], "--help"])


class ReplkvOptions(CommonOptions):
    """
    The command line of C{replkv}.
    """

    subCommands: Final = [
        ["cluster", None, ClusterCommand, "Run all servers of a servers file on this machine."],
        ["client", None, ClientCommand, "Talk to the cluster: a prompt, or a single command."],
        ["status", None, StatusCommand, "Show how the servers are."],
        ["transfer", None, TransferCommand, "Have another server lead."],
        ["backup", None, BackupCommand, "Make a backup of a cluster that runs."],
        ["verify", None, VerifyCommand, "Verify a backup."],
        ["restore", None, RestoreCommand, "Make a fresh cluster of a backup."],
        ["recover", None, RecoverCommand, "Make a cluster of one of a folder that survived."],
        ["inspect", None, InspectCommand, "Look inside a server's data folder, and change nothing."],
        ["clean-data", None, CleanDataCommand, "Remove all that the servers have stored on this machine."],
        ["sim", None, SimCommand, "Simulate clusters, with faults, under the eyes of a judge."],
        ["help", None, HelpCommand, "Show this help, or that of a command."],
    ]

    def getSynopsis(self) -> str:
        """
        See L{twisted.python.usage.Options.getSynopsis}. The synopsis of a command begins with this one.
        """
        return "Usage: replkv" if self.subCommand else "Usage: replkv COMMAND [OPTIONS]"

    def getUsage(self, width: int | None = None) -> str:
        """
        See L{twisted.python.usage.Options.getUsage}. Unlike C{longdesc}, what is added here keeps its lines.
        """
        hint = "replkv COMMAND --help tells more about a command."
        return "\n".join([super().getUsage(width).rstrip(), hint, *_STATUS_HELP])


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    @param arguments: without the program's name; by default those of the process.
    @return: the exit status.
    """
    try:
        status = _run(sys.argv[1:] if arguments is None else arguments)
        finish()
    except StreamError as error:
        # As any other program in a pipe, it ends without a word when nobody reads on.
        if not isinstance(error, Unread):
            tell(str(error))
        return error.status
    except Signalled as error:
        return SIGNALLED + error.number
    except OSError as error:
        tell(str(error))
        return SYSTEM
    except Exception:
        # Not the user's mistake: whoever mends it needs to see where it was.
        remark(traceback.format_exc().rstrip())
        tell("this is an error in replkv itself")
        return INTERNAL
    return status


def _run(arguments: Sequence[str]) -> int:
    options = ReplkvOptions()
    try:
        options.parseOptions(list(arguments))
        if options.subCommand is None:
            raise UsageError("name a command")
    except SystemExit:
        # After --help and --version.
        return DONE
    except UsageError as error:
        name = f"replkv {options.subCommand}" if options.subCommand else "replkv"
        tell(f"{error}; see {name} --help")
        return MISTAKE
    command: Command = options.subOptions
    try:
        return command.carryOut()
    except (ConfigError, UsageError) as error:
        tell(str(error))
        return MISTAKE


def _agree(config: Config, lines: list[str]) -> bool:
    """
    Ask whether data is to be removed.
    """
    if not sys.stdin.isatty():
        raise ConfigError("nothing was removed: there is nobody to ask, --yes removes without asking")
    for line in (f"this removes all data of the cluster {config.cluster!r} on this machine, for good:", *lines):
        say(line)
    try:
        return input("type yes to remove it: ").strip() == "yes"
    except EOFError:
        say("")
        return False
    except KeyboardInterrupt:
        say("\nnothing was removed")
        raise


def _sayIfWatched(line: str) -> None:
    # Whoever watched may have gone, which is no reason to stop.
    try:
        say(line)
    except StreamError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def _notice(config: Config) -> None:
    if config.notice:
        tell(config.notice)
