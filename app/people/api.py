"""The doors of people, registrations, roles and limits."""

from typing import Any

from app.kernel.actor import current_actor
from app.kernel.audit import AuditRow
from app.kernel.http import Blueprint, check_version, tag
from app.kernel.idempotency import repeatable
from app.kernel.pages import Page, PageArgs, page_schema
from app.people import queries, service
from app.people.models import Person, PersonLimit, Registration, Role, RoleGrant
from app.people.schemas import (
    AnswerIn,
    AppealIn,
    AuditOut,
    AuditQuery,
    EraseIn,
    GrantIn,
    GrantOut,
    GreenIn,
    LimitIn,
    LimitOut,
    LimitQuery,
    OptionalReasonIn,
    PersonEdit,
    PersonIn,
    PersonOut,
    PersonQuery,
    PhoneSearch,
    ReasonIn,
    RegistrationIn,
    RegistrationOut,
    RegistrationQuery,
    RevealIn,
    RevealOut,
    RoleOut,
)

PREFIX = "/api/v1"
registrations = Blueprint("registrations", __name__, url_prefix=PREFIX, description="在职党员报到")
people = Blueprint("people", __name__, url_prefix=PREFIX, description="人员")
roles = Blueprint("roles", __name__, url_prefix=PREFIX, description="岗位")
limits = Blueprint("limits", __name__, url_prefix=PREFIX, description="限制线上下单")
audits = Blueprint("audits", __name__, url_prefix=PREFIX, description="留痕")
BLUEPRINTS = (registrations, people, roles, limits, audits)


@registrations.post("/registrations")
@registrations.arguments(RegistrationIn)
@registrations.response(201, RegistrationOut)
@repeatable(queries.get_visible_registration)
def create_registration(data: dict[str, Any]) -> Registration:
    """Reports to a unit."""
    return service.report_to_unit(current_actor(), **data)


@registrations.get("/registrations")
@registrations.arguments(RegistrationQuery, location="query")
@registrations.response(200, page_schema(RegistrationOut))
def list_registrations(data: dict[str, Any]) -> Page[Registration]:
    """One's own; staff see those of their units."""
    return queries.page_of_registrations(current_actor(), **data)


@registrations.get("/registrations/<int:registration_id>")
@registrations.response(200, RegistrationOut)
def get_registration(registration_id: int) -> Registration:
    """One registration."""
    return queries.get_visible_registration(current_actor(), registration_id)


@registrations.post("/registrations/<int:registration_id>/approve")
@registrations.response(200, RegistrationOut)
@repeatable(queries.get_visible_registration)
def approve_registration(registration_id: int) -> Registration:
    """Admits the person."""
    return service.approve_registration(current_actor(), registration_id)


@registrations.post("/registrations/<int:registration_id>/decline")
@registrations.arguments(ReasonIn)
@registrations.response(200, RegistrationOut)
@repeatable(queries.get_visible_registration)
def decline_registration(data: dict[str, Any], registration_id: int) -> Registration:
    """Refuses, with a reason."""
    return service.decline_registration(current_actor(), registration_id, **data)


@registrations.post("/registrations/<int:registration_id>/end")
@registrations.arguments(OptionalReasonIn)
@registrations.response(200, RegistrationOut)
@repeatable(queries.get_visible_registration)
def end_registration(data: dict[str, Any], registration_id: int) -> Registration:
    """Ends one's own, or as staff with a reason."""
    return service.end_registration(current_actor(), registration_id, **data)


@people.post("/people")
@people.arguments(PersonIn)
@people.response(201, PersonOut)
@repeatable(queries.get_visible_person)
def create_person(data: dict[str, Any]) -> Person:
    """Enters someone without an account."""
    return service.create_person(current_actor(), **data)


@people.get("/people")
@people.arguments(PersonQuery, location="query")
@people.response(200, page_schema(PersonOut))
def list_people(data: dict[str, Any]) -> Page[Person]:
    """People of one's subtree, masked."""
    return queries.page_of_people(current_actor(), **data)


@people.post("/people/search")
@people.arguments(PhoneSearch)
@people.response(200, page_schema(PersonOut))
def search_people(data: dict[str, Any]) -> Page[Person]:
    """Who left exactly this phone; audited."""
    return service.search_by_phone(current_actor(), **data)


@people.get("/people/<int:person_id>")
@people.response(200, PersonOut)
def get_person(person_id: int) -> Person:
    """One person, masked."""
    person = queries.get_visible_person(current_actor(), person_id)
    tag(person.version)
    return person


@people.put("/people/<int:person_id>")
@people.arguments(PersonEdit)
@people.response(200, PersonOut)
def put_person(data: dict[str, Any], person_id: int) -> Person:
    """Changes what staff keep; of what is sealed only what `detail` names."""
    person = service.edit_person(current_actor(), person_id, check=check_version, **data)
    tag(person.version)
    return person


@people.post("/people/<int:person_id>/reveal")
@people.arguments(RevealIn)
@people.response(200, RevealOut)
def reveal_person(data: dict[str, Any], person_id: int) -> dict[str, Any]:
    """Opens what is sealed, with a reason; audited."""
    return service.reveal_person(current_actor(), person_id, data["fields_"], data["reason"])


