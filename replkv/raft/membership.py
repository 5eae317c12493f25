"""
How a configuration stands in the log: the C{data} of an L{Entry<replkv.raft.entry.Entry>}.

That is its kind, as a command has one, a stamp, as a command has one, which is 0 and so tells no time, and then the
members as JSON: it is rare, and people may want to read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from replkv.raft.configuration import Configuration
from replkv.raft.entry import Entry
from replkv.raft.member import Address, Kind, Member
from replkv.raft.validity import GREATEST

KIND: Final = 11
"""
The first byte. No command has it.
"""

MAX_MEMBERS: Final = 64
"""
How many members a configuration has at the most: far more than anyone has a use for.
"""

MAX_ID: Final = 2**31 - 1
MAX_TEXT: Final = 255
"""
How long a host's name, or an incarnation's, is at the most.
"""

_ALWAYS: Final = 4
"""
So many things are always written of a member: id, kind, incarnation and address.
"""

_HOST: Final = re.compile(r"[!-~]+")

_FIRST: Final = bytes([KIND])
_PREFIX: Final = _FIRST + bytes(8)


def isConfiguration(data: bytes) -> bool:
    """
    Whether an entry with this data has a configuration.
    """
    return data[:1] == _FIRST


def encode(configuration: Configuration) -> bytes:
    """
    The data of the entry that has this configuration.
    """
    members = [_row(member) for member in configuration.members]
    return _PREFIX + json.dumps(members, separators=(",", ":")).encode()


def decode(data: bytes) -> Configuration:
    """
    The configuration that an entry has.

    @raise ValueError: if it has none, or one that no leader makes.
    """
    if data[: len(_PREFIX)] != _PREFIX:
        raise ValueError("the entry has no configuration")
    try:
        found = json.loads(data[len(_PREFIX) :])
        members = [_member(*each) for each in found]
    except (TypeError, RecursionError) as error:
        raise ValueError(f"a configuration that cannot be read: {error}") from None
    configuration = Configuration(members)
    if not configuration.voters or len(members) > MAX_MEMBERS or len(set(configuration.ids)) < len(members):
        raise ValueError("a configuration needs a voter, and no more than one member of each id")
    return configuration


def configurationsIn(entries: Iterable[Entry]) -> list[tuple[int, Configuration]]:
    """
    Index and configuration of the entries that have one.

    @raise ValueError: see L{decode}.
    """
    return [(entry.index, decode(entry.data)) for entry in entries if isConfiguration(entry.data)]


def _row(member: Member) -> list[object]:
    """
    How a member is written: what is as at first at the end is left out.
    """
    row: list[object] = list(member)
    while len(row) > _ALWAYS and not row[-1]:
        row.pop()
    return row


def _member(
    serverId: Any, kind: Any, incarnation: Any, address: Any, former: Any = "", start: Any = 0, startName: Any = ""
) -> Member:
    """
    @raise ValueError: if there is no such member.
    @raise TypeError: likewise.
    """
    if type(serverId) is not int or not 0 <= serverId <= MAX_ID:
        raise ValueError(f"no server has the id {serverId!r:.100}")
    for name in (incarnation, former, startName):
        if not isinstance(name, str) or len(name) > MAX_TEXT:
            raise ValueError(f"no data folder, and no start, is called {name!r:.100}")
    if type(start) is not int or not 0 <= start <= GREATEST:
        raise ValueError(f"there is no start {start!r:.100}")
    where = None if address is None else _address(*address)
    return Member(serverId, Kind(kind), incarnation, where, former, start, startName)


def _address(host: Any, clientPort: Any, logPort: Any) -> Address:
    # Clients are told of it, in a line.
    if not isinstance(host, str) or len(host) > MAX_TEXT or not _HOST.fullmatch(host):
        raise ValueError(f"no host is called {host!r:.100}")
    for port in (clientPort, logPort):
        if type(port) is not int or not 0 < port < 2**16:
            raise ValueError(f"there is no port {port!r:.100}")
    return Address(host, clientPort, logPort)
