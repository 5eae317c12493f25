"""
A replicated key-value store on Twisted.

A handful of servers keep the same keys and values, agree on every change by Raft, and go on answering as long as a
majority of them is up. C{replkv cluster} starts three of them on this machine. This is their client::

    from twisted.internet.defer import ensureDeferred
    from twisted.internet.task import react

    from replkv import Client


    async def main(reactor):
        async with Client(reactor, ["localhost:9000", "localhost:9001", "localhost:9002"]) as client:
            version = await client.set(b"greeting", b"hello")
            print(version, await client.get(b"greeting"))


    react(lambda reactor: ensureDeferred(main(reactor)))

Where not everybody may do everything, a client is that of a user: C{Client(…, tls=Tls("authority.pem"), user="alice",
token="…")}.

What goes wrong comes out of the Deferreds, as a C{ClientError} or, for a wrong type, a C{TypeError}. Of all errors
C{OutcomeUnknown} alone may mean that something was done.

L{replkv.testing} simulates whole clusters, for tests of what is built on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = [
    "AlreadyExists",
    "Client",
    "ClientError",
    "Closed",
    "CommandError",
    "Found",
    "Grant",
    "Item",
    "Member",
    "NotANumber",
    "NotAllowed",
    "NotFound",
    "NotUpgraded",
    "OutcomeUnknown",
    "Refused",
    "Right",
    "Tls",
    "Transaction",
    "TransactionFailed",
    "Unavailable",
    "UserRights",
    "VersionMismatch",
    "__version__",
]

__version__ = "0.1.0"

if TYPE_CHECKING:
    from replkv.client.administration import UserRights
    from replkv.client.client import Client
    from replkv.client.errors import (
        AlreadyExists,
        ClientError,
        Closed,
        CommandError,
        NotAllowed,
        NotANumber,
        NotFound,
        NotUpgraded,
        OutcomeUnknown,
        Refused,
        TransactionFailed,
        Unavailable,
        VersionMismatch,
    )
    from replkv.client.membership import Member
    from replkv.client.replies import Found, Item
    from replkv.client.transactions import Transaction
    from replkv.tls.connecting import Tls
    from replkv.users.rights import Grant, Right
else:
    # The client is imported when it is asked for: every process imports this module, and a server's has to be prepared
    # before it imports anything of size (replkv.service.startup).
    from importlib import import_module

    _PLACES = {
        "Client": "client.client",
        "Found": "client.replies",
        "Grant": "users.rights",
        "Item": "client.replies",
        "Member": "client.membership",
        "Right": "users.rights",
        "Tls": "tls.connecting",
        "Transaction": "client.transactions",
        "UserRights": "client.administration",
    }

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = _PLACES.get(name, "client.errors")
        return getattr(import_module(f"replkv.{module}"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
