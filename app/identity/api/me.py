"""The own profile, password, codes, consents, copy and end."""

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
    # A body of the wrong shape is the schema's to refuse; it must not use the code up.
    return None if CodeIn().validate(body) else gateway.phone_number(body["code"])


@blueprint.get("/me")
@blueprint.response(200, MeOut)
def get_me() -> Profile:
    """The own profile, with roles, registrations and what is still to be agreed to."""
    return _own_profile()


@blueprint.put("/me")
@blueprint.arguments(MeIn)
@blueprint.response(200, MeOut)
def put_me(data: dict[str, Any]) -> Profile:
    """Changes what is sent and keeps the rest; asks for If-Match."""
    service.edit_profile(current_actor(), data, check_version)
    return _own_profile()


@blueprint.delete("/me")
@blueprint.response(204)
def delete_me() -> None:
    """Erases the own data; refused while one still holds orders."""
    actor = current_actor()
    people.erase_person(actor, actor.own_id)


@blueprint.put("/me/password")
@blueprint.arguments(PasswordChangeIn)
@blueprint.response(200, MeOut)
@unversioned
def change_password(data: dict[str, Any]) -> Profile:
    """Sets the own password; all other sessions end."""
    service.change_password(current_actor(), current_session_id(), **data, address=_address())
    return _own_profile()


@blueprint.post("/me/phone")
@network_first(_fetch_phone)
@blueprint.arguments(CodeIn)
@blueprint.response(200, MeOut)
def attach_phone(_data: dict[str, Any]) -> Profile:
    """Keeps the phone that WeChat has verified; orders placed under it are attached."""
    service.attach_phone(current_actor(), fetched())
    return _own_profile()


@blueprint.post("/me/away")
@blueprint.arguments(AwayIn)
@blueprint.response(200, MeOut)
def set_away(data: dict[str, Any]) -> Profile:
    """暂不接单 until a date, or back again; `return_orders` gives all open orders back."""
    people.set_away(current_actor(), **data)
    return _own_profile()


@blueprint.get("/me/export")
@blueprint.response(200, ExportOut)
def export_me() -> dict[str, Any]:
    """A copy of everything kept about the person."""
    return {"exported_at": now(), "parts": people.export_person(current_actor())}


@blueprint.get("/me/consents")
@blueprint.response(200, page_schema(ConsentOut))
def list_consents() -> Page[Any]:
    """The last word on each document, also on those never answered."""
    return Page(queries.own_consents(current_actor()), None)


@blueprint.post("/me/consents")
@blueprint.arguments(ConsentIn)
@blueprint.response(201, ConsentOut)
@repeatable(queries.get_visible_consent)
def record_consent(data: dict[str, Any]) -> Consent:
    """Agrees to the current version of a document, or takes the consent back."""
    return service.record_consent(current_actor(), **data)


@blueprint.post("/me/totp")
@blueprint.arguments(ConfirmIn)
@blueprint.response(201, EnrolmentOut)
def enrol_totp(data: dict[str, Any]) -> Enrolment:
    """A new code generator; in force once a code of it is confirmed."""
    return service.enrol_totp(current_actor(), **data, address=_address())


@blueprint.post("/me/totp/confirm")
@blueprint.arguments(OtpIn)
@blueprint.response(200, RecoveryCodesOut)
def confirm_totp(data: dict[str, Any]) -> dict[str, list[str]]:
    """Puts the code generator in force; answers the recovery codes once."""
    codes = service.confirm_totp(current_actor(), **data, address=_address())
    return {"recovery_codes": codes}


@blueprint.post("/me/totp/remove")
@blueprint.arguments(TotpRemovalIn)
@blueprint.response(204)
def remove_totp(data: dict[str, Any]) -> None:
    """Ends the code generator."""
    service.remove_totp(current_actor(), **data, address=_address())
