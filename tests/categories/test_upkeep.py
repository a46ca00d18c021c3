"""Putting in the shipped tree, and what administrators do with it."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.categories import queries
from app.categories.listeners import on_unit_closing
from app.categories.models import Category
from app.categories.policy import may_edit_category
from app.categories.service import create_category, retire_category, seed_categories
from app.kernel.actor import Actor
from app.kernel.audit import AuditRow
from app.kernel.database import session
from app.kernel.errors import Forbidden, Invalid
from app.organisation.events import UnitClosing
from app.organisation.models import Unit
from app.people.models import Person
from tests.categories.conftest import SYSTEM
from tests.conftest import count
from tests.people.conftest import Door, Town, actor_of, problem


def by_code(code: str) -> Category:
    """As the database has it."""
    statement = sa.select(Category).where(Category.code == code)
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def audit_rows(action: str) -> list[AuditRow]:
    """What was noted."""
    return list(session.scalars(sa.select(AuditRow).where(AuditRow.action == action)))


def own_leaf(actor: Actor, unit: Unit, **rules: Any) -> Category:
    """A community's own category among the care."""
    parent = by_code("care").id
    return create_category(actor, name="代缴水费", parent_id=parent, unit_id=unit.id, **rules)


def test_everything_that_ships_is_put_in_once(town: Town) -> None:
    session.execute(sa.delete(Category))
    assert seed_categories(SYSTEM) == 68
    assert seed_categories(SYSTEM) == 0
    assert count(Category) == 68
    leaf = by_code("burst_pipe")
    assert leaf.parent_id == by_code("safety").id
    assert (leaf.unit_id, leaf.retired_at) == (None, None)
    assert leaf.questions[0]["choices"][0] == "家里"
    assert leaf.version == 1


def test_what_administrators_changed_stays(seeded: Town) -> None:
    changed = by_code("dogs")
    changed.name = "文明养犬"
    retire_category(SYSTEM, by_code("parking").id)
    session.execute(sa.delete(Category).where(Category.code == "noise"))
    assert seed_categories(SYSTEM) == 1
    assert by_code("dogs").name == "文明养犬"
    assert by_code("parking").retired_at is not None
    assert by_code("noise").name == "噪声扰民"


def test_who_may_edit(seeded: Town) -> None:
    """Everyone's tree: a root's; a unit's own categories: its administrators and those above."""
    root, a = seeded.holder("admin", seeded.district), seeded.holder("admin", seeded.a)
    leader = seeded.holder("leader", seeded.district)
    path = seeded.a.path
    assert [may_edit_category(who, None) for who in (root, a, leader)] == [True, False, False]
    assert [may_edit_category(who, path) for who in (root, a, leader)] == [True, True, False]
    assert not may_edit_category(a, seeded.b.path)
    assert may_edit_category(SYSTEM, None)


def test_only_the_program_and_roots_seed(seeded: Town) -> None:
    with pytest.raises(Forbidden):
        seed_categories(seeded.holder("admin", seeded.street))


def test_administrator_creates_for_the_own_unit(seeded: Town, door: Door) -> None:
    admin = seeded.holder("admin", seeded.a)
    body = {
        "name": "代缴水费",
        "parent_id": by_code("care").id,
        "unit_id": seeded.a.id,
        "urgency": "urgent",
        "policy": "care",
        "skills": ["物业"],
        "questions": [{"code": "month", "text": "哪个月？", "kind": "text", "required": True}],
        "needs_photo": "before",
        "two_people": True,
        "accept_minutes": 45,
    }
    answer = door("POST", "/categories", admin, body)
    assert answer.status_code == 201
    made = answer.get_json()
    assert made["code"].startswith("own_")
    assert {key: made[key] for key in body if key != "questions"} == {
        key: value for key, value in body.items() if key != "questions"
    }
    assert made["questions"][0]["code"] == "month"
    assert (made["version"], made["retired_at"], made["home_visit"]) == (1, None, False)
    (audited,) = audit_rows("category.created")
    assert (audited.subject_id, audited.unit_id) == (made["id"], seeded.a.id)
    for wrong in ({"unit_id": None}, {"unit_id": seeded.b.id}):
        refused = door("POST", "/categories", admin, {**body, **wrong})
        assert problem(refused) == (403, "category.not_allowed")


def test_creating_can_be_repeated_under_a_key(seeded: Town, door: Door) -> None:
    admin = seeded.holder("admin", seeded.district)
    key = {"Idempotency-Key": "one"}
    first = door("POST", "/categories", admin, {"name": "节日慰问"}, key)
    again = door("POST", "/categories", admin, {"name": "节日慰问"}, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.get_json() == again.get_json()
    assert count(Category) == 69


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"code": "gas_leak"}, 409, "category.code_taken"),
        ({"code": "Gas"}, 422, "body.invalid"),
        ({"parent_id": 10**9}, 422, "category.parent_not_a_group"),
        ({"parent_id": "leaf"}, 422, "category.parent_not_a_group"),
        ({"unit_id": 10**9}, 422, "category.unit_unknown"),
        ({"policy": "soon"}, 422, "category.policy_unknown"),
        ({"colour": "red"}, 422, "field.unknown"),
        ({"stale_minutes": 0}, 422, "body.invalid"),
        ({"questions": [{"code": "x", "text": "?", "kind": "mood"}]}, 422, "body.invalid"),
        (
            {"questions": [{"code": "x", "text": "?", "kind": "choice", "choices": ["一"]}]},
            422,
            "question.choices_missing",
        ),
    ],
)
def test_category_that_makes_no_sense_is_refused(
    seeded: Town, door: Door, change: dict[str, Any], status: int, code: str
) -> None:
    admin = seeded.holder("admin", seeded.district)
    if change.get("parent_id") == "leaf":
        change = {"parent_id": by_code("dogs").id}
    answer = door("POST", "/categories", admin, {"name": "新分类", **change})
    assert problem(answer) == (status, code)


