"""
The account that a server runs as, where root starts it and C{twistd --uid} names another one.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from twisted.python.util import runAsEffectiveUser

from replkv.config import ConfigError
from replkv.storage.files import OSFiles

_T = TypeVar("_T")


class Account(NamedTuple):
    """
    An account of the system.

    @ivar uid: the user's number.
    @ivar gid: the number of its group.
    """

    uid: int
    gid: int

    @classmethod
    def of(cls, twistd: Mapping[str, Any] | None) -> Account:
        """
        The account that twistd is going to change to, as it finds it; the present one if to none.

        @param twistd: its options.
        @raise ConfigError: if it cannot be told.
        """
        uid = None if twistd is None else twistd["uid"]
        gid = None if twistd is None else twistd["gid"]
        if uid is None:
            return cls(os.geteuid(), os.getegid() if gid is None else gid)
        try:
            return cls(uid, pwd.getpwuid(uid).pw_gid if gid is None else gid)
        except KeyError:
            raise ConfigError(
                f"no account has the number {uid}, which --uid names: --gid has to name its group"
            ) from None

    def run(self, function: Callable[[], _T]) -> _T:
        """
        Call a function as this account. What it makes belongs to that, and what that may not open, it may not either.
        """
        if self == (os.geteuid(), os.getegid()):
            return function()
        # As twistd does when it changes for good: what its other groups may open, it may.
        groups = os.getgroups()
        self._takeGroups()
        try:
            made: _T = runAsEffectiveUser(self.uid, self.gid, function)
            return made
        finally:
            os.setgroups(groups)

    def _takeGroups(self) -> None:
        try:
            os.initgroups(pwd.getpwuid(self.uid).pw_name, self.gid)
        except KeyError:
            os.setgroups([self.gid])

    def makeFolder(self, path: str) -> None:
        """
        Make a folder, with all above it that are missing, for this account: it may not make them where only root may.
        They are there after a loss of power too.

        @raise OSError: if the system refuses.
        """
        if os.path.lexists(path):
            return
        above = os.path.dirname(path)
        self.makeFolder(above)
        os.mkdir(path)
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        OSFiles().syncFolder(above)
