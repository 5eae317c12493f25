"""
What a program gives to the client, checked before anything is sent.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from math import inf
from typing import Final

from replkv.client.connections import Address
from replkv.client.errors import CommandError
from replkv.wire.replyparser import MAX_VALUE

BytesLike = bytes | bytearray | memoryview

_MAX_KEY: Final = 250
_MAX_NUMBER: Final = (1 << 64) - 1


def checkedKey(key: BytesLike) -> bytes:
    """
    A key that cannot be taken for anything else on the command's line.

    @raise TypeError: if it is not bytes.
    @raise CommandError: if no key may be like this.
    """
    taken = _bytes("a key", key)
    if not 1 <= len(taken) <= _MAX_KEY or not all(0x21 <= byte <= 0x7E for byte in taken):
        raise CommandError(f"a key is 1 to {_MAX_KEY} bytes of printable ASCII without space")
    return taken


def checkedValue(value: BytesLike) -> bytes:
    """
    A value as it is now, whatever becomes of the buffer that it is in.

    @raise TypeError: if it is not bytes.
    @raise CommandError: if it is longer than any server may be set to take.
    """
    taken = _bytes("a value", value)
    if len(taken) > MAX_VALUE:
        raise CommandError(f"a value has at most {MAX_VALUE} bytes, not {len(taken)}")
    return taken


def checkedNumber(name: str, number: int) -> int:
    """
    A number that the protocol can tell: a whole one of at most 64 bits.

    @raise TypeError: if it is not whole.
    @raise CommandError: if it is negative or too large.
    """
    whole = _whole(name, number)
    if not 0 <= whole <= _MAX_NUMBER:
        raise CommandError(f"{name} is a whole number from 0 to 2**64 - 1, not {whole}")
    return whole


def checkedTimeout(timeout: float) -> float:
    """
    A number of seconds in which something can be done.

    @raise TypeError: if it is no number.
    @raise ValueError: if it is not above 0, or never over.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise TypeError(f"a timeout is a number of seconds, not {timeout!r}")
    if not 0 < timeout < inf:
        raise ValueError(f"a timeout is a number of seconds above 0, not {timeout!r}")
    return float(timeout)


def checkedAddress(host: str, port: int) -> Address:
    """
    Where a server is.

    @raise TypeError: if the host is no text, or the port not whole.
    @raise ValueError: if no server can be there.
    """
    if not isinstance(host, str):
        raise TypeError(f"a server's host is a str, not {host!r}")
    if not host or not host.isprintable() or any(character in " []/" for character in host):
        raise ValueError(f"a server's host is a name or an address, not {host!r}")
    whole = _whole("a server's port", port)
    if not 1 <= whole <= 65535:
        raise ValueError(f"a server's port is a number from 1 to 65535, not {whole}")
    return Address(host, whole)


def checkedServers(servers: Iterable[str | tuple[str, int]]) -> list[Address]:
    """
    Where the servers of a cluster are, each once.

    @param servers: C{"host:port"}, with an IPv6 address in brackets, or host and port.
    @raise TypeError: if something else is given.
    @raise ValueError: if there is none, or if one of them cannot be.
    """
    if isinstance(servers, str | bytes) or not isinstance(servers, Iterable):
        raise TypeError(f"servers is a list, as in ['localhost:9000'], not {servers!r}")
    addresses = list(dict.fromkeys(_address(server) for server in servers))
    if not addresses:
        raise ValueError("servers is empty: name one server of the cluster at least")
    return addresses


def _address(server: str | tuple[str, int]) -> Address:
    if not isinstance(server, str):
        try:
            host, port = server
        except (TypeError, ValueError):
            raise TypeError(f"a server is 'host:port' or (host, port), not {server!r}") from None
        return checkedAddress(host, port)
    host, _, digits = server.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"an IPv6 address is written in brackets, as in '[::1]:9000', not {server!r}")
    if not host or not (digits.isascii() and digits.isdigit()) or len(digits) > 5:
        raise ValueError(f"a server is 'host:port' or (host, port), not {server!r}")
    return checkedAddress(host, int(digits))


def _bytes(name: str, given: BytesLike) -> bytes:
    if isinstance(given, bytes):
        return given
    if isinstance(given, bytearray | memoryview):
        return bytes(given)
    hint = ": call its encode()" if isinstance(given, str) else ""
    raise TypeError(f"{name} is bytes, not {type(given).__name__}{hint}")


def _whole(name: str, number: int) -> int:
    # True is 1 to Python; whoever gives it means something else.
    if isinstance(number, bool):
        raise TypeError(f"{name} is a whole number, not {number!r}")
    try:
        return operator.index(number)
    except TypeError:
        raise TypeError(f"{name} is a whole number, not {number!r}") from None
