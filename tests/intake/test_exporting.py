"""Taking lists out as Excel: the rows of the list and no others, masked unless somebody says why."""

import io
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select, update

from app.files.models import File, FileRemoval
from app.files.storage import LocalStorage
from app.intake.models import Export
from app.intake.queries import exporting as queries
from app.intake.service import exporting as service
from app.intake.storage import draft_folder
from app.jobs import TIMETABLE, run_job
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.clock import now
from app.kernel.database import database_now, session
from app.kernel.http import App
from app.orders.models import Order
from app.people.models import Role, RoleGrant
from tests.conftest import Clock, count
from tests.intake.conftest import Desk
from tests.intake.invented import ledger_row
from tests.world import World

LEDGER = (
    *("序号", "编号", "受理时间", "来源", "诉求人", "电话", "地址", "内容", "承办人", "时限"),
    *("办理情况", "办结时间", "回访", "满意度", "超期原因"),
)  # fmt: skip
Rows = list[list[Any]]


@pytest.fixture(autouse=True)
def store(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A storage and drafts of this test's own."""
    monkeypatch.setitem(app.extensions, "storage", LocalStorage(tmp_path / "files"))
    monkeypatch.setitem(app.config, "DATA_DIR", str(tmp_path))
    return tmp_path


def ask(world: World, who: str = "dispatcher", **given: Any) -> dict[str, Any]:
    """An export that must be taken on."""
    answer = world.post(who, "/exports", **({"template": "ledger"} | given))
    assert answer.status_code == 201, answer.json
    return dict(answer.json or {})


def look(world: World, export_id: int, who: str = "dispatcher") -> dict[str, Any]:
    """The export as its owner sees it."""
    return dict(world.get(who, f"/exports/{export_id}").json or {})


def fetch(world: World, export: Mapping[str, Any]) -> bytes:
    """The file behind its address, by whoever has it."""
    assert world.client is not None
    answer = world.client.get(export["url"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    return bytes(answer.data)


def rows_of(content: bytes) -> Rows:
    """The sheet with its headings."""
    (sheet,) = CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()


def exported(world: World, who: str = "dispatcher", **given: Any) -> Rows:
    """The rows of an export that is made at once, without headings."""
    export = ask(world, who, **given)
    assert (export["state"], export["done"]) == ("done", export["total"])
    found = rows_of(fetch(world, export))
    assert len(found) == export["total"] + 1 + bool(given.get("unmasked"))
    return found[1:]


def listed(world: World, who: str = "dispatcher", **query: Any) -> list[str]:
    """Numbers of the orders that the API lists."""
    path = f"/orders?{urlencode({'limit': 100, **query}, doseq=True)}"
    return [item["number"] for item in (world.get(who, path).json or {})["items"]]


def refused(world: World, who: str = "dispatcher", **given: Any) -> tuple[int, str]:
    """Status and code of an export that must not be taken on."""
    answer = world.post(who, "/exports", **({"template": "ledger"} | given))
    return answer.status_code, (answer.json or {})["code"]


def many(world: World, rows: int, desk: Desk) -> None:
    """That many orders from elsewhere, quickly."""
    result = desk.ledger(ledger_row(number) for number in range(1, rows + 1))
    assert result.exit_code == 0, result.output
    assert len(listed(world)) == 100


def run(app: App) -> int:
    """The timetable's round."""
    (job,) = (job for job in TIMETABLE if job.name == "intake.make_exports")
    return run_job(app, job)


def files_in(folder: Path) -> list[Path]:
    """Every file that lies there."""
    return [path for path in folder.rglob("*") if path.is_file()]


FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"status": ["submitted"]},
    {"status": ["claimed", "completed"]},
    {"urgency": ["normal"], "sort": "due"},
    {"sort": "newest"},
    {"overdue": False},
    {"mine": "placed"},
    {"q": "路灯"},
)


def test_the_rows_are_those_of_the_list(world: World) -> None:
    """Also in their order, whatever the filter; a neighbour's are in none."""
    world.lift_caps()
    own = [world.order(description=text)["number"] for text in ("路灯坏了请来修", "井盖松了危险")]
    claimed = world.claimed()["number"]
    foreign = world.order("other_resident", description="西园的路灯坏了")["number"]
    world.order("dispatcher", description="派单员自己家漏水了")
    for given in FILTERS:
        numbers = [row[1] for row in exported(world, **given)]
        assert numbers == listed(world, **given), given
        assert foreign not in numbers
    assert {row[1] for row in exported(world, status=["submitted"])} >= set(own)
    assert [row[1] for row in exported(world, status=["claimed"])] == [claimed]
    assert foreign in [row[1] for row in exported(world, "street")]
    in_unit = {"unit_id": world.other_community.id}
    assert exported(world, **in_unit) == []
    assert [row[1] for row in exported(world, "street", **in_unit)] == [foreign]
    since = (now() + timedelta(days=1)).isoformat()
    assert exported(world, since=since) == []
    assert refused(world, unit_id=999_999)[0] == 404


def test_the_ledger(world: World) -> None:
    """One order from the placing to the rating, in the street's columns."""
    order = world.claimed(description="楼道灯坏了，请来修一修。", place_id=world.place.id)
    world.act("member", order["id"], "start")
    world.act("member", order["id"], "complete", note="换了一个新灯泡，已经亮了。")
    world.act("resident", order["id"], "rate", solved=True, satisfied=True, stars=5)
    export = ask(world)
    headings, (row,) = (found := rows_of(fetch(world, export)))[0], found[1:]
    assert tuple(headings) == LEDGER
    told = dict(zip(LEDGER, row, strict=True))
    assert (told["序号"], told["编号"], told["来源"]) == (1, order["number"], "小程序")
    assert told["内容"] == "楼道灯坏了，请来修一修。"
    assert told["办理情况"] == "已办结；换了一个新灯泡，已经亮了。"
    assert told["满意度"] == "满意（5星）"
    assert told["承办人"] == "测" + "*" * len("member")
    assert told["地址"].endswith("3号楼")
    assert told["受理时间"][:4].isdigit()
    assert told["办结时间"]
    (plain,) = exported(world, template="orders")
    assert plain[:3] == [order["number"], "已办结", ""]


def test_masked_unless_a_reason_is_given(world: World) -> None:
    order = world.order(contact_name="王小明", contact_phone="13812345678")
    (masked,) = exported(world)
    assert (masked[4], masked[5]) == ("王**", "138****5678")
    assert refused(world, unmasked=True) == (422, "export.reason_missing")
    content = fetch(world, ask(world, unmasked=True, reason="报街道存档", q="楼道"))
    clear, mark = rows_of(content)[1:]
    assert (clear[1], clear[4], clear[5]) == (order["number"], "王小明", "13812345678")
    who = f"测dispatcher（人员编号{world.ids['dispatcher']}）于"
    assert mark[0].startswith(who)
    with ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count(who) == 3, "header, footer and last row"
    rows = session.scalars(select(AuditRow).where(AuditRow.action == "orders.exported"))
    first, second = sorted(rows, key=lambda row: row.id)
    assert (first.fields, first.reason) == ([], "全部")
    assert second.fields == ["name", "phone", "address"]
    # The words searched for may be a name.
    assert second.reason == "报街道存档；q=…"
    assert second.actor_id == world.ids["dispatcher"]


def without(permission: str, role: str, world: World) -> None:
    """Takes a permission from a role."""
    found = session.scalars(select(Role).where(Role.code == role)).one()
    found.permissions = [name for name in found.permissions if name != permission]
    session.commit()


def test_clear_names_need_the_permission(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody without it gets any; of orders where one has it not, they stay masked."""
    world.order("other_resident", contact_name="李大江", contact_phone="13700001111")
    actor = world.actor("street")
    bare = [
        type(grant)(
            grant.role, grant.unit_id, grant.unit_path, grant.permissions - {"orders.reveal"}
        )
        for grant in actor.grants
    ]
    here = world.actor("dispatcher").grants
    wanted = queries.OrderFilter()
    template = service.ExportTemplate.LEDGER
    with pytest.raises(service.Forbidden) as denied:
        service.request_export(
            Actor(actor.own_id, "street", tuple(bare)),
            template=template,
            wanted=wanted,
            unmasked=True,
            reason="看看",
        )
    assert denied.value.code == "export.reveal_not_allowed"
    (kept,) = denied.value.refusal_rows
    assert isinstance(kept, AuditRow)
    assert kept.action == "orders.export_denied"
    mixed = Actor(actor.own_id, "street", (*bare, *here))
    export = service.request_export(
        mixed, template=template, wanted=wanted, unmasked=True, reason="看看"
    )
    session.commit()
    row = rows_of(fetch(world, look(world, export.id, "street")))[1]
    assert (row[4], row[5]) == ("李**", "137****1111")


def test_anonymous_stays_anonymous(world: World) -> None:
    """Whoever manages the unit knows who it is, as on the page; the street's list shows no more."""
    world.order(anonymous=True, contact_name="王小明", contact_phone="13812345678")
    (row,) = exported(world)
    shown = (world.get("dispatcher", "/orders").json or {})["items"][0]["contact"]
    assert (row[4], row[5]) == (shown["name"], shown["phone"])


def test_nothing_becomes_a_formula(world: World) -> None:
    texts = ("=1+1 算一下这个", "+86 打不通电话", "-1 楼积水很深", "@所有人 停水了吗")
    world.lift_caps()
    for text in texts:
        world.order(description=text)
    content = fetch(world, ask(world))
    assert sorted(row[7] for row in rows_of(content)[1:]) == sorted(texts)
    with ZipFile(io.BytesIO(content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        styles = parts.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert 'quotePrefix="1"' in styles


def test_whose_it_is(world: World) -> None:
    """Nobody else sees it, drops it, or may ask at all without the permission."""
    world.order()
    export = ask(world)
    path = f"/exports/{export['id']}"
    for who in ("leader", "street", "resident", "other_dispatcher"):
        assert world.get(who, path).status_code == 404
        assert world.call(who, "DELETE", path).status_code == 404
    for who in ("resident", "member", "duty", "grid", "admin"):
        assert refused(world, who) == (403, "export.not_allowed")
    assert world.call("dispatcher", "DELETE", path).status_code == 204
    assert world.get("dispatcher", path).status_code == 404
    assert (count(Export), count(File), count(FileRemoval)) == (0, 0, 1)
    assert world.client is not None
    assert world.client.get(export["url"]).status_code == 404


def test_its_day_is_over(world: World, clock: Clock) -> None:
    """The address ends after minutes, the file after a day."""
    clock.set("2199-03-02T09:00:00+08:00")
    world.order()
    export = ask(world)
    assert export["expires_at"] == "2199-03-03T09:00:00.000+08:00"
    clock.set("2199-03-02T09:11:00+08:00")
    assert world.client is not None
    assert world.client.get(export["url"]).status_code == 404
    assert fetch(world, look(world, export["id"]))
    clock.set("2199-03-03T08:59:00+08:00")
    assert service.forget_exports(Actor.system("tests")) == 0
    clock.set("2199-03-03T09:00:00+08:00")
    assert look(world, export["id"])["url"] is None
    assert service.forget_exports(Actor.system("tests")) == 1
    assert (count(Export), count(File), count(FileRemoval)) == (0, 0, 1)


def test_gone_with_its_owner(world: World) -> None:
    world.order()
    ask(world)
    answer = world.call("admin", "DELETE", f"/people/{world.ids['dispatcher']}")
    if answer.status_code != 204:
        answer = world.call("dispatcher", "DELETE", "/me")
    assert answer.status_code in (200, 204), answer.json
    assert (count(Export), count(File)) == (0, 0)


def test_what_is_kept_of_the_wish_is_sealed(world: World) -> None:
    ask(world, q="13812345678", unmasked=True, reason="王小明要的")
    kept = session.scalars(select(Export)).one()
    assert "13812345678" not in kept.asked
    assert "王小明" not in kept.asked
    assert queries.asked_of(kept).wanted.q == "13812345678"


@pytest.mark.parametrize(
    "given",
    [{"template": "secret"}, {"limit": 5}, {"cursor": "x"}, {"reason": "字" * 201}, {"unit": 1}],
)
def test_what_is_refused(world: World, given: dict[str, Any]) -> None:
    assert refused(world, **given)[0] == 422
    assert count(Export) == 0


def test_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.lift_caps()
    for _ in range(3):
        world.order()
    monkeypatch.setattr(service, "MOST_EXPORTED", 2)
    assert refused(world) == (422, "export.too_many")
    monkeypatch.undo()


# --- by the timetable


@pytest.mark.slow
def test_six_hundred_rows(app: App, world: World, desk: Desk, store: Path) -> None:
    """Waits for the job, which makes one file of them and leaves no draft behind."""
    many(world, 600, desk)
    export = ask(world)
    assert (export["state"], export["total"], export["done"]) == ("waiting", 600, 0)
    assert (export["url"], export["expires_at"]) == (None, None)
    assert run(app) == 1
    done = look(world, export["id"])
    assert (done["state"], done["total"], done["done"]) == ("done", 600, 600)
    found = rows_of(fetch(world, done))[1:]
    assert [row[0] for row in found] == list(range(1, 601))
    assert len({row[1] for row in found}) == 600
    assert run(app) == 0
    assert (count(File), len(files_in(store / "files"))) == (1, 1)
    assert files_in(store / "drafts") == []


@pytest.mark.slow
def test_killed_and_begun_anew(
    app: App, world: World, desk: Desk, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure after the first batch; nobody else takes it before its lease is over; one file."""
    monkeypatch.setattr(service, "AT_ONCE", 5)
    monkeypatch.setattr(service, "BATCH", 40)
    many(world, 120, desk)
    export = ask(world)
    write, calls = service._Writing.write, []

    def killed(self: Any, *args: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        write(self, *args)

    monkeypatch.setattr(service._Writing, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        run(app)
    halfway = look(world, export["id"])
    assert (halfway["state"], halfway["done"], halfway["url"]) == ("running", 80, None)
    assert count(File) == 0
    assert run(app) == 0, "the lease still runs"
    session.execute(update(Export).values(lease_until=database_now() - timedelta(seconds=1)))
    session.commit()
    assert run(app) == 1
    done = look(world, export["id"])
    assert (done["state"], done["done"]) == ("done", 120)
    assert len({row[1] for row in rows_of(fetch(world, done))[1:]}) == 120
    assert (count(File), len(files_in(store / "files"))) == (1, 1)


@pytest.mark.slow
def test_taken_over_while_at_work(
    app: App, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two work on it after a long pause of the first: only the second ends it."""
    monkeypatch.setattr(service, "AT_ONCE", 5)
    monkeypatch.setattr(service, "BATCH", 60)
    many(world, 120, desk)
    export = ask(world)
    write, rounds = service._Writing.write, []

    def paused(self: Any, *args: Any) -> None:
        write(self, *args)
        if not rounds:
            rounds.append(1)
            session.execute(
                update(Export).values(lease_until=database_now() - timedelta(seconds=1))
            )
            session.commit()
            assert service.work_next() == 1

    monkeypatch.setattr(service._Writing, "write", paused)
    assert run(app) == 1
    assert look(world, export["id"])["state"] == "done"
    assert count(File) == 1
    assert session.scalar(select(func.max(Export.fence))) == 2


@pytest.mark.slow
def test_the_rights_are_those_of_the_moment(
    app: App, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the owner may no longer see is not in the file; without the permission there is none."""
    monkeypatch.setattr(service, "AT_ONCE", 2)
    many(world, 100, desk)
    first, second = ask(world), ask(world)
    session.execute(update(Order).where(Order.id % 2 == 0).values(sensitive=True))
    without("orders.see_sensitive", "dispatcher", world)
    open_ones = session.scalar(select(func.count(Order.id)).where(Order.sensitive.is_(False)))
    run_one = service.work_next
    assert run_one() == 1
    done = look(world, first["id"])
    assert (done["state"], done["done"], done["total"]) == ("done", open_ones, open_ones)
    granted = RoleGrant.person_id == world.ids["dispatcher"]
    session.execute(update(RoleGrant).where(granted).values(ended_at=now()))
    session.commit()
    assert run_one() == 1
    kept = session.get_one(Export, second["id"])
    assert (kept.state, kept.failure) == ("failed", "您没有导出工单的权限。")
    assert count(File) == 1


@pytest.mark.slow
def test_not_too_many_at_once(
    app: App, world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three wait at most, and a dropped one is not made."""
    monkeypatch.setattr(service, "AT_ONCE", 2)
    many(world, 100, desk)
    first, *_ = [ask(world) for _ in range(3)]
    assert refused(world) == (409, "export.too_many_waiting")
    assert world.call("dispatcher", "DELETE", f"/exports/{first['id']}").status_code == 204
    ask(world)
    assert run(app) == 3


def test_a_killed_process_leaves_no_names(store: Path, world: World, clock: Clock) -> None:
    """What it was writing is swept away an hour later."""
    with draft_folder() as folder:
        (folder / "book").write_text("王小明", encoding="utf-8")
        clock.shift(1800)
        service.forget_exports(Actor.system("tests"))
        assert files_in(store / "drafts")
        clock.shift(4000)
        service.forget_exports(Actor.system("tests"))
        assert not files_in(store / "drafts")
