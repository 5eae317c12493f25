"""
Members of a cluster, as servers tell of them.
"""

from __future__ import annotations

import json

LEADER: dict[str, object] = {
    "id": 0,
    "kind": "voter",
    "host": "db",
    "client_port": 1,
    "log_port": 11,
    "incarnation": "00112233445566778899aabbccddeeff",
    "leads": True,
    "index": 123,
    "lag": 0,
    "heard": 0.0,
    "version": 4,
}
"""
What a leader says of itself.
"""

LEARNER: dict[str, object] = {
    "id": 4,
    "kind": "learner",
    "host": "::1",
    "client_port": 4,
    "log_port": 14,
    "incarnation": "",
    "leads": False,
    "index": None,
    "lag": None,
    "heard": None,
    "version": None,
}
"""
What a leader says of a server that has not come yet.
"""


def voter(port: int) -> dict[str, object]:
    """
    What a leader says of the server on this port.
    """
    return {**LEADER, "id": port, "client_port": port, "leads": False}


def told(*members: dict[str, object]) -> bytes:
    """
    A server's reply to C{members}.
    """
    lines = b"".join(json.dumps(member).encode() + b"\n" for member in members)
    return b"VALUE %d\r\n%b\r\n" % (len(lines), lines)
