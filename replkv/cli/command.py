"""
What the commands of C{replkv} are made of.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from getopt import GetoptError, gnu_getopt
from threading import Thread
from typing import Any, ClassVar, Final, TypeVar, cast

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure
from twisted.python.usage import Options, UsageError

from replkv.build import RELEASE
from replkv.cli.login import TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, USER_VARIABLE, loginOf
from replkv.cli.security import AUTHORITY_VARIABLE, CERTIFICATE_VARIABLE, KEY_VARIABLE, tlsOf
from replkv.cli.statuses import DONE, UNAVAILABLE
from replkv.cli.streams import say, tell
from replkv.client.address import Address
from replkv.client.client import Client
from replkv.client.errors import Unavailable
from replkv.clocks import countForward
from replkv.config import BUILT_IN_FILE, FILE_PLACES, Config, NoServersFile, ServerConfig, find, load
from replkv.reactors import ISystemReactor
from replkv.service.startup import endOnInterrupt

_T = TypeVar("_T")

_MAX_TIMEOUT: Final = 86_400


class Signalled(Exception):
    """
    A signal ended what was going on.

    @ivar number: the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.number = number


class CommonOptions(Options):
    """
    What all command lines of C{replkv} understand.
    """

    def opt_help(self) -> None:
        """
        Display this help and exit.
        """
        say(str(self))
        raise SystemExit(DONE)

    def opt_version(self) -> None:
        """
        Show the version and exit.
        """
        say(f"replkv {RELEASE}")
        raise SystemExit(DONE)


class Command(CommonOptions):
    """
    A command of C{replkv}.
    """

    def parseArgs(self, *words: str) -> None:
        """
        Refuse words that are no options.
        """
        if words == ("help",):
            self.opt_help()
        if words:
            raise UsageError(f"{words[0]!r} is one word too many")

    def carryOut(self) -> int:
        """
        Do what the command is for.

        @return: the exit status.
        """
        raise NotImplementedError


