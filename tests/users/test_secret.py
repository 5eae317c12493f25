"""
Tests for L{replkv.users.secret}.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from replkv.users.secret import COST, Cost, Secret, makeSecret
from tests.users.people import CHEAP, secretOf


class SecretTests(SynchronousTestCase):
    """
    Tests for what is kept of tokens.
    """

    def test_fits(self) -> None:
        """
        It fits its token and no other.
        """
        secret = secretOf(b"token")
        self.assertTrue(secret.fits(b"token"))
        for other in (b"", b"Token", b"token ", b"toke"):
            self.assertFalse(secret.fits(other), other)

    def test_known(self) -> None:
        """
        It is scrypt: the second vector of RFC 7914, section 12, of which it keeps the first half.
        """
        secret = makeSecret(b"password", b"NaCl", Cost(10, 8, 16))
        self.assertEqual(secret.digest.hex(), "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")

    def test_written(self) -> None:
        """
        It is written in the PHC string format, and read again.
        """
        secret = secretOf(b"token", salt=1)
        written = secret.encode()
        self.assertTrue(written.startswith(b"$scrypt$ln=1,r=1,p=1$AQEBAQEBAQEBAQEBAQEBAQ$"), written)
        self.assertEqual(Secret.decode(written), secret)

    def test_usualCost(self) -> None:
        """
        The usual one may be written too, and is worth its memory.
        """
        secret = Secret(COST, bytes(16), bytes(32))
        self.assertEqual(Secret.decode(secret.encode()), secret)
        self.assertFalse(secret.fits(b"token"))

    def test_salt(self) -> None:
        """
        Two who have the same token are not known by that.
        """
        self.assertNotEqual(secretOf(b"token", 1).digest, secretOf(b"token", 2).digest)

    def test_refused(self) -> None:
        """
        Nobody can have the servers take more memory or time than they should, or store what is no scrypt.
        """
        good = secretOf(b"token").encode()
        for bad in (
            b"",
            b"token",
            good + b"=",
            good[:-1],
            good.replace(b"scrypt", b"argon2"),
            good.replace(b"ln=1,", b"ln=15,"),
            good.replace(b"ln=1,", b"ln=0,"),
            good.replace(b"r=1,", b"r=9,"),
            good.replace(b"p=1$", b"p=2$"),
            good.replace(b"p=1$", b"p=0$"),
        ):
            with self.assertRaises(ValueError, msg=str(bad)):
                Secret.decode(bad)

    def test_cheap(self) -> None:
        """
        The cost is that which was asked for.
        """
        self.assertEqual(secretOf(b"token").cost, CHEAP)
