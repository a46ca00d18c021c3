"""Endpoints of people, registrations, roles, limits and the audit."""

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
    """报到。"""
    return service.report_to_unit(current_actor(), **data)


@registrations.get("/registrations")
@registrations.arguments(RegistrationQuery, location="query")
@registrations.response(200, page_schema(RegistrationOut))
def list_registrations(data: dict[str, Any]) -> Page[Registration]:
    """本人的报到；工作人员看到所属单位的。"""
    return queries.page_of_registrations(current_actor(), **data)


@registrations.get("/registrations/<int:registration_id>")
@registrations.response(200, RegistrationOut)
def get_registration(registration_id: int) -> Registration:
    """一条报到。"""
    return queries.get_visible_registration(current_actor(), registration_id)


@registrations.post("/registrations/<int:registration_id>/approve")
@registrations.response(200, RegistrationOut)
@repeatable(queries.get_visible_registration)
def approve_registration(registration_id: int) -> Registration:
    """通过报到。"""
    return service.approve_registration(current_actor(), registration_id)


@registrations.post("/registrations/<int:registration_id>/decline")
@registrations.arguments(ReasonIn)
@registrations.response(200, RegistrationOut)
@repeatable(queries.get_visible_registration)
def decline_registration(data: dict[str, Any], registration_id: int) -> Registration:
    """不通过报到，须说明原因。"""
    return service.decline_registration(current_actor(), registration_id, **data)


@registrations.post("/registrations/<int:registration_id>/end")
@registrations.arguments(OptionalReasonIn)
@registrations.response(200, RegistrationOut)
@repeatable(queries.get_visible_registration)
def end_registration(data: dict[str, Any], registration_id: int) -> Registration:
    """结束报到：本人直接结束，工作人员须说明原因。"""
    return service.end_registration(current_actor(), registration_id, **data)


@people.post("/people")
@people.arguments(PersonIn)
@people.response(201, PersonOut)
@repeatable(queries.get_visible_person)
def create_person(data: dict[str, Any]) -> Person:
    """登记没有账号的人员。"""
    return service.create_person(current_actor(), **data)


@people.get("/people")
@people.arguments(PersonQuery, location="query")
@people.response(200, page_schema(PersonOut))
def list_people(data: dict[str, Any]) -> Page[Person]:
    """所辖范围内的人员，姓名和电话已遮盖。"""
    return queries.page_of_people(current_actor(), **data)


@people.post("/people/search")
@people.arguments(PhoneSearch)
@people.response(200, page_schema(PersonOut))
def search_people(data: dict[str, Any]) -> Page[Person]:
    """查找留有这个电话号码的人，留痕。"""
    return service.search_by_phone(current_actor(), **data)


@people.get("/people/<int:person_id>")
@people.response(200, PersonOut)
def get_person(person_id: int) -> Person:
    """一位人员，姓名和电话已遮盖。"""
    person = queries.get_visible_person(current_actor(), person_id)
    tag(person.version)
    return person


@people.put("/people/<int:person_id>")
@people.arguments(PersonEdit)
@people.response(200, PersonOut)
def put_person(data: dict[str, Any], person_id: int) -> Person:
    """修改人员资料；加密的内容只改 `detail` 里写明的。"""
    person = service.edit_person(current_actor(), person_id, check=check_version, **data)
    tag(person.version)
    return person


@people.post("/people/<int:person_id>/reveal")
@people.arguments(RevealIn)
@people.response(200, RevealOut)
def reveal_person(data: dict[str, Any], person_id: int) -> dict[str, Any]:
    """查看加密的内容，须写明原因，每次留痕。"""
    return service.reveal_person(current_actor(), person_id, data["fields_"], data["reason"])


@people.post("/people/<int:person_id>/green")
@people.arguments(GreenIn)
@people.response(200, PersonOut)
@repeatable(queries.get_visible_person)
def set_green(data: dict[str, Any], person_id: int) -> Person:
    """列入绿色通道，或移出。"""
    return service.set_green(current_actor(), person_id, **data)


@people.post("/people/<int:person_id>/limit")
@people.arguments(LimitIn)
@people.response(200, PersonOut)
@repeatable(queries.get_visible_person)
def limit_person(data: dict[str, Any], person_id: int) -> Person:
    """限制几天内只能通过电话和窗口办理；限制本身在 /limits。"""
    service.limit_person(current_actor(), person_id, **data)
    return queries.get_visible_person(current_actor(), person_id)


