"""Each rule, fed with a small offence: a rule that finds nothing in it would hold nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask, abort

from tests.architecture import doors, rules, tree
from tests.architecture.source import Source, project_texts, python_files, rooms

Rule = Callable[[Source], Iterator[str]]
PLANTED: list[tuple[Rule, str, str, str]] = [
    (rules.begins_with_a_docstring, "app/a.py", "X = 1", '"""Says."""'),
    (rules.begins_with_a_docstring, "app/a.py", "# only a comment", '"""Says."""\n# more'),
    (rules.is_not_too_long, "app/a.py", "x = 1\n" * 401, "x = 1\n" * 400),
    (rules.ends_a_transaction, "app/a.py", "session.commit()", "session.flush()"),
    (rules.ends_a_transaction, "app/a.py", "end = db.session.commit", "committed = 1"),
    (rules.imports_at_the_top, "app/a.py", "def f():\n import os", "import os\ndef f(): ..."),
    (rules.imports_at_the_top, "app/a.py", "class A:\n def f(self):\n  from os import path", ""),
    (rules.reads_no_clock, "app/a/service.py", "datetime.now(UTC)", "now()"),
    (rules.reads_no_clock, "app/a/service.py", "datetime.datetime.now(UTC)", "clock.now()"),
    (rules.reads_no_clock, "app/a/service.py", "date.today()", "local_date(now())"),
    (rules.reads_no_clock, "app/a/service.py", "from time import time\ntime()", "time.monotonic()"),
    (rules.reads_no_clock, "app/a/models.py", "sa.func.now()", "sa.func.max()"),
    (
        rules.knows_no_web,
        "app/a/service.py",
        "from flask import g",
        "from app.kernel import errors",
    ),
    (rules.knows_no_web, "app/a/service/b.py", "import flask_smorest", "import json"),
    (rules.knows_no_web, "app/a/queries.py", "from werkzeug.http import x", "import flasks"),
    (rules.writes_nothing, "app/a/queries.py", "session.add(x)", "found.add(x)"),
    (rules.writes_nothing, "app/a/queries/b.py", "db.session.delete(x)", "session.scalars(x)"),
    (rules.writes_nothing, "app/a/api.py", "session.flush()", "service.place()"),
    (rules.writes_nothing, "app/a/queries.py", "from sqlalchemy import update", "a.update(b)"),
    (rules.stays_within_borders, "app/a/service.py", "import wechatpy", "import json"),
    (rules.stays_within_borders, "app/wsgi.py", "from apscheduler.x import Y", "import app.jobs"),
    (rules.has_honest_names, "app/a/utils.py", "", "util_values = 1"),
    (rules.has_honest_names, "app/common/__init__.py", "", ""),
    (rules.has_honest_names, "app/a/b.py", "class OrderManager: ...", "class Management: ..."),
    (rules.has_honest_names, "app/a/b.py", "class EventHandler: ...", "class Handler: ..."),
    (rules.has_honest_names, "app/a/b.py", "def _process_order(): ...", "def place(): ..."),
    (rules.gives_reasons, "app/a.py", "x = 1  # type: ig" + "nore", "x = 1  # why"),
    (rules.gives_reasons, "app/a.py", "x = 1  # type: ig" + "nore[misc]", ""),
    (rules.gives_reasons, "app/a.py", "x = 1  # no" + "qa", ""),
    (rules.gives_reasons, "app/a.py", "x = 1  # no" + "qa: S101", "x = 1  # noqa: S101  # why"),
    (
        rules.writes_chinese_with_its_own_signs,
        "app/a.py",
        'x = "没有,请重试"',
        'x = "没有，请重试。"',
    ),
    (
        rules.writes_chinese_with_its_own_signs,
        "app/a.py",
        'f"{x}号工单,已办"',
        'f"{x}号工单，已办"',
    ),
    (rules.writes_chinese_with_its_own_signs, "app/a.py", 'x = "您好."', 'x = "见 a.py 和 b:c"'),
]


@pytest.mark.parametrize(("rule", "path", "offence", "innocent"), PLANTED)
def test_a_rule_finds_what_is_planted(rule: Rule, path: str, offence: str, innocent: str) -> None:
    """The offence is found; its innocent twin is not."""
    assert list(rule(Source(path, offence)))
    assert not list(rule(Source(path if offence else "app/a/b.py", innocent)))


@pytest.mark.parametrize(
    "user",
    [
        "from app.a.service.b import place",
        "from app.a.service import b\nb.place(1)",
        "from app.a import service\nservice.place(1)",
    ],
)
def test_a_verb_without_actor_is_found(user: str) -> None:
    """In `service.py`, and in a package what others use of it, but not its inner functions."""
    text = "def place(order_id): ...\ndef claim(actor, order_id): ...\ndef locked(): ..."
    outside = [Source("app/a/api.py", user)]
    inner = [Source("app/a/service/b.py", text), Source("app/a/service/__init__.py", "")]
    assert list(rules.verbs_without_actor(inner, outside)) == ["a.place"]
    assert list(rules.verbs_without_actor(inner, [])) == []
    whole = [Source("app/a/service.py", text + "\ndef _sum(): ...")]
    assert list(rules.verbs_without_actor(whole, [])) == ["a.place", "a.locked"]


def test_a_forgotten_job_is_found() -> None:
    """Not in the timetable, or in no test."""
    jobs = [Source("app/a/jobs.py", "def sweep(): ...\ndef send(): ...\ndef _one(): ...")]
    found = list(rules.untested_jobs(jobs, "every(minutes=1, a.sweep)", "def test_send(): send()"))
    assert found == ["app/a/jobs.py:sweep: not tested", "app/a/jobs.py:send: not in the timetable"]


def test_asked_permissions_are_read() -> None:
    """Methods and functions, literal strings only."""
    source = Source("app/a.py", 'actor.may("a.b", p)\nholders_of("c.d", 1)\nactor.may(name, p)')
    assert [name for _, name in rules.asked_permissions(source)] == ["a.b", "c.d"]


def planted_tree(root: Path, *files: str) -> Path:
    """Empty files, with their folders."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_a_strange_file_in_a_room_is_found(tmp_path: Path) -> None:
    """An unknown kind, and a kind that is not to be split."""
    planted_tree(
        tmp_path,
        *("app/visits/__init__.py", "app/visits/service.py", "app/visits/maps.py"),
        *("app/visits/queries/__init__.py", "app/visits/states/__init__.py", "app/visits/x.toml"),
        *("app/visits/stuff.py", "app/kernel/__init__.py", "app/kernel/anything.py"),
    )
    (room,) = rooms(tmp_path)
    assert list(tree.strange_files(room, {"maps"})) == [
        "visits/states: not to be split",
        "visits/stuff.py",
    ]


