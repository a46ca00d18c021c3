"""Endpoints of log-in, renewal and log-out; they keep no idempotency keys."""

from typing import Any

from flask import Response, request

from app.identity import queries, service
from app.identity.guard import current_session_id
from app.identity.models import LoginSession
from app.identity.schemas import (
    CodeIn,
    OpenSessionOut,
    PasswordLoginIn,
    RefreshIn,
    SessionOut,
    TicketOut,
)
from app.identity.service import Issued
from app.kernel.actor import Actor, current_actor
from app.kernel.database import transaction
from app.kernel.http import Blueprint, fetched, network_first, problem
from app.kernel.pages import Page, PageArgs, page_schema
from app.wechat import gateway
from app.wechat.gateway import WechatSession

blueprint = Blueprint("sessions", __name__, url_prefix="/api/v1", description="登录")

# Before the log-in the person is not known, so the program itself is the actor.
_DOOR = Actor.system("log-in")


def _device() -> str:
    return request.headers.get("User-Agent", "")


def _address() -> str:
    return request.remote_addr or ""


def _fetch_session(body: dict[str, Any]) -> WechatSession | None:
    # The schema refuses a wrong body later. WeChat is not asked then, so that the code stays valid.
    if CodeIn().validate(body):
        return None
    # In a transaction of its own: a wrong code is counted too, and no other request waits for the
    # counter while WeChat is asked.
    with transaction():
        service.count_log_in(_DOOR, _address())
    return gateway.code_to_session(body["code"])


@blueprint.post("/sessions/wechat")
@network_first(_fetch_session)
@blueprint.arguments(CodeIn)
@blueprint.response(201, SessionOut)
def log_in_wechat(_data: dict[str, Any]) -> Issued:
    """用 wx.login 的 code 登录；第一次登录即建立没有资料的账号。"""
    return service.log_in_wechat(_DOOR, fetched(), device=_device())


@blueprint.post("/sessions/password")
@blueprint.arguments(PasswordLoginIn)
@blueprint.response(201, SessionOut)
def log_in_password(data: dict[str, Any]) -> Issued:
    """工作人员登录；输错十次，锁定 15 分钟。"""
    return service.log_in_password(_DOOR, **data, address=_address(), device=_device())


@blueprint.post("/sessions/refresh")
@blueprint.arguments(RefreshIn)
@blueprint.response(201, SessionOut)
def refresh(data: dict[str, Any]) -> Issued | Response:
    """换一对新的令牌；旧的刷新令牌还能用 60 秒，以防答复丢失。"""
    issued = service.refresh_session(_DOOR, data["refresh_token"], address=_address())
    # Returned, not raised: raising would undo the revocation of the stolen session.
    return issued or problem(
        401, "session.stolen", "登录凭证被重复使用，为了安全已退出，请重新登录。"
    )


@blueprint.post("/sessions/ticket")
@blueprint.response(201, TicketOut)
def give_ticket() -> dict[str, str]:
    """一次性凭证，60 秒内打开手机页面。"""
    return {"ticket": service.give_ticket(current_actor(), current_session_id())}


@blueprint.get("/sessions")
@blueprint.arguments(PageArgs, location="query")
@blueprint.response(200, page_schema(OpenSessionOut))
def list_sessions(query: dict[str, Any]) -> Page[LoginSession]:
    """本人的登录，新的在前。"""
    return queries.page_of_sessions(current_actor(), **query)


@blueprint.delete("/sessions/current")
@blueprint.response(204)
def close_current_session() -> None:
    """退出登录，令牌立即失效。"""
    service.close_session(current_actor(), current_session_id())


@blueprint.delete("/sessions/<int:session_id>")
@blueprint.response(204)
def close_session(session_id: int) -> None:
    """退出本人的另一个登录。"""
    service.close_session(current_actor(), session_id)
