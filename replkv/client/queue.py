"""
The calls that wait to be sent.
"""

from __future__ import annotations

from collections import OrderedDict

from replkv.client.call import Call


class CallQueue:
    """
    Calls in the order in which they were made. Those that were sent in vain come back, and go first.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[Call, None] = OrderedDict()
        # In the order of their replies.
        self._returned: OrderedDict[Call, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._returned)

    @property
    def hasNext(self) -> bool:
        """
        Whether there is a call to be sent now.
        """
        return bool(self._waiting)

    def add(self, call: Call) -> None:
        """
        A call was made.
        """
        self._waiting[call] = None

    def giveBack(self, call: Call) -> None:
        """
        A call was sent in vain.
        """
        self._returned[call] = None

    def arrange(self) -> None:
        """
        All that was sent before is answered: what has come back goes before what waits.
        """
        while self._returned:
            call, _ = self._returned.popitem()
            self._waiting[call] = None
            self._waiting.move_to_end(call, last=False)

    def next(self) -> Call:
        """
        The call to be sent now.
        """
        call, _ = self._waiting.popitem(last=False)
        return call

    def remove(self, call: Call) -> bool:
        """
        A call waits no longer.

        @return: whether it did.
        """
        places = [place for place in (self._waiting, self._returned) if call in place]
        for place in places:
            del place[call]
        return bool(places)

    def clear(self) -> list[Call]:
        """
        None waits any longer.

        @return: those that did.
        """
        calls = [*self._returned, *self._waiting]
        self._returned.clear()
        self._waiting.clear()
        return calls
