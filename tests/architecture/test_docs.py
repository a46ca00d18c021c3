"""The pages about the house name what exists: files, functions, rooms and folders, in their order."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, Source, packages, python_files

PAGES = ("docs/architecture.md", "docs/development.md")
PROGRAM = python_files("app", "tests", "migrations", "config.py", "wsgi.py", "conftest.py")
_FENCED = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
_QUOTED = re.compile(r"`([^`\n]+)`")
_WORD = r"[A-Za-z_]\w*"
_NAME = re.compile(rf"{_WORD}(\.{_WORD})*")
_CALL = re.compile(r"\(.*\)$")
# A file without its folder: one of the project's entrance, or of a kind that rooms have.
_FILE = re.compile(r"\w+\.(py|md|toml)")


def read(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def quoted(text: str) -> list[str]:
    """What stands in backticks, but for whole blocks."""
    return list(dict.fromkeys(_QUOTED.findall(_FENCED.sub("", text))))


@cache
def _source(path: str) -> Source | None:
    return next((source for source in PROGRAM if source.path == path), None)


def members(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """The names that these statements define: functions, classes, constants, columns."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from ((one.id, node) for one in ast.walk(target) if isinstance(one, ast.Name))


@cache
def _everywhere() -> dict[str, list[ast.stmt]]:
    """All that the files of the program define outside functions and classes, by name."""
    found: dict[str, list[ast.stmt]] = {}
    for source in PROGRAM:
        for name, node in members(source.tree.body):
            found.setdefault(name, []).append(node)
    return found


def _has(owner: ast.stmt, name: str) -> bool:
    """Whether a class, or a class that it is made from, has a member of that name."""
    if not isinstance(owner, ast.ClassDef):
        return False
    if name in dict(members(owner.body)):
        return True
    bases = [base.id for base in owner.bases if isinstance(base, ast.Name)]
    return any(_has(one, name) for base in bases for one in _everywhere().get(base, []))


def is_defined(path: str, name: str) -> bool:
    """Whether that file defines the function, class or constant, or the `Class.member`."""
    source = _source(path)
    if source is None:
        return False
    first, *rest = name.split(".")
    owner = dict(members(source.tree.body)).get(first)
    return owner is not None and (not rest or (len(rest) == 1 and _has(owner, rest[0])))


def exists(word: str) -> bool:
    """Whether a word in backticks is something of the project.

    A path is one from the top; of a function the file is named (`file.py::function`), or its class.
    What has no such form, as a call of the API, is not looked for. A call is its name: `tell(…)`.
    """
    path, found, name = word.partition("::")
    if found:
        return is_defined(path, name)
    if " " in (called := _CALL.sub("", word)):
        return all(exists(part) for part in called.split() if "/" in part)
    if "/" in called and not called.startswith(("/", ".")):
        return (ROOT / called).exists()
    if _FILE.fullmatch(called):
        return (ROOT / called).is_file() or any(s.path.endswith(f"/{called}") for s in PROGRAM)
    # A method of an order speaks of itself.
    return not _NAME.fullmatch(called) or is_known(called.replace("self.", "Order."))


def is_known(name: str) -> bool:
    """Whether a name alone is defined anywhere: `write`, `Order.placed`, `orders` (a table)."""
    first, *rest = name.split(".")
    owners = _everywhere().get(first, [])
    if f'"{name}"' in _texts():
        return True
    if rest:
        return len(rest) == 1 and any(_has(owner, rest[0]) for owner in owners)
    return bool(owners) or name in _inner()


@cache
def _texts() -> str:
    """The program itself and its settings, where tables, codes and options stand as text."""
    texts = [source.text for source in PROGRAM if source.path.startswith("app/")]
    return "\n".join([*texts, (ROOT / "pyproject.toml").read_text(encoding="utf-8")])


@cache
def _inner() -> set[str]:
    """Names within classes and functions, parameters too, and the names of rooms and folders."""
    found = {folder.name for folder in (ROOT / "app").rglob("*") if folder.is_dir()}
    for source in PROGRAM:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.FunctionDef):
                found.add(node.name)
    return found


