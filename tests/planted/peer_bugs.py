"""
Bugs of whole servers among each other.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

import replkv.peers.acquaintances
import replkv.peers.appendboxes
import replkv.peers.argument
from replkv.lives import Life, Past, contradiction
from replkv.names import Names, NoAddress
from replkv.peers.argument import PART_BYTES, gather, spread
from replkv.peers.identity import Identity
from replkv.peers.link import PeerLink
from replkv.peers.outgoing import OutgoingConnection
from replkv.peers.roll import Roll
from replkv.raft.core import Raft
from replkv.raft.follower import Follower
from replkv.raft.messages import AppendEntries
from replkv.raft.outputs import Token
from replkv.raft.progress import Progress
from replkv.raft.state import ServerState
from replkv.storage.folder import DataFolder
from replkv.versions import MemberVersions
from tests.planted.bug import Bug, Patch
from tests.planted.core_bugs import campaignAtOnce

_addresses = Names.addresses
_appendEntries = Follower.appendEntries
_disconnected = PeerLink.disconnected
_contradiction = contradiction
_gather = gather
_spread = spread


def _cut(name: bytes, value: bytes) -> list[tuple[bytes, bytes]]:
    return _spread(name, value[:PART_BYTES])


def _leaveOutShortPart(name: bytes, value: bytes) -> list[tuple[bytes, bytes]]:
    strings = _spread(name, value)
    return strings[:-1] if len(value) % PART_BYTES == 1 else strings


def _wantEmptyPart(name: bytes, strings: dict[bytes, bytes]) -> bytes:
    value = _gather(name, strings)
    if value and len(value) % PART_BYTES == 0:
        raise ValueError("a part is missing")
    return value


def _ofLargeBytes(name: str, function: Any) -> tuple[Patch, ...]:
    return Patch(replkv.peers.argument, name, function), Patch(replkv.peers.appendboxes, name, function)


def _appendWithoutReset(follower: Follower, sender: int, message: AppendEntries, token: Token) -> None:
    elapsed = follower._elapsed
    _appendEntries(follower, sender, message, token)
    follower._elapsed = elapsed


def _anyFolder(server: int, known: Life | None, told: Past) -> str | None:
    return _contradiction(server, known, told) if known and known.incarnation == told.incarnation else None


def _sameFolder(server: int, known: Life | None, told: Past) -> str | None:
    return "another folder" if known is not None and known.incarnation != told.incarnation else None


def _runningTwice(server: int, known: Life | None, told: Past) -> str | None:
    """
    It does not look at the name of a start, if only the number is right.
    """
    if known is not None and known.start == told.starts:
        known = known._replace(name=told.names[0])
    return _contradiction(server, known, told)


def _rememberForNow(folder: DataFolder, serverId: int, life: Life) -> None:
    folder._peers = {**folder._peers, serverId: life}


def _addressesForGood(names: Names, name: str) -> Deferred[list[str]]:
    """
    A name that was not found once is not looked up again.
    """
    missing: dict[str, Failure] = vars(names).setdefault("missing", {})
    if name in missing:
        return fail(missing[name])

    def remember(failure: Failure) -> Failure:
        if failure.check(NoAddress):
            missing[name] = failure
        return failure

    return _addresses(names, name).addErrback(remember)


def _neverDialAgain(link: PeerLink, connection: OutgoingConnection) -> None:
    _disconnected(link, connection)
    link._client.stopService()


def _tellNobody(link: PeerLink, connection: OutgoingConnection) -> None:
    if connection is link._connection:
        link._connection = None
        link.isUp = False


def _itself(versions: MemberVersions) -> None:
    """
    What this server knows is enough.
    """
    versions.lowest = versions.own.newest


def _highest(versions: MemberVersions) -> None:
    """
    What any other server knows is enough.
    """
    versions.lowest = min(versions.own.newest, max(versions._newest.values(), default=versions.own.newest))


BUGS: Final = (
    Bug(
        "a command proposed before the other servers know it",
        "cluster",
        100,
        (Patch(MemberVersions, "_compare", _itself),),
    ),
    Bug(
        "a command proposed once one other server knows it",
        "cluster",
        200,
        (Patch(MemberVersions, "_compare", _highest),),
    ),
    Bug(
        "heartbeats that do not reset the election timeout",
        "cluster",
        50,
        (Patch(Follower, "appendEntries", _appendWithoutReset),),
    ),
    Bug(
        "a name that was not found is not looked up again",
        "cluster",
        100,
        (Patch(Names, "addresses", _addressesForGood),),
    ),
    Bug("there is no pre-vote among whole servers", "cluster", 100, (Patch(Raft, "_campaign", campaignAtOnce),)),
    Bug("a lost server is never dialled again", "cluster", 50, (Patch(PeerLink, "disconnected", _neverDialAgain),)),
    Bug(
        "a connection without answers is never given up",
        "cluster",
        100,
        (Patch(PeerLink, "_checkAnswers", lambda link: None),),
    ),
    Bug(
        "a lost connection is not told to the core",
        "cluster",
        200,
        (Patch(PeerLink, "disconnected", _tellNobody), Patch(PeerLink, "_failed", lambda link, failure: Deferred())),
    ),
    Bug("a value cut at 65,535 bytes", "cluster", 50, _ofLargeBytes("spread", _cut)),
    Bug(
        "a last part of one byte is left out",
        "cluster",
        100,
        _ofLargeBytes("spread", _leaveOutShortPart),
    ),
    Bug(
        "an empty part is wanted after full ones",
        "cluster",
        100,
        _ofLargeBytes("gather", _wantEmptyPart),
    ),
    Bug(
        "a wiped data folder let in",
        "cluster",
        100,
        (
            Patch(replkv.peers.acquaintances, "contradiction", _anyFolder),
            Patch(Identity, "_incarnation", lambda identity, peer: ""),
            Patch(Roll, "objection", lambda *_: None),
        ),
    ),
    Bug(
        "an older copy of a data folder let in",
        "cluster",
        100,
        (Patch(replkv.peers.acquaintances, "contradiction", _sameFolder),),
    ),
    Bug(
        "a server that runs twice let in",
        "cluster",
        50,
        (Patch(replkv.peers.acquaintances, "contradiction", _runningTwice),),
    ),
    Bug(
        "a peer behind what it had acknowledged is not noticed",
        "cluster",
        100,
        (Patch(Progress, "hasRegressed", lambda progress, prevLogIndex: False),),
    ),
    Bug(
        "other servers remembered in memory only", "cluster", 20, (Patch(DataFolder, "rememberPeer", _rememberForNow),)
    ),
    Bug(
        "elections that begin late",
        "cluster",
        20,
        (Patch(ServerState, "randomElectionTimeout", lambda state: 20 * state.config.electionTicks),),
    ),
)
