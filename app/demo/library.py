"""The words of the demo, read from `texts/`: what residents say and what is answered."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TEXTS = Path(__file__).parent / "texts"
# Which file has which kind of phrases.
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
    """What one resident says, and what is reported when it is done."""

    category: str
    text: str
    done: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A leaf category: who handles it, where it happens, and its words."""

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
    """All leaf categories by name, in the order of the tree."""
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
    """Reasons, comments and notes by purpose, then by tone ("any" fits all)."""
    return _read("phrases")


@cache
def special() -> dict[str, list[dict[str, Any]]]:
    """`rejected`: what no community can do, with whom to ask; `merged`: several about one thing."""
    return _read("special")
