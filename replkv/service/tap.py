"""
C{twistd replkv}: the options, and all that can be found wrong before the process daemonizes.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from socket import socket
from typing import Any, ClassVar, NoReturn, cast

from twisted.application.service import IService
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import ILogObserver, LogEvent, Logger, globalLogPublisher
from twisted.python import usage
from zope.interface import implementer

from replkv import exits
from replkv.build import RELEASE
from replkv.config import FILE_PLACES, Config, ConfigError, ServerConfig, find, load
from replkv.hosts import isLoopback
from replkv.printable import printable
from replkv.reactors import ISystemReactor
from replkv.service.account import Account
from replkv.service.certificates import Certificates, Protection
from replkv.service.descriptors import TooFewDescriptors, allot, allow, wanted
from replkv.service.host import OSHost
from replkv.service.logfile import LoggedService
from replkv.service.ports import PortError, PortNotYet, bind
from replkv.service.renewal import Renewal, reloadOnHangup
from replkv.service.server import Server
from replkv.storage.errors import CorruptLog, UnknownFormat
from replkv.storage.files import Exhausted, OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from replkv.storage.modes import UMASK, tighten
from replkv.storage.stamp import FolderError
from replkv.tls.credentials import NotGoodYet
from replkv.tlsfiles import SUGGESTED_TLS

_logger = Logger()


class Options(usage.Options):
    """
    The options of C{twistd replkv}.

    @ivar settings: the servers file.
    @ivar server: this server's part of it.
    @ivar account: the account that it is going to run as.
    @ivar folder: its data folder, locked.
    @ivar certificates: by which the other servers and clients know it.
    @ivar clientSockets: where clients connect.
    @ivar logSockets: where the other servers connect.
    @ivar memcachedSockets: where clients of memcached's connect.
    """

    synopsis = "[options]"
    longdesc = (
        "Runs one server of a replkv cluster. Each server of the servers file is started so, with its own --id, on "
        "its own host or side by side on one. It keeps its state, and unless twistd's own options say otherwise its "
        "log file and pid file (server.log and server.pid), in the folder PATH/ID, where PATH is the file's "
        '"Path"; a relative one starts at the folder of the file. SIGTERM stops it cleanly, SIGHUP has it open its log '
        "file again. Exit status 1 is a mistake in the set-up, 74 a failing disk, and 75 says that a name, an address "
        "or a port is not there yet."
    )
    optParameters: ClassVar = [
        ["id", None, None, "Which server of the file this is. Required."],
        ["config", "c", None, f"The servers file. [default: {FILE_PLACES}]"],
        ["data-dir", None, None, 'The folder to use instead of the file\'s "Path".'],
    ]

    settings: Config
    server: ServerConfig
    account: Account
    folder: DataFolder
    certificates: Certificates
    clientSockets: list[socket]
    logSockets: list[socket]
    memcachedSockets: list[socket]

    def postOptions(self) -> None:
        """
        Read the servers file, and take hold of the data folder and of the ports. Both say that no other process is this
        server, and until both have said so, nothing of its is touched. (twistd asks for the names of its pid file and
        log file before it asks for the service.)
        """
        os.umask(UMASK)
        if self["id"] is None:
            _refuse("--id is required: which server of the servers file is this?")
        # int() raises on very many digits.
        if not self["id"].isascii() or not self["id"].isdigit() or len(self["id"]) > 10:
            _refuse(f"--id is a number, not {self['id']!r:.50}")
        try:
            self["config"] = find(self["config"])
            self.settings = load(self["config"])
            try:
                self.server = self.settings.server(int(self["id"]))
            except ConfigError as error:
                raise ConfigError(f"{self['config']}: {error}") from None
            path = os.path.abspath(os.path.join(self["data-dir"] or self.settings.path, str(self.server.id)))
            self.account = Account.of(self.parent)
            # As the account that will have to read them again.
            self.certificates = self.account.run(self.readCertificates)
            self.folder = self._openFolder(path)
        except (ConfigError, FolderError) as error:
            _refuse(str(error), _statusOf(error))
        host = self.server.listen or self.server.hostname
        try:
            self.clientSockets = bind(host, self.server.clientPort, "ClientPort")
            self.logSockets = bind(host, self.server.logPort, "LogPort")
            port = self.server.memcachedPort
            self.memcachedSockets = [] if port is None else bind(host, port, "MemcachedPort")
        except PortError as error:
            status = exits.NOT_YET if isinstance(error, PortNotYet) else exits.CONFIGURATION
            _refuse(f"server {self.server.id}: {error}", status)
        self._refuseExposure()
        if self.settings.notice and self["data-dir"] is None:
            print(f"replkv: {self.settings.notice}", file=sys.stderr)
        if self.parent is not None:
            self._placeFiles(self.parent, path)

    def readCertificates(self) -> Certificates:
        """
        Read the certificates, as they are now.

        @raise ConfigError: if they are of no use.
        """
        return Certificates.read(self.settings, self.server.id, datetime.now(UTC))

    def _refuseExposure(self) -> None:
        """
        Do not serve those who cannot prove who they are where others than this host can reach them.
        """
        exposed = [host for host, *_ in (each.getsockname() for each in self.logSockets) if not isLoopback(host)]
        if not exposed or self.certificates.members is not None or self.settings.isInsecure:
            return
        _refuse(
            f"server {self.server.id}: whoever reaches its LogPort on {exposed[0]} can take the cluster over. Make "
            f'certificates with replkv cert init, and write "Tls": {json.dumps(SUGGESTED_TLS)} into {self["config"]}; '
            'or, if nobody else can reach it, "Insecure": true'
        )

    def _openFolder(self, path: str) -> DataFolder:
        """
        Open the data folder as the account that the server is going to run as.
        """
        members = [server.id for server in self.settings.servers]
        with suppress(OSError):
            # Where this fails, what comes next does too, and says so.
            self.account.makeFolder(path)
        return self.account.run(
            lambda: DataFolder.open(
                OSFiles(), path, self.server.id, self.settings.cluster, members, random.SystemRandom()
            )
        )

    def _placeFiles(self, twistd: Any, path: str) -> None:
        """
        Give each server a pid file and a log file of its own, where the user has named none.
        """
        if twistd["pidfile"] == "twistd.pid":
            twistd["pidfile"] = os.path.join(path, "server.pid")
            # No other process is this server, so this one is left over, whatever process has got the number since.
            with suppress(FileNotFoundError):
                os.remove(twistd["pidfile"])
        if twistd["logfile"] is None and not twistd["nodaemon"] and not twistd["syslog"]:
            twistd["logfile"] = os.path.join(path, "server.log")


def makeService(options: Options) -> IService:
    """
    Make the server. Its log is opened here, before the process daemonizes, so that whoever starts it is told what is
    wrong.
    """
    from twisted.internet import reactor as installed

    reactor = cast(ISystemReactor, installed)
    server = options.server
    try:
        descriptors = allot(allow(wanted(options.settings)), options.settings)
    except TooFewDescriptors as error:
        _refuse(f"server {server.id}: {error}")
    storage = options.account.run(lambda: _openLog(options))
    _logger.info("replkv {release}", release=RELEASE)
    _tuneCollector()
    try:
        protection = Protection(options.settings, options.certificates, reactor)
    except ConfigError as error:
        _refuse(f"server {server.id}: {error}")
    host = OSHost(reactor, options.clientSockets, options.logSockets, options.memcachedSockets, protection)
    service = Server(host, options.settings, server, options.folder, storage, descriptors)
    # twistd itself has no way to end with a status once the reactor has run. This runs when all else is done.
    atexit.register(_exit, service)
    globalLogPublisher.addObserver(_endIfInterrupted)
    reactor.callWhenRunning(_stopOnSignals, reactor, service)
    twistd = options.parent
    top = service if twistd is None else options.account.run(lambda: _logged(service, server, twistd, reactor))
    if protection.end is not None:
        renewal = Renewal(reactor, protection, options.readCertificates, time.time)
        reactor.callWhenRunning(renewal.start)
        reloadOnHangup(reactor, renewal)
    return top


def _openLog(options: Options) -> LogStorage:
    """
    Begin with the data folder, and open the log in it.
    """
    server = options.server
    try:
        opened = tighten(options.folder.path)
        options.folder.begin(random.SystemRandom())
    except FolderError as error:
        _refuse(str(error), _statusOf(error))
    except OSError as error:
        _refuse(f"server {server.id}: the data folder cannot be kept from others: {error}", _statusOf(error))
    if opened:
        _logger.warn("others had access to the data folder, or to parts of it ({count}); that is ended", count=opened)
    try:
        mayRepair = len(options.settings.servers) > 1 or options.folder.hasMet
        storage = LogStorage.open(OSFiles(), options.folder.logPath, random.SystemRandom(), mayRepair=mayRepair)
        options.folder.removeLeftovers(storage.store)
    except FolderError as error:
        _refuse(str(error), _statusOf(error))
    except UnknownFormat as error:
        _refuse(f"server {server.id}: {error}")
    except CorruptLog as error:
        _refuse(f"server {server.id}: {error}", exits.DISK)
    except OSError as error:
        status = exits.SYSTEM if isinstance(error, Exhausted) else exits.DISK
        _refuse(f"server {server.id}: the log in {options.folder.logPath} cannot be opened: {error}", status)
    return storage


def _logged(service: Server, server: ServerConfig, twistd: Any, reactor: IReactorFromThreads) -> IService:
    """
    Give the server a log file, where twistd would give it one.
    """
    filename = twistd["logfile"]
    if not filename or filename == "-" or twistd["syslog"] or twistd["logger"] is not None:
        if not twistd["nodaemon"] or not any(os.isatty(number) for number in range(3)):
            # There is no file to open again, and no terminal that could have gone.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        return service
    try:
        logged = LoggedService(reactor, filename)
    except OSError as error:
        _refuse(f"server {server.id}: the log file {filename} cannot be opened: {error.strerror}")
    service.setServiceParent(logged)
    return logged


def _stopOnSignals(reactor: IReactorFromThreads, service: Server) -> None:
    """
    Have the server stop in order. This is done when the reactor runs: until then, a signal ends the process at once.
    """

    def stop(*_: object) -> None:
        reactor.callFromThread(service.terminate)

    # Twisted's own way to stop on SIGTERM ends with the process killing itself by that signal.
    signal.signal(signal.SIGTERM, stop)
    for number in (signal.SIGINT, signal.SIGHUP):
        # Whoever has set it, nohup or a debugger, had a reason.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, stop)


@implementer(ILogObserver)
def _endIfInterrupted(event: LogEvent) -> None:
    """
    End the process by the Ctrl-C that came while Twisted was loading plugins. It is logged then, as if it were a fault
    of one of them, and told to observers when logging begins.
    """
    # Where it is caught, it is logged in Twisted's old way.
    failure = event.get("log_failure") or event.get("failure")
    if failure is not None and failure.check(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


def _tuneCollector() -> None:
    """
    Have the garbage collector walk over all objects rarely: there are some hundred thousand, the recent entries, which
    are no garbage, and each walk keeps all clients waiting for tens of milliseconds. Next to nothing here is cyclic.
    Measured with 50 clients that pipeline: p99 of writes 46 to 24 ms, of reads 42 to 7 ms, and a tenth more of both.
    The new objects are walked over for every 10,000 of them, which takes 5 ms; for every 50,000 it took up to 33.
    """
    gc.freeze()
    gc.set_threshold(10_000, 100, 1_000)


def _exit(service: Server) -> None:
    if service.exitStatus:
        sys.stdout.flush()
        os._exit(service.exitStatus)


def _statusOf(error: Exception) -> int:
    """
    With what to end when something cannot be opened: it is no mistake that the system has no descriptor, or does not
    know yet what time it is.
    """
    if isinstance(error, NotGoodYet):
        return exits.NOT_YET
    return exits.SYSTEM if isinstance(error.__cause__ or error, Exhausted) else exits.CONFIGURATION


def _refuse(line: str, status: int = exits.CONFIGURATION) -> NoReturn:
    """
    End with one line for the user.
    """
    print(printable(f"replkv: {line}"), file=sys.stderr)
    raise SystemExit(status)
