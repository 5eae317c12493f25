r"""
The transcripts of protocols: what a client sends, one line at a time, and what the server answers.

The commands::

    > TEXT                  the client sends a line; with \c at its end, without the line's end
    send COUNT TEXT         the client sends this text so many times, without a line's end
    end                     the client sends nothing more, and goes on reading
    hang up                 the client closes
    connect                 another client comes instead
    hold                    commands are not answered from here on
    answer                  they are
    leader HOST PORT        another server leads
    no leader               nobody does
    login                   who has not logged in may do nothing
    wait SECONDS            time passes

A line is written as in Python's strings: \r, \x00 and so on are one byte each. What the server writes begins with <. A
value has 32 bytes at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from replkv import __version__
from replkv.commands.auth import Auth
from replkv.commands.results import NotAllowed, Redirected, Unavailable
from replkv.frontends.request import Request
from tests.frontends.text.session import PORT, MemoryBackend, Served

MAX_VALUE_BYTES: Final = 32

TOKEN: Final = b"secret"
"""
With this one, everybody can log in.
"""


class FollowingBackend(MemoryBackend):
    """
    A backend that may be no leader.

    @ivar refusal: what it answers where it is none.
    @ivar needsLogin: whether who has not logged in may do nothing.
    """

    refusal: Redirected | Unavailable | None = None
    needsLogin = False

    def carryOut(self, request: Request) -> None:
        """
        Answer as a leader or as a follower.
        """
        if self.refusal is not None:
            request.answer(self.refusal)
            return
        command = request.command
        isRight = command.token == TOKEN if isinstance(command, Auth) else self.admits(request)
        if isRight:
            super().carryOut(request)
        else:
            request.answer(NotAllowed())

    def admits(self, request: Request) -> bool:
        """
        Whether somebody has logged in, where that is needed.
        """
        return request.login is not None or not self.needsLogin


class Story:
    """
    A server and one client at a time.
    """

    port = PORT

    def __init__(self) -> None:
        self._backend = FollowingBackend()
        self._served = Served(maxValueBytes=MAX_VALUE_BYTES, backend=self._backend)
        self._connect()

    def carryOut(self, line: str) -> list[str]:
        """
        Carry out a command.

        @return: what the client then sees.
        @raise ValueError: if it is none.
        """
        match line.split(" "):
            case [">", *_]:
                self._client.send(_line(line[2:]))
            case ["send", count, text]:
                self._client.send(int(count) * _bytes(text))
            case ["end"]:
                self._client.endWriting()
            case ["hang", "up"]:
                self._client.close()
            case ["connect"]:
                self._connect()
            case ["hold"]:
                self._backend.holding = True
            case ["answer"]:
                self._backend.holding = False
                self._backend.answerHeld()
                self._served.outbox.flush()
            case ["leader", host, port]:
                self._backend.refusal = Redirected(host, int(port))
            case ["no", "leader"]:
                self._backend.refusal = Unavailable()
            case ["login"]:
                self._backend.needsLogin = True
            case ["wait", seconds]:
                self._served.network.advance(float(seconds))
            case _:
                raise ValueError("there is no such command")
        return list(self._seen())

    def _connect(self) -> None:
        self._client = self._served.connect(port=self.port)
        self._sawEnd = self._sawLoss = False

    def _seen(self) -> Iterator[str]:
        """
        What the client sees that it has not seen before.
        """
        written = self._client.taken().replace(__version__.encode("ascii"), b"(version)")
        lines = written.split(b"\r\n")
        assert not lines[-1], f"the last reply does not end in CRLF: {written!r}"
        for line in lines[:-1]:
            yield f"< {line.decode('latin-1').encode('unicode_escape').decode('ascii')}".rstrip()
        if not self._client.isUp and not self._sawLoss:
            self._sawEnd = self._sawLoss = True
            yield "the connection is closed"
        elif self._client.hasEnded and not self._sawEnd:
            self._sawEnd = True
            yield "the server writes nothing more"


def _bytes(text: str) -> bytes:
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")


def _line(text: str) -> bytes:
    return _bytes(text.removesuffix("\\c")) if text.endswith("\\c") else _bytes(text) + b"\r\n"
