"""
What can go wrong with the log's disk. Each message is one line, fit to be shown to an operator.
"""

from __future__ import annotations


class CorruptLog(Exception):
    """
    The log holds something that no crash can have left there: it lost, or may have lost, what was promised.
    """

    def __init__(self, path: str, offset: int, reason: str) -> None:
        super().__init__(
            f"the log is damaged: {path}, at offset {offset}: {reason}. Nothing was changed. "
            "Check the disk. If this server does not start, replace it (replkv member replace): the others hold what "
            "its log held. If there are none, restore a backup"
        )
        self.path = path
        self.offset = offset
        self.reason = reason


class UnknownFormat(Exception):
    """
    The log was written by a later version of replkv.
    """

    def __init__(self, path: str, version: int, known: int) -> None:
        super().__init__(
            f"{path} has format {version}, and this version of replkv knows none after {known}: it was made by a newer "
            "replkv; start that version. Nothing was changed"
        )


class LogFailed(Exception):
    """
    The disk failed under the log. It is not known what reached it, so the log takes nothing more until it is
    opened anew.
    """
