"""
Django: its cache, and its sessions in that.
"""

from __future__ import annotations

from typing import Any, Final

SETTINGS: Final = """
CACHES = {"default": {"BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache", "LOCATION": "127.0.0.1:11211"}}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
"""


def _configured(settings: dict[str, Any]) -> None:
    from django.conf import settings as known

    if not known.configured:
        known.configure(**settings, SECRET_KEY="for tests")


def caches(settings: dict[str, Any]) -> None:
    """
    It finds again what it puts there, counts, and deletes.
    """
    _configured(settings)
    from django.core.cache import cache

    cache.set("page", {"title": "h\u00e9llo", "hits": 3}, 300)
    assert cache.get("page") == {"title": "h\u00e9llo", "hits": 3}
    assert cache.add("page", 1) is False
    cache.set_many({"a": 1, "b": 2})
    assert cache.incr("a", 4) == 5
    assert cache.get_many(["a", "b", "c"]) == {"a": 5, "b": 2}
    assert cache.delete("page") is True
    assert cache.get("page") is None


def keepsSessions(settings: dict[str, Any]) -> None:
    """
    A session is found again by its key, and not when it is over.
    """
    _configured(settings)
    from django.contrib.sessions.backends.cache import SessionStore

    session = SessionStore()
    session["user"] = 7
    session.save()
    found = SessionStore(session.session_key)
    assert found["user"] == 7
    found.flush()
    assert SessionStore(session.session_key).load() == {}


CHECKS: Final = (caches, keepsSessions)
