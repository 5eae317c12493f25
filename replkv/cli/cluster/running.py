"""
The servers of a servers file that run on this machine already.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from replkv.config import Config
from replkv.storage.files import Locked, OSFiles


@dataclass(frozen=True)
class Running:
    """
    A server that somebody has started.

    @ivar id: its id.
    @ivar pid: its process; C{None} if that cannot be told.
    @ivar pidFile: where that is written down.
    """

    id: int
    pid: int | None
    pidFile: str


def runningServers(config: Config) -> list[Running]:
    """
    Find the servers whose data folders are in use.
    """
    found = []
    for server in config.servers:
        path = os.path.join(config.path, str(server.id))
        if _isLocked(os.path.join(path, "lock")):
            pidFile = os.path.join(path, "server.pid")
            found.append(Running(server.id, _pid(pidFile), pidFile))
    return found


def howToStop(servers: list[Running]) -> str:
    """
    Say in one line which servers run, and how to stop them.
    """
    names = [
        f"{server.id} ({f'pid {server.pid}, of' if server.pid else 'no pid in'} {server.pidFile})" for server in servers
    ]
    one = len(names) == 1
    if one:
        what = f"server {names[0]} is running already: stop it"
    else:
        what = f"servers {', '.join(names)} are running already: stop them"
    # Killed, they would be started again by a "replkv cluster" that runs still.
    how = f"first, with Ctrl-C where {'it was' if one else 'they were'} started"
    pids = " ".join(str(server.pid) for server in servers if server.pid)
    return f"{what} {how}{f', or with: kill {pids}' if pids else ''}"


def _isLocked(path: str) -> bool:
    # To lock a file is to make it; there is none where no server ever ran.
    if not os.path.exists(path):
        return False
    try:
        OSFiles().lock(path).release()
    except Locked:
        return True
    except OSError:
        # The server that is to be started meets it too, and says what is wrong.
        return False
    return False


def _pid(path: str) -> int | None:
    try:
        with open(path) as file:
            return int(file.read(20))
    except (OSError, ValueError):
        return None
