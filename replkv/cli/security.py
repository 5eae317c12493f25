"""
How the commands make sure to which servers they talk.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from replkv.config import Config, ConfigError

if TYPE_CHECKING:
    from replkv.tls.connecting import Tls

AUTHORITY_VARIABLE: Final = "REPLKV_TLS_CA"
CERTIFICATE_VARIABLE: Final = "REPLKV_CERT"
KEY_VARIABLE: Final = "REPLKV_KEY"


def tlsOf(config: Config | None, authority: str | None, certificate: str | None, key: str | None) -> Tls | None:
    """
    What protects the connections of a command.

    @param config: the servers file; C{None} if the command does without.
    @param authority: the file that the command line names, if it names one; otherwise the environment does, or the
        servers file. So with the others, which the servers file does not name.
    @return: C{None} if nothing does.
    @raise ConfigError: if the files are of no use.
    """
    files = tlsFilesOf(config, authority, certificate, key)
    if files is None:
        return None
    # No command is to wait for what only others need.
    from replkv.tls.connecting import Tls

    return Tls(*files)


def tlsFilesOf(
    config: Config | None, authority: str | None, certificate: str | None, key: str | None
) -> tuple[str, str | None, str | None] | None:
    """
    The files of the same.

    @return: the authorities that are believed, and a certificate of the user's own with its key.
    @raise ConfigError: if there is a certificate that would be of no use.
    """
    known = None
    if config is not None and config.clientTls is not None:
        known = config.clientTls.files.of(config.servers[0].id).authority
    believed = authority or os.environ.get(AUTHORITY_VARIABLE) or known
    own = certificate or os.environ.get(CERTIFICATE_VARIABLE) or None, key or os.environ.get(KEY_VARIABLE) or None
    if believed is None:
        if certificate is not None or key is not None:
            raise ConfigError("a certificate is of no use without TLS: --tls-ca names the authorities to believe")
        return None
    return believed, *own


def ownTls(config: Config) -> Tls | None:
    """
    The same for who runs the servers themselves, and has their certificates.
    """
    if config.clientTls is None:
        return None
    own = config.clientTls.files.of(config.servers[0].id)
    return tlsOf(config, own.authority, own.certificate, own.key)
