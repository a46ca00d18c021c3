"""The doors of the registrations."""

from typing import Any

import pytest

from app.people import queries, service
from app.people.events import RegistrationFiled
from tests.people.conftest import Door, Town, actor_of, problem


def form(town: Town, **more: Any) -> dict[str, Any]:
    return {"unit_id": town.a.id, "kind": "home", "skills": ["电工"]} | more


def test_filing_and_deciding(town: Town, door: Door) -> None:
    person, staff = town.person("王小明"), town.holder("dispatcher")
    answer = door(
        "POST",
        "/registrations",
        person,
        form(town, employer="第一机床厂", availability={"mon": [["18:00", "21:00"]]}),
    )
    assert answer.status_code == 201
    body = answer.get_json()
    assert body["created_at"].endswith("+08:00")
    assert {key: body[key] for key in body if key not in ("id", "created_at")} == {
        "person": {"id": person.id, "name": "王**"},
        "unit": {"id": town.a.id, "name": "甲社区"},
        "kind": "home",
        "as_volunteer": False,
        "skills": ["电工"],
        "employer": "第一机床厂",
        "availability": {"mon": [["18:00", "21:00"]]},
        "status": "pending",
        "reason": "",
        "decided_at": None,
        "ended_at": None,
    }
    path = f"/registrations/{body['id']}"
    approved = door("POST", f"{path}/approve", staff)
    assert (approved.status_code, approved.get_json()["status"]) == (200, "approved")
    assert problem(door("POST", f"{path}/approve", staff)) == (
        409,
        "registration.already_decided",
    )
    ended = door("POST", f"{path}/end", person, {})
    assert (ended.status_code, ended.get_json()["status"]) == (200, "ended")


def test_declining_needs_a_reason(town: Town, door: Door) -> None:
    person, staff = town.person(), town.holder("dispatcher")
    path = f"/registrations/{door('POST', '/registrations', person, form(town)).get_json()['id']}"
    assert door("POST", f"{path}/decline", staff, {}).status_code == 422
    declined = door("POST", f"{path}/decline", staff, {"reason": "不在本社区"})
    assert declined.get_json()["status"] == "declined"
    assert door("GET", path, person).get_json()["reason"] == "不在本社区"


def test_own_and_foreign(town: Town, door: Door) -> None:
    person, other = town.person(home=town.b), town.person()
    first = door("POST", "/registrations", person, form(town)).get_json()["id"]
    second = door("POST", "/registrations", other, form(town)).get_json()["id"]
    below = town.holder("dispatcher", town.b)
    above = town.holder("leader", town.street)

    def listed(who: Any, query: str = "") -> list[int]:
        items = door("GET", f"/registrations{query}", who).get_json()["items"]
        return [item["id"] for item in items]

    assert listed(person) == [first]
    assert listed(above) == [second, first]
    assert listed(below) == []
    assert listed(above, f"?unit_id={town.b.id}") == []
    assert listed(above, f"?unit_id={town.street.id}&status=pending&status=ended") == [
        second,
        first,
    ]
    assert listed(above, "?status=approved") == []
    for who in (other, below):
        foreign = door("GET", f"/registrations/{first}", who)
        missing = door("GET", "/registrations/999999999", who)
        assert problem(foreign) == problem(missing) == (404, "not_found")
        assert foreign.get_json()["detail"] == missing.get_json()["detail"]
        for verb, body in (("approve", None), ("decline", {"reason": "不合适"}), ("end", {})):
            refused = door("POST", f"/registrations/{first}/{verb}", who, body)
            assert problem(refused) == (404, "not_found")
    refused = door("POST", f"/registrations/{first}/approve", person)
    assert problem(refused) == (403, "registration.may_not_decide")


def test_the_list_comes_in_pages(town: Town, door: Door) -> None:
    staff = town.holder("dispatcher")
    for _ in range(5):
        door("POST", "/registrations", town.person(), form(town))
    seen: list[int] = []
    cursor = ""
    page: dict[str, Any] = {}
    for _ in range(3):
        page = door("GET", f"/registrations?limit=2{cursor}", staff).get_json()
        seen += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert len(seen) == len(set(seen)) == 5
    assert problem(door("GET", "/registrations?cursor=x", staff)) == (422, "cursor.invalid")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "holiday"}, "body.invalid"),
        ({"unit_id": "1"}, "body.invalid"),
        ({"wish": 1}, "field.unknown"),
        ({"person_id": 1}, "field.unknown"),
        ({"status": "approved"}, "field.unknown"),
        ({"skills": ["飞行"]}, "skill.unknown"),
        ({"skills": [1]}, "body.invalid"),
        ({"availability": {"mon": "evening"}}, "availability.invalid"),
        ({"availability": []}, "body.invalid"),
        ({"employer": "厂" * 101}, "text.too_long"),
        ({"unit_id": 999999999}, "unit.unknown"),
    ],
)
def test_bad_forms(town: Town, door: Door, more: dict[str, Any], code: str) -> None:
    person = town.person()
    assert problem(door("POST", "/registrations", person, form(town, **more))) == (422, code)
    assert queries.registrations_of(person.id) == []


def test_a_key_makes_filing_repeatable(town: Town, door: Door, heard: list[object]) -> None:
    person, key = town.person(), {"Idempotency-Key": "a-key"}
    first, second = (
        door("POST", "/registrations", person, form(town), headers=key) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert len([e for e in heard if isinstance(e, RegistrationFiled)]) == 1
    reused = door("POST", "/registrations", person, form(town, kind="work"), headers=key)
    assert problem(reused) == (422, "idempotency.key_reused")


def test_staff_end_with_a_reason(town: Town, door: Door) -> None:
    member, staff = town.member(), town.holder("dispatcher")
    path = f"/registrations/{queries.registrations_of(member.id)[0].id}/end"
    assert problem(door("POST", path, staff, {})) == (422, "reason.needed")
    assert door("POST", path, staff, {"reason": "已搬走"}).get_json()["reason"] == "已搬走"
    assert problem(door("POST", path, staff, {})) == (409, "registration.already_ended")


def test_the_cap_and_the_twin_are_conflicts(town: Town, door: Door) -> None:
    person = town.person()
    assert door("POST", "/registrations", person, form(town)).status_code == 201
    twin = door("POST", "/registrations", person, form(town))
    assert problem(twin) == (409, "registration.already_open")
    for kind in ("work", "organisation"):
        assert door("POST", "/registrations", person, form(town, kind=kind)).status_code == 201
    fourth = form(town, unit_id=town.b.id)
    assert problem(door("POST", "/registrations", person, fourth)) == (
        409,
        "registration.too_many",
    )
    service.deactivate_person(town.holder("leader", town.street), person.id, "长期失联")
    assert actor_of(person).grants == ()
