"""
The C{replkv} command.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from threading import Thread
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.python.usage import Options, UsageError

from replkv import __version__
from replkv.client.client import Client
from replkv.client.prompt import Prompt
from replkv.client.status import askStatus
from replkv.client.terminal import BlockingCluster, commandWords, once
from replkv.client.words import MISTAKE, STATUSES, helpLines
from replkv.clocks import countForward
from replkv.cluster.reset import removeData
from replkv.cluster.run import Cluster
from replkv.config import DEFAULT_FILE, Config, ConfigError, load
from replkv.exits import CONFIGURATION
from replkv.startup import endOnInterrupt

_STATUS_PATIENCE: Final = 1.0
_INTERRUPTED: Final = 128 + signal.SIGINT
_UNREAD: Final = 128 + signal.SIGPIPE


class _Options(Options):
    """
    What all command lines of C{replkv} understand.
    """

    def opt_version(self) -> None:
        """
        Show the version and exit.
        """
        _say(f"replkv {__version__}")
        raise SystemExit(0)


class _Command(_Options):
    """
    A command of C{replkv}.

    @ivar mistake: the exit status for a mistake of the user's.
    """

    mistake = CONFIGURATION

    def carryOut(self) -> int:
        """
        Do what the command is for.

        @return: the exit status.
        """
        raise NotImplementedError


class _ServersCommand(_Command):
    """
    A command that reads the servers file.
    """

    optParameters: Final = [["config", "c", DEFAULT_FILE, "The servers file."]]

    def carryOut(self) -> int:
        """
        See L{_Command.carryOut}.
        """
        return self.run(self["config"], load(self["config"]))

    def run(self, filename: str, config: Config) -> int:
        """
        Do what the command is for.

        @return: the exit status.
        """
        raise NotImplementedError


class ClusterCommand(_ServersCommand):
    """
    C{replkv cluster}.
    """

    synopsis = "[--config FILE]"
    longdesc = (
        "Starts all servers of the servers file on this machine, and stays in the foreground to tell what happens "
        "to them. A server that dies is started again. Ctrl-C stops all, and so does the end of the terminal."
    )

    def run(self, filename: str, config: Config) -> int:
        """
        Run all servers until they are told to stop.
        """

        async def main(reactor: Any) -> int:
            cluster = Cluster(reactor, config, filename, _tell)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                # With nohup, the end of the terminal is to be none of its concern.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    signal.signal(number, lambda *_: reactor.callFromThread(cluster.stop))
            return await cluster.run()

        endOnInterrupt()
        return _runReactor(main)


class ClientCommand(_ServersCommand):
    """
    C{replkv client}.
    """

    synopsis = "[--config FILE] [COMMAND]"
    mistake = MISTAKE

    def getUsage(self, width: int | None = None) -> str:
        """
        See L{Options.getUsage}. Unlike C{longdesc}, what is added here keeps its lines.
        """
        statuses = [f"{status:4}  {meaning}" for status, meaning in STATUSES.items()]
        return "\n".join(
            [
                super().getUsage(width).rstrip(),
                "Without a command: a prompt. It finds the leader, also when another one is elected. Commands:",
                *("    " + line for line in helpLines()),
                "For a single command, a VALUE of - stands for the standard input, and get writes the value as it is.",
                "Its exit status:",
                *statuses,
                "",
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

        async def main(reactor: Any) -> int:
            return await once(_client(reactor, config), words)

        return _runReactor(main)

    def _converse(self, config: Config) -> int:
        reactor = _reactor()
        interactive = sys.stdin.isatty()
        if interactive:
            # Merely to import it gives input() history and line editing; not every Python has it.
            with suppress(ImportError):
                import readline  # noqa: F401
            _say(f"replkv {__version__}: type help for the commands, Ctrl-D to leave")
        # Python hands Ctrl-C and typed lines to the main thread, so the reactor gets another one.
        thread = Thread(target=reactor.run, kwargs={"installSignalHandlers": False}, daemon=True)
        thread.start()
        sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        cluster = BlockingCluster(reactor, _client(reactor, config), _say)
        try:
            return Prompt(cluster, input if interactive else lambda _: input(), _say).run()
        finally:
            reactor.callFromThread(reactor.stop)
            thread.join()


class StatusCommand(_ServersCommand):
    """
    C{replkv status}.
    """

    synopsis = "[--config FILE]"
    longdesc = "Shows a line for each server of the servers file. The exit status is 1 if none of them leads."

    def run(self, filename: str, config: Config) -> int:
        """
        Ask all servers how they are.
        """

        async def main(reactor: Any) -> int:
            status = await askStatus(_client(reactor, config), config, _STATUS_PATIENCE)
            for line in status.lines:
                _say(line)
            return 0 if status.led else 1

        return _runReactor(main)


class CleanDataCommand(_ServersCommand):
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
        for path in removeData(config, lambda lines: self["yes"] or _agree(config, lines)):
            _say(f"removed {path}")
        return 0


class SimCommand(_Command):
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
            return runOne(case, _write, self["verbose"], self["history"])
        seeds = self["seeds"] or range(100)
        return runMany(self["tier"], seeds, _write, self["jobs"], self["out"] or ".", self["require-rare"])


class ReplkvOptions(_Options):
    """
    The command line of C{replkv}.
    """

    subCommands: Final = [
        ["cluster", None, ClusterCommand, "Run all servers of a servers file on this machine."],
        ["client", None, ClientCommand, "Talk to the cluster: a prompt, or a single command."],
        ["status", None, StatusCommand, "Show how the servers are."],
        ["clean-data", None, CleanDataCommand, "Remove all that the servers have stored on this machine."],
        ["sim", None, SimCommand, "Simulate clusters, with faults, under the eyes of a judge."],
    ]

    def getSynopsis(self) -> str:
        """
        See L{Options.getSynopsis}. The synopsis of a command begins with this one.
        """
        return "Usage: replkv" if self.subCommand else "Usage: replkv COMMAND [OPTIONS]"


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    @param arguments: without the program's name; by default those of the process.
    @return: the exit status.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        # Whoever read the output has gone; Python is not to try again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _UNREAD


def _run(arguments: Sequence[str]) -> int:
    options = ReplkvOptions()
    try:
        options.parseOptions(list(arguments))
        if options.subCommand is None:
            raise UsageError("name a command, replkv --help lists them")
    except UsageError as error:
        print(f"replkv: {error}", file=sys.stderr)
        return MISTAKE if options.subCommand == "client" else CONFIGURATION
    command: _Command = options.subOptions
    try:
        return command.carryOut()
    except (ConfigError, UsageError) as error:
        print(f"replkv: {error}", file=sys.stderr)
        return command.mistake


def _agree(config: Config, lines: list[str]) -> bool:
    """
    Ask whether data is to be removed.
    """
    if not sys.stdin.isatty():
        raise ConfigError("nothing was removed: there is nobody to ask, --yes removes without asking")
    for line in (f"this removes all data of the cluster {config.cluster!r} on this machine, for good:", *lines):
        _say(line)
    try:
        return input("type yes to remove it: ").strip() == "yes"
    except (EOFError, KeyboardInterrupt):
        _say("")
        return False


def _reactor() -> Any:
    # Imported when a command runs that needs it, and not before: to import it is to choose it for the whole process.
    from twisted.internet import reactor

    countForward(reactor)
    return reactor


def _client(reactor: Any, config: Config) -> Client:
    return Client(reactor, [(server.hostname, server.clientPort) for server in config.servers])


def _say(line: str) -> None:
    # Whoever watched may have gone, which is no reason to stop.
    with suppress(BrokenPipeError):
        _write(line)


def _tell(line: str) -> None:
    """
    Tell whoever watches. When their terminal has gone, the rest is told to nobody.
    """
    try:
        _write(line)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _write(line: str) -> None:
    print(line, flush=True)


def _runReactor(main: Callable[[Any], Coroutine[Deferred[Any], Any, int]]) -> int:
    """
    Run the reactor for as long as C{main} takes.

    @return: the exit status that C{main} returned.
    """
    reactor = _reactor()
    outcome: list[int | Failure] = []

    def begin() -> None:
        ended = Deferred.fromCoroutine(main(reactor))
        ended.addBoth(outcome.append)
        ended.addCallback(lambda _: reactor.stop())

    # Not callWhenRunning: only now has the reactor installed its own signal handlers, which may then be replaced.
    reactor.callLater(0, begin)
    reactor.run()
    if not outcome:
        return _INTERRUPTED
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    return outcome[0]
