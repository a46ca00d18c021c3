"""Deactivation and erasure."""

import pytest
import sqlalchemy as sa
from flask import Flask

from app.kernel.audit import AuditRow
from app.kernel.clock import now
from app.kernel.database import session
from app.kernel.errors import Conflict, Forbidden, NotFound
from app.people import queries, service
from app.people.events import (
    MembershipEnded,
    PersonDeactivated,
    PersonErased,
    PersonLeaving,
    RegistrationEnded,
    RoleEnded,
)
from app.people.models import PersonDetail, PersonLimit, Registration
from app.people.states import GreenReason, PersonStatus, RegistrationKind
from tests.conftest import Clock
from tests.people.conftest import SYSTEM, Town, actor_of
from tests.people.phones import owners_of


def test_deactivation_ends_roles_and_registrations(town: Town, heard: list[object]) -> None:
    person = town.member()
    service.grant_role(SYSTEM, person.id, "grid_worker", town.grid.id)
    mine = queries.registrations_of(person.id)[0]
    heard.clear()
    service.deactivate_person(town.holder("leader", town.street), person.id, "长期失联")
    assert person.status is PersonStatus.INACTIVE
    assert queries.grants_of(person.id, now()) == ()
    assert [e for e in heard if not type(e).__name__.startswith("RoleGranted")] == [
        RegistrationEnded(mine.id, person.id, town.a.id, by_staff=True),
        MembershipEnded(person.id, None),
        RoleEnded(person.id, "grid_worker", town.grid.id),
        PersonDeactivated(person.id),
    ]
    with pytest.raises(Conflict):
        service.deactivate_person(SYSTEM, person.id, "长期失联")
    service.activate_person(SYSTEM, person.id)
    assert person.is_active
    assert queries.grants_of(person.id, now()) == ()
    with pytest.raises(Conflict):
        service.activate_person(SYSTEM, person.id)


def test_a_role_past_its_date_does_not_stop_the_leaving(town: Town, clock: Clock) -> None:
    clock.set("2026-03-01T08:00:00+08:00")
    person = town.person()
    until = now().replace(hour=1)
    service.grant_role(SYSTEM, person.id, "duty", town.a.id, until=until)
    clock.set("2026-03-02T08:00:00+08:00")
    service.deactivate_person(SYSTEM, person.id, "离职")
    assert person.status is PersonStatus.INACTIVE


def test_only_those_above_every_unit_of_a_person_remove_it(town: Town) -> None:
    person = town.member()  # at home in B, registered in A
    for actor in (town.holder("leader"), town.holder("leader", town.b), town.holder("dispatcher")):
        with pytest.raises(Forbidden) as refusal:
            service.deactivate_person(actor, person.id, "长期失联")
        assert refusal.value.code == "person.may_not_remove"
        with pytest.raises(Forbidden):
            service.erase_person(actor, person.id)
    with pytest.raises(NotFound):
        service.erase_person(actor_of(town.person()), person.id)


def test_a_leader_does_not_remove_a_superior(town: Town) -> None:
    officer = town.person()
    service.grant_role(SYSTEM, officer.id, "street_officer", town.a.id)
    with pytest.raises(Forbidden):
        service.erase_person(town.holder("leader"), officer.id)
    with pytest.raises(Forbidden):
        service.deactivate_person(town.holder("admin"), officer.id, "离职")


def test_nobody_deactivates_himself(town: Town) -> None:
    leader = town.holder("leader")
    with pytest.raises(Forbidden):
        service.deactivate_person(leader, leader.own_id, "休息")


def test_erasure_leaves_an_anonymous_row(town: Town, heard: list[object]) -> None:
    person = town.member()
    service.edit_own(
        actor_of(person),
        name="王小明",
        address="东街 1 号",
        home_place_id=None,
        home_unit_id=town.b.id,
        message_window={"workday": [["12:00", "13:00"]]},
    )
    service.attach_verified_phone(SYSTEM, person.id, "13812345678")
    service.set_green(SYSTEM, person.id, [GreenReason.DISABLED], "本人当面同意")
    filed = service.report_to_unit(
        actor_of(person),
        unit_id=town.b.id,
        kind=RegistrationKind.WORK,
        employer="第一机床厂",
        availability={"mon": [["18:00", "21:00"]]},
    )
    limit = service.limit_person(SYSTEM, person.id, 7, "多次谩骂", unit_id=town.a.id)
    heard.clear()
    service.erase_person(actor_of(person), person.id)
    assert person.status is PersonStatus.ERASED
    assert (person.home_unit_id, person.home_place_id, person.skills) == (None, None, [])
    assert (person.green, person.vetted, person.message_window) == (False, False, None)
    assert session.get(PersonDetail, person.id) is None
    assert queries.name_of(person.id) == "已注销"
    assert queries.masked_names([person.id]) == {person.id: "已注销"}
    assert queries.phone_of(person.id) is None
    assert owners_of("13812345678") == []
    session.expire_all()
    kept = session.get_one(Registration, filed.id)
    assert (kept.employer, kept.availability, kept.skills, kept.reason) == (None, {}, [], "")
    assert session.get_one(PersonLimit, limit.id).reason is None
    assert heard[0] == PersonLeaving(person.id, forced=False)
    assert MembershipEnded(person.id, None) in heard
    assert heard[-1] == PersonErased(person.id)
    with pytest.raises(Conflict) as refusal:
        service.erase_person(SYSTEM, person.id)
    assert refusal.value.code == "person.erased"


def test_a_listener_may_refuse_unless_it_is_forced(
    town: Town, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(event: PersonLeaving) -> None:
        if not event.forced:
            raise Conflict("person.holds_orders", "手上还有单子。")

    monkeypatch.setitem(app.extensions, "listeners", {PersonLeaving: [refuse]})
    person = town.person()
    with pytest.raises(Conflict):
        service.erase_person(actor_of(person), person.id)
    assert session.get(PersonDetail, person.id) is not None
    with pytest.raises(Forbidden):
        service.erase_person(actor_of(person), person.id, forced=True)
    service.erase_person(town.holder("leader"), person.id, forced=True, reason="本人书面申请")
    assert person.status is PersonStatus.ERASED
    row = session.scalars(sa.select(AuditRow).where(AuditRow.action == "person.erased")).one()
    assert (row.subject_id, row.reason, row.unit_id) == (person.id, "本人书面申请", town.a.id)


def test_the_erased_are_seen_by_nobody(town: Town) -> None:
    person, leader = town.member(), town.holder("leader", town.street)
    service.erase_person(SYSTEM, person.id)
    with pytest.raises(NotFound):
        queries.get_visible_person(leader, person.id)
