"""
Tests for the linearizability checker, on histories written by hand: what must be accepted, and what must not.
"""

from __future__ import annotations

from tests.testing.asked import Asked, cas, delete, differs, get, getm, misses, put
from tests.testing.linear import LinearTestCase


class OrderTests(LinearTestCase):
    """
    Each operation takes effect at one instant between its being asked and its being answered.
    """

    def test_empty(self) -> None:
        """
        Nothing was asked; nothing was stored; nothing is known to have come of anything.
        """
        self.accepted()
        self.accepted(get(0, 1, None), getm(1, 2, None), delete(2, 3, False), misses(3, 4, 1))
        self.accepted(put(0, 1, b"a", 1).lost(), get(0, 1, b"a").lost())

    def test_oneAfterTheOther(self) -> None:
        """
        Every kind of command, one after the other.
        """
        self.accepted(
            put(0, 1, b"a", 3),
            getm(2, 3, b"a", 3),
            cas(4, 5, 3, b"b", 7),
            get(6, 7, b"b"),
            differs(8, 9, 3),
            delete(10, 11),
            delete(12, 13, False),
            misses(14, 15, 7),
            getm(16, 17, None),
            put(18, 19, b"c", 8),
            get(20, 21, b"c"),
        )

    def test_staleRead(self) -> None:
        """
        A read does not miss what was stored before it was asked; before it was answered, it may.
        """
        self.rejected(put(0, 1, b"a", 1), put(2, 3, b"b", 2), get(4, 5, b"a"))
        self.rejected(put(0, 1, b"a", 1), put(2, 3, b"b", 2), getm(4, 5, b"a", 1))
        self.rejected(put(0, 1, b"a", 1), get(2, 3, None))
        self.accepted(put(0, 1, b"a", 1), put(2, 3, b"b", 2), get(3, 5, b"a"))
        self.accepted(put(0, 1, b"a", 1), put(2, 4, b"b", 2), get(3, 5, b"a"))

    def test_nothingFromTheFuture(self) -> None:
        """
        A read does not find what is stored after it was answered, nor what nobody stores.
        """
        self.rejected(get(0, 1, b"a"), put(2, 3, b"a", 1))
        self.accepted(get(0, 2, b"a"), put(2, 3, b"a", 1))
        self.rejected(put(0, 1, b"a", 1), get(2, 3, b"b"))

    def test_readsDoNotGoBack(self) -> None:
        """
        What one read has found, a later one does not miss, though the store is not over.
        """
        old, new = put(0, 1, b"a", 1), put(2, 9, b"b", 2)
        self.accepted(old, new, get(3, 4, b"a"), get(5, 6, b"b"))
        self.rejected(old, new, get(3, 4, b"b"), get(5, 6, b"a"))
        self.accepted(old, new, get(3, 5, b"b"), get(5, 6, b"a"))

    def test_failed(self) -> None:
        """
        What has failed never takes effect.
        """
        self.rejected(put(0, 1, b"a", 1).failed(), get(2, 3, b"a"))
        self.rejected(put(0, 1, b"a", 1), delete(2, 3).failed(), get(4, 5, None))
        self.accepted(put(0, 1, b"a", 1).failed(), get(2, 3, None))

    def test_lostUpdate(self) -> None:
        """
        Of two clients that saw the same version, one can store.
        """
        self.rejected(put(0, 1, b"a", 1), cas(2, 5, 1, b"b", 2), cas(2, 5, 1, b"c", 3))
        self.accepted(put(0, 1, b"a", 1), cas(2, 5, 1, b"b", 2), cas(2, 5, 2, b"c", 3))
        self.accepted(put(0, 1, b"a", 1), cas(2, 5, 1, b"b", 2), differs(2, 5, 1))

    def test_cas(self) -> None:
        """
        What C{cas} tells was true at its instant.
        """
        self.rejected(put(0, 1, b"a", 1), differs(2, 3, 1))
        self.rejected(put(0, 1, b"a", 1), misses(2, 3, 1))
        self.rejected(put(0, 1, b"a", 1), cas(2, 3, 2, b"b", 3))
        self.rejected(differs(2, 3, 1))
        self.rejected(cas(2, 3, 1, b"a", 2))
        self.accepted(put(0, 5, b"a", 1), differs(2, 3, 7), misses(2, 3, 1))

    def test_delete(self) -> None:
        """
        A key is deleted once.
        """
        self.rejected(put(0, 1, b"a", 1), delete(2, 3), delete(2, 3))
        self.accepted(put(0, 1, b"a", 1), delete(2, 3), delete(2, 3, False))
        self.rejected(put(0, 1, b"a", 1), delete(2, 3, False))
        self.rejected(put(0, 1, b"a", 1), delete(2, 3), get(4, 5, b"a"))
        self.accepted(put(0, 1, b"a", 1), delete(2, 5), put(2, 5, b"b", 2), delete(2, 5))

    def test_keysAreApart(self) -> None:
        """
        What is done to one key does nothing to another.
        """
        self.accepted(put(0, 1, b"a", 1).about(b"x"), get(2, 3, None).about(b"y"), get(4, 5, b"a").about(b"x"))
        reason = self.rejected(put(0, 1, b"a", 1).about(b"x"), get(2, 3, None), get(2, 3, None).about(b"x"))
        self.assertIn("'x'", reason)

    def test_valueStoredTwice(self) -> None:
        """
        A value may be stored more than once, and is found after each time.
        """
        self.accepted(put(0, 1, b"a", 1), put(2, 3, b"b", 2), put(4, 5, b"a", 3), get(6, 7, b"a"), getm(8, 9, b"a", 3))
        self.rejected(put(0, 1, b"a", 1), put(2, 3, b"b", 2), put(4, 5, b"a", 3), getm(6, 7, b"a", 1))
        self.rejected(put(0, 1, b"a", 1), put(2, 3, b"b", 2), get(4, 5, b"a"), put(6, 7, b"a", 3))

    def test_noAnswerToTheCommand(self) -> None:
        """
        An answer that the command does not have is rejected.
        """
        found = get(0, 1, b"a").answer
        asked = Asked(delete(0, 1).command, 0, 1, found)
        self.assertIn("the answer is none", self.rejected(asked))


