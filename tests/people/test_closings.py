"""What becomes of people whose unit was closed, and of a batch in which one fails."""

from datetime import timedelta

import pytest

from app.kernel.clock import now
from app.kernel.http import App
from app.people import jobs, queries, service
from app.people.events import MembershipEnded, RoleEnded
from app.people.models import Person
from app.people.states import RegistrationKind, RegistrationStatus
from tests.conftest import Clock
from tests.people.conftest import SYSTEM, Town, actor_of


def test_the_successor_takes_them_over(town: Town, heard: list[object]) -> None:
    resident, member = town.person(), town.member()
    grid_worker = town.person()
    service.grant_role(SYSTEM, grid_worker.id, "duty", town.a.id)
    town.a.close(town.b.id, now())
    heard.clear()
    assert jobs.leave_closed_units() == 3
    assert jobs.leave_closed_units() == 0
    assert resident.home_unit_id == town.b.id
    assert queries.approved_unit_paths(member.id) == [town.b.path]
    assert actor_of(member).may("orders.claim", town.b.path)
    assert actor_of(grid_worker).may("orders.acknowledge", town.b.path)
    assert heard == []


def test_what_stands_at_the_successor_already_is_not_doubled(
    town: Town, heard: list[object]
) -> None:
    member = town.member()
    again = service.report_to_unit(actor_of(member), unit_id=town.b.id, kind=RegistrationKind.HOME)
    service.approve_registration(SYSTEM, again.id)
    for unit in (town.a, town.b):
        service.grant_role(SYSTEM, member.id, "duty", unit.id)
    town.a.close(town.b.id, now())
    heard.clear()
    assert jobs.leave_closed_units() == 1
    assert jobs.leave_closed_units() == 0
    states = {r.unit_id: r.status for r in queries.registrations_of(member.id)}
    assert states == {
        town.a.id: RegistrationStatus.ENDED,
        town.b.id: RegistrationStatus.APPROVED,
    }
    assert RoleEnded(member.id, "duty", town.a.id) in heard
    assert actor_of(member).may("orders.acknowledge", town.b.path)


def test_without_a_successor_homes_go_up_and_the_rest_ends(town: Town, heard: list[object]) -> None:
    member = town.member()
    resident = town.person()
    town.a.close(None, now())
    heard.clear()
    assert jobs.leave_closed_units() == 2
    assert jobs.leave_closed_units() == 0
    assert resident.home_unit_id == town.street.id
    assert queries.grants_of(member.id, now()) == ()
    assert MembershipEnded(member.id, town.a.path) in heard


def refuse_about(app: App, monkeypatch: pytest.MonkeyPatch, person: Person) -> None:
    """Something about this person goes wrong above."""

    def listener(event: MembershipEnded | RoleEnded) -> None:
        if event.person_id == person.id:
            raise RuntimeError("bad row")

    listeners = {MembershipEnded: [listener], RoleEnded: [listener]}
    monkeypatch.setitem(app.extensions, "listeners", listeners)


def test_one_who_cannot_be_moved_holds_nobody_up(
    app: App, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = town.member(), town.member()
    resident = town.person()
    town.a.close(None, now())
    with monkeypatch.context() as patched:
        refuse_about(app, patched, stuck)
        assert jobs.leave_closed_units() == 2
        assert jobs.leave_closed_units() == 0
    assert queries.approved_unit_paths(stuck.id) == [town.a.path]
    assert queries.approved_unit_paths(other.id) == []
    assert resident.home_unit_id == town.street.id
    assert jobs.leave_closed_units() == 1


def test_one_whose_role_cannot_end_holds_nobody_up(
    app: App, town: Town, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set("2026-03-01T08:00:00+08:00")
    stuck, other = town.person(), town.person()
    for person in (stuck, other):
        until = now() + timedelta(days=1)
        service.grant_role(SYSTEM, person.id, "duty", town.a.id, until=until)
    clock.set("2026-03-03T08:00:00+08:00")
    with monkeypatch.context() as patched:
        refuse_about(app, patched, stuck)
        assert jobs.end_expired_roles() == 1
        assert jobs.end_expired_roles() == 0
    assert jobs.end_expired_roles() == 1
