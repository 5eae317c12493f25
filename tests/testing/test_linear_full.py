"""
Tests for the linearizability checker on commands that say more, and on those about several keys, on histories written
by hand.
"""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from replkv.commands.condition import ABSENT, ANY, PRESENT, Condition, Need
from replkv.commands.expire import Expire
from replkv.commands.gat import Gat
from replkv.commands.getm import Getm
from replkv.commands.lifetime import FOREVER, KEPT, Lifetime
from replkv.commands.put import Put
from replkv.testing.history import Answer, History, Told
from replkv.testing.linear.clocks import ClockBound
from replkv.testing.linear.flags import checkFlags
from replkv.testing.linear.search import checkLinearizable
from replkv.testing.linear.versions import checkVersions
from replkv.testing.outcome import Violation
from tests.testing.asked import KEY, Asked, append, get, getm, historyOf, put
from tests.testing.linear import EXACT, LinearTestCase


def store(
    invoked: float,
    value: bytes,
    told: Answer,
    condition: Condition = ANY,
    lifetime: Lifetime = FOREVER,
    flags: int = 0,
) -> Asked:
    """
    A C{put}, which takes half a second.
    """
    return Asked(Put(KEY, flags, lifetime, condition, value, False), invoked, invoked + 0.5, told)


def stored(version: int) -> Answer:
    """
    A value was stored.
    """
    return Answer(Told.STORED, version)


def found(value: bytes, version: int, left: float = 0.0, flags: int = 0) -> Answer:
    """
    An item was found.
    """
    return Answer(Told.FOUND, version, value, left, 0.001, flags)


class FullTests(LinearTestCase):
    """
    C{put}, C{expire} and C{gat}.
    """

    first = put(0, 1, b"a", 1)

    def test_conditions(self) -> None:
        """
        What is stored under a condition is stored if it holds, and only then.
        """
        version = Condition(Need.VERSION, 1)
        self.accepted(self.first, store(2, b"b", stored(2), version), get(3, 4, b"b"))
        self.rejected(self.first, store(2, b"b", stored(2), Condition(Need.VERSION, 7)))
        self.rejected(self.first, store(2, b"b", Answer(Told.WRONG_VERSION), version))
        self.rejected(self.first, store(2, b"b", stored(2), ABSENT))
        self.accepted(self.first, store(2, b"b", Answer(Told.EXISTS), ABSENT), get(3, 4, b"a"))
        self.accepted(self.first, store(2, b"b", stored(2), PRESENT), get(3, 4, b"b"))
        self.rejected(store(2, b"b", stored(2), PRESENT))
        self.rejected(self.first, store(2, b"b", stored(2)), get(3, 4, b"a"))

    def test_milliseconds(self) -> None:
        """
        A key lives for as many milliseconds as it was given.
        """
        short = store(0, b"a", stored(1), lifetime=Lifetime(500))
        self.accepted(short, get(3, 4, None))
        self.rejected(short, get(3, 4, b"a"))
        self.rejected(store(0, b"a", stored(1), lifetime=Lifetime(4500)), get(3, 4, None))

    def test_left(self) -> None:
        """
        What is left is told to the millisecond.
        """
        short = store(0, b"a", stored(1), lifetime=Lifetime(4500))
        read = Asked(Getm(KEY), 2, 2.5, found(b"a", 1, 2.5))
        self.accepted(short, read)
        self.rejected(short, replace(read, answer=found(b"a", 1, 3.0)).on(1), replace(read, answer=found(b"a", 1, 1.0)))
        self.rejected(short, replace(read, answer=found(b"a", 1, 4.501)))
        self.accepted(short, getm(1, 1.5, b"a", 1, left=4))

    def test_kept(self) -> None:
        """
        What is stored so expires when the key would have; where there is none, never.
        """
        short = put(0, 0.5, b"a", 1, exptime=5)
        kept = store(3, b"b", stored(2), lifetime=KEPT)
        self.accepted(short, kept, get(4, 4.5, b"b"), get(7, 8, None))
        self.rejected(short, kept, get(7, 8, b"b"))
        self.rejected(short, kept, get(4, 4.5, None))
        self.accepted(kept, get(7, 8, b"b"))
        self.rejected(kept, get(7, 8, None))
        late = store(8, b"b", stored(2), lifetime=KEPT)
        self.accepted(short, late, get(20, 21, b"b"))
        self.rejected(short, late, get(20, 21, None))

    def test_touched(self) -> None:
        """
        C{expire} gives another lifetime, and C{gat} tells what there is, with its new version.
        """
        expire = Asked(Expire(KEY, Lifetime(1000)), 2, 3, Answer(Told.TOUCHED))
        self.accepted(self.first, expire, get(6, 7, None))
        self.rejected(self.first, expire, get(6, 7, b"a"))
        self.rejected(expire)
        both = Asked(Gat(KEY, FOREVER), 2, 3, found(b"a", 2))
        self.accepted(self.first, both, getm(4, 5, b"a", 2))
        self.rejected(self.first, both, getm(4, 5, b"a", 1))
        self.rejected(self.first, replace(both, answer=found(b"b", 2)))
        self.rejected(self.first, replace(both, answer=found(b"a", 1)))