def block(text: str, name: str) -> list[str]:
    """The lines of the fenced block with that name, each as its words, sorted."""
    found = re.search(rf"^```{name}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [] if found is None else _layers(found[1].splitlines())


def _layers(lines: list[str]) -> list[str]:
    return [" ".join(sorted(re.findall(r"\w+", line))) for line in lines]


def contract(name: str) -> list[str]:
    """The layers of an import contract; places that are not built yet are left out."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = {c["id"]: c for c in settings["tool"]["importlinter"]["contracts"]}[name]
    folder = ROOT / found["containers"][0].replace(".", "/")
    there = {entry.stem for entry in folder.iterdir()}
    built = [[w for w in re.findall(r"\w+", line) if w in there] for line in found["layers"]]
    return _layers([" ".join(words) for words in built if words])


def folders_of(folder: Path) -> list[str]:
    """The paths of the packages in a folder, as the pages write them."""
    inits = sorted(folder.glob("*/__init__.py"))
    return [f"{init.parent.relative_to(ROOT).as_posix()}/" for init in inits]


@pytest.mark.parametrize(
    ("page", "least"), [*((page, 80) for page in PAGES), ("docs/fast-path.md", 15)]
)
def test_what_a_page_names_exists(page: str, least: int) -> None:
    """Each file, function, class and table in backticks."""
    words = quoted(read(page))
    assert len(words) > least
    assert [word for word in words if not exists(word)] == []


def test_every_room_and_folder_has_its_line() -> None:
    """And every folder of orders."""
    words = quoted(read(PAGES[0]))
    rooms = [f"app/{room.name}/" for room in packages()]
    assert [path for path in rooms + folders_of(ROOT / "app" / "orders") if path not in words] == []


@pytest.mark.parametrize("name", ["floors", "orders"])
def test_the_floors_are_those_of_the_contract(name: str) -> None:
    """In their order, with the same strangers on one line."""
    assert block(read(PAGES[0]), name) == contract(name)


def test_the_picture_of_the_entrance_is_true() -> None:
    """README shows the same floors, and leads to both pages."""
    text = read("README.md")
    shown = re.search(r"^## How it is built$.*?^```\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert shown is not None
    floors = [re.split(r" {2,}", line)[0] for line in shown[1].splitlines()]
    rooms = _layers(floors)
    assert rooms == ["cli create_app demo jobs", *contract("floors")[1:]]
    assert [page for page in PAGES if f"]({page})" not in text] == []


@pytest.mark.parametrize(
    "word",
    [
        "app/orders/door/window.py",
        "app/lending/",
        "app/orders/record/core.py::wrote",
        "app/orders/ticket/models/order.py::Order.vanish",
        "app/orders/record/cores.py::write",
        "Order.vanish",
        "Order.vanish(at)",
        "core.write",
        "grep claim app/lending/api.py",
        "write_everything",
        "lendings.py",
        "tests/orders/test_table.py::test_nothing",
    ],
)
def test_a_made_up_name_is_found(word: str) -> None:
    """In whatever form it is written."""
    assert quoted(f"See `{word}`.") == [word]
    assert not exists(word)


@pytest.mark.parametrize(
    "word",
    [
        "app/orders/record/core.py",
        "app/orders/record/core.py::write",
        "app/orders/ticket/models/order.py::Order.claim",
        "Order.claim",
        "self.begin(A.CLAIM, at)",
        "CALENDAR",
        "order_events",
    ],
)
def test_a_true_name_is_known(word: str) -> None:
    """So that the test is not red for everything."""
    assert exists(word)


def test_a_moved_floor_is_found() -> None:
    """A page with two floors exchanged does not pass."""
    page = read(PAGES[0])
    moved = page.replace("people\norganisation\n", "organisation\npeople\n")
    assert moved != page
    assert block(moved, "floors") != contract("floors")
