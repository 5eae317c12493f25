"""
Writes that Linux does by itself: io_uring, spoken to without any library.

A thread of Python that writes and syncs has to get the interpreter's lock before, between and after both, and the
reactor holds it while it applies what came before: a lone write waits longer for that than for most of its other ways.
Here the kernel is told by one call that does not block to write a frame and then to sync the file, and tells through an
eventfd that both are done.

Nothing stands on it: where a system has none, or does not allow it (many containers), L{openRing} gives none, and
L{SystemThread<replkv.service.thread.SystemThread>} writes by itself. What is used is in io_uring(7), io_uring_setup(2)
and io_uring_enter(2).
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct
import sys
from typing import Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.python.failure import Failure
from zope.interface import implementer

# The same numbers on all machines that Python runs on but Alpha.
_SETUP: Final = 425
_ENTER: Final = 426
_REGISTER: Final = 427
_REGISTER_EVENTFD: Final = 4

# IORING_FEAT_SINGLE_MMAP, and IORING_FEAT_CQE_SKIP of Linux 5.17.
_FEATURES: Final = 1 << 0 | 1 << 11

_WRITE: Final = 23
_FSYNC: Final = 3
_DATASYNC: Final = 1
# The sync begins when all is written, and what is well with the write is not told: so one completion tells of both.
_LINK_AND_SKIP: Final = 1 << 2 | 1 << 6

_OF_SUBMISSIONS: Final = 0
_OF_ENTRIES: Final = 0x10000000
_SIZE: Final = 2

_PARAMS: Final = struct.Struct("=10I10I10I")
_NUMBER: Final = struct.Struct("=I")
_ENTRY: Final = struct.Struct("=BBHiQQIIQHHiQQ")
_COMPLETION: Final = struct.Struct("=QiI")


class _Call(Protocol):
    def __call__(self, *arguments: object) -> int: ...


def _systemCalls() -> _Call:
    """
    Calls of the system that do not block, so that the interpreter's lock need not be given away for them.
    """
    function: _Call = ctypes.PyDLL(None, use_errno=True).syscall
    return function


@implementer(IReadDescriptor)
class Ring:
    """
    An io_uring for one write at a time, followed by a sync.

    @ivar isUsable: whether it takes another one now.
    """

    def __init__(self, reactor: IReactorFDSet) -> None:
        """
        @raise OSError: if the system has none, or one that is too old, or does not allow it.
        """
        self.isUsable = False
        self._reactor = reactor
        self._call = _systemCalls()
        self._done: Deferred[None] | None = None
        self._data = b""
        params = bytearray(_PARAMS.size)
        self._ring = self._check(self._call(_SETUP, _SIZE, (ctypes.c_char * _PARAMS.size).from_buffer(params)))
        self._event = -1
        self._memory: list[mmap.mmap] = []
        try:
            self._open(_PARAMS.unpack(params))
        except BaseException:
            self.close()
            raise
        self.isUsable = True

    def _open(self, params: tuple[int, ...]) -> None:
        entries, completions, features = params[0], params[1], params[5]
        if features & _FEATURES != _FEATURES:
            raise OSError(errno.ENOSYS, "this io_uring is too old")
        # The offsets of: head, tail, mask, number of entries, flags, dropped, array; and
        # head, tail, mask, number of entries, overflow, completions.
        _, self._tailAt, maskAt, _, _, _, self._arrayAt = params[10:17]
        self._headAt, self._lastAt, lastMaskAt, _, _, self._completionsAt = params[20:26]
        size = max(self._arrayAt + entries * _NUMBER.size, self._completionsAt + completions * _COMPLETION.size)
        self._rings = self._map(size, _OF_SUBMISSIONS)
        self._entries = self._map(entries * _ENTRY.size, _OF_ENTRIES)
        self._mask, self._lastMask = self._get(maskAt), self._get(lastMaskAt)
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        event = ctypes.c_int(self._event)
        self._check(self._call(_REGISTER, self._ring, _REGISTER_EVENTFD, ctypes.byref(event), 1))
        self._reactor.addReader(self)

    def write(self, descriptor: int, offset: int, data: bytes) -> Deferred[None] | None:
        """
        Write C{data} into a file, and sync it.

        @return: fires when it is synced, or fails with C{OSError}. C{None} where nothing was begun, and nothing will be
            any more.
        """
        self.isUsable = False
        # The kernel reads it from where it is.
        self._data = data
        address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
        tail = self._get(self._tailAt)
        self._put(tail, _WRITE, _LINK_AND_SKIP, descriptor, offset, address or 0, len(data), 0)
        self._put(tail + 1, _FSYNC, 0, descriptor, 0, 0, 0, _DATASYNC)
        self._set(self._tailAt, tail + 2 & 0xFFFFFFFF)
        taken = self._call(_ENTER, self._ring, 2, 0, 0, None, 0)
        if taken < 0:
            self.close()
            return None
        done = self._done = Deferred()
        if taken < 2:
            # For want of memory, there will be no sync.
            self._finish(-errno.ENOMEM)
        return done

    def doRead(self) -> None:
        """
        Something is done.
        """
        os.read(self._event, 8)
        head, last = self._get(self._headAt), self._get(self._lastAt)
        while head != last:
            operation, result, _ = _COMPLETION.unpack_from(
                self._rings, self._completionsAt + (head & self._lastMask) * _COMPLETION.size
            )
            head = head + 1 & 0xFFFFFFFF
            self._set(self._headAt, head)
            # Of a write it is only told where it has failed. It has, too, where less was written than was to be.
            self._finish(-errno.EIO if operation == _WRITE and result >= 0 else result)

    def fileno(self) -> int:
        """
        See L{IReadDescriptor}.
        """
        return self._event

    def logPrefix(self) -> str:
        """
        See L{IReadDescriptor}.
        """
        return "log"

    def connectionLost(self, reason: Failure) -> None:
        """
        See L{IReadDescriptor}. An eventfd is never lost.
        """

    def close(self) -> None:
        """
        Give it back to the system. What is under way goes on.
        """
        if self._ring < 0:
            return
        self.isUsable = False
        if self._event >= 0:
            self._reactor.removeReader(self)
            os.close(self._event)
        for memory in self._memory:
            memory.close()
        os.close(self._ring)
        self._ring = -1

    def _finish(self, result: int) -> None:
        done, self._done = self._done, None
        if done is None:
            # That the sync did not come about, after a write that failed.
            return
        self._data = b""
        if result == 0:
            self.isUsable = True
            done.callback(None)
        else:
            done.errback(OSError(-result, os.strerror(-result)))

    def _put(self, number: int, operation: int, flags: int, descriptor: int, *rest: int) -> None:
        """
        Put an operation into the queue of submissions.
        """
        index = number & self._mask
        offset, address, length, options = rest
        _ENTRY.pack_into(
            self._entries,
            index * _ENTRY.size,
            *(operation, flags, 0, descriptor, offset, address, length, options, operation, 0, 0, 0, 0, 0),
        )
        self._set(self._arrayAt + index * _NUMBER.size, index)

    def _map(self, size: int, offset: int) -> mmap.mmap:
        memory = mmap.mmap(self._ring, size, offset=offset)
        self._memory.append(memory)
        return memory

    def _get(self, offset: int) -> int:
        number: int = _NUMBER.unpack_from(self._rings, offset)[0]
        return number

    def _set(self, offset: int, number: int) -> None:
        _NUMBER.pack_into(self._rings, offset, number)

    def _check(self, result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result


def openRing(reactor: object) -> Ring | None:
    """
    Make one, where the system has it and the reactor can listen to it.
    """
    if sys.platform != "linux" or not IReactorFDSet.providedBy(reactor):
        return None
    try:
        return Ring(IReactorFDSet(reactor))
    except (OSError, AttributeError):
        return None
