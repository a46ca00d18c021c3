"""Places through the API."""

from app.kernel.database import session
from app.organisation import service
from app.organisation.states import PlaceKind
from tests.organisation.conftest import RESIDENT, SYSTEM, Door, Tree, fails, ok


def test_places_by_the_api(tree: Tree, door: Door) -> None:
    """Created, changed, found, closed."""
    admin = tree.actor(tree.community, "places.edit")
    body = {"kind": "estate", "name": "幸福小区", "unit_id": tree.grid.id,
            "management": "professional", "latitude": 30.005, "longitude": 120.005}  # fmt: skip
    fails(door(RESIDENT, "POST", "/places", body), 403, "place.not_allowed")
    fails(door(tree.actor(tree.other_community), "POST", "/places", body), 403, "place.not_allowed")
    estate = ok(door(admin, "POST", "/places", body), 201)
    assert (estate["provider"], estate["coordinate_system"]) == (None, "gcj02")
    half = {**body, "name": "半个"}
    del half["longitude"]
    assert "latitude" in fails(door(admin, "POST", "/places", half), 422, "body.invalid")["errors"]
    fails(door(admin, "POST", "/places", body), 409, "place.name_taken")
    inside = {"kind": "building", "name": "3号楼", "parent_id": estate["id"]}
    building = ok(door(admin, "POST", "/places", inside), 201)
    assert building["full_name"] == "幸福小区 3号楼"
    assert (building["management"], building["unit_id"]) == ("professional", tree.grid.id)
    path = f"/places/{estate['id']}"
    change = {"name": "和美小区", "management": "unmanaged"}
    fails(door(admin, "PUT", path, change), 428, "version.required")
    fails(door(RESIDENT, "PUT", path, change, version=1), 403, "place.not_allowed")
    changed = ok(door(admin, "PUT", path, change, version=1))
    assert (changed["version"], changed["latitude"]) == (2, None)
    found = ok(door(RESIDENT, "GET", "/places?q=和美"))["items"]
    assert [(row["full_name"], row["management"]) for row in found] == [
        ("和美小区", "unmanaged"),
        ("和美小区 3号楼", "unmanaged"),
    ]
    fails(door(admin, "POST", f"{path}/close"), 409, "place.has_open_children")
    closed = ok(door(admin, "POST", f"/places/{building['id']}/close"))
    assert closed["closed_at"] is not None


def test_a_foreign_room_is_a_missing_one(tree: Tree, door: Door) -> None:
    """Also for changes."""
    estate = service.create_place(
        SYSTEM, kind=PlaceKind.ESTATE, name="幸福小区", unit_id=tree.grid.id
    )
    building = service.create_place(
        SYSTEM, kind=PlaceKind.BUILDING, name="1号楼", parent_id=estate.id
    )
    room = service.create_place(SYSTEM, kind=PlaceKind.ROOM, name="101室", parent_id=building.id)
    path, inside = f"/places/{room.id}", f"/places?parent_id={building.id}"
    session.commit()
    body = {"name": "102室", "management": "unmanaged"}
    for stranger in (RESIDENT, tree.actor(tree.other_community)):
        fails(door(stranger, "GET", path), 404, "not_found")
        fails(door(stranger, "PUT", path, body, version=1), 404, "not_found")
        fails(door(stranger, "POST", f"{path}/close"), 404, "not_found")
        assert ok(door(stranger, "GET", inside))["items"] == []
    staff = tree.actor(tree.grid, "places.rooms")
    assert ok(door(staff, "GET", path))["full_name"] == "幸福小区 1号楼 101室"
    assert len(ok(door(staff, "GET", inside))["items"]) == 1
    fails(door(staff, "PUT", path, body, version=1), 403, "place.not_allowed")