class TogetherTests(SynchronousTestCase):
    """
    Several keys at once.
    """

    def history(self, *versions: int | None) -> History:
        """
        One client stores x and then y, and another one asks for both at once, meanwhile.

        @param versions: what it is told of each.
        """
        history = historyOf(put(0, 1, b"x1", 1).about(b"x"), put(2, 3, b"x2", 3).about(b"x"))
        history.answered(history.invoke(put(4, 5, b"y1", 4).about(b"y").command, 4.0), stored(4), 5.0)
        operations = history.invokeTogether([Getm(b"x"), Getm(b"y")], 1.5)
        values = {1: b"x1", 3: b"x2", 4: b"y1"}
        for operation, version in zip(operations, versions, strict=True):
            answer = Answer(Told.NOT_FOUND) if version is None else found(values[version], version)
            history.answered(operation, answer, 6.0)
        return history

    def test_oneInstant(self) -> None:
        """
        They are told what there was at one instant.
        """
        for versions in ((1, None), (3, None), (3, 4)):
            checkLinearizable(self.history(*versions), EXACT)
        self.assertRaises(Violation, checkLinearizable, self.history(1, 4), EXACT)

    def test_apart(self) -> None:
        """
        Who asks for each by itself may be told that.
        """
        history = self.history(1, 4)
        for operation in history.operations:
            operation.group = None
        checkLinearizable(history, EXACT)

    def test_sharedVersion(self) -> None:
        """
        A version may be of two keys only if one command wrote both, or may have.
        """
        for isUnknown in (True, False):
            history = History()
            writes = history.invokeTogether([Put(key, 0, FOREVER, ANY, key, False) for key in (b"x", b"y")], 0.0)
            if not isUnknown:
                for operation in writes:
                    history.failed(operation, 1.0)
            for key in (b"x", b"y"):
                history.answered(history.invoke(Getm(key), 2.0), found(key, 7), 3.0)
            if isUnknown:
                checkVersions(history)
                checkLinearizable(history, EXACT)
            else:
                self.assertRaises(Violation, checkVersions, history)


class FlagsTests(SynchronousTestCase):
    """
    Tests for L{checkFlags}.
    """

    def test_flags(self) -> None:
        """
        They are those that were stored with the value: by C{put}, or none by the others.
        """
        wrote = store(0, b"a", stored(1), flags=7)
        read = Asked(Getm(KEY), 2, 3, found(b"a", 1, flags=7))
        checkFlags(historyOf(wrote, read))
        checkFlags(historyOf(put(0, 1, b"a", 1), replace(read, answer=found(b"a", 1))))
        for wrong in (
            historyOf(wrote, replace(read, answer=found(b"a", 1))),
            historyOf(wrote, store(1, b"b", stored(2), flags=8), replace(read, answer=found(b"a", 1, flags=8))),
            historyOf(put(0, 1, b"a", 1), read),
        ):
            self.assertRaises(Violation, checkFlags, wrong)

    def test_changed(self) -> None:
        """
        What is made of a value keeps them.
        """
        wrote = store(0, b"a", stored(1), flags=7)
        longer = append(1, 2, b"b", 2)
        checkFlags(historyOf(wrote, longer, Asked(Getm(KEY), 3, 4, found(b"ab", 2, flags=7))))
        wrong = historyOf(wrote, longer, Asked(Getm(KEY), 3, 4, found(b"ab", 2)))
        self.assertRaises(Violation, checkFlags, wrong)

    def test_versions(self) -> None:
        """
        What C{gat} and C{put} tell of versions is judged too.
        """
        both = Asked(Gat(KEY, FOREVER), 2, 3, found(b"a", 1))
        self.assertRaises(Violation, checkVersions, historyOf(put(0, 1, b"a", 1), both))
        self.assertRaises(Violation, checkVersions, historyOf(put(0, 1, b"a", 1), store(2, b"b", stored(1))))
        checkLinearizable(historyOf(put(0, 1, b"a", 1), replace(both, answer=found(b"a", 2))), ClockBound.wild())
