"""The templates of the messages to people; each room declares its own, by the moment of the message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app


@dataclass(frozen=True, slots=True)
class Template:
    """A title and a text for `str.format`; the values that it is given hold no personal data in clear.

    A person is given by id: `handler_id` or `others_ids` for `{handler}` or `{others}`.
    """

    title: str
    text: str

    def filled(self, params: Mapping[str, Any]) -> tuple[str, str]:
        """Title and text, each person as a mark, which `named` replaces when the message is read.

        Raises KeyError where a param is missing.
        """
        values = dict(_value(name, value) for name, value in params.items())
        return self.title.format_map(values), self.text.format_map(values)


# A person's id between two signs that no text has: `_value` takes them out of all other values.
_OPENS, _CLOSES = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPENS}(\\d+){_CLOSES}")
_SIGNS = str.maketrans("", "", _OPENS + _CLOSES)


def _value(name: str, value: Any) -> tuple[str, Any]:
    if name.endswith("_ids"):
        return name.removesuffix("_ids"), "、".join(map(_mark, value))
    if name.endswith("_id"):
        return name.removesuffix("_id"), _mark(value)
    return name, value.translate(_SIGNS) if isinstance(value, str) else value


def _mark(person_id: int) -> str:
    return f"{_OPENS}{person_id}{_CLOSES}"


def people_in(text: str) -> set[int]:
    """The ids of the people that a filled text names."""
    return {int(person_id) for person_id in _MARK.findall(text)}


def named(text: str, names: Mapping[int, str]) -> str:
    """The filled text with the names of its people."""
    return _MARK.sub(lambda mark: names[int(mark[1])], text)


def filled(moment: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """Title and text of the message of that moment, as `Template.filled`.

    Raises KeyError for an unknown moment or a missing param.
    """
    return templates()[moment].filled(params)


def templates() -> dict[str, Template]:
    """The templates of all rooms by moment ("order.claimed"), as create_app has collected them."""
    found: dict[str, Template] = current_app.extensions["messages"]
    return found
