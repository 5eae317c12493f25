"""
What one server is asked, whether it leads or not.
"""

from __future__ import annotations

from replkv.client.address import Address
from replkv.client.connections import Connections, LoginRedirected, loginRefusal
from replkv.client.credentials import Credentials, lackOfRight
from replkv.client.protocol import CommandProtocol
from replkv.commands import results
from replkv.commands.results import Result


async def replyOf(server: Address, encoded: bytes, connections: Connections, credentials: Credentials | None) -> Result:
    """
    Have a server answer a command that changes nothing, or that was not carried out where it is refused. Where it is
    refused to a user, the login may have lapsed: so the user logs in once more, and it is tried again, once.

    @param connections: those of that user.
    @param credentials: C{None} if nobody logs in.
    @raise Unavailable: if it cannot be reached, or cannot tell who the user is.
    @raise NotAllowed: if it is refused, or nobody is known by these credentials.
    """
    connection = await _connectionTo(server, connections)
    reply = await connection.send(encoded, changes=False)
    if isinstance(reply, results.NotAllowed) and credentials is not None:
        told = await connection.send(credentials.encoded, changes=False)
        if not isinstance(told, results.Done):
            raise loginRefusal(told, server, credentials)
        reply = await connection.send(encoded, changes=False)
    if isinstance(reply, results.NotAllowed):
        raise lackOfRight(credentials)
    return reply


async def _connectionTo(server: Address, connections: Connections) -> CommandProtocol:
    """
    A connection to a server that knows the user. Where it does not, the leader is asked whether anyone does.
    """
    try:
        return await connections.to(server)
    except LoginRedirected as redirected:
        await connections.to(redirected.leader)
        raise
