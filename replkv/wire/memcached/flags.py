"""
The key and the flags of a meta command.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from replkv.commands.lifetime import Lifetime
from replkv.wire.arguments import readBase64, writeBase64
from replkv.wire.memcached.words import BAD_FORMAT, Terms, isKey, lifetime, unsigned

_BAD_TOKEN: Final = b"CLIENT_ERROR bad token in command line format\r\n"
_MOST_OPAQUE: Final = 32
_IGNORED: Final = frozenset(b"PLu")
"""
Hints to who stands between, and that an item is not to be kept longer for this.
"""


class FlagError(Exception):
    """
    A meta command is not written as it should be.

    @ivar reply: the line that says so.
    """

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


class Told(NamedTuple):
    """
    What there is to be told about a key; C{None} where that is not known.

    @ivar left: the milliseconds that it has left; 0 if it never expires.
    """

    version: int = 0
    flags: int | None = None
    left: int | None = None
    size: int | None = None


class Flags:
    """
    What a meta command says after its word.

    @ivar key: the key itself.
    @ivar tokens: by flag, what stands behind its letter, in the order of the line.
    @ivar isQuiet: whether the reply that is most to be expected is not wanted.
    """

    __slots__ = ("isQuiet", "key", "tokens")

    def __init__(self, key: bytes, words: Sequence[bytes], known: bytes, unsupported: bytes) -> None:
        """
        @param key: as it is written.
        @param words: the flags.
        @param known: the letters of those that there may be.
        @param unsupported: the letters of those that memcached has, and that are of no use here.
        @raise FlagError: if something is wrong with them.
        """
        tokens: dict[int, bytes] = {}
        for word in words:
            letter = word[0]
            if letter in tokens:
                raise FlagError(b"CLIENT_ERROR duplicate flag\r\n")
            if letter in unsupported:
                raise FlagError(b"CLIENT_ERROR flag %c is not supported\r\n" % letter)
            if letter not in known and letter not in _IGNORED:
                raise FlagError(b"CLIENT_ERROR invalid flag\r\n")
            tokens[letter] = word[1:]
        if len(tokens.get(ord("O"), b"")) > _MOST_OPAQUE:
            raise FlagError(b"CLIENT_ERROR opaque token too long\r\n")
        self.tokens: Mapping[int, bytes] = tokens
        self.isQuiet = ord("q") in tokens
        self.key = self._key(key)

    def _key(self, key: bytes) -> bytes:
        if not isKey(key):
            raise FlagError(BAD_FORMAT)
        if ord("b") not in self.tokens:
            return key
        try:
            return readBase64(key)
        except ValueError:
            raise FlagError(b"CLIENT_ERROR error decoding key\r\n") from None

    def has(self, letter: str) -> bool:
        """
        Whether a flag is there.
        """
        return ord(letter) in self.tokens

    def hasAny(self, letters: Iterable[str]) -> bool:
        """
        Whether one of them is there.
        """
        return any(map(self.has, letters))

    def number(self, letter: str, most: int) -> int | None:
        """
        The number behind a flag; C{None} without that flag.

        @raise FlagError: if it is none.
        """
        if not self.has(letter):
            return None
        number = unsigned(self.tokens[ord(letter)], most)
        if number is None:
            raise FlagError(_BAD_TOKEN)
        return number

    def lifetime(self, letter: str, terms: Terms) -> Lifetime | None:
        """
        The time to live behind a flag; C{None} without that flag.

        @raise FlagError: if it is none.
        """
        if not self.has(letter):
            return None
        lives = lifetime(self.tokens[ord(letter)], terms)
        if lives is None:
            raise FlagError(_BAD_TOKEN)
        return lives

    def line(self, code: bytes, told: Told | None = None, end: bytes = b"\r\n") -> bytes:
        """
        Write the line of a reply, with what was asked for, in that order.

        @param told: what is known of the key; C{None} where it is not there.
        """
        parts = [code]
        for letter, token in self.tokens.items():
            part = self._shown(letter, token, told)
            if part:
                parts.append(part)
        return b" ".join(parts) + end

    def _shown(self, letter: int, token: bytes, told: Told | None) -> bytes:
        match chr(letter):
            case "O":
                return b"O" + token
            case "k" if self.has("b"):
                return b"k%b b" % writeBase64(self.key)
            case "k":
                return b"k" + self.key
        if told is None:
            return b""
        match chr(letter):
            case "c":
                return b"c%d" % told.version
            case "f" if told.flags is not None:
                return b"f%d" % told.flags
            case "s" if told.size is not None:
                return b"s%d" % told.size
            case "t" if told.left is not None:
                return b"t%d" % (-(-told.left // 1000) if told.left else -1)
        return b""
