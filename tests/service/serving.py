"""
What the tests of a server stand on: one on a reactor in memory.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from random import Random
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from replkv.config import Config, ServerConfig
from replkv.raft.entry import Batch, Entry
from replkv.raft.outputs import Persist
from replkv.reactors import ISystemReactor
from replkv.service.certificates import Certificates, Protection
from replkv.service.descriptors import Descriptors
from replkv.service.host import OSHost
from replkv.service.limits import SERVER_LIMITS, ServerLimits
from replkv.service.server import Server
from replkv.service.thread import SystemThread
from replkv.storage.files import OSFiles
from replkv.storage.folder import DataFolder
from replkv.storage.log import LogStorage
from tests.logged import logged

SERVERS = tuple(ServerConfig(number, "127.0.0.1", 9000 + number, 10000 + number) for number in range(3))


class ServerTests(SynchronousTestCase):
    """
    What all tests of a server stand on.
    """

    def setUp(self) -> None:
        """
        The only server of a cluster, with an entry in its log that its store lacks.
        """
        self.prepare(1)

    def prepare(self, size: int, limits: ServerLimits = SERVER_LIMITS) -> None:
        """
        Make the first server of a cluster of C{size} servers.
        """
        path = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, path)
        self.stderr = io.StringIO()
        self.patch(sys, "__stderr__", self.stderr)
        self.reactor = MemoryReactorClock()
        self.folder = DataFolder.open(OSFiles(), os.path.join(path, "0"), 0, "replkv", range(size), Random(1))
        self.folder.begin(Random(2))
        self.storage = LogStorage.open(OSFiles(), self.folder.logPath, Random(1), 1 << 16)
        self.storage.write([Persist(1, 1, 0, Batch([Entry(1, 1, b"")]))])
        config = Config(path, "replkv", SERVERS[:size], 0.05, 0.25, 2.0, 5.0, 1 << 20, 100)
        host = OSHost(
            cast(ISystemReactor, self.reactor), [], [], [], Protection(config, Certificates(None, None), self.reactor)
        )
        descriptors = Descriptors(100, 24)
        self.server = Server(host, config, SERVERS[0], self.folder, self.storage, descriptors, limits)


class ThreadlessTests(ServerTests):
    """
    What all tests of a server stand on that starts well; its threads' work is done at once.
    """

    def setUp(self) -> None:
        """
        The server starts.
        """
        super().setUp()

        async def inThisThread(step: Callable[[], None]) -> None:
            step()

        self.patch(SystemThread, "run", lambda worker, step: Deferred.fromCoroutine(inThisThread(step)))
        self.lines = logged(self)
