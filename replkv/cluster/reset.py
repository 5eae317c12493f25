"""
The end of a cluster: all that its servers have stored on this machine is removed.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack

from replkv.config import Config, ConfigError
from replkv.storage.files import Locked, OSFiles

_STAMP = "stamp.json"
_WITHOUT_STAMP = frozenset(["lock", "server.log", "stamp.json.new"])
"""
What may be in a folder that was made for a server which then never got as far as stamping it.
"""


def removeData(config: Config) -> list[str]:
    """
    Remove the data folders of all servers of a servers file. Either all are found fit to be removed, or nothing is.

    @return: the folders that were removed.
    @raise ConfigError: if a server runs, or a folder is not one that a server made.
    """
    paths = [os.path.join(config.path, str(server.id)) for server in config.servers]
    paths = [path for path in paths if os.path.lexists(path)]
    with ExitStack() as locks:
        for path in paths:
            try:
                _check(path)
                locks.callback(OSFiles().lock(os.path.join(path, "lock")).release)
            except Locked:
                raise ConfigError(f"nothing was removed: a server is running on {path}, stop it first") from None
            except OSError as error:
                raise ConfigError(f"nothing was removed: {path}: {error.strerror}") from None
        for path in paths:
            try:
                shutil.rmtree(path)
            except OSError as error:
                raise ConfigError(f"{path} cannot be removed: {error.strerror}") from None
    return paths


def _check(path: str) -> None:
    if os.path.islink(path) or not os.path.isdir(path):
        raise ConfigError(f"nothing was removed: {path} is not a folder")
    names = os.listdir(path)
    if _STAMP not in names and not _WITHOUT_STAMP.issuperset(names):
        raise ConfigError(f"nothing was removed: {path} is not a server's data folder, it has no {_STAMP}")
