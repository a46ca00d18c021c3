"""The roles that ship."""

from app import collect_permissions
from app.people.roles import BY_REGISTRATION, ROLES

BY_CODE = collect_permissions().by_role


def test_the_codes_are_these() -> None:
    assert len(BY_CODE) == len(ROLES)
    assert set(BY_CODE) == {
        "member",
        "volunteer",
        "building_leader",
        "grid_worker",
        "duty",
        "dispatcher",
        "leader",
        "street_officer",
        "district_officer",
        "admin",
        "provider",
    }


def test_each_step_up_holds_what_the_one_below_holds() -> None:
    ladder = ["duty", "dispatcher", "leader", "street_officer"]
    for lower, upper in zip(ladder, ladder[1:], strict=False):
        assert BY_CODE[lower] < BY_CODE[upper]
    assert BY_CODE["district_officer"] - BY_CODE["street_officer"] == {"calendar.edit"}
    assert BY_CODE["street_officer"] < BY_CODE["district_officer"]


def test_the_administrator_reads_no_orders() -> None:
    assert not [p for p in BY_CODE["admin"] if p.startswith("orders.")]


def test_nobody_but_members_and_volunteers_claims() -> None:
    assert {code for code, held in BY_CODE.items() if "orders.claim" in held} == BY_REGISTRATION
    assert {"orders.claim"} == BY_CODE["member"] == BY_CODE["volunteer"]


def test_only_leaders_and_above_hear_of_the_hard_ones() -> None:
    leading = {code for code, held in BY_CODE.items() if "orders.lead" in held}
    assert leading == {"leader", "street_officer", "district_officer"}
    appeals = {code for code, held in BY_CODE.items() if "orders.appeal" in held}
    assert appeals == {"street_officer", "district_officer"}
    granting = {code for code, held in BY_CODE.items() if "roles.grant" in held}
    assert granting == leading | {"admin"}
