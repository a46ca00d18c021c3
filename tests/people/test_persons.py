"""Entering, seeing and changing people."""

from datetime import timedelta

import pytest

from app.kernel.clock import now
from app.kernel.crypto import blind_index
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from app.organisation.events import ProviderAccountLinked
from app.organisation.models import Place
from app.organisation.states import PlaceKind
from app.people import listeners, queries, service
from app.people.events import AwayReturned, ExportRequested, PhoneVerified
from app.people.models import Person
from app.people.states import DEFAULT_MESSAGE_WINDOW, GreenReason, PersonKind, RegistrationKind
from tests.people.conftest import SYSTEM, Town, actor_of, new_place
from tests.people.phones import owners_of


def edit(actor_person: Person | int, person: Person, **changes: object) -> Person:
    values = {
        "kind": person.kind,
        "home_unit_id": person.home_unit_id,
        "skills": person.skills,
        "vetted": person.vetted,
    } | changes
    return service.edit_person(actor_of(actor_person), person.id, **values)  # type: ignore[arg-type]  # the test's own mix


def test_staff_enter_residents_without_an_account(town: Town) -> None:
    person = service.create_person(
        town.holder("dispatcher"),
        name="李秀英",
        phone="138 1234-5678",
        address="东街 1 号",
        home_unit_id=town.grid.id,
        skills=["水工", "电工"],
    )
    assert person.kind is PersonKind.RESIDENT
    assert person.skills == ["电工", "水工"]
    assert queries.name_of(person.id) == "李秀英"
    assert queries.phone_of(person.id) == "13812345678"
    assert queries.address_of(person.id) == "东街 1 号"
    assert (person.masked_name, person.masked_phone) == ("李**", "138****5678")


@pytest.mark.parametrize(
    ("role", "kind", "code"),
    [
        ("grid_worker", PersonKind.RESIDENT, None),
        ("building_leader", PersonKind.RESIDENT, None),
        ("grid_worker", PersonKind.STAFF, "person.may_not_enter"),
        ("admin", PersonKind.STAFF, None),
        ("provider", PersonKind.RESIDENT, "person.may_not_enter"),
    ],
)
def test_who_may_enter_whom(town: Town, role: str, kind: PersonKind, code: str | None) -> None:
    actor = town.holder(role)
    if code is None:
        service.create_person(actor, kind=kind, name="张三", home_unit_id=town.a.id)
        return
    with pytest.raises(Forbidden) as refusal:
        service.create_person(actor, kind=kind, name="张三", home_unit_id=town.a.id)
    assert refusal.value.code == code


def test_staff_name_a_home_of_their_own(town: Town) -> None:
    staff = town.holder("dispatcher")
    with pytest.raises(Forbidden):
        service.create_person(staff, name="张三", home_unit_id=town.b.id)
    for more, code in (
        ({}, "person.unit_needed"),
        ({"home_unit_id": 10**9}, "unit.unknown"),
        ({"home_place_id": 10**9}, "place.unknown"),
        ({"home_unit_id": town.a.id, "phone": "123"}, "phone.invalid"),
        ({"home_unit_id": town.a.id, "skills": ["飞行"]}, "skill.unknown"),
    ):
        with pytest.raises(Invalid) as refusal:
            service.create_person(staff, name="张三", **more)
        assert refusal.value.code == code
    assert service.create_person(SYSTEM).home_unit_id is None


def test_a_room_is_kept_as_a_sealed_address(town: Town) -> None:
    estate = new_place(PlaceKind.ESTATE, "幸福小区", town.grid)
    building = new_place(PlaceKind.BUILDING, "3号楼", town.grid, estate)
    room = new_place(PlaceKind.ROOM, "501室", town.grid, building)
    person = service.create_person(town.holder("dispatcher"), name="张三", home_place_id=room.id)
    assert (person.home_place_id, person.home_unit_id) == (building.id, town.grid.id)
    assert queries.address_of(person.id) == "幸福小区3号楼501室"
    other = service.create_person(SYSTEM, name="李四", home_place_id=building.id)
    assert queries.address_of(other.id) is None
    edit(town.holder("leader").own_id, other, detail={"home_place_id": room.id})
    assert other.home_place_id == building.id
    assert queries.address_of(other.id) == "幸福小区3号楼501室"


