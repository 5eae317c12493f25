"""
Keys from JSON lines, written to a cluster.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import IO, ClassVar, Final, NamedTuple

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.internet.threads import blockingCallFromThread
from twisted.python.failure import Failure

from replkv.cli.calling import CallingCommand, Connect
from replkv.cli.command import PathCommand, reactorInThread
from replkv.cli.failures import failed
from replkv.cli.jsonlines import Item, decodeLine
from replkv.cli.statuses import DAMAGED, DONE
from replkv.cli.streams import StreamError, remark, say, tell
from replkv.client.client import Client
from replkv.client.errors import ClientError, CommandError, NotAllowed, OutcomeUnknown, Unavailable
from replkv.config import ConfigError
from replkv.wire.replyparser import MAX_VALUE

MAX_LINE: Final = 8 * MAX_VALUE
"""
The bytes of a line: JSON may need six for one byte of a value.
"""

_BATCH_KEYS: Final = 512
_BATCH_BYTES: Final = 8 << 20
_PROGRESS_KEYS: Final = 100_000
_RETRY_SECONDS: Final = 0.5


class BadLine(Exception):
    """
    A line is no key.
    """


class Line(NamedTuple):
    """
    A line that was read.

    @ivar number: which one, from 1.
    """

    number: int
    item: Item


class ImportCommand(PathCommand, CallingCommand):
    """
    C{replkv import}.
    """

    subject = "a file of JSON lines, or - for the standard input"
    synopsis = f"{CallingCommand.synopsis} FILE"
    longdesc = (
        "Stores the keys that replkv export has written, or another program: one line of JSON for each, with key and "
        "value (keyBase64, valueBase64 for bytes that are not UTF-8) and, where it is to expire, exptime in seconds "
        "from now. A key that is there already gets the new value, also one that others write meanwhile. "
        "Versions are new. The first line that is wrong ends "
        f"it, with the exit status {DAMAGED}; what was stored by then stays, and the same file can be imported again. "
        "FILE is - for the standard input."
    )
    optParameters: ClassVar = [["timeout", "t", "10", "For how many seconds a key is tried."]]

    def talk(self, connect: Connect) -> int:
        """
        Store the keys.
        """
        if self["path"] == "-":
            return self._import(sys.stdin.buffer, connect)
        try:
            file = open(self["path"], "rb")  # noqa: SIM115
        except OSError as error:
            raise ConfigError(f"{self['path']}: {error.strerror}") from None
        with file:
            return self._import(file, connect)

    def _import(self, file: IO[bytes], connect: Connect) -> int:
        reactor = reactorInThread()
        client = connect(reactor)
        return importLines(
            linesOf(file),
            lambda items: blockingCallFromThread(reactor, storeItems, reactor, client, self.timeout, items),  # type: ignore[arg-type]
        )


def importLines(lines: Iterator[Line], store: Callable[[Sequence[Item]], Sequence[ClientError | None]]) -> int:
    """
    Store what is on some lines.

    @param store: stores items, and tells what went wrong with each.
    @return: the exit status.
    """
    done = 0
    try:
        for batch in _batches(lines):
            for line, error in zip(batch, store([line.item for line in batch]), strict=True):
                if error is not None:
                    tell(f"line {line.number}: {_textOf(error)}; those before it are stored, and maybe some after it")
                    return _statusOf(error)
            before, done = done, done + len(batch)
            if done // _PROGRESS_KEYS > before // _PROGRESS_KEYS:
                remark(f"{done} keys")
    except BadLine as error:
        tell(f"{error}; those before it are stored, and none after it")
        return DAMAGED
    except KeyboardInterrupt:
        tell(f"interrupted: {done} keys are stored, and maybe some more")
        raise
    say(f"imported {done} keys")
    return DONE


def linesOf(file: IO[bytes]) -> Iterator[Line]:
    """
    Read lines. Empty ones are left out.

    @raise BadLine: if one is no key.
    @raise StreamError: if they cannot be read.
    """
    for number in count(1):
        try:
            line = file.readline(MAX_LINE + 1)
        except OSError as error:
            raise StreamError(f"line {number} cannot be read: {error.strerror}") from error
        if not line:
            return
        if len(line) > MAX_LINE:
            raise BadLine(f"line {number}: it is longer than {MAX_LINE} bytes")
        if line.strip():
            try:
                yield Line(number, decodeLine(line))
            except ValueError as error:
                raise BadLine(f"line {number}: {error}") from None


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    """
    Gather what is under way at once.

    @raise BadLine: as L{linesOf}, after what came before.
    """
    batch: list[Line] = []
    size = 0
    try:
        for line in lines:
            batch.append(line)
            size += len(line.item.value)
            if len(batch) >= _BATCH_KEYS or size >= _BATCH_BYTES:
                yield batch
                batch, size = [], 0
    except BadLine:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


async def storeItems(
    clock: IReactorTime, client: Client, patience: float, items: Sequence[Item]
) -> list[ClientError | None]:
    """
    Store items. What is not stored, or may not be, is tried again: it does no harm to store the same once more.

    @param patience: for how many seconds they are tried.
    @return: what went wrong with each.
    """
    deadline = clock.seconds() + patience
    errors: list[ClientError | None] = [None] * len(items)
    places: Sequence[int] = range(len(items))
    while True:
        left = max(deadline - clock.seconds(), _RETRY_SECONDS)
        stores = [_store(client, items[place], left) for place in places]
        results = await DeferredList(stores, consumeErrors=True)
        for place, (_, result) in zip(places, results, strict=True):
            errors[place] = _errorIn(result)
        missing = {items[place].key for place in places if isinstance(errors[place], Unavailable | OutcomeUnknown)}
        if not missing or clock.seconds() + _RETRY_SECONDS > deadline:
            return errors
        # With all that has such a key, in its order: the last one is to be what is stored in the end.
        places = [place for place, item in enumerate(items) if item.key in missing]
        await deferLater(clock, _RETRY_SECONDS)


def _store(client: Client, item: Item, timeout: float) -> Deferred[int]:
    key, value, flags, exptime = item
    # Servers of earlier versions keep no flags; what has none goes there too.
    if flags:
        return client.put(key, value, flags, exptime, timeout=timeout)
    return client.set(key, value, exptime, timeout=timeout)


def _errorIn(result: object) -> ClientError | None:
    if not isinstance(result, Failure):
        return None
    result.trap(ClientError)
    assert isinstance(result.value, ClientError)
    return result.value


def _statusOf(error: ClientError) -> int:
    return DAMAGED if isinstance(error, CommandError) else failed(error).status


def _textOf(error: ClientError) -> str:
    return failed(error).text if isinstance(error, NotAllowed) else str(error)
