"""
The members of the cluster: who they are, for everybody; and how operators have them come and go.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred

from replkv.client import replies
from replkv.client.address import Address
from replkv.client.arguments import checkedAddress, checkedHost, checkedPort, checkedServerId, failing
from replkv.client.errors import Unavailable
from replkv.commands import results
from replkv.commands.command import Command
from replkv.commands.members import (
    MemberAdd,
    MemberPromote,
    MemberRemove,
    MemberReplace,
    Members,
    MemberUpdate,
)
from replkv.commands.results import Result
from replkv.raft.member import Kind


class Member(NamedTuple):
    """
    A server of the cluster, as another one, or itself, knows it. What only a leader knows, or nobody yet, is C{None}.

    @ivar kind: whether it counts, or is still to catch up.
    @ivar address: where it answers clients; C{None} where the asked server has not been told.
    @ivar logPort: the port on which it listens for other servers; so with that.
    @ivar incarnation: the name of its data folder; empty as long as none has come.
    @ivar leads: whether it is the leader, if one is known.
    @ivar matchIndex: the last entry that it is known to have.
    @ivar lag: how many entries it is behind the leader's log.
    @ivar heard: how many seconds ago it was last heard.
    @ivar version: the protocol version that it speaks.
    """

    id: int
    kind: Kind
    address: Address | None
    logPort: int | None
    incarnation: str
    leads: bool | None
    matchIndex: int | None
    lag: int | None
    heard: float | None
    version: int | None


class Membership:
    """
    The calls about members.

    Those that change something are for operators: they fail with L{NotAllowed<replkv.client.errors.NotAllowed>} for
    whoever may not do that, and with L{Refused<replkv.client.errors.Refused>} where it would do harm; the text says
    why, and what to do. All may be made again where their outcome is not known: it comes to the same.
    """

    def _call(self, command: Command, timeout: float | None) -> Deferred[Result]:
        raise NotImplementedError

    @failing
    def members(self, *, timeout: float | None = None) -> Deferred[Sequence[Member]]:
        """
        Who the members are, as the leader knows them. Everybody is told.
        """
        return self._call(Members(), timeout).addCallback(membersIn)

    @failing
    def addMember(
        self,
        server: int,
        host: str,
        clientPort: int,
        logPort: int,
        *,
        force: bool = False,
        spare: bool = False,
        timeout: float | None = None,
    ) -> Deferred[bool]:
        """
        Have one more server, which gets a vote when it keeps up.

        @param server: its id.
        @param force: whether somebody knows better than what speaks against it.
        @param spare: whether it is to wait, without a vote, until one of the others is gone.
        @return: whether it was none yet. So with the others: whether there was something to do.
        """
        place = checkedHost(host), checkedPort(clientPort), checkedPort(logPort)
        return self._change(MemberAdd(checkedServerId(server), *place, bool(force), bool(spare)), timeout)

    @failing
    def removeMember(self, server: int, *, force: bool = False, timeout: float | None = None) -> Deferred[bool]:
        """
        Have one server less.
        """
        return self._change(MemberRemove(checkedServerId(server), bool(force)), timeout)

    @failing
    def replaceMember(self, server: int, *, force: bool = False, timeout: float | None = None) -> Deferred[bool]:
        """
        Let a server in that comes with a new data folder, since it has lost the one that it had. It has no vote until
        it keeps up.
        """
        return self._change(MemberReplace(checkedServerId(server), bool(force)), timeout)

    @failing
    def updateMember(
        self,
        server: int,
        host: str,
        clientPort: int,
        logPort: int,
        *,
        force: bool = False,
        timeout: float | None = None,
    ) -> Deferred[bool]:
        """
        Have a server at another address.
        """
        place = checkedHost(host), checkedPort(clientPort), checkedPort(logPort)
        return self._change(MemberUpdate(checkedServerId(server), *place, bool(force)), timeout)

    @failing
    def promoteMember(self, server: int, *, timeout: float | None = None) -> Deferred[bool]:
        """
        Give a server its vote, though it has not been seen to keep up.
        """
        return self._change(MemberPromote(checkedServerId(server)), timeout)

    def _change(self, command: Command, timeout: float | None) -> Deferred[bool]:
        return self._call(command, timeout).addCallback(replies.wasToDo)


def membersIn(reply: Result) -> Sequence[Member]:
    """
    The members that a server tells of.

    @raise Unavailable: if it tells of none.
    """
    replies.makeSureOfUpgrade(reply)
    if not isinstance(reply, results.Found):
        raise replies.refusal(reply) or Unavailable("a server does not tell its members")
    try:
        return [_member(json.loads(line)) for line in reply.value.splitlines()]
    except (TypeError, ValueError):
        raise Unavailable("what a server tells are no members") from None


def _member(told: Any) -> Member:
    match told:
        case {
            "id": server,
            "kind": kind,
            "host": host,
            "client_port": clientPort,
            "log_port": logPort,
            "incarnation": str(incarnation),
            "leads": bool() | None as leads,
            "index": int() | None as matchIndex,
            "lag": int() | None as lag,
            "heard": int() | float() | None as heard,
            "version": int() | None as version,
        }:
            address = None if host is None else checkedAddress(host, clientPort)
            port = None if host is None else checkedPort(logPort)
            who = checkedServerId(server), Kind(kind), address, port, incarnation
            return Member(*who, leads, matchIndex, lag, heard, version)
    raise ValueError("this is no member")