def test_staff_see_the_people_of_their_subtree(town: Town) -> None:
    at_home, elsewhere = town.person(home=town.grid), town.person(home=town.b)
    registered = town.person(home=town.b)
    service.report_to_unit(actor_of(registered), unit_id=town.a.id, kind=RegistrationKind.WORK)
    serving = town.person(home=town.b)
    grant = service.grant_role(SYSTEM, serving.id, "grid_worker", town.grid.id)
    staff = town.holder("dispatcher")

    def seen() -> set[int]:
        page = queries.page_of_people(staff, cursor=None, limit=100)
        return {person.id for person in page.items}

    assert seen() == {at_home.id, registered.id, serving.id, staff.own_id}
    for person in (at_home, registered, serving):
        assert queries.get_visible_person(staff, person.id) is person
    with pytest.raises(NotFound):
        queries.get_visible_person(staff, elsewhere.id)
    service.end_role(SYSTEM, grant.id)
    mine = queries.registrations_of(registered.id)[0]
    service.end_registration(actor_of(registered), mine.id)
    assert seen() == {at_home.id, staff.own_id}


def test_others_see_only_themselves(town: Town) -> None:
    person, other = town.person(), town.person()
    for actor in (actor_of(person), town.holder("grid_worker")):
        page = queries.page_of_people(actor, cursor=None, limit=100)
        assert [found.id for found in page.items] == [actor.own_id]
        with pytest.raises(NotFound):
            queries.get_visible_person(actor, other.id)


def test_the_list_narrows_by_unit_kind_and_state(town: Town) -> None:
    staff = town.holder("leader", town.street)
    one, two = town.person(home=town.grid), town.person(home=town.b)
    three = town.person(kind=PersonKind.VOLUNTEER, home=town.a)
    service.deactivate_person(SYSTEM, two.id, "搬走")

    def found(**filters: object) -> set[int]:
        page = queries.page_of_people(staff, **filters, cursor=None, limit=100)  # type: ignore[arg-type]  # the test's own mix
        return {person.id for person in page.items}

    assert found(unit_id=town.a.id) == {one.id, three.id}
    assert found(unit_id=town.b.id) == {two.id}
    assert found(kind=[PersonKind.VOLUNTEER, PersonKind.STAFF]) == {three.id, staff.own_id}
    assert found(status=["inactive"]) == {two.id}


def test_editing_changes_only_the_sealed_fields_that_are_named(town: Town) -> None:
    person = town.person("王小明", phone="13812345678")
    staff = town.holder("dispatcher").own_id
    before = person.version
    edit(staff, person, vetted=True, skills=["电工"], detail={"name": "王大明"})
    assert queries.name_of(person.id) == "王大明"
    assert queries.phone_of(person.id) == "13812345678"
    assert (person.vetted, person.skills, person.version) == (True, ["电工"], before + 1)
    edit(staff, person, detail={"phone": None})
    assert queries.phone_of(person.id) is None
    assert owners_of("13812345678") == []


def test_editing_asks_for_the_version_under_the_lock(town: Town) -> None:
    person, seen = town.person(), []

    def check(version: int) -> None:
        seen.append(version)
        raise Stale("version.stale", "内容已被别人修改。")

    with pytest.raises(Stale):
        edit(town.holder("leader").own_id, person, vetted=True, check=check)
    assert seen == [person.version]
    assert not person.vetted


def test_who_moves_a_person_answers_for_both_homes(town: Town) -> None:
    person, staff = town.person(), town.holder("dispatcher").own_id
    with pytest.raises(Forbidden) as refusal:
        edit(staff, person, home_unit_id=town.b.id)
    assert refusal.value.code == "person.may_not_move"
    member = town.member()  # at home in B, registered in A
    with pytest.raises(Forbidden):
        edit(staff, member, home_unit_id=town.a.id)
    edit(town.holder("street_officer", town.street).own_id, person, home_unit_id=town.b.id)
    assert person.home_unit_id == town.b.id


