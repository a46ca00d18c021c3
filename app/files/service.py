"""The verbs of files: keep an upload, attach it to a subject, judge its content, delete it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

import structlog
from sqlalchemy import ColumnElement, delete, insert, literal, select

from app.files.models import File, FileRemoval
from app.files.policy import may_judge_content
from app.files.queries import next_position, usage_of
from app.files.reading import Content
from app.files.states import DAILY_BYTES, OPEN_FILES, WAITS, ContentState, FileKind, Variant
from app.files.storage import BASE_LENGTH, new_name, storage, stored_name
from app.kernel import audit
from app.kernel.actor import Actor
from app.kernel.clock import local_midnight, now
from app.kernel.database import is_sqlite, lock, session
from app.kernel.errors import Forbidden, Invalid, TooMany, not_found
from app.kernel.queue import fail, free_rows, work_together
from app.kernel.settings import Setting
from app.organisation.queries import setting
from app.people.models import Person
from app.people.queries import audit_unit_of, lock_person

BATCH = 500
BATCH_ON_SQLITE = 50

log = structlog.get_logger("files")


def upload(actor: Actor, content: Content) -> File:
    """Stores the content of an upload; answers the new file, which belongs to no subject yet.

    Raises NotFound where the actor is no longer active, and TooMany `file.quota_exceeded`. The bytes
    are written before the row: if the request fails afterwards, `remove_strays` deletes them.
    """
    moment = now()
    person = lock_person(actor.own_id)
    if not person.is_active:
        raise not_found()
    _check_quota(person, content.size, moment)
    name = new_name()
    _store(name, content)
    file = File(
        name=name,
        kind=content.kind,
        content_type=content.content_type,
        size=content.size,
        width=content.width,
        height=content.height,
        seconds=content.seconds,
        uploader_id=person.id,
        created_at=moment,
        loose_since=moment,
    )
    session.add(file)
    session.flush()
    return file


def keep_document(
    actor: Actor,
    owner_id: int,
    content: bytes,
    content_type: str,
    *,
    title: str,
    subject: tuple[str, int],
) -> File:
    """Stores a document that the program has made for its owner; answers the new file.

    The document is the only file of its subject (kind, id). It does not count for the limits on the
    owner's uploads. An erasure of the owner deletes it.
    """
    moment, name = now(), new_name()
    storage().put(stored_name(name, Variant.FULL), content)
    file = File(
        name=name,
        kind=FileKind.DOCUMENT,
        title=title,
        content_type=content_type,
        size=len(content),
        uploader_id=owner_id,
        created_at=moment,
        content_state=ContentState.PASSED,
    )
    file.attach(subject, 0)
    session.add(file)
    session.flush()
    return file


def attach(
    actor: Actor,
    file_ids: Sequence[int],
    subject: tuple[str, int],
    *,
    kind: FileKind | None = None,
) -> None:
    """Gives loose files of the actor to a subject (kind, id), behind the files that it has already.

    Raises Invalid `file.repeated` where an id comes twice, `file.unknown` where a file does not exist
    or is another person's, `file.already_used` where it belongs to a subject, and `file.wrong_kind`
    where `kind` is given and a file is of another kind.
    """
    if not file_ids:
        return
    if len(set(file_ids)) != len(file_ids):
        raise Invalid("file.repeated", "同一个文件选了两次，请去掉一个。")
    own = select(File).where(File.id.in_(file_ids), File.uploader_id == actor.own_id)
    found = {file.id: file for file in session.scalars(lock(own.order_by(File.id)))}
    if len(found) != len(file_ids):
        raise Invalid("file.unknown", "有照片或录音没有找到，请重新上传。")
    if not all(file.is_loose for file in found.values()):
        raise Invalid("file.already_used", "有照片或录音已经用过了，请重新上传。")
    if kind is not None and any(file.kind != kind for file in found.values()):
        wanted = "照片" if kind == FileKind.PICTURE else "录音"
        raise Invalid("file.wrong_kind", f"这里只能放{wanted}，请重新选择。")
    for position, file_id in enumerate(file_ids, start=next_position(subject)):
        found[file_id].attach(subject, position)
    session.flush()


def set_content_state(
    actor: Actor, file_id: int, state: ContentState, *, unit_path: str | None = None
) -> None:
    """Keeps the result of the content check of a file.

    The actor is the program, or staff who may dispatch in the unit that the file was sent to
    (`unit_path`); what staff decide is kept in the audit. Raises Forbidden `file.not_allowed` and
    NotFound.
    """
    if not may_judge_content(actor, unit_path):
        raise Forbidden("file.not_allowed", "您没有审核照片和录音的权限。")
    file = session.scalar(lock(select(File).where(File.id == file_id)))
    if file is None:
        raise not_found()
    file.content_state = state
    session.flush()
    if not actor.is_system:
        audit.record(
            actor,
            "file.content_judged",
            "file",
            file_id,
            fields=[state.value],
            unit_id=audit_unit_of(file.uploader_id),
        )


def delete_files(file_ids: Sequence[int]) -> int:
    """Deletes files, whoever has uploaded them; answers how many."""
    return _delete(File.id.in_(file_ids)) if file_ids else 0


def erase_files_of(person_id: int) -> int:
    """Deletes all files of a person, attached or loose; answers how many."""
    return _delete(File.uploader_id == person_id)


def remove_loose(limit: int = BATCH) -> int:
    """Deletes up to `limit` files that were loose for a day; answers how many."""
    old = (
        select(File.id)
        .where(File.loose_since < now() - WAITS)
        .order_by(File.loose_since)
        .limit(_batch(limit))
        .with_for_update(skip_locked=True)
    )
    return delete_files(list(session.scalars(old)))


def remove_strays(limit: int = BATCH) -> int:
    """Deletes up to `limit` stored contents that had no row for a day; answers how many."""
    names = storage().older_than(now() - WAITS)
    return sum(_deleted(name) for name in islice(_strays(names), _batch(limit)))


def work_off_removals(limit: int = BATCH) -> int:
    """Deletes the stored bytes of up to `limit` deleted files; answers of how many.

    Bytes that cannot be deleted now are tried again later.
    """
    waiting = free_rows(FileRemoval).order_by(FileRemoval.name).limit(_batch(limit))
    return work_together(session.scalars(waiting).all(), _remove, _try_later)


def _remove(removals: Sequence[FileRemoval]) -> int:
    names = [removal.name for removal in removals]
    for name in names:
        for variant in Variant:
            storage().delete(stored_name(name, variant))
    session.execute(delete(FileRemoval).where(FileRemoval.name.in_(names)))
    return len(names)


def _try_later(removal: FileRemoval, broken: Exception) -> None:
    error = type(broken).__name__
    log.warning("files.not_deleted", error=error)
    fail(removal, error)


def _check_quota(person: Person, size: int, moment: datetime) -> None:
    midnight = local_midnight(moment)
    usage = usage_of(person.id, midnight)
    if usage.bytes_today + size > _limit(person, DAILY_BYTES):
        wait = midnight + timedelta(days=1) - moment
        raise TooMany(
            "file.quota_exceeded",
            "今天上传的照片和录音太多了，请明天再传，或直接打电话给社区。",
            retry_after=int(wait.total_seconds()) + 1,
        )
    if usage.loose_files >= _limit(person, OPEN_FILES):
        raise TooMany(
            "file.quota_exceeded",
            "已上传但没有用的照片和录音太多了，请先提交已选好的内容，或明天再传。",
            retry_after=int(WAITS.total_seconds()),
        )


def _limit(person: Person, about: Setting) -> int:
    """The setting of the person's home unit, or its default for a person without a home unit."""
    if person.home_unit_id is None:
        return int(about.default)
    return int(setting(person.home_unit_id, about.key))


