"""
What is kept of a token: enough to tell whether somebody has it, and of little use to who does not.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from typing import Final, NamedTuple

MAX_TOKEN_BYTES: Final = 256
"""
How long a token may be.
"""

SALT_BYTES: Final = 16
"""
How many bytes of chance are in what is kept.
"""

DIGEST_BYTES: Final = 32
"""
How many bytes scrypt gives.
"""

# A key and a vector of r blocks beside the N times as many that are its purpose (RFC 7914).
_SPARE_BYTES: Final = 1 << 20

PATTERN: Final = rb"\$scrypt\$ln=[0-9]{1,2},r=[0-9]{1,2},p=[0-9]{1,2}\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}"
"""
How it is written.
"""

_WRITTEN: Final = re.compile(PATTERN)
_NUMBER: Final = re.compile(rb"[0-9]+")


class Cost(NamedTuple):
    """
    What it costs to try a token (RFC 7914): memory of 128 * r * 2**logN bytes, and p times the time for that.
    """

    logN: int
    r: int
    p: int

    def __str__(self) -> str:
        """
        As it is written.
        """
        return f"ln={self.logN},r={self.r},p={self.p}"


COST: Final = Cost(14, 8, 1)
"""
16 MiB, and some hundredths of a second: a token that replkv has made needs no more, for nobody can guess it.
"""


class Secret(NamedTuple):
    """
    The scrypt of a token, with a salt.
    """

    cost: Cost
    salt: bytes
    digest: bytes

    def encode(self) -> bytes:
        """
        Write it, in the PHC string format.
        """
        salt, digest = (b64encode(part).rstrip(b"=") for part in (self.salt, self.digest))
        return b"$scrypt$%b$%b$%b" % (str(self.cost).encode("ascii"), salt, digest)

    @classmethod
    def decode(cls, written: bytes) -> Secret:
        """
        Read what L{encode} has written.

        @raise ValueError: if this is nothing of the kind, or would cost too much.
        """
        if _WRITTEN.fullmatch(written) is None:
            raise ValueError("what is kept of a token is its scrypt, in the PHC string format")
        numbers, salt, digest = written.split(b"$")[2:]
        cost = Cost(*map(int, _NUMBER.findall(numbers)))
        # Within these, scrypt is defined, and nobody can choose that it takes the servers more.
        if not all(1 <= one <= most for one, most in zip(cost, COST, strict=True)):
            raise ValueError(f"scrypt may cost {COST} at the most, not {numbers.decode('ascii')}")
        return cls(cost, b64decode(salt + b"=="), b64decode(digest + b"="))

    def fits(self, token: bytes) -> bool:
        """
        Whether it was made of this token. That takes a while, in which the interpreter lock is not held.
        """
        return hmac.compare_digest(_scrypt(token, self.salt, self.cost), self.digest)


def makeSecret(token: bytes, salt: bytes, cost: Cost = COST) -> Secret:
    """
    Make what is kept of a token.

    @param salt: L{SALT_BYTES} that nobody can foretell.
    """
    return Secret(cost, salt, _scrypt(token, salt, cost))


def _scrypt(token: bytes, salt: bytes, cost: Cost) -> bytes:
    n = 1 << cost.logN
    most = 128 * cost.r * (n + cost.p) + _SPARE_BYTES
    return hashlib.scrypt(token, salt=salt, n=n, r=cost.r, p=cost.p, maxmem=most, dklen=DIGEST_BYTES)
