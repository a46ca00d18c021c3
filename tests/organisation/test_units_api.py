"""Units through the API: permissions of one's own and foreign units, versions, pages, errors."""

from typing import Any

import pytest

from app.kernel.database import session
from app.organisation import queries
from app.organisation.geometry import to_gcj02
from app.organisation.models import Unit
from app.organisation.states import UnitKind
from tests.organisation.conftest import RESIDENT, Door, Tree, fails, ok, square, unit


def test_anyone_reads_units(tree: Tree, door: Door) -> None:
    """The topmost, those below one, one with its version."""
    top = ok(door(RESIDENT, "GET", "/units?limit=100"))["items"]
    assert tree.district.id in [row["id"] for row in top]
    assert all(row["parent_id"] is None for row in top)
    below = ok(door(RESIDENT, "GET", f"/units?parent_id={tree.community.id}"))
    assert [row["name"] for row in below["items"]] == ["第1网格", "第2网格"]
    assert below["next_cursor"] is None
    answer = door(RESIDENT, "GET", f"/units/{tree.community.id}")
    one = ok(answer)
    assert answer.headers["ETag"] == f'"{one["version"]}"'
    assert {
        key: one[key] for key in ("kind", "code", "phone", "path", "closed_at", "successor_unit_id")
    } == {
        "kind": "community",
        "code": "C1",
        "phone": "0571-88880000",
        "path": tree.community.path,
        "closed_at": None,
        "successor_unit_id": None,
    }
    assert one["created_at"].endswith("+08:00")


def test_lists_go_page_by_page(tree: Tree, door: Door) -> None:
    """Nothing twice, nothing lost, also when something is put in meanwhile."""
    for number in range(3, 8):
        unit(UnitKind.GRID, f"第{number}网格", tree.community)
    session.commit()
    seen: list[str] = []
    cursor = ""
    while True:
        page = ok(door(RESIDENT, "GET", f"/units?parent_id={tree.community.id}&limit=3{cursor}"))
        seen += [row["name"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        if len(seen) == 3:
            unit(UnitKind.GRID, "第0网格", tree.community)
            session.commit()
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [f"第{number}网格" for number in range(1, 8)]
    fails(door(RESIDENT, "GET", "/units?cursor=nonsense"), 422, "cursor.invalid")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/units?limit=x", 422, "body.invalid"),
        ("/units?parent_id=0", 422, "body.invalid"),
        ("/units?kind=planet", 422, "body.invalid"),
        ("/units?colour=red", 422, "field.unknown"),
        ("/units?parent_id=999999999", 404, "not_found"),
        ("/units/999999999", 404, "not_found"),
        ("/units/999999999/area", 404, "not_found"),
        ("/units/999999999/settings", 404, "not_found"),
        ("/units/locate", 422, "body.invalid"),
        ("/units/locate?latitude=91&longitude=0", 422, "body.invalid"),
        ("/units/locate?latitude=nan&longitude=0", 422, "body.invalid"),
        ("/units/locate?latitude=1&longitude=1&coordinate_system=mars", 422, "body.invalid"),
        ("/places?parent_id=999999999", 404, "not_found"),
        ("/places?unit_id=999999999", 404, "not_found"),
        ("/places?q=村", 422, "place.query_too_short"),
        ("/places/999999999", 404, "not_found"),
        ("/providers?unit_id=999999999", 404, "not_found"),
        ("/providers/999999999", 404, "not_found"),
        ("/phone-entries?unit_id=999999999", 404, "not_found"),
        ("/phone-entries/999999999", 404, "not_found"),
    ],
)
def test_bad_questions(tree: Tree, door: Door, path: str, status: int, code: str) -> None:
    """Each is refused in words."""
    fails(door(RESIDENT, "GET", path), status, code)


def test_locating(tree: Tree, door: Door) -> None:
    """GCJ-02 unless said otherwise; outside the nearest community is named."""
    found = ok(door(RESIDENT, "GET", "/units/locate?latitude=30.005&longitude=120.005"))
    names = [found[key]["name"] for key in ("unit", "grid", "community")]
    assert names == ["第1网格", "第1网格", "甲社区"]
    edge = ok(door(RESIDENT, "GET", "/units/locate?latitude=30.015&longitude=120.005"))
    assert (edge["grid"], edge["unit"]["name"]) == (None, "甲社区")
    # The same numbers as WGS-84 are some 500 metres away, in another grid.
    assert to_gcj02(30.005, 120.0075)[1] > 120.01
    path = "/units/locate?latitude=30.005&longitude=120.0075&coordinate_system=wgs84"
    assert ok(door(RESIDENT, "GET", path))["grid"]["name"] == "第2网格"
    body = fails(
        door(RESIDENT, "GET", "/units/locate?latitude=30.03&longitude=120.0"),
        422,
        "location.outside",
    )
    assert "甲社区" in body["detail"]


