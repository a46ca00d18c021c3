"""What the program declares, pins or defines is used by the program; the rules are seen to bite."""

import re
from collections.abc import Callable
from importlib.metadata import distributions, packages_distributions

import pytest

from app.kernel.http import App
from tests.architecture import reverse, rules, uses
from tests.architecture.source import ROOT, Source, python_files
from tests.architecture.tree import plain

APP = python_files("app", "config.py", "wsgi.py", "migrations")
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")

_LATER = "Heard by rooms to come: the time bank, the ledgers, the assessment."
# Events that nobody hears yet.
SILENT = {
    "ConsentWithdrawn": "What stands on the consent has to go; no room removes it yet.",
    "LimitAppealed": "The message to the unit above comes next.",
    "RegistrationFiled": "The message to the staff who decide comes next.",
    "OrderClaimed": _LATER,
    "OrderEnded": _LATER,
    "OrderRated": _LATER,
    "OrderReopened": _LATER,
    "OrderSubmitted": _LATER,
}
# Packages that the program needs without importing them.
NOT_IMPORTED = {
    "granian": "The web server; it imports the program.",
    "tzdata": "The time zones, where the machine has none.",
    "wechatpy": "The live connection to WeChat, which is not built yet, stands on it.",
}
# Functions that only tests call.
FOR_LATER = {
    "app.files.service.set_content_state": "The automatic check of contents calls it.",
    "app.identity.queries.wechat_accounts.openid_of": "The sending over WeChat needs it.",
    "app.identity.service.sessions.redeem_ticket": "The phone pages open by the ticket.",
    "app.orders.views.lists.list_unanswered_asks": "The call list gets a door of its own.",
    "app.people.service.persons.withdraw_green": "The person's own page takes the consent back.",
}


def _events() -> list[str]:
    return [event for source in APP for event in reverse.events_of(source)]


def _name(thing: Callable[..., object]) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def test_every_event_is_announced_and_heard(app: App) -> None:
    """By a listener that create_app registers, or it stands on the list."""
    events = _events()
    heard = {_name(event) for event in app.extensions["listeners"]}
    assert heard <= set(events)
    assert list(reverse.unheard(events, heard, SILENT)) == []
    assert list(reverse.unannounced(events, APP)) == []


def test_every_listener_hears(app: App) -> None:
    """It is registered for an event."""
    registered = {_name(one) for some in app.extensions["listeners"].values() for one in some}
    assert list(uses.unregistered_listeners(APP, registered)) == []


def test_every_requirement_is_needed() -> None:
    """Imported by the program or on the list; what is brought along is brought by another."""
    imported = {name for source in APP for name in rules.third_party_imports(source)}
    known = packages_distributions()
    assert list(reverse.unused_requirements(REQUIREMENTS, imported, known, NOT_IMPORTED)) == []
    needs = {
        plain(one.name): [re.split(r"[^\w.-]", need)[0] for need in one.requires or ()]
        for one in distributions()
    }
    assert list(reverse.unbidden_requirements(REQUIREMENTS, needs)) == []


def test_every_permission_is_asked_for(app: App) -> None:
    """A permission that opens nothing is a promise."""
    assert list(reverse.unasked_permissions(app.extensions["permissions"].texts, APP)) == []


def test_every_function_is_called_by_the_program() -> None:
    """Not by tests alone, but for the list."""
    found = [*uses.uncalled_functions(APP), *uses.uncalled_methods(APP)]
    assert sorted(found) == sorted(FOR_LATER)


def test_an_unheard_event_is_found() -> None:
    """And one that is heard in spite of the list; a part of an event is none."""
    text = (
        "@dataclass\nclass Item: ...\n@dataclass\nclass Gone:\n    items: list[Item]\n"
        "@dataclass\nclass Come: ...\nclass Plain: ...\n"
    )
    events = list(reverse.events_of(Source("app/a/events.py", text)))
    assert events == ["app.a.events.Gone", "app.a.events.Come"]
    assert list(reverse.events_of(Source("app/a/states.py", text))) == []
    assert list(reverse.unheard(events, {"app.a.events.Gone"}, {"Gone"})) == [
        "app.a.events.Gone: on the list, but heard",
        "app.a.events.Come: no listener",
    ]
    assert list(reverse.unheard(events, {"app.a.events.Gone"}, {"Come"})) == []
    verb = Source("app/a/service.py", "announce(events.Gone(1))\nx = Come")
    assert list(reverse.unannounced(events, [verb])) == ["app.a.events.Come"]


def test_an_unused_requirement_is_found() -> None:
    """By the name of the distribution; the list holds nothing that is not needed."""
    pinned = f"Flask==3.1\nPyYAML==6.0\ngranian==2\n\n{reverse._BROUGHT}\nsix==1\nblinker==1\n"
    known = {"flask": ["Flask"], "yaml": ["PyYAML"], "granian": ["granian"]}
    found = reverse.unused_requirements(pinned, {"flask"}, known, {"granian"})
    assert list(found) == ["pyyaml: imported nowhere"]
    found = reverse.unused_requirements(pinned, {"flask", "granian"}, known, {"granian", "PyYAML"})
    assert list(found) == ["granian: on the list, but imported"]
    found = reverse.unused_requirements(pinned, {"flask", "yaml"}, known, {"granian", "uv"})
    assert list(found) == ["uv: on the list, but not pinned"]
    needs = {"flask": ["blinker"], "unpinned": ["six"]}
    assert list(reverse.unbidden_requirements(pinned, needs)) == ["six: brought along by nothing"]


