"""
The rare things that are known of users.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from replkv.testing import rare
from replkv.testing.history import History, Operation
from replkv.testing.users.certainty import Certainty
from replkv.testing.users.record import Fate, Given


def rareOfUsers(history: History) -> Counter[str]:
    """
    Count them.
    """
    counted: Counter[str] = Counter()
    users = history.users
    certainty = Certainty(users.changes)
    named: defaultdict[bytes, list[Operation]] = defaultdict(list)
    for operation in history.operations:
        login = users.names.get(operation.number)
        if login is None or login.fate is not Fate.DONE:
            continue
        named[login.user].append(operation)
        if operation.number in users.refused:
            mayBe = certainty.mayBe(login.user, login.token, operation.invoked, operation.ended)
            counted[rare.USER_REFUSED if mayBe else rare.LOGIN_OVER] += 1
    for change in users.changes:
        if change.fate is Fate.DONE and not isinstance(change.what, Given):
            counted[rare.TAKEN_UNDER_WAY] += any(
                operation.invoked < change.ended < operation.ended for operation in named[change.user]
            )
    return counted
