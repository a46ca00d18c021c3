"""People, registrations, roles, limits, the audit and accounts; the person concerned is the requester."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from app.identity.service import create_account
from app.kernel.actor import Actor
from app.kernel.database import session
from app.people.models import Person
from app.people.service import (
    appeal_limit,
    block_offers,
    deactivate_person,
    grant_role,
    limit_person,
    report_to_unit,
)
from app.people.states import RegistrationKind
from tests.permissions.runner import Call, Case, Values
from tests.world import SYSTEM, World

PASSWORD = "winter-lantern-42"
PHONE = "13900000001"


def _person(who: str) -> Callable[[World], Values]:
    return lambda world: {"person_id": world.ids[who], "unit_id": world.community.id, "limit": 100}


_requester, _tenant = _person("resident"), _person("tenant")


def _after(arrange: Callable[[World], Any], who: str = "resident") -> Callable[[World], Values]:
    """The person, after something was done."""

    def prepare(world: World) -> Values:
        arrange(world)
        session.commit()
        return _person(who)(world)

    return prepare


def _listed(answer: Any, values: Values) -> bool:
    wanted = values.get("listed_id") or values["person_id"]
    return wanted in [item["id"] for item in answer["items"]]


def _version(call: Call) -> int:
    person_id = call.values["person_id"]
    return session.scalars(select(Person.version).where(Person.id == person_id)).one()


def _plain(**body: Any) -> Callable[[Call], Values]:
    return lambda _: body


def _entered(kind: str) -> Callable[[Call], Values]:
    return lambda call: {"kind": kind, "name": "李新", "home_unit_id": call.values["unit_id"]}


def _edited(call: Call) -> Values:
    unit = call.values["unit_id"]
    return {"kind": "resident", "home_unit_id": unit, "skills": [], "vetted": False}


def _moved(call: Call) -> Values:
    return _edited(call) | {"home_unit_id": call.world.other_community.id}


def _searched(call: Call) -> Values:
    return {"unit_id": call.values["unit_id"], "phone": PHONE}


# --- registrations


def _registration(world: World) -> Values:
    filed = report_to_unit(
        Actor(world.ids["resident"], "resident"),
        unit_id=world.community.id,
        kind=RegistrationKind.WORK,
        as_volunteer=True,
    )
    session.commit()
    return {"registration_id": filed.id, "listed_id": filed.id, "unit_id": world.community.id}


def _reported(call: Call) -> Values:
    return {"unit_id": call.world.community.id, "kind": "organisation"}


# --- roles


def _granted(role: str) -> Callable[[World], Values]:
    def arrange(world: World) -> Values:
        person_id = world.ids["resident"]
        grant = grant_role(SYSTEM, person_id, role, world.community.id)
        session.commit()
        return {"grant_id": grant.id, "listed_id": grant.id, "person_id": person_id}

    return arrange


def _to_grant(role: str, *, above: bool = False) -> Callable[[Call], Values]:
    def body(call: Call) -> Values:
        unit = call.world.street if above else call.world.community
        return {"role_code": role, "unit_id": unit.id}

    return body


def _some(answer: Any, _: Values) -> bool:
    return bool(answer["items"])


# --- limits


def _limit(*, appealed: bool = False) -> Callable[[World], Values]:
    def arrange(world: World) -> Values:
        person_id = world.ids["resident"]
        limit = limit_person(world.actor("leader"), person_id, 7, "多次虚假下单")
        if appealed:
            appeal_limit(Actor(person_id, "resident"), limit.id, "不是我下的单")
        session.commit()
        return {"limit_id": limit.id, "listed_id": limit.id, "action": "person.limited"}

    return arrange


def _with_account(who: str) -> Callable[[World], Any]:
    return lambda world: create_account(SYSTEM, world.ids[who], "li", PASSWORD)


def _blocked(world: World) -> None:
    block_offers(SYSTEM, world.ids["member"])


def _in_two_communities(world: World) -> None:
    grant_role(SYSTEM, world.ids["tenant"], "grid_worker", world.other_community.id)


def _inactive(world: World) -> None:
    deactivate_person(SYSTEM, world.ids["tenant"], "已搬走")


_DAYS, _WORDS = _plain(days=7, reason="多次虚假下单"), _plain(answer="看过了，这样处理。")
_GREEN = _plain(reasons=["disabled"], consent="本人当面同意")
CASES = (
    Case("people.list_people", _requester, query=("limit",), shows=_listed),
    Case("people.create_person", _requester, _entered("resident"), 201),
    Case("people.create_person:member", _requester, _entered("member"), 201),
    Case("people.search_people", _requester, _searched, shows=_listed),
    Case("people.get_person", _requester),
    Case("people.put_person", _requester, _edited, version=_version),
    Case("people.put_person:to the neighbour", _requester, _moved, version=_version),
    Case(
        "people.reveal_person",
        _requester,
        _plain(fields=["name", "phone"], reason="联系本人"),
        opens=True,
    ),
    Case("people.set_green", _requester, _GREEN),
    Case("people.limit_person", _requester, _DAYS),
    Case("people.clear_offers_block", _after(_blocked, "member"), _plain(reason="已谈话")),
    Case("people.deactivate_person", _tenant, _plain(reason="已搬走")),
    Case(
        "people.deactivate_person:of two communities",
        _after(_in_two_communities, "tenant"),
        _plain(reason="已搬走"),
    ),
    Case("people.activate_person", _after(_inactive, "tenant")),
    Case("people.erase_person", _requester, _plain(reason="本人要求"), 204),
    Case("registrations.create_registration", body=_reported, status=201),
    Case("registrations.list_registrations", _registration, shows=_listed),
    Case("registrations.get_registration", _registration),
    Case("registrations.approve_registration", _registration),
    Case("registrations.decline_registration", _registration, _plain(reason="名额已满")),
    Case("registrations.end_registration", _registration, _plain(reason="本人要求")),
    Case("roles.list_roles", shows=_some),
    Case("roles.list_grants", _granted("grid_worker"), shows=_listed),
    Case("roles.create_grant", _requester, _to_grant("grid_worker"), 201),
    Case("roles.create_grant:administrator", _requester, _to_grant("admin"), 201),
    Case("roles.create_grant:officer", _requester, _to_grant("street_officer"), 201),
    Case("roles.create_grant:above", _requester, _to_grant("grid_worker", above=True), 201),
    Case("roles.delete_grant", _granted("grid_worker"), status=204),
    Case("roles.delete_grant:administrator", _granted("admin"), status=204),
    Case("limits.list_limits", _limit(), shows=_listed),
    Case("limits.get_limit", _limit()),
    Case("limits.appeal_limit", _limit(), _plain(text="不是我下的单")),
    Case("limits.uphold_limit", _limit(appealed=True), _WORDS),
    Case("limits.lift_limit", _limit(), _WORDS),
    Case("audits.list_audit", _limit(), query=("action",), shows=_some),
    Case("accounts.get_account", _after(_with_account("resident"))),
    Case("accounts.open_account", _requester, _plain(username="li"), 201),
    Case("accounts.reset_account", _after(_with_account("resident"))),
    Case(
        "accounts.reset_account:of a dispatcher",
        _after(_with_account("dispatcher"), "dispatcher"),
    ),
    Case("accounts.unlock_account", _after(_with_account("resident"))),
)
