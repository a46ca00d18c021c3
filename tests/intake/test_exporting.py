"""Taking lists out as Excel: the rows of the list and no others, masked unless somebody says why."""

import io
import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

import pytest
from sqlalchemy import select, update

from app.files.models import File, FileRemoval
from app.intake.models import Export
from app.intake.queries import exporting as queries
from app.intake.service import exporting as service
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.clock import now
from app.kernel.crypto import seal, unseal
from app.kernel.database import session
from app.kernel.errors import Conflict
from app.orders.ticket.states import OrderStatus
from app.people.models import RoleGrant
from tests.conftest import Clock, count
from tests.intake.exports import (
    ask,
    exported,
    fetch,
    listed,
    look,
    refused,
    rows_of,
    without,
)
from tests.world import World

LEDGER = (
    *("序号", "编号", "受理时间", "来源", "诉求人", "电话", "地址", "内容", "承办人", "时限"),
    *("办理情况", "办结时间", "回访", "满意度", "超期原因"),
)  # fmt: skip
pytestmark = pytest.mark.usefixtures("store")


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
    names, plain = rows_of(fetch(world, ask(world, template="orders")))
    assert plain[:3] == [order["number"], "已办结", ""]
    assert dict(zip(names, plain, strict=True))["首办单位"] == order["first_unit"]["name"]


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


def test_whoever_may_no_more_gets_no_address(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear names need their own right still; without the right to export there is nothing."""
    world.order()
    masked, clear = ask(world), ask(world, unmasked=True, reason="报街道存档")
    assert look(world, masked["id"])["url"]
    assert look(world, clear["id"])["url"]
    without("orders.reveal", "dispatcher", monkeypatch)
    assert look(world, masked["id"])["url"]
    assert look(world, clear["id"])["url"] is None
    granted = RoleGrant.person_id == world.ids["dispatcher"]
    session.execute(update(RoleGrant).where(granted).values(until=now()))
    session.commit()
    for export in (masked, clear):
        shown = look(world, export["id"])
        assert (shown["state"], shown["url"]) == ("done", None)


def test_gone_with_its_owner(world: World) -> None:
    world.order()
    ask(world)
    answer = world.call("dispatcher", "DELETE", "/me")
    assert answer.status_code == 204, answer.json
    assert (count(Export), count(File)) == (0, 0)


def test_what_is_kept_of_the_wish_is_sealed(world: World) -> None:
    ask(world, q="13812345678", unmasked=True, reason="王小明要的")
    kept = session.scalars(select(Export)).one()
    assert "13812345678" not in kept.asked
    assert "王小明" not in kept.asked
    assert queries.asked_of(kept).wanted.q == "13812345678"


def test_a_filter_of_an_earlier_version_is_refused_or_means_the_same(world: World) -> None:
    """Filters that are gone must not change silently which orders are in the file."""
    ask(world, status=["submitted"])
    kept = session.scalars(select(Export)).one()
    plain = json.loads(unseal(kept.asked, f"exports.asked:{kept.id}"))
    for counted, works in ((None, True), ("late", False)):
        plain["filter"] |= {"counted": counted, "stage": None}
        kept.asked = seal(json.dumps(plain), f"exports.asked:{kept.id}")
        copied = queries.exported_exports(kept.owner_id)
        assert [bool(row["filter"]) for row in copied] == [works]
        if works:
            assert queries.asked_of(kept).wanted.status == [OrderStatus.SUBMITTED]
        else:
            with pytest.raises(Conflict, match="export.outdated"):
                queries.asked_of(kept)
    session.rollback()


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


def test_it_is_named_after_list_and_day(world: World, clock: Clock) -> None:
    """As people find it again among what they have saved; any browser reads the name."""
    clock.set("2027-11-22T23:30:00+08:00")
    for template, name in (("orders", "工单"), ("ledger", "工单台账")):
        assert world.client is not None
        answer = world.client.get(ask(world, template=template)["url"])
        disposition = answer.headers["Content-Disposition"]
        assert f"filename*=UTF-8''{quote(name)}-2027-11-22.xlsx" in disposition