@people.post("/people/<int:person_id>/green")
@people.arguments(GreenIn)
@people.response(200, PersonOut)
@repeatable(queries.get_visible_person)
def set_green(data: dict[str, Any], person_id: int) -> Person:
    """Puts someone first (绿色通道), or takes that off."""
    return service.set_green(current_actor(), person_id, **data)


@people.post("/people/<int:person_id>/limit")
@people.arguments(LimitIn)
@people.response(200, PersonOut)
@repeatable(queries.get_visible_person)
def limit_person(data: dict[str, Any], person_id: int) -> Person:
    """Phone and desk only for some days; the limit itself is in /limits."""
    service.limit_person(current_actor(), person_id, **data)
    return queries.get_visible_person(current_actor(), person_id)


@people.post("/people/<int:person_id>/clear-offers-block")
@people.arguments(ReasonIn)
@people.response(200, PersonOut)
@repeatable(queries.get_visible_person)
def clear_offers_block(data: dict[str, Any], person_id: int) -> Person:
    """A leader has talked to the member: direct offers again."""
    return service.clear_offers_block(current_actor(), person_id, data["reason"])


@people.post("/people/<int:person_id>/deactivate")
@people.arguments(ReasonIn)
@people.response(200, PersonOut)
def deactivate_person(data: dict[str, Any], person_id: int) -> Person:
    """Ends all roles and registrations."""
    return service.deactivate_person(current_actor(), person_id, **data)


@people.post("/people/<int:person_id>/activate")
@people.response(200, PersonOut)
def activate_person(person_id: int) -> Person:
    """Lets someone act again."""
    return service.activate_person(current_actor(), person_id)


@people.post("/people/<int:person_id>/erase")
@people.arguments(EraseIn)
@people.response(204)
def erase_person(data: dict[str, Any], person_id: int) -> None:
    """Deletes who it was; what others' records point to stays anonymous."""
    service.erase_person(current_actor(), person_id, **data)


@roles.get("/roles")
@roles.arguments(PageArgs, location="query")
@roles.response(200, page_schema(RoleOut))
def list_roles(data: dict[str, Any]) -> Page[Role]:
    """The roles there are."""
    return queries.page_of_roles(current_actor(), **data)


@roles.get("/people/<int:person_id>/grants")
@roles.arguments(PageArgs, location="query")
@roles.response(200, page_schema(GrantOut))
def list_grants(data: dict[str, Any], person_id: int) -> Page[RoleGrant]:
    """A person's roles, past ones too."""
    return queries.page_of_grants(current_actor(), person_id, **data)


@roles.post("/people/<int:person_id>/grants")
@roles.arguments(GrantIn)
@roles.response(201, GrantOut)
def create_grant(data: dict[str, Any], person_id: int) -> RoleGrant:
    """Gives a role; a second time it is 409 `role.already_granted`."""
    return service.grant_role(current_actor(), person_id, **data)


@roles.delete("/grants/<int:grant_id>")
@roles.response(204)
def delete_grant(grant_id: int) -> None:
    """Ends a role."""
    service.end_role(current_actor(), grant_id)


@limits.get("/limits")
@limits.arguments(LimitQuery, location="query")
@limits.response(200, page_schema(LimitOut))
def list_limits(data: dict[str, Any]) -> Page[PersonLimit]:
    """One's own; leaders see those of their units."""
    return queries.page_of_limits(current_actor(), **data)


@limits.get("/limits/<int:limit_id>")
@limits.response(200, LimitOut)
def get_limit(limit_id: int) -> PersonLimit:
    """One limit."""
    return queries.get_visible_limit(current_actor(), limit_id)


@limits.post("/limits/<int:limit_id>/appeal")
@limits.arguments(AppealIn)
@limits.response(200, LimitOut)
@repeatable(queries.get_visible_limit)
def appeal_limit(data: dict[str, Any], limit_id: int) -> PersonLimit:
    """The one limited asks the unit above."""
    return service.appeal_limit(current_actor(), limit_id, **data)


@limits.post("/limits/<int:limit_id>/uphold")
@limits.arguments(AnswerIn)
@limits.response(200, LimitOut)
@repeatable(queries.get_visible_limit)
def uphold_limit(data: dict[str, Any], limit_id: int) -> PersonLimit:
    """The appeal was heard, the limit stays."""
    return service.uphold_limit(current_actor(), limit_id, **data)


@limits.post("/limits/<int:limit_id>/lift")
@limits.arguments(AnswerIn)
@limits.response(200, LimitOut)
@repeatable(queries.get_visible_limit)
def lift_limit(data: dict[str, Any], limit_id: int) -> PersonLimit:
    """The limit ends early."""
    return service.lift_limit(current_actor(), limit_id, **data)


@audits.get("/audit")
@audits.arguments(AuditQuery, location="query")
@audits.response(200, page_schema(AuditOut))
def list_audit(data: dict[str, Any]) -> Page[AuditRow]:
    """Who opened or changed what is sensitive, in the subtree one answers for."""
    return queries.page_of_audit(current_actor(), **data)
