"""
The processes that generate a load together.

An interpreter of its own is started for each (C{spawn}): it has nothing of what this one has open, and nothing that it
has to collect.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from random import Random
from types import TracebackType
from typing import Final, NamedTuple

from tqdm import tqdm

from replkv.bench.commands import drawn, fills
from replkv.bench.connection import Connection, TlsConnection
from replkv.bench.descriptors import allowFiles
from replkv.bench.dialect import Dialect, Hopeless, NotUnderstood
from replkv.bench.generator import Generator
from replkv.bench.load import Load, Mix
from replkv.bench.tally import Tally, merged
from replkv.bench.waiter import Epoll
from replkv.client.address import Address

_HEAD_START: Final = 0.05
"""
How many seconds all processes have to hear that they begin.
"""

_OTHER_FILES: Final = 64


class Target(NamedTuple):
    """
    What the load is on.

    @ivar servers: where the leader is looked for, in this order.
    @ivar dialect: what they speak.
    @ivar tls: the files that protect the connections, if any do: with the authorities that are believed, and with a
        certificate of the client's own and its key, if it is to have one.
    """

    servers: Sequence[Address]
    dialect: Dialect
    tls: tuple[str, str | None, str | None] | None = None


class _Progress(NamedTuple):
    """
    How far a process has got since it said so last.

    @ivar done: how many commands were carried out.
    @ivar wrong: how many have gone wrong in all.
    """

    done: int
    wrong: int


class Crew:
    """
    The processes. They end with the C{with} statement.

    What they do is shown at a terminal, if the standard error is one.
    """

    def __init__(self, target: Target, mix: Mix, load: Load, processes: int, seed: int = 1) -> None:
        """
        @param load: has as many clients as there are processes, or more.
        """
        self._mix = mix
        self._load = load
        self._processes = []
        self._pipes: list[Pipe] = []
        context = multiprocessing.get_context("spawn")
        for number in range(processes):
            ours, theirs = context.Pipe()
            arguments = (theirs, target, mix, load.part(number, processes), seed + number)
            process = context.Process(target=_work, args=arguments, daemon=True)
            process.start()
            theirs.close()
            self._processes.append(process)
            self._pipes.append(ours)

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()

    def prepare(self) -> None:
        """
        Have all clients connected.

        @raise Hopeless: if that cannot be.
        """
        self._gather("connecting", 0)

    def fill(self) -> None:
        """
        Give every key a value.

        @raise Hopeless: if that cannot be.
        """
        for number, pipe in enumerate(self._pipes):
            pipe.send((number, len(self._pipes)))
        self._gather("filling", self._mix.keys)

    def measure(self, load: Load) -> Tally:
        """
        Have the load on, once all is prepared. It can be done again, with another rate.

        @param load: has as many clients as those that are prepared.
        @raise Hopeless: if the servers do not do what they are asked for.
        """
        begin = time.monotonic() + _HEAD_START
        for number, pipe in enumerate(self._pipes):
            pipe.send((load.part(number, len(self._pipes)), begin))
        return merged(self._gather("measuring", 0))

    def _gather(self, what: str, total: int) -> list[Tally]:
        """
        Wait until each process has done its part.

        @param total: how many commands that needs, if it is known.
        """
        tallies: list[Tally] = []
        wrong = dict.fromkeys(self._pipes, 0)
        with tqdm(
            total=total or None, desc=what, unit=" commands", disable=None, leave=False, dynamic_ncols=True
        ) as bar:
            while len(tallies) < len(self._pipes):
                for pipe in wait(self._pipes):
                    assert isinstance(pipe, Pipe)
                    try:
                        told = pipe.recv()
                    except EOFError:
                        raise Hopeless("a process that made the load has died") from None
                    if isinstance(told, str):
                        raise Hopeless(told)
                    if isinstance(told, Tally):
                        tallies.append(told)
                    else:
                        wrong[pipe] = told.wrong
                        if sum(wrong.values()):
                            bar.set_postfix_str(f"{sum(wrong.values()):,} errors", refresh=False)
                        bar.update(told.done)
        return tallies


def _work(pipe: Pipe, target: Target, mix: Mix, load: Load, seed: int) -> None:
    """
    What each process does.
    """
    # Ctrl-C reaches the other process, which then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    allowFiles(load.clients + _OTHER_FILES)
    # Whoever does not hear of it any more has ended.
    with suppress(EOFError, BrokenPipeError):
        try:
            for told in _tell(pipe, target, mix, load, Random(seed)):
                pipe.send(told)
        except (Hopeless, NotUnderstood, ssl.SSLError) as error:
            pipe.send(str(error))


def _tell(pipe: Pipe, target: Target, mix: Mix, load: Load, random: Random) -> Iterator[_Progress | Tally]:
    connect = Connection if target.tls is None else partial(TlsConnection, context=_contextOf(*target.tls))
    generator = Generator(
        load, target.dialect, target.servers, partial(connect, dialect=target.dialect), time.monotonic, Epoll()
    )
    commands = drawn(target.dialect, mix, random, load.depth)
    generator.prepare()
    yield Tally()
    while True:
        match pipe.recv():
            case (Load() as measured, float(begin)):
                used = time.process_time()
                tally = generator.measure(measured, commands, begin, lambda *told: pipe.send(_Progress(*told)))
                tally.busy = (time.process_time() - used) / (measured.warmUp + tally.seconds)
                yield tally
            case (int(part), int(of)):
                for piece in fills(target.dialect, mix, random, part, of):
                    generator.fill(piece)
                    yield _Progress(len(piece.encoded), 0)
                yield Tally()


def _contextOf(authority: str, certificate: str | None, key: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
