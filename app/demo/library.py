"""The Chinese texts of the demo, read from `texts/`: what residents write and what is answered."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TEXTS = Path(__file__).parent / "texts"
# The tone of the phrases that go with each file of topics.
_GROUPS = {
    "safety": "repair",
    "utilities": "repair",
    "cleaning": "repair",
    "neighbours": "people",
    "care": "people",
    "errands": "papers",
    "living": "help",
    "advice": "papers",
}


@dataclass(frozen=True, slots=True)
class Matter:
    """The text of one order, and the text of its completion."""

    category: str
    text: str
    done: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A leaf category in the stories: the kinds of its handlers, its kind of place, its texts.

    `place` is "home", "building", "outdoor" or "none"; `tone` chooses the phrases.
    """

    name: str
    tone: str
    handlers: tuple[str, ...]
    place: str
    progress: tuple[str, ...]
    settled: tuple[str, ...]
    matters: tuple[Matter, ...]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_TEXTS / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def topics() -> dict[str, Topic]:
    """The topics of all leaf categories by name, in the order of the category tree."""
    return {
        name: Topic(
            name,
            tone,
            tuple(about["handlers"]),
            about["place"],
            tuple(about["progress"]),
            tuple(about.get("settled", ())),
            tuple(Matter(name, text, done) for text, done in about["orders"]),
        )
        for group, tone in _GROUPS.items()
        for name, about in _read(group).items()
    }


@cache
def phrases() -> dict[str, dict[str, list[str]]]:
    """The texts of reasons, comments and notes by purpose, then by tone ("any" suits every tone)."""
    return _read("phrases")


@cache
def special() -> dict[str, list[dict[str, Any]]]:
    """The texts of special orders.

    `rejected`: orders that a community cannot do, with the office to ask. `merged`: groups of orders
    about one trouble.
    """
    return _read("special")
