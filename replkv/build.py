"""
Which build this is.
"""

from __future__ import annotations

from typing import Final

from replkv import __version__

IS_COMPILED: Final = not __file__.endswith(".py")
"""
Whether this module is compiled, and with it the others that docs/performance.md tells of.
"""

RELEASE: Final = f"{__version__} (compiled)" if IS_COMPILED else __version__
"""
The version, for operators.
"""
