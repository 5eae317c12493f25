"""
Who may read the data: the server's own account, and no other.
"""

from __future__ import annotations

import os
import stat
from typing import Final

UMASK: Final = 0o077
"""
What files and folders are made with, RocksDB's too.
"""


def tighten(folder: str) -> int:
    """
    Take from all others what they may do with a folder and what is in it. Symbolic links are left alone.

    @return: how many files and folders others could do something with.
    @raise OSError: if the system refuses.
    """
    found = 0
    for path, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            found += _tighten(os.path.join(path, name))
    return found


def _tighten(path: str) -> bool:
    mode = os.lstat(path).st_mode
    isOpen = not stat.S_ISLNK(mode) and bool(stat.S_IMODE(mode) & UMASK)
    if isOpen:
        os.chmod(path, stat.S_IMODE(mode) & ~UMASK)
    return isOpen
