"""
Settings of programs that use memcached, and whether they do what they should.

Each module has the settings as docs/compatibility.md has them, and checks of what they make. They run in the
environment of the suites: C{python -m tests.compat.settings PORT}. Programs are imported where they are used, so that
the settings can be read where the programs are not.
"""

from __future__ import annotations

from typing import Any, Final

PORT: Final = 11211
"""
The port that stands in the settings.
"""


def made(settings: str, port: int) -> dict[str, Any]:
    """
    Take settings as a program does that has them in a module.

    @param port: the port to have in them.
    @return: the names in it.
    """
    names: dict[str, Any] = {}
    exec(settings.replace(str(PORT), str(port)), names)
    del names["__builtins__"]
    return names