class PathCommand(Command):
    """
    A command about a file or a folder, which may be named before the options or after.

    @cvar subject: what is to be named.
    """

    subject: ClassVar[str]

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        See L{twisted.python.usage.Options.parseOptions}, which takes no options after a word that is none.
        """
        given = list(options or ())
        with suppress(GetoptError):
            pairs, words = gnu_getopt(given, self.shortOpt, self.longOpt)
            takers = {f"--{name[:-1]}" for name in self.longOpt if name.endswith("=")}
            # What is empty, as a variable that is not set, is the value all the same.
            given = [part for pair in pairs for part in (["=".join(pair)] if pair[0] in takers else filter(None, pair))]
            given += ["--", *words]
        super().parseOptions(given)

    def parseArgs(self, *words: str) -> None:
        """
        Take the path.
        """
        super().parseArgs(*(words if words == ("help",) else words[1:]))
        if not words or not words[0]:
            raise UsageError(f"name {self.subject}")
        self["path"] = words[0]


class ServersCommand(Command):
    """
    A command that reads the servers file; where there is none, it is the one that comes with replkv.
    """

    optParameters: ClassVar[list[list[str | None]]] = [
        ["config", "c", None, f"The servers file. [default: {FILE_PLACES}, or else three servers on localhost]"]
    ]

    def carryOut(self) -> int:
        """
        See L{Command.carryOut}.
        """
        try:
            filename = find(self["config"])
        except NoServersFile as missing:
            # Where these cannot do it, it may well be that other servers were meant.
            notice = f"{missing}: those on localhost were asked"
            try:
                status = self.run(BUILT_IN_FILE, load(BUILT_IN_FILE))
            except Unavailable:
                tell(notice)
                raise
            if status == UNAVAILABLE:
                tell(notice)
            return status
        return self.run(filename, load(filename))

    def run(self, filename: str, config: Config) -> int:
        """
        Do what the command is for.

        @return: the exit status.
        """
        raise NotImplementedError

    def notice(self, config: Config) -> None:
        """
        Tell the user what there is to be said of the servers file.
        """
        if config.notice:
            tell(config.notice)


class AskingCommand(ServersCommand):
    """
    A command that asks servers.

    @ivar logsIn: whether it asks what not everybody is told.
    @ivar timeout: for how many seconds.
    """

    logsIn: bool = True

    synopsis = "[--config FILE] [--timeout SECONDS]"
    optParameters: ClassVar = [
        [
            "tls-ca",
            None,
            None,
            f"The authorities to believe. [default: {AUTHORITY_VARIABLE}, or the file's ClientTls]",
        ],
        ["cert", None, None, f"A certificate of your own, if servers want one. [default: {CERTIFICATE_VARIABLE}]"],
        ["key", None, None, f"Its key. [default: {KEY_VARIABLE}]"],
        ["user", "u", None, f"In whose name to ask, where not everybody may do everything. [default: {USER_VARIABLE}]"],
        [
            "token-file",
            None,
            None,
            "The file with that user's token, or - for the standard input. "
            f"[default: {TOKEN_VARIABLE} is the token, or {TOKEN_FILE_VARIABLE} names the file]",
        ],
    ]
    timeout: float
    _login: tuple[str, str] | tuple[None, None] = (None, None)

    def carryOut(self) -> int:
        """
        See L{Command.carryOut}.
        """
        self.logIn()
        return super().carryOut()

    def logIn(self) -> None:
        """
        Find out in whose name to ask.

        @raise ConfigError: if there is no telling.
        """
        if self.logsIn:
            self._login = loginOf(self["user"], self["token-file"])

    def postOptions(self) -> None:
        """
        Take the number that is given, or the default.
        """
        given = self["timeout"]
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", given) or not 0 < float(given) <= _MAX_TIMEOUT:
            raise UsageError(f"--timeout must be more than 0 and at most {_MAX_TIMEOUT} seconds, not {given!r:.50}")
        self.timeout = float(given)

    def client(self, reactor: ISystemReactor, config: Config) -> Client:
        """
        A client of these servers, which tries as long as was asked for.
        """
        servers = [Address(server.hostname, server.clientPort) for server in config.servers]
        return self.clientOf(reactor, servers, config)

    def clientOf(self, reactor: ISystemReactor, servers: Sequence[Address], config: Config | None) -> Client:
        """
        The same, of servers that may be told without a servers file.
        """
        tls = tlsOf(config, self["tls-ca"], self["cert"], self["key"])
        return Client(reactor, servers, self.timeout, tls, *self._login)


def serversOf(config: Config, given: str | None, option: str = "--id") -> list[ServerConfig]:
    """
    The servers of the file, or the one with the id that is given.

    @raise UsageError: if there is none with that.
    """
    servers = [server for server in config.servers if given in (None, str(server.id))]
    if not servers:
        ids = ", ".join(str(server.id) for server in config.servers)
        raise UsageError(f"{option} must be the id of a server of the servers file: {ids}; not {given!r:.50}")
    return servers


def globalReactor() -> ISystemReactor:
    """
    The reactor. It is imported when a command runs that needs it, and not before: to import it is to choose it for the
    whole process.
    """
    from twisted.internet import reactor

    system = cast(ISystemReactor, reactor)
    countForward(system)
    return system


def reactorInThread() -> ISystemReactor:
    """
    The reactor, which runs in a thread of its own from now on: Python hands Ctrl-C, and what is read from a terminal or
    a pipe, to the main thread.
    """
    reactor = globalReactor()
    Thread(target=reactor.run, kwargs={"installSignalHandlers": False}, daemon=True).start()
    return reactor


def runReactor(main: Callable[[ISystemReactor], Coroutine[Deferred[Any], Any, _T]]) -> _T:
    """
    Run the reactor for as long as C{main} takes.

    @return: what C{main} returned.
    @raise Signalled: if a signal came first.
    """
    reactor = globalReactor()
    outcome: list[_T | Failure] = []
    signals: list[int] = []

    def signalled(number: int, frame: object) -> None:
        if not signals:
            reactor.callFromThread(reactor.stop)
        signals.append(number)

    def begin() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            # What whoever started the process has it ignore stays ignored.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signalled)
        # What goes wrong before anything is asked, such as with a certificate, ends it too.
        ended = maybeDeferred(main, reactor)
        ended.addBoth(outcome.append)
        ended.addCallback(lambda _: reactor.stop())

    endOnInterrupt()
    # Not callWhenRunning: only now has the reactor installed its own signal handlers, which may then be replaced.
    reactor.callLater(0, begin)
    reactor.run()
    if not outcome:
        raise Signalled(signals[0] if signals else signal.SIGINT)
    if isinstance(outcome[0], Failure):
        outcome[0].raiseException()
    return outcome[0]