@people.post("/people/<int:person_id>/clear-offers-block")
@people.arguments(ReasonIn)
@people.response(200, PersonOut)
@repeatable(queries.get_visible_person)
def clear_offers_block(data: dict[str, Any], person_id: int) -> Person:
    """负责人已谈话，恢复指定派单。"""
    return service.clear_offers_block(current_actor(), person_id, data["reason"])


@people.post("/people/<int:person_id>/deactivate")
@people.arguments(ReasonIn)
@people.response(200, PersonOut)
def deactivate_person(data: dict[str, Any], person_id: int) -> Person:
    """停用人员，结束其全部角色和报到。"""
    return service.deactivate_person(current_actor(), person_id, **data)


@people.post("/people/<int:person_id>/activate")
@people.response(200, PersonOut)
def activate_person(person_id: int) -> Person:
    """恢复人员。"""
    return service.activate_person(current_actor(), person_id)


@people.post("/people/<int:person_id>/erase")
@people.arguments(EraseIn)
@people.response(204)
def erase_person(data: dict[str, Any], person_id: int) -> None:
    """注销：删除个人资料，他人记录里的部分匿名保留。"""
    service.erase_person(current_actor(), person_id, **data)


@roles.get("/roles")
@roles.arguments(PageArgs, location="query")
@roles.response(200, page_schema(RoleOut))
def list_roles(data: dict[str, Any]) -> Page[Role]:
    """所有角色。"""
    return queries.page_of_roles(current_actor(), **data)


@roles.get("/people/<int:person_id>/grants")
@roles.arguments(PageArgs, location="query")
@roles.response(200, page_schema(GrantOut))
def list_grants(data: dict[str, Any], person_id: int) -> Page[RoleGrant]:
    """某人的角色，包括以前的。"""
    return queries.page_of_grants(current_actor(), person_id, **data)


@roles.post("/people/<int:person_id>/grants")
@roles.arguments(GrantIn)
@roles.response(201, GrantOut)
def create_grant(data: dict[str, Any], person_id: int) -> RoleGrant:
    """授予角色；重复授予时 409 `role.already_granted`。"""
    return service.grant_role(current_actor(), person_id, **data)


@roles.delete("/grants/<int:grant_id>")
@roles.response(204)
def delete_grant(grant_id: int) -> None:
    """结束角色。"""
    service.end_role(current_actor(), grant_id)


@limits.get("/limits")
@limits.arguments(LimitQuery, location="query")
@limits.response(200, page_schema(LimitOut))
def list_limits(data: dict[str, Any]) -> Page[PersonLimit]:
    """本人的限制；负责人看到所属单位的。"""
    return queries.page_of_limits(current_actor(), **data)


@limits.get("/limits/<int:limit_id>")
@limits.response(200, LimitOut)
def get_limit(limit_id: int) -> PersonLimit:
    """一条限制。"""
    return queries.get_visible_limit(current_actor(), limit_id)


@limits.post("/limits/<int:limit_id>/appeal")
@limits.arguments(AppealIn)
@limits.response(200, LimitOut)
@repeatable(queries.get_visible_limit)
def appeal_limit(data: dict[str, Any], limit_id: int) -> PersonLimit:
    """被限制的人向上级申诉。"""
    return service.appeal_limit(current_actor(), limit_id, **data)


@limits.post("/limits/<int:limit_id>/uphold")
@limits.arguments(AnswerIn)
@limits.response(200, LimitOut)
@repeatable(queries.get_visible_limit)
def uphold_limit(data: dict[str, Any], limit_id: int) -> PersonLimit:
    """申诉已听取，维持限制。"""
    return service.uphold_limit(current_actor(), limit_id, **data)


@limits.post("/limits/<int:limit_id>/lift")
@limits.arguments(AnswerIn)
@limits.response(200, LimitOut)
@repeatable(queries.get_visible_limit)
def lift_limit(data: dict[str, Any], limit_id: int) -> PersonLimit:
    """提前解除限制。"""
    return service.lift_limit(current_actor(), limit_id, **data)


@audits.get("/audit")
@audits.arguments(AuditQuery, location="query")
@audits.response(200, page_schema(AuditOut))
def list_audit(data: dict[str, Any]) -> Page[AuditRow]:
    """所辖范围内的留痕：谁查看或改动了敏感内容。"""
    return queries.page_of_audit(current_actor(), **data)
