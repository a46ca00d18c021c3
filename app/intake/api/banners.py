"""Endpoints of banners: read the banners of a place, say 我也是, put up, change and end a banner."""

from typing import Any

from app.intake.models import Banner
from app.intake.queries import banners as queries
from app.intake.queries.banners import BannerView
from app.intake.schemas.banners import BannerChangeIn, BannerIn, BannerOut, BannersQuery, EndIn
from app.intake.service import banners as service
from app.kernel.actor import current_actor
from app.kernel.http import Blueprint, check_version, tag
from app.kernel.idempotency import repeatable
from app.kernel.pages import Page, page_schema

blueprint = Blueprint(
    "banners", __name__, url_prefix="/api/v1/banners", description="公告：停水停电等"
)
Body = dict[str, Any]


def _shown(banner: Banner) -> BannerView:
    tag(banner.version)
    return queries.view_of(current_actor(), banner)


@blueprint.get("")
@blueprint.arguments(BannersQuery, location="query")
@blueprint.response(200, page_schema(BannerOut))
def list_banners(query: Body) -> Page[BannerView]:
    """某个社区、地点或位置现有的公告，新的在前；都不写时看我家的。422 `banner.where_missing`。"""
    return queries.page_of_banners(current_actor(), **query)


@blueprint.get("/<int:banner_id>")
@blueprint.response(200, BannerOut)
def get_banner(banner_id: int) -> BannerView:
    """一条公告，结束了的也能看。"""
    return _shown(queries.get_visible_banner(current_actor(), banner_id))


@blueprint.post("")
@blueprint.arguments(BannerIn)
@blueprint.response(201, BannerOut)
@repeatable(queries.view_banner)
def put_up_banner(data: Body) -> BannerView:
    """发布公告（`orders.dispatch`）。

    403 `banner.not_allowed`; 409 `unit.closed`; 422 `banner.times`, `banner.place_elsewhere`,
    `place.unknown`, `category.unknown`.
    """
    return _shown(service.put_up_banner(current_actor(), **data))


@blueprint.put("/<int:banner_id>")
@blueprint.arguments(BannerChangeIn)
@blueprint.response(200, BannerOut)
def change_banner(data: Body, banner_id: int) -> BannerView:
    """修改公告；时间改了会通知说过“我也是”的人。409 `banner.ended`。"""
    change = service.change_banner
    return _shown(change(current_actor(), banner_id, unchanged=check_version, **data))


@blueprint.post("/<int:banner_id>/end")
@blueprint.arguments(EndIn)
@blueprint.response(200, BannerOut)
@repeatable(queries.view_banner)
def end_banner(data: Body, banner_id: int) -> BannerView:
    """已经恢复，结束公告，通知说过“我也是”的人。409 `banner.ended`。"""
    return _shown(service.end_banner(current_actor(), banner_id, **data))


@blueprint.post("/<int:banner_id>/me_too")
@blueprint.response(200, BannerOut)
@repeatable(queries.view_banner)
def me_too(banner_id: int) -> BannerView:
    """我也是：一人算一次。409 `banner.already_counted`、`banner.ended`。"""
    return _shown(service.me_too(current_actor(), banner_id))
