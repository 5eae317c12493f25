"""
Certificates for tests.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from replkv.tls.authority import Credential, makeAuthority, makeServer
from replkv.tls.credentials import Credentials
from replkv.tls.names import memberName

CLUSTER = "replkv"

NOW = datetime.now(UTC).replace(microsecond=0)
"""
OpenSSL goes by the real time.
"""


def authority() -> Credential:
    """
    Make an authority.
    """
    return makeAuthority(CLUSTER, NOW)


def credentialsOf(server: int, by: Credential, *believed: Credential, age: timedelta = timedelta()) -> Credentials:
    """
    Make the credentials of a server.

    @param by: the authority that makes them.
    @param believed: the authorities that it believes; that one, if none is given.
    @param age: so long ago they were made.
    """
    made = makeServer(by, [memberName(CLUSTER, server)], NOW - age)
    return Credentials(made.key, [made.certificate], [each.certificate for each in believed or (by,)])