class UnknownTests(LinearTestCase):
    """
    What has an unknown outcome takes effect once, at any time after it was asked, or never.
    """

    def test_late(self) -> None:
        """
        It may take effect long after others have been answered, or never.
        """
        lost = put(0, 1, b"a", 1).lost()
        self.accepted(lost, get(2, 3, None), put(4, 5, b"b", 1), get(6, 7, b"b"), get(8, 9, b"a"))
        self.accepted(lost, get(2, 3, None), put(4, 5, b"b", 1), get(6, 7, b"b"))
        self.rejected(get(0, 1, b"a"), put(2, 3, b"a", 1).lost())

    def test_once(self) -> None:
        """
        It does not take effect again.
        """
        lost = put(0, 1, b"a", 1).lost()
        self.rejected(lost, get(2, 3, b"a"), put(4, 5, b"b", 3), get(6, 7, b"b"), get(8, 9, b"a"))
        self.rejected(lost, get(2, 3, b"a"), delete(4, 5), get(6, 7, None), get(8, 9, b"a"))
        self.rejected(put(0, 1, b"a", 1), delete(0, 1).lost(), get(2, 3, None), put(4, 5, b"b", 2), get(6, 7, None))

    def test_delete(self) -> None:
        """
        A delete of unknown outcome explains that a key is gone.
        """
        self.accepted(put(0, 1, b"a", 1), delete(0, 1).lost(), get(2, 3, b"a"), get(4, 5, None), get(6, 7, None))
        self.rejected(put(0, 1, b"a", 1), delete(4, 5).lost(), get(2, 3, None))

    def test_cas(self) -> None:
        """
        A cas of unknown outcome takes effect only if the key had its version.
        """
        lost = cas(2, 3, 1, b"b", 0).lost()
        self.accepted(put(0, 1, b"a", 1), lost, getm(4, 5, b"a", 1), getm(6, 7, b"b", 4))
        self.rejected(put(0, 1, b"a", 1), put(0, 3, b"c", 2), getm(4, 5, b"c", 2), lost, getm(6, 7, b"b", 4))
        self.accepted(put(0, 1, b"a", 1), lost, differs(4, 5, 1))

    def test_unseen(self) -> None:
        """
        That a value was stored of which no read knows explains that there was a key, or one with another version.
        """
        lost = put(0, 1, b"a", 1).lost()
        self.accepted(lost, delete(2, 3), delete(4, 5, False))
        self.rejected(lost, delete(2, 3), delete(4, 5))
        self.accepted(lost, put(0, 1, b"b", 1).lost(), delete(2, 3), delete(4, 5))
        self.accepted(put(0, 1, b"b", 1), lost, getm(2, 3, b"b", 1), differs(4, 5, 1))
        self.rejected(put(0, 1, b"b", 1), lost, differs(2, 3, 1), getm(4, 5, b"b", 1))

    def test_chain(self) -> None:
        """
        Of two unknown outcomes, the second may rest on the first: what nobody has seen is replaced by version.
        """
        first, second = put(0, 1, b"a", 0).lost(), cas(0, 1, 5, b"b", 0).lost()
        self.accepted(first, second, get(2, 3, b"b"))
        self.rejected(second, get(2, 3, b"b"))
        self.rejected(put(0, 1, b"c", 6), get(2, 3, b"c"), first.lost(), second, get(4, 5, b"b"))

    def test_noreply(self) -> None:
        """
        A set without a reply has taken effect in its time; so has a cas, if the key had its version.
        """
        quiet = put(2, 3, b"b", 0).silent()
        self.rejected(put(0, 1, b"a", 1), quiet, get(4, 5, b"a"))
        self.accepted(put(0, 1, b"a", 1), quiet, get(2, 3, b"a"), getm(4, 5, b"b", 2))
        self.rejected(put(0, 1, b"a", 1), quiet, differs(4, 5, 9), getm(6, 7, b"b", 9))
        self.accepted(put(0, 1, b"a", 1), quiet, differs(4, 5, 9), getm(6, 7, b"b", 10))
        swap = cas(2, 3, 1, b"b", 0).silent()
        self.rejected(put(0, 1, b"a", 1), swap, get(4, 5, b"a"))
        self.accepted(put(0, 1, b"a", 1), swap, get(4, 5, b"b"))
        self.accepted(put(0, 1, b"a", 2), swap, get(4, 5, b"a"))
        self.rejected(put(0, 1, b"a", 2), swap, get(4, 5, b"b"))
        self.accepted(swap, get(4, 5, None))
        self.accepted(put(0, 1, b"a", 1), swap, put(2, 3, b"c", 2), get(4, 5, b"c"))


