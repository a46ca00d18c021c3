"""报到: filing, deciding, ending, and what follows from it."""

from typing import Any

import pytest

from app.kernel.clock import now
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from app.organisation.states import UnitKind
from app.people import queries, service
from app.people.events import (
    MembershipEnded,
    RegistrationDecided,
    RegistrationEnded,
    RegistrationFiled,
)
from app.people.models import Person, Registration
from app.people.states import PersonKind, RegistrationKind, RegistrationStatus
from tests.people.conftest import SYSTEM, Town, actor_of, new_unit


def file(person: Person, unit_id: int, kind: str = "home", **more: Any) -> Registration:
    return service.report_to_unit(
        actor_of(person), unit_id=unit_id, kind=RegistrationKind(kind), **more
    )


def code_of(refusal: pytest.ExceptionInfo[Refusal]) -> str:
    return refusal.value.code


def test_a_registration_waits_for_the_unit(town: Town, heard: list[object]) -> None:
    person = town.person()
    filed = file(
        person,
        town.a.id,
        skills=["水工", "电工", "水工"],
        employer="第一机床厂",
        availability={"mon": [["18:00", "21:00"]]},
    )
    assert filed.status is RegistrationStatus.PENDING
    assert filed.skills == ["电工", "水工"]
    assert filed.opened_employer == "第一机床厂"
    assert filed.availability == {"mon": [["18:00", "21:00"]]}
    assert heard == [RegistrationFiled(filed.id, person.id, town.a.id)]
    assert queries.grants_of(person.id, now()) == ()
    assert queries.approved_unit_paths(person.id) == []


def test_approval_makes_a_member_who_may_claim_below_the_unit(
    town: Town, heard: list[object]
) -> None:
    person, staff = town.person(home=town.b), town.holder("dispatcher")
    filed = file(person, town.a.id, skills=["电工"])
    heard.clear()
    service.approve_registration(staff, filed.id)
    assert filed.status is RegistrationStatus.APPROVED
    assert filed.decided_by == staff.person_id
    assert person.kind is PersonKind.MEMBER
    assert person.skills == ["电工"]
    claimer = actor_of(person)
    assert claimer.may("orders.claim", town.grid.path)
    assert not claimer.may("orders.claim", town.b.path)
    assert not claimer.may("orders.claim", town.street.path)
    assert queries.approved_unit_paths(person.id) == [town.a.path]
    assert heard == [RegistrationDecided(filed.id, person.id, town.a.id, approved=True)]


def test_a_volunteer_signs_up_the_same_way(town: Town) -> None:
    wishing, known = town.person(), town.person(kind=PersonKind.VOLUNTEER)
    for person, wish in ((wishing, True), (known, False)):
        service.approve_registration(SYSTEM, file(person, town.a.id, as_volunteer=wish).id)
        assert person.kind is PersonKind.VOLUNTEER
        assert [g.role for g in queries.grants_of(person.id, now())] == ["volunteer"]


def test_staff_stay_staff_when_they_report(town: Town) -> None:
    person = town.person(kind=PersonKind.GRID_WORKER)
    service.approve_registration(SYSTEM, file(person, town.a.id, as_volunteer=True).id)
    assert person.kind is PersonKind.GRID_WORKER
    assert [g.role for g in queries.grants_of(person.id, now())] == ["member"]


def test_declining_needs_no_more_than_a_reason(town: Town, heard: list[object]) -> None:
    person, staff = town.person(), town.holder("dispatcher")
    filed = file(person, town.a.id)
    service.decline_registration(staff, filed.id, "不在本社区")
    assert (filed.status, filed.reason) == (RegistrationStatus.DECLINED, "不在本社区")
    assert person.kind is PersonKind.RESIDENT
    assert heard[-1] == RegistrationDecided(filed.id, person.id, town.a.id, approved=False)
    file(person, town.a.id)


@pytest.mark.parametrize("first", ["approve", "decline", "end"])
@pytest.mark.parametrize("second", ["approve", "decline"])
def test_what_is_decided_is_not_decided_again(town: Town, first: str, second: str) -> None:
    person, staff = town.person(), town.holder("dispatcher")
    filed = file(person, town.a.id)
    decide = {
        "approve": lambda: service.approve_registration(staff, filed.id),
        "decline": lambda: service.decline_registration(staff, filed.id, "不在本社区"),
        "end": lambda: service.end_registration(actor_of(person), filed.id),
    }
    decide[first]()
    with pytest.raises(Conflict) as refusal:
        decide[second]()
    assert code_of(refusal) == "registration.already_decided"


def test_three_are_open_at_most(town: Town) -> None:
    person = town.person()
    c = new_unit(UnitKind.COMMUNITY, "丙社区", town.street)
    file(person, town.a.id)
    file(person, town.b.id)
    last = file(person, c.id)
    with pytest.raises(Conflict) as refusal:
        file(person, town.a.id, "work")
    assert code_of(refusal) == "registration.too_many"
    service.end_registration(actor_of(person), last.id)
    file(person, town.a.id, "work")


def test_one_is_open_for_a_person_unit_and_kind(town: Town) -> None:
    person = town.person()
    file(person, town.a.id)
    with pytest.raises(Conflict) as refusal:
        file(person, town.a.id)
    assert code_of(refusal) == "registration.already_open"
    file(person, town.a.id, "organisation")
    assert len(queries.registrations_of(person.id)) == 2


