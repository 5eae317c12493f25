"""
The suite runs on both builds, the pure one and the one of which some modules are compiled. This is what only the first
can do.
"""

from __future__ import annotations

import sys
from typing import Any
from unittest import SkipTest


def isCompiled(module: str) -> bool:
    """
    Whether a module is.
    """
    return not str(sys.modules[module].__file__).endswith(".py")


def requireReplaceable(*owners: Any) -> None:
    """
    For a test that replaces functions of these classes or modules with wrong ones. Compiled code calls compiled
    functions without looking for them by name, so it would go on with the right ones.

    @raise SkipTest: if one of them is compiled.
    """
    for owner in owners:
        module = getattr(owner, "__module__", None) or owner.__name__
        if isCompiled(module):
            raise SkipTest(f"it replaces a function of {module}, which is compiled")
