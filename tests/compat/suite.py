"""
What is known of a suite.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.compat.outcome import Outcome

HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Kit:
    """
    What is installed for the suites.

    @ivar python: the Python of the environment that has their packages.
    @ivar sources: the folder of unpacked source distributions.
    """

    python: Path
    sources: Path

    def version(self, distribution: str) -> str:
        """
        Which version of a package is there.
        """
        code = f"from importlib.metadata import version; print(version({distribution!r}))"
        return subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    def source(self, distribution: str) -> Path:
        """
        Where its source distribution is unpacked.
        """
        (found,) = (path for path in self.sources.glob(f"{distribution}-*") if path.is_dir())
        return found

    def folder(self, distribution: str) -> Path:
        """
        Where a package is installed.
        """
        code = f"from importlib.util import find_spec; print(find_spec({distribution!r}).submodule_search_locations[0])"
        return Path(
            subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        )


@dataclass(frozen=True, slots=True)
class Call:
    """
    How a suite is run.

    @ivar command: the program, and what it is told.
    @ivar environment: what it finds in its environment besides.
    @ivar folder: where it runs; C{None} for where this is.
    """

    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """
    Somebody's tests.

    @ivar name: what they are called.
    @ivar version: tells whose version it is.
    @ivar call: how they are run against a port.
    @ivar count: reads what they printed.
    @ivar seconds: after these it is ended: it hangs.
    @ivar short: how a part of them is run, where all would take long; C{None} for all of them.
    @ivar countDisturbed: reads the same of a run in which leaders died; C{None} for those that do not stand it that an
        answer takes a second or two.
    """

    name: str
    version: Callable[[Kit], str]
    call: Callable[[Kit, int], Call]
    count: Callable[[str], Outcome]
    seconds: float = 300
    short: Callable[[Kit, int], Call] | None = None
    countDisturbed: Callable[[str], Outcome] | None = None

    def title(self, kit: Kit) -> str:
        """
        Its name, and whose version it is.
        """
        return f"{self.name} {self.version(kit)}".rstrip()
