"""
What pytest is told of all tests.
"""

from __future__ import annotations

import pytest
from twisted.trial.unittest import SynchronousTestCase


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    Let a run leave out the unit tests.
    """
    parser.addoption("--no-units", action="store_true", help="leave out the tests that trial runs too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Leave them out, if that was asked for.
    """
    if config.getoption("--no-units"):
        units = {item for item in items if issubclass(getattr(item, "cls", None) or object, SynchronousTestCase)}
        config.hook.pytest_deselected(items=list(units))
        items[:] = [item for item in items if item not in units]
