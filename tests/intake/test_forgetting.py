"""What an erasure takes out of banners, waiting imports and exports, and what it leaves to the others."""

from typing import Any

import pytest
from sqlalchemy import select

from app.intake.models import Export, ImportRow
from app.intake.queries.importing import line_of
from app.kernel.database import session, transaction
from app.kernel.naming import BLANK
from app.orders.ticket.models import Order, OrderContact
from app.people.service import attach_verified_phone
from tests.conftest import count
from tests.intake.conftest import Desk
from tests.intake.invented import ledger_row
from tests.intake.test_api import apply, ledger, uploaded
from tests.intake.test_banners import put_up
from tests.world import SYSTEM, World

PHONE = "13812345678"


def known_as(world: World, who: str, *, phone: str | None = None, **own: str) -> None:
    """Lets the person set own name and address, and verify the phone."""
    seen = world.get(who, "/me")
    answer = world.call(who, "PUT", "/me", own, If_Match=seen.headers["ETag"])
    assert answer.status_code == 200, answer.json
    if phone is not None:
        with transaction():
            attach_verified_phone(SYSTEM, world.ids[who], phone)


def erased(world: World, who: str) -> None:
    """The person deletes the account."""
    assert world.call(who, "DELETE", "/me").status_code == 204
    session.expire_all()


def counts_of(world: World, import_id: int) -> tuple[int, ...]:
    """Good, bad, entered and rejected rows of the import, as who has uploaded it reads them."""
    seen = dict(world.get("dispatcher", f"/imports/{import_id}").json or {})
    return seen["good"], seen["bad"], seen["added"], seen["rejected"]


def cells_of(row: int) -> dict[str, Any]:
    """The cells of the kept row with this number in the file, by heading."""
    kept = session.scalars(select(ImportRow).where(ImportRow.row == row)).one()
    return dict(zip(ledger_row(), line_of(kept).cells, strict=False))


@pytest.mark.parametrize(
    ("own", "text"),
    [
        ({"address": "东风社区小区"}, "东风社区小区今晚停水，请储水。"),
        ({"name": "今晚停水"}, "东风社区小区今晚停水，请储水。"),
        ({"name": "值班室"}, "停水咨询请打值班室0531-88881234。"),
    ],
)
def test_a_banner_about_others_stays(world: World, own: dict[str, str], text: str) -> None:
    """An erased person's free name and address, and the contact of an order, blank out no banner."""
    banner = put_up(world, text=text)
    known_as(world, "other_resident", phone=PHONE, **own)
    unit = world.other_community.id
    world.order("other_resident", contact_phone="053188881234", contact_name="值班室", unit_id=unit)
    erased(world, "other_resident")
    found = world.get("resident", f"/banners/{banner['id']}").json or {}
    assert (found["text"], found["version"]) == (text, banner["version"])


def test_a_banner_with_the_phone_names_the_person(world: World) -> None:
    """Name and address are blanked out beside the verified phone, in the banner and its messages."""
    known_as(world, "resident", phone=PHONE, name="李娜", address="紫藤巷7号")
    banner = put_up(world, text=f"紫藤巷7号李娜{PHONE}家停水")
    world.post("resident2", f"/banners/{banner['id']}/me_too")
    world.post("duty", f"/banners/{banner['id']}/end", note="李娜家好了")
    erased(world, "resident")
    found = world.get("duty", f"/banners/{banner['id']}").json or {}
    assert found["text"] == f"{BLANK * 3}家停水"
    box = str(world.get("resident2", "/inbox").json)
    assert "李娜" not in box


@pytest.mark.parametrize("applied", [False, True])
def test_rows_of_others_are_entered(desk: Desk, applied: bool) -> None:
    """An erased person's free name and address take no row out of a waiting import."""
    world = desk.world
    rows = [ledger_row(number, 诉求人="诸葛明") for number in (1, 2, 3)]
    seen = uploaded(desk, ledger(rows))
    if applied:
        assert world.post("dispatcher", f"/imports/{seen['id']}/apply").status_code == 200
    known_as(world, "other_resident", phone=PHONE, name="诸葛明", address=rows[0]["地址"][:4])
    erased(world, "other_resident")
    done = apply(desk, seen["id"])
    assert (done["added"], done["rejected"]) == (3, 0)


def test_a_row_under_the_phone_is_emptied_and_rejected(desk: Desk) -> None:
    """Whoever has uploaded the file reads that the row was not entered; the counts hold it as rejected."""
    world = desk.world
    rows = [ledger_row(1), ledger_row(2, 电话="+86 138-1234-5678"), ledger_row(3, 类别="飞船")]
    seen = uploaded(desk, ledger(rows))
    assert counts_of(world, seen["id"]) == (2, 1, 0, 0)
    known_as(world, "resident", phone=PHONE)
    erased(world, "resident")
    assert counts_of(world, seen["id"]) == (1, 2, 0, 0)
    assert set(cells_of(4).values()) == {""}
    done = apply(desk, seen["id"])
    assert (done["added"], done["rejected"]) == (1, 2)
    told = {error["row"]: error["message"] for error in done["errors"]}
    assert "没有导入" in told[4]
    assert "诸葛2号" not in str(done)


def test_a_row_of_an_import_under_way_is_rejected_once(desk: Desk) -> None:
    """A row that was rejected already is emptied too, and counts once."""
    world = desk.world
    rows = [ledger_row(1), ledger_row(2, 电话=PHONE), ledger_row(3, 电话=PHONE, 类别="飞船")]
    seen = uploaded(desk, ledger(rows))
    assert world.post("dispatcher", f"/imports/{seen['id']}/apply").status_code == 200
    known_as(world, "resident", phone=PHONE)
    erased(world, "resident")
    assert counts_of(world, seen["id"]) == (2, 1, 0, 2)
    done = apply(desk, seen["id"])
    assert (done["added"], done["rejected"]) == (1, 2)
    assert count(Order) == 1


def test_out_of_the_row_of_another_the_person_is_blanked(desk: Desk) -> None:
    """A row of another phone that holds the person's phone is entered, without what names the person."""
    world = desk.world
    row = ledger_row(1, 诉求人="李娜", 内容=f"邻居李娜{PHONE}说楼道的灯不亮。")
    seen = uploaded(desk, ledger([row]))
    known_as(world, "resident", phone=PHONE, name="李娜")
    erased(world, "resident")
    assert apply(desk, seen["id"])["added"] == 1
    order = desk.order("2024-0001")
    assert order.description == f"邻居{BLANK * 2}说楼道的灯不亮。"
    contact = session.get_one(OrderContact, order.id)
    assert (contact.opened("name"), contact.opened("phone")) == (BLANK, row["电话"])


def test_exports_of_others_stay_unless_asked_for_by_the_phone(world: World) -> None:
    """An erased person's free name does not delete what others have asked for; the phone does."""
    for reason in ("月底核对台账", f"核对{PHONE}的工单"):
        answer = world.post("leader", "/exports", template="orders", unmasked=True, reason=reason)
        assert answer.status_code == 201, answer.json
    known_as(world, "other_resident", phone=PHONE, name="月底核对台账")
    erased(world, "other_resident")
    assert count(Export) == 1