def test_a_room_without_tests_is_found(tmp_path: Path) -> None:
    """A folder alone is not enough."""
    planted_tree(tmp_path, "app/a/__init__.py", "app/b/__init__.py", "app/c/__init__.py")
    planted_tree(tmp_path, "tests/a/test_x.py", "tests/b/__init__.py")
    assert list(tree.untested_rooms(rooms(tmp_path), tmp_path / "tests")) == ["b", "c"]


@pytest.mark.parametrize(
    "line",
    [
        "see https://py" + "pi.org/simple",
        "files.python" + "hosted.org",
        "https://regis" + "try.npm" + "js.org/x",
        "pip install --index" + "-url x",
        "cd /wo" + "rk/main",
        'open("/ro' + 'ot/x")',
        "python: /ho" + "me/somebody/x",
    ],
)
def test_a_trace_of_a_machine_is_found(line: str) -> None:
    """Hosts of registries, folders of people."""
    assert list(tree.traces([("README.md", "fine\n" + line)])) == ["README.md:2"]


def test_ordinary_addresses_are_no_traces() -> None:
    """A page called home or work is no folder of a machine."""
    for word in ("ho" + "me", "wo" + "rk"):
        text = f"https://example.org/{word}/\n/api/v1/{word}/x\nkind: a|{word}|b\n<a>/{word}/\n"
        assert not list(tree.traces([("a", text)]))


def test_the_texts_of_a_tree_are_read(tmp_path: Path) -> None:
    """Everything that is text, but for what others wrote and what tools made."""
    planted_tree(
        tmp_path, "run", "app/static/vendor/x.js", "docs/a.md", ".venv/lib.py", "var/x.env"
    )
    (tmp_path / "picture").write_bytes(b"\xff\xfe\x00")
    assert sorted(path for path, _ in project_texts(tmp_path)) == ["docs/a.md", "run"]
    planted_tree(tmp_path, "app/a/b.py")
    assert [source.path for source in python_files("app", root=tmp_path)] == ["app/a/b.py"]


def test_a_missing_requirement_is_found() -> None:
    """By the name of the distribution, not of the module."""
    known = {"yaml": ["PyYAML"], "flask": ["Flask"], "psycopg": ["psycopg"]}
    pinned = "Flask==3.1\npsycopg[binary,pool]==3.3\n# PyYAML==6"
    imported = {"flask", "yaml", "psycopg", "app", "unheard"}
    found = tree.missing_requirements(imported, pinned, known, own={"app"})
    assert list(found) == ["unheard", "yaml"]


def test_an_open_door_is_found() -> None:
    """Also one that only one method opens."""
    app = Flask("planted")

    @app.get("/closed/<int:number>/<path:rest>")
    def closed(number: int, rest: str) -> str:
        abort(401)

    @app.route("/half", methods=["GET", "POST"], endpoint="half")
    def half() -> str:
        return "in"

    @app.get("/listed")
    def listed() -> str:
        return "in"

    found = list(doors.open_doors(app, {"listed", "static"}))
    assert found == ["GET /half (half): 200", "POST /half (half): 200"]
    assert list(doors.unknown_endpoints(app, {"listed", "gone"})) == ["gone"]


def test_an_undeclared_permission_is_found() -> None:
    """A role cannot hold what no room knows."""
    held = {"member": {"orders.claim"}, "duty": {"orders.claim", "orders.clam"}}
    assert list(doors.undeclared(held, {"orders.claim"})) == ["duty: orders.clam"]
