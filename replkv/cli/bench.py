"""
C{replkv bench}: a load on the cluster, and how fast it is answered.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import ClassVar, Final, NamedTuple, TypeVar

from twisted.python.usage import UsageError

from replkv.bench.crew import Crew, Target
from replkv.bench.dialect import Hopeless
from replkv.bench.kinds import READS, WRITES
from replkv.bench.load import Load, Mix
from replkv.bench.memcached import MemcachedDialect
from replkv.bench.tally import Tally
from replkv.bench.text import TextDialect
from replkv.cli.command import AskingCommand, runReactor
from replkv.cli.security import tlsFilesOf
from replkv.cli.statuses import DONE, UNAVAILABLE
from replkv.cli.streams import say, tell
from replkv.client.address import Address
from replkv.client.arguments import checkedKey
from replkv.client.client import Client
from replkv.client.credentials import Credentials
from replkv.client.errors import CommandError, Unavailable
from replkv.config import Config, ConfigError, ServerConfig
from replkv.wire.replyparser import MAX_VALUE

_N = TypeVar("_N", int, float)

_SKEWS: Final = {"uniform": 0.0, "zipf": 0.99}
_SHARES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class Step(NamedTuple):
    """
    A load, and what came of it.
    """

    load: Load
    tally: Tally


class BenchCommand(AskingCommand):
    """
    C{replkv bench}.

    @ivar load: the load that was asked for.
    @ivar mix: what its commands are.
    @ivar processes: in how many processes it is made.
    """

    load: Load
    mix: Mix
    processes: int

    synopsis = "[--config FILE] [OPTIONS]"
    longdesc = (
        "Puts a load on the server that leads, and tells how many commands were carried out in a second and how long "
        "they took. Each client sends its next command when one is answered; with --rate, commands "
        "become due at that rate whatever the servers do, and the time of each counts from when it was due. It writes "
        "keys that begin with --prefix, and leaves them there. What goes wrong is counted apart. The exit status is "
        f"{UNAVAILABLE} if nothing was carried out."
    )
    optParameters: ClassVar = [
        ["clients", None, "50", "How many connections there are."],
        ["depth", None, "1", "How many commands each has under way."],
        ["protocol", None, "text", "What the clients speak: text, or memcached, at the MemcachedPort."],
        ["rate", None, None, "How many commands become due in a second. [default: as many as are answered]"],
        ["reads", None, "0", "What percentage of the commands reads."],
        ["write", None, "set", f"The command that writes, in the text protocol: {', '.join(WRITES)}."],
        ["read", None, "get", f"The command that reads: {', '.join(READS)}."],
        ["value-bytes", None, "128", "How long the values are."],
        ["keys", None, "10000", "How many keys there are."],
        ["distribution", None, "uniform", "How keys are drawn: uniform, or zipf, some of them far more often."],
        ["prefix", None, "bench/", "What all keys begin with."],
        ["seconds", None, "10", "For how long it is measured."],
        ["warm-up", None, "1", "For how many seconds the load is there before that."],
        ["processes", None, "1", "In how many processes the load is made; it says so where one is not enough."],
        [
            "plot",
            None,
            None,
            "A file (PNG or SVG) for a plot of latency against load, in ten steps up to --rate, or else to what the "
            "clients get without.",
        ],
        ["timeout", "t", "10", "For how many seconds an answer is waited for."],
    ]
    optFlags: ClassVar = [["json", None, "Tell it as JSON."]]

    def postOptions(self) -> None:
        """
        Take the numbers.
        """
        super().postOptions()
        clients = self._number("clients", int, 1, 50_000)
        self.processes = self._number("processes", int, 1, 64)
        if self.processes > clients:
            raise UsageError("--processes must not be more than --clients")
        rate = None if self["rate"] is None else self._number("rate", float, 0.1, 10_000_000)
        self.load = Load(
            clients,
            self._number("depth", int, 1, 10_000),
            rate,
            self._number("seconds", float, 0.1, 86_400),
            self._number("warm-up", float, 0, 86_400),
            self.timeout,
        )
        if self["distribution"] not in _SKEWS:
            raise UsageError(f"--distribution must be {' or '.join(_SKEWS)}, not {self['distribution']!r:.50}")
        if self["protocol"] not in ("text", "memcached"):
            raise UsageError(f"--protocol must be text or memcached, not {self['protocol']!r:.50}")
        for name, words in (("write", WRITES), ("read", READS)):
            if self[name] not in words:
                raise UsageError(f"--{name} must be one of {', '.join(words)}, not {self[name]!r:.50}")
        if self["protocol"] != "text" and (self["write"], self["read"]) != ("set", "get"):
            raise UsageError("--write and --read are for the text protocol")
        self.mix = Mix(
            self._number("keys", int, 1, 10_000_000),
            self._number("value-bytes", int, 0, MAX_VALUE),
            self._number("reads", float, 0, 100) / 100,
            _SKEWS[self["distribution"]],
            self["prefix"].encode("utf-8"),
        )
        try:
            checkedKey(self.mix.key(0))
        except CommandError as error:
            raise UsageError(f"--prefix {self['prefix']!r:.50}: {error}") from None

    def run(self, filename: str, config: Config) -> int:
        """
        Put the load on.
        """
        require("hdrh", *(["matplotlib"] if self["plot"] else []))
        # What is wrong with the cluster or the user is said as elsewhere, before there is any load.
        leads = runReactor(lambda reactor: _look(self.client(reactor, config), self.mix, config))
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.default_int_handler)
        target = self._target(config, leads)
        try:
            with Crew(target, self.mix, self.load, self.processes) as crew:
                crew.prepare()
                if self.mix.reads or self["write"] != "set":
                    crew.fill()
                steps = list(self.steps(crew.measure))
        except Hopeless as error:
            raise Unavailable(str(error)) from None
        return self._tell(steps)

    def _target(self, config: Config, leads: ServerConfig | None) -> Target:
        """
        What the load is on.

        @param leads: the server that leads, if it is known.
        @raise ConfigError: if it does not speak the protocol that was asked for.
        """
        user, token = self._login
        probe = self.mix.key(0)
        tls = tlsFilesOf(config, self["tls-ca"], self["cert"], self["key"])
        if self["protocol"] == "text":
            login = b"" if user is None or token is None else Credentials(user, token).encoded
            servers = [Address(server.hostname, server.clientPort) for server in config.servers]
            return Target(servers, TextDialect(probe, login, self["write"], self["read"]), tls)
        if leads is None or leads.memcachedPort is None:
            raise ConfigError("the server that leads has no MemcachedPort in the servers file")
        dialect = MemcachedDialect(probe, None if user is None or token is None else (user, token))
        return Target([Address(leads.hostname, leads.memcachedPort)], dialect, tls)

    def steps(self, measure: Callable[[Load], Tally]) -> Iterator[Step]:
        """
        Measure what was asked for.

        @param measure: measures one load.
        """
        if self["plot"] is None:
            yield Step(self.load, measure(self.load))
            return
        rate = self.load.rate
        if rate is None:
            best = measure(self.load)
            rate = best.answered / best.seconds
        for share in _SHARES if rate else ():
            load = replace(self.load, rate=rate * share)
            yield Step(load, measure(load))

    def _tell(self, steps: Sequence[Step]) -> int:
        """
        @return: the exit status.
        """
        # No command is to need what only this one does, to tell its options or what is wrong with them.
        from replkv.bench.report import jsonOf, tableOf

        told = [jsonOf(step.load, self.mix, step.tally) for step in steps]
        if self["json"]:
            say(json.dumps(told if self["plot"] else told[0]))
        else:
            for step in steps:
                for line in [
                    *([f"{step.load.rate:,.0f} due in a second:"] if step.load.rate else []),
                    *tableOf(step.tally),
                ]:
                    say(line)
        if not any(step.tally.answered for step in steps):
            tell("nothing was carried out")
            return UNAVAILABLE
        if self["plot"]:
            self._plot(steps)
        return DONE

    def _plot(self, steps: Sequence[Step]) -> None:
        """
        @raise ConfigError: if the file cannot be written.
        """
        from replkv.bench.plot import plot

        mix, load = self.mix, self.load
        title = f"{load.clients} clients, {mix.reads:.0%} reads, values of {mix.valueBytes} bytes, {mix.keys} keys"
        try:
            plot(self["plot"], title, [(step.tally.all, step.tally.seconds) for step in steps])
        except (OSError, ValueError) as error:
            raise ConfigError(f"{self['plot']}: {error}") from None

    def _number(self, name: str, kind: type[_N], least: float, most: float) -> _N:
        """
        A number that was given.
        """
        try:
            number = kind(self[name])
        except ValueError:
            number = kind(-1)
        if not least <= number <= most:
            whole = "a whole number" if kind is int else "a number"
            raise UsageError(f"--{name} must be {whole} from {least:g} to {most:g}, not {self[name]!r:.50}")
        return number


async def _look(client: Client, mix: Mix, config: Config) -> ServerConfig | None:
    """
    See whether there is a cluster that does what the user asks for.

    @return: the server that leads; C{None} if the file does not have it, or none says so.
    """
    await client.get(mix.key(0))
    for server in config.servers:
        with suppress(Unavailable):
            if (await client.stats(server.hostname, server.clientPort)).get("role") == "leader":
                return server
    return None


def require(*names: str) -> None:
    """
    See that what comes with the extra C{bench} is there.

    @param names: its modules.

    @raise ConfigError: if it is not.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise ConfigError(f"{' and '.join(missing)} is not installed: pip install 'replkv[bench]'")
