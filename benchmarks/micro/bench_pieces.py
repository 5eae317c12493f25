"""
C{make bench-micro}: what the pieces on the way of every command take by themselves, each for as many commands as come
together where fifty clients write (L{COMMANDS}).

Each function here is given what runs another one many times, such as pytest-benchmark's C{benchmark}.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any, Final

from replkv.commands.get import Get
from replkv.commands.results import Found, Result, Stored
from replkv.commands.set import Set
from replkv.kv.machine import StateMachine
from replkv.kv.memory import MemoryEngine
from replkv.peers.receiver import Timed
from replkv.raft.entry import NO_ENTRIES, Batch, Entry
from replkv.raft.messages import AppendEntries, AppendEntriesReply
from replkv.raft.outputs import Persist
from replkv.storage.log import LogStorage
from replkv.testing.files import MemoryFiles
from replkv.wire.encoding import encodeCommand
from replkv.wire.parser import CommandParser
from replkv.wire.replies import encodeReply
from tests.network import Network
from tests.peers.peer import Peer

Benchmark = Callable[..., Any]
"""
Runs a function many times with the arguments that follow it.
"""

COMMANDS: Final = 25

_VALUE: Final = bytes(128)
_SETS: Final = [Set(b"bench/%010d" % number, 0, _VALUE, False) for number in range(COMMANDS)]
_GETS: Final = [Get(command.key) for command in _SETS]
_LOGGED: Final = [command.encode(1_700_000_000_000) for command in _SETS]


def _parse(data: bytes) -> None:
    parser = CommandParser(1 << 20)
    parser.feed(data)
    for _ in range(COMMANDS):
        assert parser.nextCommand() is not None


def bench_parseSets(benchmark: Benchmark) -> None:
    """
    Cut what a client has sent into commands that write.
    """
    benchmark(_parse, b"".join(map(encodeCommand, _SETS)))


def bench_parseGets(benchmark: Benchmark) -> None:
    """
    The same for commands that read.
    """
    benchmark(_parse, b"".join(map(encodeCommand, _GETS)))


def bench_encodeReplies(benchmark: Benchmark) -> None:
    """
    Write the replies to both.
    """
    stored, found = Stored(17), Found(17, 0, _VALUE)
    answers: list[tuple[Set | Get, Result]] = [(command, stored) for command in _SETS]
    answers += [(command, found) for command in _GETS]
    benchmark(lambda: [encodeReply(command, result) for command, result in answers])


def bench_encodeLogged(benchmark: Benchmark) -> None:
    """
    Make of commands what stands in the log.
    """
    benchmark(lambda: [command.encode(1_700_000_000_000) for command in _SETS])


def bench_apply(benchmark: Benchmark) -> None:
    """
    Apply entries to the state machine, with an engine in memory.
    """
    machine = StateMachine(MemoryEngine())

    def apply() -> None:
        machine.apply([Entry(index, 1, data) for index, data in enumerate(_LOGGED, machine.appliedIndex + 1)])

    benchmark(apply)


def bench_appendToLog(benchmark: Benchmark) -> None:
    """
    Append entries to the log, on a disk in memory.
    """
    log = LogStorage.open(MemoryFiles(), "/log", Random(1))
    steps = count(1)

    def write() -> None:
        step = next(steps)
        first = (step - 1) * COMMANDS + 1
        batch = Batch([Entry(index, 1, data) for index, data in enumerate(_LOGGED, first)])
        log.write([Persist(step, 1, None, batch)])

    benchmark(write)


def _ask(benchmark: Benchmark, batch: Batch) -> None:
    """
    Have a server ask another one, and be answered, on the simulated network, which has its part in what it takes.
    """
    network = Network()
    asking, asked = Peer(network, 0), Peer(network, 1)
    link = asking.link(1)
    asked.listen()
    network.settle()
    request = Timed(AppendEntries(3, 7, 2, 5, 4, batch), 1_700_000_000_000)
    reply = Timed(AppendEntriesReply.accepted(term=3, matchIndex=7, prevLogIndex=7, readRound=4), 0)
    answers: list[Timed] = []

    def ask() -> None:
        link.send(request).addCallback(answers.append)
        network.settle()
        asked.receiver.asked.pop()[2].callback(reply)
        network.settle()
        assert answers.pop() == reply

    benchmark(ask)


def bench_askPeer(benchmark: Benchmark) -> None:
    """
    A heartbeat, and its answer.
    """
    _ask(benchmark, NO_ENTRIES)


def bench_askPeerToAppend(benchmark: Benchmark) -> None:
    """
    The same with entries.
    """
    _ask(benchmark, Batch([Entry(index, 3, data) for index, data in enumerate(_LOGGED, 8)]))
