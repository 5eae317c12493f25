"""
The end of a cluster: all that its servers have stored on this machine is removed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from replkv.config import Config, ConfigError, ServerConfig
from replkv.service.ports import PortError, PortInUse, bind
from replkv.storage.files import Locked, OSFiles

_STAMP: Final = "stamp.json"
_WITHOUT_STAMP: Final = frozenset(["lock", "server.log", "server.pid", "stamp.json.new"])
"""
What may be in a folder that was made for a server which then never got as far as stamping it.
"""

_MAX_STAMP_BYTES: Final = 1 << 20


def removeData(config: Config, agree: Callable[[list[str]], bool]) -> list[str]:
    """
    Remove the data folders of all servers of a servers file. Either all are found fit to be removed, or nothing is.

    @param agree: is given a line for each folder, and tells whether to remove them. No server can start meanwhile.
    @return: the folders that were removed; none if it is not agreed.
    @raise ConfigError: if a server runs, or if a folder is not one that a server of this cluster made.
    """
    found = [(server, os.path.join(config.path, str(server.id))) for server in config.servers]
    found = [(server, path) for server, path in found if os.path.lexists(path)]
    with ExitStack() as locks:
        for server, path in found:
            try:
                _check(path, config.cluster, server.id)
                locks.callback(OSFiles().lock(os.path.join(path, "lock")).release)
            except Locked:
                raise ConfigError(f"nothing was removed: a server is running on {path}, stop it first") from None
            except OSError as error:
                raise ConfigError(f"nothing was removed: {path}: {error.strerror}") from None
            _checkPorts(server)
        if found and not agree([f"{path} ({_size(path)})" for _, path in found]):
            return []
        for _, path in found:
            try:
                shutil.rmtree(path)
            except OSError as error:
                raise ConfigError(f"{path} cannot be removed: {error.strerror}") from None
    return [path for _, path in found]


def _check(path: str, cluster: str, serverId: int) -> None:
    """
    Refuse what is not the data folder of this server.

    @raise OSError: if it cannot be looked at.
    """
    if os.path.islink(path) or not os.path.isdir(path):
        raise ConfigError(f"nothing was removed: {path} is not a folder")
    names = os.listdir(path)
    if _STAMP not in names:
        if not _WITHOUT_STAMP.issuperset(names):
            raise ConfigError(f"nothing was removed: {path} is not a server's data folder, it has no {_STAMP}")
        return
    with open(os.path.join(path, _STAMP), "rb") as file:
        content = file.read(_MAX_STAMP_BYTES)
    try:
        stamp = json.loads(content)
    except (ValueError, RecursionError):
        stamp = None
    match stamp:
        case {"Cluster": str(of), "Id": int(number)}:
            if (of, number) != (cluster, serverId):
                what = f"{path} belongs to server {number} of the cluster {of!r}"
                raise ConfigError(f"nothing was removed: {what}, not to server {serverId} of {cluster!r}")
        case _:
            raise ConfigError(f"nothing was removed: it cannot be told whose {path} is, its {_STAMP} is damaged")


def _checkPorts(server: ServerConfig) -> None:
    """
    Refuse to remove the data of a server that runs, though somebody has removed its lock.
    """
    host = server.listen or server.hostname
    for key, port in server.ports:
        try:
            for listening in bind(host, port, key):
                listening.close()
        except PortInUse as error:
            raise ConfigError(f"nothing was removed: server {server.id}: {error}") from None
        except PortError:
            # It could not be listened on by the server either.
            continue


def _size(path: str) -> str:
    size = 0
    for folder, _, names in os.walk(path):
        size += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
    return f"{size / (1 << 20):.1f} MiB"
