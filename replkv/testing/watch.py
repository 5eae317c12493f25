"""
How a judge sees a core at work.
"""

from __future__ import annotations

from collections.abc import Callable

from replkv.raft.core import Raft
from replkv.raft.messages import Message
from replkv.raft.outputs import Ready, Token
from replkv.testing.judge import Judge
from replkv.testing.judges.view import Watched


def watch(raft: Raft, server: Watched, judge: Judge, judging: Callable[[Callable[[], None]], None]) -> None:
    """
    Have a judge see all that a core, which has just been made, is told and asked from now on, and what it wants done
    before any of that is done.

    @param server: whose core it is.
    @param judging: has the judge look, and takes what it finds.
    """
    ready, read, step, tick, unreachable = raft.ready, raft.read, raft.step, raft.tick, raft.unreachable
    distrust = raft.distrust

    def watchedReady(mayApply: bool = True, mayWait: bool = False) -> Ready:
        result = ready(mayApply, mayWait)
        judging(lambda: judge.check(server, result))
        return result

    def watchedRead(token: Token, atLeast: int = 0) -> None:
        judge.asked(server, token)
        read(token, atLeast)

    def watchedStep(sender: int, message: Message, token: Token = None) -> None:
        judging(lambda: judge.receives(server, sender, message, lambda: step(sender, message, token)))

    def watchedTick() -> None:
        judge.ticking(server)
        tick()
        judging(lambda: judge.ticked(server))

    def watchedLoss(peer: int) -> None:
        unreachable(peer)
        judge.lost(server, peer)

    def watchedDistrust() -> None:
        distrust()
        judge.distrusted(server)

    raft.distrust = watchedDistrust  # type: ignore[method-assign]
    raft.ready = watchedReady  # type: ignore[method-assign]
    raft.read = watchedRead  # type: ignore[method-assign]
    raft.step = watchedStep  # type: ignore[method-assign]
    raft.tick = watchedTick  # type: ignore[method-assign]
    raft.unreachable = watchedLoss  # type: ignore[method-assign]
    judging(lambda: judge.started(server))