def _store(name: str, content: Content) -> None:
    storage().put(stored_name(name, Variant.FULL), content.full)
    if content.small is not None:
        storage().put(stored_name(name, Variant.SMALL), content.small)


def _delete(which: ColumnElement[bool]) -> int:
    """Deletes the rows, and lists the names whose bytes a job deletes; answers how many.

    The bytes go after the commit, because a rollback could not bring them back.
    """
    # Locked first, so that the insert and the delete are about the same rows.
    session.execute(select(File.id).where(which).order_by(File.id).with_for_update()).all()
    columns = [File.name, literal(now(), FileRemoval.created_at.type), literal(0)]
    names = select(*columns).where(which)
    session.execute(
        insert(FileRemoval).from_select(["name", "created_at", "attempts"], names).inline()
    )
    result = session.execute(delete(File).where(which))
    return int(getattr(result, "rowcount", 0))


def _strays(names: Iterator[str]) -> Iterator[str]:
    """The names among `names` whose file has no row and is not waiting for its removal."""
    while some := list(islice(names, BATCH)):
        bases = {name[:BASE_LENGTH] for name in some}
        rows = select(File.name).where(File.name.in_(bases))
        # The removal deletes these bytes, after the commit that has made it.
        waiting = select(FileRemoval.name).where(FileRemoval.name.in_(bases))
        known = set(session.scalars(rows.union_all(waiting)))
        for name in some:
            if name[:BASE_LENGTH] not in known:
                yield name


def _deleted(stored: str) -> bool:
    try:
        storage().delete(stored)
    except OSError as broken:
        log.warning("files.not_deleted", error=type(broken).__name__)
        return False
    return True


def _batch(limit: int) -> int:
    return min(limit, BATCH_ON_SQLITE if is_sqlite() else BATCH)
