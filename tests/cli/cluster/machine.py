"""
A machine on the simulated network, with processes that do what the test tells them to.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from typing import AnyStr

from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.interfaces import IProcessProtocol, IProcessTransport, IReactorProcess
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from replkv.testing.cluster.process import Process
from tests.network import Network


@implementer(IProcessTransport)
class FakeProcess(StringTransport):
    """
    A process.

    @ivar args: its command line.
    @ivar signals: the signals that it was sent.
    """

    def __init__(self, protocol: IProcessProtocol, pid: int, args: Sequence[bytes | str]) -> None:
        super().__init__()
        self.protocol = protocol
        self.pid = pid
        self.args = args
        self.signals: list[str | int] = []
        self._ended = False

    def end(self, status: int | None = None, killedBy: int | None = None, error: bytes = b"") -> None:
        """
        Write something to the standard error, and end.
        """
        self._ended = True
        if error:
            self.protocol.childDataReceived(2, error)
        reason = ProcessTerminated(status, killedBy) if status or killedBy else ProcessDone(0)
        self.protocol.processEnded(Failure(reason))

    def signalProcess(self, signalID: str | int) -> None:
        """
        See L{IProcessTransport.signalProcess}.
        """
        if self._ended:
            raise ProcessExitedAlready()
        self.signals.append(signalID)
        if signalID == "KILL":
            self.end(killedBy=signal.SIGKILL)

    def closeStdin(self) -> None:
        """
        See L{IProcessTransport.closeStdin}.
        """

    def closeStdout(self) -> None:
        """
        See L{IProcessTransport.closeStdout}.
        """

    def closeStderr(self) -> None:
        """
        See L{IProcessTransport.closeStderr}.
        """

    def closeChildFD(self, descriptor: int) -> None:
        """
        See L{IProcessTransport.closeChildFD}.
        """

    def writeToChild(self, childFD: int, data: bytes) -> None:
        """
        See L{IProcessTransport.writeToChild}.
        """


@implementer(IReactorProcess)
class Machine(Process):
    """
    A reactor that makes such processes.

    @ivar processes: all that were ever made.
    @ivar lacking: with which error it refuses to make one; 0 for none.
    """

    def __init__(self, network: Network) -> None:
        super().__init__(network.timeline, network, "machine")
        self.processes: list[FakeProcess] = []
        self.lacking = 0

    def spawnProcess(
        self,
        processProtocol: IProcessProtocol,
        executable: bytes | str,
        args: Sequence[bytes | str],
        env: Mapping[AnyStr, AnyStr] | None = None,
        path: bytes | str | None = None,
        uid: int | None = None,
        gid: int | None = None,
        usePTY: bool = False,
        childFDs: Mapping[int, int | str] | None = None,
    ) -> IProcessTransport:
        """
        See L{IReactorProcess.spawnProcess}.
        """
        if self.lacking:
            raise OSError(self.lacking, os.strerror(self.lacking))
        process = FakeProcess(processProtocol, 100 + len(self.processes), args)
        self.processes.append(process)
        processProtocol.makeConnection(process)
        return process
