"""
Flask-Session: the sessions of Flask.
"""

from __future__ import annotations

from typing import Any, Final

SETTINGS: Final = """
import pymemcache

SESSION_TYPE = "memcached"
SESSION_MEMCACHED = pymemcache.PooledClient("127.0.0.1:11211", default_noreply=False)
"""


def keepsSessions(settings: dict[str, Any]) -> None:
    """
    A client that comes again has its session, another one has none, and one that logs out has none any more.
    """
    from flask import Flask, session
    from flask_session import Session

    def login() -> str:
        session["user"] = "ann"
        return "welcome"

    def who() -> str:
        return str(session.get("user", "nobody"))

    def logout() -> str:
        session.clear()
        return "bye"

    app = Flask("compat")
    app.config.from_mapping({name: value for name, value in settings.items() if name.isupper()})
    Session(app)
    for view in (login, who, logout):
        app.add_url_rule(f"/{view.__name__}", view_func=view)
    ann, other = app.test_client(), app.test_client()
    assert ann.get("/login").text == "welcome"
    assert ann.get("/who").text == "ann"
    assert other.get("/who").text == "nobody"
    assert ann.get("/logout").text == "bye"
    assert ann.get("/who").text == "nobody"


CHECKS: Final = (keepsSessions,)
