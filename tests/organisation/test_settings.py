"""Settings: a unit's own, else the nearest above, else the default."""

from typing import Any

import pytest

from app.kernel.errors import Conflict, Forbidden, Invalid
from app.organisation import queries, service
from tests.organisation.conftest import SYSTEM, Tree, refused

pytestmark = pytest.mark.usefixtures("declared")


def test_the_nearest_value_holds(tree: Tree) -> None:
    """Default, district, community; the neighbour keeps the district's."""
    assert queries.setting(tree.grid.id, "t.cap") == 3
    service.set_setting(SYSTEM, tree.district.id, key="t.cap", value=5)
    assert queries.setting(tree.grid.id, "t.cap") == 5
    service.set_setting(SYSTEM, tree.community.id, key="t.cap", value=7)
    assert queries.setting(tree.grid.id, "t.cap") == 7
    assert queries.setting(tree.other_community.id, "t.cap") == 5
    assert queries.setting(tree.district.id, "t.cap") == 5
    assert queries.setting(tree.grid.id, "t.quiet") == "21:30"


def test_null_inherits_again(tree: Tree) -> None:
    """Taken back, not set to nothing."""
    service.set_setting(SYSTEM, tree.district.id, key="t.swap", value=True)
    service.set_setting(SYSTEM, tree.community.id, key="t.swap", value=False)
    assert queries.setting(tree.grid.id, "t.swap") is False
    back = service.set_setting(SYSTEM, tree.community.id, key="t.swap", value=None)
    assert (back.value, back.set_at_unit_id) == (True, tree.district.id)
    assert queries.setting(tree.grid.id, "t.swap") is True


def test_a_moved_unit_inherits_from_its_new_parents(tree: Tree) -> None:
    """By the path as it is."""
    service.set_setting(SYSTEM, tree.other_street.id, key="t.cap", value=9)
    service.change_unit(SYSTEM, tree.community.id, name="甲", parent_id=tree.other_street.id)
    assert queries.setting(tree.grid.id, "t.cap") == 9


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("t.none", 1, "setting.unknown"),
        ("t.cap", 0, "setting.bad_value"),
        ("t.cap", 10, "setting.bad_value"),
        ("t.cap", True, "setting.bad_value"),
        ("t.cap", "3", "setting.bad_value"),
        ("t.swap", 1, "setting.bad_value"),
        ("t.quiet", ["21:30"], "setting.bad_value"),
        ("t.quiet", "21\x0030", "setting.bad_value"),
        ("t.quiet", "21\ud80030", "setting.bad_value"),
    ],
)
def test_bad_values_are_refused(tree: Tree, key: str, value: Any, code: str) -> None:
    """Unknown, out of bounds, of another kind."""
    with refused(Invalid, code):
        service.set_setting(SYSTEM, tree.community.id, key=key, value=value)


def test_an_unknown_key_is_no_default(tree: Tree) -> None:
    """A typing error in a caller shows."""
    with refused(Invalid, "setting.unknown"):
        queries.setting(tree.grid.id, "t.none")


def test_only_those_above_set(tree: Tree) -> None:
    """Not the neighbour, not the unit below."""
    service.set_setting(tree.actor(tree.street), tree.community.id, key="t.cap", value=4)
    for stranger in (tree.actor(tree.other_community), tree.actor(tree.grid)):
        with refused(Forbidden, "setting.not_allowed"):
            service.set_setting(stranger, tree.community.id, key="t.cap", value=4)
        with refused(Forbidden, "setting.not_allowed"):
            queries.list_settings(stranger, tree.community.id, cursor=None, limit=9)


def test_a_closed_unit_sets_nothing(tree: Tree) -> None:
    """Its history stays as it was."""
    service.close_unit(SYSTEM, tree.other_community.id)
    with refused(Conflict, "unit.closed"):
        service.set_setting(SYSTEM, tree.other_community.id, key="t.cap", value=4)


def test_the_list_goes_page_by_page(tree: Tree) -> None:
    """By key; the values say where they come from."""
    service.set_setting(SYSTEM, tree.district.id, key="t.quiet", value="22:00")
    first = queries.list_settings(SYSTEM, tree.grid.id, cursor=None, limit=2)
    rest = queries.list_settings(SYSTEM, tree.grid.id, cursor=first.next_cursor, limit=2)
    found = {row.key: (row.value, row.set_at_unit_id) for row in [*first.items, *rest.items]}
    assert found == {
        "t.cap": (3, None),
        "t.quiet": ("22:00", tree.district.id),
        "t.swap": (False, None),
    }
    assert rest.next_cursor is None
    with refused(Invalid, "cursor.invalid"):
        queries.list_settings(SYSTEM, tree.grid.id, cursor="t.none", limit=2)
