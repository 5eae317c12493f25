"""
Django's tests of its cache, by way of both clients that it knows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.compat.counting import countUnittest
from tests.compat.suite import HOST, Call, Kit, Suite

_SETTINGS: Final = """
import os

DATABASES = {name: {"ENGINE": "django.db.backends.sqlite3"} for name in ("default", "other")}
SECRET_KEY = "for tests"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "server": {
        "BACKEND": "django.core.cache.backends.memcached." + os.environ["COMPAT_BACKEND"],
        "LOCATION": os.environ["COMPAT_ADDRESS"],
    },
}
"""


def _call(kit: Kit, port: int, backend: str) -> Call:
    tests = kit.source("django") / "tests"
    (tests / "compat_settings.py").write_text(_SETTINGS)
    command: list[str | Path] = [
        kit.python,
        "runtests.py",
        "--settings",
        "compat_settings",
        "--parallel",
        "1",
        "--verbosity",
        "2",
    ]
    address = {"COMPAT_BACKEND": backend, "COMPAT_ADDRESS": f"{HOST}:{port}"}
    return Call([*command, f"cache.tests.{backend}Tests"], address, tests)


def suite(backend: str) -> Suite:
    """
    Those for a backend of Django's, which has a client.
    """
    return Suite(
        name=f"Django, {backend}",
        version=lambda kit: kit.version("Django"),
        call=lambda kit, port: _call(kit, port, backend),
        count=countUnittest,
    )