NEW_GRID = {"kind": "grid", "name": " 第3 网格 ", "hours": ""}


def test_who_creates_units(tree: Tree, door: Door) -> None:
    """In one's own subtree; elsewhere 403, because units are no secret."""
    body = {**NEW_GRID, "parent_id": tree.community.id}
    made = ok(door(tree.actor(tree.street, "organisation.edit"), "POST", "/units", body), 201)
    assert (made["name"], made["hours"], made["sort"], made["version"]) == ("第3 网格", None, 3, 1)
    assert made["path"] == f"{tree.community.path}{made['id']}/"
    for stranger in (
        RESIDENT,
        tree.actor(tree.other_street),
        tree.actor(tree.other_community),
        tree.actor(tree.street, "places.edit", "providers.edit", "phonebook.edit", "settings.edit"),
    ):
        again = {**body, "name": "第4网格"}
        fails(door(stranger, "POST", "/units", again), 403, "unit.not_allowed")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"kind": "street"}, 422, "unit.kind_not_allowed"),
        ({"parent_id": 999999999}, 422, "unit.parent_unknown"),
        ({"parent_id": None}, 422, "body.invalid"),
        ({"name": "第1网格"}, 409, "unit.name_taken"),
        ({"code": "C1"}, 409, "unit.code_taken"),
        ({"name": " "}, 422, "body.invalid"),
        ({"name": "长" * 51}, 422, "text.too_long"),
        ({"name": "a\u0000b"}, 422, "text.control_characters"),
        ({"phone": "打给我"}, 422, "body.invalid"),
        ({"path": "/1/"}, 422, "field.unknown"),
        ({"sort": -1}, 422, "body.invalid"),
        ({"sort": "1"}, 422, "body.invalid"),
    ],
)
def test_bad_units(tree: Tree, door: Door, change: dict[str, Any], status: int, code: str) -> None:
    """Each with its own code, and nothing is kept."""
    before = session.query(Unit).count()
    body = {**NEW_GRID, "parent_id": tree.community.id, **change}
    fails(door(tree.actor(tree.district), "POST", "/units", body), status, code)
    assert session.query(Unit).count() == before


def test_a_repeated_post_makes_one_unit(tree: Tree, door: Door) -> None:
    """Under its Idempotency-Key."""
    body = {**NEW_GRID, "parent_id": tree.community.id}
    admin = tree.actor(tree.district)
    first, second = (ok(door(admin, "POST", "/units", body, key="k1"), 201) for _ in range(2))
    assert first == second
    other = {**body, "name": "别的"}
    fails(door(admin, "POST", "/units", other, key="k1"), 422, "idempotency.key_reused")


def test_changing_needs_the_version(tree: Tree, door: Door) -> None:
    """404 before 403 before 428 and 412 before 409."""
    admin, path = tree.actor(tree.street), f"/units/{tree.community.id}"
    version = ok(door(admin, "GET", path))["version"]
    body = {"name": "甲甲社区"}
    fails(door(admin, "PUT", "/units/999999999", body, version=1), 404, "not_found")
    fails(door(RESIDENT, "PUT", path, body, version=version), 403, "unit.not_allowed")
    fails(door(admin, "PUT", path, body), 428, "version.required")
    fails(door(admin, "PUT", path, body, version=version - 1), 412, "version.stale")
    answer = door(admin, "PUT", path, body, version=version)
    assert ok(answer)["name"] == "甲甲社区"
    assert answer.headers["ETag"] == f'"{version + 1}"'
    fails(door(admin, "PUT", path, body, version=version), 412, "version.stale")


def test_moving_by_the_api(tree: Tree, door: Door) -> None:
    """Needs the right over both streets."""
    path, version = f"/units/{tree.community.id}", queries.get_unit(tree.community.id).version
    body = {"name": "甲社区", "parent_id": tree.other_street.id}
    fails(
        door(tree.actor(tree.street), "PUT", path, body, version=version), 403, "unit.not_allowed"
    )
    moved = ok(door(tree.actor(tree.district), "PUT", path, body, version=version))
    assert moved["path"] == f"{tree.other_street.path}{tree.community.id}/"
    grid = ok(door(RESIDENT, "GET", f"/units/{tree.grid.id}"))
    assert grid["path"] == f"{moved['path']}{tree.grid.id}/"


