"""
How pydoctor makes the documentation of the API: with links to Twisted's.
"""

from __future__ import annotations

import re
from typing import Any, Final

from pydoctor.model import System
from pydoctor.sphinx import SphinxInventory

TWISTED: Final = "https://docs.twisted.org/en/stable/api"


class TwistedInventory(SphinxInventory):
    """
    Knows by a name where Twisted documents it. The inventory that Twisted offers would have to be fetched, and without
    a network every link to it would be a mistake.
    """

    def getLink(self, name: str) -> str | None:
        """
        See L{SphinxInventory.getLink}. There is a page for each module and for each class.
        """
        found = re.fullmatch(r"(twisted(?:\.[a-z_0-9]+)*(?:\.[A-Z]\w*)?)(?:\.(\w+))?", name)
        if found is None:
            return super().getLink(name)
        page, member = found.groups()
        return f"{TWISTED}/{page}.html" + (f"#{member}" if member else "")


class Documentation(System):
    """
    The documentation of replkv.
    """

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.intersphinx = TwistedInventory(logger=self.msg)
