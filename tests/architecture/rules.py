"""The rules as functions: each takes a file and yields what breaks the rule in it."""

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache

from tests.architecture.source import Source

Found = Iterator[str]

LONGEST = 400
FORBIDDEN_FILES = {"utils", "util", "common", "helpers", "helper", "managers", "misc"}
FORBIDDEN_CLASS = re.compile(r"(Manager|Helper|Utils?|.Handler)$")
# SQLAlchemy prescribes the two names that are let through.
FORBIDDEN_FUNCTION = re.compile(r"_*process_(?!bind_param$|result_value$)")
CLOCKS = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "func.now",
    "func.current_timestamp",
    "func.clock_timestamp",
}
WEB = {"flask", "flask_smorest", "flask_limiter", "werkzeug", "webargs"}
_WRITING = re.compile(r"\bsession\.(add|add_all|delete|merge|flush|commit)$")
BORDERS = {
    "wechatpy": ("app/wechat/",),
    "apscheduler": ("app/jobs.py", "app/cli.py"),
    "flask_sqlalchemy": ("app/kernel/",),
    "psycopg": ("app/kernel/",),
    "cryptography": ("app/kernel/", "app/wechat/"),
    "argon2": ("app/identity/",),
    "pyotp": ("app/identity/",),
}
_CHINESE = "\u3400-\u9fff"
_HALF_WIDTH = re.compile(rf"[{_CHINESE}}}”»][,;:?!]|[{_CHINESE}]\.(?!\w)|[,;:?!][{_CHINESE}]")
_BARE_IGNORE = re.compile(r"#\s*type:\s*ignore(?!\[[\w,\s-]+\]\s*#\s*\S)")
_BARE_NOQA = re.compile(r"#\s*noqa(?!:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*\s*#\s*\S)", re.IGNORECASE)


def begins_with_a_docstring(source: Source) -> Found:
    """Each module says in one sentence what it is for."""
    if not (ast.get_docstring(source.tree) or "").strip():
        yield f"{source.path}: no docstring"


def is_not_too_long(source: Source) -> Found:
    """No file over 400 lines."""
    lines = len(source.text.splitlines())
    if lines > LONGEST:
        yield f"{source.path}: {lines} lines"


def verbs_without_actor(service: Sequence[Source], others: Sequence[Source]) -> Found:
    """Each verb of a room's service begins with `actor`: who wants this?

    The verbs are the public functions of `service.py`, or those of the package `service/` that a
    file outside of it uses; the package's files may share what they need among themselves.
    """
    modules = frozenset(".".join(source.parts) for source in service)
    used = {name for source in others for name in _taken_from_a_service(source, modules)}
    used -= {source.parts[-1] for source in service}
    for source in service:
        is_whole = source.parts[-1] == "service" and len(service) == 1
        for node in _public_functions(source):
            first = [*node.args.posonlyargs, *node.args.args][:1]
            if (is_whole or node.name in used) and (not first or first[0].arg != "actor"):
                yield f"{source.parts[1]}.{node.name}"


def untested_jobs(jobs: Sequence[Source], timetable: str, tests: str) -> Found:
    """Each function of a room's jobs stands in the timetable and is named by a test."""
    for source in jobs:
        for node in _public_functions(source):
            if not re.search(rf"\b{node.name}\b", timetable):
                yield f"{source.path}:{node.name}: not in the timetable"
            if not re.search(rf"\b{node.name}\b", tests):
                yield f"{source.path}:{node.name}: not tested"


def ends_a_transaction(source: Source) -> Found:
    """Each place that commits."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and node.attr == "commit":
            yield source.at(node)


def imports_at_the_top(source: Source) -> Found:
    """No import hides in a function."""
    for outer in ast.walk(source.tree):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(outer):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield source.at(node)


def reads_no_clock(source: Source) -> Found:
    """Only kernel/clock reads the time; leases ask kernel/database for the database's."""
    if not source.is_in_app or source.path in (
        "app/kernel/clock.py",
        "app/kernel/database/__init__.py",
    ):
        return
    direct = {"time", "time_ns"} & set(_names_from(source, "time"))
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and _dotted(node) in CLOCKS:
            yield f"{source.at(node)}: {_dotted(node)}"
        elif isinstance(node, ast.Name) and node.id in direct:
            yield f"{source.at(node)}: {node.id}"


