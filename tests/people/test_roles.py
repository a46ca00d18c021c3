"""Giving and ending roles, who holds a permission, and attempts to climb."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import create_app
from app.kernel.audit import AuditRow
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.kernel.http import App
from app.kernel.permissions import Permission
from app.organisation.models import Unit
from app.people import jobs, policy, queries, service
from app.people.events import RoleEnded, RoleGranted
from app.people.models import Role, RoleGrant
from app.people.roles import DUTY, ROLES
from app.people.states import RegistrationKind
from tests.conftest import Clock, new_sqlite, settings_for
from tests.people.conftest import SYSTEM, Town, actor_of
from tests.statements import sent


def current_codes(person_id: int) -> set[str]:
    return {grant.role for grant in queries.grants_of(person_id, now())}


def test_seeding_twice_changes_nothing_and_mends_what_differs(town: Town) -> None:
    assert service.seed_roles(SYSTEM) == 0
    duty = queries.get_role("duty")
    duty.name = "值班室"
    session.flush()
    assert service.seed_roles(SYSTEM) == 1
    assert queries.get_role("duty").name == "值班员"
    assert session.scalar(sa.select(sa.func.count()).select_from(Role)) == len(ROLES)
    with pytest.raises(Forbidden):
        service.seed_roles(town.holder("admin", town.district))


def test_a_permission_that_a_room_adds_reaches_its_roles(
    app: App, town: Town, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the start alone: the roles and the grants were in the database before, and stay as they are."""
    duty, dispatcher = town.holder("duty").own_id, town.holder("dispatcher").own_id
    assert not any(actor_of(person).may_somewhere("people.count") for person in (duty, dispatcher))
    added = Permission("people.count", "清点人员", roles=(DUTY,))
    monkeypatch.setattr(policy, "PERMISSIONS", (*policy.PERMISSIONS, added))
    started = create_app(settings_for(new_sqlite(tmp_path), tmp_path))
    monkeypatch.setitem(app.extensions, "permissions", started.extensions["permissions"])
    with sent() as heard:
        assert actor_of(duty).may("people.count", town.a.path)
        assert not actor_of(dispatcher).may_somewhere("people.count")
        assert queries.holders_of("people.count", town.grid.id) == [duty]
        assert any("people.count" in grant.permissions for grant in queries.powers_of(duty))
        assert "people.count" in queries.get_role("duty").permissions
    assert {statement.split()[0] for statement, _ in heard.statements} == {"SELECT"}


