"""
Why something with a server failed, in words for whoever operates it.
"""

from __future__ import annotations

import os
from typing import Final

from twisted.internet import error

_WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (error.ConnectionRefusedError, "connection refused"),
    (error.ConnectionDone, "it closed the connection"),
    (error.ConnectionLost, "the connection was lost"),
)

_TLS: Final = ("OpenSSL", "service_identity")
"""
The packages with the exceptions of TLS.
"""


def reasonOf(exception: BaseException | None) -> str:
    """
    What an exception of the network's says, without what it looks like from inside.
    """
    for kind, words in _WORDS:
        if isinstance(exception, kind):
            return words
    if isinstance(exception, error.ConnectError):
        # Twisted keeps the system's number, and says for what it has no class of its own only that it failed.
        number = exception.osError
        return os.strerror(number).lower() if isinstance(number, int) else "no connection"
    if type(exception).__module__.partition(".")[0] in _TLS:
        # Imported only where there is TLS.
        from replkv.handshakes import handshakeMistake

        return handshakeMistake(exception) or str(exception)
    return str(exception) or type(exception).__name__
