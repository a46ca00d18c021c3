"""Endpoints of the own profile, password, codes, consents, copy of the data, and erasure."""

from typing import Any

from flask import request

from app.identity import queries, service
from app.identity.guard import current_session_id
from app.identity.models import Consent
from app.identity.queries import Profile
from app.identity.schemas import (
    AwayIn,
    CodeIn,
    ConfirmIn,
    ConsentIn,
    ConsentOut,
    EnrolmentOut,
    ExportOut,
    MeIn,
    MeOut,
    OtpIn,
    PasswordChangeIn,
    RecoveryCodesOut,
    TotpRemovalIn,
)
from app.identity.service import Enrolment
from app.kernel.actor import current_actor
from app.kernel.clock import now
from app.kernel.http import Blueprint, check_version, fetched, network_first, tag, unversioned
from app.kernel.idempotency import repeatable
from app.kernel.pages import Page, page_schema
from app.people import service as people
from app.wechat import gateway

blueprint = Blueprint("me", __name__, url_prefix="/api/v1", description="本人")


def _address() -> str:
    return request.remote_addr or ""


def _own_profile() -> Profile:
    profile = queries.own_profile(current_actor(), current_session_id())
    tag(profile.version)
    return profile


def _fetch_phone(body: dict[str, Any]) -> str | None:
    # The schema refuses a wrong body later. WeChat is not asked then, so that the code stays valid.
    return None if CodeIn().validate(body) else gateway.phone_number(body["code"])


@blueprint.get("/me")
@blueprint.response(200, MeOut)
def get_me() -> Profile:
    """本人的资料、角色、报到，以及还要同意的说明。"""
    return _own_profile()


@blueprint.put("/me")
@blueprint.arguments(MeIn)
@blueprint.response(200, MeOut)
def put_me(data: dict[str, Any]) -> Profile:
    """修改本人资料：送来的改，没送的不变；须带 If-Match。"""
    service.edit_profile(current_actor(), data, check_version)
    return _own_profile()


@blueprint.delete("/me")
@blueprint.response(204)
def delete_me() -> None:
    """注销本人，删除个人资料；手上还有工单时不能注销。"""
    actor = current_actor()
    people.erase_person(actor, actor.own_id)


@blueprint.put("/me/password")
@blueprint.arguments(PasswordChangeIn)
@blueprint.response(200, MeOut)
@unversioned
def change_password(data: dict[str, Any]) -> Profile:
    """修改本人的密码，其他登录全部退出。"""
    service.change_password(current_actor(), current_session_id(), **data, address=_address())
    return _own_profile()


@blueprint.post("/me/phone")
@network_first(_fetch_phone)
@blueprint.arguments(CodeIn)
@blueprint.response(200, MeOut)
def attach_phone(_data: dict[str, Any]) -> Profile:
    """绑定微信验证过的手机号；以前用它下的工单归到本人名下。"""
    service.attach_phone(current_actor(), fetched())
    return _own_profile()


@blueprint.post("/me/away")
@blueprint.arguments(AwayIn)
@blueprint.response(200, MeOut)
def set_away(data: dict[str, Any]) -> Profile:
    """暂不接单到某日，或恢复接单；`return_orders` 表示退回手上的工单。"""
    people.set_away(current_actor(), **data)
    return _own_profile()


@blueprint.get("/me/export")
@blueprint.response(200, ExportOut)
def export_me() -> dict[str, Any]:
    """导出本人的全部资料。"""
    return {"exported_at": now(), "parts": people.export_person(current_actor())}


@blueprint.get("/me/consents")
@blueprint.response(200, page_schema(ConsentOut))
def list_consents() -> Page[Any]:
    """本人对各项说明的最新答复，没有答复过的也列出。"""
    return Page(queries.own_consents(current_actor()), None)


@blueprint.post("/me/consents")
@blueprint.arguments(ConsentIn)
@blueprint.response(201, ConsentOut)
@repeatable(queries.get_visible_consent)
def record_consent(data: dict[str, Any]) -> Consent:
    """同意某项说明的现行版本，或撤回同意。"""
    return service.record_consent(current_actor(), **data)


@blueprint.post("/me/totp")
@blueprint.arguments(ConfirmIn)
@blueprint.response(201, EnrolmentOut)
def enrol_totp(data: dict[str, Any]) -> Enrolment:
    """启用新的验证器；确认一次动态码后生效。"""
    return service.enrol_totp(current_actor(), **data, address=_address())


@blueprint.post("/me/totp/confirm")
@blueprint.arguments(OtpIn)
@blueprint.response(200, RecoveryCodesOut)
def confirm_totp(data: dict[str, Any]) -> dict[str, list[str]]:
    """使验证器生效，恢复码只返回这一次。"""
    codes = service.confirm_totp(current_actor(), **data, address=_address())
    return {"recovery_codes": codes}


@blueprint.post("/me/totp/remove")
@blueprint.arguments(TotpRemovalIn)
@blueprint.response(204)
def remove_totp(data: dict[str, Any]) -> None:
    """停用验证器。"""
    service.remove_totp(current_actor(), **data, address=_address())
