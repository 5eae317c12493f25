"""
Where servers find the certificates by which they know each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ID_PLACE: Final = "{id}"
"""
What stands for a server's id in the names of the files of L{TlsFiles}.
"""

SUGGESTED_TLS: Final = {
    "Certificate": f"tls/server-{ID_PLACE}.pem",
    "Key": f"tls/server-{ID_PLACE}.key",
    "Authority": "tls/authority.pem",
}
"""
C{Tls} in the servers file, where nobody wants it otherwise.
"""

WARNING_DAYS: Final = 30
"""
So many days before a certificate ends, operators are told.
"""


@dataclass(frozen=True)
class TlsFiles:
    """
    Where the servers find their certificates, in files of the PEM format. In the file, C{{id}} in a name stands for the
    server's id, and a relative one starts at the file's folder.

    @ivar certificate: the server's certificate, and any between that and the authority's.
    @ivar key: its private key.
    @ivar authority: the certificates of the authorities that are believed.
    """

    certificate: str
    key: str
    authority: str

    def of(self, serverId: int) -> TlsFiles:
        """
        Those of one server.
        """
        paths = (self.certificate, self.key, self.authority)
        return TlsFiles(*(path.replace(ID_PLACE, str(serverId)) for path in paths))


@dataclass(frozen=True)
class ClientTlsFiles:
    """
    Where they find what their clients know them by. Names are as those of L{TlsFiles}.

    @ivar files: the certificate of each server and its key, and the authorities that clients believe.
    @ivar verifiesClients: whether clients have to come with a certificate of one of these authorities themselves.
    @ivar isRequired: whether they have to speak TLS.
    """

    files: TlsFiles
    verifiesClients: bool
    isRequired: bool = True
