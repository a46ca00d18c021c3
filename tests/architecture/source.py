"""The program's files as the rules see them: a path, the text, and the syntax tree."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

# Rooms that are divided into folders by noun, each with files of its own.
FOLDERED = {"deadlines", "orders"}
# What the nouns in those folders are: verbs, reads, or shapes.
KIND_OF_NOUN = {
    **dict.fromkeys(
        (
            *("agreements", "amending", "core", "erasure", "helping", "holders"),
            *(
                "joining",
                "keeping",
                "locating",
                "merging",
                "pausing",
                "reminding",
                "revealing",
                "splitting",
            ),
            *("telling", "timed", "timing", "watching", "words"),
        ),
        "service",
    ),
    **dict.fromkeys(
        (
            *("chronicle", "deadlines", "due", "exports", "hands", "lists", "nearby"),
            *("one", "parts", "rendering", "searching", "verifying", "visible"),
        ),
        "queries",
    ),
    **dict.fromkeys(("bodies", "shapes"), "schemas"),
    "fitness": "policy",
}
# The same of the folders of deadlines.
KIND_IN_DEADLINES = {
    **dict.fromkeys(
        (
            *("explaining", "following", "moving", "rebuilding", "recomputing"),
            "sweeping",
        ),
        "service",
    ),
    **dict.fromkeys(
        ("behind", "late", "previewing", "progress", "subjects", "surroundings", "units"),
        "queries",
    ),
}
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One Python file; `path` is relative to the project and uses slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, self.path)

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's parts, without `.py` at the last."""
        return PurePosixPath(self.path).with_suffix("").parts

    @property
    def is_in_app(self) -> bool:
        """Whether it belongs to the program itself."""
        return self.parts[0] == "app"

    @property
    def kind(self) -> str:
        """What the file is in its room: `service`, `queries` …; a noun counts as what it stands for.

        Where a room has folders by noun, the file's place in its folder tells.
        """
        if not self.is_in_app or len(self.parts) < 3:
            return ""
        depth = 3 if self.parts[1] in FOLDERED and len(self.parts) > 3 else 2
        name = self.parts[depth]
        nouns = KIND_IN_DEADLINES if self.parts[1] == "deadlines" else KIND_OF_NOUN
        return nouns.get(name, name) if depth == 3 else name

    def is_kind(self, *kinds: str) -> bool:
        """Whether it is that file of a room (`service`, `queries` …), or in a package so named."""
        return self.kind in kinds

    def at(self, node: ast.AST) -> str:
        """Where a node stands, to be clicked on."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"


@cache
def python_files(*folders: str, root: Path = ROOT) -> list[Source]:
    """All Python files of the folders (or single files) that exist."""
    found: list[Path] = []
    for name in folders:
        place = root / name
        found += sorted(place.rglob("*.py")) if place.is_dir() else [place] * place.is_file()
    return [
        Source(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))
        for file in found
    ]


def packages(root: Path = ROOT) -> list[Path]:
    """The folders right below app/ that hold code."""
    return [p for p in sorted((root / "app").iterdir()) if (p / "__init__.py").is_file()]


def rooms(root: Path = ROOT) -> list[Path]:
    """The rooms' folders; doors, kernel, the border to WeChat and demo data are built otherwise."""
    others = {"kernel", "wechat", "console", "h5", "open311", "demo"}
    return [folder for folder in packages(root) if folder.name not in others]


def project_texts(root: Path = ROOT) -> Iterator[tuple[str, str]]:
    """Path and text of everything that belongs to the project, but for what others have written."""
    for path in _project_paths(root):
        file = root / path
        if "/static/vendor/" in path or not file.is_file():
            continue
        try:
            yield path, file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _project_paths(root: Path) -> list[str]:
    """What git keeps or would keep; without git, all files outside the folders made by tools."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True)
        return [path for path in listed.stdout.split("\0") if path]
    except (OSError, subprocess.CalledProcessError):
        made = {".venv", "var", "__pycache__"}
        files = (file.relative_to(root) for file in root.rglob("*"))
        return [file.as_posix() for file in files if not made & set(file.parts)]