@pytest.mark.parametrize(
    "added",
    [
        Permission("people.count", "清点人员", roles=("king",)),
        Permission("people.see", "查看人员", roles=(DUTY,)),
    ],
    ids=["an unknown role", "declared twice"],
)
def test_a_wrong_declaration_stops_the_start(
    added: Permission, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(policy, "PERMISSIONS", (*policy.PERMISSIONS, added))
    with pytest.raises(RuntimeError, match=re.escape(added.name)):
        create_app(settings_for(new_sqlite(tmp_path), tmp_path))


def test_a_role_that_the_program_does_not_know_gives_nothing(
    town: Town, heard: list[object]
) -> None:
    """A row of another version, say: its holder keeps it, and may do nothing by it."""
    session.add(Role(code="king", name="国王"))
    session.flush()
    person = town.person()
    service.grant_role(SYSTEM, person.id, "king", town.a.id)
    (grant,) = queries.grants_of(person.id, now())
    assert (grant.role, grant.permissions) == ("king", frozenset())
    assert queries.get_role("king").permissions == []


def test_a_leader_gives_roles_below_the_own_unit(town: Town, heard: list[object]) -> None:
    leader, person = town.holder("leader"), town.person()
    heard.clear()
    grant = service.grant_role(leader, person.id, "grid_worker", town.grid.id)
    assert grant.granted_by == leader.person_id
    assert heard == [RoleGranted(person.id, "grid_worker", town.grid.id)]
    worker = actor_of(person)
    assert worker.may("orders.handle", town.grid.path)
    assert not worker.may("orders.handle", town.a.path)
    service.end_role(leader, grant.id)
    assert heard[-1] == RoleEnded(person.id, "grid_worker", town.grid.id)
    assert current_codes(person.id) == set()


@pytest.mark.parametrize(
    ("role", "unit", "wanted", "at"),
    [
        ("leader", "a", "dispatcher", "b"),
        ("leader", "a", "dispatcher", "street"),
        ("leader", "a", "street_officer", "a"),
        ("leader", "a", "admin", "a"),
        ("admin", "district", "dispatcher", "a"),
        ("admin", "a", "admin", "street"),
        ("dispatcher", "a", "duty", "a"),
        ("duty", "a", "duty", "a"),
        ("street_officer", "street", "district_officer", "district"),
        ("leader", "a", "member", "a"),
    ],
)
def test_nobody_gives_what_he_does_not_hold(
    town: Town, role: str, unit: str, wanted: str, at: str
) -> None:
    giver: Unit = getattr(town, unit)
    actor, friend = town.holder(role, giver), town.person(home=giver)
    target: Unit = getattr(town, at)
    with pytest.raises((Forbidden, NotFound)):
        service.grant_role(actor, friend.id, wanted, target.id)
    assert current_codes(friend.id) == set()


def test_a_denied_grant_leaves_a_row_for_the_audit(town: Town) -> None:
    leader, friend = town.holder("leader"), town.person()
    with pytest.raises(Forbidden) as refusal:
        service.grant_role(leader, friend.id, "street_officer", town.a.id)
    assert refusal.value.code == "role.may_not_grant"
    (row,) = refusal.value.refusal_rows
    assert isinstance(row, AuditRow)
    assert (row.action, row.actor_id, row.subject_id) == ("role.denied", leader.own_id, friend.id)


def test_nobody_gives_a_role_to_himself(town: Town) -> None:
    leader = town.holder("leader")
    with pytest.raises(Forbidden) as refusal:
        service.grant_role(leader, leader.own_id, "duty", town.a.id)
    assert refusal.value.code == "role.own"


def test_membership_comes_by_registration_alone(town: Town) -> None:
    leader, friend = town.holder("leader"), town.person()
    filed = service.report_to_unit(leader, unit_id=town.a.id, kind=RegistrationKind.HOME)
    service.approve_registration(SYSTEM, filed.id)
    both = actor_of(leader.own_id)
    assert both.may("orders.claim", town.a.path)
    with pytest.raises(Forbidden) as refusal:
        service.grant_role(both, friend.id, "member", town.a.id)
    assert refusal.value.code == "role.by_registration_only"
    grant = session.scalars(sa.select(RoleGrant).where(RoleGrant.registration_id == filed.id)).one()
    with pytest.raises(Conflict) as conflict:
        service.end_role(SYSTEM, grant.id)
    assert conflict.value.code == "role.by_registration"


def test_nobody_ends_the_role_of_a_superior(town: Town) -> None:
    officer = town.person(home=town.a)
    grant = service.grant_role(SYSTEM, officer.id, "street_officer", town.a.id)
    with pytest.raises(Forbidden):
        service.end_role(town.holder("leader"), grant.id)
    service.end_role(town.holder("street_officer", town.street), grant.id)


def test_a_foreign_grant_is_missing(town: Town) -> None:
    person = town.person(home=town.b)
    grant = service.grant_role(SYSTEM, person.id, "duty", town.b.id)
    with pytest.raises(NotFound):
        service.end_role(town.holder("leader"), grant.id)
    with pytest.raises(NotFound):
        service.grant_role(town.holder("leader"), person.id, "duty", town.a.id)


def test_a_role_is_held_once(town: Town) -> None:
    person = town.person()
    grant = service.grant_role(SYSTEM, person.id, "duty", town.a.id)
    with pytest.raises(Conflict) as refusal:
        service.grant_role(SYSTEM, person.id, "duty", town.a.id)
    assert refusal.value.code == "role.already_granted"
    service.end_role(SYSTEM, grant.id)
    with pytest.raises(Conflict) as again:
        service.end_role(SYSTEM, grant.id)
    assert again.value.code == "role.already_ended"
    service.grant_role(SYSTEM, person.id, "duty", town.a.id)


def test_a_role_holds_from_its_first_to_its_last_moment(
    town: Town, clock: Clock, heard: list[object]
) -> None:
    clock.set("2026-03-01T08:00:00+08:00")
    person, start = town.person(), now()
    service.grant_role(
        SYSTEM,
        person.id,
        "duty",
        town.a.id,
        since=start + timedelta(days=1),
        until=start + timedelta(days=2),
    )
    heard.clear()
    assert current_codes(person.id) == set()
    assert queries.holders_of("orders.acknowledge", town.a.id) == []
    clock.set("2026-03-02T08:00:00+08:00")
    assert current_codes(person.id) == {"duty"}
    assert queries.holders_of("orders.acknowledge", town.a.id) == [person.id]
    assert jobs.end_expired_roles() == 0
    clock.set("2026-03-03T08:00:00+08:00")
    assert current_codes(person.id) == set()
    assert jobs.end_expired_roles() == 1
    assert jobs.end_expired_roles() == 0
    assert heard == [RoleEnded(person.id, "duty", town.a.id)]


def test_a_role_past_its_date_can_be_given_again_before_the_job(
    town: Town, clock: Clock, heard: list[object]
) -> None:
    clock.set("2026-03-01T08:00:00+08:00")
    person = town.person()
    old = service.grant_role(SYSTEM, person.id, "duty", town.a.id, until=now() + timedelta(hours=1))
    clock.set("2026-03-01T10:00:00+08:00")
    with pytest.raises(Conflict):
        service.end_role(SYSTEM, old.id)
    service.grant_role(SYSTEM, person.id, "duty", town.a.id)
    assert RoleEnded(person.id, "duty", town.a.id) in heard
    assert current_codes(person.id) == {"duty"}


def test_a_span_must_run_forward_and_into_the_future(town: Town) -> None:
    person, at = town.person(), now()
    for since, until in (
        (None, at - timedelta(days=1)),
        (at + timedelta(days=2), at + timedelta(days=1)),
    ):
        with pytest.raises(Invalid) as refusal:
            service.grant_role(SYSTEM, person.id, "duty", town.a.id, since=since, until=until)
        assert refusal.value.code == "role.bad_span"
    grant = service.grant_role(SYSTEM, person.id, "duty", town.a.id, since=at - timedelta(days=9))
    assert grant.since >= at


def test_unknown_roles_and_units_are_refused(town: Town) -> None:
    person = town.person()
    with pytest.raises(Invalid) as refusal:
        service.grant_role(SYSTEM, person.id, "king", town.a.id)
    assert refusal.value.code == "role.unknown"
    with pytest.raises(Invalid):
        service.grant_role(SYSTEM, person.id, "duty", 10**9)
    with pytest.raises(NotFound):
        service.grant_role(SYSTEM, 10**9, "duty", town.a.id)


def test_holders_are_sought_at_the_unit_then_upward(town: Town) -> None:
    officer = town.holder("street_officer", town.street).own_id
    assert queries.holders_of("orders.dispatch", town.grid.id) == [officer]
    one, two = town.holder("dispatcher").own_id, town.holder("duty").own_id
    town.holder("dispatcher", town.b)
    assert queries.holders_of("orders.dispatch", town.grid.id) == sorted([one, two])
    assert queries.holders_of("orders.dispatch", town.a.id) == sorted([one, two])
    assert queries.holders_of("orders.dispatch", town.street.id) == [officer]
    assert queries.holders_of("orders.dispatch", town.district.id) == []
    assert queries.holders_of("orders.lead", town.a.id) == [officer]
    service.deactivate_person(SYSTEM, one, "离职")
    assert queries.holders_of("orders.dispatch", town.a.id) == [two]
    with pytest.raises(NotFound):
        queries.holders_of("orders.dispatch", 10**9)


def test_someone_with_two_roles_is_one_holder(town: Town) -> None:
    person = town.holder("dispatcher").own_id
    service.grant_role(SYSTEM, person, "duty", town.a.id)
    assert queries.holders_of("orders.dispatch", town.a.id) == [person]


def test_the_inactive_hold_nothing_even_where_a_row_says_so(town: Town) -> None:
    person = queries.get_person(town.holder("duty").own_id)
    session.execute(
        sa.text("UPDATE people SET status = 'inactive' WHERE id = :id"), {"id": person.id}
    )
    session.expire_all()
    assert queries.grants_of(person.id, now()) == ()
    assert queries.holders_of("orders.acknowledge", town.a.id) == []
