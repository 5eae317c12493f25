"""
C{replkv clean-data}: an end to all that was stored.
"""

from __future__ import annotations

import sys
from typing import Final

from replkv.cli.cluster.reset import removeData
from replkv.cli.command import ServersCommand
from replkv.cli.statuses import DONE
from replkv.cli.streams import say
from replkv.config import Config, ConfigError


class CleanDataCommand(ServersCommand):
    """
    C{replkv clean-data}.
    """

    synopsis = "[--config FILE] [--yes]"
    longdesc = (
        "Removes all that the servers of the servers file have stored on this machine, for good, after it has asked. "
        "Refused while one of them runs."
    )
    optFlags: Final = [["yes", "y", "Do not ask."]]

    def run(self, filename: str, config: Config) -> int:
        """
        Remove the data.
        """
        self.notice(config)
        removed = removeData(config, lambda lines: self["yes"] or _agree(config, lines))
        for path in removed:
            say(f"removed {path}")
        if not removed:
            say("nothing was removed")
        return DONE


def _agree(config: Config, lines: list[str]) -> bool:
    """
    Ask whether data is to be removed.
    """
    if not sys.stdin.isatty():
        raise ConfigError("nothing was removed: there is nobody to ask, --yes removes without asking")
    for line in (f"this removes all data of the cluster {config.cluster!r} on this machine, for good:", *lines):
        say(line)
    try:
        return input("type yes to remove it: ").strip() == "yes"
    except EOFError:
        say("")
        return False
    except KeyboardInterrupt:
        say("\nnothing was removed")
        raise
