"""The rules of the house, held against the program as it is."""

import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions

import pytest

from tests.architecture import rules, tree
from tests.architecture.source import (
    FOLDERED,
    ROOT,
    Source,
    packages,
    project_texts,
    python_files,
    rooms,
)

APP = python_files("app", "config.py", "wsgi.py")
TESTS = python_files("tests", "bench", "conftest.py")
MIGRATIONS = python_files("migrations")
# Verbs of the mechanisms: rooms above call them inside a verb of their own that has asked its
# actor, or the timetable does; they know "a subject", never who wants something of it.
WITHOUT_ACTOR = {
    "deadlines.differences",
    "deadlines.follow",
    "deadlines.write_past",
    "files.delete_files",
    "files.erase_files_of",
    "files.remove_loose",
    "files.remove_strays",
    "files.work_off_removals",
    "notifications.deliver_batch",
    "notifications.erase_messages_of",
    "notifications.forget_old_messages",
    "notifications.notify",
    "notifications.notify_each",
    "orders.act_of",
    "orders.append_history",
    "orders.choice_of",
    "orders.deed_of",
    "orders.end_of_round",
    "orders.entry_of",
    "orders.keep_words",
    "orders.lapses_at",
    "orders.set_dates",
    "orders.subject_of",
}


def found(rule: Callable[[Source], Iterator[str]], *files: list[Source]) -> list[str]:
    """All that breaks the rule."""
    return [offence for group in files for source in group for offence in rule(source)]


@pytest.mark.parametrize(
    "rule",
    [rules.begins_with_a_docstring, rules.is_not_too_long, rules.gives_reasons],
)
def test_every_file(rule: Callable[[Source], Iterator[str]]) -> None:
    """A sentence at the top, at most 400 lines, and no check silenced without a reason."""
    assert found(rule, APP, TESTS) == []


@pytest.mark.parametrize(
    "rule",
    [
        rules.imports_at_the_top,
        rules.reads_no_clock,
        rules.knows_no_web,
        rules.writes_nothing,
        rules.stays_within_borders,
        rules.has_honest_names,
        rules.writes_chinese_with_its_own_signs,
    ],
)
def test_every_file_of_the_program(rule: Callable[[Source], Iterator[str]]) -> None:
    """What each of them says in its own docstring."""
    assert found(rule, APP) == []


def test_commit_stands_once() -> None:
    """The app ends transactions; nobody else does."""
    (place,) = found(rules.ends_a_transaction, APP)
    assert place.startswith("app/kernel/database/__init__.py:")


def test_every_verb_names_its_actor_first() -> None:
    """But for the mechanisms' list, which holds nothing that is not needed."""
    offences: set[str] = set()
    for room in rooms():
        in_room = [source for source in APP if source.parts[:2] == ("app", room.name)]
        service = [source for source in in_room if source.is_kind("service")]
        others = [source for source in APP if source not in service]
        offences.update(rules.verbs_without_actor(service, others))
    assert offences == WITHOUT_ACTOR


def test_every_file_of_a_room_is_of_a_known_kind() -> None:
    """And the agreed nouns are there."""
    for room in rooms():
        nouns = tree.NOUNS.get(room.name, set())
        assert list(tree.strange_files(room, nouns)) == []
        assert nouns <= {entry.stem for entry in room.rglob("*")}


def test_the_floors_know_every_room() -> None:
    """The contract about the files of a room names its rooms one by one; a new one joins them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {c["id"]: c for c in settings["tool"]["importlinter"]["contracts"]}
    named = contracts["files"]["containers"]
    wanted = []
    for room in rooms():
        folders = sorted(f.parent.name for f in room.glob("*/__init__.py"))
        names = [f"{room.name}.{folder}" for folder in folders]
        wanted += names if room.name in FOLDERED else [room.name]
    assert sorted(named) == sorted(f"app.{name}" for name in wanted)


def test_every_room_is_tested() -> None:
    """The tests mirror the rooms."""
    assert list(tree.untested_rooms(packages(), ROOT / "tests")) == []


def test_every_job_is_on_the_timetable_and_tested() -> None:
    """The timetable is one page; a job that nobody tests is a job that nobody knows."""
    jobs = [source for source in APP if source.is_kind("jobs")]
    timetable = (ROOT / "app" / "jobs.py").read_text(encoding="utf-8")
    tests = "\n".join(s.text for s in TESTS if not s.path.startswith("tests/architecture/"))
    assert jobs
    assert list(rules.untested_jobs(jobs, timetable, tests)) == []


def test_nothing_names_a_registry_or_a_machine() -> None:
    """The project is the same everywhere."""
    assert list(tree.traces(project_texts())) == []


def test_everything_imported_is_required() -> None:
    """Pinned for running when the program imports it, for testing when the tests do."""
    own = {"app", "config", "wsgi", "tests", "bench", "conftest", *sys.stdlib_module_names}
    running = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    testing = running + (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    known = packages_distributions()
    needs = [(APP + MIGRATIONS, running), (TESTS, testing)]
    for files, requirements in needs:
        imported = {name for source in files for name in rules.third_party_imports(source)}
        assert list(tree.missing_requirements(imported, requirements, known, own)) == []
