"""
The loop of one process that generates load.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Final

from replkv.bench.client import Client
from replkv.bench.commands import Commands
from replkv.bench.connection import Connection
from replkv.bench.dialect import Dialect, Hopeless, NotUnderstood
from replkv.bench.load import Load
from replkv.bench.schedule import Schedule
from replkv.bench.tally import Tally
from replkv.bench.waiter import Waiter
from replkv.client.address import Address

CONNECTING: Final = 64
"""
How many connections are made at once: a server takes only so many before it has accepted them.
"""

PAUSE: Final = 0.05
"""
For how many seconds a client does nothing after an error.
"""

FILL_ATTEMPTS: Final = 5

LOOK_AROUND: Final = 0.1
"""
After how many seconds all clients are looked at, at the latest.
"""

REDIRECTED: Final = "redirected"
LOST: Final = "connection lost"
UNANSWERED: Final = "no answer in time"
UNSENT: Final = "never sent, since no client had room"


class Generator:
    """
    Has a number of clients send commands, and counts what comes of them.

    A client whose connection is lost or redirected gets another one. What it had under way is counted as an error, and
    never sent again.
    """

    def __init__(
        self,
        load: Load,
        dialect: Dialect,
        servers: Sequence[Address],
        connect: Callable[[Address], Connection],
        clock: Callable[[], float],
        waiter: Waiter,
    ) -> None:
        """
        @param servers: where the leader is looked for, in this order.
        @param connect: begins to connect.
        """
        self._load = load
        self._dialect = dialect
        self._servers = deque(servers)
        self._connect = connect
        self._clock = clock
        self._waiter = waiter
        self._clients = [Client() for _ in range(load.clients)]
        self._byDescriptor: dict[int, Client] = {}
        self._paused: deque[tuple[float, Client]] = deque((0.0, client) for client in self._clients)
        self._roomy: deque[Client] = deque()
        self._connecting = 0
        self._trouble = "no server has answered"
        self._looked = 0.0
        self._schedule: Schedule | None = None
        self._tally = Tally()
        self._done = 0
        self._begin(Commands([], []), 0, math.inf, math.inf)

    def prepare(self) -> None:
        """
        Have all clients connected.

        @raise Hopeless: if that does not happen within the load's patience, or never will.
        """
        deadline = self._clock() + self._load.patience
        while unready := sum(client.missing > 0 for client in self._clients):
            now = self._clock()
            if now >= deadline:
                raise Hopeless(f"{unready} of {len(self._clients)} clients could not begin: {self._trouble}")
            self._turn(now, LOOK_AROUND)

    def fill(self, commands: Commands) -> None:
        """
        Send each command as fast as may be, and all of them again if some were not carried out.

        @raise Hopeless: if some never were, or nothing is answered for as long as the load's patience.
        """
        for _ in range(FILL_ATTEMPTS):
            now = moved = self._clock()
            self._begin(commands, len(commands.encoded), now, math.inf)
            for client in self._clients:
                self._refill(client, now)
            while self._left or any(client.waiting for client in self._clients):
                if self._done:
                    self._done, moved = 0, self._clock()
                elif self._clock() > moved + self._load.patience:
                    raise Hopeless("the servers answer no more")
                self._turn(self._clock(), LOOK_AROUND)
            if not self._tally.errors:
                return
        reasons = ", ".join(f"{what} ({count})" for what, count in self._tally.errors.items())
        raise Hopeless(f"not every key could be given a value: {reasons}")

    def measure(self, load: Load, commands: Commands, begin: float, report: Callable[[int, int], None]) -> Tally:
        """
        Send commands, the same over and over, for the time of the load, and wait for the last answers.

        @param load: with the clients that there are.
        @param begin: when the warm-up begins.
        @param report: is told now and then how many were carried out since the last time, and how many have gone wrong.
        @return: what came after the warm-up.
        """
        self._load = load
        since = begin + load.warmUp
        until = since + load.seconds
        self._begin(commands, math.inf, since, until)
        schedule = self._schedule = load.schedule(begin)
        for client in self._clients:
            self._refill(client, begin)
        while (now := self._clock()) < until:
            wait = LOOK_AROUND
            if schedule is not None:
                self._offer(schedule, now)
                if self._roomy:
                    wait = min(wait, max(0.0, schedule.next() - self._clock()))
            if self._turn(now, wait):
                report(self._done, self._tally.errors.total())
                self._done = 0
        while any(client.waiting for client in self._clients) and (now := self._clock()) < until + load.patience:
            self._turn(now, LOOK_AROUND)
        for client in self._clients:
            if client.waiting:
                self._lose(client, UNANSWERED)
        if schedule is not None and (missed := schedule.missed(until)):
            self._tally.errors[UNSENT] += missed
        self._tally.seconds = max(now, until) - since
        return self._tally

    def close(self) -> None:
        """
        Close all connections.
        """
        for client in self._clients:
            self._disconnect(client)

    def _begin(self, commands: Commands, count: float, since: float, until: float) -> None:
        """
        @param count: how many commands to send in a closed loop.
        @param since: what comes before this moment is not counted.
        @param until: when to stop sending.
        """
        depth = self._load.depth
        self._size = len(commands.encoded)
        # So that what is sent at once is always one slice.
        self._encoded = commands.encoded + commands.encoded[:depth]
        self._isRead = commands.isRead + commands.isRead[:depth]
        self._position = 0
        self._left, self._since, self._until = count, since, until
        self._schedule = None
        self._done = 0
        self._tally = Tally()
        self._latencies = (self._tally.writes, self._tally.reads)

    def _turn(self, now: float, wait: float) -> bool:
        """
        Wait for so long at most, and do what is to be done.

        @return: whether this was one of the turns, some in a second, in which all clients are looked at.
        """
        while self._paused and self._paused[0][0] <= now and self._connecting < CONNECTING:
            self._goOn(self._paused.popleft()[1], now)
        for number, _ in self._waiter.wait(wait):
            if (client := self._byDescriptor.get(number)) is not None:
                self._attend(client)
        if now < self._looked + LOOK_AROUND:
            return False
        self._looked = now
        for client in self._clients:
            awaited = client.waiting or (client.missing and not client.isPaused)
            if awaited and client.heard + self._load.patience < now:
                self._fail(client, UNANSWERED)
        return True

    def _attend(self, client: Client) -> None:
        """
        Do what is to be done about a client's connection.
        """
        connection = client.connection
        assert connection is not None
        try:
            if not connection.isOpen or connection.wantsToWrite:
                self._establish(client, connection)
            replies = connection.receive() if connection.isOpen else ()
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(client, LOST, error.strerror or str(error))
            return
        if replies:
            client.heard = self._clock()
            if client.missing:
                replies = self._greet(client, replies)
            self._count(client, replies)

    def _establish(self, client: Client, connection: Connection) -> None:
        wasOpen = connection.isOpen
        connection.advance()
        self._waiter.watch(connection)
        if connection.isOpen and not wasOpen:
            self._come(client)

    def _greet(self, client: Client, replies: Sequence[bytes]) -> Sequence[bytes]:
        """
        Take replies to the greeting.

        @return: those that are left, which are to commands.
        """
        for position, reply in enumerate(replies):
            if not client.missing:
                return replies[position:]
            if reply:
                self._refused(client, reply)
                return ()
            self._come(client)
        return ()

    def _come(self, client: Client) -> None:
        """
        Something has come that was missing.
        """
        client.missing -= 1
        if not client.missing:
            self._connecting -= 1
            self._refill(client, self._clock())

    def _count(self, client: Client, replies: Sequence[bytes]) -> None:
        """
        Take replies to commands, and send as many commands again.
        """
        now = client.heard
        waiting, counts = client.waiting, now >= self._since
        for reply in replies:
            if not waiting:
                raise NotUnderstood(f"a reply to nothing: {reply[:80]!r}")
            due, isRead = waiting.popleft()
            if reply:
                if counts:
                    self._tally.errors[self._nameOf(reply)] += 1
                self._refused(client, reply)
                if client.connection is None:
                    return
            elif counts:
                latencies = self._latencies[isRead]
                latency = int((now - due) * 1e6)
                latencies[latency] = latencies.get(latency, 0) + 1
        self._done += len(replies)
        self._refill(client, now)

    def _refused(self, client: Client, reply: bytes) -> None:
        """
        A reply is an error: have the client go where it is sent, or wait for a while.
        """
        if self._dialect.isHopeless(reply):
            raise Hopeless(f"the servers answer {reply.decode('ascii', 'replace')}")
        address = self._dialect.redirect(reply)
        if address is not None:
            if address in self._servers:
                self._servers.remove(address)
            self._servers.appendleft(address)
            self._lose(client, REDIRECTED)
        elif client.missing:
            self._fail(client, self._nameOf(reply))
        else:
            self._pause(client)

    def _nameOf(self, reply: bytes) -> str:
        """
        What an error is counted as.
        """
        if self._dialect.redirect(reply) is not None:
            return REDIRECTED
        return reply.partition(b" ")[0].decode("ascii", "replace")

    def _refill(self, client: Client, now: float) -> None:
        """
        Have a client send as much as it may. In an open loop, it is only noted that it has room.
        """
        if client.isPaused or client.missing:
            return
        room = self._load.depth - len(client.waiting)
        if self._schedule is not None:
            if room > 0 and not client.isRoomy:
                client.isRoomy = True
                self._roomy.append(client)
        elif now < self._until and (count := int(min(room, self._left))) > 0:
            self._left -= count
            self._send(client, count, now, now)

    def _offer(self, schedule: Schedule, now: float) -> None:
        """
        Send all that is due, as far as clients have room.
        """
        while self._roomy and schedule.next() <= now:
            client = self._roomy.popleft()
            client.isRoomy = False
            if not client.isPaused and not client.missing:
                self._send(client, 1, schedule.take(), now)
                self._refill(client, now)

    def _send(self, client: Client, count: int, due: float, now: float) -> None:
        """
        Send the next commands.
        """
        first, end = self._position, self._position + count
        self._position = end % self._size
        if not client.waiting:
            client.heard = now
        client.waiting.extend(zip(repeat(due, count), self._isRead[first:end], strict=True))
        connection = client.connection
        assert connection is not None
        try:
            connection.send(self._encoded[first] if count == 1 else b"".join(self._encoded[first:end]))
        except OSError as error:
            self._fail(client, LOST, error.strerror or str(error))
            return
        if connection.wantsToWrite:
            self._waiter.watch(connection)

    def _fail(self, client: Client, what: str, why: str = "") -> None:
        """
        A client's connection is of no use any more, and perhaps its server neither.
        """
        assert client.connection is not None
        address = client.connection.address
        self._trouble = f"{address}: {why or what}"
        if self._servers[0] == address:
            self._servers.rotate(-1)
        self._lose(client, what)

    def _lose(self, client: Client, what: str) -> None:
        """
        Give up a client's connection, and all that has no answer there.
        """
        if client.waiting and self._clock() >= self._since:
            self._tally.errors[what] += len(client.waiting)
        client.waiting.clear()
        if client.missing:
            self._connecting -= 1
        self._disconnect(client)
        self._pause(client)

    def _pause(self, client: Client) -> None:
        if not client.isPaused:
            client.isPaused = True
            self._paused.append((self._clock() + PAUSE, client))

    def _goOn(self, client: Client, now: float) -> None:
        """
        A client's pause is over.
        """
        client.isPaused = False
        if client.connection is None:
            self._connecting += 1
            client.heard = now
            address = self._servers[0]
            try:
                connection = self._connect(address)
                connection.send(self._dialect.hello)
            except OSError as error:
                self._trouble = f"{address}: {error.strerror or error}"
                self._servers.rotate(-1)
                self._connecting -= 1
                self._pause(client)
                return
            client.connection = connection
            client.missing = 1 + self._dialect.helloReplies
            self._byDescriptor[connection.fileno()] = client
            self._waiter.watch(connection)
        else:
            self._refill(client, now)

    def _disconnect(self, client: Client) -> None:
        connection, client.connection = client.connection, None
        client.missing = 1
        if connection is not None:
            del self._byDescriptor[connection.fileno()]
            self._waiter.forget(connection)
            connection.close()
