"""
Tests for a server that cannot begin, for what it is made of, for its ports, and for its stop where its store fails; all
else about servers is tested on real processes.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
from random import Random
from types import SimpleNamespace

from twisted.internet.address import IPv4Address
from twisted.internet.defer import fail, succeed

from replkv import exits
from replkv.commands.command import LoggedCommand
from replkv.commands.grant import GrantRight
from replkv.commands.useradd import UserAdd
from replkv.frontends.limits import ConnectionLimits, IntakeLimits
from replkv.kv.engine import EngineError
from replkv.kv.limits import MachineLimits
from replkv.kv.machine import StateMachine
from replkv.kv.record import Record
from replkv.kv.rocks import RocksEngine
from replkv.kv.state import MachineState
from replkv.node.limits import NodeLimits
from replkv.node.node import Node
from replkv.raft.entry import Batch, Entry
from replkv.raft.limits import RaftLimits
from replkv.raft.outputs import Persist
from replkv.service.limits import ServerLimits
from replkv.service.thread import SystemThread
from replkv.storage.errors import LogFailed
from replkv.storage.files import Exhausted, OSFiles
from replkv.storage.folder import DataFolder
from replkv.users.rights import Right
from tests.service.serving import ServerTests, ThreadlessTests
from tests.users.people import secretOf


class StartTests(ServerTests):
    """
    Tests for what is found wrong when the process has daemonized already.
    """

    def assertStopsItself(self, reason: str, status: int = exits.DISK) -> None:
        """
        The server starts, only to stop with one line and a status, and to leave nothing behind.
        """
        self.server.startService()
        self.reactor.run()
        self.assertEqual(self.stderr.getvalue().count("\n"), 1)
        self.assertIn("server 0 stops itself: ", self.stderr.getvalue())
        self.assertIn(reason, self.stderr.getvalue())
        self.assertEqual(self.server.exitStatus, status)
        self.assertTrue(self.reactor.hasStopped)
        self.successResultOf(self.server.stopService())
        DataFolder.open(OSFiles(), os.path.dirname(self.folder.logPath), 0, "replkv", [0], Random(1)).close()

    def test_logCannotBeRead(self) -> None:
        """
        The log cannot be read where it has to be replayed.
        """

        def fail(first: int, last: int, maxBytes: int) -> list[Entry]:
            raise LogFailed("the disk failed under the log")

        self.patch(self.storage, "read", fail)
        self.assertStopsItself("the disk failed under the log")

    def test_storeCannotBeOpened(self) -> None:
        """
        The store cannot be opened.
        """
        with open(self.folder.storePath(0), "w"):
            pass
        self.assertStopsItself(self.folder.storePath(0))

    def test_noDescriptorForLog(self) -> None:
        """
        The system has no descriptor for the log. The disk is not to blame.
        """

        def fail(first: int, last: int, maxBytes: int) -> list[Entry]:
            raise Exhausted(errno.EMFILE, os.strerror(errno.EMFILE))

        self.patch(self.storage, "read", fail)
        self.assertStopsItself("Too many open files", exits.SYSTEM)

    def test_noMemoryForStore(self) -> None:
        """
        The system has no memory for the store. The disk is not to blame.
        """

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

        self.patch(mmap, "mmap", refuse)
        self.assertStopsItself("too little memory", exits.SYSTEM)

    def test_storeIsAheadOfLog(self) -> None:
        """
        The store has what the log lacks: the log has lost entries.
        """
        for state in (MachineState(7, 1).encode(), struct.pack(">QQQ", 7, 0, 0)):
            self.prepare(1)
            self.keep({b"m": state})
            self.assertStopsItself("has applied entry 7, but the log ends at 1")

    def keep(self, values: dict[bytes, bytes]) -> None:
        """
        Have a store in which this is.
        """
        store = RocksEngine(self.folder.storePath(self.storage.store))
        store.write(values)
        store.close()

    def test_storeOfAnotherLog(self) -> None:
        """
        The store has an entry of another term applied than the log has.
        """
        self.keep({b"m": MachineState(1, 2).encode()})
        self.assertStopsItself("has applied entry 1 of term 2, but the log has that entry of term 1")

    def test_newerStore(self) -> None:
        """
        The store was left by a later version. That is nothing that a supervisor may try again, and no broken disk.
        """
        self.keep({b"m": struct.pack(">I", 99) + bytes(40)})
        self.assertStopsItself("the store has format 99, and this version of replkv knows none", exits.CONFIGURATION)

    def test_storeIsBehindLog(self) -> None:
        """
        The store lacks what is no longer in the log.
        """
        self.storage.restart(9, 1, 0)
        self.keep({b"m": MachineState(7, 1).encode()})
        self.assertStopsItself("has applied entry 7, but the log begins after entry 9")

    def test_anythingElse(self) -> None:
        """
        Whatever else goes wrong, early or late, is an error of the server's own.
        """

        def fail(*_: object) -> None:
            raise RuntimeError("can't start new thread")

        self.patch(SystemThread, "start", fail)
        self.assertStopsItself('RuntimeError("can\'t start new thread")', exits.INTERNAL)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def test_lastOfAll(self) -> None:
        """
        That is so even if all but the last has been begun.
        """

        def fail(*_: object) -> None:
            raise RuntimeError("no")

        self.patch(Node, "start", fail)
        self.assertStopsItself("RuntimeError('no')", exits.INTERNAL)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)


class LimitsTests(ThreadlessTests):
    """
    Tests for the limits of a server.
    """

    def test_handedDown(self) -> None:
        """
        Whatever a server is made of has the limits that the server was given.
        """
        limits = ServerLimits(
            RaftLimits(unanswered=9),
            MachineLimits(purged=9),
            NodeLimits(commands=9),
            ConnectionLimits(9),
            IntakeLimits(9),
        )
        self.prepare(1, limits)
        self.server.startService()
        parts = self.server._parts
        assert parts is not None
        node, clients = parts.node, parts.clients
        self.assertEqual([node.raft.config.limits, node.raft.log._limits], [limits.raft] * 2)
        self.assertIs(node._applier._machine._limits, limits.machine)
        for part in (node._applier, node._disk, node.executor._proposals, node.executor._deadlines):
            self.assertIs(part._limits, limits.node)
        self.assertIs(clients.limits, limits.connection)
        self.assertIs(clients.intake._limits, limits.intake)
        self.successResultOf(self.server.stopService())


class PortTests(ThreadlessTests):
    """
    Tests for ports that cannot be served.
    """

    def test_notListening(self) -> None:
        """
        A server that the system gives no descriptor for one of its ports does not go on without it, and says so once,
        for however many.
        """
        names = ["listenForClients", "listenForServers", "listenForMemcached"]
        for kinds in (*([name] for name in names), names):
            error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            for kind in kinds:
                self.patch(self.server._on.host, kind, lambda factory, error=error: [fail(error), fail(error)])
            self.server.startService()
            self.reactor.run()
            self.assertEqual(self.stderr.getvalue().count("\n"), 1)
            self.assertIn("does not let it take connections", self.stderr.getvalue())
            self.assertIn("Too many open files", self.stderr.getvalue())
            self.assertEqual(self.server.exitStatus, exits.SYSTEM)
            self.assertTrue(self.reactor.hasStopped)
            self.successResultOf(self.server.stopService())
            self.setUp()

    def test_errorOfItsOwn(self) -> None:
        """
        Nor does it where a port fails for a reason that nobody has thought of.
        """
        self.patch(self.server._on.host, "listenForClients", lambda factory: [fail(ZeroDivisionError("oops"))])
        self.server.startService()
        self.reactor.run()
        self.assertIn("an error of its own", self.stderr.getvalue())
        self.assertEqual(self.server.exitStatus, exits.INTERNAL)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        self.successResultOf(self.server.stopService())


class OpenTests(ThreadlessTests):
    """
    Tests for what a server says where others than its host can reach the port for clients.
    """

    def told(self, host: str, *commands: LoggedCommand, key: str = "ClientPort") -> bool:
        """
        Whether it says that anybody can do anything.

        @param host: on which it listens.
        @param commands: those that it has carried out.
        @param key: by which port.
        """
        self.prepare(1)
        store = RocksEngine(self.folder.storePath(self.storage.store))
        machine = StateMachine(store)
        entries = [Entry(index, 1, command.encode(1)) for index, command in enumerate(commands, 2)]
        if commands:
            self.storage.write([Persist(1, 1, 0, Batch(entries))])
        machine.apply([Entry(1, 1, b""), *entries])
        machine.close()
        port = SimpleNamespace(getHost=lambda: IPv4Address("TCP", host, 9000), stopListening=lambda: succeed(None))
        kind = {"ClientPort": "listenForClients", "MemcachedPort": "listenForMemcached"}[key]
        self.patch(self.server._on.host, kind, lambda factory: [succeed(port)])
        self.lines.clear()
        self.server.startService()
        self.successResultOf(self.server.stopService())
        return any(line.startswith(f"whoever reaches the {key} on ") for line in self.lines)

    def test_open(self) -> None:
        """
        It says so where others reach it, and as long as nobody has been made to decide who may do what.
        """
        for key in ("ClientPort", "MemcachedPort"):
            self.assertTrue(self.told("10.0.0.1", key=key))
            self.assertFalse(self.told("127.0.0.1", key=key))
        root = UserAdd(b"root", secretOf(b"root")), GrantRight(b"root", Right.ADMIN, b"")
        self.assertTrue(self.told("10.0.0.1", root[0]))
        self.assertFalse(self.told("10.0.0.1", *root))


class OldStoreTests(ThreadlessTests):
    """
    Tests for a server whose store an earlier version has left.
    """

    def test_converted(self) -> None:
        """
        The store is converted, with the term of its last entry from the log; its operator is told, once.
        """
        store = RocksEngine(self.folder.storePath(self.storage.store))
        store.write({b"m": struct.pack(">QQQ", 1, 5000, 1), b"kkey": struct.pack(">QQ", 1, 0) + b"value"})
        store.close()
        self.server.startService()
        assert self.server._parts is not None
        machine = self.server._parts.machine
        self.assertEqual((machine.appliedIndex, machine.appliedTerm, machine.clock), (1, 1, 5000))
        self.assertEqual(machine.read(b"key"), Record(1, 0, b"value"))
        told = [line for line in self.lines if line.startswith("the store was left by an earlier version of replkv; ")]
        self.assertEqual(len(told), 1)
        self.assertIn("converted to format 2: 1 records, in ", told[0])
        self.successResultOf(self.server.stopService())


class StopTests(ThreadlessTests):
    """
    Tests for a server that stops while its store fails.
    """

    def test_storeFails(self) -> None:
        """
        A store that cannot be flushed and not even be closed, as on a full disk, does not keep the process: all threads
        end, and the folder is free.
        """

        def fail(machine: StateMachine) -> None:
            raise EngineError("no space left")

        self.server.startService()
        assert self.server._parts is not None
        machine = self.server._parts.machine
        self.addCleanup(machine.close)
        self.patch(StateMachine, "flush", fail)
        self.patch(StateMachine, "close", lambda machine: fail(machine))
        self.successResultOf(self.server.stopService())
        self.assertEqual(self.lines[-1], "server 0 has stopped")
        self.assertEqual(sum("no space left" in line for line in self.lines), 2)
        DataFolder.open(OSFiles(), os.path.dirname(self.folder.logPath), 0, "replkv", [0], Random(1)).close()
