"""
Stability: who is heard leads on.
"""

from __future__ import annotations

from collections.abc import Callable

from replkv.testing.health import Health
from replkv.testing.judges.view import View
from replkv.testing.outcome import Violation


class Stability:
    """
    As long as a leader and enough others for a majority are well, it leads on, whatever the others do: those come back
    from anywhere, hear nothing, stand still (PreVote and CheckQuorum: sections 4.2.3, 6.2 and 9.6 of Ongaro's thesis).

    It may hand over. And one thing may depose it nevertheless: a term that somebody asked for before all of them had
    heard of this leader. A server that has begun such a term and was cut off then brings it along when it comes back.
    """

    def __init__(self, health: Health, seconds: Callable[[], float]) -> None:
        """
        @param seconds: tells the time.
        """
        self._health = health
        self._seconds = seconds
        self._asked: dict[int, float] = {}  # When somebody first asked for a vote or a pre-vote in each term.
        self._handedOver: set[int] = set()  # The terms that were begun since the leader wanted it.
        self._elected: dict[int, float] = {}  # When the leader of each term was elected.

    def asks(self, term: int, handOver: bool) -> None:
        """
        Somebody asks for votes, or whether it would get them.

        @param handOver: whether the leader has told it to.
        """
        self._asked.setdefault(term, self._seconds())
        if handOver:
            self._handedOver.add(term)

    def elected(self, term: int) -> None:
        """
        A term has a leader.
        """
        self._elected[term] = self._seconds()

    def deposed(self, view: View) -> None:
        """
        A leader leads no longer.

        @raise Violation: if it should. One whose state machine is distrusted should not.
        """
        if view.isDistrusted:
            return
        since, settling, now = self._health.wellSince(view.id), self._health.settling, self._seconds()
        if since is None or settling is None:
            return
        term = view.raft.currentTerm
        elected = self._elected.get(view.leadingTerm, now)
        settled = max(since + settling.trouble, elected + settling.election)
        if term == view.leadingTerm and now > settled:
            raise Violation(f"server {view.id} gives up term {term}, and for long a majority was well and heard it")
        if term > view.leadingTerm and term not in self._handedOver and self._asked.get(term, now) > settled:
            raise Violation(
                f"server {view.id} led term {view.leadingTerm} and is deposed by term {term}, and for long a majority "
                "was well and heard it"
            )
