"""Providers and the phone book through the API."""

from app.kernel.database import session
from app.organisation import service
from app.organisation.events import ProviderAccountLinked
from app.organisation.models import PhoneEntry
from app.organisation.states import PhoneKind, ProviderKind
from tests.organisation.conftest import RESIDENT, SYSTEM, Door, Tree, fails, ok


def test_providers_by_the_api(tree: Tree, door: Door, heard: list[object]) -> None:
    """Those of a unit and above it serve there; an account is announced."""
    admin = tree.actor(tree.community, "providers.edit")
    body = {"unit_id": tree.community.id, "name": "安心物业", "kind": "property",
            "phone": "0571-88889999", "contact": "值班经理", "person_id": 77}  # fmt: skip
    fails(door(RESIDENT, "POST", "/providers", body), 403, "provider.not_allowed")
    fails(
        door(tree.actor(tree.other_community), "POST", "/providers", body),
        403,
        "provider.not_allowed",
    )
    missing = {**body, "unit_id": 999999999}
    fails(door(admin, "POST", "/providers", missing), 422, "unit.unknown")
    made = ok(door(admin, "POST", "/providers", body), 201)
    (linked,) = heard
    assert isinstance(linked, ProviderAccountLinked)
    assert (linked.actor, linked.provider_id, linked.person_id) == (admin, made["id"], 77)
    fails(door(admin, "POST", "/providers", body), 409, "provider.name_taken")
    service.create_provider(
        SYSTEM, unit_id=tree.district.id, name="区燃气公司", kind=ProviderKind.GAS
    )
    session.commit()
    serving = ok(door(RESIDENT, "GET", f"/providers?unit_id={tree.grid.id}"))["items"]
    assert [row["name"] for row in serving] == ["安心物业", "区燃气公司"]
    elsewhere = ok(door(RESIDENT, "GET", f"/providers?unit_id={tree.other_community.id}"))["items"]
    assert [row["name"] for row in elsewhere] == ["区燃气公司"]
    path = f"/providers/{made['id']}"
    # Whose account it is only those see who keep the provider.
    for reader, account in (
        (RESIDENT, None),
        (tree.actor(tree.other_community), None),
        (admin, 77),
    ):
        assert ok(door(reader, "GET", path))["person_id"] == account
        listed = ok(door(reader, "GET", f"/providers?unit_id={tree.grid.id}"))["items"]
        assert [row["person_id"] for row in listed] == [account, None]
    change = {"name": "安心物业", "kind": "property", "closed": True}
    fails(door(admin, "PUT", path, change), 428, "version.required")
    fails(door(RESIDENT, "PUT", path, change, version=1), 403, "provider.not_allowed")
    closed = ok(door(admin, "PUT", path, change, version=1))
    assert (closed["phone"], closed["version"]) == (None, 2)
    assert closed["closed_at"] is not None
    gas = ok(door(RESIDENT, "GET", f"/providers?unit_id={tree.grid.id}"))["items"]
    assert [row["name"] for row in gas] == ["区燃气公司"]
    both = f"/providers?unit_id={tree.grid.id}&closed=true&kind=property"
    assert [row["name"] for row in ok(door(RESIDENT, "GET", both))["items"]] == ["安心物业"]


def test_the_phone_book_by_the_api(tree: Tree, door: Door) -> None:
    """With the numbers of the units above."""
    admin = tree.actor(tree.community, "phonebook.edit")
    body = {"unit_id": tree.community.id, "name": "燃气抢修", "kind": "gas",
            "phone": "96577", "hours": "全天", "sort": 2}  # fmt: skip
    fails(door(RESIDENT, "POST", "/phone-entries", body), 403, "phone_entry.not_allowed")
    wrong = {**body, "phone": "不知道"}
    assert (
        "phone"
        in fails(door(admin, "POST", "/phone-entries", wrong), 422, "body.invalid")["errors"]
    )
    made = ok(door(admin, "POST", "/phone-entries", body), 201)
    service.create_phone_entry(
        SYSTEM, unit_id=tree.district.id, name="火警", kind=PhoneKind.EMERGENCY, phone="119"
    )
    session.commit()
    book = ok(door(RESIDENT, "GET", f"/phone-entries?unit_id={tree.grid.id}"))["items"]
    assert [row["phone"] for row in book] == ["119", "96577"]
    other = ok(door(RESIDENT, "GET", f"/phone-entries?unit_id={tree.other_community.id}"))["items"]
    assert [row["phone"] for row in other] == ["119"]
    path = f"/phone-entries/{made['id']}"
    change = {"name": "燃气抢修", "kind": "gas", "phone": "0571-96577转2"}
    fails(door(admin, "PUT", path, change), 428, "version.required")
    fails(door(RESIDENT, "PUT", path, change, version=1), 403, "phone_entry.not_allowed")
    answer = door(admin, "PUT", path, change, version=1)
    assert (ok(answer)["hours"], answer.headers["ETag"]) == (None, '"2"')
    fails(door(tree.actor(tree.grid), "DELETE", path), 403, "phone_entry.not_allowed")
    assert door(admin, "DELETE", path).status_code == 204
    fails(door(admin, "DELETE", path), 404, "not_found")
    assert session.get(PhoneEntry, made["id"]) is None
