"""
The certificates of a server: those for the other servers, and those for clients.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from replkv.config import Config
from replkv.tls.clients import ClientTls
from replkv.tls.credentials import Credentials, read, readAny
from replkv.tls.members import MemberTls


class Certificates(NamedTuple):
    """
    What has been read.

    @ivar members: by which the other servers know it; C{None} if by none.
    @ivar clients: by which clients do; C{None} if by none.
    """

    members: Credentials | None
    clients: Credentials | None

    @classmethod
    def read(cls, config: Config, serverId: int, now: datetime) -> Certificates:
        """
        Read what the servers file names.

        @param now: they have to be good at this time.
        @raise ConfigError: if they are of no use.
        """
        members, clients = config.tls, config.clientTls
        return cls(
            None if members is None else read(members, config.cluster, serverId, now),
            None if clients is None else readAny(clients.files.of(serverId), now),
        )


class Protection:
    """
    What they protect.

    @ivar members: the connections between servers; C{None} if these are not protected.
    @ivar clients: those of clients; C{None} if these are not.
    """

    def __init__(self, config: Config, certificates: Certificates, clock: IReactorTime) -> None:
        """
        @raise ConfigError: if OpenSSL has no use for one of them.
        """
        self._config = config
        self._clock = clock
        self.members: MemberTls | None = None
        self.clients: ClientTls | None = None
        if certificates.members is not None:
            self.members = MemberTls(config.cluster, certificates.members, clock)
        if certificates.clients is not None and (files := config.clientTls) is not None:
            self.clients = ClientTls(certificates.clients, files.verifiesClients, clock, files.isRequired)

    @property
    def end(self) -> datetime | None:
        """
        When the first of them ends; C{None} if there are none.
        """
        return min((each.end for each in (self.members, self.clients) if each is not None), default=None)

    def replace(self, certificates: Certificates) -> None:
        """
        Have others from now on, for the same.

        @raise ConfigError: if OpenSSL has no use for one of them; then all stay as they were.
        """
        other = Protection(self._config, certificates, self._clock)
        if self.members is not None and other.members is not None:
            self.members.take(other.members)
        if self.clients is not None and other.clients is not None:
            self.clients.take(other.clients)
