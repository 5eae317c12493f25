"""
Where a server that does not lead sends its clients.
"""

from __future__ import annotations

from typing import Final

from replkv.client.connections import Address
from replkv.client.replies import Reply

REDIRECT: Final = b"ERR_REDIRECT "


def namedBy(redirect: Reply) -> Address | None:
    """
    The server that a redirect names; C{None} if that is none.
    """
    _, host, port = (*redirect.line.decode("ascii", "replace").split(" "), "", "")[:3]
    if not host or not port.isdigit() or not 1 <= int(port) <= 65535:
        return None
    return Address(host, int(port))