def test_seeing_is_not_editing(town: Town) -> None:
    person = town.person()
    with pytest.raises(Forbidden):
        edit(person, person, vetted=True)
    with pytest.raises(Forbidden):
        service.set_green(actor_of(person), person.id, [GreenReason.DISABLED], "我同意")
    with pytest.raises(NotFound):
        edit(town.holder("dispatcher", town.b).own_id, person, vetted=True)


def test_own_data_are_edited_as_a_whole(town: Town) -> None:
    person = town.person("王小明")
    window = {"workday": [["12:00", "13:00"]], "rest_day": []}
    service.edit_own(
        actor_of(person),
        name="王小明",
        address="东街 2 号",
        home_place_id=None,
        home_unit_id=town.b.id,
        message_window=window,
    )
    assert person.home_unit_id == town.b.id
    assert queries.message_window_of(person) == window
    assert queries.address_of(person.id) == "东街 2 号"
    service.edit_own(
        actor_of(person),
        name="王小明",
        address=None,
        home_place_id=None,
        home_unit_id=None,
        message_window=None,
    )
    assert queries.message_window_of(person) == DEFAULT_MESSAGE_WINDOW
    assert queries.address_of(person.id) is None


def move_home(person: Person, place: Place) -> None:
    """The person says so."""
    service.edit_own(
        actor_of(person),
        name="王小明",
        address=None,
        home_place_id=place.id,
        home_unit_id=None,
        message_window=None,
    )


def test_a_home_is_an_open_place_that_one_sees(town: Town) -> None:
    person = town.person()
    building = new_place(PlaceKind.BUILDING, "3号楼", town.grid)
    room = new_place(PlaceKind.ROOM, "501室", town.grid, building)
    closed = new_place(PlaceKind.BUILDING, "4号楼", town.grid)
    closed.closed_at = now()
    with pytest.raises(Invalid) as hidden:
        move_home(person, room)
    assert hidden.value.code == "place.unknown"
    with pytest.raises(Invalid):
        service.create_person(
            town.holder("building_leader", town.grid), name="张三", home_place_id=room.id
        )
    with pytest.raises(Conflict) as gone:
        move_home(person, closed)
    assert gone.value.code == "place.closed"
    assert queries.address_of(person.id) is None
    move_home(person, building)
    building.closed_at = now()
    # Who has lived there since before may still change everything else.
    move_home(person, building)
    assert (person.home_place_id, person.home_unit_id) == (building.id, town.grid.id)


def test_the_green_channel_needs_consent_and_can_be_left(town: Town) -> None:
    person, staff = town.person(), town.holder("dispatcher")
    with pytest.raises(Invalid) as refusal:
        service.set_green(staff, person.id, [GreenReason.DISABLED], "")
    assert refusal.value.code == "green.consent_needed"
    reasons = [GreenReason.LOW_INCOME, GreenReason.OLD_AND_ALONE]
    service.set_green(staff, person.id, reasons, "本人当面同意")
    assert person.green
    opened = service.reveal_person(staff, person.id, ["green"], "核对名单")
    assert opened == {
        "green": {"reasons": ["old_and_alone", "low_income"], "consent": "本人当面同意"}
    }
    assert service.withdraw_green(actor_of(person)).green is False
    assert service.reveal_person(staff, person.id, ["green"], "核对名单") == {
        "green": {"reasons": [], "consent": ""}
    }


def test_away_is_a_date_ahead(town: Town, heard: list[object]) -> None:
    person, at = town.person(), now()
    for until, code in (
        (at - timedelta(minutes=1), "away.in_the_past"),
        (at + timedelta(days=400), "away.too_long"),
    ):
        with pytest.raises(Invalid) as refusal:
            service.set_away(actor_of(person), until)
        assert refusal.value.code == code
    service.set_away(actor_of(person), at + timedelta(days=3))
    assert person.is_away(at)
    assert not person.is_away(at + timedelta(days=3))
    assert heard == []
    service.set_away(actor_of(person), at + timedelta(days=3), return_orders=True)
    assert heard == [AwayReturned(person.id)]
    service.set_away(actor_of(person), None, return_orders=True)
    assert not person.is_away(at)
    assert heard == [AwayReturned(person.id)]


