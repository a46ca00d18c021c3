"""Finding a category at the keyboard: by a part of its name, or by its initials."""

from typing import Any
from urllib.parse import quote

import pytest

from app.categories.initials import initials_of
from app.categories.service import create_category
from tests.categories.conftest import SYSTEM
from tests.categories.test_reading import id_of
from tests.people.conftest import Door, Town, problem


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("路灯不亮", "ldbl"),
        ("飞线充电、电动车进楼", "fxcdddcjl"),
        ("12345热线", "12345rx"),
        ("WiFi 不通（公区）", "wifibtgq"),
        # Of several readings the one that the word has.
        ("重复下单", "cfxd"),
        ("长者食堂", "zzst"),
        ("银行", "yh"),
        ("……", ""),
    ],
)
def test_initials(name: str, initials: str) -> None:
    assert initials_of(name) == initials


def found(door: Door, town: Town, q: str, more: str = "") -> dict[str, list[str]]:
    """Names of groups with those of their leaves."""
    answer = door("GET", f"/categories?q={quote(q)}{more}", town.person())
    assert answer.status_code == 200, answer.get_json()
    groups: list[dict[str, Any]] = answer.get_json()["items"]
    return {group["name"]: [leaf["name"] for leaf in group["children"]] for group in groups}


def test_every_category_says_its_initials(seeded: Town, door: Door) -> None:
    """In the tree and alone; none is without."""
    groups = door("GET", "/categories", seeded.person()).get_json()["items"]
    shown = {leaf["name"]: leaf["initials"] for group in groups for leaf in group["children"]}
    assert shown["路灯楼道灯"] == "ldldd"
    assert groups[1]["initials"] == "sdyss"
    assert all(shown.values())
    lamp = door("GET", f"/categories/{id_of('lights_out')}", seeded.person()).get_json()
    assert lamp["initials"] == "ldldd"


@pytest.mark.parametrize(
    "q", ["路灯", "楼道灯", "灯楼", "ldldd", "ldl", "LDL", "ｌｄｌ", " ldldd "]
)
def test_one_leaf_with_its_group(seeded: Town, door: Door, q: str) -> None:
    """By any part of the name; by the beginning of the initials, however they are typed."""
    assert found(door, seeded, q) == {"水电与设施": ["路灯楼道灯"]}


def test_one_letter_is_enough(seeded: Town, door: Door) -> None:
    """Whatever begins with it, and no other."""
    names = [name for leaves in found(door, seeded, "l").values() for name in leaves]
    assert len(names) > 1
    assert "路灯楼道灯" in names
    assert {initials_of(name)[0] for name in names} == {"l"}


def test_a_group_brings_all_its_leaves(seeded: Town, door: Door) -> None:
    whole = found(door, seeded, "")
    for q in ("水电与设施", "sdys"):
        assert found(door, seeded, q) == {"水电与设施": whole["水电与设施"]}


def test_nothing_is_found(seeded: Town, door: Door) -> None:
    """Initials count from their beginning; signs are no letters."""
    for q in ("dldd", "xyz", "%", "_", "路灯不亮"):
        assert found(door, seeded, q) == {}, q


def test_units_own_ones_are_found_there(seeded: Town, door: Door) -> None:
    create_category(SYSTEM, name="Wi-Fi报修", parent_id=id_of("care"), unit_id=seeded.a.id)
    for q in ("wi-fi", "wifibx"):
        here = found(door, seeded, q, f"&unit_id={seeded.a.id}")
        assert list(here.values()) == [["Wi-Fi报修"]], q
        assert found(door, seeded, q) == {}


def test_too_long(seeded: Town, door: Door) -> None:
    answer = door("GET", f"/categories?q={'l' * 41}", seeded.person())
    assert problem(answer) == (422, "text.too_long")
