"""
What a program gives to the client, checked before anything is sent.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from functools import wraps
from math import inf
from typing import Final, Literal, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, fail

from replkv.client.address import Address
from replkv.client.errors import CommandError
from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.gets import MAX_KEYS, Gets
from replkv.commands.lifetime import FOREVER, KEPT, Lifetime
from replkv.commands.put import MAX_FLAGS
from replkv.commands.usercommand import MAX_PREFIX_LENGTH
from replkv.hosts import hostMistake, isUnspecified
from replkv.raft.membership import MAX_ID
from replkv.users.secret import MAX_TOKEN_BYTES
from replkv.users.user import checkName
from replkv.wire.encoding import encodeCommand
from replkv.wire.parser import LINE_LIMIT
from replkv.wire.replyparser import MAX_VALUE

BytesLike = bytes | bytearray | memoryview

KeyLike = bytes | bytearray | memoryview | str
"""
A key. Text is meant as UTF-8.
"""

LifetimeLike = float | Literal["keep"]
ConditionLike = int | Literal["any", "absent", "present"]

_CONDITIONS: Final = {"any": ANY, "absent": ABSENT, "present": PRESENT}

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

_MAX_KEY: Final = 250
_MAX_NUMBER: Final = (1 << 64) - 1
_MAX_HOST: Final = 253


def failing(method: Callable[_Given, Deferred[_Result]]) -> Callable[_Given, Deferred[_Result]]:
    """
    Have what is wrong with the arguments come out where all that goes wrong does.
    """

    @wraps(method)
    def call(*args: _Given.args, **kw: _Given.kwargs) -> Deferred[_Result]:
        try:
            return method(*args, **kw)
        except (TypeError, ValueError) as error:
            return fail(error)

    return call


def checkedKey(key: KeyLike) -> bytes:
    """
    A key.

    @raise TypeError: if it is neither bytes nor text.
    @raise CommandError: if no key may be like this.
    """
    try:
        taken = key.encode("utf-8") if isinstance(key, str) else _bytes("a key", key)
    except UnicodeEncodeError:
        raise CommandError("a key that is text is one that UTF-8 can have, without surrogates") from None
    if not 1 <= len(taken) <= _MAX_KEY:
        raise CommandError(f"a key is 1 to {_MAX_KEY} bytes, not {len(taken)}")
    return taken


def checkedKeys(keys: Iterable[KeyLike]) -> dict[bytes, KeyLike]:
    """
    Keys that are asked for at once, each once, with what the program calls it.

    @raise TypeError: if they are not keys.
    @raise CommandError: if no key may be like one of them, there are none, or they are too many for one command.
    """
    if isinstance(keys, KeyLike) or not isinstance(keys, Iterable):
        raise TypeError(f"keys is a list, as in ['one', 'two'], not {keys!r:.100}")
    # A buffer that may change is no key of a dictionary.
    checked: dict[bytes, KeyLike] = {
        checkedKey(key): key if isinstance(key, str | bytes) else checkedKey(key) for key in keys
    }
    if not 1 <= len(checked) <= MAX_KEYS or len(encodeCommand(Gets(tuple(checked)))) > LINE_LIMIT + 2:
        raise CommandError(f"keys are 1 to {MAX_KEYS}, and fit into a line of {LINE_LIMIT} bytes")
    return checked


def checkedBeginning(prefix: KeyLike) -> bytes:
    """
    How keys begin; nothing is how all do.

    @raise TypeError: if it is neither bytes nor text.
    @raise CommandError: if no key may begin like this.
    """
    return b"" if isinstance(prefix, KeyLike) and not len(prefix) else checkedKey(prefix)


def checkedLimit(limit: int, most: int) -> int:
    """
    How many are wanted at the most.

    @raise TypeError: if it is not whole.
    @raise CommandError: if it is none, or too many.
    """
    whole = _whole("a limit", limit)
    if not 1 <= whole <= most:
        raise CommandError(f"a limit is a whole number from 1 to {most}, not {whole}")
    return whole


def checkedFlags(flags: int) -> int:
    """
    A number of 32 bits.

    @raise TypeError: if it is not whole.
    @raise CommandError: if it is negative or too large.
    """
    whole = _whole("flags", flags)
    if not 0 <= whole <= MAX_FLAGS:
        raise CommandError(f"flags is a whole number from 0 to 2**32 - 1, not {whole}")
    return whole


def checkedLifetime(lifetime: LifetimeLike) -> Lifetime:
    """
    How long a key is to live.

    @param lifetime: in seconds, to the millisecond; 0 is for ever, and what is less than a millisecond is one.
    @raise TypeError: if it is neither a number nor C{"keep"}.
    @raise CommandError: if it is negative, or no time.
    """
    if lifetime == "keep":
        return KEPT
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float):
        raise TypeError(f"a lifetime is a number of seconds, or 'keep', not {lifetime!r:.100}")
    if not 0 <= lifetime < inf:
        raise CommandError(f"a lifetime is a number of seconds, 0 or more, not {lifetime!r}")
    return Lifetime(min(max(1, round(min(lifetime, _MAX_NUMBER) * 1000)), _MAX_NUMBER)) if lifetime else FOREVER


def checkedCondition(condition: ConditionLike) -> Condition:
    """
    What a key has to be like.

    @raise TypeError: if it is neither a version nor a word.
    @raise CommandError: if it is no such word, or can be no version.
    """
    if not isinstance(condition, str):
        return Condition(Need.VERSION, checkedNumber("a condition", condition))
    if condition not in _CONDITIONS:
        raise CommandError(f"a condition is a version, or one of {', '.join(_CONDITIONS)}, not {condition!r:.100}")
    return _CONDITIONS[condition]


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


def checkedUser(name: str) -> bytes:
    """
    The name of a user, as it is sent.

    @raise TypeError: if it is no text.
    @raise CommandError: if no user may be called so.
    """
    if not isinstance(name, str):
        raise TypeError(f"a user's name is a str, not {type(name).__name__}")
    encoded = name.encode("ascii", "replace")
    try:
        checkName(encoded)
    except ValueError:
        # It may be a token, in the wrong place.
        raise CommandError("a user's name is 1 to 64 letters, digits and ._@-, the first a letter or a digit") from None
    return encoded


def checkedToken(token: str | bytes) -> bytes:
    """
    What a user proves to be one by, as it is sent. Nothing that goes wrong shows it.

    @raise TypeError: if it is neither text nor bytes.
    @raise CommandError: if it cannot be sent.
    """
    if not isinstance(token, str | bytes):
        raise TypeError(f"a token is a str or bytes, not {type(token).__name__}")
    encoded = token.encode("ascii", "replace") if isinstance(token, str) and token.isascii() else token
    if not isinstance(encoded, bytes) or not 1 <= len(encoded) <= MAX_TOKEN_BYTES or not _isWord(encoded):
        raise CommandError(f"a token is 1 to {MAX_TOKEN_BYTES} characters of printable ASCII without space")
    return encoded


def checkedPrefix(prefix: BytesLike) -> bytes:
    """
    How the keys begin over which somebody has a right.

    @raise TypeError: if it is not bytes.
    @raise CommandError: if no key may begin like this.
    """
    taken = _bytes("a prefix", prefix)
    if len(taken) > MAX_PREFIX_LENGTH or not _isWord(taken):
        raise CommandError(f"a prefix is up to {MAX_PREFIX_LENGTH} bytes of printable ASCII without space")
    return taken


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


def checkedServerId(server: int) -> int:
    """
    The id of a server.

    @raise TypeError: if it is not whole.
    @raise CommandError: if no server can have it.
    """
    whole = _whole("a server's id", server)
    if not 0 <= whole <= MAX_ID:
        raise CommandError(f"a server's id is a whole number from 0 to {MAX_ID}, not {whole}")
    return whole


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
    return Address(host, checkedPort(port))


def checkedHost(host: str) -> str:
    """
    A host to which clients and other servers can be sent.

    @raise TypeError: if it is no text.
    @raise CommandError: if it cannot be one.
    """
    if not isinstance(host, str):
        raise TypeError(f"a server's host is a str, not {host!r}")
    mistake = hostMistake(host) if len(host) <= _MAX_HOST else f"has more than {_MAX_HOST} characters"
    if mistake is None and isUnspecified(host):
        mistake = "is no place to which anybody can be sent"
    if mistake is not None:
        raise CommandError(f"a server's host is a name or an address, and {host!r:.50} {mistake}")
    return host


def checkedPort(port: int) -> int:
    """
    A port on which a server can listen.

    @raise TypeError: if it is not whole.
    @raise CommandError: if there is no such port.
    """
    whole = _whole("a server's port", port)
    if not 1 <= whole <= 65535:
        raise CommandError(f"a server's port is a number from 1 to 65535, not {whole}")
    return whole


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


def _isWord(taken: bytes) -> bool:
    return all(0x21 <= byte <= 0x7E for byte in taken)


def _whole(name: str, number: int) -> int:
    # True is 1 to Python; whoever gives it means something else.
    if isinstance(number, bool):
        raise TypeError(f"{name} is a whole number, not {number!r}")
    try:
        return operator.index(number)
    except TypeError:
        raise TypeError(f"{name} is a whole number, not {number!r}") from None
