"""Which functions of the program the program itself uses, and which only its tests."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.architecture.source import Source

# A name in a module: ("app.people.queries", "holders_of").
Name = tuple[str, str]

_PROPERTIES = {"property", "cached_property", "staticmethod", "classmethod"}
_WORD = re.compile(r"\w+")


def uncalled_functions(sources: Sequence[Source]) -> Iterator[str]:
    """Each public function of the program is used in the program, not by tests alone.

    A decorated one is called by its decorator: views, commands, hooks of the ORM. Listeners have a
    rule of their own.
    """
    uses = Uses.of(sources)
    for source in sources:
        if source.is_in_app and not source.is_kind("listeners"):
            for name, node in _functions(source.tree):
                if not uses.has_function(source, node):
                    yield f"{module_of(source)}.{name}"


def uncalled_methods(sources: Sequence[Source]) -> Iterator[str]:
    """Each public method is asked for somewhere in the program, by its name.

    What a foreign base class prescribes is called by that class; hooks of schemas are decorated.
    """
    uses = Uses.of(sources)
    classes = (
        (source, node)
        for source in sources
        for node in source.tree.body
        if source.is_in_app and isinstance(node, ast.ClassDef)
    )
    for source, owner in classes:
        if not uses.has_foreign_base(source, owner):
            unknown = (name for name, _ in _functions(owner) if name not in uses.words)
            yield from (f"{module_of(source)}.{owner.name}.{name}" for name in unknown)


def unregistered_listeners(sources: Iterable[Source], registered: Iterable[str]) -> Iterator[str]:
    """Each public function of a room's listeners is registered in create_app."""
    known = set(registered)
    for source in sources:
        if source.is_kind("listeners"):
            names = (f"{module_of(source)}.{name}" for name, _ in _functions(source.tree))
            yield from (name for name in names if name not in known)


@dataclass(slots=True)
class Uses:
    """What the files name: functions by their module, and the words that objects are asked for."""

    modules: set[str]
    named: set[Name] = field(default_factory=set)
    handed_on: dict[Name, Name] = field(default_factory=dict)
    foreign: set[Name] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, sources: Sequence[Source]) -> "Uses":
        """All that these files name."""
        found = cls({module_of(source) for source in sources})
        for source in sources:
            imported = found._read_imports(source)
            found._read_attributes(source, imported)
            found.words.update(_words(source))
        for name in list(found.named):
            while name in found.handed_on:
                name = found.handed_on[name]
                found.named.add(name)
        return found

    def has_function(self, source: Source, node: ast.FunctionDef) -> bool:
        """Whether another file names it, or its own does so outside of its body."""
        inside = {id(inner) for inner in ast.walk(node)}
        return (module_of(source), node.name) in self.named or any(
            isinstance(other, ast.Name) and other.id == node.name and id(other) not in inside
            for other in ast.walk(source.tree)
        )

    def has_foreign_base(self, source: Source, node: ast.ClassDef) -> bool:
        """Whether it is derived from a class of another project, which may call its methods."""
        names = (inner for base in node.bases for inner in ast.walk(base))
        return any(
            isinstance(name, ast.Name) and (module_of(source), name.id) in self.foreign
            for name in names
        )

    def _read_imports(self, source: Source) -> dict[str, str]:
        """Notes what is imported; answers the modules by the names that the file has for them."""
        here, imported = module_of(source), {}
        loaded = {node.id for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
        for home, name, own_name in _imports(source):
            if f"{home}.{name}" in self.modules:
                imported[own_name] = f"{home}.{name}"
            if home not in self.modules:
                self.foreign.add((here, own_name))
            if own_name in loaded:
                self.named.add((home, name))
            else:
                # Only handed on: it is used where somebody takes it from here.
                self.handed_on[here, own_name] = (home, name)
        return imported

    def _read_attributes(self, source: Source, imported: dict[str, str]) -> None:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                module = imported.get(node.value.id)
                self.named.update({(module, node.attr)} if module else ())


def _words(source: Source) -> Iterator[str]:
    """What an object may be asked for: attributes, names in texts, fields of schemas."""
    docstrings = docstrings_of(source)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.ClassDef):
            yield from (name for statement in node.body for name in targets_of(statement))
        elif isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield from _WORD.findall(node.value) if isinstance(node.value, str) else ()


def _imports(source: Source) -> Iterator[tuple[str, str, str]]:
    """Module, name in it, and name in this file, of each import."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.module or "", alias.name, alias.asname or alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                own_name = alias.asname or alias.name.partition(".")[0]
                home, _, name = alias.name.rpartition(".")
                yield home, name, own_name


def _functions(owner: ast.Module | ast.ClassDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The public functions that no decorator calls."""
    for node in owner.body:
        if isinstance(node, ast.FunctionDef):
            decorators = {called(decorator) for decorator in node.decorator_list}
            if not node.name.startswith("_") and decorators <= _PROPERTIES:
                yield node.name, node


def docstrings_of(source: Source) -> set[int]:
    """The ids of the nodes that are docstrings, or other texts that stand alone."""
    return {id(node.value) for node in ast.walk(source.tree) if isinstance(node, ast.Expr)}


def module_of(source: Source) -> str:
    """`app.people.queries`, of the package's `__init__` too."""
    parts = source.parts[:-1] if source.parts[-1] == "__init__" else source.parts
    return ".".join(parts)


def called(node: ast.expr) -> str:
    """The last name of `a.b.c`, `c`, or `c(…)`."""
    if isinstance(node, ast.Call):
        return called(node.func)
    return node.attr if isinstance(node, ast.Attribute) else str(getattr(node, "id", ""))


def targets_of(statement: ast.stmt) -> set[str]:
    """The names to which a statement gives a value, or a type."""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    nodes = (node for target in targets for node in ast.walk(target))
    return {node.id for node in nodes if isinstance(node, ast.Name)}
