"""
Celery: the results of its tasks.
"""

from __future__ import annotations

from typing import Any, Final

SETTINGS: Final = """
result_backend = "cache+memcached://127.0.0.1:11211/"
cache_backend_options = {"timeout": 30.0}
"""

_PATIENCE: Final = 30.0


def keepsResults(settings: dict[str, Any]) -> None:
    """
    Who has sent a task gets its result, or its error, and a chord the results of all its tasks: it counts there how
    many have ended.
    """
    from celery import Celery, chord
    from celery.contrib.testing.worker import start_worker

    def add(x: int, y: int) -> int:
        return x + y

    def divide(x: int, y: int) -> float:
        return x / y

    def total(numbers: list[int]) -> int:
        return sum(numbers)

    app = Celery("compat", broker="memory://")
    app.conf.update(settings)
    added, divided, summed = app.task(add), app.task(divide), app.task(total)
    with start_worker(app, pool="solo", perform_ping_check=False):
        assert added.delay(2, 3).get(timeout=_PATIENCE) == 5
        failed = divided.delay(1, 0)
        assert isinstance(failed.get(timeout=_PATIENCE, propagate=False), ZeroDivisionError)
        whole = chord([added.s(number, number) for number in range(5)])(summed.s())
        assert whole.get(timeout=_PATIENCE) == 20


CHECKS: Final = (keepsResults,)
