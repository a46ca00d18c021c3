"""How the JSON and the paths of requests are read."""

from typing import Any

from flask.json.provider import DefaultJSONProvider
from werkzeug.routing import BaseConverter, IntegerConverter


class RequestJson(DefaultJSONProvider):
    """JSON with Chinese characters unescaped and with the fields in their own order."""

    ensure_ascii = False
    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Reads JSON; raises ValueError also for JSON that is nested too deeply for the reader."""
        try:
            return super().loads(s, **kwargs)
        except RecursionError as deep:
            raise ValueError("nested too deeply") from deep


class PathNumber(IntegerConverter):
    """Ids in paths as numbers of at most 63 bits, so that the database can compare every one of them.

    Text that is no number is not found (404) before any view runs.
    """

    def to_python(self, value: str) -> int:
        """The number; one with more than 18 digits becomes the largest possible id, which no row has."""
        return int(value) if len(value) <= 18 else 2**63 - 1


class PathWord(BaseConverter):
    """Names in paths; a text that cannot be a name of the program is not found (404)."""

    regex = r"[A-Za-z0-9_.:-]{1,100}"
