"""
What was typed at the prompt, kept from one run to the next.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import Final

try:
    import readline
except ImportError:
    readline = None  # type: ignore[assignment]


_LOGIN: Final = re.compile(r"""\s*["']?auth\b""", re.IGNORECASE)
"""
How a line begins by which somebody would log in, if there were such a command here.
"""


def historyFile() -> str:
    """
    Where the history is kept: in the folder that the XDG Base Directory Specification has for such files.
    """
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.expanduser("~/.local/state")
    return os.path.join(state, "replkv", "history")


class History:
    """
    The lines that readline shows to whoever goes back. They may be secret, so nobody else can read the file, and a line
    that begins with a space is not kept, nor one that may have a token in it. Where the file cannot be read or written,
    it lasts for this run alone.
    """

    MAX_LINES: Final = 1000
    # One longer than that, a value most likely, is not worth keeping.
    MAX_LENGTH: Final = 4096

    def __init__(self, path: str) -> None:
        """
        @param path: the file.
        """
        self._path = path
        self._last = ""

    def begin(self) -> None:
        """
        Read the file, or make it.
        """
        readline.set_auto_history(False)
        readline.set_history_length(self.MAX_LINES)
        with suppress(OSError):
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            os.chmod(self._path, 0o600)
            readline.read_history_file(self._path)
            if readline.get_current_history_length() > 2 * self.MAX_LINES:
                readline.write_history_file(self._path)

    def add(self, line: str) -> None:
        """
        Add a line, at once, so that it is not lost when the terminal is closed.
        """
        if readline is None or not line.strip() or line[0] == " " or line == self._last or len(line) > self.MAX_LENGTH:
            return
        if _LOGIN.match(line):
            return
        self._last = line
        readline.add_history(line)
        with suppress(OSError):
            readline.append_history_file(1, self._path)
