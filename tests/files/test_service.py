"""Uploading, attaching, judging, deleting: who may, how often, and what is left."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from app.files import jobs, queries, service
from app.files.listeners import on_export_requested, on_person_erased
from app.files.models import File, FileRemoval
from app.files.reading import Content, read_content
from app.files.states import DAILY_BYTES, OPEN_FILES, ContentState, FileKind
from app.kernel.actor import Actor, Grant
from app.kernel.audit import AuditRow
from app.kernel.database import session, transaction
from app.kernel.errors import Forbidden, Invalid, NotFound, Refusal, TooMany
from app.organisation import service as organisation
from app.organisation.models import Unit
from app.people.events import ExportRequested, PersonErased
from app.people.models import Person
from app.people.states import PersonStatus
from tests.conftest import Clock, count
from tests.files import samples
from tests.files.conftest import SYSTEM, NewPerson, keep, names_in

MORNING = "2026-03-02T09:00:00+08:00"
ORDER = ("order", 7)


def refused(verb: Callable[[], object]) -> str:
    """The code with which a verb is refused."""
    with pytest.raises(Refusal) as caught, transaction():
        verb()
    assert caught.value.message.endswith("。")
    assert "," not in caught.value.message or not caught.value.code.startswith("file.")
    return caught.value.code


def give(actor: Actor, ids: list[int], subject: tuple[str, int] = ORDER, **more: FileKind) -> None:
    """Attaches in a transaction of its own."""
    with transaction():
        service.attach(actor, ids, subject, **more)


def test_upload(resident: Actor, folder: Path) -> None:
    """A row with what was measured, and two stored forms under its random name."""
    file = keep(resident)
    assert (file.kind, file.width, file.height, file.seconds) == (FileKind.PICTURE, 200, 100, None)
    assert file.is_loose
    assert file.content_state is ContentState.PENDING
    assert names_in(folder) == [file.name, f"{file.name}.small"]
    assert file.size == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    voice = keep(resident, samples.amr(7))
    assert (voice.kind, voice.width, voice.seconds) == (FileKind.VOICE, None, 7)
    assert len(names_in(folder)) == 3


def test_upload_needs_a_person(resident: Actor) -> None:
    """Jobs do not upload, nor does someone erased while the picture was decoded."""
    content = read_content(samples.jpeg())
    assert refused(lambda: service.upload(SYSTEM, content)) == "actor.not_a_person"
    with transaction():
        session.get_one(Person, resident.own_id).status = PersonStatus.ERASED
    assert refused(lambda: service.upload(resident, content)) == "not_found"
    assert count(File) == 0


def test_attach_keeps_the_order(resident: Actor) -> None:
    """Files stand as they were chosen, later ones behind."""
    first, second, third = (keep(resident).id for _ in range(3))
    give(resident, [third, first])
    give(resident, [second])
    assert queries.attached_ids("order", [7, 8]) == {7: [third, first, second], 8: []}
    give(resident, [])


def test_attach_refuses(resident: Actor, neighbour: Actor) -> None:
    """Foreign and missing files look the same; a file is used once; nothing is half done."""
    own, foreign = keep(resident).id, keep(neighbour).id
    assert refused(lambda: service.attach(resident, [own, 999999], ORDER)) == "file.unknown"
    assert refused(lambda: service.attach(resident, [own, foreign], ORDER)) == "file.unknown"
    assert refused(lambda: service.attach(resident, [own, own], ORDER)) == "file.repeated"
    assert queries.attached_ids("order", [7]) == {7: []}
    give(resident, [own])
    for subject in (ORDER, ("order", 8)):
        assert refused(lambda to=subject: service.attach(resident, [own], to)) == (  # type: ignore[misc]  # a default binds it
            "file.already_used"
        )
    # The neighbour does not learn that it exists.
    assert refused(lambda: service.attach(neighbour, [own], ORDER)) == "file.unknown"
    assert refused(lambda: service.attach(SYSTEM, [own], ORDER)) == "actor.not_a_person"


def test_attach_asks_for_a_kind(resident: Actor) -> None:
    """A voice note is no photo."""
    picture, voice = keep(resident).id, keep(resident, samples.mp3(3)).id
    wrong = [([voice], FileKind.PICTURE), ([picture], FileKind.VOICE)]
    for ids, kind in wrong:
        with pytest.raises(Invalid, match="wrong_kind"):
            service.attach(resident, ids, ORDER, kind=kind)
    give(resident, [picture], kind=FileKind.PICTURE)
    give(resident, [voice], kind=FileKind("voice"))
    assert queries.attached_ids("order", [7]) == {7: [picture, voice]}


def test_rollback_leaves_bytes_for_the_job(resident: Actor, folder: Path, clock: Clock) -> None:
    """A crash between file and row: the bytes are found a day later; those with a row stay."""
    clock.set(MORNING)
    kept = keep(resident)
    content = read_content(samples.png())
    with pytest.raises(RuntimeError, match="crash"), transaction():
        service.upload(resident, content)
        raise RuntimeError("crash")
    with transaction():
        service.attach(resident, [kept.id], ORDER)
    assert count(File) == 1
    assert len(names_in(folder)) == 4
    clock.set("2026-03-03T08:59:00+08:00")
    with transaction():
        assert jobs.remove_orphans() == 0
    clock.set("2026-03-03T09:00:01+08:00")
    with transaction():
        assert jobs.remove_orphans() == 2
    assert names_in(folder) == [kept.name, f"{kept.name}.small"]
    with transaction():
        assert jobs.remove_orphans() == 0


def test_loose_files_go_after_a_day(resident: Actor, folder: Path, clock: Clock) -> None:
    """Counted from the upload; attached ones stay."""
    clock.set(MORNING)
    keep(resident)
    used = keep(resident)
    give(resident, [used.id])
    clock.set("2026-03-03T08:00:00+08:00")
    with transaction():
        assert jobs.remove_orphans() == 0
    clock.set("2026-03-03T09:00:01+08:00")
    with transaction():
        assert jobs.remove_orphans() == 1
    assert list(session.scalars(select(File.id))) == [used.id]
    with transaction():
        assert jobs.work_off_removals() == 1
    assert names_in(folder) == [used.name, f"{used.name}.small"]


def test_a_cleaning_that_fails_loses_nothing(resident: Actor, folder: Path, clock: Clock) -> None:
    """Rolled back, the job has deleted neither rows nor their bytes."""
    clock.set(MORNING)
    keep(resident)
    clock.set("2026-03-03T10:00:00+08:00")
    with pytest.raises(RuntimeError, match="crash"), transaction():
        assert jobs.remove_orphans() == 1
        raise RuntimeError("crash")
    assert count(File) == 1
    assert len(names_in(folder)) == 2


def test_batches(resident: Actor, clock: Clock) -> None:
    """Each call does one batch; called until 0 comes, it is done."""
    clock.set(MORNING)
    for _ in range(3):
        keep(resident, samples.amr(1))
    clock.set("2026-03-03T10:00:00+08:00")
    with transaction():
        assert [service.remove_loose(2) for _ in range(3)] == [2, 1, 0]
        assert [service.work_off_removals(2) for _ in range(3)] == [2, 1, 0]


def test_deletion_waits_for_the_commit(resident: Actor, folder: Path) -> None:
    """Rows go at once, bytes by the job; a rollback loses nothing."""
    file = keep(resident)
    with pytest.raises(RuntimeError, match="crash"), transaction():
        service.delete_files([file.id])
        raise RuntimeError("crash")
    with transaction():
        assert jobs.work_off_removals() == 0
    assert count(File) == 1
    with transaction():
        assert service.delete_files([file.id, 999999]) == 1
        assert service.delete_files([]) == 0
    assert count(File) == 0
    assert len(names_in(folder)) == 2
    with transaction():
        assert jobs.work_off_removals() == 1
    assert names_in(folder) == []
    assert count(FileRemoval) == 0


def test_no_id_comes_twice(resident: Actor) -> None:
    """What still names a deleted file must not show another one."""
    deleted = keep(resident).id
    with transaction():
        service.delete_files([deleted])
    assert keep(resident).id > deleted


def test_erasure(resident: Actor, neighbour: Actor, folder: Path) -> None:
    """All of a person's files, attached or not; nobody else's."""
    loose, used, others = keep(resident), keep(resident), keep(neighbour)
    give(resident, [used.id])
    with transaction():
        on_person_erased(PersonErased(resident.own_id))
    assert list(session.scalars(select(File.id))) == [others.id]
    assert queries.links([loose.id, used.id]) == {}
    with transaction():
        assert jobs.work_off_removals() == 2
    assert names_in(folder) == [others.name, f"{others.name}.small"]


def test_export(resident: Actor, neighbour: Actor, clock: Clock) -> None:
    """The copy of the own data lists the own files."""
    clock.set(MORNING)
    file = keep(resident, samples.amr(3))
    keep(neighbour)
    event = ExportRequested(resident.own_id, {})
    on_export_requested(event)
    assert event.parts == {
        "files": [
            {
                "id": file.id,
                "kind": "voice",
                "content_type": "audio/amr",
                "width": None,
                "height": None,
                "seconds": 3,
                "created_at": MORNING,
            }
        ]
    }


def test_daily_quota(resident: Actor, neighbour: Actor, unit: Unit, clock: Clock) -> None:
    """Bytes of a Chinese day, as the unit has set them; each person has the own."""
    clock.set("2026-03-02T23:00:00+08:00")
    with transaction():
        organisation.set_setting(SYSTEM, unit.id, key=DAILY_BYTES.key, value=1024 * 1024)
    size = 700 * 1024
    with transaction():
        keep_row(resident, size)
    assert refused(lambda: service.upload(resident, content_of(size))) == "file.quota_exceeded"
    keep(neighbour)
    with pytest.raises(TooMany) as caught, transaction():
        service.upload(resident, content_of(size))
    assert caught.value.retry_after == 3601
    clock.set("2026-03-03T00:00:00+08:00")
    with transaction():
        service.upload(resident, content_of(size))


def test_quota_of_loose_files(resident: Actor, unit: Unit) -> None:
    """So many may wait; using one makes room."""
    with transaction():
        organisation.set_setting(SYSTEM, unit.id, key=OPEN_FILES.key, value=2)
    content = read_content(samples.amr(1))
    one = keep(resident).id
    keep(resident)
    assert refused(lambda: service.upload(resident, content)) == "file.quota_exceeded"
    give(resident, [one])
    keep(resident)
    assert refused(lambda: service.upload(resident, content)) == "file.quota_exceeded"


def test_quota_without_a_home(new_person: NewPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lives nowhere has what everyone has; what is refused is not written."""
    stranger = new_person(at_home=False)
    keep(stranger)
    monkeypatch.setattr(service, "usage_of", lambda *_: queries.Usage(0, OPEN_FILES.default))
    content = read_content(samples.amr(1))
    monkeypatch.setattr(service, "_store", None)
    assert refused(lambda: service.upload(stranger, content)) == "file.quota_exceeded"


