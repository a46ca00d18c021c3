"""Limits to phone and desk, their appeal, and the stop of direct offers."""

from datetime import timedelta

import pytest

from app.kernel.actor import Actor
from app.kernel.clock import now
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.people import queries, service
from app.people.events import LimitAppealed, LimitDecided, OffersUnblocked, PersonLimited
from app.people.models import PersonLimit
from app.people.states import LimitState
from tests.conftest import Clock
from tests.people.conftest import SYSTEM, Town, actor_of


@pytest.fixture
def limited(town: Town) -> PersonLimit:
    """Someone of A, limited by its leader for 30 days."""
    return service.limit_person(town.holder("leader"), town.person().id, 30, "多次谩骂")


def test_a_leader_limits_and_it_ends_by_itself(
    town: Town, clock: Clock, heard: list[object]
) -> None:
    clock.set("2026-03-01T08:00:00+08:00")
    person, leader = town.person(), town.holder("leader")
    heard.clear()
    limit = service.limit_person(leader, person.id, 7, "多次谩骂")
    assert heard == [PersonLimited(limit.id, person.id, town.a.id, 7)]
    assert (limit.opened_reason, limit.limited_by) == ("多次谩骂", leader.own_id)
    assert person.is_desk_only(now() + timedelta(days=6))
    assert not person.is_desk_only(now() + timedelta(days=7))
    with pytest.raises(Conflict) as refusal:
        service.limit_person(leader, person.id, 30, "多次谩骂")
    assert refusal.value.code == "person.already_limited"
    clock.set("2026-03-08T08:00:00+08:00")
    service.limit_person(leader, person.id, 90, "再次谩骂")


def test_only_7_30_or_90_days(town: Town) -> None:
    with pytest.raises(Invalid) as refusal:
        service.limit_person(SYSTEM, town.person().id, 365, "多次谩骂")
    assert refusal.value.code == "limit.days"


def test_who_may_limit(town: Town) -> None:
    person, leader = town.person(), town.holder("leader")
    for actor in (town.holder("dispatcher"), town.holder("admin")):
        with pytest.raises(Forbidden):
            service.limit_person(actor, person.id, 7, "多次谩骂")
    with pytest.raises(NotFound):
        service.limit_person(town.holder("leader", town.b), person.id, 7, "多次谩骂")
    with pytest.raises(Forbidden):
        service.limit_person(leader, leader.own_id, 7, "多次谩骂")


def test_someone_without_a_home_is_limited_by_the_unit_abused(town: Town) -> None:
    person = town.stranger()
    with pytest.raises(NotFound):
        service.limit_person(town.holder("leader"), person.id, 7, "多次谩骂")
    with pytest.raises(Forbidden):
        service.limit_person(town.holder("leader"), person.id, 7, "多次谩骂", unit_id=town.b.id)
    limit = service.limit_person(
        town.holder("leader"), person.id, 7, "多次谩骂", unit_id=town.grid.id
    )
    assert limit.unit_id == town.grid.id


def test_an_appeal_goes_to_the_unit_above(
    town: Town, limited: PersonLimit, heard: list[object]
) -> None:
    person = queries.get_person(limited.person_id)
    service.appeal_limit(actor_of(person), limited.id, "我没有骂人")
    assert heard == [LimitAppealed(limited.id, person.id, town.a.id)]
    assert limited.opened_appeal == "我没有骂人"
    with pytest.raises(Conflict) as refusal:
        service.appeal_limit(actor_of(person), limited.id, "我没有骂人")
    assert refusal.value.code == "limit.already_decided"
    with pytest.raises(Forbidden):
        service.uphold_limit(town.holder("leader"), limited.id, "情况属实")
    officer = town.holder("street_officer", town.street)
    service.uphold_limit(officer, limited.id, "情况属实")
    assert heard[-1] == LimitDecided(limited.id, person.id, lifted=False)
    assert (limited.state, limited.opened_answer) == (LimitState.UPHELD, "情况属实")
    assert person.is_desk_only(now())
    with pytest.raises(Conflict):
        service.uphold_limit(officer, limited.id, "情况属实")
    service.lift_limit(officer, limited.id, "已道歉")
    assert heard[-1] == LimitDecided(limited.id, person.id, lifted=True)
    assert not person.is_desk_only(now())
    with pytest.raises(Conflict):
        service.lift_limit(officer, limited.id, "已道歉")


def test_who_limited_does_not_hear_the_appeal(town: Town) -> None:
    officer, person = town.holder("street_officer", town.street), town.person()
    limit = service.limit_person(officer, person.id, 7, "多次谩骂")
    service.appeal_limit(actor_of(person), limit.id, "我没有骂人")
    with pytest.raises(Forbidden):
        service.uphold_limit(officer, limit.id, "情况属实")


def test_nobody_decides_on_the_own_limit(town: Town) -> None:
    officer = town.holder("street_officer", town.street)
    limit = service.limit_person(
        town.holder("district_officer", town.district), officer.own_id, 7, "多次谩骂"
    )
    service.appeal_limit(officer, limit.id, "我没有骂人")
    for verb in (service.uphold_limit, service.lift_limit):
        with pytest.raises(Forbidden) as refusal:
            verb(officer, limit.id, "同意")
        assert refusal.value.code == "limit.may_not_decide"
    above = town.holder("street_officer", town.street)
    assert service.lift_limit(above, limit.id, "已道歉").state is LimitState.LIFTED


def test_limits_are_seen_by_the_person_and_those_who_decide(
    town: Town, limited: PersonLimit
) -> None:
    def sees(actor: Actor) -> bool:
        page = queries.page_of_limits(actor, cursor=None, limit=100)
        return [limit.id for limit in page.items] == [limited.id]

    assert sees(actor_of(limited.person_id))
    assert sees(town.holder("leader"))
    assert sees(town.holder("street_officer", town.street))
    for foreign in (town.holder("dispatcher"), town.holder("leader", town.b)):
        assert not sees(foreign)
        for verb in (service.appeal_limit, service.uphold_limit, service.lift_limit):
            with pytest.raises(NotFound):
                verb(foreign, limited.id, "不同意")
    with pytest.raises(Forbidden):
        service.appeal_limit(town.holder("leader"), limited.id, "不同意")
    with pytest.raises(Forbidden):
        service.lift_limit(actor_of(limited.person_id), limited.id, "不同意")


def test_direct_offers_stop_until_a_leader_has_talked(town: Town, heard: list[object]) -> None:
    member, leader = town.member(), town.holder("leader")
    with pytest.raises(Conflict) as refusal:
        service.clear_offers_block(leader, member.id, "已谈话")
    assert refusal.value.code == "person.not_blocked"
    with pytest.raises(Forbidden):
        service.block_offers(actor_of(member), member.id)
    with pytest.raises(Forbidden):
        service.block_offers(town.holder("duty"), member.id)
    service.block_offers(town.holder("dispatcher"), member.id)
    since = member.offers_blocked_at
    assert since is not None
    service.block_offers(SYSTEM, member.id)
    assert member.offers_blocked_at == since
    with pytest.raises(Forbidden):
        service.clear_offers_block(town.holder("dispatcher"), member.id, "已谈话")
    heard.clear()
    cleared = service.clear_offers_block(leader, member.id, "已谈话")
    assert cleared.offers_blocked_at is None
    assert heard == [OffersUnblocked(member.id)]
