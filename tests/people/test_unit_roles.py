"""Roles of a unit's own: made of no more than the giver has, given in the subtree, ended everywhere."""

from functools import partial

import pytest
from flask import Flask

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from app.kernel.permissions import Permissions
from app.people import queries, service
from app.people.models import Role
from tests.people.conftest import SYSTEM, Door, Town, actor_of

WATCHES = ("people.see", "audit.see")


def watcher(town: Town, actor: Actor = SYSTEM) -> Role:
    """A role of community A that sees people and the audit."""
    return service.define_role(actor, town.a.id, name="巡查员", permissions=WATCHES)


def held(person_id: int, unit_path: str) -> set[str]:
    """What the person may do there."""
    actor = actor_of(person_id)
    return {
        name for grant in actor.grants for name in grant.permissions if actor.may(name, unit_path)
    }


def code_of(refused: type[Refusal], act: object) -> str:
    """The code with which the act is refused."""
    with pytest.raises(refused) as refusal:
        act()  # type: ignore[operator]  # a deed without arguments
    return refusal.value.code


def test_whoever_holds_it_may_what_it_says(town: Town) -> None:
    role = watcher(town)
    person = town.person()
    service.grant_role(SYSTEM, person.id, role.code, town.a.id)
    assert held(person.id, town.grid.path) == set(WATCHES)
    assert held(person.id, town.b.path) == set()
    assert person.id in queries.holders_of("audit.see", town.grid.id)
    (grant,) = queries.powers_of(person.id)
    assert grant.permissions == set(WATCHES)
    assert queries.role_name(role.code) == "巡查员"


def test_it_is_made_of_no_more_than_the_giver_has(town: Town) -> None:
    admin, leader = town.holder("admin", town.a), town.holder("leader", town.a)
    define = partial(service.define_role, unit_id=town.a.id, name="巡查员")
    assert define(admin, permissions=WATCHES).permissions == sorted(WATCHES)
    for actor, unit, permissions in (
        (admin, town.a, (*WATCHES, "orders.see")),
        (admin, town.street, WATCHES),
        (admin, town.b, WATCHES),
        (leader, town.a, WATCHES),
    ):
        act = partial(service.define_role, actor, unit.id, name="甲", permissions=permissions)
        assert code_of(Forbidden, act) == "role.may_not_define"
    unknown = partial(define, admin, permissions=["people.fly"])
    assert code_of(Invalid, unknown) == "role.unknown_permission"
    shipped = partial(service.define_role, admin, town.a.id, name="系统管理员", permissions=WATCHES)
    assert code_of(Invalid, shipped) == "role.name_shipped"


def test_it_is_given_in_the_subtree_by_whoever_has_it_all(town: Town) -> None:
    role = watcher(town)
    person = town.person()
    for unit in (town.street, town.b):
        act = partial(service.grant_role, SYSTEM, person.id, role.code, unit.id)
        assert code_of(Invalid, act) == "role.unknown"
    leader = town.holder("leader", town.a)
    assert service.grant_role(leader, person.id, role.code, town.grid.id).role_code == role.code
    service.define_role(SYSTEM, town.a.id, name="管理", permissions=["accounts.edit"])
    stronger = queries.page_of_unit_roles(leader, town.grid.id, cursor=None, limit=9).items[-1]
    act = partial(service.grant_role, leader, person.id, stronger.code, town.a.id)
    assert code_of(Forbidden, act) == "role.may_not_grant"


def test_whoever_holds_it_cannot_be_removed_by_somebody_weaker(town: Town) -> None:
    """All checks of what a person may do know the role."""
    role = service.define_role(SYSTEM, town.a.id, name="管理", permissions=["accounts.edit"])
    person = town.person()
    service.grant_role(SYSTEM, person.id, role.code, town.a.id)
    leader = town.holder("leader", town.street)
    act = partial(service.deactivate_person, leader, person.id, "调离")
    assert code_of(Forbidden, act) == "person.may_not_remove"


def test_its_end_ends_it_everywhere(town: Town) -> None:
    role = watcher(town)
    people = [town.person() for _ in range(3)]
    for person in people:
        service.grant_role(SYSTEM, person.id, role.code, town.a.id)
    leader = town.holder("leader", town.a)
    assert code_of(Forbidden, partial(service.end_unit_role, leader, role.id)) == (
        "role.may_not_define"
    )
    service.end_unit_role(town.holder("admin", town.a), role.id)
    assert [queries.grants_of(person.id, now()) for person in people] == [()] * 3
    assert queries.page_of_unit_roles(SYSTEM, town.a.id, cursor=None, limit=9).items == []
    act = partial(service.grant_role, SYSTEM, people[0].id, role.code, town.a.id)
    assert code_of(Invalid, act) == "role.unknown"
    assert code_of(NotFound, partial(service.end_unit_role, SYSTEM, role.id)) == "not_found"


def test_shipped_roles_cannot_be_ended(town: Town) -> None:
    shipped = session.query(Role).filter_by(code="admin").one()
    assert code_of(NotFound, partial(service.end_unit_role, SYSTEM, shipped.id)) == "not_found"


def test_a_permission_that_is_gone_counts_no_more(
    town: Town, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = watcher(town)
    before: Permissions = app.extensions["permissions"]
    texts = {name: text for name, text in before.texts.items() if name != "audit.see"}
    after = Permissions(texts, before.by_role, before.administering)
    monkeypatch.setitem(app.extensions, "permissions", after)
    assert role.permissions == ["people.see"]
    person = town.person()
    service.grant_role(SYSTEM, person.id, role.code, town.a.id)
    assert held(person.id, town.a.path) == {"people.see"}


def test_it_is_no_way_round_the_closing_of_its_unit(town: Town) -> None:
    town.a.closed_at = now()
    session.flush()
    assert code_of(Conflict, partial(watcher, town)) == "unit.closed"


def test_over_the_api(town: Town, door: Door) -> None:
    admin = town.holder("admin", town.a)
    path = f"/units/{town.a.id}/roles"
    body = {"name": "巡查员", "permissions": list(WATCHES)}
    key = {"Idempotency-Key": "one"}
    made = door("POST", path, admin, body, key)
    assert (made.status_code, made.get_json()["unit_id"]) == (201, town.a.id)
    assert door("POST", path, admin, body, key).get_json() == made.get_json()
    below = door("GET", f"/units/{town.grid.id}/roles", admin).get_json()
    assert below["items"] == [made.get_json()]
    assert made.get_json() not in door("GET", "/roles", admin).get_json()["items"]
    person = town.person()
    given = {"role_code": made.get_json()["code"], "unit_id": town.grid.id}
    assert door("POST", f"/people/{person.id}/grants", admin, given).status_code == 201
    assert door("DELETE", f"/roles/{made.get_json()['id']}", admin).status_code == 204
    assert held(person.id, town.grid.path) == set()