def test_ending_takes_the_role_and_says_so(town: Town, heard: list[object]) -> None:
    person = town.member()
    mine = queries.registrations_of(person.id)[0]
    heard.clear()
    service.end_registration(actor_of(person), mine.id)
    assert mine.status is RegistrationStatus.ENDED
    assert queries.grants_of(person.id, now()) == ()
    assert queries.approved_unit_paths(person.id) == []
    assert heard == [
        RegistrationEnded(mine.id, person.id, town.a.id, by_staff=False),
        MembershipEnded(person.id, town.a.path),
    ]
    with pytest.raises(Conflict) as refusal:
        service.end_registration(actor_of(person), mine.id)
    assert code_of(refusal) == "registration.already_ended"


def test_staff_end_with_a_reason(town: Town, heard: list[object]) -> None:
    person, staff = town.member(), town.holder("dispatcher")
    mine = queries.registrations_of(person.id)[0]
    with pytest.raises(Invalid) as refusal:
        service.end_registration(staff, mine.id)
    assert code_of(refusal) == "reason.needed"
    service.end_registration(staff, mine.id, "已搬走")
    assert mine.reason == "已搬走"
    assert RegistrationEnded(mine.id, person.id, town.a.id, by_staff=True) in heard


def test_membership_holds_while_another_registration_covers_the_unit(
    town: Town, heard: list[object]
) -> None:
    person = town.member()
    work = file(person, town.a.id, "work")
    service.approve_registration(SYSTEM, work.id)
    home = queries.registrations_of(person.id)[0]
    service.end_registration(actor_of(person), home.id)
    assert not [e for e in heard if isinstance(e, MembershipEnded)]
    assert actor_of(person).may("orders.claim", town.a.path)
    service.end_registration(actor_of(person), work.id)
    assert heard[-1] == MembershipEnded(person.id, town.a.path)


def test_withdrawing_what_waits_ends_no_membership(town: Town, heard: list[object]) -> None:
    person = town.person()
    service.end_registration(actor_of(person), file(person, town.a.id).id)
    assert not [e for e in heard if isinstance(e, MembershipEnded)]


def test_nobody_approves_the_own_registration(town: Town) -> None:
    staff = town.holder("leader")
    filed = file(queries.get_person(staff.own_id), town.a.id)
    with pytest.raises(Forbidden) as refusal:
        service.approve_registration(staff, filed.id)
    assert code_of(refusal) == "registration.may_not_decide"


def test_a_foreign_registration_is_missing_and_a_seen_one_forbidden(town: Town) -> None:
    person = town.person(home=town.b)
    filed = file(person, town.a.id)
    for foreign in (town.holder("dispatcher", town.b), actor_of(town.person())):
        with pytest.raises(NotFound):
            service.approve_registration(foreign, filed.id)
        with pytest.raises(NotFound):
            service.end_registration(foreign, filed.id, "不合适")
    with pytest.raises(Forbidden):
        service.approve_registration(actor_of(person), filed.id)
    service.approve_registration(town.holder("street_officer", town.street), filed.id)


def test_bad_forms_change_nothing(town: Town) -> None:
    person = town.person()
    household = new_unit(UnitKind.BUILDING_GROUP, "一楼组", town.grid)
    for unit_id, more, code in (
        (10**9, {}, "unit.unknown"),
        (household.id, {}, "registration.unit_kind"),
        (town.district.id, {}, "registration.unit_kind"),
        (town.a.id, {"skills": ["飞行"]}, "skill.unknown"),
        (town.a.id, {"availability": {"mon": [["21:00", "18:00"]]}}, "availability.invalid"),
    ):
        with pytest.raises(Invalid) as refusal:
            file(person, unit_id, **more)
        assert code_of(refusal) == code
    assert queries.registrations_of(person.id) == []


def test_a_closed_unit_admits_nobody(town: Town) -> None:
    person = town.person()
    waiting = file(person, town.b.id)
    town.b.close(None, now())
    with pytest.raises(Conflict) as refusal:
        file(person, town.b.id, "work")
    assert code_of(refusal) == "unit.closed"
    with pytest.raises(Conflict):
        service.approve_registration(SYSTEM, waiting.id)


def test_staff_may_enter_a_paper_form(town: Town) -> None:
    person, staff = town.person(), town.holder("dispatcher")
    filed = service.report_to_unit(
        staff, unit_id=town.a.id, kind=RegistrationKind.HOME, person_id=person.id
    )
    assert filed.person_id == person.id
    for actor, unit in ((staff, town.b), (town.holder("duty"), town.a)):
        with pytest.raises((Forbidden, NotFound)):
            service.report_to_unit(
                actor, unit_id=unit.id, kind=RegistrationKind.WORK, person_id=person.id
            )


def test_the_inactive_neither_report_nor_are_admitted(town: Town) -> None:
    person = town.person()
    service.deactivate_person(town.holder("leader"), person.id, "长期失联")
    with pytest.raises(Conflict) as refusal:
        file(person, town.a.id)
    assert code_of(refusal) == "person.inactive"