def knows_no_web(source: Source) -> Found:
    """Rules, queries, policies and models do not import flask or its kin."""
    if source.is_kind("service", "queries", "policy", "models"):
        for node, name in _imported(source):
            if name.split(".")[0] in WEB:
                yield f"{source.at(node)}: {name}"


def writes_nothing(source: Source) -> Found:
    """Queries read; only the service writes."""
    if not source.is_kind("queries", "policy", "schemas", "api"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and _WRITING.search(_dotted(node)):
            yield f"{source.at(node)}: {_dotted(node)}"
    for statement, name in _imported(source):
        if name in ("sqlalchemy.insert", "sqlalchemy.update", "sqlalchemy.delete"):
            yield f"{source.at(statement)}: {name}"


def stays_within_borders(source: Source) -> Found:
    """What talks to the outside, or to the framework, is known in one place."""
    for node, name in _imported(source):
        homes = BORDERS.get(name.split(".")[0])
        if source.is_in_app and homes and not source.path.startswith(homes):
            yield f"{source.at(node)}: {name}"


def has_honest_names(source: Source) -> Found:
    """No Manager, Helper, utils, common: a name says what the thing is."""
    for part in source.parts:
        if part.strip("_") in FORBIDDEN_FILES:
            yield f"{source.path}: {part}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and FORBIDDEN_CLASS.search(node.name):
            yield f"{source.at(node)}: {node.name}"
        if isinstance(node, ast.FunctionDef) and FORBIDDEN_FUNCTION.match(node.name):
            yield f"{source.at(node)}: {node.name}"


def gives_reasons(source: Source) -> Found:
    """Whoever silences a check says which one and why."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if _BARE_IGNORE.search(line) or _BARE_NOQA.search(line):
            yield f"{source.path}:{number}"


def writes_chinese_with_its_own_signs(source: Source) -> Found:
    """What people read in Chinese has full-width punctuation; docstrings are English."""
    docstrings = {id(node.value) for node in ast.walk(source.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(source.tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docstrings else ""
        if isinstance(text, str) and _HALF_WIDTH.search(text):
            yield f"{source.at(node)}: {text[:40]}"


def asked_permissions(source: Source) -> Iterator[tuple[str, str]]:
    """Where which permission is asked for: `actor.may("orders.claim", …)` and the like."""
    asking = {"may", "may_somewhere", "paths", "holders_of"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            first = node.args[0]
            if name in asking and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield source.at(node), first.value


def third_party_imports(source: Source) -> set[str]:
    """The top-level names that a file imports."""
    return {name.split(".")[0] for _, name in _imported(source)}


def _imported(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node, f"{'.' * node.level}{node.module or ''}.{alias.name}"


def _names_from(source: Source, module: str) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            yield from (alias.asname or alias.name for alias in node.names)


def _dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute chain; for `datetime.datetime.now` the last two names are enough."""
    names: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        names.append(inner.attr)
        inner = inner.value
    if isinstance(inner, ast.Name):
        names.append(inner.id)
    names.reverse()
    return ".".join(names[-2:]) if names[0] in ("datetime", "sa", "sqlalchemy") else ".".join(names)


def _public_functions(source: Source) -> Iterator[ast.FunctionDef]:
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


@cache
def _taken_from_a_service(source: Source, services: frozenset[str]) -> set[str]:
    """The functions of those modules that a file imports, or reaches through what it imports.

    A package of verbs may also hand them on.
    """
    modules, taken = set(), set()
    homes = services | {service.rpartition(".")[0] for service in services}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if f"{node.module}.{alias.name}" in homes:
                    modules.add(alias.asname or alias.name)
                elif node.module in homes:
                    taken.add(alias.name)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            taken |= {node.attr} if node.value.id in modules else set()
    return taken
