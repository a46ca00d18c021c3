"""公告: staff put up a banner about a disturbance; people say 我也是 instead of placing an order."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, select

from app.categories.queries import get_category
from app.intake.models import Banner, BannerMeToo
from app.intake.policy import may_keep_banners
from app.intake.queries.banners import get_visible_banner, is_shown, me_too_people
from app.kernel.actor import Actor
from app.kernel.audit import record
from app.kernel.clock import now, spoken
from app.kernel.database import lock, session
from app.kernel.database.fast.rows import insert_ignore
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound, not_found
from app.notifications.service import notify
from app.organisation.models import Unit
from app.organisation.queries import get_place, get_unit, hold_unit, is_open
from app.organisation.states import PlaceKind

VersionCheck = Callable[[int], None]
# The number of people to whom one statement sends a message.
BATCH = 500


def put_up_banner(
    actor: Actor,
    *,
    unit_id: int,
    text: str,
    until: datetime,
    since: datetime | None = None,
    place_id: int | None = None,
    category_id: int | None = None,
) -> Banner:
    """Puts up a banner for a unit or for a place in it; without `since` it starts now.

    It is shown from now on, also before `since`, so that people read it in time. Times are cut to
    whole seconds.

    Raises NotFound `not_found` for an unknown or foreign unit, Forbidden `banner.not_allowed`,
    Conflict `unit.closed`, Invalid `banner.times`, `banner.place_elsewhere`, `place.unknown`,
    `category.unknown`.
    """
    unit = get_unit(unit_id)
    _check_may_keep(actor, unit)
    if not is_open(hold_unit(unit_id)):
        raise Conflict("unit.closed", "这个单位已撤并，请选择现在的社区。")
    at = now()
    banner = Banner(
        unit_id=unit.id,
        place_id=place_id,
        category_id=category_id,
        text=text,
        since=_whole(since or at),
        until=_whole(until),
        created_by_id=actor.person_id,
        created_at=at,
    )
    _check(banner, unit)
    session.add(banner)
    session.flush()
    record(actor, "banner.put_up", "banner", banner.id, unit_id=unit.id)
    return banner


def change_banner(
    actor: Actor,
    banner_id: int,
    *,
    unchanged: VersionCheck,
    text: str,
    until: datetime,
    since: datetime,
    place_id: int | None = None,
    category_id: int | None = None,
) -> Banner:
    """Changes all fields of the banner but its unit; tells the counted people about a new time.

    `unchanged` is called with the current version and raises if the reader had another one.

    Raises NotFound `not_found`, Forbidden `banner.not_allowed`, Conflict `banner.ended`, Invalid
    `banner.times`, `banner.place_elsewhere`, `place.unknown`, `category.unknown`.
    """
    banner = _kept(actor, banner_id)
    unchanged(banner.version)
    _check_running(banner)
    times = _whole(since), _whole(until)
    moved = times != (banner.since, banner.until)
    banner.text, (banner.since, banner.until) = text, times
    banner.place_id, banner.category_id = place_id, category_id
    _check(banner, get_unit(banner.unit_id))
    banner.version += 1
    session.flush()
    record(actor, "banner.changed", "banner", banner.id, unit_id=banner.unit_id)
    if moved:
        _tell(banner, "banner.moved", since=spoken(since), until=spoken(until))
    return banner


def end_banner(actor: Actor, banner_id: int, *, note: str | None = None) -> Banner:
    """Ends the banner and tells the counted people once, with `note`.

    Raises NotFound `not_found`, Forbidden `banner.not_allowed`, Conflict `banner.ended`.
    """
    banner = _kept(actor, banner_id)
    _check_running(banner)
    _end(actor, banner, note or "")
    return banner


def end_banners_of(actor: Actor, unit_id: int) -> None:
    """Ends all banners of the unit that are still shown; used when the unit closes."""
    running = select(Banner).where(Banner.unit_id == unit_id, Banner.ended_at.is_(None))
    for banner in session.scalars(lock(running.order_by(Banner.id))).all():
        if is_shown(banner):
            _end(actor, banner, "社区有调整，以后请看现在社区的公告。")


def _end(actor: Actor, banner: Banner, note: str) -> None:
    banner.ended_at = now()
    banner.version += 1
    session.flush()
    record(actor, "banner.ended", "banner", banner.id, unit_id=banner.unit_id)
    _tell(banner, "banner.ended", note=note)


def me_too(actor: Actor, banner_id: int) -> Banner:
    """我也是: counts the actor, who is told when the banner ends.

    Raises NotFound `not_found`, Conflict `banner.ended`, `banner.already_counted`.
    """
    get_visible_banner(actor, banner_id)
    # Locked, so that no person is counted after the messages about the end have been written.
    banner = _locked(banner_id)
    if not is_shown(banner):
        raise _over()
    values = {"banner_id": banner.id, "person_id": actor.own_id, "at": now()}
    if not insert_ignore(BannerMeToo, values, conflict=["banner_id", "person_id"]):
        raise Conflict("banner.already_counted", "已经记下您了，恢复后会通知您。")
    return banner


def forget_me_toos_of(actor: Actor, person_id: int) -> None:
    """Deletes all counts (我也是) of the person; used when the person is erased."""
    session.execute(delete(BannerMeToo).where(BannerMeToo.person_id == person_id))


def _kept(actor: Actor, banner_id: int) -> Banner:
    banner = get_visible_banner(actor, banner_id)
    _check_may_keep(actor, get_unit(banner.unit_id))
    return _locked(banner_id)


def _locked(banner_id: int) -> Banner:
    return session.scalars(lock(select(Banner).where(Banner.id == banner_id))).one()


def _check_may_keep(actor: Actor, unit: Unit) -> None:
    """Raises NotFound for a foreign unit, Forbidden `banner.not_allowed` for other staff of the unit."""
    if may_keep_banners(actor, unit.path):
        return
    if actor.may("orders.see", unit.path):
        raise Forbidden("banner.not_allowed", "公告由派单员或值班员发布。")
    raise not_found()


def _check_running(banner: Banner) -> None:
    if banner.ended_at is not None:
        raise _over()


def _over() -> Conflict:
    return Conflict("banner.ended", "这条公告已经结束了。")


def _check(banner: Banner, unit: Unit) -> None:
    """Raises Invalid `banner.times`, `banner.place_elsewhere`, `place.unknown`, `category.unknown`."""
    if banner.until <= banner.since:
        told = "预计恢复的时间要晚于开始的时间。"
        raise Invalid("banner.times", told, errors={"until": [told]})
    if banner.place_id is not None:
        _check_place(banner.place_id, unit)
    if banner.category_id is not None:
        _check_category(banner.category_id, unit)


def _check_place(place_id: int, unit: Unit) -> None:
    try:
        place = get_place(place_id)
    except NotFound as missing:
        raise _no_place() from missing
    # A banner is public and must not name the home of a person.
    if place.closed_at is not None or place.kind is PlaceKind.ROOM:
        raise _no_place()
    if not get_unit(place.unit_id).path.startswith(unit.path):
        raise Invalid("banner.place_elsewhere", f"这个地点不在“{unit.name}”，请重新选择。")


def _no_place() -> Invalid:
    return Invalid("place.unknown", "没有找到这个小区或楼栋，请重新选择。")


def _check_category(category_id: int, unit: Unit) -> None:
    try:
        category = get_category(category_id)
    except NotFound as missing:
        raise Invalid("category.unknown", "没有这个分类，请重新选择。") from missing
    if category.retired_at is not None or not category.serves(unit.path):
        raise Invalid("category.unknown", "没有这个分类，请重新选择。")


def _whole(moment: datetime) -> datetime:
    """Cuts to the second: a time that a client reads and sends back must count as unchanged."""
    return moment.replace(microsecond=0)


def _tell(banner: Banner, told: str, **params: str) -> None:
    """Sends the message to all counted people in batches; a statement takes only so many values."""
    last = 0
    while people := me_too_people(banner.id, after=last, limit=BATCH):
        notify(people, told, subject=("banner", banner.id), params={"text": banner.text, **params})
        last = people[-1]
