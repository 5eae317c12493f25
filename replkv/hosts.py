"""
What can be the name or the address of a host.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final

_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,63}")
_FOUR_NUMBERS: Final = re.compile(r"[0-9]+(\.[0-9]+){3}")
_BRACKETS: Final = re.compile(r"\[(.*)\](:[0-9]*)?")
_WITH_PORT: Final = re.compile(r"([^:]+):[0-9]*")

_BLOCK_BITS: Final = 64
"""
What any host of an IPv6 network may have: all of it counts as one address.
"""


def hostMistake(host: str) -> str | None:
    """
    What is wrong with a host, in words that follow its name; C{None} if the system may know it. More than the rules for
    host names allow, such as C{kv_0}, is known to systems.
    """
    if not host.isascii():
        return _notASCII(host)
    if match := _BRACKETS.fullmatch(host):
        port = "; its port has a key of its own" if match[2] else ""
        return f"is written without brackets here, {match[1]}{port}"
    if match := _WITH_PORT.fullmatch(host):
        return f"has a port, which has a key of its own; the host alone is {match[1]}"
    if ":" in host or _FOUR_NUMBERS.fullmatch(host):
        return None if _isAddress(host) else "is not an address"
    for label in host.removesuffix(".").split("."):
        if not label:
            return "is not a host name: it has a dot too many"
        if not _LABEL.fullmatch(label):
            long = len(label) > 63
            return f"is not a host name: {'a part of it is longer than 63 characters' if long else _strange(label)}"
    return None


def isUnspecified(host: str) -> bool:
    """
    Whether this stands for all addresses of a host: it can be listened on, but nobody can be sent there.
    """
    if _isAddress(host):
        address = ipaddress.ip_address(host)
        # ::ffff:0.0.0.0 is 0.0.0.0, by another name.
        return (getattr(address, "ipv4_mapped", None) or address).is_unspecified
    try:
        # 0, 0.0 and the like are addresses to the system.
        return socket.inet_aton(host) == bytes(4)
    except OSError:
        return False


def isLoopback(address: str) -> bool:
    """
    Whether this is an address that only this host can reach.
    """
    address = address.partition("%")[0]
    if not _isAddress(address):
        return False
    found = ipaddress.ip_address(address)
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def blockOf(address: str) -> str:
    """
    Whose an address is: itself, or for IPv6 a network of 64 bits, all of which any host may have.
    """
    if ":" not in address:
        return address
    found = ipaddress.IPv6Address(address.partition("%")[0])
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _BLOCK_BITS), strict=False))


def _isAddress(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _notASCII(host: str) -> str:
    what = "is not a host name: a redirect to it has to be ASCII"
    try:
        return f"{what}; the name system has it as {host.encode('idna').decode()}"
    except UnicodeError:
        return what


def _strange(label: str) -> str:
    strange = next(character for character in label if not _LABEL.fullmatch(character))
    return "it has a space" if strange == " " else f"it has a {strange}"
