"""
The log's files as another version of replkv writes them.
"""

from __future__ import annotations

import zlib

from replkv.storage.record import Header, encodeHeader

FIRST_HEADER_BYTES = 44
"""
How long a header of format 1 was.
"""

_PLACE = slice(6, 8)


def headerOf(version: int, header: Header) -> bytes:
    """
    What all formats of a segment's header have in common, whole and with its checksum.
    """
    return startOf(version, encodeHeader(header)[:FIRST_HEADER_BYTES])


def startOf(version: int, start: bytes) -> bytes:
    """
    Where a log begins, as another format has it.
    """
    encoded = bytearray(start)[:-4]
    encoded[_PLACE] = version.to_bytes(2, "big")
    return bytes(encoded) + zlib.crc32(encoded).to_bytes(4, "big")