def test_a_verified_phone_is_announced_by_its_index(town: Town, heard: list[object]) -> None:
    family = town.person(phone="13812345678")
    person = town.stranger()
    service.attach_verified_phone(actor_of(person), person.id, "+86 138-1234-5678")
    assert heard == [PhoneVerified(person.id, blind_index("13812345678"))]
    assert owners_of("13812345678") == sorted([family.id, person.id])
    with pytest.raises(Forbidden):
        service.attach_verified_phone(town.holder("leader"), person.id, "13912345678")
    with pytest.raises(Invalid):
        service.attach_verified_phone(actor_of(person), person.id, "12345")


def test_export_gathers_the_parts_of_all_rooms(town: Town, heard: list[object]) -> None:
    person = town.member()
    service.limit_person(SYSTEM, person.id, 7, "多次谩骂", unit_id=town.a.id)
    heard.clear()
    parts = service.export_person(actor_of(person))
    assert heard == [ExportRequested(person.id, parts)]
    mine = parts["people"]
    assert mine["name"] == "党员甲"
    assert [r["status"] for r in mine["registrations"]] == ["approved"]
    assert [r["role"] for r in mine["roles"]] == ["member"]
    assert [limit["reason"] for limit in mine["limits"]] == ["多次谩骂"]
    assert queries.export_of(town.stranger().id)["registrations"] == []


def test_unknown_people_have_no_name(town: Town) -> None:
    nameless = service.create_person(SYSTEM)
    assert queries.names_of([nameless.id, 10**9]) == {nameless.id: "未留姓名", 10**9: "已注销"}
    assert queries.masked_names([nameless.id]) == {nameless.id: "未留姓名"}
    assert (queries.phone_of(10**9), queries.address_of(10**9)) == (None, None)
    for read in (queries.get_person, queries.lock_person):
        with pytest.raises(NotFound):
            read(10**9)


def test_a_providers_account_is_an_active_person_whom_one_sees(town: Town) -> None:
    staff, person, gone = town.holder("dispatcher"), town.person(), town.person()
    listeners.check_provider_account(ProviderAccountLinked(staff, 1, town.a.id, person.id))
    service.deactivate_person(SYSTEM, gone.id, "搬走")
    refusals = set()
    for unfit in (gone.id, town.person(home=town.b).id, 10**9):
        with pytest.raises(Invalid) as refusal:
            listeners.check_provider_account(ProviderAccountLinked(staff, 1, town.a.id, unfit))
        refusals.add((refusal.value.code, refusal.value.message))
    assert [code for code, _ in refusals] == ["person.unknown"]


def test_the_erased_are_not_edited(town: Town) -> None:
    person = town.person()
    service.erase_person(SYSTEM, person.id)
    with pytest.raises(Conflict):
        service.attach_verified_phone(SYSTEM, person.id, "13812345678")


def test_the_audit_of_the_home_shows_what_concerns_a_person(town: Town) -> None:
    at_home, homeless = town.person(), town.stranger()
    service.grant_role(SYSTEM, homeless.id, "duty", town.b.id)
    for person in (at_home, homeless):
        service.attach_verified_phone(SYSTEM, person.id, "13812345678")
        service.block_offers(SYSTEM, person.id)
    actions = ("person.phone_verified", "person.offers_blocked")
    for unit, person in ((town.a, at_home), (town.b, homeless)):
        watcher = town.holder("leader", unit)
        page = queries.page_of_audit(watcher, subject_id=person.id, cursor=None, limit=100)
        assert [row.action for row in page.items if row.action in actions] == list(actions[::-1])
    assert queries.audit_unit_of(town.stranger().id) is None
