"""
What users are, and may do, in the time between two moments, by what is known of the changes: certainly, or perhaps, or
certainly not.

A change was made at some moment between its being asked for and its being answered; one of which nobody knows what
came, at any moment from then on, or never. And versions grow along the log, as changes do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from replkv.testing.users.record import Change, Fate, Given, Gone, Named, Right, Taken


class Certainty:
    """
    Answers for each user whether he I{may} have something at any moment in a time, and whether he I{surely} has it all
    the time.
    """

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes: defaultdict[bytes, list[Change]] = defaultdict(list)
        for change in changes:
            if change.fate in (Fate.DONE, Fate.UNKNOWN):
                self._changes[change.user].append(change)

    def mayHave(
        self, user: bytes, word: str, scope: bytes, since: float, until: float, version: int | None = None
    ) -> bool:
        """
        Whether a user may have a right at any moment.

        @param scope: over a key, or all keys that begin so.
        @param version: the version that something got at that moment, if it is known.
        """
        return any(self._mayStand(change, since, until, version) for change in self._givers(user, word, scope))

    def surelyHas(self, user: bytes, word: str, scope: bytes, since: float, until: float) -> bool:
        """
        Whether a user has a right all the time.
        """
        return any(self._surelyStands(change, since, until) for change in self._givers(user, word, scope))

    def mayBe(self, user: bytes, token: bytes, since: float, until: float, version: int | None = None) -> bool:
        """
        Whether there may be such a user, with that token, at any moment.

        @param version: see L{mayHave}.
        """
        return any(self._mayStand(change, since, until, version) for change in self._namings(user, token))

    def surelyIs(self, user: bytes, token: bytes, since: float, until: float) -> bool:
        """
        Whether there is such a user, with that token, all the time.
        """
        return any(self._surelyStands(change, since, until) for change in self._namings(user, token))

    def mayBeHeeded(self, since: float, until: float) -> bool:
        """
        Whether it may matter who asks, at any moment: whether anybody may do everything.
        """
        return any(self.mayHave(user, "admin", b"", since, until) for user in self._changes)

    def isHeeded(self, since: float, until: float) -> bool:
        """
        Whether it matters who asks, all the time.
        """
        return any(self.surelyHas(user, "admin", b"", since, until) for user in self._changes)

    def about(self, user: bytes) -> list[Change]:
        """
        All that was done about a user, or may have been.
        """
        return self._changes[user]

    def _givers(self, user: bytes, word: str, scope: bytes) -> Iterator[Change]:
        for change in self._changes.get(user, ()):
            if isinstance(change.what, Given) and change.what.right.covers(word, scope):
                yield change

    def _namings(self, user: bytes, token: bytes) -> Iterator[Change]:
        for change in self._changes.get(user, ()):
            if isinstance(change.what, Named) and change.what.token == token:
                yield change

    def _mayStand(self, change: Change, since: float, until: float, version: int | None) -> bool:
        """
        Whether a change may have been made by then, and not have been undone before that.
        """
        return change.invoked <= until and not any(
            end.fate is Fate.DONE and _isOver(end, since, version) and _isBefore(change, end)
            for end in self._ends(change)
        )

    def _surelyStands(self, change: Change, since: float, until: float) -> bool:
        """
        Whether a change was made before that, and cannot have been undone by then.
        """
        return (
            change.fate is Fate.DONE
            and change.ended < since
            and not any(end.invoked <= until and not _isBefore(end, change) for end in self._ends(change))
        )

    def _ends(self, change: Change) -> Iterator[Change]:
        """
        What undoes a change, if it comes after it.
        """
        for other in self._changes[change.user]:
            match change.what, other.what:
                case Given(Right() as right), Taken(Right() as taken):
                    if right == taken:
                        yield other
                case ((Given() | Named()), Gone()):
                    yield other
                case Named(), Named():
                    if other is not change:
                        yield other


def _isOver(change: Change, since: float, version: int | None) -> bool:
    """
    Whether a change was made before something that was asked for at a time and got a version.
    """
    isBelow = change.below is not None and version is not None and change.below <= version
    return isBelow or change.ended < since


def _isBefore(one: Change, other: Change) -> bool:
    """
    Whether one change was made before another one, if it was made at all.
    """
    isFirst = one.connection == other.connection and one.number < other.number
    return isFirst or one.ended < other.invoked
