"""
What the others say of this server.
"""

from __future__ import annotations

from twisted.logger import Logger


class Standing:
    """
    Who lets this server in, and who says that it is no member.

    @ivar exclusion: why it is none, as another one has told it; C{None} since one has let it in.
    @ivar deniedBy: who has said so last, when asked, and not let it in.
    @ivar metBy: who has let it in since it was started, and so has its data folder on the disk.
    """

    _logger = Logger()

    def __init__(self) -> None:
        self.exclusion: str | None = None
        self.deniedBy: set[int] = set()
        self.metBy: set[int] = set()
        self._letIn: set[int] = set()  # Those who do now.

    def excluded(self, by: int, reason: str) -> None:
        """
        Another server says that this one is no member. That is told once, whoever says it, unless somebody lets it in:
        then the other one does not know it yet.
        """
        self._letIn.discard(by)
        self.deniedBy.add(by)
        if not self._letIn and reason != self.exclusion:
            self.exclusion = reason
            self._logger.warn("this server waits, since it is not let in: {reason}", reason=reason)

    def included(self, by: int) -> None:
        """
        Another server lets this one in.
        """
        self._letIn.add(by)
        self.metBy.add(by)
        self.deniedBy.discard(by)
        if self.exclusion is not None:
            self.exclusion = None
            self._logger.info("this server is let in, and waits no longer")

    def lost(self, by: int) -> None:
        """
        Another server has let this one in, and may never do so again.
        """
        self._letIn.discard(by)
