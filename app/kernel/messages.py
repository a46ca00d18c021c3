"""The templates of the messages to people; each room declares its own, by the moment of the message."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flask import current_app

# A mention stands between two characters for private use, which no text of a person keeps.
_OPENS, _CLOSES = "\ue000", "\ue001"
_MENTION = re.compile(f"{_OPENS}(\\d+){_CLOSES}")
_SIGNS = str.maketrans("", "", _OPENS + _CLOSES)


class Mention(str):
    """A value for a template that mentions people by their ids; their names are filled in for a reader."""

    __slots__ = ()


def mention(person_ids: Iterable[int]) -> Mention:
    """The people, one after another, as a value for a template."""
    return Mention("、".join(f"{_OPENS}{person_id}{_CLOSES}" for person_id in person_ids))


def without_mentions(value: str | int) -> str | int:
    """A value of a person's own words, in which nobody is mentioned; a Mention stays as it is."""
    is_plain = isinstance(value, str) and not isinstance(value, Mention)
    return value.translate(_SIGNS) if is_plain else value  # type: ignore[union-attr]  # a text


def mentioned_in(text: str) -> set[int]:
    """The ids of the people whom a text mentions."""
    return {int(found) for found in _MENTION.findall(text)}


def named(text: str, names: Mapping[int, str]) -> str:
    """The text with the names of the people whom it mentions."""
    return _MENTION.sub(lambda found: names[int(found[1])], text)


@dataclass(frozen=True, slots=True)
class Template:
    """A title and a text for `str.format`; the values that it is given hold no personal data in clear."""

    title: str
    text: str


def templates() -> dict[str, Template]:
    """The templates of all rooms by moment ("order.claimed"), as create_app has collected them."""
    found: dict[str, Template] = current_app.extensions["messages"]
    return found
