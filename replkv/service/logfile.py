"""
The log file of a server.
"""

from __future__ import annotations

import os
import signal
from typing import Any, Final

from twisted.application.service import MultiService
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import ILogObserver, Logger, textFileLogObserver
from twisted.python.logfile import LogFile

FILE_BYTES: Final = 10 * 1024 * 1024
"""
How long a log file becomes, before the last line.
"""

FILES: Final = 10
"""
How many there are at the most, the oldest of which go: whatever happens, a server's log does not fill its disk.
"""


class LoggedService(MultiService):
    """
    A service whose log goes to a file. One that is full is moved away, and the last of these are kept. SIGHUP has the
    file opened again, for those who have moved it away themselves, and SIGUSR1 has it moved away, as twistd's own log
    file is.
    """

    _logger = Logger()

    def __init__(self, reactor: IReactorFromThreads, filename: str) -> None:
        """
        @raise OSError: if the file cannot be opened.
        """
        super().__init__()
        # Twisted keeps so many beside the one that is written to.
        self._file = LogFile.fromFullPath(filename, rotateLength=FILE_BYTES, maxRotatedFiles=FILES - 1)
        folder = os.path.dirname(self._file.path)
        if not os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            self._logger.warn(
                "the log file cannot be moved away when it is full, and grows without end: this server may not write "
                "in {folder}",
                folder=folder,
            )
        signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(self.reopen))
        signal.signal(signal.SIGUSR1, lambda *_: reactor.callFromThread(self._file.rotate))

    def setServiceParent(self, parent: Any) -> None:
        """
        See L{IService.setServiceParent<twisted.application.service.IService.setServiceParent>}. This is how twistd lets
        an application have a log of its own.

        @param parent: the application.
        """
        parent.setComponent(ILogObserver, textFileLogObserver(self._file))
        super().setServiceParent(parent)

    def reopen(self) -> None:
        """
        Open the file again, by its name.
        """
        try:
            # Tried first, since the file that is open is lost to whoever closes it.
            with open(self._file.path, "ab"):
                pass
        except OSError as error:
            self._logger.error("the log file cannot be opened again, and is kept: {error}", error=error)
            return
        self._file.reopen()
        self._logger.info("the log file was opened again")
