"""The tree as residents get it, and what an order asks of it."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.categories import queries
from app.categories.models import Category
from app.categories.service import create_category, retire_category
from app.kernel.database import session
from app.kernel.errors import Invalid, NotFound
from tests.categories.conftest import SYSTEM
from tests.people.conftest import Door, Town, problem

CONTRACT = {
    "id",
    "code",
    "name",
    "children",
    "questions",
    "skills",
    "urgency",
    "needs_photo",
    "public_place",
}


def id_of(code: str) -> int:
    """The id behind a code."""
    found = session.scalar(sa.select(Category.id).where(Category.code == code))
    assert found
    return found


def tree(door: Door, town: Town, query: str = "") -> list[dict[str, Any]]:
    """The groups, as a resident gets them."""
    answer = door("GET", f"/categories{query}", town.person())
    assert answer.status_code == 200, answer.get_json()
    assert answer.get_json()["next_cursor"] is None
    return list(answer.get_json()["items"])


def leaf_names(groups: list[dict[str, Any]]) -> set[str]:
    """Of all groups."""
    return {leaf["name"] for group in groups for leaf in group["children"]}


def refusal(category_id: int, path: str) -> str:
    """The code with which it is not usable."""
    with pytest.raises(Invalid) as refused:
        queries.usable_category(category_id, path)
    return refused.value.code


def test_tree_is_nested_in_order_and_in_the_agreed_shape(seeded: Town, door: Door) -> None:
    groups = tree(door, seeded, f"?unit_id={seeded.a.id}")
    assert [group["name"] for group in groups][:2] == ["安全应急", "水电与设施"]
    assert sum(len(group["children"]) for group in groups) == 60
    gas = groups[0]["children"][0]
    assert set(gas) >= CONTRACT
    assert (gas["name"], gas["urgency"], gas["children"]) == ("燃气泄漏", "emergency", [])
    assert gas["skills"] == ["燃气"]
    assert gas["stop_message"].startswith("请先离开屋子")
    assert gas["questions"][0]["kind"] == "choice"
    assert groups[1]["children"][2]["needs_photo"] == "after"
    assert groups[1]["children"][2]["public_place"] is True


def test_units_own_leaves_are_seen_in_its_subtree_alone(seeded: Town, door: Door) -> None:
    create_category(SYSTEM, name="代缴水费", parent_id=id_of("care"), unit_id=seeded.a.id)
    for unit, seen in ((seeded.a, True), (seeded.grid, True), (seeded.b, False)):
        names = leaf_names(tree(door, seeded, f"?unit_id={unit.id}"))
        assert ("代缴水费" in names) is seen, unit.name
    assert "代缴水费" not in leaf_names(tree(door, seeded))
    assert "代缴水费" not in leaf_names(tree(door, seeded, f"?unit_id={seeded.street.id}"))


def test_retired_and_empty_are_shown_to_those_who_keep_the_tree(seeded: Town, door: Door) -> None:
    retire_category(SYSTEM, id_of("dogs"))
    retire_category(SYSTEM, id_of("advice"))
    create_category(SYSTEM, name="空的大类")
    groups = tree(door, seeded)
    assert {"空的大类", "咨询建议"} & {group["name"] for group in groups} == set()
    assert "养犬" not in leaf_names(groups)
    everything = tree(door, seeded, "?everything=true")
    assert {"空的大类", "咨询建议"} <= {group["name"] for group in everything}
    assert "养犬" in leaf_names(everything)


def test_tree_of_a_unit_that_is_not_there(seeded: Town, door: Door) -> None:
    answer = door("GET", "/categories?unit_id=1000000", seeded.person())
    assert problem(answer) == (404, "not_found")
    assert problem(door("GET", "/categories/1000000", seeded.person())) == (404, "not_found")


def test_usable_is_a_leaf_of_the_unit(seeded: Town) -> None:
    own = create_category(SYSTEM, name="代缴", parent_id=id_of("care"), unit_id=seeded.a.id)
    assert queries.usable_category(own.id, seeded.a.path).id == own.id
    assert queries.usable_category(own.id, seeded.grid.path).id == own.id
    assert refusal(own.id, seeded.b.path) == "category.other_unit"
    assert refusal(own.id, seeded.street.path) == "category.other_unit"
    assert refusal(id_of("care"), seeded.a.path) == "category.not_a_leaf"
    assert refusal(10**9, seeded.a.path) == "category.unknown"


def test_unit_whose_number_begins_alike_is_another(seeded: Town) -> None:
    category = Category(code="x", name="x", unit_id=4)
    assert category.serves("/1/4/9/")
    assert not category.serves("/1/41/9/")
    assert not category.serves("/1/14/")


def test_answers_fit_the_category_or_there_are_none(seeded: Town) -> None:
    escort = queries.get_category(id_of("hospital_escort"))
    answers = {"on": "2026-02-13", "hospital": "市一院心内科"}
    assert queries.check_answers(escort, answers) == answers
    with pytest.raises(Invalid) as missing:
        queries.check_answers(escort, None)
    assert missing.value.code == "answer.missing"
    assert queries.check_answers(queries.get_category(id_of("call_me")), None) == {}
    assert queries.check_answers(None, None) == {}
    assert queries.check_answers(None, {}) == {}
    with pytest.raises(Invalid) as unasked:
        queries.check_answers(None, {"on": "2026-02-13"})
    assert unasked.value.code == "answer.no_category"


def test_radius_is_the_own_or_that_of_the_open_air(seeded: Town) -> None:
    assert queries.get_category(id_of("lights_out")).nearby_m == 80
    assert queries.get_category(id_of("meals")).nearby_m == 150


def test_filter_by_a_group_means_its_leaves(seeded: Town) -> None:
    found = set(session.scalars(queries.with_leaves([id_of("advice"), id_of("dogs")])))
    codes = ("policy_question", "suggestion", "complaint_staff", "praise", "call_me")
    assert found == {id_of(code) for code in (*codes, "advice", "dogs")}


def test_names_by_id(seeded: Town) -> None:
    assert queries.names_of([id_of("dogs"), 10**9]) == {id_of("dogs"): "养犬"}
    with pytest.raises(NotFound):
        queries.get_category(10**9)
