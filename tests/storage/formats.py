"""
The log's files as another version of replkv writes them.
"""

from __future__ import annotations

import zlib

from replkv.storage.record import Header, encodeHeader

_PLACE = slice(6, 8)


def headerOf(version: int, header: Header) -> bytes:
    """
    A segment's header of another format, whole and with its checksum.
    """
    return startOf(version, encodeHeader(header))


def startOf(version: int, start: bytes) -> bytes:
    """
    Where a log begins, as another format has it.
    """
    encoded = bytearray(start)[:-4]
    encoded[_PLACE] = version.to_bytes(2, "big")
    return bytes(encoded) + zlib.crc32(encoded).to_bytes(4, "big")
