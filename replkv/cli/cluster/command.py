"""
C{replkv cluster}: all servers of a servers file.
"""

from __future__ import annotations

import os
import signal
import sys

from replkv.cli.cluster.run import Cluster
from replkv.cli.cluster.terminal import TerminalWatch, standardTerminal
from replkv.cli.command import ServersCommand, runReactor
from replkv.cli.streams import StreamError, say
from replkv.config import Config
from replkv.reactors import ISystemReactor


class ClusterCommand(ServersCommand):
    """
    C{replkv cluster}.
    """

    synopsis = "[--config FILE]"
    longdesc = (
        "Starts all servers of the servers file on this machine, and stays in the foreground to tell what happens "
        "to them. A server that dies is started again. Ctrl-C stops all, and so does the end of the terminal. Where no "
        "servers file is found, these are three servers on localhost, with their data in the current folder's var."
    )

    def run(self, filename: str, config: Config) -> int:
        """
        Run all servers until they are told to stop.
        """
        self.notice(config)

        async def main(reactor: ISystemReactor) -> int:
            cluster = Cluster(reactor, config, filename, _sayIfWatched)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                # With nohup, the end of the terminal is to be none of its concern.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    signal.signal(number, lambda *_: reactor.callFromThread(cluster.stop))
            terminal = standardTerminal()
            if terminal is not None and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
                TerminalWatch(reactor, terminal, cluster.stop).start()
            return await cluster.run()

        return runReactor(main)


def _sayIfWatched(line: str) -> None:
    # Whoever watched may have gone, which is no reason to stop.
    try:
        say(line)
    except StreamError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
