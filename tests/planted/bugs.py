"""
All known bugs.
"""

from __future__ import annotations

from typing import Final

from tests.planted import clock_bugs, cluster_bugs, core_bugs

BUGS: Final = (*core_bugs.BUGS, *cluster_bugs.BUGS, *clock_bugs.BUGS)
