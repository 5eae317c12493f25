"""
Why a connection with TLS did not come to be, in words for whoever operates a server.
"""

from __future__ import annotations

from typing import Final

from OpenSSL.SSL import Error
from service_identity import VerificationError

_WORDS: Final = {
    "certificate verify failed": "its certificate is of no authority that is believed here, or has ended",
    "peer did not return a certificate": "it has no certificate",
    "wrong version number": "it does not speak TLS",
    "http request": "it does not speak TLS",
    "unsupported protocol": "it speaks an older TLS than 1.3",
}
"""
What OpenSSL says, as far as it is to be expected.
"""


def handshakeMistake(exception: BaseException | None) -> str | None:
    """
    Tell what was wrong with the other side, or what it has found wrong with this one.

    @param exception: with what the connection has ended.
    @return: C{None} if it is not of TLS.
    """
    if isinstance(exception, VerificationError):
        return "its certificate is that of another server"
    if not isinstance(exception, Error):
        return None
    errors = exception.args[0] if exception.args and isinstance(exception.args[0], list) else []
    said = ", ".join(str(error[-1]) for error in errors) or "no reason is given"
    if "alert" in said:
        return f"it does not accept the certificate of this end ({said})"
    return next((words for known, words in _WORDS.items() if known in said), f"TLS failed ({said})")