@pytest.mark.parametrize(
    "asking",
    [
        'def may(actor): return actor.may("a.b", path)',
        'RULE = _staff("a.b")',
        'KNOWN = {"a.b"}',
        'EDIT = "a.b"\ndef may(actor): return actor.may(EDIT)',
    ],
)
def test_a_permission_that_is_asked_for_is_known(asking: str) -> None:
    """By its name or by a constant."""
    declared = Source("app/a/policy.py", 'PERMISSIONS = (Permission("a.b", "看"),)')
    assert list(reverse.unasked_permissions(["a.b"], [declared])) == ["a.b"]
    asked = Source("app/a/policy.py", f"{declared.text}\n{asking}")
    assert list(reverse.unasked_permissions(["a.b"], [asked])) == []


@pytest.mark.parametrize(
    "idle",
    [
        'PERMISSIONS: dict[str, str] = {"a.b": "看"}',
        'EDIT = "a.b"\nPERMISSIONS = (Permission(EDIT, "看"),)',
        '"""a.b"""\ndef f():\n    "a.b"\n',
    ],
)
def test_a_permission_that_nobody_asks_for_is_found(idle: str) -> None:
    """To declare it, or to write of it, is not to ask for it."""
    assert list(reverse.unasked_permissions(["a.b"], [Source("app/a/policy.py", idle)])) == ["a.b"]


_DEFINED = Source(
    "app/a/queries.py",
    "from flask import Flask\n"
    "def lone(): return lone()\n"
    "def _inner(): ...\n"
    "@blueprint.get('/')\ndef view(): ...\n"
    "class A:\n"
    "    @property\n    def lonely(self): ...\n"
    "    @post_load\n    def hook(self): ...\n"
    "class B(Flask):\n    def prescribed(self): ...\n",
)


@pytest.mark.parametrize(
    "user",
    [
        "from app.a.queries import lone\nlone()",
        "from app.a.queries import lone as other\nx = [other]",
        "from app.a import queries\nqueries.lone()",
        "import app.a.queries as q\nq.lone()",
    ],
)
def test_a_called_function_is_known(user: str) -> None:
    """However it is imported; in a file of the tests it does not count, which are not asked."""
    assert list(uses.uncalled_functions([_DEFINED])) == ["app.a.queries.lone"]
    assert list(uses.uncalled_functions([_DEFINED, Source("app/b/service.py", user)])) == []


def test_what_is_only_handed_on_is_not_called() -> None:
    """A package that offers it uses it no more than its definition does."""
    offered = Source("app/a/__init__.py", "from app.a.queries import lone\n__all__ = ['lone']")
    assert list(uses.uncalled_functions([_DEFINED, offered])) == ["app.a.queries.lone"]
    user = Source("app/b/service.py", "from app.a import lone\nlone()")
    assert list(uses.uncalled_functions([_DEFINED, offered, user])) == []
    namesake = Source("app/b/service.py", "from app.c import lone\nlone()\nx.lone()")
    assert list(uses.uncalled_functions([_DEFINED, namesake])) == ["app.a.queries.lone"]


@pytest.mark.parametrize("user", ["x.lonely", 'getattr(x, "lonely")', "class S:\n    lonely = 1"])
def test_an_uncalled_method_is_found(user: str) -> None:
    """A schema's field asks for it as well."""
    assert list(uses.uncalled_methods([_DEFINED])) == ["app.a.queries.A.lonely"]
    assert list(uses.uncalled_methods([_DEFINED, Source("app/b/schemas.py", user)])) == []


def test_a_metric_that_does_not_move_is_found() -> None:
    """By name, whatever its labels; a histogram by its count."""
    text = 'x = Counter("a_total", "A", ["b"])\ny = Histogram("c", "C")\nFigure("d", "D", f)\nGauge(n, "")'
    names = list(reverse.metrics_of(Source("app/a.py", text)))
    assert names == ["a_total", "c", "d"]
    none: frozenset[tuple[str, str]] = frozenset()
    before = {("a_total", none): 1.0, ("c_count", none): 2.0}
    assert list(reverse.unmoved(names, before, before | {("c_sum", none): 1.0})) == names
    after = before | {("a_total", frozenset({("b", "x")})): 0.0, ("c_count", none): 3.0}
    assert list(reverse.unmoved(names, before, after)) == ["d"]
    assert list(reverse.unmoved(names, before, after | {("d", none): 0.0})) == []


def test_an_unregistered_listener_is_found() -> None:
    source = Source("app/a/listeners.py", "def on_gone(e): ...\ndef on_come(e): ...\ndef _x(): ...")
    found = uses.unregistered_listeners([source], {"app.a.listeners.on_come"})
    assert list(found) == ["app.a.listeners.on_gone"]
