"""Files of orders that staff take out, and banners of the first community."""

from datetime import timedelta
from typing import Any

from app.intake.models import Banner
from app.intake.service.banners import put_up_banner
from app.intake.service.exporting import request_export
from app.intake.states import ExportTemplate
from app.kernel.clock import now
from app.kernel.database import session
from app.orders.views.lists import OrderFilter
from tests.permissions.cases.situations import soon
from tests.permissions.runner import Call, Case, Values
from tests.world import World


def _placed(world: World) -> Values:
    world.order()
    return {}


def _exported(world: World) -> Values:
    world.order()
    actor = world.actor("dispatcher")
    export = request_export(actor, template=ExportTemplate.LEDGER, wanted=OrderFilter())
    session.commit()
    return {"export_id": export.id}


def _here(world: World) -> Values:
    return {"unit_id": world.community.id}


def _put_up(world: World) -> Values:
    banner = put_up_banner(
        world.actor("duty"),
        unit_id=world.community.id,
        text="全小区停水",
        until=now() + timedelta(hours=3),
    )
    session.commit()
    return {"banner_id": banner.id, **_here(world)}


def _list(**given: Any) -> Any:
    return lambda call: {"template": "ledger", **given}


def _banner(call: Call) -> Values:
    return {"unit_id": call.values["unit_id"], "text": "停电", "until": soon(hours=5)}


def _changed(_: Call) -> Values:
    return {"text": "停电", "from": soon(), "until": soon(hours=5)}


def _version(call: Call) -> int:
    return session.get_one(Banner, call.values["banner_id"]).version


CASES = (
    Case("exports.request_export", _placed, _list(), status=201),
    Case(
        "exports.request_export:unmasked",
        _placed,
        _list(unmasked=True, reason="报街道"),
        status=201,
    ),
    Case("exports.get_export", _exported),
    Case("exports.drop_export", _exported, status=204),
    Case("banners.list_banners", _put_up, query=("unit_id",)),
    Case("banners.get_banner", _put_up),
    Case("banners.put_up_banner", _here, _banner, status=201, target="unit_id"),
    Case("banners.change_banner", _put_up, _changed, version=_version),
    Case("banners.end_banner", _put_up, lambda call: {}),
    Case("banners.me_too", _put_up),
)
