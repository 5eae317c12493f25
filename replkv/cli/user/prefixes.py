"""
How the beginning of keys is typed.
"""

from __future__ import annotations

import os
from typing import Final

from twisted.python.usage import UsageError

from replkv.client.arguments import checkedPrefix
from replkv.client.errors import CommandError

PREFIX_HELP: Final = (
    "PREFIX is how the keys begin, with a * behind it or without: app/ and 'app/*' are the same. '*' is all keys."
)
"""
The same, for whoever types.
"""


def prefixOf(word: str) -> bytes:
    """
    How keys begin over which somebody has a right.

    @raise UsageError: if no keys can begin so, or all may have been meant by mistake.
    """
    if not word:
        raise UsageError("an empty PREFIX would be all keys: '*' says that")
    try:
        return checkedPrefix(os.fsencode(word.removesuffix("*")))
    except CommandError as error:
        raise UsageError(str(error)) from None