def test_leaf_of_a_unit_does_not_hang_under_the_group_of_another(seeded: Town) -> None:
    group = create_category(SYSTEM, name="甲社区专办", unit_id=seeded.a.id)
    with pytest.raises(Invalid) as refused:
        create_category(SYSTEM, name="乙的事", parent_id=group.id, unit_id=seeded.b.id)
    assert refused.value.code == "category.parent_not_a_group"
    with pytest.raises(Invalid):
        create_category(SYSTEM, name="大家的事", parent_id=group.id)
    create_category(SYSTEM, name="一网格的事", parent_id=group.id, unit_id=seeded.grid.id)


def test_change_needs_the_version_that_was_read(seeded: Town, door: Door) -> None:
    admin = seeded.holder("admin", seeded.district)
    dogs = by_code("dogs").id
    read = door("GET", f"/categories/{dogs}", admin)
    assert read.headers["ETag"] == '"1"'
    body = {"name": "文明养犬", "skills": ["调解"], "sort": 3}
    assert problem(door("PUT", f"/categories/{dogs}", admin, body)) == (428, "version.required")
    changed = door("PUT", f"/categories/{dogs}", admin, body, {"If-Match": '"1"'})
    assert changed.status_code == 200
    assert changed.headers["ETag"] == '"2"'
    assert (changed.get_json()["name"], changed.get_json()["questions"]) == ("文明养犬", [])
    stale = door("PUT", f"/categories/{dogs}", admin, body, {"If-Match": '"1"'})
    assert problem(stale) == (412, "version.stale")
    (audited,) = audit_rows("category.changed")
    assert {"name", "skills", "sort", "questions"} <= set(audited.fields)
    assert "urgency" not in audited.fields


def test_change_that_changes_nothing_is_no_new_version(seeded: Town) -> None:
    dogs = by_code("dogs")
    assert dogs.change({"name": dogs.name}) == []
    assert dogs.version == 1


def test_forbidden_comes_before_the_version_and_missing_before_that(
    seeded: Town, door: Door
) -> None:
    admin = seeded.holder("admin", seeded.a)
    body = {"name": "文明养犬"}
    assert problem(door("PUT", "/categories/1000000", admin, body)) == (404, "not_found")
    refused = door("PUT", f"/categories/{by_code('dogs').id}", admin, body)
    assert problem(refused) == (403, "category.not_allowed")


def test_retired_category_takes_no_new_orders_and_can_come_back(seeded: Town, door: Door) -> None:
    admin = seeded.holder("admin", seeded.district)
    dogs = by_code("dogs").id
    answer = door("POST", f"/categories/{dogs}/retire", admin)
    assert answer.status_code == 200
    assert answer.get_json()["retired_at"] is not None
    with pytest.raises(Invalid) as refused:
        queries.usable_category(dogs, seeded.a.path)
    assert refused.value.code == "category.retired"
    assert queries.get_category(dogs).policy == "ordinary_13710"
    again = door("POST", f"/categories/{dogs}/retire", admin)
    assert problem(again) == (409, "category.already_retired")
    back = door("POST", f"/categories/{dogs}/restore", admin)
    assert (back.get_json()["retired_at"], back.get_json()["version"]) == (None, 3)
    assert queries.usable_category(dogs, seeded.a.path).id == dogs
    assert problem(door("POST", f"/categories/{dogs}/restore", admin)) == (
        409,
        "category.not_retired",
    )


def test_group_retires_with_its_leaves(seeded: Town) -> None:
    retire_category(SYSTEM, by_code("care").id)
    with pytest.raises(Invalid) as refused:
        queries.usable_category(by_code("meals").id, seeded.a.path)
    assert refused.value.code == "category.retired"


def test_residents_change_nothing(seeded: Town, door: Door) -> None:
    resident: Person = seeded.person()
    dogs = by_code("dogs").id
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/categories", {"name": "新分类"}),
        ("PUT", f"/categories/{dogs}", {"name": "新分类"}),
        ("POST", f"/categories/{dogs}/retire", None),
        ("POST", f"/categories/{dogs}/restore", None),
    ]
    for method, path, body in calls:
        assert problem(door(method, path, resident, body)) == (403, "category.not_allowed")


@pytest.mark.parametrize("has_successor", [True, False])
def test_closing_unit_hands_over_or_retires_its_own(seeded: Town, has_successor: bool) -> None:
    leaf = own_leaf(SYSTEM, seeded.a)
    other = own_leaf(SYSTEM, seeded.grid)
    on_unit_closing(UnitClosing(seeded.a.id, seeded.b.id if has_successor else None))
    assert leaf.unit_id == (seeded.b.id if has_successor else seeded.a.id)
    assert (leaf.retired_at is None) is has_successor
    assert (other.unit_id, other.retired_at) == (seeded.grid.id, None)


def test_administrator_of_the_unit_keeps_its_leaf(seeded: Town, door: Door) -> None:
    admin = seeded.holder("admin", seeded.a)
    leaf = own_leaf(actor_of(admin.own_id), seeded.a)
    changed = door("PUT", f"/categories/{leaf.id}", admin, {"name": "代缴"}, {"If-Match": '"1"'})
    assert changed.status_code == 200
    assert door("POST", f"/categories/{leaf.id}/retire", admin).status_code == 200