def content_of(size: int) -> Content:
    """A content of so many bytes."""
    return Content(FileKind.VOICE, "audio/amr", "", bytes(size), seconds=1)


def keep_row(actor: Actor, size: int) -> File:
    """An upload of so many bytes."""
    return service.upload(actor, content_of(size))


def dispatcher(unit_path: str) -> Actor:
    """Someone who dispatches in a subtree."""
    return Actor(1, "调度", (Grant("dispatcher", 1, unit_path, frozenset({"orders.dispatch"})),))


def test_content_state(resident: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check or the unit's dispatcher says what may be shown; nobody else."""
    one, two = keep(resident).id, keep(resident).id
    passed = ContentState.PASSED
    monkeypatch.setattr(service, "audit_unit_of", {resident.own_id: 4711}.get)
    with transaction():
        service.set_content_state(SYSTEM, one, passed)
    assert set(queries.links([one, two], only_passed=True)) == {one}
    for actor, path in (
        (resident, "/1/"),
        (dispatcher("/1/2/"), "/1/3/"),
        (dispatcher("/1/2/"), None),
    ):
        with pytest.raises(Forbidden, match=r"file\.not_allowed"), transaction():
            service.set_content_state(actor, two, passed, unit_path=path)
    with transaction():
        service.set_content_state(dispatcher("/1/"), two, passed, unit_path="/1/3/")
    assert set(queries.links([one, two], only_passed=True)) == {one, two}
    row = session.scalars(select(AuditRow).where(AuditRow.action == "file.content_judged")).one()
    assert (row.subject_id, row.fields) == (two, ["passed"])
    assert row.unit_id == 4711
    with pytest.raises(NotFound), transaction():
        service.set_content_state(SYSTEM, 999999, passed)


def test_links(resident: Actor, clock: Clock) -> None:
    """By id in the order asked for, the same for five minutes; a voice note has no thumbnail."""
    clock.set("2026-03-02T09:00:00+08:00")
    picture, voice = keep(resident).id, keep(resident, samples.mp3(3)).id
    found = queries.links([voice, 999999, picture])
    assert list(found) == [voice, picture]
    assert found[voice].thumbnail_url is None
    assert found[voice].seconds == 3
    assert found[picture].url.startswith("/api/v1/files/")
    assert found[picture].url != found[picture].thumbnail_url
    clock.set("2026-03-02T09:04:59+08:00")
    assert queries.links([voice, picture]) == found
    clock.set("2026-03-02T09:05:00+08:00")
    assert queries.links([picture])[picture].url != found[picture].url
    assert queries.links([]) == {}


def test_own_files_alone_are_visible(resident: Actor, neighbour: Actor) -> None:
    """A foreign file is as good as none."""
    file = keep(resident)
    assert queries.get_visible_file(resident, file.id).id == file.id
    assert queries.get_visible_file(SYSTEM, file.id).id == file.id
    for actor, file_id in ((neighbour, file.id), (resident, 999999)):
        with pytest.raises(NotFound):
            queries.get_visible_file(actor, file_id)
