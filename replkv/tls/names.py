"""
What a server is called in its certificate.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from cryptography import x509

_LABEL: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST: Final = 40
_HASH_DIGITS: Final = 32


def memberName(cluster: str, serverId: int) -> str:
    """
    The DNS name that the certificate of a server has, and that of no other server of any cluster. Nobody looks it up.

    @param cluster: the cluster's name. One that no DNS name can have is there as a hash of it.
    """
    isLabel = len(cluster) <= _LONGEST and _LABEL.fullmatch(cluster) is not None
    # No name that is there as it is has two hyphens in a row.
    label = cluster if isLabel else f"x--{sha256(cluster.encode()).hexdigest()[:_HASH_DIGITS]}"
    return f"replkv-{label}-{serverId}"


def namesIn(certificate: x509.Certificate) -> set[str]:
    """
    The DNS names that a certificate has.
    """
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        # It has none, or what nobody can make sense of.
        return set()
    return set(found.get_values_for_type(x509.DNSName))


def listed(names: set[str]) -> str:
    """
    The names in words.
    """
    return ", ".join(sorted(names)) or "nobody"
