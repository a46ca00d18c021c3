"""公告: finds the banners of a place, a point or a unit, and shows a banner to its reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select

from app.categories.queries import get_category, names_of, with_leaves
from app.intake.models import Banner, BannerMeToo
from app.intake.states import BANNER_STALE
from app.kernel.actor import Actor
from app.kernel.clock import now, to_local
from app.kernel.database import session
from app.kernel.database.fast.rows import known
from app.kernel.errors import Invalid, NotFound, not_found
from app.kernel.pages import Key, Page, paginate
from app.organisation.geometry import CoordinateSystem, in_gcj02
from app.organisation.models import Place, Unit
from app.organisation.queries import (
    get_place,
    get_unit,
    get_visible_place,
    locate,
    subtree_ids,
)
from app.people.queries import home_of

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class BannerView:
    """A banner for one reader: `me_too` people are counted; `mine` if the reader is one of them."""

    id: int
    row: Banner
    version: int
    unit: dict[str, Any]
    place: dict[str, Any] | None
    category: dict[str, Any] | None
    me_too: int
    mine: bool


def banners_visible_to(actor: Actor) -> Select[Banner]:
    """All banners, because a banner is public."""
    return select(Banner)


def get_visible_banner(actor: Actor, banner_id: int) -> Banner:
    """The banner with this id, ended or not; raises NotFound `not_found`."""
    found = session.scalar(banners_visible_to(actor).where(Banner.id == banner_id))
    if found is None:
        raise not_found()
    return found


def view_banner(actor: Actor, banner_id: int) -> BannerView:
    """The view of the banner with this id; raises NotFound `not_found`."""
    return view_of(actor, get_visible_banner(actor, banner_id))


def view_of(actor: Actor, banner: Banner) -> BannerView:
    """The view of a banner that is already loaded."""
    return views_of(actor, [banner])[0]


def views_of(actor: Actor, banners: Sequence[Banner]) -> list[BannerView]:
    """The views of many banners; the number of statements does not grow with their number."""
    ids = [banner.id for banner in banners]
    counted = dict(
        session.execute(
            select(BannerMeToo.banner_id, func.count())
            .where(BannerMeToo.banner_id.in_(ids))
            .group_by(BannerMeToo.banner_id)
        ).all()
    )
    own = select(BannerMeToo.banner_id).where(
        BannerMeToo.banner_id.in_(ids), BannerMeToo.person_id == actor.person_id
    )
    mine = set(session.scalars(own))
    places = known(Place, {b.place_id for b in banners if b.place_id is not None})
    kinds = names_of({b.category_id for b in banners if b.category_id is not None})
    return [
        BannerView(
            id=banner.id,
            row=banner,
            version=banner.version,
            unit={"id": banner.unit_id, "name": get_unit(banner.unit_id).name},
            place=_named(banner.place_id, {row.id: row.full_name for row in places.values()}),
            category=_named(banner.category_id, kinds),
            me_too=counted.get(banner.id, 0),
            mine=banner.id in mine,
        )
        for banner in banners
    ]


def _named(found: int | None, names: dict[int, str]) -> dict[str, Any] | None:
    return None if found is None else {"id": found, "name": names.get(found, "")}


def is_shown(banner: Banner) -> bool:
    """Returns whether the banner is shown: not ended, and at most a day after its expected end."""
    return banner.ended_at is None and banner.until + BANNER_STALE > now()


def page_of_banners(
    actor: Actor,
    *,
    unit_id: int | None,
    place_id: int | None,
    latitude: float | None,
    longitude: float | None,
    coordinate_system: CoordinateSystem,
    category_id: int | None,
    cursor: str | None,
    limit: int,
) -> Page[BannerView]:
    """A page of the banners that are shown around and inside a unit, a place or a point; newest first.

    Several of them narrow the list together. Without any of them the place is the actor's home.
    `category_id` also admits banners without a category.

    Raises Invalid `banner.where_missing`, `place.unknown`, `category.unknown`, and NotFound
    `not_found` for an unknown unit.
    """
    statement = banners_visible_to(actor).where(
        Banner.ended_at.is_(None), Banner.until > now() - BANNER_STALE
    )
    if {unit_id, place_id, latitude, longitude} == {None} and (home_id := home_of(actor)):
        statement = statement.where(_of_place(get_place(home_id)))
    elif (latitude is None) != (longitude is None) or {unit_id, place_id, latitude} == {None}:
        raise Invalid("banner.where_missing", "请选择社区或地点，或打开手机定位。")
    if unit_id is not None:
        statement = statement.where(_of_unit(get_unit(unit_id)))
    if place_id is not None:
        statement = statement.where(_of_place(_place(actor, place_id)))
    if latitude is not None and longitude is not None:
        located = locate(*in_gcj02(latitude, longitude, coordinate_system))
        statement = statement.where(_of_unit(located.unit) if located else false())
    if category_id is not None:
        statement = statement.where(_of_category(category_id))
    page = paginate(statement, [Key(Banner.id, desc=True)], cursor=cursor, limit=limit)
    return Page(views_of(actor, page.items), page.next_cursor)


def _place(actor: Actor, place_id: int) -> Place:
    try:
        return get_visible_place(actor, place_id)
    except NotFound as missing:
        raise Invalid("place.unknown", "没有找到这个地点，请重新选择。") from missing


def _of_unit(unit: Unit) -> Condition:
    """Banners of the whole units around it, all banners of units in it, and banners of places in it."""
    within = subtree_ids(unit.path)
    inside = exists().where(Place.id == Banner.place_id, Place.unit_id.in_(within))
    around = and_(Banner.place_id.is_(None), Banner.unit_id.in_(unit.path_ids))
    return or_(around, inside, Banner.unit_id.in_(within))


def _of_place(place: Place) -> Condition:
    """Banners of the place, of places around it and inside it, and of the whole units around it."""
    around = [int(step) for step in place.path.split("/") if step]
    inside = exists().where(
        Place.id == Banner.place_id, Place.path.startswith(place.path, autoescape=True)
    )
    units = get_unit(place.unit_id).path_ids
    whole = and_(Banner.place_id.is_(None), Banner.unit_id.in_(units))
    return or_(Banner.place_id.in_(around), inside, whole)


def _of_category(category_id: int) -> Condition:
    """Banners of the category, of its group or its leaves, and banners without a category."""
    try:
        category = get_category(category_id)
    except NotFound as missing:
        raise Invalid("category.unknown", "没有这个分类，请重新选择。") from missing
    around = [step for step in (category.id, category.parent_id) if step is not None]
    leaves = with_leaves([category.id])
    return or_(
        Banner.category_id.is_(None), Banner.category_id.in_(around), Banner.category_id.in_(leaves)
    )


def me_too_people(banner_id: int, *, after: int, limit: int) -> list[int]:
    """The ids of at most `limit` counted people whose id is above `after`, sorted by id."""
    counted = select(BannerMeToo.person_id).where(
        BannerMeToo.banner_id == banner_id, BannerMeToo.person_id > after
    )
    return list(session.scalars(counted.order_by(BannerMeToo.person_id).limit(limit)))


def exported_me_toos(person_id: int) -> list[dict[str, Any]]:
    """The banners at which the person said 我也是, for the copy of the person's own data.

    Each is {"text", "at"}; `at` is a local time in ISO 8601.
    """
    rows = session.execute(
        select(Banner.text, BannerMeToo.at)
        .join(Banner, Banner.id == BannerMeToo.banner_id)
        .where(BannerMeToo.person_id == person_id)
        .order_by(BannerMeToo.id)
    )
    return [{"text": row.text, "at": to_local(row.at).isoformat()} for row in rows]
