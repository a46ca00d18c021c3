"""The rules in reverse: what the program declares or pins is used by the program."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from tests.architecture.source import Source
from tests.architecture.tree import plain
from tests.architecture.uses import called, docstrings_of, module_of, targets_of

Found = Iterator[str]
# What a reading of the metrics says: by name and labels the value.
Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]

_METRICS = {"Counter", "Gauge", "Histogram", "Summary", "Figure"}
_PIN = re.compile(r"^([\w.-]+)(?:\[.*\])?==", re.MULTILINE)
_BROUGHT = "# Brought along by those above."


def events_of(source: Source) -> Iterator[str]:
    """The events of a file that is called `events`, with their module.

    A dataclass that stands in a field of another one is a part of that event, and no event itself.
    """
    if source.parts[-1] != "events":
        return
    classes = [node for node in source.tree.body if isinstance(node, ast.ClassDef)]
    fields = [field for node in classes for field in node.body]
    inner = [node for field in fields for node in ast.walk(field)]
    parts = {node.id for node in inner if isinstance(node, ast.Name)}
    for node in classes:
        if node.decorator_list and node.name not in parts:
            yield f"{module_of(source)}.{node.name}"


def unheard(events: Iterable[str], heard: Iterable[str], silent: Iterable[str]) -> Found:
    """Each event has a listener or stands on the list, not both."""
    known, listed = set(heard), set(silent)
    for event in events:
        is_listed = event.rpartition(".")[2] in listed
        if event not in known and not is_listed:
            yield f"{event}: no listener"
        if event in known and is_listed:
            yield f"{event}: on the list, but heard"


def unannounced(events: Iterable[str], sources: Iterable[Source]) -> Found:
    """Each event is made somewhere."""
    made = {called(n) for s in sources for n in ast.walk(s.tree) if isinstance(n, ast.Call)}
    yield from (event for event in events if event.rpartition(".")[2] not in made)


def unused_requirements(
    requirements: str,
    imported: Iterable[str],
    distributions: Mapping[str, list[str]],
    unimported: Iterable[str],
) -> Found:
    """Each package that is asked for is imported or stands on the list, not both."""
    names = {plain(home) for name in imported for home in distributions.get(name, [])}
    asked_for = requirements.partition(_BROUGHT)[0]
    listed = {plain(name) for name in unimported}
    pinned = {plain(name) for name in _PIN.findall(asked_for)}
    yield from (f"{name}: imported nowhere" for name in sorted(pinned - names - listed))
    yield from (f"{name}: on the list, but imported" for name in sorted(listed & names))
    yield from (f"{name}: on the list, but not pinned" for name in sorted(listed - pinned))


def unbidden_requirements(requirements: str, needs: Mapping[str, Iterable[str]]) -> Found:
    """Each package that is only brought along is needed by another one that is pinned."""
    pinned = {plain(name) for name in _PIN.findall(requirements)}
    wanted = {plain(need) for name in pinned for need in needs.get(name, ())}
    for name in _PIN.findall(requirements.partition(_BROUGHT)[2]):
        if plain(name) not in wanted:
            yield f"{name}: brought along by nothing"


def unasked_permissions(declared: Iterable[str], sources: Iterable[Source]) -> Found:
    """Each permission is asked for somewhere: by its name, or by a constant that has it."""
    files = list(sources)
    asking = [node for source in files for node in _outside_declarations(source)]
    texts = {node.value for node in asking if isinstance(node, ast.Constant)}
    names = {node.id for node in asking if isinstance(node, ast.Name)}
    names |= {node.attr for node in asking if isinstance(node, ast.Attribute)}
    constants = {pair for source in files for pair in _string_constants(source)}
    texts |= {text for name, text in constants if name in names}
    yield from (permission for permission in declared if permission not in texts)


def _outside_declarations(source: Source) -> Iterator[ast.AST]:
    """All nodes but for those of PERMISSIONS, docstrings and plain string constants."""
    # The shipped roles say who holds a permission, not what it is needed for.
    if source.path == "app/people/roles.py":
        return
    docstrings = docstrings_of(source)
    constants = {name for name, _ in _string_constants(source)}
    for statement in source.tree.body:
        if not targets_of(statement) & (constants | {"PERMISSIONS"}):
            yield from (node for node in ast.walk(statement) if id(node) not in docstrings)


def _string_constants(source: Source) -> Iterator[tuple[str, str]]:
    """`NAME = "text"`, as name and text."""
    for statement in source.tree.body:
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield from ((name, value.value) for name in targets_of(statement))


def metrics_of(source: Source) -> Iterator[str]:
    """The names of the metrics that a file declares, and of the figures that become metrics."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and called(node.func) in _METRICS and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value


def unmoved(metrics: Iterable[str], before: Samples, after: Samples) -> Found:
    """Each metric has a sample that has come or changed between two readings."""
    moved = {name for (name, labels), value in after.items() if before.get((name, labels)) != value}
    for metric in metrics:
        if not moved & {metric, f"{metric}_count"}:
            yield metric