class ConnectionTests(LinearTestCase):
    """
    The commands of one connection take effect in the order in which they were sent.
    """

    def test_pipelined(self) -> None:
        """
        A read sees the store that was sent before it, and not the one that was sent after it.
        """
        self.rejected(put(0, 3, b"a", 1).on(1), get(0, 4, None).on(1))
        self.accepted(put(0, 3, b"a", 1).on(1), get(0, 4, b"a").on(1))
        self.accepted(put(0, 3, b"a", 1).on(1), get(0, 4, None).on(2))
        self.rejected(get(0, 3, b"a").on(1), put(0, 4, b"a", 1).on(1))

    def test_unknownBefore(self) -> None:
        """
        What has an unknown outcome takes effect before what was sent after it, or never.
        """
        lost = put(0, 1, b"a", 1).lost().on(1)
        self.accepted(lost, get(2, 3, b"a").on(1), get(4, 5, b"a"))
        self.rejected(lost, get(2, 3, None).on(1), get(4, 5, b"a"))
        self.accepted(lost, get(2, 3, None).on(2), get(4, 5, b"a"))
        self.rejected(
            lost, delete(0, 1).lost().on(1), get(2, 3, None), get(4, 5, b"a"), get(6, 7, None), get(8, 9, b"a")
        )
        self.rejected(lost, put(0, 1, b"b", 2).lost().on(1), get(2, 3, b"b"), get(4, 5, b"a"))

    def test_otherKeys(self) -> None:
        """
        Nor does it once a command on another key has been answered that was sent after it.
        """
        lost = put(0, 1, b"a", 1).lost().on(1)
        self.rejected(lost, get(2, 3, None).about(b"x").on(1), get(4, 5, None), get(6, 7, b"a"))
        self.accepted(lost, get(2, 3, None).about(b"x").on(2), get(4, 5, None), get(6, 7, b"a"))
        self.accepted(lost, get(2, 3, None).about(b"x").on(1), get(4, 5, b"a"))
        self.accepted(lost, get(2, 5, None).about(b"x").on(1), get(2, 4, None), get(5, 6, b"a"))

    def test_unseen(self) -> None:
        """
        So it is with what nobody has seen.
        """
        stored, lost = put(0, 1, b"a", 1), delete(0, 1).lost().on(1)
        self.rejected(stored, lost, get(2, 3, b"a").on(1), get(4, 5, None))
        self.accepted(stored, lost, get(2, 3, b"a").on(2), get(4, 5, None))
        self.rejected(stored, lost, get(2, 3, None).about(b"x").on(1), get(4, 5, b"a"), get(6, 7, None))
        self.accepted(stored, lost, get(2, 3, None).about(b"x").on(2), get(4, 5, b"a"), get(6, 7, None))
        self.accepted(stored, lost, get(2, 3, None).about(b"x").on(1).failed(), get(4, 5, b"a"), get(6, 7, None))
        reader = get(0, 9, b"b").on(1)
        self.rejected(stored, reader, lost, get(2, 3, None), put(4, 5, b"b", 2))
        self.accepted(stored, reader.on(2), lost, get(2, 3, None), put(4, 5, b"b", 2))

    def test_unknownAfter(self) -> None:
        """
        A read that was sent before it does not find it.
        """
        self.rejected(get(0, 9, b"a").on(1), put(0, 1, b"a", 1).lost().on(1))
        self.accepted(get(0, 9, b"a").on(2), put(0, 1, b"a", 1).lost().on(1))