def test_closing_by_the_api(tree: Tree, door: Door) -> None:
    """With its refusals."""
    admin = tree.actor(tree.street)
    path = f"/units/{tree.other_community.id}/close"
    fails(door(RESIDENT, "POST", path, {}), 403, "unit.not_allowed")
    busy = f"/units/{tree.community.id}/close"
    fails(door(admin, "POST", busy, {}), 409, "unit.has_open_children")
    bad = {"successor_unit_id": 999999999}
    fails(door(admin, "POST", path, bad), 422, "unit.successor_unknown")
    foreign = {"successor_unit_id": tree.other_street.id}
    fails(door(admin, "POST", path, foreign), 403, "unit.not_allowed")
    closed = ok(door(admin, "POST", path, {"successor_unit_id": tree.community.id}))
    assert closed["successor_unit_id"] == tree.community.id
    assert closed["closed_at"] is not None
    fails(door(admin, "POST", path, {}), 409, "unit.closed")
    fails(door(admin, "POST", "/units/999999999/close", {}), 404, "not_found")


def test_drawing_areas(tree: Tree, door: Door) -> None:
    """Kept in GCJ-02; the version is the unit's."""
    admin, path = tree.actor(tree.street), f"/units/{tree.other_community.id}/area"
    fails(door(RESIDENT, "GET", path), 404, "area.none")
    body = {"geojson": square(121, 31), "coordinate_system": "wgs84"}
    fails(door(RESIDENT, "PUT", path, body, version=1), 403, "unit.not_allowed")
    fails(door(admin, "PUT", path, body), 428, "version.required")
    unsaid = {"geojson": square(1, 1)}
    fails(door(admin, "PUT", path, unsaid, version=1), 422, "body.invalid")
    answer = door(admin, "PUT", path, body, version=1)
    drawn = ok(answer)
    assert answer.headers["ETag"] == '"2"'
    assert (drawn["south"], drawn["west"]) == pytest.approx(to_gcj02(31, 121), abs=1e-4)
    assert drawn["coordinate_system"] == "gcj02"
    assert ok(door(RESIDENT, "GET", path))["geojson"] == drawn["geojson"]
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    crossed = {"geojson": bow, "coordinate_system": "gcj02"}
    fails(door(admin, "PUT", path, crossed, version=2), 422, "area.self_intersection")
    fails(door(RESIDENT, "DELETE", path), 403, "unit.not_allowed")
    assert door(admin, "DELETE", path).status_code == 204
    fails(door(RESIDENT, "GET", path), 404, "area.none")


@pytest.mark.usefixtures("declared")
def test_settings_by_the_api(tree: Tree, door: Door) -> None:
    """For administrators of the unit or above."""
    path = f"/units/{tree.community.id}/settings"
    admin = tree.actor(tree.street, "settings.edit")
    for stranger in (
        RESIDENT,
        tree.actor(tree.other_community),
        tree.actor(tree.street, "places.edit"),
    ):
        fails(door(stranger, "GET", path), 403, "setting.not_allowed")
        body = {"key": "t.cap", "value": 5}
        fails(door(stranger, "PUT", path, body, version=2), 403, "setting.not_allowed")
    answer = door(admin, "GET", path)
    version = int(answer.headers["ETag"].strip('"'))
    assert [row["key"] for row in ok(answer)["items"]] == ["t.cap", "t.quiet", "t.swap"]
    bad: tuple[tuple[dict[str, Any], str], ...] = (
        ({"key": "t.cap", "value": 99}, "setting.bad_value"),
        ({"key": "t.none", "value": 1}, "setting.unknown"),
        ({"key": "t.cap"}, "body.invalid"),
    )
    for faulty, code in bad:
        fails(door(admin, "PUT", path, faulty, version=version), 422, code)
    fails(door(admin, "PUT", path, {"key": "t.cap", "value": 5}), 428, "version.required")
    done = ok(door(admin, "PUT", path, {"key": "t.cap", "value": 5}, version=version))
    assert (done["value"], done["default"], done["set_at_unit_id"]) == (5, 3, tree.community.id)
    back = ok(door(admin, "PUT", path, {"key": "t.cap", "value": None}, version=version + 1))
    assert (back["value"], back["set_at_unit_id"], back["set_at"]) == (3, None, None)


def test_unknown_bodies_are_refused(tree: Tree, door: Door) -> None:
    """No JSON, a list, nothing."""
    admin = tree.actor(tree.district)
    bodies: tuple[Any, ...] = ([], "text", 3)
    for body in bodies:
        fails(door(admin, "POST", "/units", body), 422, "body.invalid")
    answer = door(admin, "POST", "/units", data="{", content_type="application/json")
    assert answer.status_code in (400, 422)
