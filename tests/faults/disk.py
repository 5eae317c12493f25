"""
A disk that is small.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


class SmallDisk:
    """
    A file system in memory that takes only so many bytes.
    """

    def __init__(self, path: Path, size: int) -> None:
        """
        Put it in the place of a folder, which is made where it is missing. Skips the test where that is not allowed.
        """
        path.mkdir(parents=True, exist_ok=True)
        self._path = str(path)
        try:
            self._run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self._path)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else error
            pytest.skip(f"a disk cannot be mounted here ({reason}); of full disks, the nemesis has others")

    def grow(self, size: int) -> None:
        """
        Have room for so many bytes in all.
        """
        self._run("mount", "-o", f"remount,size={size}", self._path)

    def close(self) -> None:
        """
        Remove it, with all that is on it.
        """
        # Even if something still has a file open there: no mount may stay behind.
        self._run("umount", "--lazy", self._path)

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, text=True)
