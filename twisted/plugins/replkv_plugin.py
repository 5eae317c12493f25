"""
Makes C{twistd replkv} known to twistd.
"""

from typing import Any

from twisted.application.service import ServiceMaker

from replkv.service.startup import prepareServer


class _ServerMaker(ServiceMaker):  # type: ignore[misc]
    """
    Prepares the process when twistd asks for the options of C{replkv}, and so before all that these import is there.
    """

    @property
    def options(self) -> Any:
        prepareServer()
        return super().options


replkv = _ServerMaker("replkv", "replkv.service.tap", "A server of a replicated key-value store.", "replkv")
