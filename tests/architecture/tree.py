"""The rules about folders and texts, rather than about one Python file."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.architecture.source import FOLDERED, KIND_IN_DEADLINES, KIND_OF_NOUN

Found = Iterator[str]

# These may be packages, their files named by noun.
SPLITTABLE = {"api", "listeners", "models", "policy", "queries", "schemas", "service"}
# `commands` is the operator's door: `flask accounts unlock`, beside `api` for everybody else.
KINDS = SPLITTABLE | {"commands", "events", "jobs", "states"}
# What a room holds besides: knowledge that is large enough to stand alone.
NOUNS: dict[str, set[str]] = {
    "categories": {"initials", "questions", "tree"},
    "deadlines": {
        *("arithmetic", "calendar", "clocks", "defaults", "ladders", "rules", "settings"),
        *("shipped", "special", "wording", *KIND_IN_DEADLINES),
    },
    "dispatching": {"facts", "fitting", "hours", "planning", "solver", "wording"},
    "files": {"media", "reading", "signed", "storage"},
    "intake": {"books", "mappings", "messages", "rows", "sheets", "storage"},
    "identity": {"guard", "passwords", "totp"},
    "orders": {"bigrams", "history", "messages", "stages", *KIND_OF_NOUN},
    "pasts": {"acts", "checking", "effects", "replaying", "starting"},
    "reports": {"bulletin", "messages"},
    "organisation": {"areas", "geometry", "imports", "tables", "workbooks"},
    "people": {"hours", "roles"},
}


def strange_files(room: Path, nouns: Iterable[str] = ()) -> Found:
    """Each file of a room is of a known kind, or a noun that was agreed on."""
    allowed = KINDS | set(nouns) | {"__init__"}
    for entry in _entries(room):
        is_package = (entry / "__init__.py").is_file()
        if entry.suffix != ".py" and not is_package:
            continue
        if entry.stem not in allowed:
            yield f"{room.name}/{entry.name}"
        elif is_package and entry.name in KINDS - SPLITTABLE:
            yield f"{room.name}/{entry.name}: not to be split"


def _entries(room: Path) -> list[Path]:
    """What lies in the room; in one with folders by noun what lies in each of them."""
    if room.name not in FOLDERED:
        return sorted(room.iterdir())
    folders = [entry for entry in sorted(room.iterdir()) if (entry / "__init__.py").is_file()]
    loose = [e for e in room.iterdir() if e.suffix == ".py" and e.stem != "__init__"]
    return [entry for folder in folders for entry in sorted(folder.iterdir())] + loose


def untested_rooms(rooms: Iterable[Path], tests: Path) -> Found:
    """Each room has a folder of tests with at least one test file."""
    for room in rooms:
        if not any((tests / room.name).glob("test_*.py")):
            yield room.name


def traces(texts: Iterable[tuple[str, str]]) -> Found:
    """Where a text names a package registry's host or a folder of somebody's machine.

    The patterns are put together here, so that this file does not break its own rule.
    """
    hosts = ["py" + r"pi\.(org|python)", "python" + "hosted", "npm" + r"js\."]
    options = ["--(extra-)?index" + "-url", "--find" + "-links", "--trusted" + "-host"]
    names = "|".join(["wo" + "rk", "fa" + "rm", "ro" + "ot", "ho" + "me", "Us" + "ers"])
    # A folder counts where a path begins, not within an address or a pattern.
    folders = rf"(?<![\w.>)}}\]*-])/({names})/"
    pattern = re.compile("|".join([*hosts, *options, folders]))
    for path, text in texts:
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line):
                yield f"{path}:{number}"


def missing_requirements(
    imported: Iterable[str],
    requirements: str,
    distributions: Mapping[str, list[str]],
    own: Iterable[str],
) -> Found:
    """Each foreign package that is imported is pinned in the requirements."""
    names = re.findall(r"^([\w.-]+)(?:\[.*\])?==", requirements, re.MULTILINE)
    pinned = {plain(name) for name in names}
    for name in sorted(set(imported) - set(own)):
        if not any(plain(known) in pinned for known in distributions.get(name, [])):
            yield name


def plain(name: str) -> str:
    """A distribution's name as the registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
