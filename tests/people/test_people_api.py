"""The doors of people, roles and limits."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.kernel.audit import AuditRow
from app.kernel.database import session
from app.people import queries, service
from app.people.models import Person, PersonDetail
from tests.people.conftest import SYSTEM, Door, Town, problem


def audited(action: str) -> list[tuple[str, int, list[str], str]]:
    rows = session.scalars(
        sa.select(AuditRow).where(AuditRow.action == action).order_by(AuditRow.id)
    )
    return [(row.subject_kind, row.subject_id, row.fields, row.reason) for row in rows]


def whole(person: Person, **more: Any) -> dict[str, Any]:
    return {
        "kind": person.kind.value,
        "home_unit_id": person.home_unit_id,
        "skills": person.skills,
        "vetted": person.vetted,
    } | more


def test_entering_and_reading(town: Town, door: Door) -> None:
    staff = town.holder("dispatcher")
    entered = door(
        "POST",
        "/people",
        staff,
        {
            "name": "李秀英",
            "phone": "138-1234-5678",
            "address": "东街 1 号",
            "home_unit_id": town.a.id,
        },
    )
    assert entered.status_code == 201
    body = entered.get_json()
    read = door("GET", f"/people/{body['id']}", staff)
    assert read.get_json() == body
    assert read.headers["ETag"] == '"1"'
    assert {key: body[key] for key in body if key not in ("id", "created_at")} == {
        "kind": "resident",
        "status": "active",
        "name": "李**",
        "phone": "138****5678",
        "has_address": True,
        "home_unit": {"id": town.a.id, "name": "甲社区"},
        "skills": [],
        "vetted": False,
        "green": False,
        "away_until": None,
        "offers_blocked_at": None,
        "desk_only_until": None,
        "version": 1,
    }
    for secret in ("秀英", "13812345678", "东街 1 号"):
        assert secret not in read.get_data(as_text=True)


def test_changing_needs_the_version(town: Town, door: Door) -> None:
    person, staff = town.person("王小明"), town.holder("dispatcher")
    path = f"/people/{person.id}"
    body = whole(person, vetted=True, detail={"name": "王大明"})
    assert problem(door("PUT", path, staff, body)) == (428, "version.required")
    stale = door("PUT", path, staff, body, headers={"If-Match": '"9"'})
    assert problem(stale) == (412, "version.stale")
    changed = door("PUT", path, staff, body, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.get_json()["vetted"] is True
    assert queries.name_of(person.id) == "王大明"
    assert audited("person.edited")[0][2] == ["name", "vetted"]
    forbidden = door("PUT", path, person, body)
    assert problem(forbidden) == (403, "person.may_not_edit")


def test_own_and_foreign(town: Town, door: Door) -> None:
    person, foreign = town.person(), town.holder("leader", town.b)
    path = f"/people/{person.id}"
    for method, tail, body in (
        ("GET", "", None),
        ("PUT", "", whole(person)),
        ("POST", "/reveal", {"fields": ["name"], "reason": "核对资料"}),
        ("POST", "/green", {"reasons": []}),
        ("POST", "/limit", {"days": 7, "reason": "多次谩骂"}),
        ("POST", "/clear-offers-block", {"reason": "已谈话"}),
        ("POST", "/deactivate", {"reason": "长期失联"}),
        ("POST", "/activate", None),
        ("POST", "/erase", {"reason": "本人申请"}),
        ("GET", "/grants", None),
        ("POST", "/grants", {"role_code": "duty", "unit_id": town.b.id}),
    ):
        for who in (foreign, town.stranger()):
            answer = door(method, path + tail, who, body)
            assert problem(answer) == (404, "not_found"), (method, tail)
        if method == "POST":
            own = door(method, path + tail, person, body)
            # Erasing oneself is the one thing that is one's own to do, and last in the room.
            assert own.status_code == (204 if tail == "/erase" else 403), tail
            if tail == "/erase":
                break
    assert session.get(PersonDetail, person.id) is None


def test_the_list_is_masked_filtered_and_in_pages(town: Town, door: Door) -> None:
    staff = town.holder("dispatcher")
    made = [town.person(f"张{n}", phone="13812345678").id for n in "一二三四"]
    town.person("外人", home=town.b)
    page = door("GET", "/people?kind=resident&limit=3", staff).get_json()
    rest = door("GET", f"/people?kind=resident&cursor={page['next_cursor']}", staff).get_json()
    items = page["items"] + rest["items"]
    assert [item["id"] for item in items] == made[::-1]
    assert {item["name"] for item in items} == {"张*"}
    assert {item["phone"] for item in items} == {"138****5678"}
    assert rest["next_cursor"] is None
    resident = door("GET", "/people", made[0]).get_json()["items"]
    assert [item["id"] for item in resident] == [made[0]]
    assert problem(door("GET", "/people?phone=13812345678", staff))[0] == 422


def test_the_phone_search_is_exact_and_audited(town: Town, door: Door) -> None:
    staff = town.holder("dispatcher")
    mother, child = (town.person(name, phone="13812345678") for name in ("李秀英", "李小"))
    town.person("外人", phone="13812345678", home=town.b)
    body = {"unit_id": town.a.id, "phone": "+86 138 1234 5678"}
    found = door("POST", "/people/search", staff, body).get_json()
    assert [item["id"] for item in found["items"]] == [child.id, mother.id]
    assert {item["phone"] for item in found["items"]} == {"138****5678"}
    assert audited("person.searched") == [
        ("person", child.id, ["phone"], ""),
        ("person", mother.id, ["phone"], ""),
    ]
    above = town.holder("leader", town.street)
    narrowed = door("POST", "/people/search", above, body).get_json()
    assert [item["id"] for item in narrowed["items"]] == [child.id, mother.id]
    nobody = body | {"phone": "13912345678"}
    assert door("POST", "/people/search", staff, nobody).get_json()["items"] == []
    assert audited("person.searched")[-1] == ("unit", town.a.id, ["phone"], "")
    assert problem(door("POST", "/people/search", staff, body | {"phone": "138"})) == (
        422,
        "phone.invalid",
    )
    for who in (mother, town.holder("grid_worker"), town.holder("leader", town.b)):
        assert problem(door("POST", "/people/search", who, body)) == (
            403,
            "person.may_not_search",
        )


def test_a_reveal_needs_a_reason_and_leaves_one_row(town: Town, door: Door) -> None:
    staff = town.holder("dispatcher")
    person = service.create_person(
        SYSTEM, name="李秀英", phone="13812345678", address="东街 1 号", home_unit_id=town.a.id
    )
    path = f"/people/{person.id}/reveal"
    assert door("POST", path, staff, {"fields": ["name"]}).status_code == 422
    assert door("POST", path, staff, {"fields": [], "reason": "核对资料"}).status_code == 422
    odd = {"fields": ["phone_index"], "reason": "核对资料"}
    assert door("POST", path, staff, odd).status_code == 422
    wanted = {"fields": ["phone", "name", "phone"], "reason": "上门前核对"}
    answer = door("POST", path, staff, wanted)
    assert answer.get_json() == {"name": "李秀英", "phone": "13812345678"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert audited("person.revealed") == [("person", person.id, ["name", "phone"], "上门前核对")]
    assert problem(door("POST", path, person, wanted)) == (403, "person.may_not_reveal")


def test_the_green_channel(town: Town, door: Door) -> None:
    person, staff = town.person(), town.holder("dispatcher")
    path = f"/people/{person.id}/green"
    missing = door("POST", path, staff, {"reasons": ["disabled"]})
    assert problem(missing) == (422, "green.consent_needed")
    body = {"reasons": ["disabled"], "consent": "本人当面同意"}
    assert door("POST", path, staff, body).get_json()["green"] is True
    assert door("POST", path, staff, {"reasons": []}).get_json()["green"] is False


def test_limiting_appealing_lifting(town: Town, door: Door) -> None:
    person, leader = town.person(), town.holder("leader")
    officer = town.holder("street_officer", town.street)
    path = f"/people/{person.id}/limit"
    assert door("POST", path, leader, {"days": 8, "reason": "多次谩骂"}).status_code == 422
    limited = door("POST", path, leader, {"days": 30, "reason": "多次谩骂"})
    assert limited.get_json()["desk_only_until"] is not None
    own = door("GET", "/limits", person).get_json()["items"]
    assert [(item["days"], item["state"], item["reason"]) for item in own] == [
        (30, "in_force", "多次谩骂")
    ]
    path = f"/limits/{own[0]['id']}"
    appealed = door("POST", f"{path}/appeal", person, {"text": "我没有骂人"}).get_json()
    assert (appealed["state"], appealed["appeal"]) == ("appealed", "我没有骂人")
    answer = {"answer": "情况属实"}
    assert problem(door("POST", f"{path}/uphold", leader, answer)) == (
        403,
        "limit.may_not_decide",
    )
    assert door("POST", f"{path}/uphold", officer, answer).get_json()["state"] == "upheld"
    assert (
        door("POST", f"{path}/lift", leader, {"answer": "已道歉"}).get_json()["state"] == "lifted"
    )
    assert door("GET", f"/people/{person.id}", leader).get_json()["desk_only_until"] is None
    assert problem(door("GET", path, town.stranger())) == (404, "not_found")
    by_person = door("GET", f"/limits?person_id={person.id}", officer).get_json()["items"]
    assert [item["id"] for item in by_person] == [own[0]["id"]]


def test_clearing_the_stop_of_offers(town: Town, door: Door) -> None:
    member, leader = town.member(), town.holder("leader")
    path = f"/people/{member.id}/clear-offers-block"
    body = {"reason": "已当面谈话"}
    assert problem(door("POST", path, leader, body)) == (409, "person.not_blocked")
    service.block_offers(SYSTEM, member.id)
    assert door("POST", path, leader, body).get_json()["offers_blocked_at"] is None


def test_leaving_and_coming_back(town: Town, door: Door) -> None:
    person, leader = town.person(), town.holder("leader")
    path = f"/people/{person.id}"
    gone = door("POST", f"{path}/deactivate", leader, {"reason": "长期失联"})
    assert gone.get_json()["status"] == "inactive"
    assert door("POST", f"{path}/activate", leader).get_json()["status"] == "active"
    assert door("POST", f"{path}/erase", leader, {"reason": "本人申请"}).status_code == 204
    assert problem(door("GET", path, leader)) == (404, "not_found")


def test_roles_are_listed_for_those_who_deal_with_people(town: Town, door: Door) -> None:
    page = door("GET", "/roles?limit=100", town.holder("admin")).get_json()
    assert {"code": "duty", "name": "值班员"}.items() <= {
        key: value
        for item in page["items"]
        for key, value in item.items()
        if item["code"] == "duty"
    }.items()
    assert len(page["items"]) == 11
    assert door("GET", "/roles", town.person()).get_json()["items"] == []


def test_granting_and_ending_a_role(town: Town, door: Door) -> None:
    person, leader = town.person(), town.holder("leader")
    path = f"/people/{person.id}/grants"
    body = {"role_code": "duty", "unit_id": town.a.id, "until": "2099-01-01T00:00:00+08:00"}
    granted = door("POST", path, leader, body)
    assert granted.status_code == 201
    grant = granted.get_json()
    assert (grant["role"], grant["unit"]) == (
        {"code": "duty", "name": "值班员"},
        {"id": town.a.id, "name": "甲社区"},
    )
    assert grant["until"] == "2099-01-01T00:00:00.000+08:00"
    assert problem(door("POST", path, leader, body)) == (409, "role.already_granted")
    assert [g["id"] for g in door("GET", path, leader).get_json()["items"]] == [grant["id"]]
    assert [g["id"] for g in door("GET", path, person).get_json()["items"]] == [grant["id"]]
    assert problem(door("DELETE", f"/grants/{grant['id']}", person)) == (
        403,
        "role.may_not_grant",
    )
    foreign = town.holder("leader", town.b)
    assert problem(door("DELETE", f"/grants/{grant['id']}", foreign)) == (404, "not_found")
    assert door("DELETE", f"/grants/{grant['id']}", leader).status_code == 204
    assert problem(door("DELETE", f"/grants/{grant['id']}", leader)) == (409, "role.already_ended")


def test_climbing_is_refused_and_kept(town: Town, door: Door) -> None:
    leader, friend = town.holder("leader"), town.person()
    path = f"/people/{friend.id}/grants"
    for body in (
        {"role_code": "street_officer", "unit_id": town.a.id},
        {"role_code": "duty", "unit_id": town.street.id},
        {"role_code": "admin", "unit_id": town.a.id},
    ):
        assert problem(door("POST", path, leader, body)) == (403, "role.may_not_grant")
    own = f"/people/{leader.own_id}/grants"
    assert problem(door("POST", own, leader, {"role_code": "duty", "unit_id": town.a.id})) == (
        403,
        "role.own",
    )
    assert [row[:2] for row in audited("role.denied")] == [("person", friend.id)] * 3


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"role_code": "duty", "until": "2099-01-01T00:00:00"}, "time.zone_missing"),
        ({"role_code": "duty", "until": "2001-01-01T00:00:00Z"}, "role.bad_span"),
        ({"role_code": "king"}, "role.unknown"),
        ({"role_code": "duty", "permissions": ["orders.lead"]}, "field.unknown"),
    ],
)
def test_bad_grants(town: Town, door: Door, body: dict[str, Any], code: str) -> None:
    path = f"/people/{town.person().id}/grants"
    answer = door("POST", path, town.holder("leader"), body | {"unit_id": town.a.id})
    assert problem(answer) == (422, code)
