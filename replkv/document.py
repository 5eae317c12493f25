"""
A file of JSON that a person has written, and what stands in it. Whatever is wrong is refused with one line that names
the file, the place in it and the mistake.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Collection
from typing import Any, Final, NoReturn

from replkv.printable import printable

_LONGEST_KEY: Final = 100


class JSONObject(dict[str, Any]):
    """
    A JSON object that remembers a key that stood in it twice.
    """

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        counts = Counter(key for key, _ in pairs)
        self.repeated = next((key for key, count in counts.items() if count > 1), None)


class Document:
    """
    The text of one file. A place in it is a path such as C{Servers[2].}, with its dot.
    """

    def __init__(self, filename: str, text: str, raises: type[Exception]) -> None:
        """
        @param raises: what is raised at a mistake, here and later, with the line.
        """
        self._filename = filename
        self._raises = raises
        if not text.strip():
            self._fail("", "is empty")
        try:
            self._top = json.loads(text, object_pairs_hook=JSONObject)
        except json.JSONDecodeError as error:
            self._fail(f"line {error.lineno}, column {error.colno}", f"not JSON: {error.msg}")
        except RecursionError:
            self._fail("", "is nested too deeply")
        except ValueError:
            self._fail("", "has a number with too many digits")

    def _object(self, value: object, place: str, required: Collection[str], optional: Collection[str]) -> JSONObject:
        inside = place + "." if place else ""
        if not isinstance(value, JSONObject):
            self._wrongType(place, "an object", value)
        if value.repeated is not None:
            self._fail(inside + printable(value.repeated, _LONGEST_KEY), "is given twice")
        known = [*required, *optional]
        for key in value:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1) or [k for k in known if k.lower() == key.lower()]
                self._fail(
                    inside + printable(key, _LONGEST_KEY),
                    "unknown key" + (f", did you mean {near[0]}?" if near else ""),
                )
        for key in required:
            if key not in value:
                self._fail(inside + key, "is missing")
        return value

    def _integer(self, given: JSONObject, inside: str, key: str, low: int, high: int, default: int = 0) -> int:
        value = given.get(key, default)
        # To Python a bool is an int; to the person who wrote the file it is not.
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrongType(inside + key, "a whole number", value)
        if not low <= value <= high:
            self._fail(inside + key, f"must be from {low} to {high}, not {value}")
        return value

    def _boolean(self, given: JSONObject, inside: str, key: str, default: bool = False) -> bool:
        value = given.get(key, default)
        if not isinstance(value, bool):
            self._wrongType(inside + key, "true or false", value)
        return value

    def _text(self, given: JSONObject, inside: str, key: str, longest: int, default: str = "") -> str:
        value = given.get(key, default)
        if not isinstance(value, str):
            self._wrongType(inside + key, "a string", value)
        if not value:
            self._fail(inside + key, "is empty")
        if len(value) > longest:
            self._fail(inside + key, f"is longer than {longest} characters")
        if not value.isprintable():
            self._fail(inside + key, "has a character that cannot be printed")
        return value

    def _wrongType(self, place: str, expected: str, value: object) -> NoReturn:
        self._fail(place, f"must be {expected}, not {shown(value)}")

    def _fail(self, place: str, mistake: str) -> NoReturn:
        line = ": ".join(part for part in (self._filename, place, mistake) if part)
        raise self._raises(printable(line)) from None


def shown(value: object) -> str:
    """
    What stands in a document, in a few words.
    """
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."
