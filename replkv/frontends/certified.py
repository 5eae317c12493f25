"""
Who has proved to be somebody by a certificate.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.interfaces import ISSLTransport, ITransport

from replkv.users.user import Login, isName

_COMMON_NAME: Final = "2.5.4.3"  # X.520's number for it. To ask its library would be to load that without TLS, too.


def certifiedLogin(transport: ITransport) -> Login | None:
    """
    The login of who is connected: the common name in the certificate is that of a user, or of nobody.

    @return: C{None} for who has come without a certificate, or with one that has no name such as users have. One that
        a server has not asked for is none.
    """
    if not ISSLTransport.providedBy(transport):
        return None
    certificate: Any = ISSLTransport(transport).getPeerCertificate()
    if certificate is None:
        return None
    try:
        subject = certificate.to_cryptography().subject
        names = [attribute.value for attribute in subject if attribute.oid.dotted_string == _COMMON_NAME]
    except (TypeError, ValueError):
        # Authorities have written names in ways of which nobody can make sense any more.
        return None
    if len(names) != 1 or not isinstance(names[0], str):
        return None
    name = names[0].encode("utf-8")
    return Login(name, None) if isName(name) else None
