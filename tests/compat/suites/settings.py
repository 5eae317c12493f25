"""
What docs/compatibility.md says is to be written into the settings of programs, tried: L{tests.compat.settings}.
"""

from __future__ import annotations

from typing import Final

from tests.compat.counting import countMarks
from tests.compat.suite import Call, Kit, Suite


def _call(kit: Kit, port: int) -> Call:
    return Call([kit.python, "-m", "tests.compat.settings", str(port)])


SUITE: Final = Suite(name="settings", version=lambda kit: "", call=_call, count=countMarks)
