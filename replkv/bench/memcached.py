"""
memcached's protocol, as far as a load needs it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from replkv.bench.dialect import NotUnderstood
from replkv.client.address import Address

_STORED: Final = b"STORED\r\n"
_END: Final = b"END\r\n"
_VALUE: Final = re.compile(rb"VALUE [^ ]{1,250} [0-9]{1,10} ([0-9]{1,8})\r\n")
_MAX_LINE: Final = 1024


class MemcachedDialect:
    """
    See L{replkv.bench.dialect.Dialect}.
    """

    def __init__(self, probe: bytes, login: tuple[str, str] | None = None) -> None:
        """
        @param probe: a key. Each connection asks for it first.
        @param login: a user, and the token that proves it.
        """
        self.hello = b"get %b\r\n" % probe
        self.helloReplies = 1
        if login is not None:
            self.hello = self.write(b"login", " ".join(login).encode("utf-8")) + self.hello
            self.helloReplies = 2

    def fill(self, key: bytes, value: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.fill}.
        """
        return self.write(key, value)

    def write(self, key: bytes, value: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.write}.
        """
        return b"set %b 0 0 %d\r\n%b\r\n" % (key, len(value), value)

    def read(self, key: bytes) -> bytes:
        """
        See L{replkv.bench.dialect.Dialect.read}.
        """
        return b"get %b\r\n" % key

    def cut(self, data: bytes) -> tuple[Sequence[bytes], bytes]:
        """
        See L{replkv.bench.dialect.Dialect.cut}.
        """
        replies = []
        at = 0
        while (end := data.find(b"\n", at)) >= 0:
            if data.startswith((_STORED, _END), at):
                replies.append(b"")
                at = end + 1
            elif (match := _VALUE.match(data, at)) is not None:
                after = match.end() + int(match[1]) + 2 + len(_END)
                if after > len(data):
                    break
                if not data.startswith(_END, after - len(_END)):
                    raise NotUnderstood(f"no reply: {data[at:after][-80:]!r}")
                replies.append(b"")
                at = after
            else:
                replies.append(_wrong(data[at:end].removesuffix(b"\r")))
                at = end + 1
        rest = data[at:] if at else data
        if end < 0 and len(rest) > _MAX_LINE:
            raise NotUnderstood(f"no reply: {rest[:80]!r}")
        return replies, rest

    def redirect(self, reply: bytes) -> Address | None:
        """
        See L{replkv.bench.dialect.Dialect.redirect}. The protocol has none.
        """
        return None

    def isHopeless(self, reply: bytes) -> bool:
        """
        See L{replkv.bench.dialect.Dialect.isHopeless}.
        """
        return not reply.startswith(b"SERVER_ERROR ")


def _wrong(line: bytes) -> bytes:
    if not line.startswith((b"SERVER_ERROR ", b"CLIENT_ERROR ")):
        raise NotUnderstood(f"no reply: {line[:80]!r}")
    return line
