"""Endpoints of accounts, for administrators."""

from typing import Any

from app.identity import queries, service
from app.identity.queries import AccountView
from app.identity.schemas import AccountIn, AccountOut, OneTimePasswordOut
from app.identity.service import OneTimePassword
from app.kernel.actor import current_actor
from app.kernel.http import Blueprint

blueprint = Blueprint("accounts", __name__, url_prefix="/api/v1", description="登录账号")


@blueprint.get("/people/<int:person_id>/account")
@blueprint.response(200, AccountOut)
def get_account(person_id: int) -> AccountView:
    """某人的登录账号。"""
    return queries.get_visible_account(current_actor(), person_id)


@blueprint.post("/people/<int:person_id>/account")
@blueprint.arguments(AccountIn)
@blueprint.response(201, OneTimePasswordOut)
def open_account(data: dict[str, Any], person_id: int) -> OneTimePassword:
    """开通登录账号，返回一次性密码。"""
    return service.open_account(current_actor(), person_id, **data)


@blueprint.post("/people/<int:person_id>/account/reset")
@blueprint.response(200, OneTimePasswordOut)
def reset_account(person_id: int) -> OneTimePassword:
    """重置为新的一次性密码，此人的登录全部退出。"""
    return service.reset_password(current_actor(), person_id)


@blueprint.post("/people/<int:person_id>/account/unlock")
@blueprint.response(200, AccountOut)
def unlock_account(person_id: int) -> AccountView:
    """提前解除账号锁定。"""
    service.unlock_account(current_actor(), person_id)
    return queries.get_visible_account(current_actor(), person_id)
