"""
What a data folder says of itself, in small files: whose it is, how often its server was started, whom it has met.
"""

from __future__ import annotations

import json
import os
from typing import Final, NamedTuple

from replkv.lives import MAX_NAME, MAX_STARTS, NAMES, Life, Past
from replkv.raft.repair import Repair
from replkv.storage.files import Files, replaceFile
from replkv.versions import MAX_VERSION

_FORMAT: Final = 1
_SIZE_LIMIT: Final = 1 << 20
_ID_DIGITS: Final = 10
_MOST: Final = (1 << 64) - 1
_STAMP: Final = "stamp.json"

REPAIR: Final = "repair.json"
"""
The name of the file that says that the log is being repaired.
"""

WRONG: Final = "wrong.json"
"""
The name of the file that says that a store holds what it should not.
"""


class FolderError(Exception):
    """
    The data folder cannot be used. The message is one line that says why, and what to do.
    """


class Stamp(NamedTuple):
    """
    Whose folder it is.

    @ivar serverId: the server's id.
    @ivar cluster: the cluster's name.
    @ivar members: the ids of the cluster's servers, in order.
    @ivar incarnation: made up when the folder was; a folder that was wiped gets another one.
    """

    serverId: int
    cluster: str
    members: tuple[int, ...]
    incarnation: str


class NewerFolder(FolderError):
    """
    The data folder was made by a later version of replkv.
    """


class WrongStore(NamedTuple):
    """
    A store that holds what it should not.

    @ivar store: its number.
    @ivar reason: how that is known.
    """

    store: int
    reason: str


def writeStamp(files: Files, path: str, stamp: Stamp) -> None:
    """
    Stamp the folder, on the disk before this returns.

    @raise OSError: if the system refuses.
    """
    content = {
        "Format": _FORMAT,
        "Id": stamp.serverId,
        "Cluster": stamp.cluster,
        "Members": list(stamp.members),
        "Incarnation": stamp.incarnation,
    }
    writeFile(files, path, _STAMP, content)


def readStamp(files: Files, path: str) -> Stamp | None:
    """
    The folder's stamp; C{None} if it has none.
    """
    found = readFile(files, path, _STAMP)
    match found:
        case None:
            return None
        case {"Format": int(version)} if version > _FORMAT:
            raise NewerFolder(
                f"{path} has format {version}, and this version of replkv knows no format after {_FORMAT}: "
                "use the version of replkv that wrote it, or a later one"
            )
        case {
            "Format": 1,
            "Id": int(serverId),
            "Cluster": str(cluster),
            "Members": [*members],
            "Incarnation": str(incarnation),
        } if all(isinstance(member, int) for member in members) and len(incarnation) == 32:
            return Stamp(serverId, cluster, tuple(members), incarnation)
    raise _damaged(path, _STAMP, "it lacks something that belongs in it")


def readPast(files: Files, path: str, incarnation: str) -> Past:
    """
    How often the server was started. A folder of an earlier version does not know.
    """
    match readFile(files, path, "starts.json"):
        case None:
            return Past(incarnation, 0, ())
        case {"Starts": int(starts), "Names": [*names]} if (
            0 < starts <= MAX_STARTS and 0 < len(names) <= NAMES and all(_isName(name) for name in names)
        ):
            return Past(incarnation, starts, tuple(names))
    raise _damaged(path, "starts.json", "it does not tell how often the server was started")


def readPeers(files: Files, path: str) -> dict[int, Life]:
    """
    The servers that were met.
    """
    found = readFile(files, path, "peers.json")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _damaged(path, "peers.json", "it is not a list of servers")
    return {_peerId(path, peer): _decodeLife(path, life) for peer, life in found.items()}


def readWrong(files: Files, path: str) -> WrongStore | None:
    """
    The store that is known to be wrong; C{None} if there is none.
    """
    match readFile(files, path, WRONG):
        case None:
            return None
        case {"Store": int(store), "Reason": str(reason)} if 0 <= store <= _MOST:
            return WrongStore(store, reason)
    raise _damaged(path, WRONG, "it does not tell which store is wrong")


def readRepair(files: Files, path: str) -> Repair | None:
    """
    What the log had before it lost entries; C{None} if it lacks nothing.
    """
    match readFile(files, path, REPAIR):
        case None:
            return None
        case {"LastIndex": int(lastIndex), "LastTerm": int(lastTerm)} if (
            0 <= lastIndex <= _MOST and 0 <= lastTerm <= _MOST
        ):
            return Repair(lastIndex, lastTerm)
    raise _damaged(path, REPAIR, "it does not tell what the log had before it was damaged")


def _isName(found: object) -> bool:
    return isinstance(found, str) and len(found) <= MAX_NAME


def _peerId(path: str, peer: str) -> int:
    if not peer.isascii() or not peer.isdigit() or len(peer) > _ID_DIGITS:
        raise _damaged(path, "peers.json", f"{peer!r:.20} is no server's id")
    return int(peer)


def encodeLife(life: Life) -> dict[str, object]:
    """
    A server that was met as it is stored.
    """
    return {
        "Incarnation": life.incarnation,
        "Start": life.start,
        "Name": life.name,
        "HasForgotten": life.hasForgotten,
        "Version": life.version,
    }


def _decodeLife(path: str, found: object) -> Life:
    """
    A server that was met as it was stored. Earlier releases did not store its version, and the first ones nothing but
    the incarnation.
    """
    match found:
        case str(incarnation) if len(incarnation) <= MAX_NAME:
            return Life(incarnation, 0, "")
        case {
            "Incarnation": str(incarnation),
            "Start": int(start),
            "Name": str(name),
            "HasForgotten": bool(hasForgotten),
            **rest,
        } if (
            type(version := rest.get("Version", 0)) is int
            and 0 <= start <= MAX_STARTS
            and 0 <= version <= MAX_VERSION
            and max(len(incarnation), len(name)) <= MAX_NAME
        ):
            return Life(incarnation, start, name, hasForgotten, version)
    raise _damaged(path, "peers.json", "it is not a list of servers and their starts")


def readFile(files: Files, path: str, name: str) -> object:
    """
    Read a JSON file of the folder; C{None} if there is none.
    """
    full = os.path.join(path, name)
    if not files.exists(full):
        return None
    file = files.open(full, create=False)
    try:
        data = file.read(0, _SIZE_LIMIT)
    finally:
        file.close()
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError):
        raise _damaged(path, name, "it is not JSON") from None
    if found is None:
        raise _damaged(path, name, "it is empty")
    return found


def writeFile(files: Files, path: str, name: str, content: object) -> None:
    """
    Write a JSON file of the folder. After a crash there is the old one or the new one, and nothing in between.
    """
    replaceFile(files, path, name, json.dumps(content, indent=2).encode() + b"\n")


def _damaged(path: str, name: str, reason: str) -> FolderError:
    """
    The refusal of a file that cannot be read.
    """
    return FolderError(
        f"{os.path.join(path, name)} is damaged: {reason}. Put it back as it was, or replace this server (replkv "
        "member replace)"
    )
